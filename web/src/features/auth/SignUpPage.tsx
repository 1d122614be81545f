import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api, unwrap } from '../../api/client'
import { rememberNext } from '../../api/next'
import { configQuery } from '../../api/session'
import { useI18n } from '../../i18n'
import { Button, buttonClass } from '../../ui/Button'
import { Alert, formClass, PasswordField, TextField } from '../../ui/Field'
import { useTitle } from '../../ui/hooks'
import { SplitPage } from '../../ui/Page'
import { useForm } from '../../ui/useForm'
import { Destination } from './Destination'
import { Resend } from './Resend'
import { PASSWORD_MAX, PASSWORD_MIN } from './rules'

const route = getRouteApi('/sign-up')

export function SignUpPage() {
  const { t, locale } = useI18n()
  useTitle(t.auth.signUpTitle)
  const { next } = route.useSearch()
  const [sentTo, setSentTo] = useState<string | null>(null)

  const form = useForm({
    submit: async ({ email = '', password = '', display_name = '' }) => {
      await unwrap(
        api.POST('/api/v1/auth/register', { body: { email, password, display_name, locale } }),
      )
      rememberNext(next)
      setSentTo(email)
    },
  })

  if (sentTo !== null) return <CheckMail email={sentTo} />

  return (
    <SplitPage
      title={t.auth.signUpTitle}
      lead={t.auth.signUpLead}
      picture={<Destination next={next} />}
      aside={
        <p>
          {t.auth.haveAccount}{' '}
          <Link to="/sign-in" search={{ next }}>
            {t.auth.signInTitle}
          </Link>
        </p>
      }
    >
      <form className={formClass} {...form.props}>
        {form.errors.form && <Alert>{form.errors.form}</Alert>}
        <TextField
          {...form.field('display_name')}
          label={t.auth.name}
          hint={t.auth.nameHint}
          autoComplete="name"
          maxLength={80}
          required
        />
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
          hint={t.auth.passwordHint}
          autoComplete="new-password"
          minLength={PASSWORD_MIN}
          maxLength={PASSWORD_MAX}
        />
        <Button type="submit" variant="primary" size="large" busy={form.busy}>
          {t.auth.signUp}
        </Button>
      </form>
    </SplitPage>
  )
}

function CheckMail({ email }: { email: string }) {
  const { t } = useI18n()
  useTitle(t.auth.checkMail)
  const dev = useQuery(configQuery).data?.mode === 'dev'
  return (
    <SplitPage title={t.auth.checkMail}>
      <p role="status">{t.auth.checkMailText(email)}</p>
      <p>
        {t.auth.checkMailNothing} <Resend email={email} label={t.auth.resend} />
      </p>
      {dev && (
        <Link to="/dev/mail" className={buttonClass({ variant: 'primary' })}>
          {t.auth.devMail}
        </Link>
      )}
    </SplitPage>
  )
}
