import { ordinal } from './dates'

const people = (n: number) => (n === 1 ? '1 person' : `${n} people`)

/** What an organiser writes to those who are in, and what is known of each of them. */
export const deskEn = {
  messages: {
    lead: 'A mail to those who are in. Answers go to your own address; five a day at most.',
    title: 'A new message',
    to: 'To',
    audience: {
      all: 'Everyone who is in',
      confirmed: 'Those with a place',
      waitlisted: 'Those in line',
      offered: 'Those with an offer',
      pending: 'Those who ask for a place',
    } as Record<string, string>,
    subject: 'Subject',
    text: 'Message',
    textHint: 'Plain text. The event and a link to it are added.',
    write: 'Send…',
    askTitle: 'Send this message?',
    ask: 'A mail can’t be taken back once it is on its way.',
    send: 'Send it now',
    sending: 'Sending…',
    sent: (n: number) => `On its way to ${people(n)}.`,
    list: 'Sent messages',
    got: (n: number) => `got by ${people(n)}`,
    empty: 'Nothing sent yet.',
    emptyHint: 'Changed rooms, a thing to bring, a word of thanks: write it once, and all have it.',
  },
  outlook: {
    noShows: (percent: number, events: number) =>
      `At your events, usually ${percent}% of those with a place do not come (${events} events).`,
    extra: (n: number) =>
      `With ${n === 1 ? '1 place' : `${n} places`} more, nobody would have stood outside at any of them.`,
  },
  timeline: {
    open: 'What happened',
    title: (name: string) => `What happened: ${name}`,
    failed: 'The history could not be loaded.',
    none: 'Nothing is known.',
    arrived: (n: number, party: number) =>
      `Came as the ${ordinal(n, 'en')} to this event${party > 1 ? `, for ${people(party)}` : ''}.`,
    offered: (until: string) => `Was offered a place, to accept until ${until}.`,
    placed: {
      direct: 'Took a place.',
      line: 'Moved up from the line: has a place.',
      offer: 'Accepted the offer: has a place.',
      claim: 'Took a place that was free.',
      picked: 'Got a place out of turn.',
      invited: 'Came by an invitation: has a place.',
      door: 'Got a place at the door.',
    } as Record<string, string>,
    kept: 'Said again that they come.',
    passed: (n: number) =>
      `Was passed by the ${ordinal(n, 'en')}: the free places were too few for the whole group.`,
    lapsed: {
      offer: 'Let the offer pass.',
      answers: 'Did not answer the questions in time.',
      reconfirmation: 'Did not say in time whether they come.',
    } as Record<string, string>,
    asked: 'Was asked whether they still come.',
    by: {
      approved: (who: string) => `${who} approved the request.`,
      rejected: (who: string) => `${who} did not approve the request.`,
      removed: (who: string) => `${who} took them off the list.`,
      banned: (who: string) => `${who} banned them.`,
      unbanned: (who: string) => `${who} lifted the ban.`,
      picked: (who: string) => `${who} gave them a place out of turn.`,
      walked_in: (who: string) => `${who} let them in at the door.`,
    } as Record<string, (who: string) => string>,
    someone: 'Somebody',
    exceeded: (n: number) => `Above the capacity, by ${people(n)}.`,
    ended: {
      left: 'Gave it up.',
      declined: 'Declined the offer.',
      offer_lapsed: 'Let the offer pass.',
      rejected: 'Was not approved.',
      removed: 'Was taken off the list.',
      banned: 'Was banned.',
      not_reconfirmed: 'Did not say in time whether they come.',
      answers_missing: 'Did not answer the questions in time.',
      no_show: 'Did not come in time; the place went to those at the door.',
      event_cancelled: 'The event was cancelled.',
      account_deleted: 'Deleted their account.',
    } as Record<string, string>,
  },
}

export type DeskMessages = typeof deskEn
