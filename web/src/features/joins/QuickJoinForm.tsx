import { Link } from '@tanstack/react-router'
import { useId, useState } from 'react'
import { api, unwrap } from '../../api/client'
import type { EventView } from '../../api/types'
import { useI18n } from '../../i18n'
import { Button, buttonClass } from '../../ui/Button'
import { Alert, formClass, TextField } from '../../ui/Field'
import { Stepper } from '../../ui/Stepper'
import { useForm } from '../../ui/useForm'
import { toAnswers } from './join'
import { QuestionSection } from './QuestionFields'
import s from './QuickJoin.module.css'
import { partyLimit } from './rules'

/** Name and address, and what the organiser asks; the mailed link does the rest. */
export function QuickJoinForm({ event, lead }: { event: EventView; lead?: string }) {
  const id = useId()
  const { t, locale } = useI18n()
  const { questions, access } = event.registration
  const limit = partyLimit(event)
  const [party, setParty] = useState(1)
  const [sentTo, setSentTo] = useState<string | null>(null)
  const form = useForm({
    submit: async (values) => {
      const { email = '', display_name = '' } = values
      const party_size = Number(values.party_size) || 1
      const answers = toAnswers(values, questions)
      const body = { email, display_name, event_id: event.id, party_size, answers, locale }
      await unwrap(api.POST('/api/v1/auth/quick-join', { body }))
      setSentTo(email)
    },
  })

  if (access === 'invitation') {
    return (
      <>
        <p>{t.quick.invitation}</p>
        <Link
          to="/sign-up"
          search={{ next: `/events/${event.id}` }}
          className={buttonClass({ variant: 'primary', size: 'large' })}
        >
          {t.quick.signUp}
        </Link>
      </>
    )
  }
  const sent = sentTo !== null
  return (
    <>
      {sent && (
        <div className={s.sent} role="status">
          <h3>{t.quick.sentTitle}</h3>
          <p>{t.quick.sent(sentTo)}</p>
          <p className={s.dim}>{t.quick.sentNothing}</p>
          {form.errors.form && <Alert>{form.errors.form}</Alert>}
          <div className={s.row}>
            <Button type="submit" form={id} busy={form.busy}>
              {t.quick.again}
            </Button>
            <Button variant="plain" onClick={() => setSentTo(null)}>
              {t.quick.otherAddress}
            </Button>
          </div>
        </div>
      )}
      {/* It stays while a mail is on its way, with what was typed, to be sent again or mended. */}
      <form id={id} className={formClass} hidden={sent} {...form.props}>
        {lead && <p>{lead}</p>}
        {form.errors.form && <Alert>{form.errors.form}</Alert>}
        <TextField
          {...form.field('display_name')}
          label={t.quick.name}
          hint={t.quick.nameHint}
          autoComplete="name"
          maxLength={60}
          required
        />
        <TextField
          {...form.field('email')}
          label={t.auth.email}
          type="email"
          autoComplete="email"
          maxLength={254}
          required
        />
        {limit > 1 && (
          <Stepper
            label={t.place.form.party}
            hint={t.place.form.partyHint}
            name="party_size"
            value={party}
            min={1}
            max={limit}
            onChange={setParty}
            fewer={t.place.form.fewer}
            more={t.place.form.more}
          />
        )}
        <QuestionSection form={form} questions={questions} />
        <Button type="submit" variant="primary" size="large" wide busy={form.busy}>
          {t.quick.send}
        </Button>
      </form>
    </>
  )
}
