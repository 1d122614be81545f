import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import Copy from 'lucide-react/icons/copy'
import { useState } from 'react'
import { api, unwrap } from '../../api/client'
import { errorText } from '../../api/forms'
import { underKey } from '../../api/idempotency'
import { useMe } from '../../api/session'
import type { Invitation } from '../../api/types'
import { useI18n, useT } from '../../i18n'
import { formatInstant } from '../../i18n/dates'
import { Button } from '../../ui/Button'
import { Dialog, DialogActions } from '../../ui/Dialog'
import { Alert, TextField } from '../../ui/Field'
import { useNow } from '../../ui/hooks'
import { Empty, Failure, Skeleton } from '../../ui/State'
import { useToast } from '../../ui/Toast'
import { useForm } from '../../ui/useForm'
import { invitationLink, invitationState, toInvitation } from './invitations'
import c from './Card.module.css'
import s from './InvitationsPanel.module.css'
import { useRereadPeople } from './peopleQuery'

const invitationsKey = (id: string) => ['joins', 'invitations', id] as const

/** Links by which the invited come, and places that are kept for them. */
export function InvitationsPanel({ id }: { id: string }) {
  const t = useT()
  const list = useQuery({
    queryKey: invitationsKey(id),
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/events/{id}/invitations', { params: { path: { id } }, signal })),
  })
  const [taking, setTaking] = useState<Invitation | null>(null)
  // The newest first: it is the one whose link is wanted.
  const invitations = list.data?.items.toReversed() ?? []
  return (
    <div className={s.panel}>
      <section aria-label={t.invitations.list} className={s.list}>
        <p className={s.lead}>{t.invitations.lead}</p>
        {list.isPending && <Skeleton style={{ height: '8rem' }} />}
        {list.isError && (
          <Failure
            scope="widget"
            title={t.crash.widget}
            error={list.error}
            onRetry={() => void list.refetch()}
          />
        )}
        {list.data && invitations.length === 0 && <Empty title={t.invitations.empty} />}
        <ul role="list">
          {invitations.map((invitation) => (
            <Item
              key={invitation.id}
              eventId={id}
              invitation={invitation}
              onRevoke={() => setTaking(invitation)}
            />
          ))}
        </ul>
      </section>
      <Create id={id} />
      {taking && <Revoke eventId={id} invitation={taking} onClose={() => setTaking(null)} />}
    </div>
  )
}

function Item(props: { eventId: string; invitation: Invitation; onRevoke: () => void }) {
  const { eventId, invitation } = props
  const { t, locale } = useI18n()
  const say = useToast()
  const now = useNow(60_000)
  const state = invitationState(invitation, now)
  const link = invitationLink(location.origin, eventId, invitation.code)
  const facts = [
    state !== 'spent' && t.invitations.usesLeft(invitation.uses_left),
    invitation.reserved > 0 && t.invitations.keeps(invitation.reserved),
    invitation.expires_at && t.invitations.until(formatInstant(invitation.expires_at, locale)),
  ].filter(Boolean)

  async function copy() {
    try {
      await navigator.clipboard.writeText(link)
      say(t.invitations.copied)
    } catch {
      // then it can still be marked and copied by hand
    }
  }

  return (
    <li className={s.item} data-state={state}>
      <p className={s.label}>
        <strong>{invitation.label}</strong>
        <span className={s.state} data-state={state}>
          {t.invitations.state[state]}
        </span>
      </p>
      {state === 'good' && (
        <>
          <p className={s.facts}>{facts.join(' · ')}</p>
          <div className={s.link}>
            <input
              readOnly
              value={link}
              aria-label={t.invitations.link}
              onFocus={(event) => event.target.select()}
            />
            <Button
              size="small"
              variant="primary"
              aria-label={t.invitations.copyNamed(invitation.label)}
              onClick={() => void copy()}
            >
              <Copy aria-hidden="true" />
              {t.invitations.copy}
            </Button>
            <Button
              size="small"
              variant="plain"
              aria-label={t.invitations.revokeNamed(invitation.label)}
              onClick={props.onRevoke}
            >
              {t.invitations.revoke}
            </Button>
          </div>
        </>
      )}
    </li>
  )
}

function Create({ id }: { id: string }) {
  const t = useT()
  const say = useToast()
  const client = useQueryClient()
  const reread = useRereadPeople(id)
  const userId = useMe().data?.id ?? ''
  const words = t.invitations
  const form = useForm({
    check: ({ expires_at }) => ({
      expires_at:
        expires_at && Date.parse(expires_at) <= Date.now() ? t.errors.in_the_past : undefined,
    }),
    submit: async (values, element) => {
      const body = toInvitation(values)
      await underKey('invitation', id, userId, body, (key) =>
        unwrap(
          api.POST('/api/v1/events/{id}/invitations', {
            params: { path: { id }, header: { 'Idempotency-Key': key } },
            body,
          }),
        ),
      )
      element.reset()
      say(words.created)
      await Promise.all([client.invalidateQueries({ queryKey: invitationsKey(id) }), reread()])
    },
  })
  return (
    <section className={c.card} aria-label={words.title}>
      <h2>{words.title}</h2>
      <form {...form.props}>
        {form.errors.form && <Alert>{form.errors.form}</Alert>}
        <TextField
          {...form.field('label')}
          label={words.label}
          hint={words.labelHint}
          maxLength={100}
          autoComplete="off"
          required
        />
        <div className={s.pair}>
          <TextField
            {...form.field('uses')}
            label={words.uses}
            hint={words.usesHint}
            type="number"
            inputMode="numeric"
            min={1}
            max={10_000}
            defaultValue={1}
            required
          />
          <TextField
            {...form.field('reserved')}
            label={words.reserved}
            hint={words.reservedHint}
            type="number"
            inputMode="numeric"
            min={0}
            max={10_000}
            defaultValue={0}
            required
          />
        </div>
        <TextField
          {...form.field('expires_at')}
          label={words.expires}
          hint={words.expiresHint}
          type="datetime-local"
        />
        <Button type="submit" variant="primary" busy={form.busy}>
          {words.create}
        </Button>
      </form>
    </section>
  )
}

function Revoke(props: { eventId: string; invitation: Invitation; onClose: () => void }) {
  const { eventId, invitation, onClose } = props
  const t = useT()
  const say = useToast()
  const client = useQueryClient()
  const reread = useRereadPeople(eventId)
  const revoke = useMutation({
    mutationFn: () =>
      unwrap(
        api.DELETE('/api/v1/events/{id}/invitations/{invitation_id}', {
          params: { path: { id: eventId, invitation_id: invitation.id } },
        }),
      ),
    onSuccess: () => {
      say(t.invitations.revoked)
      onClose()
    },
    onSettled: () =>
      Promise.all([client.invalidateQueries({ queryKey: invitationsKey(eventId) }), reread()]),
  })
  return (
    <Dialog open onClose={onClose} title={t.invitations.revokeTitle(invitation.label)}>
      {revoke.error && <Alert>{errorText(revoke.error, t)}</Alert>}
      <p>{t.invitations.revokeText}</p>
      <DialogActions>
        <Button variant="danger" busy={revoke.isPending} onClick={() => revoke.mutate()}>
          {t.invitations.revoke}
        </Button>
        <Button onClick={onClose}>{t.common.cancel}</Button>
      </DialogActions>
    </Dialog>
  )
}
