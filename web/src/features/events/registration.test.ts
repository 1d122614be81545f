import { describe, expect, it } from 'vitest'
import type { EventView } from '../../api/types'
import { en } from '../../i18n/en'
import {
  checkRules,
  DEFAULT,
  fromRules,
  lineWords,
  phasesOf,
  summaryOf,
  toRules,
  windowOf,
} from './registration'

const values = {
  starts_at_local: '2027-06-12T19:00',
  'registration.access': 'approval',
  'registration.party_limit': '4',
  'registration.opens_at_local': '2027-06-01T10:00',
  'registration.closes_at_local': '',
  'registration.passes': '0',
  'registration.offer_hours': '48',
  'registration.offer_minutes': '30',
  reconfirm: 'on',
  'registration.reconfirm_hours': '72',
  'registration.questions[0].id': 'meal',
  'registration.questions[0].label': ' What will you eat? ',
  'registration.questions[0].kind': 'choice',
  'registration.questions[0].required': 'on',
  'registration.questions[0].options': 'Soup \n\n Bread\n',
  'registration.questions[1].id': '',
  'registration.questions[1].label': 'Größe?',
  'registration.questions[1].kind': 'text',
}

const stored: EventView['registration'] = {
  ...DEFAULT,
  questions: [],
  opens_at: null,
  closes_at: null,
}

describe('rules from the form', () => {
  it('are all there, as the API wants them', () => {
    expect(toRules(values)).toEqual({
      access: 'approval',
      party_limit: 4,
      opens_at_local: '2027-06-01T10:00',
      closes_at_local: null,
      passes: 0,
      offer_hours: 48,
      offer_minutes: 30,
      reconfirm_hours: 72,
      questions: [
        {
          id: 'meal',
          kind: 'choice',
          label: 'What will you eat?',
          required: true,
          options: ['Soup', 'Bread'],
        },
        { id: 'grosse', kind: 'text', label: 'Größe?', required: false, options: [] },
      ],
    })
  })
  it('are the usual ones where nothing is said', () => {
    expect(toRules({})).toEqual(DEFAULT)
    expect(toRules({ ...values, reconfirm: '' }).reconfirm_hours).toBeNull()
  })
  it('give each new question an id of its own, and keep those that there are', () => {
    const question = (n: number, id: string, label: string) => ({
      [`registration.questions[${n}].id`]: id,
      [`registration.questions[${n}].label`]: label,
    })
    const ids = toRules({
      ...question(0, '', 'Meal?'),
      ...question(1, 'meal', 'Something else by now'),
      ...question(2, '', 'meal'),
      ...question(3, '', '你好'),
      ...question(4, '', `${'very '.repeat(20)}long`),
    }).questions.map((it) => it.id)
    expect(ids).toEqual([
      'meal_2',
      'meal',
      'meal_3',
      'question',
      'very_very_very_very_very_very_very_ve',
    ])
    expect(ids.every((id) => /^[a-z0-9_]{1,40}$/.test(id))).toBe(true)
  })
  it('come back as they were stored, in minutes', () => {
    const rules = toRules(values)
    const shown = fromRules({
      ...rules,
      opens_at_local: '2027-06-01T10:00:00',
      opens_at: '2027-06-01T08:00:00Z',
      closes_at: null,
    })
    expect(JSON.stringify(shown)).toBe(JSON.stringify(rules))
  })
})

