import { expect, test } from '@playwright/test'
import { mailTo, openEvent, placeOf, publishedEvent, someone, unique } from './helpers'

test('an organiser writes, publishes, meets a conflict, and cancels', async ({ browser }) => {
  const { page } = await someone(browser, 'Olga')
  const title = `${unique('Orchard')} Supper`

  await page.goto('/events/new')
  await page.getByRole('button', { name: 'Save the draft' }).click()
  await expect(page.getByLabel('Title')).toBeFocused()
  await expect(page.getByText('This is needed.').first()).toBeVisible()

  await page.getByLabel('Title').fill(title)
  await page.getByLabel('Description').fill('Soup and **bread**.\n\n- bring a bowl')
  await page.getByRole('button', { name: 'Preview' }).click()
  await expect(page.getByRole('strong').filter({ hasText: 'bread' })).toBeVisible()
  await page.getByRole('button', { name: 'Write' }).click()
  await page.getByLabel('Venue').fill('The Orchard')
  await page.getByLabel('City').fill('Leipzig')
  await page.getByLabel('Limit the number of places').check()
  await page.getByLabel('Number of places', { exact: true }).fill('12')
  await page.getByRole('button', { name: 'Save the draft' }).click()
  await expect(page).toHaveURL(/\/events\/[\w-]+\/edit/)
  await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible()

  await page.getByRole('button', { name: 'Publish' }).click()
  await expect(page.getByText('Published. It is on the wall.')).toBeVisible()

  await test.step('two edits at once: nothing is lost', async () => {
    const other = await page.context().newPage()
    await other.goto(page.url())
    await other.getByLabel('Venue').fill('The Barn')
    await other.getByRole('button', { name: 'Save changes' }).click()
    await expect(other.getByText('Saved.')).toBeVisible()

    await page.getByLabel('Title').fill(`${title} by the Fire`)
    await page.getByRole('button', { name: 'Save changes' }).click()
    await expect(page.getByText('Someone else saved this event in the meantime.')).toBeVisible()
    await expect(page.getByRole('alert')).toContainText('Venue')
    await page.getByRole('button', { name: 'Save mine over it' }).click()
    await expect(page.getByText('Saved.')).toBeVisible()
    await expect(page.getByLabel('Title')).toHaveValue(`${title} by the Fire`)
    await expect(page.getByLabel('Venue')).toHaveValue('The Barn')
    await other.close()
  })

  await test.step('cancel, with a reason that the page shows', async () => {
    await page.getByRole('button', { name: 'Cancel event' }).click()
    await page.getByRole('dialog').getByLabel('Reason').fill('The oven broke.')
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the event' }).click()
    await expect(page.getByText('Cancelled. Everybody who had a place is told.')).toBeVisible()
    await page.getByRole('link', { name: 'See the page' }).click()
    await expect(page.getByText('This event will not take place.')).toBeVisible()
    await expect(page.getByText('The oven broke.')).toBeVisible()
  })
})

test('an organiser writes to those who are in, once asked again', async ({ browser }) => {
  const olga = await someone(browser, 'Olga')
  const guest = await someone(browser, 'Guestina')
  const id = await publishedEvent(olga.page, { title: unique('Boat Trip '), capacity: 5 })
  await openEvent(guest.page, id)
  await placeOf(guest.page).getByRole('button', { name: 'Take a place' }).click()
  await expect(placeOf(guest.page)).toContainText('You’re in.')

  const { page } = olga
  await page.goto(`/events/${id}/participants?view=messages`)
  await expect(page.getByText('Nothing sent yet.')).toBeVisible()
  await page.getByRole('button', { name: 'Send…' }).click()
  await expect(page.getByLabel('Subject')).toBeFocused()

  const subject = unique('Bring a jumper ')
  await page.getByLabel('To', { exact: true }).selectOption('Those in line')
  await page.getByLabel('Subject').fill(subject)
  await page.getByRole('textbox', { name: 'Message' }).fill('It will be cool.')
  await page.getByRole('button', { name: 'Send…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Send it now' }).click()
  await expect(page.getByRole('dialog').getByRole('alert')).toContainText('Nobody of that kind')
  await page.keyboard.press('Escape')
  await expect(page.getByLabel('Subject'), 'nothing typed is lost').toHaveValue(subject)

  await page.getByLabel('To', { exact: true }).selectOption('Those with a place')
  await page.getByRole('button', { name: 'Send…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Send it now' }).click()
  await expect(page.getByText('On its way to 1 person.')).toBeVisible()
  await expect(page.getByRole('listitem').filter({ hasText: subject })).toContainText('got by 1')
  await mailTo(page.request, guest.email, subject)
})
