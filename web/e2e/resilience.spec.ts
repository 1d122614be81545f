import { expect, test } from '@playwright/test'
import { openEvent, placeOf, publishedEvent, someone, unique } from './helpers'

const problem = (status: number, code: string) => ({
  status,
  contentType: 'application/problem+json',
  body: JSON.stringify({
    type: `/errors/${code}`,
    title: 'x',
    status,
    detail: 'internal detail that nobody should read',
    code,
    trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
  }),
})

test('a lost answer is retried under the same key', async ({ browser }) => {
  const { page } = await someone(browser, 'Retry')
  const id = await publishedEvent(page, { title: unique('Keyed '), capacity: 5 })
  await openEvent(page, id)
  const keys: (string | undefined)[] = []
  await page.route('**/join', async (route) => {
    keys.push(route.request().headers()['idempotency-key'])
    if (keys.length === 1) await route.abort('connectionreset')
    else await route.continue()
  })
  const button = placeOf(page).getByRole('button', { name: 'Take a place' })
  await button.click()
  await expect(placeOf(page).getByRole('alert')).toContainText('can’t take a second place')
  await button.click()
  await expect(placeOf(page)).toContainText('You’re in.')
  expect(keys).toHaveLength(2)
  expect(keys[0]).toBeTruthy()
  expect(keys[0]).toBe(keys[1])
})

test('a failing list says what to quote, and heals on retry', async ({ page }) => {
  let failing = true
  await page.route('**/api/v1/events?*', (route) =>
    failing ? route.fulfill(problem(500, 'internal')) : route.continue(),
  )
  await page.goto('/')
  const alert = page.getByRole('alert')
  await expect(alert).toContainText('Reference 4bf92f3577b34da6a3ce929d0e0e4736', {
    timeout: 15_000,
  })
  await expect(alert).not.toContainText('internal detail')
  failing = false
  await alert.getByRole('button', { name: 'Try again' }).click()
  await expect(alert).toBeHidden()
})

test('an event page without its places still shows the event', async ({ browser }) => {
  const { page } = await someone(browser, 'Degrade')
  const title = unique('Degraded ')
  const id = await publishedEvent(page, { title, capacity: 5 })
  await page.route(`**/api/v1/events/${id}`, async (route) => {
    const response = await route.fetch()
    const body = (await response.json()) as Record<string, unknown>
    const actions = {
      can_join: false,
      can_leave: false,
      can_edit: false,
      can_check_in: false,
      reason: 'unavailable',
    }
    await route.fulfill({
      response,
      json: {
        ...body,
        places: null,
        participation: null,
        actions,
        degraded: ['places', 'participation'],
      },
    })
  })
  await page.route('**/live', (route) => route.abort())
  await page.goto(`/events/${id}`)
  await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible()
  await expect(placeOf(page)).toContainText('can’t be said right now')
  await expect(placeOf(page).getByRole('button', { name: 'Take a place' })).toBeVisible()
})

test('offline is said, and the page stays', async ({ page, context }) => {
  await page.goto('/')
  await expect(page.getByRole('region', { name: 'Events' })).toBeVisible()
  await context.setOffline(true)
  await expect(page.getByText('You’re offline. What you see may be old.')).toBeVisible()
  await context.setOffline(false)
  await expect(page.getByText('You’re offline.')).toBeHidden()
})

test('pages for the signed-in lead to the sign-in and back', async ({ page }) => {
  await page.goto('/me/places?when=past')
  await expect(page).toHaveURL(/sign-in\?next=%2Fme%2Fplaces/)
})

test('a link preview does not use up a verification link', async ({ page }) => {
  const posts: string[] = []
  page.on('request', (request) => {
    if (request.method() === 'POST') posts.push(request.url())
  })
  await page.goto('/verify-email?token=abc')
  await expect(page.getByRole('button', { name: 'Confirm my address' })).toBeVisible()
  expect(posts).toEqual([])
})

test('the interface speaks German when asked to, and remembers', async ({ page }) => {
  await page.goto('/')
  await page.getByRole('combobox', { name: 'Language', exact: true }).selectOption('de')
  await expect(page.getByRole('searchbox', { name: 'Events suchen' })).toBeVisible()
  await page.reload()
  await expect(page.locator('html')).toHaveAttribute('lang', 'de')
})
