//! What decisions depend on, read under the events' locks. Each statement speaks of a set of rows.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contracts::{EventId, UserId};
use platform::http::StatusCode;
use sqlx::{PgConnection, PgPool, PgTransaction};
use uuid::Uuid;

use super::rows::{JoinRow, join_columns};
use crate::{
    desk::Answer,
    domain::{Event, IdempotencyKey, Invitation, InvitationCode, Join},
};

/// Joins with a deadline that has passed, which one transaction takes care of; the next one takes the next ones.
const DUE: i64 = 500;

/// Starts a transaction that is not willing to wait: a request has a deadline, and behind a batch others wait for theirs.
///
/// Everything in it is looked up by key, whatever the planner believes of tables that have just grown or shrunk.
pub async fn begin_batch(pool: &PgPool) -> Result<PgTransaction<'static>, sqlx::Error> {
    pool.begin_with(
        "BEGIN; SET LOCAL lock_timeout = '1500ms'; SET LOCAL statement_timeout = '5s'; SET LOCAL enable_seqscan = off;
         SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL plan_cache_mode = force_generic_plan",
    )
    .await
}

/// Locks events, in the order of their ids, so that two batches never wait for each other. From here to the commit nobody else decides
/// anything about them.
///
/// Not `FOR UPDATE`: a scan at the door refers to its event by a foreign key, and must not wait for a batch; nor the other way round.
///
/// Everything else has to be read by later statements: this one's view of other tables is from before it waited for the locks.
pub async fn lock_events(tx: &mut PgConnection, ids: &[EventId]) -> Result<Vec<Event>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM events WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE")
        .bind(ids)
        .fetch_all(tx)
        .await
}

/// What a request was answered.
#[derive(Clone, Debug)]
pub struct Known {
    /// Of that request.
    pub request_hash: Vec<u8>,
    /// The same bytes again.
    pub answer: Answer,
}

/// What was answered under these keys before.
pub async fn known(
    tx: &mut PgConnection,
    asked: &[(UserId, &IdempotencyKey)],
) -> Result<HashMap<(UserId, IdempotencyKey), Known>, sqlx::Error> {
    type Row = (UserId, String, Vec<u8>, i16, Vec<u8>);
    if asked.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT k.user_id, k.key, k.request_hash, k.status, k.body
         FROM unnest($1::uuid[], $2::text[]) AS asked (user_id, key)
         JOIN idempotency k ON k.user_id = asked.user_id AND k.key = asked.key",
    )
    .bind(asked.iter().map(|(user, _)| user.0).collect::<Vec<Uuid>>())
    .bind(asked.iter().map(|(_, key)| key.as_str()).collect::<Vec<_>>())
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|(user_id, key, request_hash, status, body)| {
            let key = IdempotencyKey::parse(&key).ok_or_else(|| sqlx::Error::Decode("not a key".into()))?;
            let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
            let answer = Answer { status: status.unwrap_or(StatusCode::OK), body };
            Ok(((user_id, key), Known { request_hash, answer }))
        })
        .collect()
}

/// Live joins of these people at these events; locked, so that nobody of them is let in at the door meanwhile.
pub async fn live(tx: &mut PgConnection, asked: &[(EventId, UserId)]) -> Result<Vec<(EventId, Join)>, sqlx::Error> {
    let rows: Vec<JoinRow> = sqlx::query_as(concat!(
        "SELECT ",
        join_columns!(),
        " FROM unnest($1::uuid[], $2::uuid[]) AS asked (event_id, user_id)
          JOIN joins j ON j.user_id = asked.user_id AND j.event_id = asked.event_id AND j.status <> 'ended'
          FOR NO KEY UPDATE OF j"
    ))
    .bind(asked.iter().map(|(event, _)| event.0).collect::<Vec<Uuid>>())
    .bind(asked.iter().map(|(_, user)| user.0).collect::<Vec<Uuid>>())
    .fetch_all(tx)
    .await?;
    Ok(by_event(rows))
}

/// Those of these people whom the organisers of these events do not want.
pub async fn bans(tx: &mut PgConnection, asked: &[(EventId, UserId)]) -> Result<Vec<(EventId, UserId)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT b.event_id, b.user_id FROM unnest($1::uuid[], $2::uuid[]) AS asked (event_id, user_id)
         JOIN bans b ON b.event_id = asked.event_id AND b.user_id = asked.user_id",
    )
    .bind(asked.iter().map(|(event, _)| event.0).collect::<Vec<Uuid>>())
    .bind(asked.iter().map(|(_, user)| user.0).collect::<Vec<Uuid>>())
    .fetch_all(tx)
    .await
}

#[derive(sqlx::FromRow)]
struct InvitationRow {
    event_id: EventId,
    #[sqlx(flatten)]
    invitation: Invitation,
}

