import { expect, test, type Page } from '@playwright/test'
import {
  linkInMail,
  openEvent,
  PASSWORD,
  placeOf,
  publishedEvent,
  someone,
  unique,
} from './helpers'

test('find an event by a slip of the pen, sign up, take the place, and hand it on', async ({
  browser,
  page,
}) => {
  const word = unique('Lantern')
  const found = (at: Page) =>
    at
      .getByRole('region', { name: 'Events' })
      .getByRole('link', { name: `${word} Walks by the Canal` })
  const organiser = await someone(browser, 'Organiser')
  const id = await publishedEvent(organiser.page, {
    title: `${word} Walks by the Canal`,
    capacity: 1,
  })

  await test.step('search, with another form of the word', async () => {
    await expect(async () => {
      await page.goto('/')
      await page.getByRole('searchbox', { name: 'Search events' }).fill(`${word} walking`)
      await expect(found(page)).toBeVisible({
        timeout: 3000,
      })
    }).toPass({ timeout: 30_000 })
    await expect(page).toHaveURL(/q=/)
  })

  await test.step('search, with a slip of the pen', async () => {
    await page.goto(`/?q=${word.replace('Lantern', 'Lantenr')}`)
    await expect(found(page)).toBeVisible()
  })

  await test.step('filter, and find the filter in the address bar', async () => {
    await page.getByRole('combobox', { name: 'Kind' }).selectOption('outdoors')
    await expect(page).toHaveURL(/category=outdoors/)
    await page.reload()
    await expect(page.getByRole('combobox', { name: 'Kind' })).toHaveValue('outdoors')
  })

  const email = `${unique('visitor')}@example.org`
  await test.step('open it, and go by sign-up and the mailed link back to it', async () => {
    await found(page).click()
    await expect(page.getByRole('heading', { level: 1 })).toContainText(word)
    await placeOf(page).getByRole('link', { name: 'Take a place' }).click()
    await page.getByRole('link', { name: 'Create an account' }).click()
    await page.getByLabel('Name', { exact: true }).fill('Vera Visitor')
    await page.getByLabel('E-mail address').fill(email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Create my account' }).click()
    await expect(page.getByRole('heading', { name: 'Look into your inbox' })).toBeVisible()

    await page.goto(await linkInMail(page.request, email, 'verify-email'))
    await page.getByRole('button', { name: 'Confirm my address' }).click()
    await page.getByRole('link', { name: 'Sign in and go back to the event' }).click()
    await page.getByLabel('E-mail address').fill(email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expect(page).toHaveURL(new RegExp(`/events/${id}`))
  })

  const second = await someone(browser, 'Nextina')
  await openEvent(second.page, id)
  await expect(placeOf(second.page)).toContainText('1')

  await test.step('take the place; another browser sees it live', async () => {
    await placeOf(page).getByRole('button', { name: 'Take a place' }).click()
    await expect(placeOf(page)).toContainText('You’re in.')
    await expect(placeOf(page)).toContainText('at 18:00')
    await expect(placeOf(second.page)).toContainText('The one place is taken')
  })

  await test.step('the other gets in line', async () => {
    await placeOf(second.page).getByRole('button', { name: 'Get in line' }).click()
    await expect(placeOf(second.page)).toContainText('You’re 1st in line.')
  })

  await test.step('my places knows it', async () => {
    await page.goto('/me/places')
    await expect(page.getByRole('link', { name: new RegExp(word) })).toBeVisible()
    await page.getByRole('link', { name: new RegExp(word) }).click()
  })

  await test.step('giving it up moves the next one in, without a reload', async () => {
    await placeOf(page).getByRole('button', { name: 'Give up my place' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Give up my place' }).click()
    await expect(placeOf(page).getByRole('button', { name: 'Get in line' })).toBeVisible()
    await expect(placeOf(second.page)).toContainText('You’re in.')
  })

  await test.step('the organiser sees who comes', async () => {
    await organiser.page.goto(`/events/${id}/participants`)
    await expect(organiser.page.getByRole('cell', { name: 'Nextina' })).toBeVisible()
    await expect(organiser.page.getByRole('link', { name: 'Download as CSV' })).toBeVisible()
  })
})
