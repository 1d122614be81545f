//! The only SQL of this slice.

pub mod list;
pub mod search;
pub mod write;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

/// How long after its end an event stays where lists look for it.
const PUT_ASIDE_AFTER: TimeDelta = TimeDelta::days(1);

/// Puts aside what is over, counts the known words anew and forgets those that no listed event has any more, and inbox rows whose
/// message cannot come again.
pub async fn clean_up(pool: &PgPool, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE events SET over = true WHERE status = 'published' AND NOT over AND ends_at < $1")
        .bind(now - PUT_ASIDE_AFTER)
        .execute(pool)
        .await?;
    // Adding one here and one there, with each event, would make writers wait for each other at every "and".
    sqlx::query(
        "WITH live AS (
             SELECT word, count(*)::int AS events FROM events, unnest(words) AS word
             WHERE status = 'published' AND NOT over AND ends_at > $1 GROUP BY word),
         gone AS (DELETE FROM words w WHERE NOT EXISTS (SELECT FROM live WHERE live.word = w.word))
         INSERT INTO words AS w (word, shown, events) SELECT word, word, events FROM live
         ON CONFLICT (word) DO UPDATE SET events = excluded.events WHERE w.events <> excluded.events",
    )
    .bind(now)
    .execute(pool)
    .await?;
    sqlx::query("DELETE FROM inbox WHERE handled_at < now() - interval '7 days'").execute(pool).await.map(drop)
}
