import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api, unwrap } from '../../api/client'
import { eventQuery } from '../../api/event'
import { errorText } from '../../api/forms'
import { hasCode } from '../../api/problem'
import { useI18n } from '../../i18n'
import { formatInstant } from '../../i18n/dates'
import { Button, buttonClass } from '../../ui/Button'
import { Dialog, DialogActions } from '../../ui/Dialog'
import { Alert } from '../../ui/Field'
import { useTitle } from '../../ui/hooks'
import { Page } from '../../ui/Page'
import { Empty, Failure, Skeleton } from '../../ui/State'
import { useToast } from '../../ui/Toast'
import s from './StewardsPage.module.css'
import type { StewardLink, Stewards } from './types'

const route = getRouteApi('/events/$id/stewards')
type Steward = Stewards['items'][number]

const stewardsQuery = (id: string) =>
  queryOptions({
    queryKey: ['stewards', id],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/events/{id}/stewards', { params: { path: { id } }, signal })),
  })

/** Who may stand at the door besides the organiser. */
export function StewardsPage() {
  const { t } = useI18n()
  const { id } = route.useParams()
  useTitle(t.stewards.title)
  const event = useQuery(eventQuery(id)).data
  const list = useQuery(stewardsQuery(id))
  const door = (
    <Link to="/events/$id/door" params={{ id }} className={buttonClass()}>
      {t.stewards.door}
    </Link>
  )
  if (hasCode(list.error, 'forbidden', 'not_found')) {
    return (
      <Page title={t.stewards.title} lead={event?.title}>
        <Empty title={t.stewards.notYours} />
      </Page>
    )
  }
  return (
    <Page
      title={t.stewards.title}
      lead={
        <>
          {event?.title}
          <br />
          {t.stewards.lead}
        </>
      }
      actions={door}
    >
      <div className={s.grid}>
        <MakeLink id={id} />
        <section aria-label={t.stewards.title}>
          {list.isPending && <Skeleton style={{ height: '8rem' }} />}
          {list.isError && (
            <Failure
              title={t.crash.widget}
              error={list.error}
              onRetry={() => void list.refetch()}
            />
          )}
          {list.data?.items.length === 0 && (
            <Empty title={t.stewards.empty} hint={t.stewards.emptyHint} />
          )}
          <People id={id} stewards={list.data?.items ?? []} />
        </section>
      </div>
    </Page>
  )
}

function MakeLink({ id }: { id: string }) {
  const { t, locale } = useI18n()
  const say = useToast()
  const make = useMutation({
    mutationFn: () =>
      unwrap(api.POST('/api/v1/events/{id}/stewards/link', { params: { path: { id } }, body: {} })),
  })
  const address = ({ code }: StewardLink) =>
    `${location.origin}/events/${id}/door#steward=${encodeURIComponent(code)}`
  return (
    <section className={s.make} aria-label={t.stewards.link}>
      <p>{t.stewards.createHint}</p>
      {make.isError && <Alert>{errorText(make.error, t)}</Alert>}
      {make.data ? (
        <>
          <label className={s.label} htmlFor="steward-link">
            {t.stewards.link}
          </label>
          <div className={s.link}>
            <input
              id="steward-link"
              readOnly
              value={address(make.data)}
              onFocus={(event) => event.target.select()}
            />
            <Button
              variant="primary"
              onClick={() =>
                void navigator.clipboard.writeText(address(make.data)).then(
                  () => say(t.stewards.copied),
                  () => document.getElementById('steward-link')?.focus(),
                )
              }
            >
              {t.stewards.copy}
            </Button>
          </div>
          <p className={s.dim}>
            {t.stewards.linkOnce} {t.stewards.until(formatInstant(make.data.expires_at, locale))}
          </p>
        </>
      ) : (
        <div>
          <Button variant="primary" busy={make.isPending} onClick={() => make.mutate()}>
            {t.stewards.create}
          </Button>
        </div>
      )}
    </section>
  )
}

function People({ id, stewards }: { id: string; stewards: Steward[] }) {
  const { t, locale } = useI18n()
  const client = useQueryClient()
  const say = useToast()
  const [asking, setAsking] = useState<Steward | null>(null)
  const nameOf = (steward: Steward) => steward.display_name || t.stewards.unnamed
  const remove = useMutation({
    mutationFn: (steward: Steward) =>
      unwrap(
        api.DELETE('/api/v1/events/{id}/stewards/{user_id}', {
          params: { path: { id, user_id: steward.user_id } },
        }),
      ),
    onSuccess: (_, steward) => say(t.stewards.removed(nameOf(steward))),
    onSettled: () => client.invalidateQueries({ queryKey: stewardsQuery(id).queryKey }),
  })
  return (
    <>
      {remove.isError && <Alert>{errorText(remove.error, t)}</Alert>}
      <ul role="list" className={s.people}>
        {stewards.map((steward) => (
          <li key={steward.user_id}>
            <p>
              <strong className={s.name}>{nameOf(steward)}</strong>
              <br />
              <span className={s.dim}>
                {t.stewards.since(formatInstant(steward.added_at, locale))}
              </span>
            </p>
            <Button
              aria-label={t.stewards.removeNamed(nameOf(steward))}
              busy={remove.isPending}
              onClick={() => setAsking(steward)}
            >
              {t.stewards.remove}
            </Button>
          </li>
        ))}
      </ul>
      <Dialog
        open={asking !== null}
        onClose={() => setAsking(null)}
        title={asking ? t.stewards.removeTitle(nameOf(asking)) : ''}
      >
        <p>{t.stewards.removeText}</p>
        <DialogActions>
          <Button
            variant="danger"
            onClick={() => {
              if (asking) remove.mutate(asking)
              setAsking(null)
            }}
          >
            {t.stewards.remove}
          </Button>
          <Button onClick={() => setAsking(null)}>{t.common.cancel}</Button>
        </DialogActions>
      </Dialog>
    </>
  )
}
