import type { JoinWish } from '../../api/types'
import type { FormValues } from '../../ui/useForm'
import type { Question } from './rules'

export type Answers = Record<string, string | boolean>

/** Name of a question's input, which is also how a refusal names it. */
export const inputOf = (question: Pick<Question, 'id'>) => `answers.${question.id}`
export const guestInput = (n: number) => `guests[${n}]`

/** The answers in a form: what is blank is none, and a consent is a no unless it is ticked. */
export function toAnswers(values: FormValues, questions: Question[]): Answers {
  const answers: Answers = {}
  for (const question of questions) {
    const value = values[inputOf(question)]?.trim() ?? ''
    if (question.kind === 'consent') answers[question.id] = value === 'on'
    else if (value) answers[question.id] = value
  }
  return answers
}

/** What a form asks for. Nothing is sent that was not asked, so that a single click and a plain form mean the same. */
export function toJoin(
  values: FormValues,
  questions: Question[],
  invitation: string | null,
): JoinWish {
  const party = Number(values.party_size) || 1
  const guests = Array.from({ length: party - 1 }, (_, n) => values[guestInput(n)]?.trim() ?? '')
  const named = guests.filter(Boolean)
  const code = invitation ?? values.invitation?.trim()
  const wish: JoinWish = {}
  if (party > 1) {
    wish.party_size = party
    if (values.partial === 'on') wish.at_least = Math.min(party, Number(values.at_least) || 1)
    if (named.length > 0) wish.guests = named
  }
  if (questions.length > 0) wish.answers = toAnswers(values, questions)
  if (code) wish.invitation = code
  if (values.leave_other_lines === 'on') wish.leave_other_lines = true
  return wish
}
