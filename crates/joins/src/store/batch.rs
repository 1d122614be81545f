//! Statements of transactions that decide a batch: each speaks of a set of rows.

use std::collections::{HashMap, HashSet, VecDeque};

use chrono::{DateTime, Utc};
use contracts::{EventId, JoinId, UserId};
use platform::http::StatusCode;
use sqlx::{PgConnection, PgPool, PgTransaction};
use uuid::Uuid;

use crate::{
    desk::{Answer, Request, Writes},
    domain::{Event, IdempotencyKey, JoinStatus, Live, PartySize, Waiting},
};

/// Starts a transaction that is not willing to wait: a request has a deadline, and behind a batch others wait for theirs.
///
/// Everything in it is looked up by key, whatever the planner believes of tables that have just grown or shrunk.
pub async fn begin_batch(pool: &PgPool) -> Result<PgTransaction<'static>, sqlx::Error> {
    pool.begin_with(
        "BEGIN; SET LOCAL lock_timeout = '1500ms'; SET LOCAL statement_timeout = '5s'; SET LOCAL enable_seqscan = off;
         SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off",
    )
    .await
}

/// Locks events, in the order of their ids, so that two batches never wait for each other. From here to the commit nobody else decides
/// anything about them.
///
/// Everything else has to be read by later statements: this one's view of other tables is from before it waited for the locks.
pub async fn lock_events(tx: &mut PgConnection, ids: &[EventId]) -> Result<Vec<Event>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM events WHERE id = ANY($1) ORDER BY id FOR UPDATE").bind(ids).fetch_all(tx).await
}

/// What a request was answered.
#[derive(Clone, Debug)]
pub struct Known {
    /// Of that request.
    pub request_hash: Vec<u8>,
    /// The same bytes again.
    pub answer: Answer,
}

/// What was answered under the keys of these requests before.
pub async fn known(
    tx: &mut PgConnection,
    requests: &[&Request],
) -> Result<HashMap<(UserId, IdempotencyKey), Known>, sqlx::Error> {
    type Row = (UserId, String, Vec<u8>, i16, Vec<u8>);
    let asked: HashSet<(UserId, &str)> = requests.iter().map(|it| (it.user_id, it.key.as_str())).collect();
    let (users, keys): (Vec<UserId>, Vec<&str>) = asked.into_iter().unzip();
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT k.user_id, k.key, k.request_hash, k.status, k.body
         FROM unnest($1::uuid[], $2::text[]) AS asked (user_id, key)
         JOIN idempotency k ON k.user_id = asked.user_id AND k.key = asked.key",
    )
    .bind(&users)
    .bind(&keys)
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

type LiveRow = (EventId, UserId, JoinId, i64, JoinStatus, i32);

/// Which of those who ask are in already.
pub async fn live(
    tx: &mut PgConnection,
    requests: &[&Request],
) -> Result<HashMap<(EventId, UserId), Live>, sqlx::Error> {
    let asked: HashSet<(EventId, UserId)> = requests.iter().map(|it| (it.event_id, it.user_id)).collect();
    let (events, users): (Vec<EventId>, Vec<UserId>) = asked.into_iter().unzip();
    let rows: Vec<LiveRow> = sqlx::query_as(
        "SELECT j.event_id, j.user_id, j.id, j.line_no, j.status, j.party_size
         FROM unnest($1::uuid[], $2::uuid[]) AS asked (event_id, user_id)
         JOIN joins j ON j.user_id = asked.user_id AND j.event_id = asked.event_id AND j.status <> 'ended'",
    )
    .bind(&events)
    .bind(&users)
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|(event_id, user_id, id, line_no, status, size)| {
            Ok(((event_id, user_id), Live { id, line_no, status, party_size: party(size)? }))
        })
        .collect()
}

/// The part of an event's line that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct HeadOfLine {
    /// Which event.
    pub event_id: EventId,
    /// How many parties at most.
    pub most: i32,
    /// Parties larger than that can never fit and are left out; `None` is unlimited.
    pub capacity: Option<i32>,
}

