// Domain types are read off the operations, not off component names: the document may rename a
// schema without touching the app.
import type { paths } from './schema.gen'

type Json<R> = R extends { content: { 'application/json': infer T } } ? T : never
export type Ok<P extends keyof paths, M extends keyof paths[P]> = paths[P][M] extends {
  responses: infer R
}
  ? Json<R[keyof R & (200 | 201 | 202)]>
  : never
export type Body<P extends keyof paths, M extends keyof paths[P]> = paths[P][M] extends {
  requestBody?: infer B
}
  ? Json<NonNullable<B>>
  : never

export type CardPage = Ok<'/api/v1/events', 'get'>
export type Card = CardPage['items'][number]
export type EventView = Ok<'/api/v1/events/{id}', 'get'>
export type Places = NonNullable<EventView['places']>
export type Participation = NonNullable<EventView['participation']>
export type Line = NonNullable<EventView['line']>
export type Overlap = EventView['overlaps'][number]
export type TimeAndPlace = NonNullable<Participation['moved_from']>
export type Category = Card['category']
export type Facets = Ok<'/api/v1/events/facets', 'get'>
export type Me = Ok<'/api/v1/me', 'get'>
export type SessionInfo = Ok<'/api/v1/me/sessions', 'get'>['items'][number]
export type OrganisedEvent = Ok<'/api/v1/me/events', 'get'>['items'][number]
export type MyJoin = Ok<'/api/v1/me/joins', 'get'>['items'][number]
export type Participant = Ok<'/api/v1/events/{id}/participants', 'get'>['items'][number]
export type Invitation = Ok<'/api/v1/events/{id}/invitations', 'get'>['items'][number]
export type Banned = Ok<'/api/v1/events/{id}/bans', 'get'>['items'][number]
export type TimelineEntry = Ok<
  '/api/v1/events/{id}/participants/{user_id}/timeline',
  'get'
>['items'][number]
export type SentMessage = Ok<'/api/v1/events/{id}/messages', 'get'>['items'][number]
export type NewMessage = Body<'/api/v1/events/{id}/messages', 'post'>
export type NewInvitation = Body<'/api/v1/events/{id}/invitations', 'post'>
export type JoinWish = Body<'/api/v1/events/{id}/join', 'post'>
export type NewEvent = Body<'/api/v1/events', 'post'>

export const CATEGORIES = [
  'music',
  'sport',
  'art',
  'theatre',
  'food',
  'tech',
  'talks',
  'family',
  'market',
  'outdoors',
  'community',
  'film',
  'wellbeing',
  'other',
] as const satisfies readonly Category[]
