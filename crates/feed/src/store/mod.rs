//! The only SQL of this slice.

pub mod list;
pub mod search;
pub mod write;

use sqlx::PgPool;

/// Inbox rows whose message cannot come again, and words that no event has any more.
pub async fn clean_up(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM inbox WHERE handled_at < now() - interval '7 days'").execute(pool).await?;
    sqlx::query("DELETE FROM words WHERE events <= 0").execute(pool).await.map(drop)
}
