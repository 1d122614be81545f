use chrono::{DateTime, Utc};
use contracts::UserId;
use platform::random;
use sqlx::{PgConnection, PgExecutor};

/// What a mailed link is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Purpose {
    /// Proves an address.
    Verify,
    /// Replaces a forgotten password.
    Reset,
}

/// What a registration asked for; counts once its link is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Pending {
    pub display_name: Option<String>,
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
        "INSERT INTO one_time_tokens (fingerprint, user_id, purpose, created_at, expires_at, display_name)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(random::fingerprint(token))
    .bind(user)
    .bind(purpose)
    .bind(now)
    .bind(expires_at)
    .bind(&pending.display_name)
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

/// Uses a token up, and with it every other one of its owner's for the same purpose. Of two at once, one gets it: the caller has locked
/// the owner's row, as has everybody who writes tokens.
pub async fn take(
    tx: &mut PgConnection,
    token: &str,
    purpose: Purpose,
    now: DateTime<Utc>,
) -> Result<Option<Pending>, sqlx::Error> {
    #[derive(sqlx::FromRow)]
    struct Row {
        user_id: UserId,
        #[sqlx(flatten)]
        pending: Pending,
    }
    let row: Option<Row> = sqlx::query_as(
        "DELETE FROM one_time_tokens WHERE fingerprint = $1 AND purpose = $2 AND expires_at > $3
         RETURNING user_id, display_name",
    )
    .bind(random::fingerprint(token))
    .bind(purpose)
    .bind(now)
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    remove_all(tx, row.user_id, purpose).await?;
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
