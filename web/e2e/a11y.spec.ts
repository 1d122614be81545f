import AxeBuilder from '@axe-core/playwright'
import { expect, test, type Page } from '@playwright/test'
import { openEvent, publishedEvent, someone, unique } from './helpers'

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

/** No serious violation and no sideways scrolling, on a phone and a desk, by day and by night. */
async function check(page: Page, name: string) {
  for (const width of [320, 390, 1440]) {
    await page.setViewportSize({ width, height: width < 700 ? 844 : 900 })
    for (const colorScheme of ['light', 'dark'] as const) {
      if (width !== 390 && colorScheme === 'dark') continue // colours don't depend on the width
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      )
      expect(overflow, `${name} at ${width} px scrolls sideways`).toBeLessThanOrEqual(0)
      if (width === 320) continue
      const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze()
      const serious = violations
        .filter((item) => item.impact === 'serious' || item.impact === 'critical')
        .map((item) => `${item.id}: ${item.nodes.map((node) => node.html).join('\n  ')}`)
      expect(serious, `${name} at ${width} px, ${colorScheme}`).toEqual([])
    }
  }
}

const STRANGER: [path: string, heading: string][] = [
  ['/', 'What’s on in your city'],
  ['/?q=zzzzqqqq', 'What’s on in your city'],
  ['/sign-in', 'Sign in'],
  ['/sign-up', 'Create an account'],
  ['/verify-email?token=abc', 'Confirm your address'],
  ['/verify-email', 'This link is incomplete.'],
  ['/forgot-password', 'A new password'],
  ['/reset-password?token=abc', 'Set a new password'],
  ['/dev/mail', 'Dev mailbox'],
  ['/no/such/page', 'This page is not on the wall.'],
]

for (const [path, heading] of STRANGER) {
  test(`${path} is for everyone`, async ({ page }) => {
    await page.goto(path)
    await expect(page.getByRole('heading', { level: 1, name: heading })).toBeAttached()
    await page.waitForLoadState('networkidle')
    await check(page, path)
  })
}

test('the screens of the signed-in are for everyone', async ({ browser }) => {
  test.setTimeout(180_000)
  const { page } = await someone(browser, 'Axel')
  const id = await publishedEvent(page, { title: `${unique('Wide')} Open Doors`, capacity: 2 })
  await openEvent(page, id)
  await page.getByRole('button', { name: 'Bring guests' }).click()
  await page.getByRole('dialog').getByLabel('take what there is').check()
  await check(page, 'join form')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Take a place' }).click()
  await expect(page.getByText('You’re in.')).toBeVisible()
  await page.getByText('How the line works').click()
  await check(page, 'event page')
  for (const [path, heading] of [
    ['/me/places', 'My places'],
    ['/me/events', 'My events'],
    ['/me/account', 'Account'],
    ['/events/new', 'Create an event'],
    [`/events/${id}/edit`, 'Open Doors'],
    [`/events/${id}/participants`, 'Who is coming'],
    [`/events/${id}/participants?status=pending`, 'Who is coming'],
    [`/events/${id}/participants?view=invitations`, 'Who is coming'],
    [`/events/${id}/participants?view=messages`, 'Who is coming'],
    [`/events/${id}/participants?view=bans`, 'Who is coming'],
  ] as const) {
    await page.goto(path)
    await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible()
    await page.waitForLoadState('networkidle')
    // What is folded up is part of the screen.
    for (const summary of await page.locator('main summary').all()) await summary.click()
    const add = page.getByRole('button', { name: 'Add a question' })
    if (await add.isVisible()) await add.click()
    await check(page, path)
  }
})

test('Discover can be walked by keyboard', async ({ page }) => {
  await page.goto('/')
  await expect(page.getByRole('region', { name: 'Events' })).toBeVisible()
  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused()
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  await expect(page.getByRole('searchbox', { name: 'Search events' })).toBeFocused()
})

test('tickets, the door and a place without an account are for everyone', async ({ browser }) => {
  test.setTimeout(180_000)
  const { page } = await someone(browser, 'Axel')
  const id = await publishedEvent(page, { title: `${unique('Wide')} Stage Door`, capacity: 2 })
  await openEvent(page, id)
  await page.getByRole('button', { name: 'Take a place' }).click()
  await expect(page.getByText('You’re in.')).toBeVisible()
  for (const path of ['ticket', 'stewards', 'quick-join']) {
    await page.goto(`/events/${id}/${path}`)
    await expect(page.getByRole('heading', { level: 1 })).toBeAttached()
    await page.waitForLoadState('networkidle')
    await check(page, path)
  }
  await page.goto('/quick-join?token=abc')
  await expect(page.getByText('This link no longer works.')).toBeVisible()
  await check(page, 'quick join')
  await page.goto(`/events/${id}/door`)
  await expect(page.getByText('Connected')).toBeVisible()
  await check(page, 'door')
  await page.getByRole('button', { name: 'Line' }).click()
  await check(page, 'line')
  await page.getByRole('button', { name: 'Names' }).click()
  await check(page, 'names')
  await page.getByRole('button', { name: /Axel/ }).click()
  await check(page, 'how many')
  await page.getByRole('button', { name: 'Let 1 in' }).click()
  await expect(page.getByRole('alertdialog')).toBeVisible()
  await check(page, 'in')
  await page.getByRole('button', { name: 'Next' }).click()
  await page.getByRole('button', { name: /Axel/ }).click()
  await expect(page.getByRole('alertdialog')).toContainText('Already in')
  await check(page, 'already in')
})
