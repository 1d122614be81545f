//! Statements of transactions about one event at a time. They lock it first.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    EventId, JoinId, UserId,
    events::{EventSnapshot, TimeAndPlace},
    joins::EndReason,
};
use sqlx::{PgConnection, PgPool, PgTransaction, types::Json};

use super::save;
use crate::{
    desk::numbered,
    domain::{Answers, Closing, Event},
};

/// Starts a transaction that is not willing to wait: a request has a deadline, and whoever waits holds a connection.
pub async fn begin(pool: &PgPool) -> Result<PgTransaction<'static>, sqlx::Error> {
    // One round trip for all three.
    pool.begin_with("BEGIN; SET LOCAL lock_timeout = '2500ms'; SET LOCAL statement_timeout = '5s'").await
}

/// Adds an event that is not known yet; `false` if it is.
pub async fn insert_event(tx: &mut PgConnection, event: &Event) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query(
        "INSERT INTO events (id, version, organiser_id, status, capacity, starts_at, ends_at, registration)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING",
    )
    .bind(event.id)
    .bind(event.version)
    .bind(event.organiser_id)
    .bind(event.status)
    .bind(event.capacity)
    .bind(event.starts_at)
    .bind(event.ends_at)
    .bind(Json(&event.registration))
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// What people read of an event: for tickets, the door, and those who may know the exact place. `moved` is time and place before, if one of
/// them has changed.
pub async fn save_description(
    tx: &mut PgConnection,
    event: &EventSnapshot,
    moved: Option<&TimeAndPlace>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE events SET title = $2, slug = $3, timezone = $4, venue = $5, moved_from = coalesce($6, moved_from)
         WHERE id = $1",
    )
    .bind(event.id)
    .bind(&event.title)
    .bind(&event.slug)
    .bind(&event.timezone)
    .bind(Json(&event.venue))
    .bind(moved.map(Json))
    .execute(tx)
    .await
    .map(drop)
}

/// Locks an event: from here to the commit nobody else decides anything about it.
///
/// Everything else has to be read by later statements: this one's view of other tables is from before it waited for the lock.
pub async fn lock_event(tx: &mut PgConnection, id: EventId) -> Result<Option<Event>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM events WHERE id = $1 FOR NO KEY UPDATE").bind(id).fetch_optional(tx).await
}

/// Writes a locked event back.
pub async fn save_event(tx: &mut PgConnection, event: &Event) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE events
         SET version = $2, organiser_id = $3, status = $4, capacity = $5, starts_at = $6, ends_at = $7, registration = $8,
             moved_at = $9, reconfirm_asked_at = $10, confirmed = $11, waitlisted = $12, line_length = $13, offered = $14,
             reserved = $15, overbooked = $16, capacity_hold = $17, hold_until = $18, next_line_no = $19, revision = $20, due_at = $21,
             banned = $22, used = $23, capacity_holds = $24
         WHERE id = $1",
    )
    .bind(event.id)
    .bind(event.version)
    .bind(event.organiser_id)
    .bind(event.status)
    .bind(event.capacity)
    .bind(event.starts_at)
    .bind(event.ends_at)
    .bind(Json(&event.registration))
    .bind(event.moved_at)
    .bind(event.reconfirm_asked_at)
    .bind(event.confirmed)
    .bind(event.waitlisted)
    .bind(event.line_length)
    .bind(event.offered)
    .bind(event.reserved)
    .bind(event.overbooked)
    .bind(event.capacity_hold)
    .bind(event.hold_until)
    .bind(event.next_line_no)
    .bind(event.revision)
    .bind(event.due_at)
    .bind(event.banned)
    .bind(event.used)
    .bind(event.capacity_holds)
    .execute(tx)
    .await
    .map(drop)
}

/// Writes down what a book has decided, the event itself excepted.
pub async fn write_closing(tx: &mut PgConnection, closing: Closing, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let id = closing.event.id;
    let joins: Vec<_> = closing.joins.into_iter().map(|join| (id, join)).collect();
    let decisions: Vec<_> = numbered(id, closing.decisions).collect();
    save::write_joins(tx, &joins, now).await?;
    save::write_decisions(tx, &decisions).await?;
    save::write_invitations(tx, &closing.invitations, &[]).await
}

