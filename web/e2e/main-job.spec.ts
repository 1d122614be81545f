import { expect, test, type Page } from '@playwright/test'
import {
  mailWithLink,
  openEvent,
  PASSWORD,
  placeOf,
  publishedEvent,
  someone,
  unique,
} from './helpers'

/** The imported event that is looked for. `E2E_EVENT` names one in files of your own, given by `E2E_IMPORT`. */
const EVENT = {
  title: 'Conciertos de guitarra en el patio de los naranjos',
  otherForms: 'concierto guitarras',
  slip: 'naranjso',
  category: 'music',
  ...(JSON.parse(process.env.E2E_EVENT ?? '{}') as Partial<Record<string, string>>),
}
const found = (at: Page) =>
  at.getByRole('region', { name: 'Events' }).getByRole('link', { name: EVENT.title }).first()

test('find an imported event, sign up by the mailed link, and take a place', async ({
  browser,
  page,
}) => {
  await test.step('search, with other forms of the words', async () => {
    await page.goto('/')
    await page.getByRole('searchbox', { name: 'Search events' }).fill(EVENT.otherForms)
    await expect(found(page)).toBeVisible()
    await expect(page).toHaveURL(/q=/)
  })

  await test.step('search, with a slip of the pen', async () => {
    await page.goto(`/?q=${EVENT.slip}`)
    await expect(found(page)).toBeVisible()
  })

  await test.step('filter, and find the filter in the address bar', async () => {
    await page.getByRole('combobox', { name: 'Kind' }).selectOption(EVENT.category)
    await expect(page).toHaveURL(new RegExp(`category=${EVENT.category}`))
    await page.reload()
    await expect(page.getByRole('combobox', { name: 'Kind' })).toHaveValue(EVENT.category)
    await expect(found(page)).toBeVisible()
  })

  const email = `${unique('visitor')}@example.org`
  await test.step('open it, and go by sign-up and the mailed link back to it', async () => {
    await found(page).click()
    await expect(page.getByRole('heading', { level: 1 })).toContainText(EVENT.title)
    await placeOf(page).getByRole('button', { name: 'Take a place' }).click()
    await page.getByRole('dialog').getByRole('link', { name: 'Sign in' }).click()
    await page.getByRole('link', { name: 'Create an account' }).click()
    await page.getByLabel('Name', { exact: true }).fill('Vera Visitor')
    await page.getByLabel('E-mail address').fill(email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Create my account' }).click()
    await expect(page.getByRole('heading', { name: 'Look into your inbox' })).toBeVisible()

    const mail = await mailWithLink(page.request, email, 'verify-email')
    await page.goto(`/dev/mail?id=${mail.id}`)
    // In the mailbox as in any mail program: the link opens in place of the page.
    await page.frameLocator('iframe').locator('a[href*="verify-email"]').first().click()
    await page.getByRole('button', { name: 'Confirm my address' }).click()
    await page.getByRole('link', { name: 'Sign in and go back to the event' }).click()
    await page.getByLabel('E-mail address').fill(email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expect(page).toHaveURL(/\/events\/[\w-]+/)
  })

  const other = await (await browser.newContext()).newPage()
  await other.goto(page.url())
  await expect(placeOf(other)).toContainText('Room for everyone')

  await test.step('take the place; another browser sees it live', async () => {
    const before = await placeOf(other).innerText()
    await placeOf(page).getByRole('button', { name: 'Take a place' }).click()
    await expect(placeOf(page)).toContainText('You’re in.')
    await expect(placeOf(other)).not.toHaveText(before, { useInnerText: true })
  })

  await test.step('my places knows it', async () => {
    await page.goto('/me/places')
    await expect(page.getByRole('link', { name: EVENT.title })).toBeVisible()
  })
})

test('one place: taken live, two wait, and it is handed on in order', async ({ browser }) => {
  const organiser = await someone(browser, 'Organiser')
  const id = await publishedEvent(organiser.page, {
    title: `${unique('Lantern')} Walks by the Canal`,
    capacity: 1,
  })
  const [first, second, third] = [
    (await someone(browser, 'Firstina')).page,
    (await someone(browser, 'Nextina')).page,
    (await someone(browser, 'Thirdina')).page,
  ]
  for (const page of [first, second, third]) await openEvent(page, id)

  await placeOf(first).getByRole('button', { name: 'Take a place' }).click()
  await expect(placeOf(first)).toContainText('You’re in.')
  await expect(placeOf(first)).toContainText('at 18:00')
  await expect(placeOf(second)).toContainText('The one place is taken')

  await placeOf(second).getByRole('button', { name: 'Get in line' }).click()
  await expect(placeOf(second)).toContainText('You’re 1st in line.')
  await placeOf(third).getByRole('button', { name: 'Get in line' }).click()
  await expect(placeOf(third)).toContainText('You’re 2nd in line.')

  await test.step('giving it up moves the next one in, without a reload', async () => {
    await placeOf(first).getByRole('button', { name: 'Give up my place' }).click()
    await first.getByRole('dialog').getByRole('button', { name: 'Give up my place' }).click()
    await expect(placeOf(first).getByRole('button', { name: 'Get in line' })).toBeVisible()
    await expect(placeOf(second)).toContainText('You’re in.')
    await expect(placeOf(third)).toContainText('You’re 1st in line.')
  })

  await test.step('the organiser sees who comes', async () => {
    await organiser.page.goto(`/events/${id}/participants`)
    await expect(organiser.page.getByRole('cell', { name: 'Nextina', exact: true })).toBeVisible()
    await expect(organiser.page.getByRole('link', { name: 'Download as CSV' })).toBeVisible()
  })
})
