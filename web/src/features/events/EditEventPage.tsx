import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api, unwrap } from '../../api/client'
import { eventKey, eventQuery } from '../../api/event'
import { hasCode } from '../../api/problem'
import type { EventView } from '../../api/types'
import { useI18n } from '../../i18n'
import type { Messages } from '../../i18n/en'
import { Button, buttonClass } from '../../ui/Button'
import { Dialog, DialogActions } from '../../ui/Dialog'
import { Alert } from '../../ui/Field'
import { useTitle } from '../../ui/hooks'
import { Page } from '../../ui/Page'
import { Poster } from '../../ui/Poster'
import { Empty, Failure, Skeleton } from '../../ui/State'
import { useToast } from '../../ui/Toast'
import { useForm } from '../../ui/useForm'
import { changes, check, fromEvent, toEvent, type Draft } from './draft'
import { EventForm } from './EventForm'
import s from './EventForm.module.css'
import { LifeButtons } from './LifeButtons'
import { useUnsaved } from './useUnsaved'

const route = getRouteApi('/events/$id/edit')

export function EditEventPage() {
  const { t } = useI18n()
  useTitle(t.editor.editTitle)
  const { id } = route.useParams()
  const {
    data: event,
    error,
    isPending,
    refetch,
  } = useQuery({
    ...eventQuery(id),
    staleTime: 0,
  })
  if (event) {
    const cancelled = event.status === 'cancelled'
    if (cancelled || !event.actions.can_edit) {
      return plain(
        <Empty title={cancelled ? t.editor.isCancelled : t.editor.notYours}>
          <Link
            to="/events/$id/{-$slug}"
            params={{ id, slug: event.slug || undefined }}
            className={buttonClass()}
          >
            {t.editor.viewPage}
          </Link>
        </Empty>,
      )
    }
    return <Editor key={id} event={event} />
  }
  if (isPending) return plain(<Skeleton style={{ height: '30rem' }} />)
  if (hasCode(error, 'not_found', 'forbidden')) return plain(<Empty title={t.editor.notYours} />)
  return plain(<Failure title={t.event.failed} error={error} onRetry={() => void refetch()} />)

  function plain(content: React.ReactNode) {
    return (
      <Page title={t.editor.editTitle} small>
        {content}
      </Page>
    )
  }
}

type Conflict = { theirs: EventView; mine: Partial<Draft> }

