//! Reading words, and correcting those that nothing contains. How a question becomes a query is [`crate::domain::question`]'s.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool, QueryBuilder};

use crate::domain::{
    question::{Question, Reading, Readings},
    typos::{self, Candidate},
    words::{self, CONFIGURATIONS},
};

/// Postgres's own configurations know stop words by their accents ("für"), which ours have folded away.
const WITH_ACCENTS: [&str; 4] = ["pg_catalog.english", "pg_catalog.german", "pg_catalog.spanish", "pg_catalog.french"];
/// More words than this are a text, not a typo.
const MAX_CORRECTED: usize = 10;
/// Groups of three letters that a candidate shares with what was typed, of all that either has. Less than Postgres's 0.3: in a short word
/// each slip touches three groups.
const SIMILARITY: &str = "0.2";

/// What the words mean in each configuration.
pub async fn read(pool: &PgPool, question: &Question) -> Result<Readings, sqlx::Error> {
    let configurations: Vec<&str> = CONFIGURATIONS.into_iter().chain(WITH_ACCENTS).collect();
    // Not plainto_tsquery(), which sends a notice, which is logged, for each stop word.
    let rows: Vec<(String, i64, Vec<String>)> = sqlx::query_as(
        "SELECT word, n, tsvector_to_array(to_tsvector(configuration::regconfig, word))
         FROM unnest($1::text[]) AS w(word), unnest($2::text[]) WITH ORDINALITY AS c(configuration, n)",
    )
    .bind(question.spellings())
    .bind(&configurations)
    .fetch_all(pool)
    .await?;
    let mut readings = Readings::new();
    for (word, n, lexemes) in rows {
        let reading: &mut Reading = readings.entry(word).or_default();
        reading.is_little |= lexemes.is_empty();
        let own = usize::try_from(n - 1).ok().and_then(|n| reading.lexemes.get_mut(n));
        if let Some(own) = own {
            *own = lexemes;
        }
    }
    Ok(readings)
}

/// The question with each word that nothing contains replaced by the known word that was most likely meant; `None` if there is nothing to
/// correct, or no idea how.
pub async fn corrected(
    pool: &PgPool,
    question: &Question,
    readings: &Readings,
    now: DateTime<Utc>,
) -> Result<Option<String>, sqlx::Error> {
    let wanted = question.wanted(readings);
    if wanted.is_empty() || wanted.len() > MAX_CORRECTED {
        return Ok(None);
    }
    let found = found(pool, wanted.iter().map(|(_, query)| query), now).await?;
    let unknown: Vec<&str> = wanted.iter().zip(found).filter(|(_, found)| !found).map(|((word, _), _)| *word).collect();
    if unknown.is_empty() {
        return Ok(None);
    }
    let mut tx = pool.begin().await?;
    sqlx::query("SELECT set_config('pg_trgm.similarity_threshold', $1, true)")
        .bind(SIMILARITY)
        .execute(&mut *tx)
        .await?;
    let mut replaced = HashMap::new();
    for word in unknown {
        if let Some(meant) = closest(&mut tx, word).await? {
            replaced.insert(word, meant.shown);
        }
    }
    tx.commit().await?;
    Ok((!replaced.is_empty()).then(|| question.with(&replaced)))
}

/// Which of the queries find anything.
async fn found(
    pool: &PgPool,
    queries: impl Iterator<Item = &String>,
    now: DateTime<Utc>,
) -> Result<Vec<bool>, sqlx::Error> {
    let mut sql = QueryBuilder::new("SELECT ARRAY[");
    for (n, query) in queries.enumerate() {
        // Materialised: else the planner hopes to come across one soon, and for a word that is nowhere reads every row.
        sql.push(if n == 0 { "" } else { ", " });
        sql.push("EXISTS (WITH hits AS MATERIALIZED (SELECT FROM events WHERE status = 'published' AND NOT over");
        sql.push(" AND ends_at > ").push_bind(now).push(" AND search @@ ").push_bind(query.clone());
        sql.push("::text::tsquery) SELECT FROM hits)");
    }
    sql.push("]");
    sql.build_query_scalar().persistent(false).fetch_one(pool).await
}

async fn closest(tx: &mut PgConnection, typed: &str) -> Result<Option<Candidate>, sqlx::Error> {
    let typed = words::fold(typed);
    let rows: Vec<(String, String, f32, i32)> = sqlx::query_as(
        // What was heard a moment ago is no word yet.
        "SELECT word, shown, similarity(word, $1) AS similarity, events
         FROM (SELECT word, shown, events FROM words WHERE word % $1 OR word = ANY($2)
               UNION ALL
               SELECT word, coalesce(max(shown) FILTER (WHERE shown <> word), word), 1 FROM heard h
               WHERE (word % $1 OR word = ANY($2)) AND NOT EXISTS (SELECT FROM words w WHERE w.word = h.word) GROUP BY word) AS known
         ORDER BY similarity DESC, events DESC, word LIMIT 100",
    )
    .bind(&typed)
    .bind(typos::variants(&typed))
    .fetch_all(tx)
    .await?;
    let candidates =
        rows.into_iter().map(|(word, shown, similarity, events)| Candidate { word, shown, similarity, events });
    Ok(typos::closest(&typed, candidates.collect()))
}
