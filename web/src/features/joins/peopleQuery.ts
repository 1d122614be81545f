import { infiniteQueryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '../../api/client'
import { eventKey } from '../../api/event'
import type { Participant } from '../../api/types'
import { useT } from '../../i18n'
import { useToast } from '../../ui/Toast'
import type { Deed, Status } from './people'

const PAGE = 100

export const peopleKey = (id: string) => ['joins', 'participants', id] as const

export const peopleQuery = (id: string, status: Status | undefined, name: string | undefined) =>
  infiniteQueryOptions({
    queryKey: [...peopleKey(id), status ?? 'all', name ?? ''],
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET('/api/v1/events/{id}/participants', {
          params: {
            path: { id },
            query: {
              limit: PAGE,
              ...(status && { status }),
              ...(name && { name }),
              ...(pageParam && { cursor: pageParam }),
            },
          },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  })

/** After a decision every list and number may differ. */
export function useRereadPeople(id: string) {
  const client = useQueryClient()
  return () =>
    Promise.all([
      client.invalidateQueries({ queryKey: peopleKey(id) }),
      client.invalidateQueries({ queryKey: eventKey(id) }),
    ])
}

export async function approve(id: string, person: Participant) {
  return unwrap(
    api.POST('/api/v1/events/{id}/participants/{user_id}/approve', {
      params: { path: { id, user_id: person.user_id } },
    }),
  )
}

type Order = { deed: Deed; person: Participant; words?: string; exceed?: boolean }

/** Carries out what an organiser decides about somebody, and says what has come of it. */
export function useDeed(id: string) {
  const t = useT()
  const say = useToast()
  const reread = useRereadPeople(id)
  return useMutation({
    mutationFn: async ({ deed, person, words, exceed }: Order): Promise<string> => {
      const params = { path: { id, user_id: person.user_id } }
      const body = words ? { words } : {}
      const name = person.display_name || t.people.nameless
      switch (deed) {
        case 'approve': {
          const { status } = await approve(id, person)
          return status === 'confirmed' ? t.people.approved(name) : t.people.approvedLine(name)
        }
        case 'reject':
          await unwrap(
            api.POST('/api/v1/events/{id}/participants/{user_id}/reject', { params, body }),
          )
          return t.people.rejected(name)
        case 'admit':
          await unwrap(
            api.POST('/api/v1/events/{id}/participants/{user_id}/admit', {
              params,
              body: { exceed_capacity: exceed ?? false },
            }),
          )
          return t.people.admitted(name)
        case 'remove':
          await unwrap(
            api.POST('/api/v1/events/{id}/participants/{user_id}/remove', { params, body }),
          )
          return t.people.removed(name)
        case 'ban':
          await unwrap(api.POST('/api/v1/events/{id}/participants/{user_id}/ban', { params, body }))
          return t.people.banned(name)
      }
    },
    onSuccess: (said) => say(said),
    onSettled: reread,
  })
}
