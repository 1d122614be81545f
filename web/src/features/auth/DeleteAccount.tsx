import { Link, useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { api, unwrap } from '../../api/client'
import { forgetKept } from '../../api/kept'
import { hasCode } from '../../api/problem'
import { useSetMe } from '../../api/session'
import type { Me } from '../../api/types'
import { useT } from '../../i18n'
import { Button } from '../../ui/Button'
import { Dialog, DialogActions } from '../../ui/Dialog'
import { Alert, formClass, PasswordField } from '../../ui/Field'
import { useToast } from '../../ui/Toast'
import { useForm } from '../../ui/useForm'
import s from './AccountPage.module.css'
import { PASSWORD_MAX } from './rules'

/** The end of an account: with its password, or a fresh sign-in by mail where it has none. */
export function DeleteAccount({ me }: { me: Me }) {
  const t = useT()
  const router = useRouter()
  const setMe = useSetMe()
  const say = useToast()
  const [asking, setAsking] = useState(false)
  const [late, setLate] = useState(false)
  const form = useForm({
    submit: async ({ password }) => {
      try {
        await unwrap(api.DELETE('/api/v1/me', { body: { password } }))
      } catch (error) {
        if (!hasCode(error, 'sign_in_too_old')) throw error
        return setLate(true)
      }
      forgetKept()
      say(t.farewell.done)
      await router.navigate({ to: '/' })
      await setMe(null)
    },
  })
  return (
    <section className={s.section} aria-labelledby="farewell">
      <h2 id="farewell">{t.farewell.title}</h2>
      <p className={s.dim}>{t.farewell.lead}</p>
      <div>
        <Button variant="danger" onClick={() => setAsking(true)}>
          {t.farewell.button}
        </Button>
      </div>
      <Dialog open={asking} onClose={() => setAsking(false)} title={t.farewell.askTitle}>
        <form className={formClass} {...form.props}>
          <p>{t.farewell.ask}</p>
          {form.errors.form && <Alert>{form.errors.form}</Alert>}
          {late && (
            <Alert tone="note">
              {t.farewell.late} <Link to="/forgot-password">{t.farewell.lateLink}</Link>
            </Alert>
          )}
          {me.has_password && (
            <PasswordField
              {...form.field('password')}
              label={t.farewell.password}
              autoComplete="current-password"
              maxLength={PASSWORD_MAX}
            />
          )}
          <DialogActions>
            <Button type="submit" variant="danger" busy={form.busy}>
              {t.farewell.confirm}
            </Button>
            <Button onClick={() => setAsking(false)}>{t.farewell.keep}</Button>
          </DialogActions>
        </form>
      </Dialog>
    </section>
  )
}