describe('what no single input knows', () => {
  const wrong = (changes: Record<string, string>) =>
    Object.entries(checkRules({ ...values, ...changes }, en))
      .filter(([, message]) => message)
      .map(([name]) => name)
  const closes = 'registration.closes_at_local'
  const options = 'registration.questions[0].options'
  it('is fine as it is', () => {
    expect(wrong({})).toEqual([])
    expect(wrong({ [closes]: '2027-06-12T19:00' })).toEqual([])
    expect(wrong({ all_day: 'on', [closes]: '2027-06-12T00:00' })).toEqual([])
  })
  it('is whether the times are in order', () => {
    expect(wrong({ [closes]: '2027-06-12T19:01' })).toEqual([closes])
    expect(wrong({ [closes]: '2027-06-01T10:00' })).toEqual([closes])
    expect(wrong({ all_day: 'on', [closes]: '2027-06-12T00:01' })).toEqual([closes])
    const opens = 'registration.opens_at_local'
    expect(wrong({ [opens]: '2027-06-12T19:00' })).toEqual([opens])
  })
  it('is whether there is something to choose from', () => {
    const many = (n: number) => Array.from({ length: n }, (_, i) => `${i}`).join('\n')
    for (const bad of ['Soup', 'Soup\nSoup ', many(21), `Soup\n${'x'.repeat(101)}`]) {
      expect(wrong({ [options]: bad })).toEqual([options])
    }
    expect(wrong({ [options]: many(20) })).toEqual([])
    expect(wrong({ [options]: 'Soup', 'registration.questions[0].kind': 'text' })).toEqual([])
  })
})

it('the folded form says in one line what is set', () => {
  const say = (rules: typeof DEFAULT) => summaryOf(rules, '2027-05-01', 'en', en)
  expect(say(DEFAULT)).toBe('Open to everyone')
  expect(say(toRules(values))).toBe(
    'You approve each request · groups of up to 4 · opens Tue 1 Jun, 10:00 · 2 questions · own rules for the line · asks again 72 hours before',
  )
})

describe('the window of registration', () => {
  const times = {
    ...stored,
    opens_at_local: '2027-06-01T10:00:00',
    opens_at: '2027-06-01T08:00:00Z',
    closes_at_local: '2027-06-10T18:00:00',
    closes_at: '2027-06-10T16:00:00Z',
  }
  const at = (rules: typeof stored, now: string) => windowOf(rules, new Date(now)).kind
  it('is ahead, open, or closed', () => {
    expect(at(times, '2027-06-01T07:59:59Z')).toBe('ahead')
    expect(at(times, '2027-06-01T08:00:00Z')).toBe('open')
    expect(at(times, '2027-06-10T16:00:00Z')).toBe('closed')
  })
  it('is nothing to speak of without an end', () => {
    expect(at(stored, '2027-06-01T08:00:00Z')).toBe('always')
    const open = { ...times, closes_at_local: null, closes_at: null }
    expect(at(open, '2027-06-01T08:00:00Z')).toBe('always')
    expect(windowOf(open, new Date('2027-06-01T07:00:00Z'))).toEqual({
      kind: 'ahead',
      opens: '2027-06-01T10:00:00',
      closes: null,
    })
  })
})

describe('how the line works', () => {
  it('has up to three phases', () => {
    expect(phasesOf({ offer_hours: 24, offer_minutes: 120 })).toEqual({ given: 1440, claimed: 120 })
    expect(phasesOf({ offer_hours: 1, offer_minutes: 120 })).toEqual({ given: 60, claimed: 60 })
    expect(phasesOf({ offer_hours: 0, offer_minutes: 120 })).toEqual({ given: 0, claimed: null })
  })
  it('is said in plain words, with the event’s own numbers', () => {
    const words = (rules: Partial<typeof stored>) => lineWords({ ...stored, ...rules }, 'en', en)
    const usual = words({}).join(' ')
    for (const part of ['at most 3 times', 'Until 24 hours', 'has 2 hours', 'last 2 hours']) {
      expect(usual).toContain(part)
    }
    expect(words({ offer_hours: 1 }).join(' ')).not.toContain('offered')
    expect(words({ offer_hours: 0 }).at(-1)).toBe(en.event.registration.line.alwaysGiven)
    expect(words({ passes: 0 })[1]).toBe(en.event.registration.line.noPasses)
    expect(words({ reconfirm_hours: 3 }).at(-1)).toContain('within 1 hour 30 minutes')
  })
})
