use chrono::{DateTime, Utc};
use contracts::{
    UserId,
    auth::{Locale, UserChanged},
};
use platform::identity::Role;
use sqlx::{PgConnection, PgExecutor, PgPool};

use crate::domain::Email;

/// An account.
#[derive(Clone, sqlx::FromRow)]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub display_name: String,
    pub locale: Locale,
    pub role: Role,
    pub email_verified_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

impl User {
    /// Its state, for the other roles.
    pub fn changed(&self) -> UserChanged {
        UserChanged {
            user_id: self.id,
            email: self.email.clone(),
            display_name: self.display_name.clone(),
            locale: self.locale,
            email_verified: self.email_verified_at.is_some(),
        }
    }
}

const BY_KEY_LOCKED: &str = "SELECT id, email, display_name, locale, role, email_verified_at, created_at FROM users WHERE email_key = $1 FOR UPDATE";
const BY_ID: &str =
    "SELECT id, email, display_name, locale, role, email_verified_at, created_at FROM users WHERE id = $1";
const BY_ID_LOCKED: &str =
    "SELECT id, email, display_name, locale, role, email_verified_at, created_at FROM users WHERE id = $1 FOR UPDATE";

/// An account and what a sign-in is measured by.
#[derive(sqlx::FromRow)]
pub struct Account {
    #[sqlx(flatten)]
    pub user: User,
    pub password_hash: Option<String>,
    pub changed_at: Option<DateTime<Utc>>,
    /// Whether its owner is known to sign in from here.
    pub known_network: bool,
}

/// What a sign-in needs to know of an account, in one statement whether or not there is one.
pub async fn by_email(pool: &PgPool, email: &Email, network: &str) -> Result<Option<Account>, sqlx::Error> {
    sqlx::query_as(
        "SELECT u.id, u.email, u.display_name, u.locale, u.role, u.email_verified_at, u.created_at, c.password_hash, c.changed_at,
            EXISTS (SELECT FROM known_networks k WHERE k.user_id = u.id AND k.network = $2) AS known_network
         FROM users u LEFT JOIN credentials c ON c.user_id = u.id WHERE u.email_key = $1",
    )
    .bind(email.key())
    .bind(network)
    .fetch_optional(pool)
    .await
}

pub async fn by_id(pool: &PgPool, id: UserId) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as(BY_ID).bind(id).fetch_optional(pool).await
}

pub async fn lock_by_email(tx: &mut PgConnection, email: &Email) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as(BY_KEY_LOCKED).bind(email.key()).fetch_optional(tx).await
}

pub async fn lock_by_id(tx: &mut PgConnection, id: UserId) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as(BY_ID_LOCKED).bind(id).fetch_optional(tx).await
}

/// Makes an account; `false` if the address has one.
pub async fn insert(tx: &mut PgConnection, user: &User, email: &Email) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query(
        "INSERT INTO users (id, email, email_key, display_name, locale, role, email_verified_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT ON CONSTRAINT users_email_key DO NOTHING",
    )
    .bind(user.id)
    .bind(email.as_str())
    .bind(email.key())
    .bind(&user.display_name)
    .bind(user.locale)
    .bind(user.role)
    .bind(user.email_verified_at)
    .bind(user.created_at)
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Stores what can change.
pub async fn update(tx: &mut PgConnection, user: &User) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE users SET display_name = $2, locale = $3, role = $4, email_verified_at = $5 WHERE id = $1")
        .bind(user.id)
        .bind(&user.display_name)
        .bind(user.locale)
        .bind(user.role)
        .bind(user.email_verified_at)
        .execute(tx)
        .await
        .map(drop)
}

/// The password's hash, and when it was chosen.
pub async fn password(db: impl PgExecutor<'_>, id: UserId) -> Result<Option<(String, DateTime<Utc>)>, sqlx::Error> {
    sqlx::query_as("SELECT password_hash, changed_at FROM credentials WHERE user_id = $1")
        .bind(id)
        .fetch_optional(db)
        .await
}

/// Whether there is a password.
pub async fn has_password(db: impl PgExecutor<'_>, id: UserId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM credentials WHERE user_id = $1)").bind(id).fetch_one(db).await
}

