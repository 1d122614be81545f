import { chromium, expect, test, type Browser, type Page } from '@playwright/test'
import { writeFileSync } from 'node:fs'
import { openEvent, PASSWORD, placeOf, publishedEvent, someone, unique } from './helpers'

const PHONE = { viewport: { width: 390, height: 844 } }

async function post(page: Page, path: string, data: unknown = {}) {
  const { origin } = new URL(page.url())
  const headers = { origin, 'Idempotency-Key': crypto.randomUUID() }
  const response = await page.request.post(path, { data, headers })
  expect(response.ok(), `${path}: ${response.status()} ${await response.text()}`).toBe(true)
  return response
}

/** An event, its organiser, and somebody with a place. */
async function evening(browser: Browser, party = 1) {
  const olga = await someone(browser, 'Olga')
  const title = unique('Lantern Walk ')
  const id = await publishedEvent(olga.page, { title, capacity: 20 })
  const ada = await someone(browser, 'Ada')
  await ada.page.setViewportSize(PHONE.viewport)
  await openEvent(ada.page, id)
  await post(ada.page, `/api/v1/events/${id}/join`, party > 1 ? { party_size: party } : {})
  const view = (await (await ada.page.request.get(`/api/v1/events/${id}/ticket`)).json()) as {
    ticket: string
  }
  return { id, title, olga, ada, code: view.ticket }
}

/** A phone at the door, signed in as whoever is on the given page. */
async function phone(browser: Browser, like: Page, id: string, gate: string) {
  const storageState = await like.context().storageState()
  const context = await browser.newContext({ ...PHONE, storageState })
  const page = await context.newPage()
  await page.goto(`/events/${id}/door`)
  await expect(page.getByText('Connected')).toBeVisible()
  await page.getByRole('button', { name: 'Gate Name it' }).click()
  await page.getByRole('textbox', { name: 'What is this gate called?' }).fill(gate)
  await page.getByRole('button', { name: 'That’s it' }).click()
  await page.getByRole('button', { name: 'Names' }).click()
  return { page, context }
}

async function type(page: Page, code: string) {
  await page.getByLabel('Name, number or code').fill(code)
  await page.getByRole('button', { name: 'Check' }).click()
}
const verdict = (page: Page) => page.getByRole('alertdialog')
const next = (page: Page) => page.getByRole('button', { name: 'Next' }).click()

test('a ticket says who, where and when, and is there without a network', async ({ browser }) => {
  const { id, title, ada } = await evening(browser, 2)
  const { page, context } = ada
  await openEvent(page, id)
  await page.goto(`/events/${id}/ticket`)
  const ticket = page.getByRole('article', { name: 'Your ticket' })
  await expect(ticket).toContainText(title)
  await expect(ticket).toContainText('18:00 – 20:30')
  await expect(ticket).toContainText('Uferweg 3')
  await expect(ticket).toContainText('Ada')
  await expect(ticket).toContainText('For 2 people')
  const code = ticket.getByRole('img', { name: /The code of your ticket/ })
  await expect
    .poll(() => code.evaluate((img: HTMLImageElement) => img.complete && img.naturalWidth))
    .toBeGreaterThan(200)
  await expect
    .poll(() =>
      page.evaluate(() =>
        navigator.serviceWorker
          .getRegistrations()
          .then((all) => all.map((it) => new URL(it.scope).pathname)),
      ),
    )
    .toEqual([`/events/${id}/ticket`])
  await expect
    .poll(() =>
      page.evaluate((path) => caches.match(path).then((it) => !!it), `/events/${id}/ticket`),
    )
    .toBe(true)

  await context.setOffline(true)
  await page.reload()
  await expect(page.getByText(/No connection. Saved on this device at/)).toBeVisible()
  await expect(ticket).toContainText('For 2 people')
  await expect(code).toBeVisible()
  await context.setOffline(false)
  await expect(page.getByText(/No connection/)).toBeHidden()
})

test('without a place there is a friendly no', async ({ browser }) => {
  const { id, olga } = await evening(browser)
  await olga.page.goto(`/events/${id}/ticket`)
  await expect(olga.page.getByText('You have no ticket here.')).toBeVisible()
  await olga.page.getByRole('link', { name: 'To the event' }).click()
  await expect(placeOf(olga.page)).toBeVisible()
})

