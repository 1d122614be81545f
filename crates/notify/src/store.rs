//! The only SQL of this slice.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    EventId, JoinId, MessageId, UserId,
    auth::{Locale, UserChanged},
    events::EventSnapshot,
};
use platform::trace::TraceContext;
use serde_json::Value;
use sqlx::{PgConnection, PgPool, Postgres, postgres::PgArguments, query::Query, types::Json};
use uuid::Uuid;

use crate::domain::{Details, Fate, Kind, KnownEvent, Letter, Standing, Unreadable};

/// A mail that waits to be sent, as it is stored: another version of the program may have written it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct QueuedMail {
    pub id: Uuid,
    pub kind: String,
    pub to_address: String,
    pub to_name: String,
    locale: String,
    data: Json<Value>,
    pub attempts: i32,
    pub created_at: DateTime<Utc>,
    /// When it was to be sent.
    pub next_attempt_at: DateTime<Utc>,
    /// The trace that it belongs to.
    pub traceparent: Option<String>,
    expires_at: Option<DateTime<Utc>>,
    snapshot: Option<Json<Value>>,
    changed_at: Option<DateTime<Utc>>,
    cancel_reason: Option<String>,
    standing: Option<String>,
    /// Whether `standing` is that of the join that the mail is about; unknown for mails that are about none.
    is_same_join: Option<bool>,
    /// Of who wrote it, as far as that is known.
    pub from_address: Option<String>,
    pub from_name: Option<String>,
}

impl QueuedMail {
    pub fn read(&self) -> Result<Letter, Unreadable> {
        let event = match (&self.snapshot, self.changed_at) {
            (Some(Json(json)), Some(changed_at)) => Some(KnownEvent {
                snapshot: serde_json::from_value(json.clone()).map_err(Unreadable::Event)?,
                changed_at,
                cancel_reason: self.cancel_reason.clone(),
            }),
            _ => None,
        };
        Ok(Letter {
            id: self.id,
            kind: self.kind.parse()?,
            to_name: self.to_name.clone(),
            // Unknown languages read as English.
            locale: if self.locale == "de" { Locale::De } else { Locale::En },
            details: serde_json::from_value(self.data.0.clone()).map_err(Unreadable::Details)?,
            event,
            created_at: self.created_at,
            expires_at: self.expires_at,
            from_name: self.from_name.clone(),
        })
    }

    pub fn fate(&self) -> Fate {
        match self.standing.as_deref() {
            None => Fate::Unknown,
            _ if self.is_same_join == Some(false) => Fate::Replaced,
            Some("pending") => Fate::At(Standing::Pending),
            Some("waitlisted") => Fate::At(Standing::Waitlisted),
            Some("offered") => Fate::At(Standing::Offered),
            Some("confirmed") => Fate::At(Standing::Confirmed),
            Some(_) => Fate::At(Standing::Ended),
        }
    }
}

/// Who gets a mail to an address that the message brings along.
#[derive(Debug)]
pub struct Recipient<'a> {
    pub user_id: UserId,
    pub email: &'a str,
    pub name: &'a str,
    pub locale: Locale,
}

/// What is queued: the kind, what it says, the message that it follows from, when, and until when it is of use.
#[derive(Debug)]
pub struct News<'a> {
    pub kind: Kind,
    pub details: &'a Details,
    pub message: MessageId,
    pub now: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
}

/// Where a join is on its way; see the table.
#[derive(Clone, Copy, Debug)]
pub struct Attendance {
    pub event: EventId,
    pub user: UserId,
    pub join: JoinId,
    pub standing: Standing,
}

/// Takes over a person's address, name and language, unless a later message has told of them, or they are forgotten.
pub async fn save_recipient(
    tx: &mut PgConnection,
    user: &UserChanged,
    said_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO recipients AS r (user_id, email, display_name, locale, changed_at)
         SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS (SELECT FROM forgotten WHERE user_id = $1)
         ON CONFLICT (user_id) DO UPDATE
             SET email = excluded.email, display_name = excluded.display_name, locale = excluded.locale,
                 changed_at = excluded.changed_at
             WHERE r.changed_at <= excluded.changed_at",
    )
    .bind(user.user_id)
    .bind(&user.email)
    .bind(&user.display_name)
    .bind(user.locale)
    .bind(said_at)
    .execute(tx)
    .await
    .map(drop)
}

