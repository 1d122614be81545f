import { expect, test } from '@playwright/test'
import { change, openEvent, placeOf, publishedEvent, someone, unique } from './helpers'

test.use({ viewport: { width: 390, height: 844 } })

const MEAL = {
  id: 'meal',
  kind: 'choice',
  label: 'What will you eat?',
  required: true,
  options: ['Meat', 'Vegan'],
}
const NOTE = { id: 'note', kind: 'text', label: 'Anything we should know?' }
const PHOTOS = { id: 'photos', kind: 'consent', label: 'Photos may be taken', required: true }

test('who takes a place answers the organiser’s questions, and can answer anew', async ({
  browser,
}) => {
  const { page: organiser } = await someone(browser, 'Olga')
  const { page } = await someone(browser, 'Answera')
  const id = await publishedEvent(organiser, {
    title: unique('Long Table '),
    capacity: 5,
    registration: { questions: [MEAL, NOTE, PHOTOS], party_limit: 1 },
  })
  await openEvent(page, id)
  await expect(placeOf(page).getByRole('button', { name: 'Bring guests' })).toHaveCount(0)
  await placeOf(page).getByRole('button', { name: 'Take a place' }).click()
  const form = page.getByRole('dialog')
  await expect(form.getByLabel('Photos may be taken'), 'nobody agrees for others').not.toBeChecked()
  await form.getByRole('button', { name: 'Take a place' }).click()
  await expect(form.getByText('This is needed.')).toHaveCount(2)
  await form.getByLabel('Vegan').check()
  await form.getByLabel('Photos may be taken').check()
  await form.getByRole('button', { name: 'Take a place' }).click()
  await expect(placeOf(page)).toContainText('You’re in.')

  await placeOf(page).getByRole('button', { name: 'My answers' }).click()
  await expect(form.getByLabel('Vegan')).toBeChecked()
  await form.getByLabel('Anything we should know?').fill('No nuts')
  await form.getByRole('button', { name: 'Save changes' }).click()
  await expect(page.getByText('Your answers are saved.')).toBeVisible()

  await organiser.goto(`/events/${id}/participants`)
  const row = organiser.getByRole('row', { name: /Answera/ })
  await row.getByText('3 answers').click()
  await expect(row).toContainText('Vegan')
  await expect(row).toContainText('No nuts')
  await expect(row).toContainText('yes')
})

test('who comes up from the line owes answers to questions that were added since', async ({
  browser,
}) => {
  const { page: organiser } = await someone(browser, 'Olga')
  const { page: first } = await someone(browser, 'Firstina')
  const { page } = await someone(browser, 'Owina')
  const id = await publishedEvent(organiser, { title: unique('Grill '), capacity: 1 })
  await openEvent(first, id)
  await placeOf(first).getByRole('button', { name: 'Take a place' }).click()
  await expect(placeOf(first)).toContainText('You’re in.')
  await openEvent(page, id)
  await placeOf(page).getByRole('button', { name: 'Get in line' }).click()
  await expect(placeOf(page)).toContainText('You’re 1st in line.')

  await change(organiser, id, { registration: { questions: [MEAL] } })
  await placeOf(first).getByRole('button', { name: 'Give up my place' }).click()
  await first.getByRole('dialog').getByRole('button', { name: 'Give up my place' }).click()

  await expect(placeOf(page)).toContainText('You’re in.')
  await expect(placeOf(page)).toContainText('The organiser still needs an answer by')
  await page.goto('/me/places')
  await page.getByRole('link', { name: /Answer the organiser by/ }).click()
  await placeOf(page).getByRole('button', { name: 'Answer' }).click()
  await page.getByRole('dialog').getByLabel('Vegan').check()
  await page.getByRole('dialog').getByRole('button', { name: 'Save changes' }).click()
  await expect(placeOf(page)).not.toContainText('still needs an answer')
  await expect(placeOf(page)).toContainText('You’re in.')
})
