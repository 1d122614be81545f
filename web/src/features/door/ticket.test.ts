import { expect, it } from 'vitest'
import { checkSignature, readTicket, type Key } from './ticket'

const EVENT = '01890a5d-ac96-774b-bcce-b302099a8057'
const JOIN = '01890a5e-0000-7000-8000-00000000000a'

const base64Url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
const ofHex = (text: string) => Buffer.from(text.replaceAll('-', ''), 'hex')

/** A key, and tickets as the server signs them. */
async function signer(kid = '0a1b2c3d') {
  const pair = await crypto.subtle.generateKey({ name: 'Ed25519' }, true, ['sign', 'verify'])
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))
  const key: Key = { kid, public_key: base64Url(raw) }
  const sign = async (number: number, people: number) => {
    const signed = Buffer.alloc(52)
    ofHex(kid).copy(signed, 0)
    ofHex(EVENT).copy(signed, 4)
    ofHex(JOIN).copy(signed, 20)
    signed.writeBigInt64BE(BigInt(number), 36)
    signed[44] = people
    const signature = await crypto.subtle.sign('Ed25519', pair.privateKey, signed)
    return `CE1.${base64Url(Buffer.concat([signed, Buffer.from(signature)]))}`
  }
  return { key, sign }
}

it('a ticket says what was signed, and by whom', async () => {
  const { key, sign } = await signer()
  const ticket = readTicket(`  ${await sign(123_456, 3)}\n`)!
  expect(ticket).toMatchObject({
    kid: '0a1b2c3d',
    event_id: EVENT,
    join_id: JOIN,
    line_no: 123_456,
    people: 3,
  })
  expect(await checkSignature(ticket, [key])).toBe('good')
})

it('a changed ticket, another one’s signature and an unknown key are told', async () => {
  const [ours, theirs] = [await signer(), await signer()]
  const text = await ours.sign(7, 1)
  const bytes = Buffer.from(text.slice(4), 'base64url')
  bytes[44] = 9
  const changed = readTicket(`CE1.${bytes.toString('base64url')}`)!
  expect(changed.people).toBe(9)
  expect(await checkSignature(changed, [ours.key])).toBe('bad')
  expect(await checkSignature(readTicket(text)!, [theirs.key])).toBe('bad')
  expect(await checkSignature(readTicket(text)!, [])).toBe('bad')
  const elsewhere = { ...ours.key, kid: 'ffffffff' }
  expect(await checkSignature(readTicket(text)!, [elsewhere])).toBe('bad')
})

it('what is no ticket is none', async () => {
  const text = await (await signer()).sign(7, 1)
  for (const bad of [
    '',
    'CE1.',
    'CE1.AAAA',
    'https://example.org',
    text.slice(0, 100),
    text.slice(4),
    `${text}A`,
    text.replace('CE1.', 'CE2.'),
    `CE1.${'*'.repeat(155)}`,
  ]) {
    expect(readTicket(bad), bad).toBeNull()
  }
})