/// Takes over an event's state, unless a newer one is known.
pub async fn save_event(
    tx: &mut PgConnection,
    event: &EventSnapshot,
    said_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO events AS e (event_id, version, snapshot, changed_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (event_id) DO UPDATE
             SET version = excluded.version, snapshot = excluded.snapshot, changed_at = excluded.changed_at
             WHERE e.version < excluded.version",
    )
    .bind(event.id)
    .bind(event.version)
    .bind(Json(event))
    .bind(said_at)
    .execute(tx)
    .await
    .map(drop)
}

pub async fn save_cancel_reason(
    tx: &mut PgConnection,
    event: EventId,
    reason: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE events SET cancel_reason = $2 WHERE event_id = $1")
        .bind(event)
        .bind(reason)
        .execute(tx)
        .await
        .map(drop)
}

/// An event's newest known state, and when it came to be.
pub async fn event(pool: &PgPool, id: EventId) -> Result<Option<(EventSnapshot, DateTime<Utc>)>, sqlx::Error> {
    let row: Option<(Json<EventSnapshot>, DateTime<Utc>)> =
        sqlx::query_as("SELECT snapshot, changed_at FROM events WHERE event_id = $1")
            .bind(id)
            .fetch_optional(pool)
            .await?;
    Ok(row.map(|(Json(snapshot), changed_at)| (snapshot, changed_at)))
}

/// Whether anything is known of an event.
pub async fn is_known(tx: &mut PgConnection, id: EventId) -> Result<bool, sqlx::Error> {
    Ok(is_public(tx, id).await?.is_some())
}

/// Whether an event is, or was, public; `None` if nothing is known of it.
pub async fn is_public(tx: &mut PgConnection, id: EventId) -> Result<Option<bool>, sqlx::Error> {
    sqlx::query_scalar("SELECT snapshot ->> 'status' <> 'draft' FROM events WHERE event_id = $1")
        .bind(id)
        .fetch_optional(tx)
        .await
}

/// Remembers who has to be told of changes; the revision of their calendar entry. `None` if a later message has said so already, or the
/// person is forgotten: then this one is no news.
///
/// A join only moves forward; an offer may be made again, with another deadline. Another join takes the place of one that has ended, or is
/// the later of the two. `withdraws` is whether a calendar entry is taken back: the next one that is given, or taken back, is another
/// revision.
pub async fn save_attendance(
    tx: &mut PgConnection,
    it: Attendance,
    withdraws: bool,
) -> Result<Option<i32>, sqlx::Error> {
    sqlx::query_scalar(
        "INSERT INTO attendances AS a (event_id, user_id, join_id, status, revision)
         SELECT $1, $2, $3, $4, $5::integer WHERE NOT EXISTS (SELECT FROM forgotten WHERE user_id = $2)
         ON CONFLICT (event_id, user_id) DO UPDATE SET join_id = excluded.join_id, status = excluded.status,
             revision = a.revision + CASE WHEN excluded.revision = 1 THEN 1 - a.revision % 2
                                          WHEN excluded.status = 'confirmed' THEN a.revision % 2 ELSE 0 END
         WHERE CASE WHEN a.join_id = excluded.join_id
             THEN array_position(ARRAY['pending', 'waitlisted', 'offered', 'confirmed', 'ended'], excluded.status)
                > array_position(ARRAY['pending', 'waitlisted', 'offered', 'confirmed', 'ended'], a.status)
                OR (excluded.status = 'offered' AND a.status = 'offered')
             ELSE a.status = 'ended' AND excluded.status <> 'ended' OR excluded.join_id > a.join_id END
         RETURNING revision",
    )
    .bind(it.event)
    .bind(it.user)
    .bind(it.join)
    .bind(it.standing.as_str())
    .bind(i32::from(withdraws))
    .fetch_optional(tx)
    .await
}

