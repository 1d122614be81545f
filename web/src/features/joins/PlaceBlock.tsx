import { useQuery, useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { eventKey, eventQuery, mergePlaces } from '../../api/event'
import { hasCode } from '../../api/problem'
import { useMe } from '../../api/session'
import type { EventView, Participation, Places } from '../../api/types'
import { useT } from '../../i18n'
import type { Messages } from '../../i18n/en'
import { useNow, useOnline } from '../../ui/hooks'
import { useToast } from '../../ui/Toast'
import { keptInvitation } from './invitation'
import { useLivePlaces } from './live'
import { newsOf, nextChange, placeState, type PlaceState } from './place'
import type { Place } from './PlaceFrame'
import { hasToAsk } from './rules'
import { Confirmed } from './StateConfirmed'
import { Closed, None } from './StateNone'
import { Offered } from './StateOffered'
import { Pending, Waiting } from './StateWaiting'
import { usePlaceActions } from './usePlaceActions'

const JoinDialog = lazy(() => import('./JoinDialog').then((it) => ({ default: it.JoinDialog })))
const AnswersDialog = lazy(() =>
  import('./AnswersDialog').then((it) => ({ default: it.AnswersDialog })),
)
const QuickJoinDialog = lazy(() =>
  import('./QuickJoinDialog').then((it) => ({ default: it.QuickJoinDialog })),
)
const LeaveDialog = lazy(() => import('./LeaveDialog').then((it) => ({ default: it.LeaveDialog })))

/** A moment's scatter before everyone in line asks for their new position at once. */
const REFRESH_SCATTER_MS = 1500
/** The server's clock has the last word on what an instant brings: it is asked a little later. */
const GRACE_MS = 5000
const LONGEST_TIMER_MS = 2 ** 31 - 1
/** A decision that moves no number is announced to nobody: whoever waits for one looks again while the page is open. */
const DECISION_MS = 15_000

type Dialog = 'join' | 'guests' | 'answers' | 'leave'

/** The one block that always says the truth: places left, your status, what happens next, what to do. */
export function PlaceBlock({ id }: { id: string }) {
  const event = useQuery({
    ...eventQuery(id),
    refetchInterval: ({ state }) =>
      state.data?.participation?.status === 'pending' && DECISION_MS * (0.8 + Math.random() * 0.4),
  }).data
  return event ? <Loaded event={event} /> : null
}

function Loaded({ event }: { event: EventView }) {
  const t = useT()
  const say = useToast()
  const me = useMe().data ?? null
  const now = useNow(15_000)
  const online = useOnline()
  const [dialog, setDialog] = useState<Dialog | null>(null)
  const { fresh, own } = useNews(event)
  const doing = usePlaceActions(event, me?.id, own)
  const live = useLive(event, now)
  useRefresh(event, now)
  const state = placeState(event, !!me, now)
  const invitation = keptInvitation(event.id)

  function open(wanted: Dialog) {
    doing.leave.reset()
    doing.join.reset()
    if (!me || wanted !== 'join' || hasToAsk(event, invitation)) return setDialog(wanted)
    doing.join.mutate(invitation ? { invitation } : {}, {
      // The rules have changed since this page was loaded: now there is something to ask.
      onError: (error) => {
        if (hasCode(error, 'validation_failed', 'invitation_needed')) setDialog('join')
      },
    })
  }

  function leave() {
    setDialog(null)
    doing.leave.mutate(undefined, { onSuccess: () => say(leftWords(state, t)) })
  }

  const label = joinLabel(event, state, invitation, t)
  const place: Place = { event, me, now, doing, invitation, fresh, open, live, online }
  const close = () => setDialog(null)
  return (
    <>
      <State place={place} state={state} label={label} />
      <Suspense fallback={null}>
        {dialog === 'join' && !me && (
          <QuickJoinDialog event={event} title={label} onClose={close} />
        )}
        {me && (dialog === 'join' || dialog === 'guests') && state.kind === 'none' && (
          <JoinDialog
            event={event}
            label={label}
            party={dialog === 'guests' ? 2 : 1}
            invitation={invitation}
            join={doing.join}
            onClose={close}
          />
        )}
        {dialog === 'answers' && <AnswersDialog event={event} onClose={close} />}
        {dialog === 'leave' && (
          <LeaveDialog event={event} state={state} onClose={close} onLeave={leave} />
        )}
      </Suspense>
    </>
  )
}

function State({ place, state, label }: { place: Place; state: PlaceState; label: string }) {
  switch (state.kind) {
    case 'none':
      return <None place={place} full={state.full} label={label} />
    case 'pending':
      return <Pending place={place} />
    case 'waitlisted':
      return <Waiting place={place} position={state.position} canClaim={state.canClaim} />
    case 'offered':
      return <Offered place={place} until={state.until} />
    case 'confirmed':
      return <Confirmed place={place} />
    case 'closed':
      return <Closed place={place} reason={state.reason} />
  }
}

function joinLabel(
  event: EventView,
  state: PlaceState,
  invitation: string | null,
  t: Messages,
): string {
  const { access } = event.registration
  const full = state.kind === 'none' && state.full
  if (invitation) return full ? t.place.useInvitation : t.place.join
  if (access === 'approval') return t.place.ask
  if (access === 'invitation') return t.place.haveInvitation
  return full ? t.place.joinLine : t.place.join
}

function leftWords(state: PlaceState, t: Messages): string {
  if (state.kind === 'pending') return t.place.withdrawn
  if (state.kind === 'waitlisted') return t.place.leftLine
  return state.kind === 'offered' ? t.place.offer.declined : t.place.left_
}

/** What happens at another's hand on the server is said when it is noticed; what one did oneself is not news. */
function useNews(event: EventView) {
  const t = useT()
  const say = useToast()
  const status = event.participation?.status
  const before = useRef(status)
  const [fresh, setFresh] = useState(false)
  useEffect(() => {
    const news = newsOf(before.current, status)
    before.current = status
    if (!news) return
    say(t.place.news[news])
    setFresh(true)
  }, [status, say, t])
  function own(now: Participation['status']) {
    before.current = now
    setFresh(now !== 'none')
  }
  return { fresh, own }
}

/** Follows the numbers, and asks for one's own standing when they move. */
function useLive(event: EventView, now: Date) {
  const client = useQueryClient()
  const { id } = event
  const refresh = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(refresh.current), [])
  const started = Date.parse(event.starts_at) <= now.getTime()
  const follows = event.status === 'published' && !started
  const live = useLivePlaces(id, follows, (places: Places) => {
    const old = client.getQueryData(eventQuery(id).queryKey)
    const merged = mergePlaces(old, places)
    if (merged === old) return
    client.setQueryData(eventQuery(id).queryKey, merged)
    const standing = old?.participation?.status ?? 'none'
    if ((standing !== 'none' && standing !== 'confirmed') || old?.degraded.length) {
      clearTimeout(refresh.current)
      refresh.current = setTimeout(
        () => void client.invalidateQueries({ queryKey: eventKey(id) }),
        Math.random() * REFRESH_SCATTER_MS,
      )
    }
  })
  return follows ? live : null
}

/** Asks again at the next instant that changes something by itself: an offer that lapses, another phase of the line. */
function useRefresh(event: EventView, now: Date) {
  const client = useQueryClient()
  const { id } = event
  const at = nextChange(event, event.registration, new Date(now.getTime() - GRACE_MS))
  useEffect(() => {
    if (at === null) return
    const wait = Math.max(0, at - Date.now()) + (0.2 + Math.random()) * REFRESH_SCATTER_MS
    if (wait > LONGEST_TIMER_MS) return
    const timer = setTimeout(() => void client.invalidateQueries({ queryKey: eventKey(id) }), wait)
    return () => clearTimeout(timer)
  }, [at, client, id])
}
