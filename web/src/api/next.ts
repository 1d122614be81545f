export type NextSearch = { next?: string }

/** A way back inside this site, or undefined: never another host, whatever the address bar says. */
export function safeNext(value: unknown): string | undefined {
  if (typeof value !== 'string' || !value.startsWith('/') || value.length > 500) return undefined
  try {
    const url = new URL(value, 'http://here.invalid')
    if (url.host !== 'here.invalid') return undefined
    return url.pathname + url.search + url.hash
  } catch {
    return undefined
  }
}

const STORED = 'cityevents.next'

/** Kept over the detour through the mailbox, which may come back in another tab. */
export function rememberNext(next: string | undefined) {
  try {
    if (next) localStorage.setItem(STORED, next)
    else localStorage.removeItem(STORED)
  } catch {
    // then the way back ends on Discover
  }
}

export function recallNext(): string | undefined {
  try {
    return safeNext(localStorage.getItem(STORED))
  } catch {
    return undefined
  }
}