/// Whether a mail tells of this offer with this deadline already.
pub async fn is_told_of_offer(
    tx: &mut PgConnection,
    it: Attendance,
    until: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM mails
                        WHERE user_id = $1 AND event_id = $2 AND join_id = $3 AND kind = 'join_offered' AND expires_at = $4)",
    )
    .bind(it.user)
    .bind(it.event)
    .bind(it.join)
    .bind(until)
    .fetch_one(tx)
    .await
}

/// Queues a mail to an address that the message brings along, about an event if there is one.
pub async fn queue_to(
    tx: &mut PgConnection,
    news: &News<'_>,
    to: &Recipient<'_>,
    event: Option<EventId>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO mails (kind, user_id, event_id, to_address, to_name, locale, data, dedupe_key, next_attempt_at, created_at,
                            expires_at, traceparent)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8 || '/' || $2, $9, $9, $10, $11
         WHERE NOT EXISTS (SELECT FROM forgotten WHERE user_id = $2)
         ON CONFLICT ON CONSTRAINT mails_once DO NOTHING",
    )
    .bind(news.kind.as_str())
    .bind(to.user_id)
    .bind(event)
    .bind(to.email)
    .bind(to.name)
    .bind(to.locale)
    .bind(Json(news.details))
    .bind(news.message.to_string())
    .bind(news.now)
    .bind(news.expires_at)
    .bind(traceparent())
    .execute(tx)
    .await
    .map(drop)
}

/// Of the work at hand, if it belongs to a trace that is kept.
fn traceparent() -> Option<String> {
    TraceContext::of_task().filter(|it| it.is_sampled()).map(|it| it.to_string())
}

/// What became of a mail about a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queued {
    Yes,
    /// Nothing is known of the event yet, or not yet that it is cancelled.
    EventUnknown,
    PersonUnknown,
}

/// Queues a mail about a place to its owner, as far as event and person are known. One statement, since there are thousands of them when
/// a popular event opens.
pub async fn queue_about(
    tx: &mut PgConnection,
    news: &News<'_>,
    it: Attendance,
    send_at: DateTime<Utc>,
) -> Result<Queued, sqlx::Error> {
    // The conflict updates nothing; it is there so that a row says "known" either way. The reason of a cancellation, and the version of the
    // calendar entry, come with the event's own message.
    let (event, person): (bool, bool) = sqlx::query_as(
        "WITH event AS (
             SELECT FROM events WHERE event_id = $3 AND (status = 'cancelled' OR $1 <> 'event_cancelled')
         ), queued AS (
             INSERT INTO mails (kind, user_id, event_id, join_id, to_address, to_name, locale, data, dedupe_key, next_attempt_at,
                                created_at, expires_at, traceparent)
             SELECT $1, user_id, $3, $4, email, display_name, locale, $5, $6 || '/' || user_id, $9, $7, $8, $10
             FROM recipients WHERE user_id = $2 AND EXISTS (SELECT FROM event)
             ON CONFLICT ON CONSTRAINT mails_once DO UPDATE SET dedupe_key = excluded.dedupe_key
             RETURNING id
         )
         SELECT EXISTS (SELECT FROM event), EXISTS (SELECT FROM queued)",
    )
    .bind(news.kind.as_str())
    .bind(it.user)
    .bind(it.event)
    .bind(it.join)
    .bind(Json(news.details))
    .bind(news.message.to_string())
    .bind(news.now)
    .bind(news.expires_at)
    .bind(send_at)
    .bind(traceparent())
    .fetch_one(tx)
    .await?;
    Ok(match (event, person) {
        (false, _) => Queued::EventUnknown,
        (true, false) => Queued::PersonUnknown,
        (true, true) => Queued::Yes,
    })
}

