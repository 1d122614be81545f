import { useState, type FormEvent } from 'react'
import { flushSync } from 'react-dom'
import { NO_ERRORS, toFormErrors, type FormErrors } from '../api/forms'
import { useT } from '../i18n'
import type { Messages } from '../i18n/en'

export type FormValues = Record<string, string>

/** What stands in a form's inputs. */
export function formValues(form: HTMLFormElement): FormValues {
  const values: FormValues = {}
  for (const [name, value] of new FormData(form)) {
    if (typeof value === 'string') values[name] = value
  }
  return values
}

/** The browser's own verdict on an input, in our words and languages. */
export function nativeError(validity: ValidityState, type: string, t: Messages): string | null {
  if (validity.valid) return null
  if (validity.valueMissing) return t.errors.required!
  if (validity.typeMismatch) return type === 'url' ? t.errors.invalid_url! : t.errors.invalid_email!
  if (validity.tooShort) return t.errors.too_short!
  if (validity.tooLong) return t.errors.too_long!
  if (validity.rangeUnderflow) return t.errors.too_small!
  if (validity.rangeOverflow) return t.errors.too_large!
  return t.errors.invalid!
}

type Options = {
  submit: (values: FormValues, form: HTMLFormElement) => Promise<void>
  /** Rules that span inputs; name → message. */
  check?: (values: FormValues) => Record<string, string | undefined>
}

/**
 * A native form: values come from FormData, simple rules from the inputs' own attributes, the server's
 * refusals from its problem. The first offending input gets the focus.
 */
export function useForm({ submit, check }: Options) {
  const t = useT()
  const [errors, setErrors] = useState<FormErrors>(NO_ERRORS)
  const [busy, setBusy] = useState(false)

  function show(next: FormErrors, form: HTMLFormElement) {
    // On the page before the focus goes there: on a busy device the next frame may come first.
    flushSync(() => setErrors(next))
    const first = form.querySelector<HTMLElement>('[aria-invalid="true"]')
    ;(first ?? form.querySelector<HTMLElement>('[role="alert"]'))?.focus()
  }

  async function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    if (busy) return
    const form = event.currentTarget
    const values = formValues(form)
    const fields: Record<string, string> = {}
    const names: string[] = []
    for (const element of form.elements) {
      if (!(element instanceof HTMLElement) || !('validity' in element)) continue
      const input = element as HTMLInputElement
      if (!input.name) continue
      names.push(input.name)
      const message = nativeError(input.validity, input.type, t)
      if (message) fields[input.name] = message
    }
    for (const [name, message] of Object.entries(check?.(values) ?? {})) {
      if (message) fields[name] ??= message
    }
    if (Object.keys(fields).length > 0) return show({ fields, form: null }, form)
    setErrors(NO_ERRORS)
    setBusy(true)
    try {
      await submit(values, form)
    } catch (error) {
      show(toFormErrors(error, names, t), form)
    } finally {
      setBusy(false)
    }
  }

  return {
    busy,
    errors,
    props: { onSubmit, noValidate: true },
    field: (name: string) => ({ name, error: errors.fields[name] }),
  }
}
