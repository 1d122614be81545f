import { getRouteApi, Link, useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { api, unwrap } from '../../api/client'
import { recallNext, rememberNext } from '../../api/next'
import { hasCode } from '../../api/problem'
import { useMe, useSetMe } from '../../api/session'
import { useT } from '../../i18n'
import { Button, buttonClass } from '../../ui/Button'
import { Alert, formClass, PasswordField, TextField } from '../../ui/Field'
import { useTitle } from '../../ui/hooks'
import { SplitPage } from '../../ui/Page'
import { useForm } from '../../ui/useForm'
import { Destination } from './Destination'
import { Resend } from './Resend'

const route = getRouteApi('/sign-in')

export function SignInPage() {
  const t = useT()
  useTitle(t.auth.signInTitle)
  const router = useRouter()
  const setMe = useSetMe()
  const me = useMe().data
  const { next } = route.useSearch()
  const [unverified, setUnverified] = useState<string | null>(null)

  const form = useForm({
    submit: async (values) => {
      setUnverified(null)
      const { email = '', password = '' } = values
      try {
        const { user } = await unwrap(api.POST('/api/v1/auth/login', { body: { email, password } }))
        const target = next ?? recallNext() ?? '/'
        rememberNext(undefined)
        await setMe(user)
        router.history.push(target)
      } catch (error) {
        if (!hasCode(error, 'email_not_verified')) throw error
        setUnverified(email)
      }
    },
  })

  if (me && !form.busy) {
    return (
      <SplitPage title={t.auth.signInTitle}>
        <p>{t.auth.alreadyIn(me.display_name)}</p>
        <a
          className={buttonClass({ variant: 'primary', size: 'large' })}
          href={next ?? '/'}
          onClick={(event) => {
            event.preventDefault()
            router.history.push(next ?? '/')
          }}
        >
          {t.auth.goOn}
        </a>
      </SplitPage>
    )
  }

  return (
    <SplitPage
      title={t.auth.signInTitle}
      lead={next?.startsWith('/events/') ? t.auth.signInLeadEvent : t.auth.signInLead}
      picture={<Destination next={next} />}
      aside={
        <>
          <p>
            <Link to="/forgot-password">{t.auth.forgot}</Link>
          </p>
          <p>
            {t.auth.noAccount}{' '}
            <Link to="/sign-up" search={{ next }}>
              {t.auth.signUpLink}
            </Link>
          </p>
        </>
      }
    >
      <form className={formClass} {...form.props}>
        {form.errors.form && <Alert>{form.errors.form}</Alert>}
        {unverified !== null && (
          <Alert>
            <p>{t.auth.unverified}</p>
            <Resend email={unverified} label={t.auth.askNew} />
          </Alert>
        )}
        <TextField
          {...form.field('email')}
          label={t.auth.email}
          type="email"
          autoComplete="username"
          maxLength={254}
          required
        />
        <PasswordField
          {...form.field('password')}
          label={t.auth.password}
          autoComplete="current-password"
          maxLength={128}
        />
        <Button type="submit" variant="primary" size="large" busy={form.busy}>
          {t.auth.signInTitle}
        </Button>
      </form>
    </SplitPage>
  )
}
