import type { Body, Ok } from '../../api/types'

export type TicketView = Ok<'/api/v1/events/{id}/ticket', 'get'>
export type DoorPage = Ok<'/api/v1/events/{id}/door', 'get'>
export type Guest = DoorPage['guests'][number]
export type Waiter = DoorPage['waiting'][number]
export type Counts = DoorPage['counts']
export type Scan = Ok<'/api/v1/events/{id}/door/scans', 'get'>['items'][number]
export type ScanResult = Ok<'/api/v1/events/{id}/door/scans', 'post'>['results'][number]
export type Outcome = ScanResult['outcome']
export type ScanRequest = Body<'/api/v1/events/{id}/door/scans', 'post'>['scans'][number]
export type Stewards = Ok<'/api/v1/events/{id}/stewards', 'get'>
export type StewardLink = Ok<'/api/v1/events/{id}/stewards/link', 'post'>

/** Somebody comes in, or goes out and may come back. */
export type Way = 'in' | 'out'

/** What a device keeps of an event, so that its door stays open without a network. */
export type Kept = Pick<
  DoorPage,
  'title' | 'starts_at' | 'ends_at' | 'timezone' | 'walk_ins_from' | 'keys' | 'guests' | 'waiting'
> & {
  event_id: string
  /** Whose list it is: nobody else who signs in on this device sees it. */
  user_id: string
  /** When the list was whole, in milliseconds. */
  loaded_at: number
  /** Numbers that were on an earlier list and are on it no more. */
  gone: number[]
  /** Scans that were refused, as far as the server knows. */
  refused: number
}

/** A scan of this device that other gates may not know of yet. */
export type Pending = {
  id: string
  event_id: string
  user_id: string
  gate: string
  at: string
  kind: Way | 'undo'
  ticket?: string
  line_no?: number
  people?: number
  /** Whose place, as the list called them then; empty if it was nobody's. */
  name: string
  /** What the steward was told, or will be unless the server says otherwise in time. */
  told: 'yes' | 'no'
  /** The server is being asked, and the steward waits for it. */
  asking?: boolean
  /** Which scan an undo takes back. */
  undoes?: string
  /** It was sent, so the server may know it. */
  tried?: boolean
  /** What came of it; absent until the server has answered. */
  outcome?: Outcome
}

/** A scan about which the server says something else than the steward was told. */
export type Conflict = Pick<Pending, 'id' | 'event_id' | 'at' | 'gate' | 'name' | 'kind'> & {
  outcome: Outcome | 'not_taken'
  first: Entry | null
}

/** Who let them in, where, and when. */
export type Entry = { at: string; gate: string; by: string }
