import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, unwrap } from '../../api/client'
import { underKey } from '../../api/idempotency'
import { useMe } from '../../api/session'
import type { NewMessage, SentMessage } from '../../api/types'
import { useI18n, useT } from '../../i18n'
import { formatInstant } from '../../i18n/dates'
import { Button } from '../../ui/Button'
import { cx } from '../../ui/cx'
import { Dialog, DialogActions } from '../../ui/Dialog'
import { Alert, SelectField, TextArea, TextField } from '../../ui/Field'
import { Empty, Failure, Skeleton } from '../../ui/State'
import { useToast } from '../../ui/Toast'
import { useForm } from '../../ui/useForm'
import c from './Card.module.css'
import s from './MessagesPanel.module.css'
import { STATUSES } from './people'

const AUDIENCES = ['all', ...STATUSES] as const

const messagesKey = (id: string) => ['joins', 'messages', id] as const

/** What the organiser writes to those who are in, and what they have written. */
export function MessagesPanel({ id }: { id: string }) {
  const t = useT()
  const list = useQuery({
    queryKey: messagesKey(id),
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/events/{id}/messages', { params: { path: { id } }, signal })),
  })
  return (
    <div className={s.panel}>
      <Write id={id} />
      <section aria-label={t.messages.list} className={s.list}>
        <p className={s.lead}>{t.messages.lead}</p>
        {list.isPending && <Skeleton style={{ height: '8rem' }} />}
        {list.isError && (
          <Failure
            scope="widget"
            title={t.crash.widget}
            error={list.error}
            onRetry={() => void list.refetch()}
          />
        )}
        {list.data?.items.length === 0 && (
          <Empty title={t.messages.empty} hint={t.messages.emptyHint} />
        )}
        <ul role="list">
          {list.data?.items.map((message) => (
            <Sent key={message.sent_at} message={message} />
          ))}
        </ul>
      </section>
    </div>
  )
}

function Sent({ message }: { message: SentMessage }) {
  const { t, locale } = useI18n()
  const { audience, recipients, sent_at, subject, body } = message
  return (
    <li className={s.sent}>
      <h3>{subject}</h3>
      <p className={s.facts}>
        <time dateTime={sent_at}>{formatInstant(sent_at, locale)}</time>
        {` · ${t.messages.audience[audience] ?? audience} · ${t.messages.got(recipients)}`}
      </p>
      <p className={s.body}>{body}</p>
    </li>
  )
}

function Write({ id }: { id: string }) {
  const t = useT()
  const w = t.messages
  const [asked, setAsked] = useState<{ message: NewMessage; form: HTMLFormElement } | null>(null)
  const form = useForm({
    submit: (values, form) => {
      const { subject = '', text = '' } = values
      const to = AUDIENCES.find((it) => it === values.to) ?? 'all'
      setAsked({ message: { to, subject: subject.trim(), text: text.trim() }, form })
      return Promise.resolve()
    },
    check: ({ subject, text }) => ({
      subject: subject?.trim() ? undefined : t.errors.required,
      text: text?.trim() ? undefined : t.errors.required,
    }),
  })
  return (
    <section className={cx(c.card, s.write)} aria-label={w.title}>
      <h2>{w.title}</h2>
      <form {...form.props}>
        <SelectField {...form.field('to')} label={w.to} defaultValue="all">
          {AUDIENCES.map((it) => (
            <option key={it} value={it}>
              {w.audience[it]}
            </option>
          ))}
        </SelectField>
        <TextField
          {...form.field('subject')}
          label={w.subject}
          maxLength={150}
          autoComplete="off"
          required
        />
        <TextArea
          {...form.field('text')}
          label={w.text}
          hint={w.textHint}
          maxLength={5000}
          rows={8}
          required
        />
        <Button type="submit" variant="primary">
          {w.write}
        </Button>
      </form>
      {asked && (
        <Ask
          id={id}
          message={asked.message}
          onSent={() => asked.form.reset()}
          onClose={() => setAsked(null)}
        />
      )}
    </section>
  )
}

/** A mail cannot be called back, so it is asked for once more. */
function Ask(props: { id: string; message: NewMessage; onSent: () => void; onClose: () => void }) {
  const { id, message, onClose } = props
  const t = useT()
  const say = useToast()
  const client = useQueryClient()
  const userId = useMe().data?.id ?? ''
  const w = t.messages
  const form = useForm({
    submit: async () => {
      const sent = await underKey('message', id, userId, message, (key) =>
        unwrap(
          api.POST('/api/v1/events/{id}/messages', {
            params: { path: { id }, header: { 'Idempotency-Key': key } },
            body: message,
          }),
        ),
      )
      say(w.sent(sent.recipients))
      props.onSent()
      onClose()
      await client.invalidateQueries({ queryKey: messagesKey(id) })
    },
  })
  return (
    <Dialog open onClose={onClose} title={w.askTitle}>
      <form {...form.props} className={s.ask}>
        {form.errors.form && <Alert>{form.errors.form}</Alert>}
        <p>
          <strong>{message.subject}</strong>
          <br />
          {w.to}: {w.audience[message.to]}
        </p>
        <p>{w.ask}</p>
        <DialogActions>
          <Button type="submit" variant="primary" busy={form.busy}>
            {form.busy ? w.sending : w.send}
          </Button>
          <Button onClick={onClose}>{t.common.cancel}</Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