/// The first in the lines, in order.
pub async fn heads_of_lines(
    tx: &mut PgConnection,
    wanted: &[HeadOfLine],
) -> Result<HashMap<EventId, VecDeque<Waiting>>, sqlx::Error> {
    let rows: Vec<(EventId, JoinId, UserId, i64, i32)> = sqlx::query_as(
        "SELECT wanted.event_id, j.id, j.user_id, j.line_no, j.party_size
         FROM unnest($1::uuid[], $2::integer[], $3::integer[]) AS wanted (event_id, most, capacity),
              LATERAL (SELECT id, user_id, line_no, party_size FROM joins
                       WHERE event_id = wanted.event_id AND status = 'waitlisted'
                         AND (wanted.capacity IS NULL OR party_size <= wanted.capacity)
                       ORDER BY line_no LIMIT wanted.most) j
         ORDER BY wanted.event_id, j.line_no",
    )
    .bind(wanted.iter().map(|it| it.event_id.0).collect::<Vec<Uuid>>())
    .bind(wanted.iter().map(|it| it.most).collect::<Vec<_>>())
    .bind(wanted.iter().map(|it| it.capacity).collect::<Vec<_>>())
    .fetch_all(tx)
    .await?;
    let mut lines: HashMap<EventId, VecDeque<Waiting>> = HashMap::new();
    for (event_id, id, user_id, line_no, size) in rows {
        lines.entry(event_id).or_default().push_back(Waiting { id, user_id, line_no, party_size: party(size)? });
    }
    Ok(lines)
}

/// A join to be written down, as it is at the end of the batch that made it.
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
    /// Together with their guests.
    pub party_size: PartySize,
    /// The event's revision that gave the place; `None` in the line.
    pub confirmed_revision: Option<i64>,
    /// Whether the place came by way of the line.
    pub promoted: bool,
    /// Whether they have left again.
    pub left: bool,
}

/// Somebody of the line gets a place: event, arrival, and the event's revision that gave it.
pub type Promotion = (EventId, i64, i64);

/// Writes down what a batch decided; `false` if one of the keys is another request's. If that one has not committed yet, this waits for
/// its outcome.
pub async fn write(tx: &mut PgConnection, writes: &Writes, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    if !writes.joins.is_empty() {
        insert_joins(tx, &writes.joins, now).await?;
    }
    promote(tx, &writes.promoted, now).await?;
    leave(tx, &writes.left, now).await?;
    if !writes.events.is_empty() {
        save_events(tx, &writes.events).await?;
    }
    remember(tx, writes, now).await
}

async fn insert_joins(tx: &mut PgConnection, joins: &[NewJoin], now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO joins (id, event_id, user_id, line_no, status, party_size, promoted, joined_at, confirmed_at, confirmed_revision,
                            ended_at, end_reason)
         SELECT id, event_id, user_id, line_no,
                CASE WHEN has_left THEN 'ended' WHEN confirmed_revision IS NULL THEN 'waitlisted' ELSE 'confirmed' END,
                party_size, promoted, $9, CASE WHEN confirmed_revision IS NOT NULL THEN $9 END, confirmed_revision,
                CASE WHEN has_left THEN $9 END, CASE WHEN has_left THEN 'left' END
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::integer[], $6::boolean[], $7::bigint[], $8::boolean[])
              AS n (id, event_id, user_id, line_no, party_size, promoted, confirmed_revision, has_left)",
    )
    .bind(joins.iter().map(|it| it.id.0).collect::<Vec<Uuid>>())
    .bind(joins.iter().map(|it| it.event_id.0).collect::<Vec<Uuid>>())
    .bind(joins.iter().map(|it| it.user_id.0).collect::<Vec<Uuid>>())
    .bind(joins.iter().map(|it| it.line_no).collect::<Vec<_>>())
    .bind(joins.iter().map(|it| it.party_size.get()).collect::<Vec<_>>())
    .bind(joins.iter().map(|it| it.promoted).collect::<Vec<_>>())
    .bind(joins.iter().map(|it| it.confirmed_revision).collect::<Vec<_>>())
    .bind(joins.iter().map(|it| it.left).collect::<Vec<_>>())
    .bind(now)
    .execute(tx)
    .await
    .map(drop)
}

/// Gives places to these, who stood in the line.
pub async fn promote(tx: &mut PgConnection, promoted: &[Promotion], now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    if promoted.is_empty() {
        return Ok(());
    }
    let done = sqlx::query(
        "UPDATE joins j SET status = 'confirmed', promoted = true, confirmed_at = $4, confirmed_revision = p.revision
         FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS p (event_id, line_no, revision)
         WHERE j.event_id = p.event_id AND j.line_no = p.line_no AND j.status = 'waitlisted'",
    )
    .bind(promoted.iter().map(|(event, ..)| event.0).collect::<Vec<Uuid>>())
    .bind(promoted.iter().map(|(_, line_no, _)| *line_no).collect::<Vec<_>>())
    .bind(promoted.iter().map(|(.., revision)| *revision).collect::<Vec<_>>())
    .bind(now)
    .execute(tx)
    .await?;
    as_many(done.rows_affected(), promoted.len())
}

