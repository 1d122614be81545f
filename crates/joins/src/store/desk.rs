//! What the organiser's desk reads and writes beside the places themselves.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{EventId, UserId};
use serde::Serialize;
use serde_json::Value;
use sqlx::{PgConnection, PgPool, types::Json};

use super::rows::{JoinRow, join_columns};
use crate::domain::{Action, Join, JoinStatus};

/// Everything that somebody had at an event, first arrivals first; ended joins included.
pub async fn joins_of(pool: &PgPool, event_id: EventId, user_id: UserId) -> Result<Vec<Join>, sqlx::Error> {
    let rows: Vec<JoinRow> = sqlx::query_as(concat!(
        "SELECT ",
        join_columns!(),
        " FROM joins j WHERE j.event_id = $1 AND j.user_id = $2 ORDER BY j.line_no LIMIT 200"
    ))
    .bind(event_id)
    .bind(user_id)
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Join::from).collect())
}

/// A decision, as the organiser reads it.
#[derive(Clone, Debug, Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct DecisionRow {
    /// The event's revision that it made; with `n` the keyset of the list.
    pub revision: i64,
    /// Within the revision.
    pub n: i32,
    /// When.
    pub decided_at: DateTime<Utc>,
    /// Who; `null` is the rules.
    #[schema(required)]
    pub actor_id: Option<UserId>,
    /// As the actor is called.
    #[schema(required)]
    pub actor_name: Option<String>,
    /// What was done.
    pub action: Action,
    /// Whom it concerns.
    #[schema(required)]
    pub user_id: Option<UserId>,
    /// As that person is called.
    #[schema(required)]
    pub user_name: Option<String>,
    /// More about it.
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    pub details: Json<Value>,
}

/// Decisions at an event, newest first, before `before`; only those about one person if asked for.
pub async fn decisions(
    pool: &PgPool,
    event_id: EventId,
    about: Option<UserId>,
    before: (i64, i32),
    rows: i64,
) -> Result<Vec<DecisionRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT d.revision, d.n, d.decided_at, d.actor_id, a.display_name AS actor_name, d.action, d.user_id, u.display_name AS user_name,
                d.details
         FROM decisions d
         LEFT JOIN people a ON a.user_id = d.actor_id LEFT JOIN people u ON u.user_id = d.user_id
         WHERE d.event_id = $1 AND (d.revision, d.n) < ($3, $4) AND ($2::uuid IS NULL OR d.user_id = $2)
         ORDER BY d.revision DESC, d.n DESC LIMIT $5",
    )
    .bind(event_id)
    .bind(about)
    .bind(before.0)
    .bind(before.1)
    .bind(rows)
    .fetch_all(pool)
    .await
}

/// Of an organiser's past events at whose doors people were checked in, how many of a hundred with a place did not come; the latest ten.
pub async fn no_show_percents(pool: &PgPool, organiser_id: UserId) -> Result<Vec<i32>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT least(no_shows * 100 / coalesce(expected_at_end, confirmed), 100) FROM events
         WHERE organiser_id = $1 AND no_shows IS NOT NULL AND coalesce(expected_at_end, confirmed) > 0 ORDER BY ends_at DESC LIMIT 10",
    )
    .bind(organiser_id)
    .fetch_all(pool)
    .await
}

/// Other events at the time of this one where somebody stands in the line, has asked, or has an offer, as long as they still have a place at
/// this one; in the order in which they have to be locked.
pub async fn other_lines(
    tx: &mut PgConnection,
    event_id: EventId,
    user_id: UserId,
) -> Result<Vec<EventId>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT j.event_id FROM joins j JOIN events e ON e.id = j.event_id, (SELECT starts_at, ends_at FROM events WHERE id = $1) this
         WHERE j.user_id = $2 AND j.event_id <> $1 AND j.status IN ('pending', 'waitlisted', 'offered')
           AND e.starts_at < this.ends_at AND e.ends_at > this.starts_at
           AND EXISTS (SELECT FROM joins h WHERE h.event_id = $1 AND h.user_id = $2 AND h.status = 'confirmed')
         ORDER BY j.event_id",
    )
    .bind(event_id)
    .bind(user_id)
    .fetch_all(tx)
    .await
}

/// A message that an organiser wrote.
#[derive(Clone, Debug, Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct SentMessage {
    /// When.
    pub sent_at: DateTime<Utc>,
    /// To whom: `all`, or a state.
    pub audience: String,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// How many people got it.
    pub recipients: i32,
}

/// What was written to those who are in, newest first; the latest hundred.
pub async fn messages(pool: &PgPool, event_id: EventId) -> Result<Vec<SentMessage>, sqlx::Error> {
    sqlx::query_as(
        "SELECT sent_at, audience, subject, body, recipients FROM messages WHERE event_id = $1 ORDER BY sent_at DESC LIMIT 100",
    )
    .bind(event_id)
    .fetch_all(pool)
    .await
}

/// The message under this key, if it was sent already.
pub async fn message(tx: &mut PgConnection, event_id: EventId, key: &str) -> Result<Option<SentMessage>, sqlx::Error> {
    sqlx::query_as("SELECT sent_at, audience, subject, body, recipients FROM messages WHERE event_id = $1 AND key = $2")
        .bind(event_id)
        .bind(key)
        .fetch_optional(tx)
        .await
}

/// How many messages went to an event's people within a day before `now`.
pub async fn messages_of_a_day(
    tx: &mut PgConnection,
    event_id: EventId,
    now: DateTime<Utc>,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM messages WHERE event_id = $1 AND sent_at > $2")
        .bind(event_id)
        .bind(now - TimeDelta::days(1))
        .fetch_one(tx)
        .await
}

/// Who is in, or only those in one state.
pub async fn audience(
    tx: &mut PgConnection,
    event_id: EventId,
    status: Option<JoinStatus>,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT user_id FROM joins
         WHERE event_id = $1 AND status <> 'ended' AND ($2::text IS NULL OR status = $2) AND (due_at IS NULL OR due_at > $3) ORDER BY line_no",
    )
    .bind(event_id)
    .bind(status)
    .bind(now)
    .fetch_all(tx)
    .await
}

/// Notes a message.
pub async fn save_message(
    tx: &mut PgConnection,
    event_id: EventId,
    key: &str,
    sent_by: UserId,
    message: &SentMessage,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO messages (event_id, key, sent_by, sent_at, audience, subject, body, recipients)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(event_id)
    .bind(key)
    .bind(sent_by)
    .bind(message.sent_at)
    .bind(&message.audience)
    .bind(&message.subject)
    .bind(&message.body)
    .bind(message.recipients)
    .execute(tx)
    .await
    .map(drop)
}
