const places = (n: number) => (n === 1 ? 'a place' : `${n} places`)

/** A place without an account first, and the end of an account. */
export const quickEn = {
  quick: {
    hint: 'Your name and e-mail are enough; no account needed.',
    title: 'A place without an account',
    lead: 'No account needed. We mail you a link that makes sure the address is yours; one press there, and the place is taken.',
    name: 'Your name',
    nameHint: 'As the organiser sees it.',
    send: 'Send me the link',
    sentTitle: 'Look into your mailbox',
    sent: (email: string) =>
      `A link is on its way to ${email}. It works once, for two hours. Nothing is taken yet, so open it soon.`,
    sentNothing: 'Nothing there? Look under spam, or send it again.',
    again: 'Send it again',
    otherAddress: 'Change what I wrote',
    haveAccount: 'Do you have an account?',
    invitation: 'This event takes an invitation, and an invitation takes an account.',
    signUp: 'Create an account',

    pageTitle: 'Your place',
    asked: (n: number) => `You asked for ${places(n)}`,
    lookTitle: 'Almost there',
    lookLead: 'Opening the link has taken nothing yet. One press does.',
    forName: (name: string) => `for ${name}`,
    upTo: (n: number, least: number) => `${n} people, at least ${least}`,
    take: (n: number) => (n === 1 ? 'Take the place' : `Take the ${n} places`),
    taking: 'Taking it',
    otherwise: (name: string) =>
      `You are signed in as ${name}. This signs you in with the address that the mail went to.`,
    spent: 'This link no longer works.',
    spentHint:
      'It works once, for two hours, and only the newest one for an event does. If you have used it, your place is in “My places”.',
    spentNoAnswer:
      'If the connection was lost just now, ask for a new link: a place is never taken twice.',
    missing: 'This page needs the link from the mail.',
    missingHint: 'For safety it is not kept in the address bar: open it in the mail once more.',
    askAgain: 'Ask for a new link',
    discover: 'See what’s on',

    failed: 'You are signed in, but the place could not be taken.',
    decided: 'You are signed in, but there is no place.',
    in: (day: string, time: string | null) =>
      time ? `See you ${day} at ${time}.` : `See you ${day}.`,
    partial: (n: number, asked: number) => `There was room for ${n} of ${asked}.`,
    line: 'If a place comes free, it goes to the line in order, and a mail tells you.',
    pending: 'The organiser decides, and a mail tells you.',
    ticket: 'Your ticket',
    event: 'To the event',

    keepTitle: 'And the account?',
    keepLead:
      'Your place belongs to a small account in your name: that is how you can change or give up your place.',
    keep: 'Keep it',
    keepText:
      'Choose a password, and sign in with it any time. This works for 15 minutes from now.',
    keepButton: 'Set the password',
    kept: 'Kept. You can sign in with your address and this password.',
    drop: 'Or drop it afterwards',
    dropText:
      'You need not do anything now. After the event you can delete the account for good, under “Account”. Deleting it earlier gives up the place.',
    account: 'To the account',
    late: 'Too long ago for that. Ask for a link to choose a password; it comes by mail.',
    lateLink: 'Get the link',
  },
  farewell: {
    title: 'Delete the account',
    lead: 'For good, and at once. Your places are given up, and events of yours that are still to come are called off.',
    button: 'Delete the account',
    askTitle: 'Delete your account?',
    ask: 'This can’t be taken back. Your places go to the line; events of yours that are still to come are called off, and everybody there is told.',
    password: 'Your password',
    confirm: 'Delete for good',
    keep: 'Keep it',
    done: 'Your account is gone. Take care.',
    late: 'To be safe, this takes a fresh sign-in. Choose a password by a link in a mail, sign in with it, and come back.',
    lateLink: 'Get the link',
    firstPassword:
      'Your account has no password yet. You can set one within 15 minutes of opening a link from a mail.',
    setPassword: 'Set the password',
  },
}

export type QuickMessages = typeof quickEn