test('a party comes in parts, a second time is refused, a mistake is taken back', async ({
  browser,
}) => {
  const { id, olga, code } = await evening(browser, 3)
  const { page } = await phone(browser, olga.page, id, 'North')

  await type(page, code)
  await expect(page.getByText('How many of 3 are here?')).toBeVisible()
  await page.getByRole('button', { name: 'One fewer' }).click()
  await page.getByRole('button', { name: 'Let 2 in' }).click()
  await expect(verdict(page)).toContainText('2 of 3 people')
  await next(page)
  await expect(page.getByRole('button', { name: /Ada/ })).toContainText('2 of 3 in')

  await type(page, code)
  await expect(verdict(page)).toContainText('1 of 3 people')
  await next(page)
  await type(page, code)
  await expect(verdict(page)).toContainText('Already in')
  await expect(verdict(page)).toContainText(/Since \d\d:\d\d at North by (Olga|you)/)
  await next(page)

  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByRole('button', { name: /Ada/ })).toContainText('2 of 3 in')
  await expect(page.getByText('Connected · all sent')).toBeVisible()

  await page.getByText('Out', { exact: true }).click()
  await page.getByRole('button', { name: /Ada/ }).click()
  await page.getByRole('button', { name: 'Let 2 out' }).click()
  await expect(verdict(page)).toContainText('Out')
  await next(page)
  await expect(page.getByRole('button', { name: /Ada/ })).toContainText('out again')

  await type(page, 'CE1.nothing')
  await expect(verdict(page)).toContainText('Not a ticket')
  await next(page)
  const forged = code.slice(0, 70) + (code[70] === 'A' ? 'B' : 'A') + code.slice(71)
  await type(page, forged)
  await expect(verdict(page)).toContainText('Forged')
  await next(page)
  await expect(page.getByText('Refused').locator('..')).toContainText('2')
})

test('two phones without a network let the same ticket in, and hear of it later', async ({
  browser,
}) => {
  const { id, olga, code } = await evening(browser)
  const north = await phone(browser, olga.page, id, 'North')
  const south = await phone(browser, olga.page, id, 'South')
  for (const { page, context } of [north, south]) {
    await context.setOffline(true)
    await expect(page.getByText(/Not connected since/)).toBeVisible()
    await type(page, code)
    await expect(verdict(page)).toContainText('In')
    await expect(verdict(page)).toContainText('Ada')
    await next(page)
    await expect(page.getByText('1 not sent yet')).toBeVisible()
    await type(page, code)
    await expect(verdict(page)).toContainText('Already in')
    await next(page)
  }

  await test.step('a reload without a network loses nothing', async () => {
    await south.page.reload()
    await expect(south.page.getByText('2 not sent yet')).toBeVisible()
    await south.page.getByRole('button', { name: 'Names' }).click()
    await expect(south.page.getByRole('button', { name: /Ada/ })).toContainText('in since')
  })

  await north.context.setOffline(false)
  await expect(north.page.getByText('Connected · all sent')).toBeVisible()
  await south.context.setOffline(false)
  await expect(south.page.getByText('Connected · all sent')).toBeVisible()

  await expect(north.page.getByRole('button', { name: /to look at/ })).toHaveCount(0)
  await south.page.getByRole('button', { name: '1 to look at' }).click()
  const list = south.page.getByRole('dialog', { name: 'Other gates saw it otherwise' })
  await expect(list).toContainText(
    /Let in here at \d\d:\d\d at South, but already in since \d\d:\d\d at North by Olga/,
  )
  await list.getByRole('button', { name: 'Seen: Ada' }).click()
  await expect(list).toBeHidden()
  await expect(south.page.getByText('Inside').locator('..')).toContainText('1')
})

