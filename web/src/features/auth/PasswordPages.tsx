import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api, unwrap } from '../../api/client'
import { hasCode } from '../../api/problem'
import { useSetMe } from '../../api/session'
import { useT } from '../../i18n'
import { Button, buttonClass } from '../../ui/Button'
import { Alert, formClass, PasswordField } from '../../ui/Field'
import { useTitle } from '../../ui/hooks'
import { SplitPage } from '../../ui/Page'
import { useForm } from '../../ui/useForm'
import { AskForLink } from './AskForLink'
import { PASSWORD_MAX, PASSWORD_MIN } from './rules'

const route = getRouteApi('/reset-password')

export function ForgotPage() {
  const t = useT()
  useTitle(t.auth.forgotTitle)
  return (
    <SplitPage
      title={t.auth.forgotTitle}
      lead={t.auth.forgotLead}
      aside={
        <p>
          <Link to="/sign-in">{t.auth.backToSignIn}</Link>
        </p>
      }
    >
      <AskForLink kind="reset" />
    </SplitPage>
  )
}

export function ResetPage() {
  const t = useT()
  useTitle(t.auth.resetTitle)
  const setMe = useSetMe()
  const { token } = route.useSearch()
  const [state, setState] = useState<'ask' | 'done' | 'refused'>('ask')
  const form = useForm({
    submit: async ({ password = '' }) => {
      try {
        await unwrap(api.POST('/api/v1/auth/reset-password', { body: { token: token!, password } }))
      } catch (error) {
        if (!isTokenRefused(error)) throw error
        return setState('refused')
      }
      setState('done')
      await setMe(null) // the reset ended every session, this browser's too
    },
  })

  if (state === 'done') {
    return (
      <SplitPage title={t.auth.resetDone}>
        <Link to="/sign-in" className={buttonClass({ variant: 'primary', size: 'large' })}>
          {t.auth.signInTitle}
        </Link>
      </SplitPage>
    )
  }
  if (!token || state === 'refused') {
    return (
      <SplitPage
        title={token ? t.auth.tokenBad : t.auth.tokenMissing}
        lead={token ? t.auth.tokenBadHint : t.auth.tokenMissingHint}
      >
        <AskForLink kind="reset" />
      </SplitPage>
    )
  }
  return (
    <SplitPage title={t.auth.resetTitle} lead={t.auth.resetLead}>
      <form className={formClass} {...form.props}>
        {form.errors.form && <Alert>{form.errors.form}</Alert>}
        <PasswordField
          {...form.field('password')}
          label={t.auth.newPassword}
          hint={t.auth.passwordHint}
          autoComplete="new-password"
          minLength={PASSWORD_MIN}
          maxLength={PASSWORD_MAX}
        />
        <Button type="submit" variant="primary" size="large" busy={form.busy}>
          {t.auth.resetButton}
        </Button>
      </form>
    </SplitPage>
  )
}

/** The token has no input to land on; its refusal changes the page instead. */
function isTokenRefused(error: unknown): boolean {
  if (hasCode(error, 'token_invalid', 'invalid_token', 'token_expired')) return true
  const fields =
    error instanceof Error && 'problem' in error
      ? (error.problem as { errors?: { field: string }[] }).errors
      : undefined
  return fields?.some((item) => item.field === 'token') ?? false
}
