import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '../../api/client'
import { eventKey, eventQuery } from '../../api/event'
import { underKey } from '../../api/idempotency'
import { hasCode } from '../../api/problem'
import type { EventView, JoinWish, Participation } from '../../api/types'
import { dropInvitation } from './invitation'
import { NOT_IN } from './place'

const params = (id: string, key: string) => ({
  path: { id },
  header: { 'Idempotency-Key': key },
})

/**
 * What somebody can do about their own place. Each answer is laid over the page at once, and the page is then read again.
 * `onOwn` is told where they stand by their own doing, before the page shows it.
 */
export function usePlaceActions(
  event: EventView,
  userId: string | undefined,
  onOwn: (status: Participation['status']) => void,
) {
  const client = useQueryClient()
  const { id } = event
  const onSettled = () => {
    void client.invalidateQueries({ queryKey: eventKey(id) })
    void client.invalidateQueries({ queryKey: ['joins'] })
  }
  const lay = (over: (old: EventView) => EventView) =>
    client.setQueryData(eventQuery(id).queryKey, (old) => old && over(old))
  const under = <T>(
    action: 'join' | 'leave' | 'claim',
    request: unknown,
    send: (key: string) => Promise<T>,
  ) => underKey(action, id, userId ?? '', request, send)

  const join = useMutation({
    mutationFn: (body: JoinWish) =>
      under('join', body, (key) =>
        unwrap(api.POST('/api/v1/events/{id}/join', { params: params(id, key), body })),
      ),
    onSuccess: (answer, body) => {
      if (body.invitation) dropInvitation(id)
      onOwn(answer.status)
      const asked = body.party_size ?? 1
      lay((old) => ({
        ...old,
        places: answer.places,
        participation: {
          ...NOT_IN,
          status: answer.status,
          position: answer.position,
          party_size: answer.party_size,
          asked_size: answer.party_size < asked ? asked : null,
          joined_at: answer.joined_at,
          answers: body.answers ?? {},
        },
        actions: { ...old.actions, can_join: false, can_leave: true, reason: null },
      }))
    },
    onError: (error) => {
      if (hasCode(error, 'invitation_spent')) dropInvitation(id)
    },
    onSettled,
  })

  const claim = useMutation({
    mutationFn: () =>
      under('claim', null, (key) =>
        unwrap(api.POST('/api/v1/events/{id}/claim', { params: params(id, key) })),
      ),
    onSuccess: (answer) => {
      onOwn(answer.status)
      lay((old) => ({
        ...old,
        places: answer.places,
        participation: {
          ...(old.participation ?? NOT_IN),
          status: answer.status,
          position: answer.position,
          party_size: answer.party_size,
          due_for: null,
          due_at: null,
        },
        actions: { ...old.actions, can_claim: false, can_leave: true },
      }))
    },
    onSettled,
  })

  const leave = useMutation({
    mutationFn: () =>
      under('leave', null, (key) =>
        unwrap(api.POST('/api/v1/events/{id}/leave', { params: params(id, key) })),
      ),
    onSuccess: (answer) => {
      onOwn('none')
      lay((old) => ({
        ...old,
        places: answer.places,
        participation: NOT_IN,
        actions: {
          ...old.actions,
          can_join: true,
          can_leave: false,
          can_claim: false,
          reason: null,
        },
      }))
    },
    onSettled,
  })

  const keep = useMutation({
    mutationFn: () => unwrap(api.POST('/api/v1/events/{id}/keep', { params: { path: { id } } })),
    onSuccess: () =>
      lay((old) => {
        const { participation } = old
        if (!participation) return old
        const owed = participation.due_for === 'reconfirmation'
        return {
          ...old,
          participation: {
            ...participation,
            moved_from: null,
            due_for: owed ? null : participation.due_for,
            due_at: owed ? null : participation.due_at,
          },
        }
      }),
    onSettled,
  })

  return { join, claim, leave, keep }
}

export type PlaceActions = ReturnType<typeof usePlaceActions>
