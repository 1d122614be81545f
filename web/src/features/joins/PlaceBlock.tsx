import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import CalendarPlus from 'lucide-react/icons/calendar-plus'
import Check from 'lucide-react/icons/check'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { api, unwrap } from '../../api/client'
import { calendarUrl, eventKey, eventQuery, mergePlaces } from '../../api/event'
import { errorText } from '../../api/forms'
import { keyFor, settle } from '../../api/idempotency'
import { hasCode, isRetryable } from '../../api/problem'
import { useMe } from '../../api/session'
import type { EventView, Places } from '../../api/types'
import { useI18n } from '../../i18n'
import { dayOf, formatDay, formatNumber, formatTime, todayIn } from '../../i18n/dates'
import { Button, buttonClass } from '../../ui/Button'
import { cx } from '../../ui/cx'
import { Dialog, DialogActions } from '../../ui/Dialog'
import { Alert } from '../../ui/Field'
import { useNow, useOnline } from '../../ui/hooks'
import { useToast } from '../../ui/Toast'
import { useLivePlaces } from './live'
import { NOT_IN, placeState } from './place'
import s from './PlaceBlock.module.css'

/** A moment's scatter before everyone in line asks for their new position at once. */
const REFRESH_SCATTER_MS = 1500

/** The one block that always says the truth: places left, your status, what happens next, what to do. */
export function PlaceBlock({ id }: { id: string }) {
  const event = useQuery(eventQuery(id)).data
  return event ? <Loaded event={event} /> : null
}

