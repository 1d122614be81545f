use chrono::{DateTime, Utc};
use contracts::{EventId, UserId};
use platform::random;
use sqlx::{PgConnection, PgExecutor, types::Json};

use crate::domain::Intention;

/// What a mailed link is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Purpose {
    /// Proves an address.
    Verify,
    /// Replaces a forgotten password.
    Reset,
    /// Proves an address, signs in, and remembers what for.
    QuickJoin,
}

/// What was asked for with a link; counts once it is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Pending {
    pub display_name: Option<String>,
    /// Of quick joins, and of nothing else.
    pub intention: Option<Json<Intention>>,
}

#[derive(sqlx::FromRow)]
struct Row {
    user_id: UserId,
    #[sqlx(flatten)]
    pending: Pending,
}

pub async fn insert(
    tx: &mut PgConnection,
    token: &str,
    user: UserId,
    purpose: Purpose,
    pending: &Pending,
    (now, expires_at): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO one_time_tokens (fingerprint, user_id, purpose, created_at, expires_at, display_name, intention)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(random::fingerprint(token))
    .bind(user)
    .bind(purpose)
    .bind(now)
    .bind(expires_at)
    .bind(&pending.display_name)
    .bind(&pending.intention)
    .execute(tx)
    .await
    .map(drop)
}

/// Whose a token is, as long as it can be used.
pub async fn owner(
    db: impl PgExecutor<'_>,
    token: &str,
    purpose: Purpose,
    now: DateTime<Utc>,
) -> Result<Option<UserId>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT user_id FROM one_time_tokens WHERE fingerprint = $1 AND purpose = $2 AND expires_at > $3",
    )
    .bind(random::fingerprint(token))
    .bind(purpose)
    .bind(now)
    .fetch_optional(db)
    .await
}

/// A token's owner and what was asked for with it, as long as it can be used; it stays usable.
pub async fn look(
    db: impl PgExecutor<'_>,
    token: &str,
    purpose: Purpose,
    now: DateTime<Utc>,
) -> Result<Option<(UserId, Pending)>, sqlx::Error> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT user_id, display_name, intention FROM one_time_tokens
         WHERE fingerprint = $1 AND purpose = $2 AND expires_at > $3",
    )
    .bind(random::fingerprint(token))
    .bind(purpose)
    .bind(now)
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.user_id, row.pending)))
}

/// Uses a token up, and with it every other one of its owner's for the same purpose; but quick joins of other events are other matters.
/// Of two at once, one gets it: the caller has locked the owner's row, as has everybody who writes tokens.
pub async fn take(
    tx: &mut PgConnection,
    token: &str,
    purpose: Purpose,
    now: DateTime<Utc>,
) -> Result<Option<Pending>, sqlx::Error> {
    let row: Option<Row> = sqlx::query_as(
        "DELETE FROM one_time_tokens WHERE fingerprint = $1 AND purpose = $2 AND expires_at > $3
         RETURNING user_id, display_name, intention",
    )
    .bind(random::fingerprint(token))
    .bind(purpose)
    .bind(now)
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    if purpose != Purpose::QuickJoin {
        remove_all(tx, row.user_id, purpose).await?;
    }
    Ok(Some(row.pending))
}

/// Makes every link of this purpose useless.
pub async fn remove_all(tx: &mut PgConnection, user: UserId, purpose: Purpose) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose = $2")
        .bind(user)
        .bind(purpose)
        .execute(tx)
        .await
        .map(drop)
}

/// Makes the links to a place at this event useless.
pub async fn remove_quick_join(tx: &mut PgConnection, user: UserId, event: EventId) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose = $2 AND intention->>'event_id' = $3::uuid::text",
    )
    .bind(user)
    .bind(Purpose::QuickJoin)
    .bind(event)
    .execute(tx)
    .await
    .map(drop)
}
