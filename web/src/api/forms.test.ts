import { describe, expect, it } from 'vitest'
import { en } from '../i18n/en'
import { errorText, toFormErrors } from './forms'
import { ApiError, isRetryable, readProblem, referenceOf } from './problem'

const refused = (
  errors: { field: string; code: string; detail?: string }[],
  code = 'validation_failed',
) => new ApiError({ status: 422, code, errors, trace_id: 't1' })

describe('a refused form', () => {
  it('puts each field’s words on its own input and says nothing twice', () => {
    const errors = toFormErrors(
      refused([
        { field: 'venue.lat', code: 'out_of_range' },
        { field: 'title', code: 'required' },
      ]),
      ['title', 'venue.lat'],
      en,
    )
    expect(errors).toEqual({
      fields: { title: en.errors.required, 'venue.lat': en.errors.out_of_range },
      form: null,
    })
  })
  it('puts the words for a line of a list on the list’s input, whichever list it is', () => {
    const errors = toFormErrors(
      refused([{ field: 'registration.questions[2].options[3]', code: 'invalid' }]),
      ['registration.questions[2].label', 'registration.questions[2].options'],
      en,
    )
    expect(errors).toEqual({
      fields: {
        'registration.questions[2].options': en.errors['registration.questions[].options.invalid'],
      },
      form: null,
    })
  })
  it('says above the form what belongs to no input', () => {
    const errors = toFormErrors(refused([{ field: 'slug', code: 'unknown_field' }]), ['title'], en)
    expect(errors.fields).toEqual({})
    expect(errors.form).toContain('slug')
  })
  it('never shows the server’s detail', () => {
    const error = refused([{ field: 'title', code: 'a_new_code', detail: 'SQL stuff' }])
    const errors = toFormErrors(error, ['title'], en)
    expect(errors.fields.title).toBe(en.errors.invalid)
    expect(JSON.stringify(errors)).not.toContain('SQL')
  })
  it('keeps the general refusal when there are no fields', () => {
    const error = new ApiError({ status: 401, code: 'invalid_credentials' })
    expect(toFormErrors(error, ['email'], en).form).toBe(en.errors.invalid_credentials)
  })
  it('treats a crash in our own code as ours', () => {
    expect(toFormErrors(new TypeError('x is undefined'), [], en).form).toBe(en.errors.internal)
  })
})

describe('words for a code', () => {
  it('fall back to the class of an unknown code', () => {
    expect(errorText(new ApiError({ status: 500, code: 'novel' }), en)).toBe(en.errors.internal)
    expect(errorText(new ApiError({ status: 409, code: 'novel' }), en)).toBe(en.errors.bad_request)
  })
})

describe('reading a problem', () => {
  it('keeps its code, trace and when to try again', () => {
    const response = new Response(null, { status: 503, headers: { 'Retry-After': '7' } })
    expect(
      readProblem({ code: 'unavailable', status: 503, trace_id: 'abc' }, response),
    ).toMatchObject({
      code: 'unavailable',
      trace_id: 'abc',
      retryAfter: 7,
    })
  })
  it('makes one of a proxy’s page', () => {
    expect(readProblem('<html>', new Response(null, { status: 502 })).code).toBe('internal')
    expect(readProblem(undefined, new Response(null, { status: 429 })).code).toBe('rate_limited')
  })
})

it('only what may heal by itself is retried', () => {
  const of = (status: number) => isRetryable(new ApiError({ status, code: 'x' }))
  expect([0, 429, 500, 503].map(of)).toEqual([true, true, true, true])
  expect([400, 401, 404, 409, 412, 422].some(of)).toBe(false)
})

describe('the reference', () => {
  it('is the server’s trace id', () => {
    expect(referenceOf(refused([]))).toBe('t1')
  })
  it('else is made once per error', () => {
    const error = new Error('boom')
    expect(referenceOf(error)).toMatch(/^web-[0-9a-f]{8}$/)
    expect(referenceOf(error)).toBe(referenceOf(error))
    expect(referenceOf(new Error('boom'))).not.toBe(referenceOf(error))
  })
})
