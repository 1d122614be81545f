import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link, useRouter } from '@tanstack/react-router'
import Check from 'lucide-react/icons/check'
import { useEffect, useState } from 'react'
import { api, unwrap } from '../../api/client'
import { eventKey, eventQuery } from '../../api/event'
import { errorText } from '../../api/forms'
import { underKey } from '../../api/idempotency'
import { hasCode, isRetryable } from '../../api/problem'
import { useMe, useSetMe } from '../../api/session'
import type { EventView, JoinWish, Ok } from '../../api/types'
import { useI18n } from '../../i18n'
import { dayOf, formatDay, formatTime, todayIn } from '../../i18n/dates'
import { Button, buttonClass } from '../../ui/Button'
import { Alert, formClass, PasswordField } from '../../ui/Field'
import { useNow, useTitle } from '../../ui/hooks'
import { SplitPage } from '../../ui/Page'
import { Failure, Skeleton } from '../../ui/State'
import { useForm } from '../../ui/useForm'
import { QuickEvent } from './QuickEvent'
import s from './QuickJoin.module.css'

const route = getRouteApi('/quick-join')

type Confirmed = Ok<'/api/v1/auth/quick-join/confirm', 'post'>
type Joined = Ok<'/api/v1/events/{id}/join', 'post'>

/** Mail programs open links to look at them, so only a press of the button takes the place. */
export function QuickJoinPage() {
  const { t } = useI18n()
  const router = useRouter()
  const search = route.useSearch()
  // A token in the address bar would go along with a shared link, and into the history.
  const [token] = useState(search.token)
  useEffect(() => {
    if (search.token) void router.navigate({ to: '/quick-join', search: {}, replace: true })
  }, [router, search.token])
  useTitle(t.quick.pageTitle)
  if (token) return <Wish token={token} />
  return (
    <SplitPage title={t.quick.missing} lead={t.quick.missingHint}>
      <div className={s.row}>
        <Link to="/" className={buttonClass()}>
          {t.quick.discover}
        </Link>
      </div>
    </SplitPage>
  )
}

function Wish({ token }: { token: string }) {
  const { t } = useI18n()
  const me = useMe().data
  const setMe = useSetMe()
  const client = useQueryClient()
  const [confirmed, setConfirmed] = useState<Confirmed | null>(null)
  const look = useQuery({
    enabled: !confirmed,
    queryKey: ['quick-join', token],
    queryFn: ({ signal }) =>
      unwrap(api.POST('/api/v1/auth/quick-join/look', { body: { token }, signal })),
    staleTime: Infinity,
  })
  const wish = look.data
  const event = useQuery({ ...eventQuery(wish?.event_id ?? ''), enabled: !!wish }).data

  // The link works once, joining as often as it takes: what is done stays done when the rest is tried again.
  const take = useMutation({
    mutationFn: async () => {
      const done =
        confirmed ??
        (await unwrap(api.POST('/api/v1/auth/quick-join/confirm', { body: { token } })))
      setConfirmed(done)
      await setMe(done.user)
      const { event_id: id, party_size, at_least, answers } = done
      const body: JoinWish = { party_size, at_least, answers }
      return underKey('join', id, done.user.id, body, (key) =>
        unwrap(
          api.POST('/api/v1/events/{id}/join', {
            params: { path: { id }, header: { 'Idempotency-Key': key } },
            body,
          }),
        ),
      )
    },
    onSettled: () => {
      if (!wish) return
      void client.invalidateQueries({ queryKey: eventKey(wish.event_id) })
      void client.invalidateQueries({ queryKey: ['joins'] })
    },
  })

  const picture = event && <QuickEvent event={event} />
  if (take.data && confirmed && event) {
    return <Done joined={take.data} confirmed={confirmed} event={event} />
  }
  const refused = !confirmed && (isRefused(look.error) || isRefused(take.error))
  if (refused) {
    return (
      <SplitPage title={t.quick.spent} lead={t.quick.spentHint} picture={picture}>
        {take.isError && <p>{t.quick.spentNoAnswer}</p>}
        <div className={s.row}>
          {wish && (
            <Link
              to="/events/$id/quick-join"
              params={{ id: wish.event_id }}
              className={buttonClass({ variant: 'primary' })}
            >
              {t.quick.askAgain}
            </Link>
          )}
          <Link to="/me/places" className={buttonClass({ variant: wish ? 'quiet' : 'primary' })}>
            {t.nav.places}
          </Link>
          <Link to="/" className={buttonClass()}>
            {t.quick.discover}
          </Link>
        </div>
      </SplitPage>
    )
  }
  if (!wish) {
    return (
      <SplitPage title={t.quick.lookTitle} lead={t.quick.lookLead}>
        {look.isError ? (
          <Failure title={t.crash.widget} error={look.error} onRetry={() => void look.refetch()} />
        ) : (
          <Skeleton style={{ height: '10rem' }} />
        )}
      </SplitPage>
    )
  }
  const { party_size, at_least, display_name } = wish
  const inAlready = confirmed && hasCode(take.error, 'already_joined')
  return (
    <SplitPage title={t.quick.lookTitle} lead={t.quick.lookLead} picture={picture}>
      <p className={s.asked}>
        <strong>{t.quick.asked(party_size)}</strong>
        <span>
          {t.quick.forName(display_name)}
          {at_least && at_least < party_size && ` · ${t.quick.upTo(party_size, at_least)}`}
        </span>
      </p>
      {me && !confirmed && <p className={s.dim}>{t.quick.otherwise(me.display_name)}</p>}
      {take.isError && !inAlready && (
        <Alert>
          {confirmed && `${isRetryable(take.error) ? t.quick.failed : t.quick.decided} `}
          {errorText(take.error, t)}
        </Alert>
      )}
      {inAlready && <Alert tone="note">{t.errors.already_joined}</Alert>}
      {confirmed && !isRetryable(take.error) && take.isError ? (
        <Link
          to="/events/$id/{-$slug}"
          params={{ id: wish.event_id }}
          className={buttonClass({ variant: 'primary', size: 'large', wide: true })}
        >
          {t.quick.event}
        </Link>
      ) : (
        <Button
          variant="primary"
          size="large"
          wide
          busy={take.isPending}
          onClick={() => take.mutate()}
        >
          {take.isPending ? t.quick.taking : t.quick.take(party_size)}
        </Button>
      )}
    </SplitPage>
  )
}

