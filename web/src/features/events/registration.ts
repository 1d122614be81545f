import type { EventView, NewEvent } from '../../api/types'
import { formatDay, formatDuration, formatTime, dayOf, type Locale } from '../../i18n/dates'
import type { Messages } from '../../i18n/en'
import type { FormValues } from '../../ui/useForm'

// How people come to a place, as the organiser decides it: what an edit sends, with nothing left out.
type Sent = Required<NonNullable<NewEvent['registration']>>
export type Question = Required<Sent['questions'][number]>
export type Rules = Omit<Sent, 'questions'> & { questions: Question[] }
type Stored = EventView['registration']

export const ACCESS = ['open', 'approval', 'invitation'] as const satisfies Rules['access'][]
export const KINDS = ['text', 'choice', 'consent'] as const satisfies Question['kind'][]
/** Bounds of the numbers; the server has the last word. */
export const BOUNDS = {
  party_limit: [1, 10],
  passes: [0, 20],
  offer_hours: [0, 720],
  offer_minutes: [5, 2880],
  reconfirm_hours: [2, 720],
} as const
export const MOST_QUESTIONS = 10
const OPTIONS_MIN = 2
const OPTIONS_MAX = 20
const OPTION_LENGTH = 100
const ID_LENGTH = 40

/** What most events want. */
export const DEFAULT: Rules = {
  access: 'open',
  party_limit: 10,
  opens_at_local: null,
  closes_at_local: null,
  passes: 3,
  offer_hours: 24,
  offer_minutes: 120,
  reconfirm_hours: null,
  questions: [],
}
/** What is proposed to whoever wants people to be asked again. */
const RECONFIRM_HOURS = 48

export const BLANK: Question = { id: '', kind: 'text', label: '', required: false, options: [] }

/** Name of a question's input, which is also how a refusal names it. */
export const inputOf = (n: number, part: keyof Question) => `registration.questions[${n}].${part}`

const known = <T extends string>(all: readonly T[], value: string | undefined) =>
  all.find((it) => it === value) ?? all[0]!
const lines = (text: string | undefined) =>
  (text ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)

/** What the form says. */
export function toRules(values: FormValues): Rules {
  const get = (name: keyof Rules) => values[`registration.${name}`]?.trim() || null
  const number = (name: keyof typeof BOUNDS, otherwise: number) => {
    const text = get(name)
    return text === null ? otherwise : Number(text)
  }
  return {
    access: known(ACCESS, values['registration.access']),
    party_limit: number('party_limit', DEFAULT.party_limit),
    opens_at_local: get('opens_at_local'),
    closes_at_local: get('closes_at_local'),
    passes: number('passes', DEFAULT.passes),
    offer_hours: number('offer_hours', DEFAULT.offer_hours),
    offer_minutes: number('offer_minutes', DEFAULT.offer_minutes),
    reconfirm_hours: values.reconfirm === 'on' ? number('reconfirm_hours', RECONFIRM_HOURS) : null,
    questions: toQuestions(values),
  }
}

function toQuestions(values: FormValues): Question[] {
  const questions: Question[] = []
  for (let n = 0; inputOf(n, 'label') in values; n++) {
    const get = (part: keyof Question) => values[inputOf(n, part)]
    const kind = known(KINDS, get('kind'))
    questions.push({
      id: get('id') ?? '',
      kind,
      label: get('label')?.trim() ?? '',
      required: get('required') === 'on',
      options: kind === 'choice' ? lines(get('options')) : [],
    })
  }
  const taken = new Set(questions.map((question) => question.id))
  return questions.map((question) => {
    if (question.id) return question
    const id = idOf(question.label, taken)
    taken.add(id)
    return { ...question, id }
  })
}

/** A name for a new question that answers can be kept by: its words, as far as they are letters and digits. */
function idOf(label: string, taken: Set<string>): string {
  const words =
    label
      .toLowerCase()
      .replaceAll('ß', 'ss')
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .replace(/[^a-z0-9]+/g, '_')
      .slice(0, ID_LENGTH - 3)
      .replace(/^_+|_+$/g, '') || 'question'
  let id = words
  for (let n = 2; taken.has(id); n++) id = `${words}_${n}`
  return id
}

/** The rules as they stand, in the form's own precision (minutes). */
export function fromRules(stored: Stored): Rules {
  const local = (at: string | null | undefined) => at?.slice(0, 16) ?? null
  return {
    access: stored.access,
    party_limit: stored.party_limit,
    opens_at_local: local(stored.opens_at_local),
    closes_at_local: local(stored.closes_at_local),
    passes: stored.passes,
    offer_hours: stored.offer_hours,
    offer_minutes: stored.offer_minutes,
    reconfirm_hours: stored.reconfirm_hours ?? null,
    questions: stored.questions.map(({ id, kind, label, required, options }) => ({
      id,
      kind,
      label,
      required,
      options,
    })),
  }
}

