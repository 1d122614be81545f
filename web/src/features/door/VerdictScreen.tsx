import CircleArrowRight from 'lucide-react/icons/circle-arrow-right'
import CircleCheckBig from 'lucide-react/icons/circle-check-big'
import CircleHelp from 'lucide-react/icons/circle-question-mark'
import DiamondMinus from 'lucide-react/icons/diamond-minus'
import OctagonMinus from 'lucide-react/icons/octagon-minus'
import OctagonX from 'lucide-react/icons/octagon-x'
import TicketX from 'lucide-react/icons/ticket-x'
import TriangleAlert from 'lucide-react/icons/triangle-alert'
import { useEffect, type ComponentType } from 'react'
import { useI18n } from '../../i18n'
import { formatClock, type Locale } from '../../i18n/dates'
import type { Messages } from '../../i18n/en'
import { Over } from './Over'
import type { Verdict } from './verdict'
import s from './VerdictScreen.module.css'

/** How long a good ticket is shown before the camera goes on. */
const SHOWN_MS = 1_800

type Told = Exclude<Verdict, { kind: 'many' }>
type Look = {
  tone: 'in' | 'out' | 'no' | 'ask'
  Shape: ComponentType<{ 'aria-hidden': 'true'; strokeWidth?: number }>
  word: string
  name?: string
  text?: string
}

/** What a steward is told: by colour, by shape, in words, and by how the phone trembles. */
export function VerdictScreen(props: {
  verdict: Told
  timezone: string
  /** A good ticket makes room for the next by itself. */
  hands: 'free' | 'full'
  onNext: () => void
  onUndo?: () => void
  onUnsure: () => void
}) {
  const { t, locale } = useI18n()
  const { verdict, onNext } = props
  const { tone, Shape, word, name, text } = lookOf(verdict, t, locale, props.timezone)
  const goesOn = props.hands === 'free' && verdict.kind === 'done'
  useEffect(() => {
    if (!goesOn) return
    const timer = setTimeout(onNext, SHOWN_MS)
    return () => clearTimeout(timer)
  }, [goesOn, onNext, verdict])

  return (
    <Over
      shape="full"
      tone={tone}
      label={[word, name, text].filter(Boolean).join('. ')}
      onClose={onNext}
    >
      <div className={s.told}>
        <Shape aria-hidden="true" strokeWidth={1.75} />
        <p className={s.word}>{word}</p>
        {name && <p className={s.name}>{name}</p>}
        {text && <p className={s.text}>{text}</p>}
      </div>
      <div className={s.actions}>
        {props.onUndo && verdict.kind === 'done' && (
          <button type="button" className={s.second} onClick={props.onUndo}>
            {t.door.undo}
          </button>
        )}
        {verdict.kind === 'unsure' && (
          <button type="button" className={s.second} onClick={props.onUnsure}>
            {t.door.unsureYes}
          </button>
        )}
        <button type="button" className={s.next} onClick={onNext} autoFocus>
          {verdict.kind === 'unsure' ? t.door.unsureNo : t.door.next}
        </button>
      </div>
    </Over>
  )
}

function lookOf(verdict: Told, t: Messages, locale: Locale, timezone: string): Look {
  const d = t.door
  switch (verdict.kind) {
    case 'done': {
      const { way, name, guests, people, party } = verdict
      const all =
        people === party
          ? people > 1
            ? d.done.people(people)
            : ''
          : d.done.peopleOf(people, party)
      return {
        tone: way,
        Shape: way === 'in' ? CircleCheckBig : CircleArrowRight,
        word: d.done[way],
        name,
        text: [all, people === party && guests.length > 0 && t.ticket.with(guests.join(', '))]
          .filter(Boolean)
          .join(' '),
      }
    }
    case 'already_in': {
      const { first, name } = verdict
      const since = first && formatClock(first.at, timezone, locale)
      return {
        tone: 'no',
        Shape: OctagonMinus,
        word: d.already,
        name,
        text: first && since ? d.alreadySince(since, first.gate, first.by || d.byYou) : undefined,
      }
    }
    case 'not_in':
      return {
        tone: 'no',
        Shape: DiamondMinus,
        word: d.notIn,
        name: verdict.name,
        text: d.notInText,
      }
    case 'no_place':
      return {
        tone: 'no',
        Shape: DiamondMinus,
        word: d.noPlace,
        name: verdict.name,
        text: d.noPlaceText,
      }
    case 'wrong_event':
      return { tone: 'no', Shape: TicketX, word: d.wrongEvent, text: d.wrongEventText }
    case 'forged':
      return { tone: 'no', Shape: OctagonX, word: d.forged, text: d.forgedText }
    case 'unknown':
      return { tone: 'no', Shape: CircleHelp, word: d.unknown, text: d.unknownText }
    case 'unsure': {
      const when = formatClock(verdict.loaded_at, timezone, locale)
      return {
        tone: 'ask',
        Shape: TriangleAlert,
        word: d.unsure,
        name: d.unsureName(verdict.ticket.line_no),
        text: d.unsureText(when),
      }
    }
  }
}

/** One for good, one long for forged, several for everything that needs a word with the guest. In milliseconds on, off, on … */
export function tremble(verdict: Verdict) {
  const pattern: Record<Verdict['kind'], number[]> = {
    done: [70],
    many: [40, 60, 40],
    already_in: [200, 80, 200],
    not_in: [120, 60, 120],
    no_place: [120, 60, 120, 60, 120],
    wrong_event: [120, 60, 120, 60, 120],
    forged: [600],
    unknown: [120, 60, 120],
    unsure: [60, 60, 60, 60, 60],
  }
  try {
    navigator.vibrate?.(pattern[verdict.kind])
  } catch {
    // not before the first touch
  }
}