/// The account as it is now, if the password that was checked at leisure is still the one that counts. It stays so to the end of the
/// transaction: who changes password or role locks the account first, and then sees (and ends) the sign-in that this one begins.
pub async fn with_password_of(
    tx: &mut PgConnection,
    id: UserId,
    changed_at: DateTime<Utc>,
) -> Result<Option<User>, sqlx::Error> {
    // Two statements: the second has to see what was committed while the first one waited.
    sqlx::query("SELECT FROM users WHERE id = $1 FOR KEY SHARE").bind(id).execute(&mut *tx).await?;
    sqlx::query_as(
        "SELECT u.id, u.email, u.display_name, u.locale, u.role, u.email_verified_at, u.created_at
         FROM users u JOIN credentials c ON c.user_id = u.id WHERE u.id = $1 AND c.changed_at = $2",
    )
    .bind(id)
    .bind(changed_at)
    .fetch_optional(tx)
    .await
}

/// Nobody signs in by password until one is chosen anew.
pub async fn remove_password(tx: &mut PgConnection, id: UserId) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM credentials WHERE user_id = $1").bind(id).execute(tx).await.map(drop)
}

/// The owner has been here: noted once a day.
pub async fn know_network(
    tx: &mut PgConnection,
    id: UserId,
    network: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO known_networks AS k (user_id, network, seen_at) VALUES ($1, $2, $3)
         ON CONFLICT (user_id, network) DO UPDATE SET seen_at = excluded.seen_at
            WHERE k.seen_at < excluded.seen_at - interval '1 day'",
    )
    .bind(id)
    .bind(network)
    .bind(now)
    .execute(tx)
    .await
    .map(drop)
}

pub async fn set_password(
    tx: &mut PgConnection,
    id: UserId,
    hash: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO credentials (user_id, password_hash, changed_at) VALUES ($1, $2, $3)
         ON CONFLICT (user_id) DO UPDATE SET password_hash = excluded.password_hash, changed_at = excluded.changed_at",
    )
    .bind(id)
    .bind(hash)
    .bind(now)
    .execute(tx)
    .await
    .map(drop)
}

/// The same password with today's parameters, unless it was changed meanwhile.
pub async fn rehash(pool: &PgPool, id: UserId, old: &str, new: &str) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE credentials SET password_hash = $3 WHERE user_id = $1 AND password_hash = $2")
        .bind(id)
        .bind(old)
        .bind(new)
        .execute(pool)
        .await
        .map(drop)
}

/// Removes an account, and with it everything in this schema that is its own.
pub async fn delete(tx: &mut PgConnection, id: UserId) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM users WHERE id = $1").bind(id).execute(tx).await.map(drop)
}

/// A quick join was asked for: notes when, if one made the account (`is_new`, or earlier) and nobody has opened a link yet.
pub async fn note_quick_join(
    tx: &mut PgConnection,
    id: UserId,
    is_new: bool,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE users SET quick_join_at = $3
         WHERE id = $1 AND email_verified_at IS NULL AND ($2 OR quick_join_at IS NOT NULL)",
    )
    .bind(id)
    .bind(is_new)
    .bind(now)
    .execute(tx)
    .await
    .map(drop)
}

/// Removes accounts that quick joins made and that nobody has come for since `before`; at most so many.
pub async fn delete_abandoned(
    tx: &mut PgConnection,
    before: DateTime<Utc>,
    most: i64,
) -> Result<Vec<UserId>, sqlx::Error> {
    let abandoned: Vec<UserId> = sqlx::query_scalar(
        "SELECT id FROM users WHERE quick_join_at < $1 AND email_verified_at IS NULL
         ORDER BY quick_join_at LIMIT $2 FOR UPDATE SKIP LOCKED",
    )
    .bind(before)
    .bind(most)
    .fetch_all(&mut *tx)
    .await?;
    // Somebody may have registered the address meanwhile. A statement of its own, which sees what was written before the lock was had.
    sqlx::query_scalar(
        "DELETE FROM users u WHERE id = ANY($1) AND NOT EXISTS (SELECT FROM one_time_tokens t WHERE t.user_id = u.id)
         RETURNING id",
    )
    .bind(abandoned)
    .fetch_all(tx)
    .await
}
