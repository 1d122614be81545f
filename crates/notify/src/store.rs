//! The only SQL of this slice.

use std::fmt;

use chrono::{DateTime, Utc};
use contracts::{
    EventId, UserId,
    auth::{Locale, UserChanged},
    events::EventSnapshot,
};
use serde_json::Value;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

/// What a mail is about; names its template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Kind {
    /// Prove your address.
    Verification,
    /// Choose a new password.
    PasswordReset,
    /// The password was changed.
    PasswordChanged,
    /// Somebody registered with your address.
    RegistrationAttempted,
    /// You are in.
    JoinConfirmed,
    /// You are in, from the line.
    JoinPromoted,
    /// You are in the line.
    JoinWaitlisted,
    /// Time or place has changed.
    EventChanged,
    /// It will not take place.
    EventCancelled,
}

/// A mail that waits to be sent.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct QueuedMail {
    pub id: Uuid,
    pub kind: Kind,
    pub to_address: String,
    pub to_name: String,
    pub locale: Locale,
    pub data: Json<Value>,
    pub attempts: i32,
    pub created_at: DateTime<Utc>,
    pub snapshot: Option<Json<EventSnapshot>>,
    pub cancel_reason: Option<String>,
}

/// Who gets a mail that is not about a place.
#[derive(Debug)]
pub struct Recipient<'a> {
    pub user_id: UserId,
    pub email: &'a str,
    pub name: &'a str,
    pub locale: Locale,
}

pub async fn save_recipient(tx: &mut PgConnection, user: &UserChanged) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO recipients (user_id, email, display_name, locale) VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id) DO UPDATE SET email = excluded.email, display_name = excluded.display_name, locale = excluded.locale",
    )
    .bind(user.user_id)
    .bind(&user.email)
    .bind(&user.display_name)
    .bind(user.locale)
    .execute(tx)
    .await
    .map(drop)
}

/// Takes over an event's state, unless a newer one is known.
pub async fn save_event(tx: &mut PgConnection, event: &EventSnapshot) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO events AS e (event_id, version, snapshot) VALUES ($1, $2, $3)
         ON CONFLICT (event_id) DO UPDATE SET version = excluded.version, snapshot = excluded.snapshot
             WHERE e.version < excluded.version",
    )
    .bind(event.id)
    .bind(event.version)
    .bind(Json(event))
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

pub async fn event(pool: &PgPool, id: EventId) -> Result<Option<EventSnapshot>, sqlx::Error> {
    let row: Option<Json<EventSnapshot>> =
        sqlx::query_scalar("SELECT snapshot FROM events WHERE event_id = $1").bind(id).fetch_optional(pool).await?;
    Ok(row.map(|json| json.0))
}

pub async fn knows_event(tx: &mut PgConnection, id: EventId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM events WHERE event_id = $1)").bind(id).fetch_one(tx).await
}

/// Remembers who has to be told of changes; `None` for whoever is out.
pub async fn save_attendance(
    tx: &mut PgConnection,
    event: EventId,
    user: UserId,
    status: Option<&str>,
) -> Result<(), sqlx::Error> {
    let query = match status {
        Some(status) => sqlx::query(
            "INSERT INTO attendances (event_id, user_id, status) VALUES ($1, $2, $3)
             ON CONFLICT (event_id, user_id) DO UPDATE SET status = excluded.status",
        )
        .bind(event)
        .bind(user)
        .bind(status),
        None => sqlx::query("DELETE FROM attendances WHERE event_id = $1 AND user_id = $2").bind(event).bind(user),
    };
    query.execute(tx).await.map(drop)
}

