import { expect, test, type Browser, type Page } from '@playwright/test'
import { change, localIn, openEvent, placeOf, publishedEvent, someone, unique } from './helpers'

// On a phone, where the block sticks to the bottom and forms come up from below.
test.use({ viewport: { width: 390, height: 844 } })

async function people(browser: Browser, ...names: string[]): Promise<Page[]> {
  const pages: Page[] = []
  for (const name of names) pages.push((await someone(browser, name)).page)
  return pages
}

const dialogOf = (page: Page) => page.getByRole('dialog')
const press = (page: Page, name: string) => placeOf(page).getByRole('button', { name }).click()

async function doTo(page: Page, name: string, deed: string) {
  await page.getByRole('button', { name: `Actions for ${name}` }).click()
  await page.getByRole('menuitem', { name: deed }).click()
}

test('a party brings its guests, and takes what there is', async ({ browser }) => {
  const [organiser, first, party] = await people(browser, 'Olga', 'Firstina', 'Partina')
  const id = await publishedEvent(organiser!, { title: unique('Boat Trip '), capacity: 3 })
  await openEvent(first!, id)
  await press(first!, 'Take a place')
  await expect(placeOf(first!)).toContainText('You’re in.')

  await openEvent(party!, id)
  await press(party!, 'Bring guests')
  const form = dialogOf(party!)
  await form.getByRole('button', { name: 'One more' }).click()
  await expect(form.getByLabel('How many people?')).toHaveValue('3')
  const more = form.getByRole('button', { name: 'One more' })
  await expect(more, 'the event has no more places').toBeDisabled()
  await form.getByLabel('Name of guest 1').fill('Grace')
  await form.getByLabel('If there isn’t room for all of us').check()
  await form.getByLabel('But at least').selectOption('2')
  await form.getByRole('button', { name: 'Take a place' }).click()
  await expect(placeOf(party!)).toContainText('You’re in.')
  await expect(placeOf(party!)).toContainText('There is room for 2 of the 3 of you.')

  await organiser!.goto(`/events/${id}/participants`)
  const row = organiser!.getByRole('row', { name: /Partina/ })
  await expect(row).toContainText('with Grace')
  await expect(row).toContainText('2 of 3')
})

test('a request is approved, and only then the address is told', async ({ browser }) => {
  const [organiser, guest, other] = await people(browser, 'Olga', 'Askina', 'Nopia')
  const title = unique('Kitchen Concert ')
  const registration = { access: 'approval' }
  const id = await publishedEvent(organiser!, { title, capacity: 5, registration })
  for (const page of [guest!, other!]) {
    await openEvent(page, id)
    await expect(page.getByText('Uferweg 3')).toHaveCount(0)
    await press(page, 'Ask for a place')
    await expect(placeOf(page)).toContainText('You’ve asked.')
  }

  await organiser!.goto(`/events/${id}/participants`)
  await organiser!.getByRole('link', { name: 'Requests 2' }).click()
  const row = organiser!.getByRole('row', { name: /Askina/ })
  await row.getByRole('button', { name: 'Approve' }).click()
  await expect(organiser!.getByText('Askina is in.')).toBeVisible()
  await expect(row).toHaveCount(0)

  await test.step('the guest hears of it without a reload', async () => {
    await expect(placeOf(guest!)).toContainText('You’re in.')
    await expect(placeOf(guest!)).toContainText('Uferweg 3')
  })

  await test.step('another one is not approved, with words', async () => {
    await doTo(organiser!, 'Nopia', 'Don’t approve…')
    await dialogOf(organiser!).getByLabel('Your words to them').fill('Next time!')
    await dialogOf(organiser!).getByRole('button', { name: 'Don’t approve' }).click()
    await expect(organiser!.getByText('Nobody is asking.')).toBeVisible()
    await expect(
      placeOf(other!).getByRole('button', { name: 'Ask for a place' }),
      'and hears of it without a reload',
    ).toBeVisible({ timeout: 30_000 })
    await expect(other!.getByText('The organiser did not approve your request.')).toBeVisible()
  })
})

test('many requests are approved at once, and who does not fit gets in line', async ({
  browser,
}) => {
  const [organiser, ...guests] = await people(browser, 'Olga', 'Una', 'Duo', 'Tria')
  const registration = { access: 'approval' }
  const id = await publishedEvent(organiser!, {
    title: unique('Wine Tasting '),
    capacity: 2,
    registration,
  })
  for (const page of guests) {
    await openEvent(page, id)
    await press(page, 'Ask for a place')
    await expect(placeOf(page)).toContainText('You’ve asked.')
  }
  await organiser!.goto(`/events/${id}/participants?status=pending`)
  await organiser!.getByLabel('Select all that are shown').check()
  await organiser!.getByRole('button', { name: 'Approve 3 requests' }).click()
  await expect(organiser!.getByText('3 requests approved.')).toBeVisible()
  await expect(placeOf(guests[1]!)).toContainText('You’re in.')
  await expect(placeOf(guests[2]!)).toContainText('You’re 1st in line.')
})

