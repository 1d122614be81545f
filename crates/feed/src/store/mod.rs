//! The only SQL of this slice.

pub mod list;
pub mod search;
pub mod write;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgPool, PgTransaction};

/// How long after its end an event stays where lists look for it.
const PUT_ASIDE_AFTER: TimeDelta = TimeDelta::days(1);

/// Adds the words that were heard to those that are known, and the first spelling of a word that has accents.
pub async fn gather(pool: &PgPool) -> Result<(), sqlx::Error> {
    let mut tx = words(pool).await?;
    sqlx::query(
        "WITH heard AS (DELETE FROM heard RETURNING word, shown)
         INSERT INTO words AS w (word, shown, events)
         SELECT word, coalesce(max(shown) FILTER (WHERE shown <> word), word), 1 FROM heard GROUP BY word
         ON CONFLICT (word) DO UPDATE SET shown = excluded.shown WHERE w.shown = w.word AND excluded.shown <> w.word",
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// A transaction that may write known words: one at a time, since each writes many and in any order.
async fn words(pool: &PgPool) -> Result<PgTransaction<'static>, sqlx::Error> {
    let mut tx = pool.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('feed/words'))").execute(&mut *tx).await?;
    Ok(tx)
}

/// Puts aside what is over, counts the known words anew and forgets those that no listed event has any more, and inbox rows whose
/// message cannot come again.
pub async fn clean_up(pool: &PgPool, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE events SET over = true WHERE status = 'published' AND NOT over AND ends_at < $1")
        .bind(now - PUT_ASIDE_AFTER)
        .execute(pool)
        .await?;
    let mut tx = words(pool).await?;
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
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    sqlx::query("DELETE FROM inbox WHERE handled_at < now() - interval '7 days'").execute(pool).await.map(drop)
}