/// Queues a mail to an address that the message brings along.
pub async fn queue_to(
    tx: &mut PgConnection,
    kind: Kind,
    to: &Recipient<'_>,
    data: &Value,
    message: impl fmt::Display,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO mails (kind, user_id, to_address, to_name, locale, data, dedupe_key, next_attempt_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT ON CONSTRAINT mails_once DO NOTHING",
    )
    .bind(kind)
    .bind(to.user_id)
    .bind(to.email)
    .bind(to.name)
    .bind(to.locale)
    .bind(Json(data))
    .bind(format!("{message}/{}", to.user_id))
    .bind(now)
    .execute(tx)
    .await
    .map(drop)
}

/// Queues a mail about an event to one person; `false` if that person is not known yet.
pub async fn queue_about(
    tx: &mut PgConnection,
    kind: Kind,
    (event, user): (EventId, UserId),
    data: &Value,
    message: impl fmt::Display,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM recipients WHERE user_id = $1)")
        .bind(user)
        .fetch_one(&mut *tx)
        .await?;
    sqlx::query(
        "INSERT INTO mails (kind, user_id, event_id, to_address, to_name, locale, data, dedupe_key, next_attempt_at, created_at)
         SELECT $1, user_id, $3, email, display_name, locale, $4, $5 || '/' || user_id, $6, $6
         FROM recipients WHERE user_id = $2
         ON CONFLICT ON CONSTRAINT mails_once DO NOTHING",
    )
    .bind(kind)
    .bind(user)
    .bind(event)
    .bind(Json(data))
    .bind(message.to_string())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(known)
}

/// Queues a mail about an event to everybody who has a place or waits for one, in one statement.
pub async fn queue_for_all(
    tx: &mut PgConnection,
    kind: Kind,
    event: EventId,
    data: &Value,
    message: impl fmt::Display,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO mails (kind, user_id, event_id, to_address, to_name, locale, data, dedupe_key, next_attempt_at, created_at)
         SELECT $1, user_id, $2, email, display_name, locale, $3, $4 || '/' || user_id, $5, $5
         FROM attendances JOIN recipients USING (user_id) WHERE event_id = $2
         ON CONFLICT ON CONSTRAINT mails_once DO NOTHING",
    )
    .bind(kind)
    .bind(event)
    .bind(Json(data))
    .bind(message.to_string())
    .bind(now)
    .execute(tx)
    .await
    .map(drop)
}

/// Mails whose time has come, locked for this transaction; those that another process sends are passed over.
pub async fn due(tx: &mut PgConnection, now: DateTime<Utc>, limit: i64) -> Result<Vec<QueuedMail>, sqlx::Error> {
    sqlx::query_as(
        "SELECT m.id, m.kind, m.to_address, m.to_name, m.locale, m.data, m.attempts, m.created_at, e.snapshot, e.cancel_reason
         FROM mails m LEFT JOIN events e ON e.event_id = m.event_id
         WHERE m.status = 'queued' AND m.next_attempt_at <= $1
         ORDER BY m.next_attempt_at, m.id LIMIT $2
         FOR UPDATE OF m SKIP LOCKED",
    )
    .bind(now)
    .bind(limit)
    .fetch_all(tx)
    .await
}

/// It is out; what it said is forgotten.
pub async fn sent(tx: &mut PgConnection, id: Uuid, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE mails SET status = 'sent', sent_at = $2, attempts = attempts + 1, data = '{}', last_error = NULL WHERE id = $1")
        .bind(id)
        .bind(now)
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
    pub kind: Kind,
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
        write!(f, "{id} {kind:?} to {user_id}: {attempts} attempts, {}", last_error.as_deref().unwrap_or("no error"))
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
    let done = sqlx::query(
        "UPDATE mails SET status = 'queued', attempts = 0, next_attempt_at = now() WHERE status = 'failed'",
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}

/// Forgets what was sent long ago, and messages that cannot come again.
pub async fn clean_up(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM mails WHERE status = 'sent' AND sent_at < now() - interval '90 days'")
        .execute(pool)
        .await?;
    sqlx::query("DELETE FROM inbox WHERE handled_at < now() - interval '7 days'").execute(pool).await.map(drop)
}