/// Lets deadlines follow the event as it is now, which was saved before: nobody has to say that they still come where nobody is asked, or
/// not yet; nobody owes answers that suffice by now; and no deadline is after the start.
pub async fn adjust_deadlines(tx: &mut PgConnection, event: &Event) -> Result<(), sqlx::Error> {
    let owing: Vec<(i64, Option<Json<Answers>>)> =
        sqlx::query_as("SELECT line_no, answers FROM joins WHERE event_id = $1 AND due_for = 'answers'")
            .bind(event.id)
            .fetch_all(&mut *tx)
            .await?;
    let questions = &event.registration.questions;
    let settled: Vec<i64> = owing
        .into_iter()
        .map(|(line_no, answers)| (line_no, answers.map(|it| it.0).unwrap_or_default()))
        .filter(|(_, answers)| answers.suffice(questions))
        .map(|(line_no, _)| line_no)
        .collect();
    sqlx::query(
        "UPDATE joins SET due_at = NULL, due_for = NULL
         WHERE event_id = $1 AND due_at IS NOT NULL AND (line_no = ANY($2) OR ($3 AND due_for = 'reconfirmation'))",
    )
    .bind(event.id)
    .bind(settled)
    .bind(event.reconfirm_asked_at.is_none())
    .execute(&mut *tx)
    .await?;
    sqlx::query("UPDATE joins SET due_at = $2 WHERE event_id = $1 AND due_at > $2")
        .bind(event.id)
        .bind(event.starts_at)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "UPDATE events e
         SET due_at = least((SELECT min(due_at) FROM joins WHERE event_id = $1 AND due_at IS NOT NULL),
                            (SELECT min(least(expires_at, e.starts_at)) FROM invitations WHERE event_id = $1 AND reserved > 0))
         WHERE id = $1",
    )
    .bind(event.id)
    .execute(tx)
    .await
    .map(drop)
}

/// Takes the instants of deadlines away while their event is not public: nobody can accept an offer then, and few look.
pub async fn pause_deadlines(tx: &mut PgConnection, event_id: EventId) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE joins SET due_at = NULL WHERE event_id = $1 AND due_at IS NOT NULL")
        .bind(event_id)
        .execute(tx)
        .await
        .map(drop)
}

/// An offer that goes on.
#[derive(Debug, sqlx::FromRow)]
pub struct Resumed {
    /// Which join.
    pub id: JoinId,
    /// Whose.
    pub user_id: UserId,
    /// People.
    pub party_size: i32,
}

/// Gives deadlines that were paused their whole time again, from `now` on; which offers there are, in order of arrival.
pub async fn resume_deadlines(
    tx: &mut PgConnection,
    event: &Event,
    now: DateTime<Utc>,
) -> Result<Vec<Resumed>, sqlx::Error> {
    sqlx::query_as(
        "WITH resumed AS (
             UPDATE joins SET due_at = CASE due_for WHEN 'offer' THEN $2 WHEN 'answers' THEN $3 ELSE $4 END
             WHERE event_id = $1 AND due_for IS NOT NULL AND due_at IS NULL
             RETURNING id, user_id, party_size, line_no, due_for
         ) SELECT id, user_id, party_size FROM resumed WHERE due_for = 'offer' ORDER BY line_no",
    )
    .bind(event.id)
    .bind(event.offered_until(now))
    .bind(event.answers_until(now))
    .bind(event.reconfirmed_until(now))
    .fetch_all(tx)
    .await
}

/// Marks those in the line whom this capacity leaves no hope: parties larger than it.
pub async fn pass_over(tx: &mut PgConnection, event_id: EventId, capacity: i32) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE joins SET passed_over = true
         WHERE event_id = $1 AND status = 'waitlisted' AND coalesce(at_least, party_size) > $2 AND NOT passed_over",
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

/// Ends every live join of an event, in order of arrival, and whatever was kept for the invited.
pub async fn end_all(
    tx: &mut PgConnection,
    event_id: EventId,
    now: DateTime<Utc>,
    reason: EndReason,
) -> Result<Vec<Ended>, sqlx::Error> {
    sqlx::query("UPDATE invitations SET reserved = 0, revoked_at = coalesce(revoked_at, $2) WHERE event_id = $1")
        .bind(event_id)
        .bind(now)
        .execute(&mut *tx)
        .await?;
    sqlx::query_as(
        "WITH ended AS (
             UPDATE joins SET status = 'ended', ended_at = $2, end_reason = $3, due_at = NULL, due_for = NULL
             WHERE event_id = $1 AND status <> 'ended'
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
    .bind(event.taken())
    .bind(overbooking.accepted)
    .bind(overbooking.now)
    .execute(tx)
    .await
    .map(drop)
}

/// Events where something is due, or places seem to be free while somebody waits.
pub async fn to_look_after(pool: &PgPool, now: DateTime<Utc>) -> Result<Vec<EventId>, sqlx::Error> {
    sqlx::query_scalar(
        "(SELECT id FROM events WHERE hold_until <= $1 ORDER BY id LIMIT 500)
         UNION (SELECT id FROM events WHERE due_at <= $1 ORDER BY id LIMIT 500)
         UNION (SELECT id FROM events
                WHERE status = 'published' AND starts_at > $1 AND line_length > 0 AND hold_until IS NULL
                  AND (capacity IS NULL OR confirmed + offered + reserved + used < capacity)
                ORDER BY id LIMIT 500)",
    )
    .bind(now)
    .fetch_all(pool)
    .await
}

/// Events whose free places go to whoever claims them, with people in the line who have not been told for an hour.
pub async fn open_to_claims(pool: &PgPool, now: DateTime<Utc>) -> Result<Vec<Event>, sqlx::Error> {
    sqlx::query_as(
        "SELECT * FROM events
         WHERE status = 'published' AND starts_at > $1 AND starts_at < $1 + interval '2 days' AND line_length > 0
           AND confirmed + offered + reserved + used < capacity AND (open_told_at IS NULL OR open_told_at <= $1 - interval '1 hour')
           AND starts_at - make_interval(mins => least(coalesce((registration ->> 'offer_minutes')::integer, 120),
                                                       coalesce((registration ->> 'offer_hours')::integer, 24) * 60)) <= $1
         ORDER BY id LIMIT 200",
    )
    .bind(now)
    .fetch_all(pool)
    .await
}

/// Notes that those in the line are told; `false` if another process has just done so.
pub async fn mark_open_told(tx: &mut PgConnection, id: EventId, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let marked = sqlx::query(
        "UPDATE events SET open_told_at = $2 WHERE id = $1 AND (open_told_at IS NULL OR open_told_at <= $2 - interval '1 hour')",
    )
    .bind(id)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(marked.rows_affected() == 1)
}

/// The first hundred in the line.
pub async fn who_waits(tx: &mut PgConnection, id: EventId) -> Result<Vec<UserId>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT user_id FROM joins WHERE event_id = $1 AND status = 'waitlisted' ORDER BY line_no LIMIT 100",
    )
    .bind(id)
    .fetch_all(tx)
    .await
}

