import { api, unwrap } from '../../api/client'
import { LISTS } from '../../api/kept'
import { ApiError, hasCode, isRetryable } from '../../api/problem'
import { openKeep, type Keep } from './keep'
import {
  answered,
  conflictOf,
  isWaiting,
  nextBatch,
  takeBack,
  toRequest,
  withoutKnown,
} from './queue'
import { standing, stepsOf, type Standing, type Step } from './standing'
import { checkSignature, readTicket, type Ticket } from './ticket'
import type { Conflict, Guest, Kept, Pending, Scan, ScanResult, Way } from './types'
import { decide, findGuest, fromServer, refuses, type Look, type Verdict } from './verdict'

/** How often other gates are asked about. */
const POLL_MS = 5_000
/** How old the list may get. */
const LIST_MS = 60_000
/** How long somebody at the door waits for the server before this device answers by itself. */
const PATIENCE_MS = 1_500
const REQUEST_MS = 10_000
/** How long a list is kept after the event. */
const KEPT_MS = 86_400_000
const PAGE = 1_000
/** A scan may become visible a little after one with a higher number: so far back is asked again. */
const OVERLAP = 50

/** `closed` is a person who may not stand here. */
export type Phase = 'opening' | 'open' | 'no_list' | 'closed' | 'failed'

export type DeskState = {
  phase: Phase
  error: unknown
  kept: Kept | null
  steps: Map<number, Step[]>
  queue: Pending[]
  conflicts: Conflict[]
  /** Since when the server is out of reach; null while it answers. */
  away: number | null
  /** Signed out meanwhile: what happens here is kept until they sign in again. */
  ended: boolean
  /** Whether this device keeps anything beyond the page. */
  lasts: boolean
  /** The last scan here that can be taken back. */
  last: { id: string; line_no: number; name: string; way: Way; people: number } | null
}

/** The desk at a door: list, log and queue of one event on this device. */
export class Desk {
  private state: DeskState = {
    phase: 'opening',
    error: null,
    kept: null,
    steps: new Map(),
    queue: [],
    conflicts: [],
    away: null,
    ended: false,
    lasts: true,
    last: null,
  }
  private readonly listeners = new Set<() => void>()
  private lists: Keep | undefined
  private unsent: Keep | undefined
  /** What every gate has done, by the scans' ids. */
  private readonly log = new Map<string, Scan>()
  private readonly waiters = new Map<string, (result: ScanResult | null) => void>()
  private sending: Promise<void> | undefined
  private again = false
  private cursor = 0
  /** How many are expected, as the server said last: another number than the list's means a new list. */
  private expected: number | null = null
  private timer: ReturnType<typeof setInterval> | undefined
  private stopped = true