const isRefused = (error: unknown) => hasCode(error, 'token_invalid')

function Done(props: { joined: Joined; confirmed: Confirmed; event: EventView }) {
  const { t, locale } = useI18n()
  const now = useNow(60_000)
  const { joined, event, confirmed } = props
  const { position, party_size } = joined
  // An offer is a place in the line whose turn has come; the event's page asks about it.
  const status = joined.status === 'offered' ? 'waitlisted' : joined.status
  const day = formatDay(dayOf(event.starts_at_local), todayIn(event.timezone, now), locale)
  const time = event.all_day ? null : formatTime(event.starts_at_local, locale)
  const title = {
    confirmed: t.place.in,
    pending: t.place.pending,
    waitlisted: position ? t.place.inLine(position) : t.place.inLineUnknown,
  }[status]
  const text = {
    confirmed: t.quick.in(day, time),
    pending: t.quick.pending,
    waitlisted: t.quick.line,
  }[status]
  return (
    <SplitPage
      title={
        <span className={s.stamp} data-kind={status}>
          {status === 'confirmed' && <Check aria-hidden="true" strokeWidth={3} />}
          {title}
        </span>
      }
      lead={text}
      picture={<QuickEvent event={event} />}
    >
      {status === 'confirmed' && party_size < confirmed.party_size && (
        <p>{t.quick.partial(party_size, confirmed.party_size)}</p>
      )}
      <div className={s.row}>
        {status === 'confirmed' && (
          <Link
            to="/events/$id/ticket"
            params={{ id: event.id }}
            className={buttonClass({ variant: 'primary' })}
          >
            {t.quick.ticket}
          </Link>
        )}
        <Link
          to="/events/$id/{-$slug}"
          params={{ id: event.id, slug: event.slug }}
          className={buttonClass()}
        >
          {t.quick.event}
        </Link>
      </div>
      {!confirmed.user.has_password && <Account />}
    </SplitPage>
  )
}

/** An account that came by the way: kept with a password, or dropped afterwards. */
function Account() {
  const { t } = useI18n()
  const [kept, setKept] = useState(false)
  const [late, setLate] = useState(false)
  const form = useForm({
    submit: async ({ new_password = '' }) => {
      try {
        await unwrap(api.POST('/api/v1/auth/change-password', { body: { new_password } }))
        setKept(true)
      } catch (error) {
        if (!hasCode(error, 'sign_in_too_old')) throw error
        setLate(true)
      }
    },
  })
  return (
    <section className={s.choice} aria-labelledby="keep">
      <h2 id="keep">{t.quick.keepTitle}</h2>
      <p>{t.quick.keepLead}</p>
      {kept ? (
        <Alert tone="good">{t.quick.kept}</Alert>
      ) : (
        <>
          <div className={s.way}>
            <h3>{t.quick.keep}</h3>
            {late ? (
              <Alert tone="note">
                {t.quick.late} <Link to="/forgot-password">{t.quick.lateLink}</Link>
              </Alert>
            ) : (
              <form className={formClass} {...form.props}>
                <p>{t.quick.keepText}</p>
                {form.errors.form && <Alert>{form.errors.form}</Alert>}
                <PasswordField
                  {...form.field('new_password')}
                  label={t.auth.newPassword}
                  hint={t.auth.passwordHint}
                  autoComplete="new-password"
                  minLength={8}
                  maxLength={128}
                />
                <Button type="submit" busy={form.busy}>
                  {t.quick.keepButton}
                </Button>
              </form>
            )}
          </div>
          <div className={s.way}>
            <h3>{t.quick.drop}</h3>
            <p>
              {t.quick.dropText} <Link to="/me/account">{t.quick.account}</Link>
            </p>
          </div>
        </>
      )}
    </section>
  )
}
