import type { Messages } from '../i18n/en'
import { ApiError } from './problem'

export type FormErrors = { fields: Record<string, string>; form: string | null }
export const NO_ERRORS: FormErrors = { fields: {}, form: null }

/** Words for a field's refusal: the field's own, else the code's, else the general ones; never `detail`. */
export function textFor(field: string, code: string, t: Messages): string {
  const own = `${field.replace(/\[\d+\]/g, '[]')}.${code}`
  return t.errors[own] ?? t.errors[code] ?? t.errors.invalid!
}

/** The input that bears a field: its own, or that of the list which the field is a line of. */
const inputFor = (field: string, inputs: readonly string[]) =>
  inputs.find((input) => input === field) ?? inputs.find((input) => field.startsWith(`${input}[`))

/** Words for anything that can be thrown by a request. */
export function errorText(error: unknown, t: Messages): string {
  if (!(error instanceof ApiError)) return t.errors.internal!
  const own = t.errors[error.code]
  if (own) return own
  return error.status >= 500 ? t.errors.internal! : t.errors.bad_request!
}

/**
 * The one place where a problem becomes a form's messages: each `errors[].field` lands on the input of
 * that name; what no input of the form bears is said above the form, so nothing gets lost.
 */
export function toFormErrors(error: unknown, inputs: readonly string[], t: Messages): FormErrors {
  if (!(error instanceof ApiError)) return { fields: {}, form: t.errors.internal! }
  const fields: Record<string, string> = {}
  const rest: string[] = []
  for (const item of error.problem.errors ?? []) {
    const name = inputFor(item.field, inputs)
    if (name) fields[name] ??= textFor(name, item.code, t)
    else rest.push(`${item.field}: ${textFor(item.field, item.code, t)}`)
  }
  const onlyFields = Object.keys(fields).length > 0 && rest.length === 0
  if (onlyFields && error.code === 'validation_failed') return { fields, form: null }
  return { fields, form: [errorText(error, t), ...rest].join(' ') }
}