  constructor(
    private readonly eventId: string,
    /** Who stands here; null if that cannot be known without a network. */
    private readonly userId: string | null,
  ) {}

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }
  readonly get = () => this.state

  async start() {
    this.stopped = false
    window.addEventListener('online', this.hurry)
    window.addEventListener('offline', this.noteAway)
    await this.recall()
    if (this.stopped) return this.stop()
    this.timer = setInterval(() => void this.tick(), POLL_MS)
    await this.tick()
  }

  stop() {
    this.stopped = true
    clearInterval(this.timer)
    window.removeEventListener('online', this.hurry)
    window.removeEventListener('offline', this.noteAway)
    this.lists?.close()
    this.unsent?.close()
    this.lists = this.unsent = undefined
  }

  // What stands where

  readonly standingOf = (line_no: number): Standing => standing(this.state.steps.get(line_no) ?? [])

  guest(line_no: number): Guest | undefined {
    return this.state.kept ? findGuest(this.state.kept.guests, line_no) : undefined
  }

  // What a steward does

  /** What was held before the camera or typed in. */
  async scan(text: string, way: Way, gate: string): Promise<Verdict> {
    const ticket = readTicket(text)
    if (!ticket || !this.state.kept) return { kind: 'unknown' }
    const look = { ticket, signature: await checkSignature(ticket, this.state.kept.keys) }
    let verdict = this.decide(look, way)
    if (verdict.kind === 'unsure' && this.reachable() && (await this.list())) {
      verdict = this.decide(look, way, true)
    }
    if (verdict.kind === 'many') return { ...verdict, ticket: ticket.text }
    if (verdict.kind === 'unsure') return verdict
    const known = verdict.kind !== 'forged' && verdict.kind !== 'wrong_event'
    const line_no = known ? ticket.line_no : undefined
    const people = verdict.kind === 'done' ? verdict.people : undefined
    return this.commit({ ticket: ticket.text, line_no, people, kind: way, gate }, verdict)
  }

  /** A name that was tapped: nothing happens yet, since fingers slip. */
  ask(guest: Guest, way: Way): Verdict {
    const verdict = this.decide({ guest }, way)
    if (verdict.kind !== 'done') return verdict
    const { inside, came } = this.standingOf(guest.line_no)
    return { kind: 'many', way, guest, most: 1, inside, came }
  }

  /** So many of a party, by their ticket or by their name on the list. */
  admit(guest: Guest, way: Way, people: number, gate: string, ticket?: string): Promise<Verdict> {
    const { display_name: name, guests, party_size: party, line_no } = guest
    const verdict: Verdict = { kind: 'done', way, name, guests, people, party }
    return this.commit({ ticket, line_no, people, kind: way, gate }, verdict)
  }

  /** A real ticket that is not on the list, on the steward's word. */
  admitUnlisted(ticket: Ticket, way: Way, gate: string, name: string): Promise<Verdict> {
    const { text, line_no, people } = ticket
    const verdict: Verdict = { kind: 'done', way, name, guests: [], people, party: people }
    return this.commit({ ticket: text, line_no, people, kind: way, gate }, verdict)
  }

  /** Somebody of the line, into a place that nobody used. */
  async walkIn(user_id: string, gate: string): Promise<Verdict | null> {
    const path = { id: this.eventId, user_id }
    const place = await unwrap(
      api.POST('/api/v1/events/{id}/door/walk-ins/{user_id}', { params: { path }, body: {} }),
    )
    await this.list()
    const guest = this.state.kept?.guests.find((item) => item.join_id === place.join_id)
    return guest ? this.admit(guest, 'in', guest.party_size, gate) : null
  }

  /** Whether nothing else happened to that place since the last scan here. */
  canTakeBack(): boolean {
    const { last } = this.state
    return !!last && this.standingOf(last.line_no).last === last.id
  }

  takeBack() {
    const { last } = this.state
    if (!last || !this.canTakeBack()) return
    this.setQueue(takeBack(this.state.queue, last.id, () => this.undo(last)))
    this.set({ last: null })
    void this.send()
  }

  async dismiss(conflict: Conflict) {
    this.set({ conflicts: this.state.conflicts.filter((item) => item.id !== conflict.id) })
    await this.unsent?.write('conflicts', [], [conflict.id])
  }

  // How it hangs together

  private decide(look: Look, way: Way, fresh = false): Verdict {
    const { standingOf } = this
    return decide({ kept: this.state.kept!, standingOf, fresh }, look, way)
  }

  private reachable() {
    return this.state.away === null && !this.state.ended && navigator.onLine
  }

  private me() {
    return this.userId ?? this.state.kept?.user_id ?? ''
  }

  private async commit(
    what: Pick<Pending, 'ticket' | 'line_no' | 'people' | 'kind' | 'gate'> & { kind: Way },
    local: Verdict,
  ): Promise<Verdict> {
    const guest = what.line_no === undefined ? undefined : this.guest(what.line_no)
    const name = guest?.display_name ?? (local.kind === 'done' ? local.name : '')
    const scan: Pending = {
      ...what,
      ...this.stamp(),
      name,
      told: refuses(local) ? 'no' : 'yes',
      asking: this.reachable() || undefined,
    }
    this.setQueue([...this.state.queue, scan])
    const answer = scan.asking ? this.answerTo(scan.id) : null
    void this.send()
    const result = await answer
    const said = { name, guests: guest?.guests ?? [], way: what.kind, people: what.people }
    const verdict = result ? fromServer(result, local, said) : local
    if (scan.asking && !result) this.stopAsking(scan.id)
    if (verdict.kind === 'done' && scan.line_no !== undefined) {
      const { way, people } = verdict
      this.set({ last: { id: scan.id, line_no: scan.line_no, name, way, people } })
    }
    return verdict
  }

  private stamp() {
    return {
      id: crypto.randomUUID(),
      event_id: this.eventId,
      user_id: this.me(),
      at: new Date().toISOString(),
    }
  }

  private undo(scan: { id: string; line_no?: number; name: string }, gate = ''): Pending {
    const { id: undoes, line_no, name } = scan
    return { ...this.stamp(), kind: 'undo', undoes, line_no, name, gate, told: 'yes' }
  }

  /** The server's answer, or null if it does not come in time. */
  private answerTo(id: string): Promise<ScanResult | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(null), PATIENCE_MS)
      const done = (result: ScanResult | null) => {
        clearTimeout(timer)
        this.waiters.delete(id)
        resolve(result)
      }
      this.waiters.set(id, done)
    })
  }

  private stopAsking(id: string) {
    this.setQueue(
      this.state.queue.map((scan) => (scan.id === id ? { ...scan, asking: undefined } : scan)),
    )
  }

  // The server

  private readonly hurry = () => void this.tick()
  private readonly noteAway = () => this.setAway()

  private async tick() {
    await this.send()
    if (this.state.phase === 'closed') return
    if (!(await this.poll())) return
    if (this.isStale()) await this.list()
  }

  private isStale() {
    const { kept } = this.state
    if (!kept || !this.listed) return true
    const age = Date.now() - kept.loaded_at
    const listed = kept.guests.reduce((sum, guest) => sum + guest.party_size, 0)
    return age > LIST_MS || (age > POLL_MS && this.expected !== listed)
  }

  /** One batch after the other, never two at once: their order is what counts. */
  private send(): Promise<void> {
    this.again = true
    this.sending ??= this.sendAll()
    return this.sending
  }

  private async sendAll() {
    while (this.again) {
      this.again = false
      await this.drain()
    }
    this.sending = undefined
  }

  private async drain() {
    for (;;) {
      const batch = nextBatch(this.state.queue, this.me())
      if (batch.length === 0 || this.stopped) return
      if (!(await this.sendBatch(batch))) {
        for (const waiter of this.waiters.values()) waiter(null)
        return
      }
      void this.poll()
    }
  }

  private async sendBatch(batch: Pending[]): Promise<boolean> {
    const ids = new Set(batch.map((scan) => scan.id))
    this.setQueue(
      this.state.queue.map((scan) => (ids.has(scan.id) ? { ...scan, tried: true } : scan)),
    )
    const path = { id: this.eventId }
    const body = { gate: batch[0]!.gate, scans: batch.map(toRequest) }
    const request = () =>
      unwrap(
        api.POST('/api/v1/events/{id}/door/scans', {
          params: { path },
          body,
          signal: AbortSignal.timeout(REQUEST_MS),
        }),
      )
    try {
      const { results, counts } = await request()
      this.reached()
      const change = answered(this.state.queue, results, (scan) => this.undo(scan, scan.gate))
      this.setQueue(change.queue)
      this.addConflicts(change.conflicts)
      this.keep({ refused: counts.refused })
      for (const result of results) this.waiters.get(result.id)?.(result)
      return true
    } catch (error) {
      const refused = error instanceof ApiError && [400, 413, 422].includes(error.status)
      if (!refused) return this.failed(error)
      // One that cannot be read must not hold up the rest.
      if (batch.length > 1) {
        for (const scan of batch) if (!(await this.sendBatch([scan]))) return false
        return true
      }
      this.setQueue(this.state.queue.filter((scan) => !ids.has(scan.id)))
      this.addConflicts(batch.map((scan) => conflictOf(scan, 'not_taken')))
      for (const scan of batch) this.waiters.get(scan.id)?.(null)
      return true
    }
  }

  /** What happened at other gates. */
  private async poll(): Promise<boolean> {
    try {
      let after = Math.max(0, this.cursor - OVERLAP)
      for (;;) {
        const { items, counts } = await unwrap(
          api.GET('/api/v1/events/{id}/door/scans', {
            params: { path: { id: this.eventId }, query: { after } },
            signal: AbortSignal.timeout(REQUEST_MS),
          }),
        )
        this.reached()
        this.addToLog(items)
        this.keep({ refused: counts.refused })
        this.expected = counts.expected
        after = items.at(-1)?.seq ?? after
        if (items.length < PAGE) return true
      }
    } catch (error) {
      return this.failed(error)
    }
  }

  private listing: Promise<boolean> | undefined
  /** Whether the list was read since the page was opened. */
  private listed = false
  /** The whole list anew. */
  private list(): Promise<boolean> {
    this.listing ??= this.fetchList().finally(() => (this.listing = undefined))
    return this.listing
  }

  private async fetchList(): Promise<boolean> {
    try {
      const guests: Guest[] = []
      let after: number | null = 0
      let page
      do {
        page = await unwrap(
          api.GET('/api/v1/events/{id}/door', {
            params: { path: { id: this.eventId }, query: { after } },
            signal: AbortSignal.timeout(REQUEST_MS),
          }),
        )
        guests.push(...page.guests)
        after = page.next_after
      } while (after !== null)
      this.reached()
      const { title, starts_at, ends_at, timezone, walk_ins_from, keys, waiting, counts } = page
      const old = this.state.kept
      const listed = new Set(guests.map((guest) => guest.line_no))
      const before = [...(old?.gone ?? []), ...(old?.guests ?? []).map((guest) => guest.line_no)]
      const kept: Kept = {
        event_id: this.eventId,
        user_id: this.me(),
        title,
        starts_at,
        ends_at,
        timezone,
        walk_ins_from,
        keys,
        guests,
        waiting,
        gone: [...new Set(before)].filter((line_no) => !listed.has(line_no)),
        refused: counts.refused,
        loaded_at: Date.now(),
      }
      this.listed = true
      this.set({ kept, phase: 'open', error: null })
      await this.lists?.write('doors', [kept]).catch(() => {})
      return true
    } catch (error) {
      return this.failed(error)
    }
  }

  private reached() {
    if (this.state.away !== null || this.state.ended) this.set({ away: null, ended: false })
  }

  private setAway() {
    this.set({ away: this.state.away ?? Date.now() })
  }

  private failed(error: unknown): false {
    if (isRetryable(error)) {
      this.setAway()
      if (!this.state.kept) this.set({ phase: 'no_list', error })
    } else if (hasCode(error, 'unauthenticated', 'session_ended')) {
      this.set({ ended: true })
      if (!this.state.kept) this.set({ phase: 'closed', error })
    } else if (error instanceof ApiError && (error.status === 403 || error.status === 404)) {
      void this.close(error)
    } else {
      console.error(error)
      if (!this.state.kept) this.set({ phase: 'failed', error })
    }
    return false
  }

  /** Not theirs to see any more; what they did here stays until it is sent. */
  private async close(error: ApiError) {
    clearInterval(this.timer)
    this.log.clear()
    this.cursor = 0
    this.set({ phase: 'closed', error, kept: null, steps: new Map(), conflicts: [] })
    await this.lists?.write('doors', [], [this.eventId]).catch(() => {})
    await this.lists?.clear('log', this.eventId).catch(() => {})
  }

  // What is kept

  private async recall() {
    const { eventId: id } = this
    const lists = await openKeep(LISTS, [
      { name: 'doors', key: 'event_id' },
      { name: 'log', key: ['event_id', 'id'], index: 'event_id' },
    ])
    const unsent = await openKeep('cityevents-unsent', [
      { name: 'queue', key: 'id', index: 'event_id' },
      { name: 'conflicts', key: 'id', index: 'event_id' },
    ])
    this.lists = lists
    this.unsent = unsent
    for (const door of await lists.all<Kept>('doors')) {
      const stranger = this.userId !== null && door.user_id !== this.userId
      if (!stranger && Date.parse(door.ends_at) + KEPT_MS > Date.now()) continue
      await lists.write('doors', [], [door.event_id])
      await lists.clear('log', door.event_id)
    }
    const kept = (await lists.get<Kept>('doors', id)) ?? null
    const queue = await unsent.all<Pending>('queue', id)
    for (const scan of await lists.all<Scan>('log', id)) this.remember(scan)
    this.set({
      kept,
      queue: queue
        .map((scan) => ({ ...scan, asking: undefined }))
        .sort((a, b) => a.at.localeCompare(b.at)),
      conflicts: await unsent.all<Conflict>('conflicts', id),
      lasts: lists.lasts && unsent.lasts,
      phase: kept ? 'open' : 'opening',
    })
    this.draw()
  }

  private remember(scan: Scan) {
    this.log.set(scan.id, scan)
    this.cursor = Math.max(this.cursor, scan.seq)
  }

  private addToLog(items: readonly Scan[]) {
    const fresh = items.filter((scan) => !this.log.has(scan.id))
    if (fresh.length === 0) return
    for (const scan of fresh) this.remember(scan)
    const stored = fresh.map((scan) => ({ ...scan, event_id: this.eventId }))
    void this.lists?.write('log', stored).catch(() => {})
    this.setQueue(withoutKnown(this.state.queue, (id) => this.log.has(id)))
    this.draw()
  }

  private addConflicts(conflicts: Conflict[]) {
    if (conflicts.length === 0) return
    this.set({ conflicts: [...this.state.conflicts, ...conflicts] })
    void this.unsent?.write('conflicts', conflicts).catch(() => {})
  }

  private keep(change: Pick<Kept, 'refused'>) {
    const { kept } = this.state
    if (kept && kept.refused !== change.refused) this.set({ kept: { ...kept, ...change } })
  }

  private setQueue(queue: Pending[]) {
    const { queue: old } = this.state
    if (queue === old) return
    const left = new Set(queue.map((scan) => scan.id))
    const changed = queue.filter((scan) => !old.includes(scan))
    const gone = old.filter((scan) => !left.has(scan.id)).map((scan) => scan.id)
    this.set({ queue })
    void this.unsent?.write('queue', changed, gone).catch(() => {})
    this.draw()
  }

  private draw() {
    this.set({ steps: stepsOf(this.log.values(), this.state.queue) })
  }

  private set(change: Partial<DeskState>) {
    this.state = { ...this.state, ...change }
    for (const listener of this.listeners) listener()
  }
}

/** Scans that have not gone out: one's own, and those of whoever stood here before. */
export function waitingIn({ queue, kept }: DeskState, userId: string | null) {
  const me = userId ?? kept?.user_id
  const waiting = queue.filter((scan) => isWaiting(scan) && !scan.asking)
  const mine = waiting.filter((scan) => scan.user_id === me).length
  return { mine, others: waiting.length - mine }
}
