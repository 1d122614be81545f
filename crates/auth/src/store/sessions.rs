use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{SessionId, UserId, auth::Locale};
use platform::{identity::Role, random};
use serde::Serialize;
use sqlx::{PgConnection, PgExecutor, PgPool};

use super::users::User;

/// What holds a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
#[schema(as = SessionKind)]
pub enum Kind {
    /// A browser, by its cookie.
    Browser,
    /// A program, by its refresh token.
    Api,
}

/// By what a sign-in began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Means {
    /// The account's password.
    Password,
    /// A mailed link.
    Link,
}

/// How long a sign-in lasts at most, however much it is used.
const ABSOLUTE: TimeDelta = TimeDelta::days(180);

/// A sign-in that is about to begin.
#[derive(Debug)]
pub struct NewSession<'a> {
    pub id: SessionId,
    pub user: UserId,
    pub kind: Kind,
    pub means: Means,
    pub cookie: Option<&'a str>,
    pub now: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub ip: String,
    pub user_agent: &'a str,
}

/// A sign-in and whose it is.
#[derive(Clone, sqlx::FromRow)]
pub struct LiveSession {
    pub session_id: SessionId,
    pub last_seen_at: DateTime<Utc>,
    #[sqlx(flatten)]
    pub user: User,
}

/// A sign-in as its owner sees it.
#[derive(Debug, sqlx::FromRow)]
pub struct ListedSession {
    pub id: SessionId,
    pub kind: Kind,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub ip: String,
    pub user_agent: String,
}

/// What came of presenting a refresh token.
pub enum Refreshed {
    /// It was the current one.
    Fresh(Box<LiveSession>),
    /// It had been used: the sign-in has been ended.
    Reused(SessionId),
    /// Nobody knows it, or its sign-in has ended.
    Unknown,
}

pub async fn insert(tx: &mut PgConnection, session: &NewSession<'_>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO sessions (id, user_id, kind, began_by, cookie_fingerprint, created_at, last_seen_at, expires_at, ip, user_agent)
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9)",
    )
    .bind(session.id)
    .bind(session.user)
    .bind(session.kind)
    .bind(session.means)
    .bind(session.cookie.map(random::fingerprint))
    .bind(session.now)
    .bind(session.expires_at.min(session.now + ABSOLUTE))
    .bind(&session.ip)
    .bind(session.user_agent)
    .execute(tx)
    .await
    .map(drop)
}

pub async fn insert_refresh_token(
    tx: &mut PgConnection,
    token: &str,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO refresh_tokens (fingerprint, session_id, issued_at) VALUES ($1, $2, $3)")
        .bind(random::fingerprint(token))
        .bind(session)
        .bind(now)
        .execute(tx)
        .await
        .map(drop)
}

/// Live sign-ins by the fingerprints of their cookies.
pub async fn by_cookies(
    pool: &PgPool,
    fingerprints: Vec<Vec<u8>>,
    now: DateTime<Utc>,
) -> Result<HashMap<Vec<u8>, LiveSession>, sqlx::Error> {
    let rows: Vec<CookieRow> = sqlx::query_as(
        "SELECT s.cookie_fingerprint, s.id AS session_id, s.last_seen_at, u.id, u.email, u.display_name, u.locale, u.role,
                u.email_verified_at, u.created_at
         FROM sessions s JOIN users u ON u.id = s.user_id
         WHERE s.cookie_fingerprint = ANY($1) AND s.revoked_at IS NULL AND s.expires_at > $2",
    )
    .bind(fingerprints)
    .bind(now)
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.cookie_fingerprint, row.session)).collect())
}

#[derive(sqlx::FromRow)]
struct CookieRow {
    cookie_fingerprint: Vec<u8>,
    #[sqlx(flatten)]
    session: LiveSession,
}

/// Whether these sign-ins live; those that nobody knows are left out.
pub async fn live(
    pool: &PgPool,
    ids: Vec<SessionId>,
    now: DateTime<Utc>,
) -> Result<HashMap<SessionId, bool>, sqlx::Error> {
    let rows: Vec<(SessionId, bool)> =
        sqlx::query_as("SELECT id, revoked_at IS NULL AND expires_at > $2 FROM sessions WHERE id = ANY($1)")
            .bind(ids.into_iter().map(|id| id.0).collect::<Vec<_>>())
            .bind(now)
            .fetch_all(pool)
            .await?;
    Ok(rows.into_iter().collect())
}

pub async fn is_live(db: impl PgExecutor<'_>, id: SessionId, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM sessions WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2)")
        .bind(id)
        .bind(now)
        .fetch_one(db)
        .await
}

/// Whether a live sign-in began by a mailed link, and not before `since`.
pub async fn began_by_link(db: impl PgExecutor<'_>, id: SessionId, since: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM sessions WHERE id = $1 AND began_by = $2 AND created_at >= $3 AND revoked_at IS NULL)",
    )
    .bind(id)
    .bind(Means::Link)
    .bind(since)
    .fetch_one(db)
    .await
}

