// What a ticket's QR code says: `CE1.` and, in URL-safe Base64 without padding, 116 bytes: the key's id (4), the event's id (16),
// the join's id (16), its number (8, big endian), the number of people (1), reserved (7), and an Ed25519 signature of it all (64).

const PREFIX = 'CE1.'
const SIGNED = 52
const LENGTH = SIGNED + 64

export type Ticket = {
  text: string
  /** Which key is said to have signed it, in hexadecimal digits. */
  kid: string
  event_id: string
  join_id: string
  line_no: number
  people: number
  signed: Uint8Array<ArrayBuffer>
  signature: Uint8Array<ArrayBuffer>
}

/** `unchecked` is a browser that knows no Ed25519: only the list can tell then. */
export type Signature = 'good' | 'bad' | 'unchecked'

/** Reads what a QR code says, which may be a lie; null if it is no ticket at all. */
export function readTicket(code: string): Ticket | null {
  const text = code.trim()
  if (!text.startsWith(PREFIX)) return null
  const bytes = fromBase64Url(text.slice(PREFIX.length))
  if (bytes?.length !== LENGTH) return null
  const number = new DataView(bytes.buffer).getBigInt64(36)
  if (number < 0n || number > BigInt(Number.MAX_SAFE_INTEGER)) return null
  return {
    text,
    kid: hex(bytes.subarray(0, 4)),
    event_id: uuid(bytes.subarray(4, 20)),
    join_id: uuid(bytes.subarray(20, 36)),
    line_no: Number(number),
    people: bytes[44]!,
    signed: bytes.slice(0, SIGNED),
    signature: bytes.slice(SIGNED),
  }
}

export type Key = { kid: string; public_key: string }

/** Whether one of these keys has signed it. Needs no network. */
export async function checkSignature(ticket: Ticket, keys: readonly Key[]): Promise<Signature> {
  const key = fromBase64Url(keys.find((item) => item.kid === ticket.kid)?.public_key ?? '')
  if (!key) return 'bad'
  const { subtle } = crypto
  if (!subtle) return 'unchecked' // not a secure context
  const name = 'Ed25519'
  try {
    const imported = await subtle.importKey('raw', key, { name }, false, ['verify'])
    const good = await subtle.verify({ name }, imported, ticket.signature, ticket.signed)
    return good ? 'good' : 'bad'
  } catch (error) {
    const unknown = error instanceof DOMException && error.name === 'NotSupportedError'
    return unknown ? 'unchecked' : 'bad'
  }
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[\w-]+$/.test(text)) return null
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    return Uint8Array.from(binary, (char) => char.charCodeAt(0))
  } catch {
    return null
  }
}

const hex = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

const uuid = (bytes: Uint8Array) =>
  hex(bytes).replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5')