/// Events whose time has come to ask who still comes.
pub async fn to_reconfirm(pool: &PgPool, now: DateTime<Utc>) -> Result<Vec<EventId>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT id FROM events
         WHERE status = 'published' AND starts_at > $1 AND starts_at <= $1 + interval '720 hours' AND reconfirm_asked_at IS NULL
           AND starts_at - make_interval(hours => (registration ->> 'reconfirm_hours')::integer) <= $1
         ORDER BY id LIMIT 200",
    )
    .bind(now)
    .fetch_all(pool)
    .await
}

/// Sets the deadline for everybody who has a place, no other deadline, and has not come yet; whom.
pub async fn ask_to_reconfirm(
    tx: &mut PgConnection,
    event: &Event,
    answer_by: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<(JoinId, UserId)>, sqlx::Error> {
    sqlx::query(
        "INSERT INTO decisions (event_id, revision, n, decided_at, action, details)
         VALUES ($1, $2, 0, $3, 'reconfirmation_asked', jsonb_build_object('answer_by', $4::timestamptz))",
    )
    .bind(event.id)
    .bind(event.revision)
    .bind(now)
    .bind(answer_by)
    .execute(&mut *tx)
    .await?;
    sqlx::query_as(
        "UPDATE joins SET due_at = $2, due_for = 'reconfirmation'
         WHERE event_id = $1 AND status = 'confirmed' AND due_for IS NULL AND arrived_at IS NULL RETURNING id, user_id",
    )
    .bind(event.id)
    .bind(answer_by)
    .fetch_all(tx)
    .await
}

/// Notes what came of events that are over.
pub async fn close_books(pool: &PgPool, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE events e
         SET line_reached = came.reached, line_longest = came.stood,
             no_shows = CASE WHEN came.arrived > 0 THEN e.confirmed - came.arrived END, expected_at_end = e.confirmed
         FROM (SELECT id FROM events WHERE line_reached IS NULL AND ends_at <= $1 ORDER BY ends_at LIMIT 100) over,
              LATERAL (SELECT count(*) FILTER (WHERE promoted)::integer AS reached,
                              count(*) FILTER (WHERE promoted OR status = 'waitlisted')::integer AS stood,
                              coalesce(sum(party_size) FILTER (WHERE status = 'confirmed' AND arrived_at IS NOT NULL), 0)::integer AS arrived
                       FROM joins WHERE event_id = over.id) came
         WHERE e.id = over.id",
    )
    .bind(now - TimeDelta::hours(6))
    .execute(pool)
    .await
    .map(drop)
}

/// Events at which somebody is in, in the order in which they have to be locked.
pub async fn events_of(tx: &mut PgConnection, user_id: UserId) -> Result<Vec<EventId>, sqlx::Error> {
    sqlx::query_scalar("SELECT event_id FROM joins WHERE user_id = $1 AND status <> 'ended' ORDER BY event_id")
        .bind(user_id)
        .fetch_all(tx)
        .await
}

/// Forgets what is known of a person; that a place was taken stays.
pub async fn forget_person(tx: &mut PgConnection, user_id: UserId) -> Result<(), sqlx::Error> {
    for statement in [
        "UPDATE joins SET answers = NULL, guests = NULL WHERE user_id = $1 AND (answers IS NOT NULL OR guests IS NOT NULL)",
        "DELETE FROM idempotency WHERE user_id = $1",
        "DELETE FROM people WHERE user_id = $1",
        "DELETE FROM stewards WHERE user_id = $1",
    ] {
        sqlx::query(statement).bind(user_id).execute(&mut *tx).await?;
    }
    Ok(())
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