/// Queues a mail to many of an event, in one statement: to those rows of `attendances` that the given part of SQL says, whose parameters
/// begin with `$8`. What a mail says depends on where each of them stands.
macro_rules! queue_to_rows {
    ($with:literal, $rows:literal) => {
        concat!(
            $with,
            "INSERT INTO mails (kind, user_id, event_id, join_id, to_address, to_name, locale, data, dedupe_key, next_attempt_at,
                                created_at, from_user, expires_at)
             SELECT $1, user_id, $2, join_id, email, display_name, locale,
                    $3 || jsonb_build_object('has_place', status = 'confirmed', 'standing', status, 'revision', revision),
                    $4 || '/' || user_id, $5, $5, $6::uuid, $7::timestamptz
             FROM ",
            $rows,
            " ON CONFLICT ON CONSTRAINT mails_once DO NOTHING"
        )
    };
}

/// Queues a mail to everybody whose join has not ended, or, if `only_with_place`, to those who have a place.
pub async fn queue_for_all(
    tx: &mut PgConnection,
    news: &News<'_>,
    event: EventId,
    only_with_place: bool,
) -> Result<(), sqlx::Error> {
    let statement = queue_to_rows!(
        "",
        "attendances JOIN recipients USING (user_id)
         WHERE event_id = $2 AND status <> 'ended' AND (status = 'confirmed' OR NOT $8)"
    );
    rows(statement, news, event, None).bind(only_with_place).execute(tx).await.map(drop)
}

/// Queues what somebody wrote to those of `to` whose join has not ended.
pub async fn queue_message(
    tx: &mut PgConnection,
    news: &News<'_>,
    event: EventId,
    from: UserId,
    to: &[UserId],
) -> Result<(), sqlx::Error> {
    let statement = queue_to_rows!(
        "",
        "attendances JOIN recipients USING (user_id)
         WHERE event_id = $2 AND user_id = ANY($8) AND status <> 'ended'"
    );
    rows(statement, news, event, Some(from)).bind(to).execute(tx).await.map(drop)
}

/// Queues the news of free places to those of `to` who stand in the line, and were not told so within the last hour.
pub async fn queue_places_open(
    tx: &mut PgConnection,
    news: &News<'_>,
    event: EventId,
    to: &[UserId],
) -> Result<(), sqlx::Error> {
    let statement = queue_to_rows!(
        "WITH told AS (
             UPDATE attendances SET told_open_at = $5
             WHERE event_id = $2 AND user_id = ANY($8) AND status = 'waitlisted'
               AND (told_open_at IS NULL OR told_open_at <= $5 - interval '60 minutes')
             RETURNING user_id, join_id, status, revision
         ) ",
        "told JOIN recipients USING (user_id)"
    );
    rows(statement, news, event, None).bind(to).execute(tx).await.map(drop)
}

fn rows<'q>(
    statement: &'static str,
    news: &'q News<'_>,
    event: EventId,
    from: Option<UserId>,
) -> Query<'q, Postgres, PgArguments> {
    sqlx::query(statement)
        .bind(news.kind.as_str())
        .bind(event)
        .bind(Json(news.details))
        .bind(news.message.to_string())
        .bind(news.now)
        .bind(from)
        .bind(news.expires_at)
}

/// Whether the account was deleted.
pub async fn is_forgotten(tx: &mut PgConnection, user: UserId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM forgotten WHERE user_id = $1)").bind(user).fetch_one(tx).await
}

/// Forgets a person, for ever: what is said of them later does nothing.
pub async fn forget(tx: &mut PgConnection, user: UserId, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO forgotten (user_id, forgotten_at) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(user)
        .bind(now)
        .execute(&mut *tx)
        .await?;
    erase(tx, &[user]).await
}