function Loaded({ event }: { event: EventView }) {
  const { t, locale } = useI18n()
  const me = useMe().data
  const now = useNow(15_000)
  const online = useOnline()
  const client = useQueryClient()
  const say = useToast()
  const { id } = event
  const state = placeState(event, !!me, now)
  const [asking, setAsking] = useState(false)
  const [fresh, setFresh] = useState(false)
  const refresh = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(refresh.current), [])

  const started = Date.parse(event.starts_at) <= now.getTime()
  const over = Date.parse(event.ends_at) <= now.getTime()
  const follows = event.status === 'published' && !started
  const live = useLivePlaces(id, follows, (places: Places) => {
    const old = client.getQueryData(eventQuery(id).queryKey)
    const merged = mergePlaces(old, places)
    if (merged === old) return
    client.setQueryData(eventQuery(id).queryKey, merged)
    if (old?.participation?.status === 'waitlisted' || old?.degraded.length) {
      clearTimeout(refresh.current)
      refresh.current = setTimeout(
        () => void client.invalidateQueries({ queryKey: eventKey(id) }),
        Math.random() * REFRESH_SCATTER_MS,
      )
    }
  })

  // Promotion happens on the server, at someone else's hand: say it when it is noticed.
  const status = event.participation?.status
  const before = useRef(status)
  useEffect(() => {
    if (before.current === 'waitlisted' && status === 'confirmed') {
      say(t.place.promoted)
      setFresh(true)
    }
    before.current = status
  }, [status, say, t])

  const join = useMutation({
    mutationFn: async (userId: string) => {
      const key = keyFor('join', id, userId)
      try {
        const answer = await unwrap(
          api.POST('/api/v1/events/{id}/join', {
            params: { path: { id }, header: { 'Idempotency-Key': key } },
            body: {},
          }),
        )
        settle('join', id, userId)
        return answer
      } catch (error) {
        if (!isRetryable(error)) settle('join', id, userId)
        throw error
      }
    },
    onSuccess: (answer) => {
      setFresh(true)
      client.setQueryData(eventQuery(id).queryKey, (old) =>
        old
          ? {
              ...old,
              places: answer.places,
              participation: {
                ...NOT_IN,
                status: answer.status,
                position: answer.position,
                party_size: answer.party_size,
                joined_at: answer.joined_at,
              },
              actions: { ...old.actions, can_join: false, can_leave: true, reason: null },
            }
          : old,
      )
    },
    onSettled: settled,
  })

  const leave = useMutation({
    mutationFn: async (userId: string) => {
      const key = keyFor('leave', id, userId)
      try {
        const answer = await unwrap(
          api.POST('/api/v1/events/{id}/leave', {
            params: { path: { id }, header: { 'Idempotency-Key': key } },
          }),
        )
        settle('leave', id, userId)
        return answer
      } catch (error) {
        if (!isRetryable(error)) settle('leave', id, userId)
        throw error
      }
    },
    onSuccess: (answer) => {
      setFresh(false)
      say(state.kind === 'waiting' ? t.place.leftLine : t.place.left_)
      client.setQueryData(eventQuery(id).queryKey, (old) =>
        old
          ? {
              ...old,
              places: answer.places,
              participation: NOT_IN,
              actions: { ...old.actions, can_join: true, can_leave: false, reason: null },
            }
          : old,
      )
    },
    onSettled: settled,
  })

  function settled() {
    void client.invalidateQueries({ queryKey: eventKey(id) })
    void client.invalidateQueries({ queryKey: ['joins'] })
  }

  const failed = join.error ?? leave.error
  const compact = state.kind === 'open' || state.kind === 'closed'

  return (
    <section
      id="place"
      className={cx(s.block, compact && s.compact)}
      aria-label={t.place.title}
      data-testid="place"
    >
      <div className={s.top}>
        <div>{headline()}</div>
        {follows && (
          <span className={s.live} data-state={online ? live : 'reconnecting'}>
            <span className={s.dot} aria-hidden="true" />
            {online && live !== 'reconnecting' ? t.place.live : t.place.reconnecting}
          </span>
        )}
      </div>
      {state.kind !== 'closed' && !over && <Meter places={event.places ?? null} />}
      {text() && <div className={s.text}>{text()}</div>}
      {failed && !hasCode(failed, 'email_not_verified') && (
        <Alert>
          {errorText(failed, t)} {join.error && isRetryable(failed) && t.place.retryNote}
        </Alert>
      )}
      {hasCode(failed, 'email_not_verified') && <Alert>{t.place.reasons.email_not_verified}</Alert>}
      {!online && <p className={s.text}>{t.place.offline}</p>}
      <div className={s.actions}>{actions()}</div>
      <Dialog
        open={asking}
        onClose={() => setAsking(false)}
        title={state.kind === 'waiting' ? t.place.leaveLineTitle : t.place.leaveTitle}
      >
        <p>{leaveText()}</p>
        <DialogActions>
          <Button
            variant="danger"
            onClick={() => {
              setAsking(false)
              if (me) leave.mutate(me.id)
            }}
          >
            {state.kind === 'waiting' ? t.place.leaveLine : t.place.leave}
          </Button>
          <Button onClick={() => setAsking(false)}>{t.place.keep}</Button>
        </DialogActions>
      </Dialog>
    </section>
  )

  function leaveText(): string {
    if (state.kind === 'waiting') return t.place.leaveLineText
    return event.places?.capacity == null ? t.place.leaveTextUnlimited : t.place.leaveText
  }

  function headline(): ReactNode {
    if (state.kind === 'in') {
      if (over) return <p className={s.headline}>{t.mine.wasIn}.</p>
      return (
        <p className={s.stamp} data-fresh={fresh} role="status">
          <Check aria-hidden="true" strokeWidth={3} />
          {t.place.in}
        </p>
      )
    }
    if (state.kind === 'waiting') {
      return (
        <p className={cx(s.stamp, s.line)} data-fresh={fresh} role="status">
          {state.position ? t.place.inLine(state.position) : t.place.inLineUnknown}
        </p>
      )
    }
    if (state.kind === 'closed' && state.reason !== 'email_not_verified') {
      // Whoever asks for none of no places is refused for some reason; what matters is that there are none.
      if (!started && event.places?.capacity === 0) {
        return <p className={s.headline}>{t.place.noPlaces}</p>
      }
      return <p className={s.headline}>{t.place.reasons[state.reason] ?? t.place.notOpen}</p>
    }
    return <Count places={event.places ?? null} full={state.kind === 'open' && state.full} />
  }

  function text(): ReactNode {
    const { places } = event
    if (state.kind === 'in') {
      const today = todayIn(event.timezone, now)
      const day = formatDay(dayOf(event.starts_at_local), today, locale)
      const time = event.all_day ? null : formatTime(event.starts_at_local, locale)
      if (over) return t.place.reasons.event_ended
      return (
        <>
          <strong>{t.place.inLong(day, time)} </strong>
          {places && summary(places)}
        </>
      )
    }
    if (state.kind === 'waiting') {
      return (
        <>
          {t.place.inLineNext} {places && summary(places)}
        </>
      )
    }
    if (state.kind === 'closed') {
      return state.reason === 'email_not_verified' ? t.place.reasons.email_not_verified : null
    }
    if (!places) return t.place.unknownHint
    if (state.full) return places.capacity === 0 ? null : t.place.fullNext
    return me ? null : t.place.signInFirst
  }

  function summary(places: Places) {
    const parts = [t.place.going(places.confirmed)]
    if (places.waitlisted > 0) parts.push(t.place.waiting(places.waitlisted))
    return `${parts.join(', ')}.`
  }

  function actions(): ReactNode {
    if (state.kind === 'open') {
      const label = state.full ? t.place.joinLine : t.place.join
      if (event.places?.capacity === 0) return null
      if (!me) {
        return (
          <Link
            to="/sign-in"
            search={{ next: `/events/${id}/${event.slug}` }}
            className={buttonClass({ variant: 'primary', size: 'large', wide: true })}
          >
            {label}
          </Link>
        )
      }
      return (
        <Button
          variant="primary"
          size="large"
          wide
          busy={join.isPending}
          onClick={() => {
            leave.reset()
            join.mutate(me.id)
          }}
        >
          {join.isPending ? t.place.joining : label}
        </Button>
      )
    }
    if (state.kind === 'closed' || over) return null
    return (
      <div className={s.row}>
        {state.kind === 'in' && (
          <a className={buttonClass({ variant: 'primary' })} href={calendarUrl(id)} download>
            <CalendarPlus aria-hidden="true" />
            {t.event.calendar}
          </a>
        )}
        {(event.actions.can_leave || leave.isPending) && (
          <Button
            busy={leave.isPending}
            onClick={() => {
              join.reset()
              setAsking(true)
            }}
          >
            {leave.isPending
              ? t.place.leaving
              : state.kind === 'waiting'
                ? t.place.leaveLine
                : t.place.leave}
          </Button>
        )}
      </div>
    )
  }
}

