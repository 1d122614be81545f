import { useMutation } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { api, unwrap } from '../../api/client'
import { recallNext } from '../../api/next'
import { isRetryable } from '../../api/problem'
import { useT } from '../../i18n'
import { errorText } from '../../api/forms'
import { Button, buttonClass } from '../../ui/Button'
import { Alert } from '../../ui/Field'
import { useTitle } from '../../ui/hooks'
import { SplitPage } from '../../ui/Page'
import { AskForLink } from './AskForLink'

const route = getRouteApi('/verify-email')

/** Mail programs open links to look at them, so only a press of the button uses the token up. */
export function VerifyPage() {
  const t = useT()
  useTitle(t.auth.verifyTitle)
  const { token } = route.useSearch()
  const verify = useMutation({
    mutationFn: (value: string) =>
      unwrap(api.POST('/api/v1/auth/verify-email', { body: { token: value } })),
  })
  const next = recallNext()

  if (verify.isSuccess) {
    return (
      <SplitPage title={t.auth.verified} lead={t.auth.verifiedText}>
        <Link
          to="/sign-in"
          search={{ next }}
          className={buttonClass({ variant: 'primary', size: 'large' })}
        >
          {next?.startsWith('/events/') ? t.auth.verifiedBack : t.auth.signInTitle}
        </Link>
      </SplitPage>
    )
  }
  const refused = verify.isError && !isRetryable(verify.error)
  if (!token || refused) {
    return (
      <SplitPage
        title={token ? t.auth.tokenBad : t.auth.tokenMissing}
        lead={token ? t.auth.tokenBadHint : t.auth.tokenMissingHint}
      >
        <AskForLink kind="verification" />
      </SplitPage>
    )
  }
  return (
    <SplitPage title={t.auth.verifyTitle} lead={t.auth.verifyText}>
      {verify.isError && <Alert>{errorText(verify.error, t)}</Alert>}
      <Button
        variant="primary"
        size="large"
        busy={verify.isPending}
        onClick={() => verify.mutate(token)}
      >
        {t.auth.verifyButton}
      </Button>
    </SplitPage>
  )
}
