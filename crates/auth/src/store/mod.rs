//! The only SQL of this slice (but for [`crate::throttle`] and [`crate::keys`], which each own a table).

pub mod sessions;
pub mod tokens;
pub mod users;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::auth::UserDeleted;
use platform::outbox::Outbox;
use sqlx::PgPool;

/// Accounts that one clean-up removes.
const ACCOUNTS: i64 = 1_000;

/// Removes what has no meaning any more. Ended sign-ins stay for a month, for their owner to look back at.
pub async fn clean_up(pool: &PgPool, outbox: &Outbox, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    for statement in [
        "DELETE FROM one_time_tokens WHERE expires_at < $1",
        "DELETE FROM throttle WHERE tat < $1",
        "DELETE FROM inbox WHERE handled_at < $1 - interval '7 days'",
    ] {
        sqlx::query(statement).bind(now).execute(pool).await?;
    }
    for (statement, days) in [
        // Whoever presents one this old is told that it is not valid, and no longer ends the sign-in by it.
        ("DELETE FROM refresh_tokens WHERE used_at < $1", 30),
        ("DELETE FROM public_keys WHERE seen_at < $1", 30),
        ("DELETE FROM known_networks WHERE seen_at < $1", 180),
    ] {
        sqlx::query(statement).bind(now - TimeDelta::days(days)).execute(pool).await?;
    }
    sqlx::query("DELETE FROM sessions WHERE expires_at < $1 OR revoked_at < $1")
        .bind(now - TimeDelta::days(30))
        .execute(pool)
        .await?;
    let mut tx = pool.begin().await?;
    let removed = users::delete_abandoned(&mut tx, now - TimeDelta::days(30), ACCOUNTS).await?;
    let messages: Vec<UserDeleted> = removed.into_iter().map(|user_id| UserDeleted { user_id }).collect();
    outbox.publish_all(&mut tx, &messages).await?;
    outbox.commit(tx).await
}
