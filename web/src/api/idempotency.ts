// A key belongs to an intention, not to a request: it survives retries, reloads and lost answers, and is
// dropped only when the server has decided. So pressing "Take a place" again after a dead
// connection can never take two.

const PREFIX = 'cityevents.idempotency.'

export function keyFor(action: 'join' | 'leave', eventId: string, userId: string): string {
  const name = PREFIX + [action, eventId, userId].join('.')
  const kept = read(name)
  if (kept) return kept
  const key = crypto.randomUUID()
  try {
    sessionStorage.setItem(name, key)
  } catch {
    fallback.set(name, key) // storage blocked: the key still lives as long as the page
  }
  return key
}

export function settle(action: 'join' | 'leave', eventId: string, userId: string) {
  const name = PREFIX + [action, eventId, userId].join('.')
  fallback.delete(name)
  try {
    sessionStorage.removeItem(name)
  } catch {
    // nothing was kept
  }
}

const fallback = new Map<string, string>()

function read(name: string) {
  try {
    return sessionStorage.getItem(name) ?? fallback.get(name)
  } catch {
    return fallback.get(name)
  }
}
