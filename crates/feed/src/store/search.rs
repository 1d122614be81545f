//! How words become a query. The language of a query is not known, so each configuration reads it in its own way, and a text matches
//! if one of the readings does.

use chrono::{DateTime, Utc};
use sqlx::{PgPool, Postgres, QueryBuilder};

use crate::domain::{self, CONFIGURATIONS};

/// Every word, in any of the languages: quotes and `-` mean what they mean elsewhere.
pub fn exact(sql: &mut QueryBuilder<Postgres>, query: &str) {
    sql.push("(");
    for (n, configuration) in CONFIGURATIONS.iter().enumerate() {
        sql.push(if n == 0 { "" } else { " || " }).push("websearch_to_tsquery('").push(*configuration).push("', ");
        sql.push_bind(query.to_owned()).push(")");
    }
    sql.push(")");
}

/// The same while the last word is still being typed: any title, place or name with a word that begins like it.
pub fn loose(sql: &mut QueryBuilder<Postgres>, query: &str) {
    let mut words = domain::split(query);
    let is_plain = !query.contains(['"', '-']);
    match words.pop().filter(|_| is_plain) {
        Some(last) => {
            sql.push("(plainto_tsquery('other', ").push_bind(words.join(" ")).push(") && to_tsquery('other', ");
            sql.push_bind(format!("{last}:*AB")).push("))");
        }
        None => {
            sql.push("''::tsquery");
        }
    }
}

/// The query with each word that nothing contains replaced by the known word that was most likely meant; `None` if there is nothing to
/// correct, or no idea how.
pub async fn corrected(pool: &PgPool, query: &str, now: DateTime<Utc>) -> Result<Option<String>, sqlx::Error> {
    let words = domain::split(query);
    let mut better = Vec::with_capacity(words.len());
    for word in &words {
        better.push(if is_found(pool, word, now).await? { None } else { closest(pool, word).await? });
    }
    if better.iter().all(Option::is_none) {
        return Ok(None);
    }
    let words = words.into_iter().zip(better).map(|(word, better)| better.unwrap_or(word));
    Ok(Some(words.collect::<Vec<_>>().join(" ")))
}

/// Whether some event has the word, in one of its forms.
async fn is_found(pool: &PgPool, word: &str, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let mut sql = QueryBuilder::new("SELECT EXISTS (SELECT FROM events WHERE status = 'published' AND ends_at > ");
    sql.push_bind(now).push(" AND search @@ ");
    exact(&mut sql, word);
    sql.push(")");
    sql.build_query_scalar().fetch_one(pool).await
}

/// The known word with the fewest letters changed; among those the most similar, then the most frequent.
async fn closest(pool: &PgPool, word: &str) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT word FROM words
         WHERE events > 0 AND (word % $1 OR word = $2)
           AND (word = $2 OR levenshtein_less_equal(word, $1, $3) <= $3)
         ORDER BY word <> $2, levenshtein(word, $1), similarity(word, $1) DESC, events DESC, word
         LIMIT 1",
    )
    .bind(word)
    .bind(domain::without_digraphs(word))
    .bind(domain::tolerance(word))
    .fetch_optional(pool)
    .await
}
