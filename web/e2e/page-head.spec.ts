import { expect, test } from '@playwright/test'
import { publishedEvent, someone, unique } from './helpers'

// What search engines and messengers read: the page as it is served, no script run.

test('the start page says what it is', async ({ page }) => {
  await page.setContent(await (await page.request.get('/')).text())
  const description = page.locator('head meta[name=description]')
  await expect(description).toHaveAttribute('content', /what happens in your city/)
})

test('an event page has a title, a preview and schema.org data that nothing breaks out of', async ({
  browser,
}) => {
  const { page } = await someone(browser, 'Writer')
  const title = `${unique('Soup')} & <b>Bread</b> "</script>"`
  const id = await publishedEvent(page, { title, description: 'Warm **soup**.', capacity: 12 })
  const html = await (await page.request.get(`/events/${id}`)).text()
  const read = await page.evaluate((html) => {
    const document = new DOMParser().parseFromString(html, 'text/html')
    const meta = (name: string) =>
      document
        .querySelector(`meta[property="${name}"], meta[name="${name}"]`)
        ?.getAttribute('content')
    return {
      title: document.title,
      preview: meta('og:title'),
      description: meta('description'),
      canonical: document.querySelector('link[rel=canonical]')?.getAttribute('href'),
      event: JSON.parse(
        document.querySelector('script[type="application/ld+json"]')?.textContent ?? 'null',
      ) as Record<string, unknown>,
    }
  }, html)
  expect(read.title).toContain(title)
  expect(read.preview).toContain(title)
  expect(read.description).toBe('Warm soup.')
  expect(read.canonical).toContain(`/events/${id}/`)
  expect(read.event).toMatchObject({
    '@type': 'Event',
    name: title,
    eventStatus: 'https://schema.org/EventScheduled',
    maximumAttendeeCapacity: 12,
    location: { '@type': 'Place', name: 'Old Boathouse' },
  })
  expect(read.event.startDate).toMatch(/T18:00:00[+-]\d\d:\d\d$/)
})
