import { useMutation } from '@tanstack/react-query'
import { getRouteApi, Link, Navigate, useRouter } from '@tanstack/react-router'
import { useEffect, useMemo, useState, useSyncExternalStore, type ReactNode } from 'react'
import { api, unwrap } from '../../api/client'
import { hasCode, isRetryable } from '../../api/problem'
import { useMe } from '../../api/session'
import { useT } from '../../i18n'
import { buttonClass } from '../../ui/Button'
import { useOnline, useTitle } from '../../ui/hooks'
import { Empty, Failure } from '../../ui/State'
import { useToast } from '../../ui/Toast'
import { makeDetector } from './camera'
import { Desk, waitingIn } from './desk'
import { DoorDesk } from './DoorDesk'
import s from './DoorDesk.module.css'
import { forgetPage, keepOpenable } from './offline'

const route = getRouteApi('/events/$id/door')
const CODE = /^#steward=(.+)$/
const DAY_MS = 86_400_000

export function DoorPage() {
  const { id } = route.useParams()
  return <Entry key={id} id={id} />
}

/** Who stands here, and whether they come by an organiser's link. */
function Entry({ id }: { id: string }) {
  const t = useT()
  const me = useMe()
  const online = useOnline()
  const router = useRouter()
  const say = useToast()
  const [code] = useState(() => {
    const found = CODE.exec(location.hash)?.[1]
    return found ? decodeURIComponent(found) : null
  })
  const become = useMutation({
    mutationFn: (value: string) =>
      unwrap(
        api.POST('/api/v1/events/{id}/stewards', {
          params: { path: { id } },
          body: { code: value },
        }),
      ),
    onSuccess: () => {
      say(t.door.welcome)
      void leaveCodeBehind()
    },
    onError: (error) => {
      if (!isRetryable(error)) void leaveCodeBehind()
    },
  })
  // Only the first time: a code in the address bar would go along with every copied link.
  const leaveCodeBehind = () =>
    router.navigate({ to: '/events/$id/door', params: { id }, hash: '', replace: true })

  const userId = me.data?.id
  const { mutate, isIdle, isPending, isError, error } = become
  useEffect(() => {
    if (code && userId && isIdle) mutate(code)
  }, [code, userId, isIdle, mutate])

  // Who has begun to stand here goes on, also when the sign-in ends meanwhile: the guests wait.
  const [stands, setStands] = useState(false)
  if (!stands) {
    if (me.data === null) return <Navigate to="/sign-in" search={{ next: `/events/${id}/door` }} />
    if (me.isPending && online) return <Opening />
    if (code && userId && (isIdle || isPending)) return <Opening label={t.door.becoming} />
    if (isError && isRetryable(error)) {
      return (
        <Message>
          <Failure title={t.door.failed} error={error} onRetry={() => code && mutate(code)} />
        </Message>
      )
    }
    setStands(true)
  }
  return <Standing id={id} userId={userId ?? null} spent={hasCode(error, 'steward_link_spent')} />
}

/** `spent` is a link that did not work; whoever may stand here anyway need not hear of it. */
function Standing(props: { id: string; userId: string | null; spent: boolean }) {
  const t = useT()
  const { id } = props
  // Who comes back from a time without a network is who was here: their list says so.
  const [userId, setUserId] = useState(props.userId)
  const desk = useMemo(() => new Desk(id, userId), [id, userId])
  useEffect(() => {
    void desk.start()
    return () => desk.stop()
  }, [desk])
  const state = useSyncExternalStore(desk.subscribe, desk.get)
  const { kept, phase } = state
  useTitle(kept ? t.door.pageTitle(kept.title) : t.door.title)
  if (props.userId && userId !== props.userId && kept?.user_id !== props.userId) {
    setUserId(props.userId)
  }

  const open = phase === 'open'
  const ends = kept?.ends_at
  useEffect(() => {
    if (!open || !ends) return
    const page = `/events/${id}/door`
    if (Date.parse(ends) + DAY_MS < Date.now()) void forgetPage(page)
    // The decoder is among the page's files.
    else void makeDetector().finally(() => keepOpenable(page))
  }, [id, open, ends])

  if (open && kept) {
    return <DoorDesk id={id} desk={desk} state={{ ...state, kept }} userId={userId} />
  }
  if (phase === 'opening') return <Opening />
  const back = (
    <Link to="/events/$id/{-$slug}" params={{ id }} className={buttonClass()}>
      {t.door.back}
    </Link>
  )
  if (phase === 'closed') {
    const unsent = waitingIn(state, userId).mine
    return (
      <Message>
        <Empty
          title={props.spent ? t.door.linkSpent : t.door.closed}
          hint={props.spent ? t.door.linkSpentText : t.door.closedText}
        >
          {back}
        </Empty>
        {unsent > 0 && <p>{t.door.unsentHere(unsent)}</p>}
      </Message>
    )
  }
  if (phase === 'no_list') {
    return (
      <Message>
        <Empty title={t.door.noList} hint={t.door.noListText}>
          {back}
        </Empty>
      </Message>
    )
  }
  return (
    <Message>
      <Failure title={t.door.failed} error={state.error}>
        {back}
      </Failure>
    </Message>
  )
}

function Opening({ label }: { label?: string }) {
  const t = useT()
  return (
    <Message>
      <p role="status">{label ?? t.door.opening}</p>
    </Message>
  )
}

const Message = ({ children }: { children: ReactNode }) => (
  <div className={s.message}>{children}</div>
)
