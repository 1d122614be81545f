import type { Entry, Guest, Pending, Scan } from './types'

/** One thing that happened to a place, in the order in which it counts. */
export type Step = {
  id: string
  kind: 'in' | 'out' | 'undo'
  people: number
  entry: Entry
  /** Which step an undo takes back; the last one if absent. */
  undoes?: string
}

export type Standing = {
  inside: number
  /** The entry that counts, if somebody came in. */
  came: Entry | null
  /** The last step that counts. */
  last: string | null
}

/** What has become of a place by its steps. An undo takes back one that counts, as the server does. */
export function standing(steps: readonly Step[]): Standing {
  let counted: Step[] = []
  for (const step of steps) {
    if (step.kind !== 'undo') counted.push(step)
    else if (!step.undoes) counted.pop()
    else counted = counted.filter((other) => other.id !== step.undoes)
  }
  const inside = counted.reduce(
    (sum, step) => Math.max(0, sum + (step.kind === 'in' ? step.people : -step.people)),
    0,
  )
  const entry = counted.findLast((step) => step.kind === 'in')
  return { inside, came: entry?.entry ?? null, last: counted.at(-1)?.id ?? null }
}

/** Steps of every place: what the server knows, and after it what only this device knows. */
export function stepsOf(log: Iterable<Scan>, queue: readonly Pending[]): Map<number, Step[]> {
  const steps = new Map<number, Step[]>()
  const add = (line_no: number, step: Step) => {
    const known = steps.get(line_no)
    if (known) known.push(step)
    else steps.set(line_no, [step])
  }
  const known = new Set<string>()
  for (const scan of [...log].sort((a, b) => a.seq - b.seq)) {
    known.add(scan.id)
    if (scan.line_no === null || scan.outcome !== 'accepted') continue
    const entry = { at: scan.scanned_at, gate: scan.gate, by: scan.steward_name }
    add(scan.line_no, { id: scan.id, kind: scan.kind, people: scan.people, entry })
  }
  for (const scan of queue) {
    if (scan.line_no === undefined || known.has(scan.id) || !counts(scan)) continue
    const entry = { at: scan.at, gate: scan.gate, by: '' }
    const { id, kind, people = 1, undoes } = scan
    add(scan.line_no, { id, kind, people, entry, undoes })
  }
  return steps
}

/** Whether a scan of this device has changed who is inside, as far as one can know. */
export const counts = (scan: Pending) =>
  scan.outcome === undefined ? scan.told !== 'no' : scan.outcome === 'accepted'

export type Counted = { expected: number; arrived: number; inside: number }

/** How many have come. Of a party that has left again, at least one is counted, as the server does. */
export function count(guests: readonly Guest[], of: (guest: Guest) => Standing): Counted {
  const sum = { expected: 0, arrived: 0, inside: 0 }
  for (const guest of guests) {
    const { inside, came } = of(guest)
    sum.expected += guest.party_size
    sum.inside += inside
    sum.arrived += Math.max(inside, came || guest.arrived_at ? 1 : 0)
  }
  return sum
}
