//! Statements of transactions that decide something. They lock the event first, and speak of sets of rows where there can be many.

use chrono::{DateTime, Utc};
use contracts::{EventId, JoinId, UserId, joins::EndReason};
use sqlx::{PgConnection, PgPool, PgTransaction};

use crate::domain::{Event, IdempotencyKey, JoinStatus, PartySize};

/// Starts a transaction that is not willing to wait: a request has a deadline, and whoever waits holds a connection.
pub async fn begin(pool: &PgPool) -> Result<PgTransaction<'static>, sqlx::Error> {
    // One round trip for all three.
    pool.begin_with("BEGIN; SET LOCAL lock_timeout = '2500ms'; SET LOCAL statement_timeout = '5s'").await
}

/// Adds an event that is not known yet; `false` if it is.
pub async fn insert_event(tx: &mut PgConnection, event: &Event) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query(
        "INSERT INTO events (id, version, organiser_id, status, capacity, starts_at, ends_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING",
    )
    .bind(event.id)
    .bind(event.version)
    .bind(event.organiser_id)
    .bind(event.status)
    .bind(event.capacity)
    .bind(event.starts_at)
    .bind(event.ends_at)
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Locks an event: from here to the commit nobody else decides anything about it.
///
/// Everything else has to be read by later statements: this one's view of other tables is from before it waited for the lock.
pub async fn lock_event(tx: &mut PgConnection, id: EventId) -> Result<Option<Event>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM events WHERE id = $1 FOR UPDATE").bind(id).fetch_optional(tx).await
}

/// Writes a locked event back.
pub async fn save_event(tx: &mut PgConnection, event: &Event) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE events
         SET version = $2, organiser_id = $3, status = $4, capacity = $5, starts_at = $6, ends_at = $7, confirmed = $8,
             waitlisted = $9, line_length = $10, overbooked = $11, capacity_hold = $12, hold_until = $13, next_line_no = $14,
             revision = $15
         WHERE id = $1",
    )
    .bind(event.id)
    .bind(event.version)
    .bind(event.organiser_id)
    .bind(event.status)
    .bind(event.capacity)
    .bind(event.starts_at)
    .bind(event.ends_at)
    .bind(event.confirmed)
    .bind(event.waitlisted)
    .bind(event.line_length)
    .bind(event.overbooked)
    .bind(event.capacity_hold)
    .bind(event.hold_until)
    .bind(event.next_line_no)
    .bind(event.revision)
    .execute(tx)
    .await
    .map(drop)
}

/// What a request under this key was answered.
#[derive(Debug)]
pub struct Known {
    /// Of that request.
    pub request_hash: Vec<u8>,
    /// HTTP status.
    pub status: i16,
    /// The bytes.
    pub body: Vec<u8>,
}

/// A person's place, or place in the line.
#[derive(Clone, Copy, Debug)]
pub struct Live {
    /// Which join.
    pub id: JoinId,
    /// When they arrived.
    pub line_no: i64,
    /// Confirmed or waitlisted.
    pub status: JoinStatus,
    /// Together with their guests.
    pub party_size: PartySize,
}

#[derive(sqlx::FromRow)]
struct KnownAndLive {
    request_hash: Option<Vec<u8>>,
    answer_status: Option<i16>,
    answer_body: Option<Vec<u8>>,
    id: Option<JoinId>,
    line_no: Option<i64>,
    status: Option<JoinStatus>,
    party_size: Option<i32>,
}

/// Whether the key was used before, and whether the person is in: one round trip while the event's lock is held.
pub async fn known_and_live(
    tx: &mut PgConnection,
    event_id: EventId,
    user_id: UserId,
    key: &IdempotencyKey,
) -> Result<(Option<Known>, Option<Live>), sqlx::Error> {
    let row: KnownAndLive = sqlx::query_as(
        "SELECT k.request_hash, k.status AS answer_status, k.body AS answer_body, j.id, j.line_no, j.status, j.party_size
         FROM (SELECT $1::uuid AS user_id) AS asker
         LEFT JOIN idempotency k ON k.user_id = asker.user_id AND k.key = $3
         LEFT JOIN joins j ON j.user_id = asker.user_id AND j.event_id = $2 AND j.status <> 'ended'",
    )
    .bind(user_id)
    .bind(event_id)
    .bind(key.as_str())
    .fetch_one(tx)
    .await?;
    let known = match (row.request_hash, row.answer_status, row.answer_body) {
        (Some(request_hash), Some(status), Some(body)) => Some(Known { request_hash, status, body }),
        _ => None,
    };
    let live = match (row.id, row.line_no, row.status, row.party_size) {
        (Some(id), Some(line_no), Some(status), Some(party_size)) => {
            Some(Live { id, line_no, status, party_size: party(party_size)? })
        }
        _ => None,
    };
    Ok((known, live))
}

