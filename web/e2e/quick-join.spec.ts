import { expect, test } from '@playwright/test'
import { mailWithLink, openEvent, placeOf, publishedEvent, someone, unique } from './helpers'

test('a place without an account first: by mail, with one press, and kept with a password', async ({
  browser,
}) => {
  const olga = await someone(browser, 'Olga')
  const title = unique('Rooftop Choir ')
  const id = await publishedEvent(olga.page, { title, capacity: 2 })
  await openEvent(olga.page, id)

  const context = await browser.newContext({ viewport: { width: 390, height: 844 } })
  const page = await context.newPage()
  const email = `${unique('nina')}@example.org`
  await page.goto(`/events/${id}`)
  await expect(placeOf(page)).toContainText('no account needed')
  await test.step('the event’s page leads there; by keyboard one can think better of it', async () => {
    const take = placeOf(page).getByRole('button', { name: 'Take a place' })
    await take.click()
    await expect(page.getByRole('dialog').getByLabel('Your name')).toBeFocused()
    await page.keyboard.press('Escape')
    await expect(take).toBeFocused()
    await take.press('Enter')
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
    await expect(page.getByRole('dialog')).toHaveCount(0)
    await take.click()
  })
  await page.getByRole('button', { name: 'Send me the link' }).click()
  await expect(page.getByLabel('Your name')).toBeFocused()
  await page.getByLabel('Your name').fill('Nina')
  await page.getByLabel('E-mail').fill(email)
  await page.getByRole('button', { name: 'One more' }).click()
  await page.getByRole('button', { name: 'Send me the link' }).click()
  await expect(page.getByText(`A link is on its way to ${email}`)).toBeVisible()
  await test.step('what was written can be mended', async () => {
    await expect(page.getByLabel('E-mail')).toBeHidden()
    await page.getByRole('button', { name: 'Change what I wrote' }).click()
    await expect(page.getByLabel('E-mail')).toHaveValue(email)
    await expect(page.getByLabel('How many people?')).toHaveValue('2')
  })

  const { path } = await mailWithLink(page.request, email, 'quick-join')
  await test.step('opening the link decides nothing, and hides it', async () => {
    await page.goto(path!)
    await expect(page.getByText('You asked for 2 places')).toBeVisible()
    await expect(page).toHaveURL(/\/quick-join$/)
    await expect(page.getByText('for Nina')).toBeVisible()
    const { places } = (await (await page.request.get(`/api/v1/events/${id}`)).json()) as {
      places: { confirmed: number }
    }
    expect(places.confirmed).toBe(0)
  })

  await test.step('a lost answer is made up for by another press', async () => {
    let lost = 0
    await page.route('**/join', async (route) => {
      if (lost++ === 0) await route.abort('connectionreset')
      else await route.continue()
    })
    await page.getByRole('button', { name: 'Take the 2 places' }).click()
    await expect(page.getByRole('alert')).toContainText('You are signed in, but')
    await page.getByRole('button', { name: 'Take the 2 places' }).click()
    await expect(page.getByRole('heading', { name: 'You’re in.' })).toBeVisible()
  })

  await page.getByLabel('New password').fill('pelican harbour 77 tea')
  await page.getByRole('button', { name: 'Set the password' }).click()
  await expect(page.getByText('Kept. You can sign in')).toBeVisible()
  await page.getByRole('link', { name: 'Your ticket' }).click()
  await expect(page.getByRole('article', { name: 'Your ticket' })).toContainText('For 2 people')

  await test.step('the link works once', async () => {
    const other = await browser.newPage()
    await other.goto(path!)
    await expect(other.getByText('This link no longer works.')).toBeVisible()
    await other.close()
  })

  await test.step('the account can be dropped', async () => {
    await page.goto('/me/account')
    await page.getByRole('button', { name: 'Delete the account' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Your password').fill('not this one at all')
    await dialog.getByRole('button', { name: 'Delete for good' }).click()
    await expect(dialog.getByLabel('Your password')).toBeFocused()
    await dialog.getByLabel('Your password').fill('pelican harbour 77 tea')
    await dialog.getByRole('button', { name: 'Delete for good' }).click()
    await expect(page.getByText('Your account is gone')).toBeVisible()
    expect((await page.request.get('/api/v1/me')).status()).toBe(401)
  })
})

test('with no room left it is the line, and without a password the account can wait', async ({
  browser,
}) => {
  const olga = await someone(browser, 'Olga')
  const id = await publishedEvent(olga.page, { title: unique('Tiny Room '), capacity: 1 })
  await openEvent(olga.page, id)
  const ada = await someone(browser, 'Ada')
  await ada.page.request.post(`/api/v1/events/${id}/join`, {
    data: {},
    headers: { origin: new URL(ada.page.url()).origin, 'Idempotency-Key': crypto.randomUUID() },
  })
  const page = await (await browser.newContext()).newPage()
  const email = `${unique('nina')}@example.org`
  await page.goto(`/events/${id}/quick-join`)
  await page.getByLabel('Your name').fill('Nina')
  await page.getByLabel('E-mail').fill(email)
  await page.getByRole('button', { name: 'Send me the link' }).click()
  await expect(page.getByText('is on its way')).toBeVisible()
  const { path } = await mailWithLink(page.request, email, 'quick-join')
  await page.goto(path!)
  await page.getByRole('button', { name: 'Take the place' }).click()
  await expect(page.getByRole('heading', { name: 'You’re 1st in line.' })).toBeVisible()
  await page.getByRole('link', { name: 'To the account' }).click()
  await expect(page.getByText('Your account has no password yet.')).toBeVisible()
  await page.getByRole('button', { name: 'Delete the account' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete for good' }).click()
  await expect(page.getByText('Your account is gone')).toBeVisible()
})
