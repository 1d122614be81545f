// The code of an invitation is as good as a place: it is read off the link once, taken out of the address bar and the
// history, and kept until it has been used. It outlives the way through sign-up, which may come back in another tab.

const PREFIX = 'cityevents.invitation.'
/** Longer ones are no codes. */
const LONGEST = 64

const fallback = new Map<string, string>()

export function keepInvitation(eventId: string, code: string) {
  if (!code || code.length > LONGEST) return
  fallback.set(eventId, code)
  try {
    localStorage.setItem(PREFIX + eventId, code)
  } catch {
    // it then lasts as long as the page
  }
}

export function keptInvitation(eventId: string): string | null {
  try {
    return localStorage.getItem(PREFIX + eventId) ?? fallback.get(eventId) ?? null
  } catch {
    return fallback.get(eventId) ?? null
  }
}

export function dropInvitation(eventId: string) {
  fallback.delete(eventId)
  try {
    localStorage.removeItem(PREFIX + eventId)
  } catch {
    // nothing was kept
  }
}