/** What no single input knows: whether the times are in order, and whether there is something to choose from. */
export function checkRules(values: FormValues, t: Messages): Record<string, string | undefined> {
  const rules = toRules(values)
  const { opens_at_local: opens, closes_at_local: closes } = rules
  const day = (values.starts_at_local ?? '').slice(0, 10)
  const start = values.all_day === 'on' ? `${day}T00:00` : (values.starts_at_local ?? '')
  const wrong: Record<string, string | undefined> = {}
  if (opens && start && opens >= start) {
    wrong['registration.opens_at_local'] = t.errors['registration.opens_at_local.invalid']
  }
  if (closes && ((start && closes > start) || (opens && closes <= opens))) {
    wrong['registration.closes_at_local'] = t.errors['registration.closes_at_local.invalid']
  }
  rules.questions.forEach(({ kind, options }, n) => {
    const fits =
      options.length >= OPTIONS_MIN &&
      options.length <= OPTIONS_MAX &&
      new Set(options).size === options.length &&
      options.every((option) => [...option].length <= OPTION_LENGTH)
    if (kind === 'choice' && !fits) {
      wrong[inputOf(n, 'options')] = t.errors['registration.questions[].options.invalid']
    }
  })
  return wrong
}

/** A day and a time of it, in words: "Tuesday 30 June, 18:00". */
export const momentOf = (
  local: string,
  today: string,
  locale: Locale,
  style: 'long' | 'short' = 'long',
) => `${formatDay(dayOf(local), today, locale, style)}, ${formatTime(local, locale)}`

/** The rules in one line, for whoever has not unfolded them. */
export function summaryOf(rules: Rules, today: string, locale: Locale, t: Messages): string {
  const r = t.editor.registration
  const at = (local: string) => momentOf(local, today, locale, 'short')
  const usual = (['passes', 'offer_hours', 'offer_minutes'] as const).every(
    (name) => rules[name] === DEFAULT[name],
  )
  const parts = [
    r.summary[rules.access],
    rules.party_limit < DEFAULT.party_limit && r.summary.party(rules.party_limit),
    rules.opens_at_local && r.summary.opens(at(rules.opens_at_local)),
    rules.closes_at_local && r.summary.closes(at(rules.closes_at_local)),
    rules.questions.length > 0 && r.summary.questions(rules.questions.length),
    !usual && r.summary.line,
    rules.reconfirm_hours !== null &&
      r.summary.again(formatDuration(rules.reconfirm_hours * 60, locale)),
  ]
  return parts.filter(Boolean).join(' · ')
}

/** When people can register, seen from now. */
export type Window =
  | { kind: 'always' }
  | { kind: 'ahead'; opens: string; closes: string | null }
  | { kind: 'open'; closes: string }
  | { kind: 'closed'; closes: string }

export function windowOf(rules: Stored, now: Date): Window {
  const { opens_at, opens_at_local: opens, closes_at, closes_at_local: closes } = rules
  if (opens && opens_at && Date.parse(opens_at) > now.getTime()) {
    return { kind: 'ahead', opens, closes: closes ?? null }
  }
  if (!closes || !closes_at) return { kind: 'always' }
  return { kind: Date.parse(closes_at) > now.getTime() ? 'open' : 'closed', closes }
}

/** How places are given to the line, in the order of time. Minutes before the start. */
export type Phases = {
  /** Until then a place goes to the next in line by itself. */
  given: number
  /** From then on it is whoever claims a place first; null where that never happens. Less than `given` where places are offered in between. */
  claimed: number | null
}

export function phasesOf({
  offer_hours,
  offer_minutes,
}: Pick<Stored, 'offer_hours' | 'offer_minutes'>): Phases {
  const given = offer_hours * 60
  return { given, claimed: given === 0 ? null : Math.min(given, offer_minutes) }
}

/** How the line works, a sentence for each rule. */
export function lineWords(rules: Stored, locale: Locale, t: Messages): string[] {
  const w = t.event.registration.line
  const long = (minutes: number) => formatDuration(minutes, locale)
  const { given, claimed } = phasesOf(rules)
  const words = [w.order, rules.passes > 0 ? w.passes(rules.passes) : w.noPasses]
  if (claimed === null) words.push(w.alwaysGiven)
  else {
    words.push(w.given(long(given)))
    if (claimed < given) words.push(w.offered(long(rules.offer_minutes)))
    words.push(w.claimed(long(claimed)))
  }
  if (rules.reconfirm_hours != null) {
    const minutes = rules.reconfirm_hours * 60
    words.push(w.again(long(minutes), long(minutes / 2)))
  }
  return words
}