/// The invitations of these events that have one of these codes.
pub async fn invitations(
    tx: &mut PgConnection,
    asked: &[(EventId, &InvitationCode)],
) -> Result<Vec<(EventId, Invitation)>, sqlx::Error> {
    let rows: Vec<InvitationRow> = sqlx::query_as(
        "SELECT i.* FROM unnest($1::uuid[], $2::text[]) AS asked (event_id, code)
         JOIN invitations i ON i.code = asked.code AND i.event_id = asked.event_id",
    )
    .bind(asked.iter().map(|(event, _)| event.0).collect::<Vec<Uuid>>())
    .bind(asked.iter().map(|(_, code)| code.0.as_str()).collect::<Vec<_>>())
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.event_id, row.invitation)).collect())
}

/// The first in the lines of these events, in order, as many of each as is said, without those whom this capacity can never hold.
pub async fn lines(
    tx: &mut PgConnection,
    wanted: &[(EventId, i32, Option<i32>)],
) -> Result<HashMap<EventId, Vec<Join>>, sqlx::Error> {
    let rows: Vec<JoinRow> = sqlx::query_as(concat!(
        "SELECT ",
        join_columns!(),
        " FROM unnest($1::uuid[], $2::integer[], $3::integer[]) AS wanted (event_id, parties, capacity),
               LATERAL (SELECT * FROM joins WHERE event_id = wanted.event_id AND status = 'waitlisted'
                        AND (wanted.capacity IS NULL OR coalesce(at_least, party_size) <= wanted.capacity)
                        ORDER BY line_no LIMIT wanted.parties) j
          ORDER BY j.event_id, j.line_no"
    ))
    .bind(wanted.iter().map(|(event, ..)| event.0).collect::<Vec<Uuid>>())
    .bind(wanted.iter().map(|(_, parties, _)| *parties).collect::<Vec<_>>())
    .bind(wanted.iter().map(|(.., capacity)| *capacity).collect::<Vec<_>>())
    .fetch_all(tx)
    .await?;
    let mut lines: HashMap<EventId, Vec<Join>> = HashMap::new();
    for (event_id, join) in by_event(rows) {
        lines.entry(event_id).or_default().push(join);
    }
    Ok(lines)
}

/// What is due at an event.
#[derive(Debug)]
pub struct DueNow {
    /// Joins whose deadline has passed.
    pub joins: Vec<Join>,
    /// Invitations that have expired with places still kept for them.
    pub invitations: Vec<Invitation>,
    /// The first deadline of the others.
    pub next: Option<DateTime<Utc>>,
}

/// What is due at an event; locked, so that nobody is let in at the door meanwhile, which ends a deadline.
pub async fn due(tx: &mut PgConnection, event_id: EventId, now: DateTime<Utc>) -> Result<DueNow, sqlx::Error> {
    let rows: Vec<JoinRow> = sqlx::query_as(concat!(
        "SELECT ",
        join_columns!(),
        " FROM joins j WHERE j.event_id = $1 AND j.due_at <= $2 ORDER BY j.due_at, j.line_no LIMIT $3 FOR NO KEY UPDATE"
    ))
    .bind(event_id)
    .bind(now)
    .bind(DUE)
    .fetch_all(&mut *tx)
    .await?;
    let invitations = sqlx::query_as(
        "SELECT i.* FROM invitations i JOIN events e ON e.id = i.event_id
         WHERE i.event_id = $1 AND i.reserved > 0 AND least(i.expires_at, e.starts_at) <= $2 ORDER BY i.created_at, i.id",
    )
    .bind(event_id)
    .bind(now)
    .fetch_all(&mut *tx)
    .await?;
    let whole = i64::try_from(rows.len()).is_ok_and(|count| count < DUE);
    let next: Option<DateTime<Utc>> = sqlx::query_scalar(
        "SELECT least((SELECT min(due_at) FROM joins WHERE event_id = $1 AND due_at > $2),
                      (SELECT min(least(i.expires_at, e.starts_at)) FROM invitations i JOIN events e ON e.id = i.event_id
                       WHERE i.event_id = $1 AND i.reserved > 0 AND least(i.expires_at, e.starts_at) > $2))",
    )
    .bind(event_id)
    .bind(now)
    .fetch_one(&mut *tx)
    .await?;
    let joins = rows.into_iter().map(Join::from).collect();
    Ok(DueNow { joins, invitations, next: if whole { next } else { Some(now) } })
}

/// The last to arrive of those with a place of whom nobody has come; locked, so that nobody is let in meanwhile. Who is just being let in is
/// left out. Enough for so many parties that walk in, each of ten at most.
pub async fn absent(tx: &mut PgConnection, event_id: EventId, walk_ins: i64) -> Result<Vec<Join>, sqlx::Error> {
    let rows: Vec<JoinRow> = sqlx::query_as(concat!(
        "SELECT ",
        join_columns!(),
        " FROM joins j WHERE j.event_id = $1 AND j.status = 'confirmed' AND j.arrived_at IS NULL AND j.way IS DISTINCT FROM 'door'
          ORDER BY j.line_no DESC LIMIT 10 * $2 FOR NO KEY UPDATE SKIP LOCKED"
    ))
    .bind(event_id)
    .bind(walk_ins)
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(Join::from).collect())
}

fn by_event(rows: Vec<JoinRow>) -> Vec<(EventId, Join)> {
    rows.into_iter().map(|row| (row.event_id, Join::from(row))).collect()
}
