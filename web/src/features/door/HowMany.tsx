import Minus from 'lucide-react/icons/minus'
import Plus from 'lucide-react/icons/plus'
import { useState } from 'react'
import { useI18n } from '../../i18n'
import { formatClock } from '../../i18n/dates'
import { Button } from '../../ui/Button'
import s from './HowMany.module.css'
import { Over } from './Over'
import type { Verdict } from './verdict'

/** How many of a party have come, or go; also the second look before a tapped name is let in. */
export function HowMany(props: {
  asked: Extract<Verdict, { kind: 'many' }>
  timezone: string
  onAdmit: (people: number) => void
  onClose: () => void
}) {
  const { t, locale } = useI18n()
  const { way, guest, most, inside, came } = props.asked
  const [people, setPeople] = useState(most)
  const d = t.door
  const question =
    way === 'out'
      ? d.many.out(most)
      : inside > 0
        ? d.many.inRest(most, inside)
        : d.many.in(guest.party_size)
  const since = came && formatClock(came.at, props.timezone, locale)
  return (
    <Over shape="sheet" label={guest.display_name} onClose={props.onClose}>
      <div>
        <h2 className={s.name}>{guest.display_name}</h2>
        <p className={s.dim}>
          {[
            d.no(guest.line_no),
            d.party(guest.party_size),
            guest.guests.length > 0 && t.ticket.with(guest.guests.join(', ')),
          ]
            .filter(Boolean)
            .join(' · ')}
        </p>
        {came && since && inside > 0 && (
          <p className={s.dim}>{d.alreadySince(since, came.gate, came.by || d.byYou)}</p>
        )}
      </div>
      {most > 1 && (
        <div role="group" aria-label={question} className={s.count}>
          <p className={s.question}>{question}</p>
          <div className={s.stepper}>
            <button
              type="button"
              aria-label={d.many.fewer}
              disabled={people <= 1}
              onClick={() => setPeople(people - 1)}
            >
              <Minus aria-hidden="true" />
            </button>
            <output aria-label={d.many.people}>{people}</output>
            <button
              type="button"
              aria-label={d.many.more}
              disabled={people >= most}
              onClick={() => setPeople(people + 1)}
            >
              <Plus aria-hidden="true" />
            </button>
          </div>
        </div>
      )}
      <Button
        variant="primary"
        size="large"
        wide
        className={s.admit}
        autoFocus
        onClick={() => props.onAdmit(people)}
      >
        {way === 'in' ? d.many.letIn(people) : d.many.letOut(people)}
      </Button>
      <Button wide className={s.cancel} onClick={props.onClose}>
        {t.common.cancel}
      </Button>
    </Over>
  )
}