function Count({ places, full }: { places: Places | null; full: boolean }) {
  const { t, locale } = useI18n()
  if (!places) return <p className={s.headline}>{t.place.unknown}</p>
  const { capacity, confirmed, waitlisted, held } = places
  if (capacity == null) {
    return (
      <p className={s.unit}>
        {t.place.unlimited}
        <small>{t.place.going(confirmed)}</small>
      </p>
    )
  }
  if (capacity === 0) return <p className={s.headline}>{t.place.noPlaces}</p>
  if (full) {
    return (
      <p className={s.unit}>
        {t.place.full}
        <small>
          {t.place.fullOf(capacity)}. {t.place.waiting(waitlisted)}.
        </small>
      </p>
    )
  }
  const left = Math.max(0, capacity - confirmed - held)
  return (
    <p className={s.count}>
      <span className={s.number}>
        <span key={left} className={s.tick}>
          {formatNumber(left, locale)}
        </span>
      </span>
      <span className={s.unit}>
        {t.place.leftWord(left)}
        <small>{t.place.of(capacity)}</small>
      </span>
    </p>
  )
}

/** How much is taken, drawn; the words beside it say the same. */
function Meter({ places }: { places: Places | null }) {
  if (!places || !places.capacity) return null
  const share = Math.min(1, (places.confirmed + places.held) / places.capacity)
  return (
    <div className={s.meter} aria-hidden="true">
      <span style={{ transform: `scaleX(${share})` }} />
    </div>
  )
}