/// Erases what is known of people. Mails that are out stay, to be counted, and do not say any more where they went.
async fn erase(tx: &mut PgConnection, users: &[UserId]) -> Result<(), sqlx::Error> {
    for statement in [
        "DELETE FROM recipients WHERE user_id = ANY($1)",
        "DELETE FROM attendances WHERE user_id = ANY($1)",
        "DELETE FROM mails WHERE user_id = ANY($1) AND status IN ('queued', 'failed')",
        // What a server said often repeats the address.
        "UPDATE mails SET to_address = '', to_name = '', last_error = NULL WHERE user_id = ANY($1) AND to_address <> ''",
    ] {
        sqlx::query(statement).bind(users).execute(&mut *tx).await?;
    }
    Ok(())
}

/// The kinds with a link for which somebody waits at a screen, as the index `mails_awaited` has them.
macro_rules! awaited {
    () => {
        "m.kind IN ('verification', 'password_reset', 'quick_join')"
    };
}

macro_rules! due {
    ($($which:expr),+) => {
        concat!(
            "SELECT m.id, m.kind, m.to_address, m.to_name, m.locale, m.data, m.attempts, m.created_at, m.next_attempt_at, m.expires_at,
                    m.traceparent,
                    e.snapshot, e.changed_at, e.cancel_reason, a.status AS standing, a.join_id = m.join_id AS is_same_join,
                    r.email AS from_address, r.display_name AS from_name
             FROM mails m
             LEFT JOIN events e ON e.event_id = m.event_id
             LEFT JOIN attendances a ON a.event_id = m.event_id AND a.user_id = m.user_id
             LEFT JOIN recipients r ON r.user_id = m.from_user
             WHERE m.status = 'queued' AND m.next_attempt_at <= $1 AND m.kind = ANY($2) AND ",
            $($which),+,
            " AND NOT EXISTS (SELECT FROM forgotten f WHERE f.user_id = m.user_id)
             ORDER BY m.next_attempt_at, m.id LIMIT $3
             FOR UPDATE OF m SKIP LOCKED"
        )
    };
}

/// Mails whose time has come, locked for this transaction, first those for which somebody waits at a screen: they must not stand behind
/// thousands that say how a drop went. Those that another process sends are passed over, and so are those of a kind that only a newer
/// version knows, and those to people who were forgotten at the same time as they were queued.
pub async fn due(tx: &mut PgConnection, now: DateTime<Utc>, limit: usize) -> Result<Vec<QueuedMail>, sqlx::Error> {
    let mut mails: Vec<QueuedMail> = Vec::new();
    for query in [due!(awaited!()), due!("NOT ", awaited!())] {
        let more = i64::try_from(limit - mails.len()).unwrap_or(0);
        let some = sqlx::query_as(query).bind(now).bind(Kind::NAMES).bind(more).fetch_all(&mut *tx).await?;
        mails.extend(some);
        if mails.len() >= limit {
            break;
        }
    }
    Ok(mails)
}

/// How many mails are due, how many failed for good, and since when the oldest of the former has been due.
pub async fn waiting(pool: &PgPool, now: DateTime<Utc>) -> Result<(i64, i64, Option<DateTime<Utc>>), sqlx::Error> {
    sqlx::query_as(
        "SELECT (SELECT count(*) FROM mails WHERE status = 'queued' AND next_attempt_at <= $1),
                (SELECT count(*) FROM mails WHERE status = 'failed'),
                (SELECT min(created_at) FROM mails WHERE status = 'queued' AND next_attempt_at <= $1)",
    )
    .bind(now)
    .fetch_one(pool)
    .await
}

/// It is out; what it said is forgotten.
pub async fn sent(tx: &mut PgConnection, id: Uuid, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE mails SET status = 'sent', sent_at = $2, attempts = attempts + 1, data = '{}', last_error = NULL WHERE id = $1",
    )
    .bind(id)
    .bind(now)
    .execute(tx)
    .await
    .map(drop)
}

/// It will not go out, and nobody has to do anything about it; what it said is forgotten.
pub async fn dropped(tx: &mut PgConnection, id: Uuid, reason: &str) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE mails SET status = 'dropped', data = '{}', last_error = $2 WHERE id = $1")
        .bind(id)
        .bind(reason)
        .execute(tx)
        .await
        .map(drop)
}

