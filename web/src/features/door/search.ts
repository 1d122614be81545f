import type { Guest } from './types'

const SHOWN = 40

/** Without case and accents, as a name is typed in a hurry. */
export function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replaceAll('ß', 'ss').trim()
}

/** Guests whose number is that, then those whose names contain all words; first matches at a word's start. */
export function search(guests: readonly Guest[], typed: string): Guest[] {
  const query = fold(typed).replace(/^(#|no\.?|nr\.?)\s*/, '')
  if (!query) return guests.slice(0, SHOWN)
  const words = query.split(/\s+/)
  const ranked: { guest: Guest; rank: number }[] = []
  for (const guest of guests) {
    if (String(guest.line_no) === query) {
      ranked.push({ guest, rank: 0 })
      continue
    }
    const names = fold([guest.display_name, ...guest.guests].join(' '))
    if (!words.every((word) => names.includes(word))) continue
    const starts = words.every((word) => ` ${names}`.includes(` ${word}`))
    ranked.push({ guest, rank: starts ? 1 : 2 })
  }
  return ranked
    .sort((a, b) => a.rank - b.rank)
    .slice(0, SHOWN)
    .map((item) => item.guest)
}