/// The sign-in was used: it lives on.
pub async fn touch(
    pool: &PgPool,
    id: SessionId,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE sessions SET last_seen_at = $2, expires_at = least($3, created_at + make_interval(secs => $4))
         WHERE id = $1 AND revoked_at IS NULL",
    )
    .bind(id)
    .bind(now)
    .bind(expires_at)
    .bind(ABSOLUTE.as_seconds_f64())
    .execute(pool)
    .await
    .map(drop)
}

/// Uses a refresh token up. The sign-in's row is locked first, so that of two at once the second sees a used one.
pub async fn refresh(
    tx: &mut PgConnection,
    token: &str,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<Refreshed, sqlx::Error> {
    let fingerprint = random::fingerprint(token);
    let session: Option<SessionId> = sqlx::query_scalar(
        "SELECT id FROM sessions WHERE id = (SELECT session_id FROM refresh_tokens WHERE fingerprint = $1)
         AND revoked_at IS NULL AND expires_at > $2 FOR UPDATE",
    )
    .bind(&fingerprint)
    .bind(now)
    .fetch_optional(&mut *tx)
    .await?;
    let Some(session) = session else { return Ok(Refreshed::Unknown) };
    let used = sqlx::query("UPDATE refresh_tokens SET used_at = $2 WHERE fingerprint = $1 AND used_at IS NULL")
        .bind(&fingerprint)
        .bind(now)
        .execute(&mut *tx)
        .await?;
    if used.rows_affected() == 0 {
        revoke(tx, &[session], "refresh token reused", now).await?;
        return Ok(Refreshed::Reused(session));
    }
    let live = sqlx::query_as(
        "UPDATE sessions s SET last_seen_at = $2, expires_at = least($3, s.created_at + make_interval(secs => $4))
         FROM users u WHERE s.id = $1 AND u.id = s.user_id
         RETURNING s.id AS session_id, s.last_seen_at, u.id, u.email, u.display_name, u.locale, u.role, u.email_verified_at, u.created_at",
    )
    .bind(session)
    .bind(now)
    .bind(expires_at)
    .bind(ABSOLUTE.as_seconds_f64())
    .fetch_one(tx)
    .await?;
    Ok(Refreshed::Fresh(Box::new(live)))
}

/// A page of an account's live sign-ins, newest first (ids contain the time).
pub async fn list(
    pool: &PgPool,
    user: UserId,
    before: Option<SessionId>,
    rows: i64,
    now: DateTime<Utc>,
) -> Result<Vec<ListedSession>, sqlx::Error> {
    sqlx::query_as(
        "SELECT id, kind, created_at, last_seen_at, ip, user_agent FROM sessions
         WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $4 AND ($2::uuid IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3",
    )
    .bind(user)
    .bind(before)
    .bind(rows)
    .bind(now)
    .fetch_all(pool)
    .await
}

/// Live sign-ins of an account, but for one.
pub async fn others(
    tx: &mut PgConnection,
    user: UserId,
    except: Option<SessionId>,
) -> Result<Vec<SessionId>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT id FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND ($2::uuid IS NULL OR id <> $2) FOR UPDATE",
    )
    .bind(user)
    .bind(except)
    .fetch_all(tx)
    .await
}

/// Whether a live sign-in is this account's.
pub async fn belongs_to(tx: &mut PgConnection, id: SessionId, user: UserId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM sessions WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL)")
        .bind(id)
        .bind(user)
        .fetch_one(tx)
        .await
}

pub async fn revoke(
    tx: &mut PgConnection,
    ids: &[SessionId],
    reason: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE sessions SET revoked_at = $2, revoke_reason = $3 WHERE id = ANY($1) AND revoked_at IS NULL")
        .bind(ids)
        .bind(now)
        .bind(reason)
        .execute(tx)
        .await
        .map(drop)
}

/// Many verified accounts with one password and one sign-in each, for load tests.
pub async fn insert_load_users(
    tx: &mut PgConnection,
    rows: &[(UserId, SessionId, String)],
    hash: &str,
    (now, expires_at): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(), sqlx::Error> {
    let users: Vec<UserId> = rows.iter().map(|row| row.0).collect();
    let sessions: Vec<SessionId> = rows.iter().map(|row| row.1).collect();
    let names: Vec<&str> = rows.iter().map(|row| row.2.as_str()).collect();
    sqlx::query(
        "INSERT INTO users (id, email, email_key, display_name, locale, role, email_verified_at, created_at)
         SELECT id, id || '@load.invalid', id || '@load.invalid', name, $4, $5, $3, $3 FROM unnest($1::uuid[], $2::text[]) AS t(id, name)",
    )
    .bind(&users)
    .bind(&names)
    .bind(now)
    .bind(Locale::En)
    .bind(Role::User)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "INSERT INTO credentials (user_id, password_hash, changed_at) SELECT id, $2, $3 FROM unnest($1::uuid[]) AS id",
    )
    .bind(&users)
    .bind(hash)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "INSERT INTO sessions (id, user_id, kind, created_at, last_seen_at, expires_at, ip, user_agent)
         SELECT id, user_id, 'api', $3, $3, $4, '', 'load test' FROM unnest($1::uuid[], $2::uuid[]) AS t(id, user_id)",
    )
    .bind(&sessions)
    .bind(&users)
    .bind(now)
    .bind(expires_at)
    .execute(tx)
    .await
    .map(drop)
}