test('an invitation opens a closed door once, and leaves no trace in the address', async ({
  browser,
}) => {
  const [organiser, guest, stranger] = await people(browser, 'Olga', 'Invitia', 'Strangia')
  const registration = { access: 'invitation' }
  const id = await publishedEvent(organiser!, {
    title: unique('Secret Dinner '),
    capacity: 2,
    registration,
  })
  await openEvent(stranger!, id)
  await expect(placeOf(stranger!)).toContainText('By invitation only.')

  await organiser!.goto(`/events/${id}/participants?view=invitations`)
  await organiser!.getByLabel('For whom').fill('The band’s guests')
  await organiser!.getByLabel('Places to keep').fill('1')
  await organiser!.getByRole('button', { name: 'Create the invitation' }).click()
  const link = await organiser!.getByRole('textbox', { name: 'The link' }).inputValue()
  const code = new URL(link).searchParams.get('invitation')!

  await guest!.goto(link)
  await expect(placeOf(guest!)).toContainText('You have an invitation.')
  expect(guest!.url()).not.toContain('invitation')
  await press(guest!, 'Take a place')
  await expect(placeOf(guest!)).toContainText('You’re in.')
  await guest!.goBack()
  expect(guest!.url()).not.toContain(code)

  await test.step('it was good for one', async () => {
    await press(stranger!, 'I have an invitation')
    await dialogOf(stranger!).getByLabel('Code of your invitation').fill(code)
    await dialogOf(stranger!).getByRole('button', { name: 'Take a place' }).click()
    await expect(dialogOf(stranger!).getByRole('alert')).toContainText('not good any more')
    await organiser!.reload()
    await expect(organiser!.getByText('Used up')).toBeVisible()
  })
})

test('shortly before the start a place is offered, declined, and accepted by the next', async ({
  browser,
}) => {
  const [organiser, first, second, third] = await people(browser, 'Olga', 'Uma', 'Dua', 'Tia')
  const id = await publishedEvent(organiser!, {
    title: unique('Night Walk '),
    capacity: 1,
    starts_at_local: localIn(20),
    ends_at_local: localIn(22),
  })
  await openEvent(first!, id)
  await press(first!, 'Take a place')
  await expect(placeOf(first!)).toContainText('You’re in.')
  for (const [page, position] of [
    [second!, '1st'],
    [third!, '2nd'],
  ] as const) {
    await openEvent(page, id)
    await press(page, 'Get in line')
    await expect(placeOf(page)).toContainText(`You’re ${position} in line.`)
    await expect(placeOf(page)).toContainText('is offered to the next in line')
  }
  await placeOf(third!).getByText('What happens next').click()
  await expect(placeOf(third!)).toContainText('free places go to whoever takes them first')

  await press(first!, 'Give up my place')
  await test.step('by keyboard, one can think better of it', async () => {
    await first!.keyboard.press('Escape')
    await expect(placeOf(first!).getByRole('button', { name: 'Give up my place' })).toBeFocused()
    await first!.keyboard.press('Enter')
  })
  await dialogOf(first!).getByRole('button', { name: 'Give up my place' }).click()
  await expect(placeOf(second!)).toContainText(/A place is yours\s*until/)
  await expect(placeOf(second!).getByRole('timer')).toContainText('left')
  await expect(placeOf(third!)).toContainText('You’re 1st in line.')

  await test.step('the organiser sees how many offers are open', async () => {
    await organiser!.goto(`/events/${id}/participants`)
    await organiser!.getByRole('link', { name: 'Offers 1' }).click()
    await expect(organiser!.getByRole('row', { name: /Dua/ })).toContainText('Has an offer')
  })
  await test.step('who came first cannot take it back', async () => {
    await expect(placeOf(first!)).toContainText('1 place kept for someone else')
  })
  await press(second!, 'Decline')
  await dialogOf(second!).getByRole('button', { name: 'Decline' }).click()
  await expect(placeOf(second!).getByRole('button', { name: 'Get in line' })).toBeVisible()
  await expect(placeOf(third!)).toContainText(/A place is yours\s*until/)
  await press(third!, 'Accept')
  await expect(placeOf(third!)).toContainText('You’re in.')
  await organiser!.goto(`/events/${id}/participants`)
  await expect(organiser!.getByRole('row', { name: /Tia/ })).toContainText('accepted an offer')
})

test('in the last hours a free place is for whoever in line takes it', async ({ browser }) => {
  const [organiser, first, second] = await people(browser, 'Olga', 'Holda', 'Waita')
  const id = await publishedEvent(organiser!, {
    title: unique('Last Call '),
    capacity: 1,
    starts_at_local: localIn(1.5),
    ends_at_local: localIn(3),
  })
  await openEvent(first!, id)
  await press(first!, 'Take a place')
  await expect(placeOf(first!)).toContainText('You’re in.')
  await openEvent(second!, id)
  await press(second!, 'Get in line')
  await expect(placeOf(second!)).toContainText('You’re 1st in line.')
  await press(first!, 'Give up my place')
  await dialogOf(first!).getByRole('button', { name: 'Give up my place' }).click()
  await press(second!, 'Take the free place')
  await expect(placeOf(second!)).toContainText('You’re in.')
})

