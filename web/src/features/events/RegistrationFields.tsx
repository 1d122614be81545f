import ArrowDown from 'lucide-react/icons/arrow-down'
import ArrowUp from 'lucide-react/icons/arrow-up'
import ChevronDown from 'lucide-react/icons/chevron-down'
import Plus from 'lucide-react/icons/plus'
import X from 'lucide-react/icons/x'
import { useId, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { useI18n } from '../../i18n'
import { todayIn } from '../../i18n/dates'
import { Button } from '../../ui/Button'
import { CheckField, SelectField, TextArea, TextField } from '../../ui/Field'
import { formValues, type useForm } from '../../ui/useForm'
import {
  ACCESS,
  BLANK,
  BOUNDS,
  inputOf,
  KINDS,
  MOST_QUESTIONS,
  summaryOf,
  toRules,
  type Question,
  type Rules,
} from './registration'
import s from './RegistrationFields.module.css'

type Form = ReturnType<typeof useForm>
type Item = { key: number; question: Question }

/** How people come to a place. Most events want what is usual, so it is folded up, with one line that says what is set. */
export function RegistrationFields(props: {
  form: Form
  initial: Rules
  timezone: string
  unfolded: boolean
  onUnfold: (unfolded: boolean) => void
  /** Something has changed without anything having been typed. */
  onChange?: () => void
}) {
  const { form, initial } = props
  const { t, locale } = useI18n()
  const r = t.editor.registration
  // What stands in the inputs, for the summary and for what depends on it.
  const [rules, setRules] = useState(initial)
  const [today] = useState(() => todayIn(props.timezone, new Date()))
  // A refusal unfolds the section; whoever folds it up again has seen it.
  const [seen, setSeen] = useState(form.errors)
  const refused = Object.keys(form.errors.fields).some((name) => name.startsWith('registration.'))
  const open = props.unfolded || (refused && seen !== form.errors)

  const number = (name: keyof typeof BOUNDS, initially: number) => ({
    ...form.field(`registration.${name}`),
    type: 'number',
    inputMode: 'numeric' as const,
    min: BOUNDS[name][0],
    max: BOUNDS[name][1],
    step: 1,
    defaultValue: initially,
    required: true,
  })

  return (
    <details
      className={s.fold}
      open={open}
      onToggle={(event) => {
        const unfolded = event.currentTarget.open
        if (!unfolded) setSeen(form.errors)
        props.onUnfold(unfolded)
      }}
      onInput={(event) => {
        const element = event.currentTarget.closest('form')
        if (element) setRules(toRules(formValues(element)))
      }}
    >
      <summary className={s.head}>
        <span className={s.title}>{r.title}</span>
        <ChevronDown aria-hidden="true" className={s.chevron} />
        <span className={s.summary}>{summaryOf(rules, today, locale, t)}</span>
      </summary>
      <div className={s.body}>
        <fieldset className={s.group}>
          <legend>{r.access}</legend>
          {ACCESS.map((access) => (
            <Option
              key={access}
              name="registration.access"
              value={access}
              label={r.accessOf[access]}
              hint={r.accessHint[access]}
              defaultChecked={initial.access === access}
            />
          ))}
        </fieldset>

        <fieldset className={s.group}>
          <legend>{r.when}</legend>
          <div className={s.row}>
            <TextField
              {...form.field('registration.opens_at_local')}
              label={r.opens}
              hint={r.opensHint}
              type="datetime-local"
              defaultValue={initial.opens_at_local ?? ''}
            />
            <TextField
              {...form.field('registration.closes_at_local')}
              label={r.closes}
              hint={r.closesHint}
              type="datetime-local"
              defaultValue={initial.closes_at_local ?? ''}
            />
          </div>
          <div className={s.row}>
            <TextField
              {...number('party_limit', initial.party_limit)}
              label={r.party}
              hint={r.partyHint}
            />
          </div>
        </fieldset>

        <Questions
          form={form}
          initial={initial.questions}
          onChange={(questions) => {
            setRules((rules) => ({ ...rules, questions }))
            props.onChange?.()
          }}
        />

        <fieldset className={s.group}>
          <legend>{r.line}</legend>
          <p className={s.hint}>{r.lineHint}</p>
          <div className={s.row}>
            <TextField {...number('passes', initial.passes)} label={r.passes} hint={r.passesHint} />
          </div>
          <div className={s.row}>
            <TextField
              {...number('offer_hours', initial.offer_hours)}
              label={r.offerHours}
              hint={r.offerHoursHint}
            />
            <TextField
              {...number('offer_minutes', initial.offer_minutes)}
              label={r.offerMinutes}
              hint={r.offerMinutesHint}
            />
          </div>
          <CheckField
            name="reconfirm"
            label={r.again}
            defaultChecked={initial.reconfirm_hours !== null}
          />
          {rules.reconfirm_hours !== null && (
            <div className={s.row}>
              <TextField
                {...number('reconfirm_hours', initial.reconfirm_hours ?? rules.reconfirm_hours)}
                label={r.againHours}
                hint={r.againHint}
              />
            </div>
          )}
        </fieldset>
      </div>
    </details>
  )
}

function Option(props: {
  name: string
  value: string
  label: string
  hint: string
  defaultChecked: boolean
}) {
  const { label, hint, ...input } = props
  const id = useId()
  return (
    <div className={s.option}>
      <input {...input} type="radio" id={id} aria-describedby={`${id}-hint`} />
      <label htmlFor={id}>{label}</label>
      <p id={`${id}-hint`} className={s.hint}>
        {hint}
      </p>
    </div>
  )
}

/** The questions in their order. Inputs keep what is typed while they move; their names follow their place. */
function Questions(props: {
  form: Form
  initial: Question[]
  onChange: (questions: Question[]) => void
}) {
  const { t } = useI18n()
  const r = t.editor.registration
  const root = useRef<HTMLFieldSetElement>(null)
  const [items, setItems] = useState(() =>
    props.initial.map((question, key): Item => ({ key, question })),
  )
  const [said, setSaid] = useState('')

  /** The inputs' names change with it, so what they say is read afterwards, and the keyboard goes where `focus` says. */
  function change(next: Item[], focus: string, words = '') {
    flushSync(() => {
      setItems(next)
      setSaid(words)
    })
    const form = root.current?.closest('form')
    if (form) props.onChange(toRules(formValues(form)).questions)
    root.current?.querySelector<HTMLElement>(`:is(${focus}):enabled`)?.focus()
  }

  function add() {
    const key = Math.max(-1, ...items.map((item) => item.key)) + 1
    change([...items, { key, question: BLANK }], `[data-key="${key}"] input:not([type=hidden])`)
  }

  function remove(index: number) {
    const next = items.filter((_, n) => n !== index)
    const near = next[Math.min(index, next.length - 1)]
    change(next, near ? `[data-key="${near.key}"] [data-do="remove"]` : '[data-do="add"]')
  }

  function move(index: number, by: 1 | -1) {
    const moved = items[index]!
    const next = items.filter((_, n) => n !== index)
    next.splice(index + by, 0, moved)
    const name = by === 1 ? 'down' : 'up'
    const atEdge = index + by === (by === 1 ? next.length - 1 : 0)
    const button = atEdge ? (by === 1 ? 'up' : 'down') : name
    change(
      next,
      `[data-key="${moved.key}"] [data-do="${button}"]`,
      r.moved(index + by + 1, next.length),
    )
  }

  return (
    <fieldset className={s.group} ref={root}>
      <legend>{r.questions}</legend>
      <p className={s.hint}>{r.questionsHint}</p>
      {items.length > 0 && (
        <ol className={s.questions} role="list">
          {items.map(({ key, question }, index) => (
            <li key={key} data-key={key}>
              <fieldset className={s.question}>
                <legend className="vh">{r.question(index + 1)}</legend>
                <div className={s.bar}>
                  <span aria-hidden="true">{r.question(index + 1)}</span>
                  <button
                    type="button"
                    data-do="up"
                    aria-label={r.up(index + 1)}
                    disabled={index === 0}
                    onClick={() => move(index, -1)}
                  >
                    <ArrowUp aria-hidden="true" />
                  </button>
                  <button
                    type="button"
                    data-do="down"
                    aria-label={r.down(index + 1)}
                    disabled={index === items.length - 1}
                    onClick={() => move(index, 1)}
                  >
                    <ArrowDown aria-hidden="true" />
                  </button>
                  <button
                    type="button"
                    data-do="remove"
                    aria-label={r.remove(index + 1)}
                    onClick={() => remove(index)}
                  >
                    <X aria-hidden="true" />
                  </button>
                </div>
                <QuestionFields form={props.form} index={index} initial={question} />
              </fieldset>
            </li>
          ))}
        </ol>
      )}
      <p className="vh" role="status">
        {said}
      </p>
      {items.length < MOST_QUESTIONS && (
        <div>
          <Button size="small" data-do="add" onClick={add}>
            <Plus aria-hidden="true" />
            {r.add}
          </Button>
        </div>
      )}
    </fieldset>
  )
}

function QuestionFields(props: { form: Form; index: number; initial: Question }) {
  const { index, initial } = props
  const { t } = useI18n()
  const r = t.editor.registration
  const [kind, setKind] = useState(initial.kind)
  const field = (part: keyof Question) => props.form.field(inputOf(index, part))
  return (
    <>
      <input type="hidden" name={inputOf(index, 'id')} value={initial.id} />
      <TextField
        {...field('label')}
        error={field('label').error ?? field('id').error}
        label={r.label}
        defaultValue={initial.label}
        maxLength={300}
        required
      />
      <div className={s.row}>
        <SelectField
          {...field('kind')}
          label={r.kind}
          value={kind}
          onChange={(event) =>
            setKind(KINDS.find((kind) => kind === event.target.value) ?? initial.kind)
          }
        >
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {r.kindOf[kind]}
            </option>
          ))}
        </SelectField>
        <div className={s.check}>
          <CheckField
            name={inputOf(index, 'required')}
            label={kind === 'consent' ? r.requiredConsent : r.required}
            defaultChecked={initial.required}
          />
        </div>
      </div>
      {kind === 'choice' && (
        <div className={s.options}>
          <TextArea
            {...field('options')}
            label={r.options}
            hint={r.optionsHint}
            defaultValue={initial.options.join('\n')}
            rows={4}
            required
          />
        </div>
      )}
    </>
  )
}