function Editor({ event }: { event: EventView }) {
  const { t } = useI18n()
  const client = useQueryClient()
  const say = useToast()
  const unsaved = useUnsaved()
  // What the form was filled from. Refetches may bring newer versions; they must not move under the hands.
  const [base, setBase] = useState(event)
  const [conflict, setConflict] = useState<Conflict | null>(null)
  // Here, since a saved form starts afresh.
  const [unfolded, setUnfolded] = useState(false)
  const [overbook, setOverbook] = useState<Partial<Draft> | null>(null)

  async function fetchCurrent() {
    // A fetch that began before the change would answer with the state before it.
    await client.cancelQueries({ queryKey: eventKey(event.id) })
    return client.fetchQuery({ ...eventQuery(event.id), staleTime: 0 })
  }

  async function adopt() {
    const current = await fetchCurrent()
    setBase(current)
    setConflict(null)
    unsaved.clear()
    void client.invalidateQueries({ queryKey: ['events'] })
  }

  async function save(mine: Partial<Draft>, version: number, acceptOverbooking = false) {
    try {
      await unwrap(
        api.PATCH('/api/v1/events/{id}', {
          params: { path: { id: event.id }, header: { 'If-Match': `"${version}"` } },
          body: { ...mine, ...(acceptOverbooking ? { accept_overbooking: true } : {}) },
        }),
      )
    } catch (error) {
      if (hasCode(error, 'precondition_failed')) {
        setConflict({ theirs: await fetchCurrent(), mine })
        return
      }
      if (hasCode(error, 'capacity_below_confirmed')) {
        setOverbook(mine)
        return
      }
      throw error
    }
    await adopt()
    say(t.editor.saved)
  }

  const form = useForm({
    check: (values) => check(values, t),
    submit: async (values) => {
      const mine = changes(fromEvent(base), toEvent(values))
      if (Object.keys(mine).length === 0) {
        unsaved.clear()
        say(t.editor.unchanged)
        return
      }
      await save(mine, base.version)
    },
  })

  return (
    <Page title={base.title} small>
      <div className={s.layout}>
        <EventForm
          key={base.version}
          form={form}
          initial={fromEvent(base)}
          submitLabel={t.editor.save}
          onInput={unsaved.mark}
          unfolded={unfolded}
          onUnfold={setUnfolded}
          notice={
            conflict && (
              <ConflictNotice
                base={base}
                conflict={conflict}
                onTheirs={() => {
                  setBase(conflict.theirs)
                  setConflict(null)
                  unsaved.clear()
                }}
                onMine={() =>
                  void save(conflict.mine, conflict.theirs.version).catch(() => {
                    // shown by the next try of the form itself
                    setConflict(null)
                  })
                }
              />
            )
          }
        />
        <aside className={s.side} aria-label={t.editor.status}>
          <div className={s.panel}>
            <Poster src={base.cover.svg} className={s.poster} />
            <LifeButtons event={base} dirty={unsaved.dirty} onChanged={adopt} />
            <Link to="/events/$id/{-$slug}" params={{ id: base.id, slug: base.slug || undefined }}>
              {t.editor.viewPage}
            </Link>
            <Link to="/events/$id/participants" params={{ id: base.id }}>
              {t.event.participants}
            </Link>
          </div>
        </aside>
      </div>
      <Dialog
        open={overbook !== null}
        onClose={() => setOverbook(null)}
        title={t.editor.overbookTitle}
      >
        <p>{t.editor.overbookText(confirmedOf(client.getQueryData(eventKey(event.id))))}</p>
        <DialogActions>
          <Button
            variant="danger"
            onClick={() => {
              const mine = overbook
              setOverbook(null)
              if (mine) void save(mine, base.version, true)
            }}
          >
            {t.editor.overbook}
          </Button>
          <Button onClick={() => setOverbook(null)}>{t.common.cancel}</Button>
        </DialogActions>
      </Dialog>
    </Page>
  )
}

function confirmedOf(event: unknown): number | null {
  return (event as EventView | undefined)?.places?.confirmed ?? null
}

function ConflictNotice(props: {
  base: EventView
  conflict: Conflict
  onTheirs: () => void
  onMine: () => void
}) {
  const { t } = useI18n()
  const theirs = Object.keys(changes(fromEvent(props.base), fromEvent(props.conflict.theirs)))
  return (
    <Alert>
      <div className={s.conflict}>
        <p>
          <strong>{t.editor.conflictTitle}</strong>
        </p>
        <p>{t.editor.conflictText}</p>
        {theirs.length > 0 && (
          <p>
            {t.editor.conflictDiffers} {theirs.map((name) => fieldLabel(name, t)).join(', ')}
          </p>
        )}
        <div>
          <Button variant="primary" size="small" onClick={props.onMine}>
            {t.editor.conflictMine}
          </Button>
          <Button size="small" onClick={props.onTheirs}>
            {t.editor.conflictTheirs}
          </Button>
        </div>
      </div>
    </Alert>
  )
}

function fieldLabel(name: string, t: Messages): string {
  const e = t.editor
  const labels: Record<string, string> = {
    title: e.title,
    description: e.description,
    category: e.category,
    language: e.language,
    city: e.city,
    venue: e.venue,
    starts_at_local: e.start,
    ends_at_local: e.end,
    timezone: e.zone,
    all_day: e.allDay,
    capacity: e.capacity,
    price: e.price,
    external_url: e.website,
    registration: e.registration.title,
  }
  return labels[name] ?? name
}
