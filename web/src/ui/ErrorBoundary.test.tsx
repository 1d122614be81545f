import { act, cleanup, render, screen } from '@testing-library/react'
import { afterEach, expect, it, vi } from 'vitest'
import { ApiError, referenceOf } from '../api/problem'
import { I18nProvider } from '../i18n'
import { en } from '../i18n/en'
import { ErrorBoundary } from './ErrorBoundary'
import { Widget } from './Widget'

afterEach(() => {
  cleanup()
  vi.restoreAllMocks()
})

function quiet() {
  return vi.spyOn(console, 'error').mockImplementation(() => {})
}

it('a crashed widget shows a reference that is also in the log, and the rest stands', () => {
  const log = quiet()
  const error = new Error('boom')
  function Broken(): never {
    throw error
  }
  render(
    <I18nProvider locale="en" messages={en}>
      <p>The rest of the page</p>
      <Widget>
        <Broken />
      </Widget>
    </I18nProvider>,
  )
  const reference = referenceOf(error)
  expect(screen.getByText(`Reference ${reference}`)).toBeTruthy()
  expect(screen.getByText('The rest of the page')).toBeTruthy()
  expect(log.mock.calls.some((call) => String(call[0]).includes(reference))).toBe(true)
})

it('a failed request shows the server’s trace id', () => {
  quiet()
  function Broken(): never {
    throw new ApiError({ status: 500, code: 'internal', trace_id: '4bf92f3577b34da6' })
  }
  render(
    <I18nProvider locale="en" messages={en}>
      <Widget>
        <Broken />
      </Widget>
    </I18nProvider>,
  )
  expect(screen.getByText('Reference 4bf92f3577b34da6')).toBeTruthy()
})

it('trying again shows the part once it is well', () => {
  quiet()
  let well = false
  function Moody() {
    if (!well) throw new Error('not yet')
    return <p>All good</p>
  }
  render(
    <I18nProvider locale="en" messages={en}>
      <Widget>
        <Moody />
      </Widget>
    </I18nProvider>,
  )
  well = true
  act(() => screen.getByRole('button', { name: 'Try again' }).click())
  expect(screen.getByText('All good')).toBeTruthy()
})

it('a change of place clears the error', () => {
  quiet()
  function Page({ bad }: { bad: boolean }) {
    if (bad) throw new Error('bad page')
    return <p>Next page</p>
  }
  const at = (bad: boolean, key: string) => (
    <ErrorBoundary resetKey={key} fallback={() => <p>Broken page</p>}>
      <Page bad={bad} />
    </ErrorBoundary>
  )
  const view = render(at(true, '/a'))
  expect(screen.getByText('Broken page')).toBeTruthy()
  view.rerender(at(false, '/b'))
  expect(screen.getByText('Next page')).toBeTruthy()
})
