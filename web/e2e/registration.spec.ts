import { expect, test } from '@playwright/test'
import { someone, unique } from './helpers'

test('an organiser says how people come to a place, and keeps the address from strangers', async ({
  browser,
}) => {
  const { page } = await someone(browser, 'Olga')
  const title = `${unique('Kitchen')} Supper`
  await page.goto('/events/new')
  await page.getByLabel('Title').fill(title)
  await page.getByLabel('Description').fill('Soup and bread.')
  await page.getByLabel('Venue').fill('Olga’s kitchen')
  await page.getByLabel('City').fill('Leipzig')
  await page.getByLabel('Address').fill('Lindenweg 4')
  await page.getByLabel('Limit the number of places').check()
  await page.getByLabel('Number of places', { exact: true }).fill('12')

  const section = page.locator('summary', { hasText: 'Registration' })
  await expect(section).toContainText('Open to everyone')
  await section.click()
  await page.getByLabel('I approve each request').check()
  await page.getByLabel('Largest group').fill('4')

  await test.step('questions, by keyboard', async () => {
    const words = page.getByLabel('What do you want to know?')
    await page.getByRole('button', { name: 'Add a question' }).press('Enter')
    await expect(words).toBeFocused()
    await page.keyboard.type('Anything we should know?')
    await page.getByRole('button', { name: 'Add a question' }).press('Enter')
    await page.keyboard.type('What will you eat?')
    await page.getByLabel('Kind of answer').last().selectOption('choice')
    await page.getByRole('button', { name: 'Move question 2 up' }).press('Enter')
    await expect(words.first()).toHaveValue('What will you eat?')
    await expect(page.getByRole('button', { name: 'Move question 1 down' })).toBeFocused()
    await page.getByRole('button', { name: 'Remove question 2' }).press('Enter')
    await expect(page.getByRole('button', { name: 'Remove question 1' })).toBeFocused()
    await expect(words).toHaveValue('What will you eat?')
  })

  await test.step('what is refused unfolds the section', async () => {
    await section.click()
    await expect(section).toContainText('You approve each request · groups of up to 4 · 1 question')
    await page.getByRole('button', { name: 'Save the draft' }).click()
    await expect(page.getByLabel('To choose from')).toBeFocused()
    await page.getByLabel('To choose from').fill('Soup\nBread')
  })
  await page.getByRole('button', { name: 'Save the draft' }).click()
  await expect(page).toHaveURL(/\/events\/[\w-]+\/edit/)
  await expect(section).toContainText('You approve each request · groups of up to 4 · 1 question')
  await page.getByRole('button', { name: 'Publish' }).click()
  await expect(page.getByText('Published. It is on the wall.')).toBeVisible()

  const path = new URL(page.url()).pathname.replace(/\/edit$/, '')
  const stranger = await browser.newPage()
  const response = await stranger.goto(path)
  const html = await response!.text()
  expect(html).toContain('Olga’s kitchen')
  expect(html, 'the page’s head is for everybody, too').not.toContain('Lindenweg')
  const rules = stranger.getByRole('region', { name: 'Registration' })
  await expect(rules).toContainText('The organiser approves each request')
  await expect(rules).toContainText('At most 4 people per registration')
  await rules.getByText('How the line works').click()
  await expect(rules.getByText(/Until 24 hours before the start/)).toBeVisible()
  await expect(stranger.getByText('Lindenweg')).toHaveCount(0)
  await page.goto(path)
  await expect(page.getByText('Lindenweg 4')).toBeVisible()
})
