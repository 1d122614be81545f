import { useId } from 'react'
import { useT } from '../../i18n'
import { CheckField, SelectField, TextField } from '../../ui/Field'
import f from '../../ui/Field.module.css'
import type { useForm } from '../../ui/useForm'
import { inputOf } from './join'
import s from './JoinDialog.module.css'
import type { Question } from './rules'

/** More than that is easier to choose from a list. */
const MOST_RADIOS = 5

type Form = ReturnType<typeof useForm>

/** The organiser's questions, under a heading of their own. */
export function QuestionSection(props: { form: Form; questions: Question[] }) {
  const { questions: title } = useT().place.form
  if (props.questions.length === 0) return null
  return (
    <section className={s.questions} aria-label={title}>
      <h3>{title}</h3>
      <QuestionFields {...props} />
    </section>
  )
}

/** The organiser's questions. */
export function QuestionFields(props: {
  form: Form
  questions: Question[]
  initial?: Record<string, unknown>
}) {
  const t = useT()
  return props.questions.map((question) => {
    const { label, required, kind, options } = question
    const given = props.initial?.[question.id]
    const field = { ...props.form.field(inputOf(question)), label, required }
    const text = typeof given === 'string' ? given : ''
    if (kind === 'text') {
      return <TextField key={question.id} {...field} defaultValue={text} maxLength={500} />
    }
    if (kind === 'consent') {
      return <Consent key={question.id} {...field} defaultChecked={given === true} />
    }
    if (options.length <= MOST_RADIOS) {
      return <Radios key={question.id} {...field} options={options} chosen={text} />
    }
    return (
      <SelectField key={question.id} {...field} defaultValue={text}>
        <option value="">{required ? t.place.form.choose : t.place.form.none}</option>
        {options.map((option) => (
          <option key={option}>{option}</option>
        ))}
      </SelectField>
    )
  })
}

type Field = { name: string; label: string; required: boolean; error?: string }

function Radios({ options, chosen, ...field }: Field & { options: string[]; chosen: string }) {
  const t = useT()
  const id = useId()
  // Who need not choose can also take a choice back.
  const offered = field.required ? options : ['', ...options]
  return (
    <fieldset className={s.radios} aria-describedby={field.error && `${id}-error`}>
      <legend className={f.label}>
        {field.label}
        {!field.required && <span className={f.optional}>{t.common.optional}</span>}
      </legend>
      {offered.map((option) => (
        <label key={option} className={s.radio}>
          <input
            type="radio"
            name={field.name}
            value={option}
            required={field.required}
            defaultChecked={option === chosen}
            aria-invalid={field.error ? true : undefined}
          />
          <span>{option || t.place.form.none}</span>
        </label>
      ))}
      <Fault id={id} error={field.error} />
    </fieldset>
  )
}

function Consent({ error, label, ...input }: Field & { defaultChecked: boolean }) {
  const t = useT()
  const id = useId()
  return (
    <div className={f.field}>
      <CheckField
        {...input}
        label={
          <>
            {label} {!input.required && <span className={f.optional}>({t.common.optional})</span>}
          </>
        }
        aria-invalid={error ? true : undefined}
        aria-describedby={error && `${id}-error`}
      />
      <Fault id={id} error={error} />
    </div>
  )
}

function Fault({ id, error }: { id: string; error?: string }) {
  return error ? (
    <div id={`${id}-error`} className={f.error}>
      {error}
    </div>
  ) : null
}
