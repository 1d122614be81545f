import { useState } from 'react'
import { api, unwrap } from '../../api/client'
import { useT } from '../../i18n'
import { Button } from '../../ui/Button'
import { Alert, formClass, TextField } from '../../ui/Field'
import { useForm } from '../../ui/useForm'

/** Asks for an address and sends a link there. The answer never tells whether an account exists. */
export function AskForLink({ kind }: { kind: 'verification' | 'reset' }) {
  const t = useT()
  const [sent, setSent] = useState(false)
  const form = useForm({
    submit: async ({ email = '' }) => {
      const path =
        kind === 'reset' ? '/api/v1/auth/forgot-password' : '/api/v1/auth/resend-verification'
      await unwrap(api.POST(path, { body: { email } }))
      setSent(true)
    },
  })
  if (sent) return <Alert tone="good">{kind === 'reset' ? t.auth.forgotSent : t.auth.resent}</Alert>
  return (
    <form className={formClass} {...form.props}>
      {form.errors.form && <Alert>{form.errors.form}</Alert>}
      <TextField
        {...form.field('email')}
        label={t.auth.email}
        type="email"
        autoComplete="username"
        maxLength={254}
        required
      />
      <Button type="submit" variant="primary" size="large" busy={form.busy}>
        {kind === 'reset' ? t.auth.forgotButton : t.auth.askNew}
      </Button>
    </form>
  )
}
