import { isRetryable } from './problem'

// A key belongs to an intention, not to a request: it survives retries, reloads and lost answers, and is
// dropped only when the server has decided. So pressing "Take a place" again after a dead
// connection can never take two. Whoever asks for something else in between means something else.

const PREFIX = 'cityevents.idempotency.'

export type Action = 'join' | 'leave' | 'claim' | 'message' | 'invitation'
type Kept = { key: string; request: string }

const nameOf = (action: Action, eventId: string, userId: string) =>
  PREFIX + [action, eventId, userId].join('.')

/** Tells requests apart without keeping what they say: names and answers are nobody's business. FNV-1a, 32 bits. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5
  for (let n = 0; n < text.length; n++) hash = Math.imul(hash ^ text.charCodeAt(n), 0x01000193)
  return (hash >>> 0).toString(36)
}

/** The key of an intention; `wish` is what exactly is asked for. */
export function keyFor(action: Action, eventId: string, userId: string, wish = ''): string {
  const name = nameOf(action, eventId, userId)
  const request = fingerprint(wish)
  const kept = parse(read(name))
  if (kept?.request === request) return kept.key
  const key = crypto.randomUUID()
  const text = JSON.stringify({ key, request } satisfies Kept)
  fallback.delete(name)
  try {
    sessionStorage.setItem(name, text)
  } catch {
    fallback.set(name, text) // storage blocked: the key still lives as long as the page
  }
  return key
}

export function settle(action: Action, eventId: string, userId: string) {
  const name = nameOf(action, eventId, userId)
  fallback.delete(name)
  try {
    sessionStorage.removeItem(name)
  } catch {
    // nothing was kept
  }
}

/** Sends a request under its intention's key, and drops the key once the server has decided. */
export async function underKey<T>(
  action: Action,
  eventId: string,
  userId: string,
  request: unknown,
  send: (key: string) => Promise<T>,
): Promise<T> {
  const key = keyFor(action, eventId, userId, JSON.stringify(request))
  try {
    const answer = await send(key)
    settle(action, eventId, userId)
    return answer
  } catch (error) {
    if (!isRetryable(error)) settle(action, eventId, userId)
    throw error
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

function parse(text: string | null | undefined): Kept | null {
  try {
    return text ? (JSON.parse(text) as Kept) : null
  } catch {
    return null
  }
}
