import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, unwrap } from '../../api/client'
import { useMe } from '../../api/session'
import { useI18n } from '../../i18n'
import { addDays, todayIn } from '../../i18n/dates'
import { Alert } from '../../ui/Field'
import { useTitle } from '../../ui/hooks'
import { Page } from '../../ui/Page'
import { useToast } from '../../ui/Toast'
import { useForm } from '../../ui/useForm'
import { check, toEvent, type Draft } from './draft'
import { EventForm } from './EventForm'
import s from './EventForm.module.css'
import { DEFAULT } from './registration'
import { useUnsaved } from './useUnsaved'

const FIRST_DATE_IN_DAYS = 14

function blank(language: string): Draft {
  const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const day = addDays(todayIn(timezone, new Date()), FIRST_DATE_IN_DAYS)
  return {
    title: '',
    description: '',
    category: 'community',
    language,
    city: '',
    venue: { name: '', address: null, lat: null, lon: null },
    starts_at_local: `${day}T19:00`,
    ends_at_local: `${day}T22:00`,
    timezone,
    all_day: false,
    capacity: null,
    price: null,
    external_url: null,
    registration: DEFAULT,
  }
}

export function NewEventPage() {
  const { t, locale } = useI18n()
  useTitle(t.editor.newTitle)
  const me = useMe().data
  const client = useQueryClient()
  const navigate = useNavigate()
  const say = useToast()
  const unsaved = useUnsaved()
  const [initial] = useState(() => blank(locale))
  const [unfolded, setUnfolded] = useState(false)
  const form = useForm({
    check: (values) => check(values, t),
    submit: async (values) => {
      const event = await unwrap(api.POST('/api/v1/events', { body: toEvent(values) }))
      unsaved.clear()
      void client.invalidateQueries({ queryKey: ['events', 'mine'] })
      say(t.editor.created)
      await navigate({ to: '/events/$id/edit', params: { id: event.id } })
    },
  })
  return (
    <Page title={t.editor.newTitle} lead={t.editor.newLead}>
      <div className={s.layout}>
        <EventForm
          form={form}
          initial={initial}
          submitLabel={t.editor.create}
          onInput={unsaved.mark}
          unfolded={unfolded}
          onUnfold={setUnfolded}
          notice={
            me && !me.email_verified ? <Alert tone="note">{t.editor.verifyFirst}</Alert> : null
          }
        />
      </div>
    </Page>
  )
}
