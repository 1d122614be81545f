import type { Conflict, Pending, ScanRequest, ScanResult } from './types'
import { entryOf } from './verdict'

/** As many as the server takes at once. */
const BATCH = 500

export const isWaiting = (scan: Pending) => scan.outcome === undefined

/**
 * What is to be sent next: scans of one person at one gate, in the order in which they happened. An undo waits until it is known what
 * came of the scan that it takes back: the server undoes the last entry, which may be another gate's.
 */
export function nextBatch(queue: readonly Pending[], userId: string): Pending[] {
  const waiting = queue.filter((scan) => isWaiting(scan) && scan.user_id === userId)
  const gate = waiting[0]?.gate
  const batch: Pending[] = []
  for (const scan of waiting) {
    const early = scan.undoes && waiting.some((other) => other.id === scan.undoes)
    if (scan.gate !== gate || early || batch.length === BATCH) break
    batch.push(scan)
  }
  return batch
}

export function toRequest({ id, ticket, line_no, kind, people, at }: Pending): ScanRequest {
  return { id, ...(ticket ? { ticket } : { line_no }), kind, people, at }
}

export type Change = {
  queue: Pending[]
  /** What the steward has to hear of, since they were told something else. */
  conflicts: Conflict[]
}

/** Writes down what the server said. */
export function answered(
  queue: readonly Pending[],
  results: readonly ScanResult[],
  undo: (scan: Pending) => Pending,
): Change {
  const byId = new Map(results.map((result) => [result.id, result]))
  const next: Pending[] = []
  const conflicts: Conflict[] = []
  for (const scan of queue) {
    const target = scan.undoes && byId.get(scan.undoes)
    // Nothing of it is left to take back.
    if (target && target.outcome !== 'accepted' && isWaiting(scan)) continue
    const result = byId.get(scan.id)
    if (!result || !isWaiting(scan)) {
      next.push(scan)
      continue
    }
    const { outcome, line_no } = result
    const done = { ...scan, outcome, line_no: line_no ?? scan.line_no }
    const accepted = outcome === 'accepted'
    if (accepted) next.push(done)
    if (scan.asking || accepted === (scan.told === 'yes')) continue
    // They were sent away, so they are not inside, whatever the server made of it.
    if (accepted) next.push(undo(done))
    else if (scan.kind !== 'undo' && !isTakenBack(queue, scan)) {
      conflicts.push(conflictOf(scan, outcome, result.first && entryOf(result.first)))
    }
  }
  return { queue: next, conflicts }
}

const isTakenBack = (queue: readonly Pending[], scan: Pending) =>
  queue.some((other) => other.undoes === scan.id)

export function conflictOf(
  { id, event_id, at, gate, name, kind }: Pending,
  outcome: Conflict['outcome'],
  first: Conflict['first'] = null,
): Conflict {
  return { id, event_id, at, gate, name, kind, outcome, first }
}

/** Scans that the log contains by now need not be remembered here. */
export function withoutKnown(queue: readonly Pending[], known: (id: string) => boolean): Pending[] {
  const left = queue.filter((scan) => isWaiting(scan) || !known(scan.id))
  return left.length === queue.length ? (queue as Pending[]) : left
}

/** Takes a scan back: one that nobody has heard of is forgotten, any other needs an undo of its own. */
export function takeBack(
  queue: readonly Pending[],
  id: string,
  undo: (scan: Pending | undefined) => Pending,
): Pending[] {
  const scan = queue.find((other) => other.id === id)
  if (scan && !scan.tried) return queue.filter((other) => other !== scan)
  return [...queue, undo(scan)]
}