/// A join to be written down.
#[derive(Debug)]
pub struct NewJoin {
    /// Which join.
    pub id: JoinId,
    /// At which event.
    pub event_id: EventId,
    /// Who.
    pub user_id: UserId,
    /// When they arrived, among all arrivals.
    pub line_no: i64,
    /// Whether they have a place already.
    pub confirmed: bool,
    /// Together with their guests.
    pub party_size: PartySize,
    /// When they arrived.
    pub joined_at: DateTime<Utc>,
    /// The event's revision that this belongs to.
    pub revision: i64,
}

/// Writes a join down.
pub async fn insert_join(tx: &mut PgConnection, join: &NewJoin) -> Result<(), sqlx::Error> {
    let status = if join.confirmed { JoinStatus::Confirmed } else { JoinStatus::Waitlisted };
    sqlx::query(
        "INSERT INTO joins (id, event_id, user_id, line_no, status, party_size, joined_at, confirmed_at, confirmed_revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(join.id)
    .bind(join.event_id)
    .bind(join.user_id)
    .bind(join.line_no)
    .bind(status)
    .bind(join.party_size.get())
    .bind(join.joined_at)
    .bind(join.confirmed.then_some(join.joined_at))
    .bind(join.confirmed.then_some(join.revision))
    .execute(tx)
    .await
    .map(drop)
}

/// Somebody in the line.
#[derive(Debug)]
pub struct Waiting {
    /// Which join.
    pub id: JoinId,
    /// Who.
    pub user_id: UserId,
    /// When they arrived.
    pub line_no: i64,
    /// Together with their guests.
    pub party_size: PartySize,
}

/// The first in the line, in order.
pub async fn head_of_line(tx: &mut PgConnection, event_id: EventId, most: i32) -> Result<Vec<Waiting>, sqlx::Error> {
    let rows: Vec<(JoinId, UserId, i64, i32)> = sqlx::query_as(
        "SELECT id, user_id, line_no, party_size FROM joins
         WHERE event_id = $1 AND status = 'waitlisted' ORDER BY line_no LIMIT $2",
    )
    .bind(event_id)
    .bind(i64::from(most))
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|(id, user_id, line_no, size)| Ok(Waiting { id, user_id, line_no, party_size: party(size)? }))
        .collect()
}

/// Gives places to these, who stood in the line.
pub async fn promote(
    tx: &mut PgConnection,
    event_id: EventId,
    line_nos: &[i64],
    now: DateTime<Utc>,
    revision: i64,
) -> Result<(), sqlx::Error> {
    let promoted = sqlx::query(
        "UPDATE joins SET status = 'confirmed', promoted = true, confirmed_at = $3, confirmed_revision = $4
         WHERE event_id = $1 AND line_no = ANY($2) AND status = 'waitlisted'",
    )
    .bind(event_id)
    .bind(line_nos)
    .bind(now)
    .bind(revision)
    .execute(tx)
    .await?;
    as_many(promoted.rows_affected(), line_nos.len())
}

/// Ends one join.
pub async fn end(
    tx: &mut PgConnection,
    event_id: EventId,
    line_no: i64,
    now: DateTime<Utc>,
    reason: EndReason,
) -> Result<(), sqlx::Error> {
    let ended = sqlx::query(
        "UPDATE joins SET status = 'ended', ended_at = $3, end_reason = $4
         WHERE event_id = $1 AND line_no = $2 AND status <> 'ended'",
    )
    .bind(event_id)
    .bind(line_no)
    .bind(now)
    .bind(reason)
    .execute(tx)
    .await?;
    as_many(ended.rows_affected(), 1)
}

/// A join that has ended.
#[derive(Debug, sqlx::FromRow)]
pub struct Ended {
    /// Which join.
    pub id: JoinId,
    /// Who.
    pub user_id: UserId,
    /// Whether it was a place (rather than a place in the line).
    pub was_confirmed: bool,
}

