//! Statements of transactions about one event at a time. They lock it first.

use chrono::{DateTime, Utc};
use contracts::{EventId, JoinId, UserId, joins::EndReason};
use sqlx::{PgConnection, PgPool, PgTransaction};

use crate::domain::Event;

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

/// Marks those in the line whom this capacity leaves no hope: parties larger than it.
pub async fn pass_over(tx: &mut PgConnection, event_id: EventId, capacity: i32) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE joins SET passed_over = true
         WHERE event_id = $1 AND status = 'waitlisted' AND party_size > $2 AND NOT passed_over",
    )
    .bind(event_id)
    .bind(capacity)
    .execute(tx)
    .await
    .map(drop)
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
