import { expect, type APIRequestContext, type Browser, type Page } from '@playwright/test'

export const PASSWORD = 'lantern walrus quarry 42'

let counter = 0
/** A word that no other run or test has used. */
export const unique = (word: string) => `${word}${Date.now().toString(36)}${counter++}`

/** Asks again until the answer is there: mail and search follow their cause a moment later. */
async function eventually<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 20_000
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > deadline) throw new Error(`${what} did not come`)
    await new Promise((resolve) => setTimeout(resolve, 150))
  }
}

type MailList = { items: { id: string; to: string; subject: string }[] }

/** The newest mail to an address with a link to `page`, and the path of that link. */
export function mailWithLink(request: APIRequestContext, to: string, page: string) {
  return eventually(`mail to ${to}`, async () => {
    const list = (await (await request.get('/api/v1/dev/mails?limit=100')).json()) as MailList
    for (const mail of list.items.filter((item) => item.to.includes(to))) {
      const { text } = (await (await request.get(`/api/v1/dev/mails/${mail.id}`)).json()) as {
        text: string
      }
      const link = new RegExp(`https?://\\S+?(/${page}\\?token=[\\w.~-]+)`).exec(text)
      if (link) return { id: mail.id, path: link[1] }
    }
    return undefined
  })
}

/** Waits for a mail to an address whose subject contains the words. */
export function mailTo(request: APIRequestContext, to: string, words: string) {
  return eventually(`mail “${words}” to ${to}`, async () => {
    const list = (await (await request.get('/api/v1/dev/mails?limit=100')).json()) as MailList
    return list.items.find((item) => item.to.includes(to) && item.subject.includes(words))
  })
}

export async function post(
  page: Page,
  path: string,
  data: unknown,
  headers: Record<string, string> = {},
) {
  const { origin } = new URL(page.url())
  const response = await page.request.post(path, { data, headers: { origin, ...headers } })
  expect(response.ok(), `${path}: ${response.status()} ${await response.text()}`).toBe(true)
  return response
}

/** Somebody with a confirmed address, signed in, in a browser of their own. */
export async function someone(browser: Browser, name: string) {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto('/sign-in')
  const email = `${unique(name.toLowerCase())}@example.org`
  await post(page, '/api/v1/auth/register', { email, password: PASSWORD, display_name: name })
  const { path } = await mailWithLink(page.request, email, 'verify-email')
  const token = new URL(path!, page.url()).searchParams.get('token')
  await post(page, '/api/v1/auth/verify-email', { token })
  await post(page, '/api/v1/auth/login', { email, password: PASSWORD })
  return { page, email, context }
}

export type Draft = {
  title: string
  capacity?: number | null
  description?: string
  city?: string
  starts_at_local?: string
  ends_at_local?: string
  registration?: Record<string, unknown>
}

/** What the clocks of the events' city show in so many hours. */
export function localIn(hours: number): string {
  const at = new Date(Date.now() + hours * 3_600_000)
  // Swedish writes dates as ISO 8601 does.
  return at.toLocaleString('sv', { timeZone: 'Europe/Berlin' }).slice(0, 16).replace(' ', 'T')
}

/** Changes an event over the API, by whoever is signed in on the page. */
export async function change(page: Page, id: string, data: unknown) {
  const path = `/api/v1/events/${id}`
  const { version } = (await (await page.request.get(path)).json()) as { version: number }
  const headers = { origin: new URL(page.url()).origin, 'if-match': `"${version}"` }
  const response = await page.request.patch(path, { data, headers })
  expect(response.ok(), `${path}: ${response.status()} ${await response.text()}`).toBe(true)
}

/** A published event a week from now, made over the API by whoever is signed in on the page. */
export async function publishedEvent(page: Page, draft: Draft): Promise<string> {
  const day = new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10)
  const created = await post(page, '/api/v1/events', {
    description: 'Bring a coat.',
    city: 'Berlin',
    category: 'outdoors',
    language: 'en',
    venue: { name: 'Old Boathouse', address: 'Uferweg 3', lat: 52.5, lon: 13.4 },
    starts_at_local: `${day}T18:00`,
    ends_at_local: `${day}T20:30`,
    timezone: 'Europe/Berlin',
    capacity: null,
    ...draft,
  })
  const { id } = (await created.json()) as { id: string }
  await post(page, `/api/v1/events/${id}/publish`, {})
  return id
}

export const placeOf = (page: Page) => page.getByRole('region', { name: 'Your place' })

/** Joins hears of an event by message: the button is there a moment after publishing. */
export async function openEvent(page: Page, id: string) {
  await expect(async () => {
    await page.goto(`/events/${id}`)
    await expect(
      placeOf(page)
        .getByText(/places? left|All .* taken|The one place|You’re|You’ve|Room for everyone/)
        .first(),
    ).toBeVisible({ timeout: 2000 })
  }).toPass({ timeout: 30_000 })
}