async fn leave(tx: &mut PgConnection, left: &[(EventId, i64)], now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    if left.is_empty() {
        return Ok(());
    }
    let done = sqlx::query(
        "UPDATE joins j SET status = 'ended', ended_at = $3, end_reason = 'left'
         FROM unnest($1::uuid[], $2::bigint[]) AS l (event_id, line_no)
         WHERE j.event_id = l.event_id AND j.line_no = l.line_no AND j.status <> 'ended'",
    )
    .bind(left.iter().map(|(event, _)| event.0).collect::<Vec<Uuid>>())
    .bind(left.iter().map(|(_, line_no)| *line_no).collect::<Vec<_>>())
    .bind(now)
    .execute(tx)
    .await?;
    as_many(done.rows_affected(), left.len())
}

/// What a batch can change of an event.
async fn save_events(tx: &mut PgConnection, events: &[Event]) -> Result<(), sqlx::Error> {
    let done = sqlx::query(
        "UPDATE events e
         SET confirmed = n.confirmed, waitlisted = n.waitlisted, line_length = n.line_length, overbooked = n.overbooked,
             capacity_hold = n.capacity_hold, hold_until = n.hold_until, next_line_no = n.next_line_no, revision = n.revision
         FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::integer[], $5::integer[], $6::integer[], $7::timestamptz[],
                     $8::bigint[], $9::bigint[])
              AS n (id, confirmed, waitlisted, line_length, overbooked, capacity_hold, hold_until, next_line_no, revision)
         WHERE e.id = n.id",
    )
    .bind(events.iter().map(|it| it.id.0).collect::<Vec<Uuid>>())
    .bind(events.iter().map(|it| it.confirmed).collect::<Vec<_>>())
    .bind(events.iter().map(|it| it.waitlisted).collect::<Vec<_>>())
    .bind(events.iter().map(|it| it.line_length).collect::<Vec<_>>())
    .bind(events.iter().map(|it| it.overbooked).collect::<Vec<_>>())
    .bind(events.iter().map(|it| it.capacity_hold).collect::<Vec<_>>())
    .bind(events.iter().map(|it| it.hold_until).collect::<Vec<_>>())
    .bind(events.iter().map(|it| it.next_line_no).collect::<Vec<_>>())
    .bind(events.iter().map(|it| it.revision).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    as_many(done.rows_affected(), events.len())
}

async fn remember(tx: &mut PgConnection, writes: &Writes, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let answers = &writes.answers;
    let kept = sqlx::query(
        "INSERT INTO idempotency (user_id, key, request_hash, status, body, event_id, join_id, created_at)
         SELECT user_id, key, request_hash, status, body, event_id, join_id, $8
         FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::smallint[], $5::bytea[], $6::uuid[], $7::uuid[])
              WITH ORDINALITY AS n (user_id, key, request_hash, status, body, event_id, join_id, ord)
         ORDER BY ord
         ON CONFLICT (user_id, key) DO NOTHING",
    )
    .bind(answers.iter().map(|it| it.user_id.0).collect::<Vec<Uuid>>())
    .bind(answers.iter().map(|it| it.key.as_str()).collect::<Vec<_>>())
    .bind(answers.iter().map(|it| it.known.request_hash.as_slice()).collect::<Vec<_>>())
    .bind(answers.iter().map(|it| i16::try_from(it.known.answer.status.as_u16()).unwrap_or(200)).collect::<Vec<_>>())
    .bind(answers.iter().map(|it| it.known.answer.body.as_slice()).collect::<Vec<_>>())
    .bind(answers.iter().map(|it| it.event_id.0).collect::<Vec<Uuid>>())
    .bind(answers.iter().map(|it| it.join_id.map(|id| id.0)).collect::<Vec<Option<Uuid>>>())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(usize::try_from(kept.rows_affected()) == Ok(answers.len()))
}

fn party(people: i32) -> Result<PartySize, sqlx::Error> {
    PartySize::try_from(i64::from(people)).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// The events' locks make sure that nobody else touches their joins. If a row is missing all the same, nothing must be committed.
fn as_many(rows: u64, expected: usize) -> Result<(), sqlx::Error> {
    if usize::try_from(rows) == Ok(expected) { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}