test('a steward comes by a link, and sees the door and nothing else', async ({ browser }) => {
  const { id, olga, code } = await evening(browser)
  await olga.page.goto(`/events/${id}/stewards`)
  await olga.page.getByRole('button', { name: 'Make a link' }).click()
  const link = await olga.page.getByRole('textbox', { name: 'Link for stewards' }).inputValue()
  expect(link).toContain(`/events/${id}/door#steward=`)

  const stef = await someone(browser, 'Stef')
  await stef.page.setViewportSize(PHONE.viewport)
  await test.step('a stranger is sent away', async () => {
    await stef.page.goto(`/events/${id}/door`)
    await expect(stef.page.getByText('This door is not yours to open.')).toBeVisible()
  })
  await stef.page.goto('/')
  await stef.page.goto(new URL(link).pathname + new URL(link).hash)
  await expect(stef.page.getByText('Connected · all sent')).toBeVisible()
  await expect(stef.page).toHaveURL(new RegExp(`/events/${id}/door$`))
  await stef.page.getByRole('button', { name: 'Names' }).click()
  await type(stef.page, code)
  await expect(verdict(stef.page)).toContainText('Ada')
  await next(stef.page)

  await stef.page.goto(`/events/${id}/participants`)
  await expect(stef.page.getByText('Only the organiser')).toBeVisible()
  await expect(stef.page.getByText('Ada')).toHaveCount(0)
  await stef.page.goto(`/events/${id}/stewards`)
  await expect(stef.page.getByText('Only the organiser can say who stands')).toBeVisible()

  await stef.page.goto(`/events/${id}/door`)
  await expect(stef.page.getByText('Connected')).toBeVisible()
  await olga.page.reload()
  await olga.page.getByRole('button', { name: 'Remove Stef' }).click()
  await olga.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await expect(olga.page.getByText('Stef is no steward any more.')).toBeVisible()
  await expect(stef.page.getByText('This door is not yours to open.')).toBeVisible()
})

test('who is not signed in signs in first, and keeps the link', async ({ browser }) => {
  const { id } = await evening(browser)
  const context = await browser.newContext(PHONE)
  const page = await context.newPage()
  await page.goto(`/events/${id}/door#steward=some-code`)
  await expect(page).toHaveURL(/\/sign-in\?next=/)
  const kept = new URL(page.url()).searchParams.get('next')
  expect(kept).toBe(`/events/${id}/door#steward=some-code`)
})

test('whoever is signed out at the door goes on, and signs in again later', async ({ browser }) => {
  const { id, olga, code } = await evening(browser)
  const { page, context } = await phone(browser, olga.page, id, 'North')
  await context.clearCookies()
  await type(page, code)
  await expect(verdict(page)).toContainText('Ada')
  await next(page)
  await expect(page.getByText('You have been signed out.')).toBeVisible()
  await expect(page.getByText('1 not sent yet')).toBeVisible()
  await page.getByRole('link', { name: 'sign in again' }).click()
  await page.getByLabel('E-mail').fill(olga.email)
  await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD)
  await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByText('Connected · all sent')).toBeVisible()
  await expect(page.getByText('Inside').locator('..')).toContainText('1')
})

test('a code before the camera lets its owner in, once', async ({ browser, baseURL }, info) => {
  const { id, olga, ada } = await evening(browser)
  await ada.page.setViewportSize({ width: 640, height: 480 })
  await ada.page.goto(`/events/${id}/ticket`)
  await ada.page.getByRole('img', { name: /The code of your ticket/ }).scrollIntoViewIfNeeded()
  const film = info.outputPath('ticket.mjpeg')
  const frame = await ada.page.screenshot({ type: 'jpeg', quality: 90 })
  writeFileSync(film, Buffer.concat([frame, frame]))

  const { executablePath, args = [] } = info.project.use.launchOptions ?? {}
  const withCamera = await chromium.launch({
    executablePath,
    args: [
      ...args,
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      `--use-file-for-fake-video-capture=${film}`,
    ],
  })
  try {
    const storageState = await olga.context.storageState()
    const context = await withCamera.newContext({ ...PHONE, baseURL, storageState })
    const page = await context.newPage()
    await page.goto(`/events/${id}/door`)
    const start = page.getByRole('button', { name: 'Start the camera' })
    await start.click({ timeout: 2_000 }).catch(() => {}) // it starts by itself where it may
    await expect(verdict(page)).toContainText('Ada')
    await expect(verdict(page), 'it makes room for the next by itself').toBeHidden()
    await expect(page.getByText('Inside').locator('..')).toContainText('1')
    await expect(
      page.getByText('Refused').locator('..'),
      'held still, it counts once',
    ).toContainText('0')
  } finally {
    await withCamera.close()
  }
})