/// It did not go out: again at `next`, or never.
pub async fn not_sent(
    tx: &mut PgConnection,
    id: Uuid,
    error: &str,
    next: Option<DateTime<Utc>>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE mails SET attempts = attempts + 1, last_error = left($2, 1000), next_attempt_at = coalesce($3, next_attempt_at),
                status = CASE WHEN $3 IS NULL THEN 'failed' ELSE 'queued' END
         WHERE id = $1",
    )
    .bind(id)
    .bind(error)
    .bind(next)
    .execute(tx)
    .await
    .map(drop)
}

/// A mail that could not be sent.
#[derive(Debug, sqlx::FromRow)]
pub struct FailedMail {
    /// Which.
    pub id: Uuid,
    /// What about.
    pub kind: String,
    /// To whom.
    pub user_id: UserId,
    /// How often it was tried.
    pub attempts: i32,
    /// What the server said the last time.
    pub last_error: Option<String>,
}

impl fmt::Display for FailedMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, kind, user_id, attempts, last_error } = self;
        write!(f, "{id} {kind} to {user_id}: {attempts} attempts, {}", last_error.as_deref().unwrap_or("no error"))
    }
}

/// Mails that could not be sent, oldest first.
///
/// # Errors
/// As the database says.
pub async fn failed_mails(pool: &PgPool, limit: i64) -> Result<Vec<FailedMail>, sqlx::Error> {
    sqlx::query_as(
        "SELECT id, kind, user_id, attempts, last_error FROM mails WHERE status = 'failed' ORDER BY created_at LIMIT $1",
    )
    .bind(limit)
    .fetch_all(pool)
    .await
}

/// Queues them again; how many.
///
/// # Errors
/// As the database says.
pub async fn retry_failed(pool: &PgPool) -> Result<u64, sqlx::Error> {
    // Due since they were made, whatever the time is.
    let done = sqlx::query(
        "UPDATE mails SET status = 'queued', attempts = 0, next_attempt_at = created_at WHERE status = 'failed'",
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}

/// Rows that one statement of the clean-up takes at most: it must not hold the others up.
const CLEANED_AT_ONCE: i64 = 5000;

/// Forgets what was sent long ago, secrets that are of no use any more, who went where, and messages that cannot come again.
pub async fn clean_up(pool: &PgPool, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE mails SET status = 'dropped', data = '{}' WHERE status IN ('failed', 'queued') AND expires_at <= $1",
    )
    .bind(now)
    .execute(pool)
    .await?;
    // What was being written of them when they were forgotten.
    let forgotten: Vec<UserId> = sqlx::query_scalar("SELECT user_id FROM forgotten WHERE forgotten_at > $1")
        .bind(now - TimeDelta::days(1))
        .fetch_all(pool)
        .await?;
    if !forgotten.is_empty() {
        let mut tx = pool.begin().await?;
        erase(&mut tx, &forgotten).await?;
        tx.commit().await?;
    }
    for (statement, days) in [
        (
            "DELETE FROM mails WHERE id IN (
                 SELECT id FROM mails WHERE status IN ('sent', 'dropped') AND created_at < $1 LIMIT $2)",
            90,
        ),
        (
            "DELETE FROM attendances WHERE (event_id, user_id) IN (
                 SELECT a.event_id, a.user_id FROM attendances a JOIN events e USING (event_id)
                 WHERE (e.snapshot ->> 'ends_at')::timestamptz < $1 LIMIT $2)",
            90,
        ),
        (
            "DELETE FROM inbox WHERE (consumer, message_id) IN (
                 SELECT consumer, message_id FROM inbox WHERE handled_at < $1 LIMIT $2)",
            7,
        ),
    ] {
        let before = now - TimeDelta::days(days);
        while sqlx::query(statement).bind(before).bind(CLEANED_AT_ONCE).execute(pool).await?.rows_affected() > 0 {}
    }
    Ok(())
}
