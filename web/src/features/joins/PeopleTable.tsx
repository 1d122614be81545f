import Check from 'lucide-react/icons/check'
import { errorText } from '../../api/forms'
import type { EventView, Participant } from '../../api/types'
import { useI18n } from '../../i18n'
import { formatInstant, formatMoment } from '../../i18n/dates'
import { Button } from '../../ui/Button'
import { cx } from '../../ui/cx'
import { useNow } from '../../ui/hooks'
import { Menu } from '../../ui/Menu'
import table from '../../ui/Table.module.css'
import { useToast } from '../../ui/Toast'
import s from './ParticipantsPage.module.css'
import { deedsFor, type Deed } from './people'
import { useDeed } from './peopleQuery'
import { type Question } from './rules'

type Props = {
  event: EventView | undefined
  people: Participant[]
  /** Who is ticked; absent where there is nothing to tick for. */
  chosen?: ReadonlySet<string>
  onChoose: (person: Participant, on: boolean) => void
  onDeed: (deed: Deed, person: Participant) => void
  onTimeline: (person: Participant) => void
}

/** A row a person; on a phone, a card a person. */
export function PeopleTable(props: Props) {
  const { t } = useI18n()
  const { people, event } = props
  const questions = event ? event.registration.questions : []
  const answered = people.some((person) => Object.keys(person.answers).length > 0)
  return (
    <table className={cx(table.table, s.people)}>
      <thead>
        <tr>
          {props.chosen && <td />}
          <th>{t.people.colName}</th>
          <th>{t.people.colStatus}</th>
          <th data-num="">{t.people.colParty}</th>
          {answered && <th>{t.people.colAnswers}</th>}
          <th data-num="">{t.people.colJoined}</th>
          <th>
            <span className="vh">{t.people.colDo}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {people.map((person) => (
          <Row
            key={person.join_id}
            {...props}
            person={person}
            questions={questions}
            answered={answered}
          />
        ))}
      </tbody>
    </table>
  )
}

function Row(props: Props & { person: Participant; questions: Question[]; answered: boolean }) {
  const { person, event, chosen } = props
  const { t, locale } = useI18n()
  const name = person.display_name || t.people.nameless
  return (
    <tr>
      {chosen && (
        <td className={s.tick}>
          <input
            type="checkbox"
            aria-label={t.people.select(name)}
            checked={chosen.has(person.user_id)}
            onChange={(event) => props.onChoose(person, event.target.checked)}
          />
        </td>
      )}
      <td className={s.name}>
        <strong>{name}</strong>
        {person.guests.length > 0 && <span>{t.people.guests(person.guests.join(', '))}</span>}
      </td>
      <td className={s.status}>
        <Standing person={person} event={event} />
      </td>
      <td data-num="" data-label={t.people.colParty} className={s.party}>
        {person.asked_size
          ? t.people.partyOf(person.party_size, person.asked_size)
          : person.party_size}
      </td>
      {props.answered && (
        <td className={s.answers}>
          <Answers person={person} questions={props.questions} />
        </td>
      )}
      <td data-num="" data-label={t.people.colJoined} className={s.since}>
        <time dateTime={person.joined_at}>{formatInstant(person.joined_at, locale)}</time>
      </td>
      <td className={s.do}>
        <Deeds {...props} name={name} />
      </td>
    </tr>
  )
}

/** Where somebody stands, in words and shape; how they came to it, and what they owe. */
function Standing({ person, event }: { person: Participant; event: EventView | undefined }) {
  const { t, locale } = useI18n()
  const now = useNow(60_000)
  const { status, way, due_for, due_at } = person
  const words =
    status === 'waitlisted' ? t.people.status.waitlisted(person.position) : t.people.status[status]
  const how = way && t.people.way[way]
  const due =
    due_for &&
    due_at &&
    event &&
    t.people.due[due_for](formatMoment(due_at, event.timezone, now, locale, 'short'))
  return (
    <>
      <span className={s.pill} data-status={status}>
        {status === 'confirmed' && <Check aria-hidden="true" strokeWidth={3} />}
        {words}
      </span>
      {(how || due) && (
        <span className={s.notes}>
          {how && <span data-way={way}>{how}</span>}
          {due && <span>{due}</span>}
        </span>
      )}
    </>
  )
}

function Answers({ person, questions }: { person: Participant; questions: Question[] }) {
  const { t } = useI18n()
  const given = Object.keys(person.answers)
  if (given.length === 0) return null
  // What is not asked any more was still answered.
  const gone = given.filter((id) => questions.every((question) => question.id !== id))
  const shown = [...questions, ...gone.map((id) => ({ id, label: id }))]
  return (
    <details>
      <summary>{t.people.answers(given.length)}</summary>
      <dl>
        {shown.map(({ id, label }) => (
          <div key={id}>
            <dt>{label}</dt>
            <dd>{said(person.answers[id])}</dd>
          </div>
        ))}
      </dl>
    </details>
  )

  function said(answer: unknown) {
    if (typeof answer === 'string' && answer) return answer
    if (typeof answer === 'boolean') return answer ? t.people.yes : t.people.no
    return t.people.noAnswer
  }
}

function Deeds(props: Props & { person: Participant; name: string }) {
  const { person, event, onDeed, onTimeline, name } = props
  const { t } = useI18n()
  const say = useToast()
  const now = useNow(60_000)
  const run = useDeed(event?.id ?? '')
  if (!event?.actions.can_edit) return null
  const open = event.status === 'published' && Date.parse(event.starts_at) > now.getTime()
  const deeds = deedsFor(person.status, open)
  return (
    <div className={s.deeds}>
      {deeds.includes('approve') && (
        <Button
          variant="primary"
          size="small"
          busy={run.isPending}
          onClick={() =>
            run.mutate(
              { deed: 'approve', person },
              { onError: (error) => say(errorText(error, t)) },
            )
          }
        >
          {t.people.approve}
        </Button>
      )}
      <Menu
        label={t.people.menu(name)}
        items={[
          { label: t.timeline.open, onSelect: () => onTimeline(person) },
          ...deeds
            .filter((deed) => deed !== 'approve')
            .map((deed) => ({
              label: t.people[deed],
              danger: deed === 'remove' || deed === 'ban',
              onSelect: () => onDeed(deed, person),
            })),
        ]}
      />
    </div>
  )
}
