import { useMutation } from '@tanstack/react-query'
import { api, unwrap } from '../../api/client'
import { errorText } from '../../api/forms'
import { useT } from '../../i18n'
import { Button } from '../../ui/Button'
import s from './Resend.module.css'

/** Sends the verification link again, and says so. */
export function Resend({ email, label }: { email: string; label: string }) {
  const t = useT()
  const send = useMutation({
    mutationFn: () => unwrap(api.POST('/api/v1/auth/resend-verification', { body: { email } })),
  })
  return (
    <>
      <Button
        variant="plain"
        className={s.inline}
        busy={send.isPending}
        onClick={() => send.mutate()}
      >
        {label}
      </Button>
      <span role="status">
        {send.isSuccess && t.auth.resent}
        {send.isError && errorText(send.error, t)}
      </span>
    </>
  )
}
