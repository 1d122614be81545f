import type { Invitation, NewInvitation } from '../../api/types'
import type { FormValues } from '../../ui/useForm'

/** Whether somebody can come by an invitation; else why not. */
export function invitationState(
  invitation: Pick<Invitation, 'uses_left' | 'expires_at' | 'revoked_at'>,
  now: Date,
): 'good' | 'spent' | 'expired' | 'revoked' {
  if (invitation.revoked_at) return 'revoked'
  if (invitation.uses_left <= 0) return 'spent'
  const { expires_at } = invitation
  return expires_at && Date.parse(expires_at) <= now.getTime() ? 'expired' : 'good'
}

export const invitationLink = (origin: string, eventId: string, code: string) =>
  `${origin}/events/${encodeURIComponent(eventId)}?invitation=${encodeURIComponent(code)}`

/** What a form asks for; its time is one on the reader's own clock. */
export function toInvitation(values: FormValues): NewInvitation {
  const expires = values.expires_at?.trim()
  return {
    label: values.label?.trim() ?? '',
    uses: Number(values.uses) || 1,
    reserved: Number(values.reserved) || 0,
    ...(expires && { expires_at: new Date(expires).toISOString() }),
  }
}
