use chrono::{DateTime, Utc};
use contracts::{
    UserId,
    auth::{Locale, UserChanged},
};
use platform::identity::Role;
use sqlx::{PgConnection, PgPool};

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

const BY_KEY: &str =
    "SELECT id, email, display_name, locale, role, email_verified_at, created_at FROM users WHERE email_key = $1";
const BY_KEY_LOCKED: &str = "SELECT id, email, display_name, locale, role, email_verified_at, created_at FROM users WHERE email_key = $1 FOR UPDATE";
const BY_ID: &str =
    "SELECT id, email, display_name, locale, role, email_verified_at, created_at FROM users WHERE id = $1";
const BY_ID_LOCKED: &str =
    "SELECT id, email, display_name, locale, role, email_verified_at, created_at FROM users WHERE id = $1 FOR UPDATE";

pub async fn by_email(pool: &PgPool, email: &Email) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as(BY_KEY).bind(email.key()).fetch_optional(pool).await
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

pub async fn password_hash(pool: &PgPool, id: UserId) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT password_hash FROM credentials WHERE user_id = $1").bind(id).fetch_optional(pool).await
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
