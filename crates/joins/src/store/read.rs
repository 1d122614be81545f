//! Statements that only read. None of them waits for a lock.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contracts::{EventId, JoinId, UserId, joins::Places};
use serde::Deserialize;
use sqlx::{PgExecutor, PgPool};

use crate::domain::{Event, JoinStatus};

/// An event as it is at the moment.
pub async fn event(executor: impl PgExecutor<'_>, id: EventId) -> Result<Option<Event>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM events WHERE id = $1").bind(id).fetch_optional(executor).await
}

/// How full these events are; those that are not known are missing.
pub async fn places_of(pool: &PgPool, ids: &[EventId]) -> Result<HashMap<EventId, Places>, sqlx::Error> {
    let rows: Vec<(EventId, Option<i32>, i32, i32)> =
        sqlx::query_as("SELECT id, capacity, confirmed, waitlisted FROM events WHERE id = ANY($1)")
            .bind(ids)
            .fetch_all(pool)
            .await?;
    Ok(rows
        .into_iter()
        .map(|(id, capacity, confirmed, waitlisted)| (id, Places { capacity, confirmed, waitlisted, held: 0 }))
        .collect())
}

/// Where somebody stands at an event.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Standing {
    /// Confirmed or waitlisted.
    pub status: JoinStatus,
    /// How far from the head of the line, which is 1; `None` for a place.
    pub position: Option<i32>,
    /// Together with their guests.
    pub party_size: i32,
    /// When they arrived.
    pub joined_at: DateTime<Utc>,
}

/// Where somebody stands at an event; `None` if they are not in.
pub async fn standing(pool: &PgPool, event_id: EventId, user_id: UserId) -> Result<Option<Standing>, sqlx::Error> {
    sqlx::query_as(
        "SELECT j.status, j.party_size, j.joined_at,
                CASE WHEN j.status = 'waitlisted' THEN
                    (SELECT count(*)::int FROM joins w
                     WHERE w.event_id = j.event_id AND w.status = 'waitlisted' AND w.line_no <= j.line_no)
                END AS position
         FROM joins j WHERE j.user_id = $2 AND j.event_id = $1 AND j.status <> 'ended'",
    )
    .bind(event_id)
    .bind(user_id)
    .fetch_optional(pool)
    .await
}

/// Which of a person's joins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// Of events that have not ended, the next one first.
    #[default]
    Upcoming,
    /// Of events that have ended, the last one first.
    Past,
}

/// One of a person's joins.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct MyJoinRow {
    /// Which join.
    pub join_id: JoinId,
    /// At which event.
    pub event_id: EventId,
    /// Its beginning; with the event's id the keyset of the list.
    pub starts_at: DateTime<Utc>,
    /// Ended is one that the event's cancellation ended.
    pub status: JoinStatus,
    /// How far from the head of the line, which is 1; `None` for a place.
    pub position: Option<i32>,
    /// Together with their guests.
    pub party_size: i32,
    /// When they arrived.
    pub joined_at: DateTime<Utc>,
}

/// A person's live joins, and those that the event's cancellation ended; by the events' beginning.
pub async fn my_joins(
    pool: &PgPool,
    user_id: UserId,
    when: When,
    now: DateTime<Utc>,
    after: Option<(DateTime<Utc>, EventId)>,
    rows: i64,
) -> Result<Vec<MyJoinRow>, sqlx::Error> {
    macro_rules! list {
        ($ended:literal, $after:literal, $direction:literal) => {
            concat!(
                "SELECT j.id AS join_id, j.event_id, e.starts_at, j.status, j.party_size, j.joined_at,
                        CASE WHEN j.status = 'waitlisted' THEN
                            (SELECT count(*)::int FROM joins w
                             WHERE w.event_id = j.event_id AND w.status = 'waitlisted' AND w.line_no <= j.line_no)
                        END AS position
                 FROM joins j JOIN events e ON e.id = j.event_id
                 WHERE j.user_id = $1 AND (j.status <> 'ended' OR j.end_reason = 'event_cancelled') AND e.ends_at ", $ended, " $2
                   AND ($3::timestamptz IS NULL OR (e.starts_at, e.id) ", $after, " ($3, $4::uuid))
                 ORDER BY e.starts_at ", $direction, ", e.id ", $direction, " LIMIT $5"
            )
        };
    }
    let statement = match when {
        When::Upcoming => list!(">", ">", "ASC"),
        When::Past => list!("<=", "<", "DESC"),
    };
    sqlx::query_as(statement)
        .bind(user_id)
        .bind(now)
        .bind(after.map(|(starts_at, _)| starts_at))
        .bind(after.map(|(_, id)| id))
        .bind(rows)
        .fetch_all(pool)
        .await
}

/// Somebody who is in, as the organiser sees them.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ParticipantRow {
    /// Which join.
    pub join_id: JoinId,
    /// When they arrived; the keyset of the list.
    pub line_no: i64,
    /// Who.
    pub user_id: UserId,
    /// As they are called; `None` until the account has told.
    pub display_name: Option<String>,
    /// Confirmed or waitlisted.
    pub status: JoinStatus,
    /// How far from the head of the line, which is 1; `None` for a place.
    pub position: Option<i32>,
    /// Together with their guests.
    pub party_size: i32,
    /// When they arrived.
    pub joined_at: DateTime<Utc>,
}

/// Who is in, in order of arrival, after `after` (0 is the beginning).
pub async fn participants(
    pool: &PgPool,
    event_id: EventId,
    status: Option<JoinStatus>,
    after: i64,
    rows: i64,
) -> Result<Vec<ParticipantRow>, sqlx::Error> {
    // The page has everybody of its stretch of the line (or nobody of it), so positions count on from those before it.
    sqlx::query_as(
        "SELECT page.*,
                CASE WHEN status = 'waitlisted' THEN
                    (before.waiting + count(*) FILTER (WHERE status = 'waitlisted') OVER (ORDER BY line_no))::int
                END AS position
         FROM (SELECT j.id AS join_id, j.line_no, j.user_id, p.display_name, j.status, j.party_size, j.joined_at
               FROM joins j LEFT JOIN people p ON p.user_id = j.user_id
               WHERE j.event_id = $1 AND j.line_no > $2 AND j.status <> 'ended' AND ($3::text IS NULL OR j.status = $3)
               ORDER BY j.line_no LIMIT $4) page,
              (SELECT count(*) AS waiting FROM joins
               WHERE event_id = $1 AND status = 'waitlisted' AND line_no <= $2) before
         ORDER BY line_no",
    )
    .bind(event_id)
    .bind(after)
    .bind(status)
    .bind(rows)
    .fetch_all(pool)
    .await
}