test('a place out of turn and above the capacity is given knowingly, and a ban is lifted again', async ({
  browser,
}) => {
  const [organiser, first, second] = await people(browser, 'Olga', 'Alba', 'Bela')
  const id = await publishedEvent(organiser!, { title: unique('Small Stage '), capacity: 1 })
  await openEvent(first!, id)
  await press(first!, 'Take a place')
  await expect(placeOf(first!)).toContainText('You’re in.')
  await openEvent(second!, id)
  await press(second!, 'Get in line')
  await expect(placeOf(second!)).toContainText('You’re 1st in line.')

  await organiser!.goto(`/events/${id}/participants`)
  await organiser!.getByLabel('Search by name').fill('bel')
  await expect(organiser!.getByRole('row', { name: /Alba/ })).toHaveCount(0)
  await doTo(organiser!, 'Bela', 'Give a place out of turn…')
  await expect(dialogOf(organiser!)).toContainText('Even above the capacity?')
  await expect(dialogOf(organiser!)).toContainText('It is recorded that you decided so')
  await dialogOf(organiser!).getByRole('button', { name: 'Overbook and give the place' }).click()
  await expect(organiser!.getByRole('row', { name: /Bela/ })).toContainText('out of turn')
  await expect(organiser!.getByText('Overbooked by 1 person')).toBeVisible()
  await expect(placeOf(second!)).toContainText('You’re in.')
  await organiser!
    .getByRole('main')
    .getByRole('link', { name: /Small Stage/ })
    .click()
  await expect(placeOf(organiser!)).toContainText('Overbooked by 1 person.')

  await test.step('what happened is told', async () => {
    await organiser!.goto(`/events/${id}/participants`)
    await doTo(organiser!, 'Bela', 'What happened')
    await expect(dialogOf(organiser!)).toContainText('Came as the 2nd to this event.')
    await expect(dialogOf(organiser!)).toContainText(
      'Olga gave them a place out of turn. Above the capacity, by 1 person.',
    )
    await dialogOf(organiser!).getByRole('button', { name: 'Close' }).click()
  })

  await test.step('ban, and lift the ban', async () => {
    await organiser!.goto(`/events/${id}/participants`)
    await doTo(organiser!, 'Alba', 'Ban…')
    await dialogOf(organiser!).getByRole('button', { name: 'Ban' }).click()
    await expect(organiser!.getByText('Alba is banned.')).toBeVisible()
    await first!.reload()
    await expect(placeOf(first!)).toContainText('The organiser has closed this event to you.')
    await organiser!.getByRole('link', { name: 'Banned' }).click()
    await organiser!.getByRole('button', { name: 'Lift the ban on Alba' }).click()
    await expect(organiser!.getByText('Nobody is banned here.')).toBeVisible()
    await first!.reload()
    await expect(placeOf(first!).getByRole('button', { name: 'Get in line' })).toBeVisible()
  })
})

test('a change of time asks who still comes; two events at one time are seen', async ({
  browser,
}) => {
  const [organiser, guest] = await people(browser, 'Olga', 'Keepia')
  const titles = [unique('Choir '), unique('Chess ')] as const
  const [one, two] = [
    await publishedEvent(organiser!, { title: titles[0], capacity: 5 }),
    await publishedEvent(organiser!, { title: titles[1], capacity: 5 }),
  ]
  await openEvent(guest!, one)
  await press(guest!, 'Take a place')
  await expect(placeOf(guest!)).toContainText('You’re in.')
  await openEvent(guest!, two)
  await expect(placeOf(guest!)).toContainText(`You already have a place at this time: ${titles[0]}`)
  await press(guest!, 'Take a place')
  await expect(placeOf(guest!)).toContainText('You’re in.')

  await guest!.goto('/me/places')
  await expect(guest!.getByText(`At the same time as ${titles[0]}`)).toBeVisible()
  await expect(guest!.getByText(`At the same time as ${titles[1]}`)).toBeVisible()

  const { starts_at_local } = (await (
    await organiser!.request.get(`/api/v1/events/${one}`)
  ).json()) as { starts_at_local: string }
  await change(organiser!, one, { starts_at_local: starts_at_local.replace('T18:00', 'T19:00') })
  await expect(async () => {
    await guest!.goto(`/events/${one}`)
    await expect(placeOf(guest!)).toContainText('Someone changed the time: 18:00 → 19:00.', {
      timeout: 2000,
    })
  }).toPass({ timeout: 20_000 })
  await press(guest!, 'Keep my place')
  await expect(placeOf(guest!)).not.toContainText('Someone changed')
  await guest!.reload()
  await expect(placeOf(guest!)).toContainText('at 19:00')
  await expect(placeOf(guest!)).not.toContainText('Someone changed')
})
