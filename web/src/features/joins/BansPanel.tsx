import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '../../api/client'
import { errorText } from '../../api/forms'
import type { Banned } from '../../api/types'
import { useI18n, useT } from '../../i18n'
import { formatDate } from '../../i18n/dates'
import { Button } from '../../ui/Button'
import { Empty, Failure, Skeleton } from '../../ui/State'
import table from '../../ui/Table.module.css'
import { useToast } from '../../ui/Toast'
import s from './ParticipantsPage.module.css'

const bansKey = (id: string) => ['joins', 'bans', id] as const

/** Whom the organiser does not want, until they do again. */
export function BansPanel({ id }: { id: string }) {
  const t = useT()
  const list = useInfiniteQuery({
    queryKey: bansKey(id),
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET('/api/v1/events/{id}/bans', {
          params: {
            path: { id },
            query: { limit: 100, ...(pageParam && { cursor: pageParam }) },
          },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  })
  if (list.isPending) return <Skeleton style={{ height: '8rem' }} />
  const bans = list.data?.pages.flatMap((page) => page.items) ?? []
  if (list.isError && bans.length === 0) {
    return (
      <Failure title={t.people.failed} error={list.error} onRetry={() => void list.refetch()} />
    )
  }
  if (bans.length === 0) return <Empty title={t.bans.empty} hint={t.bans.lead} />
  return (
    <>
      <p className={s.lead}>{t.bans.lead}</p>
      <ul role="list" className={s.bans}>
        {bans.map((banned) => (
          <Row key={banned.user_id} id={id} banned={banned} />
        ))}
      </ul>
      {list.hasNextPage && (
        <Button
          className={s.more}
          busy={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          {t.common.more}
        </Button>
      )}
    </>
  )
}

function Row({ id, banned }: { id: string; banned: Banned }) {
  const { t, locale } = useI18n()
  const say = useToast()
  const client = useQueryClient()
  const name = banned.display_name || t.people.nameless
  const lift = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST('/api/v1/events/{id}/participants/{user_id}/unban', {
          params: { path: { id, user_id: banned.user_id } },
        }),
      ),
    onSuccess: () => say(t.bans.lifted(name)),
    onError: (error) => say(errorText(error, t)),
    onSettled: () => client.invalidateQueries({ queryKey: bansKey(id) }),
  })
  return (
    <li>
      <span className={table.name}>{name}</span>
      <span className={s.dim}>{t.bans.since(formatDate(banned.banned_at, locale))}</span>
      <Button
        size="small"
        busy={lift.isPending}
        aria-label={t.bans.liftNamed(name)}
        onClick={() => lift.mutate()}
      >
        {t.bans.lift}
      </Button>
    </li>
  )
}