/// Ends every live join of an event; in order of arrival.
pub async fn end_all(
    tx: &mut PgConnection,
    event_id: EventId,
    now: DateTime<Utc>,
    reason: EndReason,
) -> Result<Vec<Ended>, sqlx::Error> {
    sqlx::query_as(
        "WITH ended AS (
             UPDATE joins SET status = 'ended', ended_at = $2, end_reason = $3 WHERE event_id = $1 AND status <> 'ended'
             RETURNING id, user_id, line_no, confirmed_at IS NOT NULL AS was_confirmed
         ) SELECT id, user_id, was_confirmed FROM ended ORDER BY line_no",
    )
    .bind(event_id)
    .bind(now)
    .bind(reason)
    .fetch_all(tx)
    .await
}

/// An answer to be kept.
#[derive(Debug)]
pub struct Remembered<'a> {
    /// Whose key.
    pub user_id: UserId,
    /// The key.
    pub key: &'a IdempotencyKey,
    /// What was asked for.
    pub request_hash: &'a [u8],
    /// HTTP status.
    pub status: i16,
    /// The bytes.
    pub body: &'a [u8],
    /// What it was about.
    pub event_id: EventId,
    /// Which join was made or ended.
    pub join_id: Option<JoinId>,
    /// When it was decided.
    pub now: DateTime<Utc>,
}

/// Keeps an answer; `false` if the key is another request's. If that one has not committed yet, this waits for its outcome.
pub async fn remember(tx: &mut PgConnection, answer: &Remembered<'_>) -> Result<bool, sqlx::Error> {
    let kept = sqlx::query(
        "INSERT INTO idempotency (user_id, key, request_hash, status, body, event_id, join_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (user_id, key) DO NOTHING",
    )
    .bind(answer.user_id)
    .bind(answer.key.as_str())
    .bind(answer.request_hash)
    .bind(answer.status)
    .bind(answer.body)
    .bind(answer.event_id)
    .bind(answer.join_id)
    .bind(answer.now)
    .execute(tx)
    .await?;
    Ok(kept.rows_affected() == 1)
}

/// Forgets answers from before `before`; returns how many.
pub async fn forget(pool: &PgPool, before: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let gone = sqlx::query("DELETE FROM idempotency WHERE created_at < $1").bind(before).execute(pool).await?;
    Ok(gone.rows_affected())
}

/// More people in than an event has places.
#[derive(Debug)]
pub struct NewOverbooking {
    /// Whether the organiser said so.
    pub accepted: bool,
    /// When.
    pub now: DateTime<Utc>,
}

/// Notes who is to answer for the excess.
pub async fn record_overbooking(
    tx: &mut PgConnection,
    event: &Event,
    overbooking: &NewOverbooking,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO overbookings (event_id, version, capacity, confirmed, accepted, decided_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (event_id, version) DO NOTHING",
    )
    .bind(event.id)
    .bind(event.version)
    .bind(event.capacity)
    .bind(event.confirmed)
    .bind(overbooking.accepted)
    .bind(overbooking.now)
    .execute(tx)
    .await
    .map(drop)
}

/// Events whose hold has lapsed.
pub async fn lapsed_holds(pool: &PgPool, now: DateTime<Utc>) -> Result<Vec<EventId>, sqlx::Error> {
    sqlx::query_scalar("SELECT id FROM events WHERE hold_until IS NOT NULL AND hold_until <= $1 ORDER BY id LIMIT 1000")
        .bind(now)
        .fetch_all(pool)
        .await
}

/// Takes over what somebody is called.
pub async fn save_person(
    tx: &mut PgConnection,
    user_id: UserId,
    display_name: &str,
    said_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO people (user_id, display_name, said_at) VALUES ($1, $2, $3)
         ON CONFLICT (user_id) DO UPDATE SET display_name = excluded.display_name, said_at = excluded.said_at
         WHERE people.said_at <= excluded.said_at",
    )
    .bind(user_id)
    .bind(display_name)
    .bind(said_at)
    .execute(tx)
    .await
    .map(drop)
}

fn party(people: i32) -> Result<PartySize, sqlx::Error> {
    PartySize::try_from(i64::from(people)).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// The event's lock makes sure that nobody else touches its joins. If a row is missing all the same, nothing must be committed.
fn as_many(rows: u64, expected: usize) -> Result<(), sqlx::Error> {
    if usize::try_from(rows) == Ok(expected) { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}
