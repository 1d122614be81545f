use chrono::{DateTime, Utc};
use contracts::{EventId, events::EventSnapshot, joins::Places};
use sqlx::PgConnection;

use crate::domain;

/// Takes over an event's state, unless a newer one is known.
pub async fn event(tx: &mut PgConnection, event: &EventSnapshot) -> Result<(), sqlx::Error> {
    let source = event.source.as_ref().map(|source| source.name.as_str());
    let words = domain::words(&[&event.title, &event.venue.name, &event.city, &event.organiser_name]);
    let before: Option<Vec<String>> = sqlx::query_scalar("SELECT words FROM events WHERE id = $1 FOR UPDATE")
        .bind(event.id)
        .fetch_optional(&mut *tx)
        .await?;
    let changed = sqlx::query(
        "INSERT INTO events AS e (id, version, status, slug, title, summary, category, language, city, venue_name, lat, lon,
                starts_at, ends_at, starts_at_local, ends_at_local, timezone, all_day, capacity, price, is_free,
                organiser_name, source_name, words, search)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
                setweight(to_tsvector($25::text::regconfig, $5), 'A')
             || setweight(to_tsvector($25::text::regconfig, concat_ws(' ', $10::text, $9::text)), 'B')
             || setweight(to_tsvector($25::text::regconfig, $26), 'C')
             || setweight(to_tsvector('other', concat_ws(' ', $5::text, $10::text, $9::text, $22::text)), 'B')
             || setweight(to_tsvector($25::text::regconfig, $27), 'D'))
         ON CONFLICT (id) DO UPDATE SET
                version = excluded.version, status = excluded.status, slug = excluded.slug, title = excluded.title,
                summary = excluded.summary, category = excluded.category, language = excluded.language, city = excluded.city,
                venue_name = excluded.venue_name, lat = excluded.lat, lon = excluded.lon, starts_at = excluded.starts_at,
                ends_at = excluded.ends_at, starts_at_local = excluded.starts_at_local, ends_at_local = excluded.ends_at_local,
                timezone = excluded.timezone, all_day = excluded.all_day, capacity = excluded.capacity, price = excluded.price,
                is_free = excluded.is_free, organiser_name = excluded.organiser_name, source_name = excluded.source_name,
                words = excluded.words, search = excluded.search
         WHERE e.version < excluded.version",
    )
    .bind(event.id)
    .bind(event.version)
    .bind(event.status)
    .bind(&event.slug)
    .bind(&event.title)
    .bind(&event.summary)
    .bind(event.category)
    .bind(&event.language)
    .bind(&event.city)
    .bind(&event.venue.name)
    .bind(event.venue.lat)
    .bind(event.venue.lon)
    .bind(event.starts_at)
    .bind(event.ends_at)
    .bind(event.starts_at_local)
    .bind(event.ends_at_local)
    .bind(&event.timezone)
    .bind(event.all_day)
    .bind(event.capacity)
    .bind(&event.price)
    .bind(event.is_free)
    .bind(&event.organiser_name)
    .bind(source)
    .bind(&words)
    .bind(domain::configuration(&event.language))
    .bind(domain::category_words(event.category))
    .bind(&event.description)
    .execute(&mut *tx)
    .await?;
    if changed.rows_affected() == 1 {
        count_words(tx, before.unwrap_or_default(), words).await?;
    }
    Ok(())
}

/// Keeps the number of events that have a word. Sorted, so that two transactions take the rows' locks in the same order.
async fn count_words(tx: &mut PgConnection, before: Vec<String>, after: Vec<String>) -> Result<(), sqlx::Error> {
    let gone = before.iter().filter(|word| !after.contains(word)).map(|word| (word.clone(), -1));
    let fresh = after.iter().filter(|word| !before.contains(word)).map(|word| (word.clone(), 1));
    let mut changes: Vec<(String, i32)> = gone.chain(fresh).collect();
    changes.sort_unstable();
    let (words, counts): (Vec<String>, Vec<i32>) = changes.into_iter().unzip();
    sqlx::query(
        "INSERT INTO words AS w (word, events) SELECT word, n FROM unnest($1::text[], $2::int[]) AS t(word, n)
         ON CONFLICT (word) DO UPDATE SET events = w.events + excluded.events",
    )
    .bind(&words)
    .bind(&counts)
    .execute(tx)
    .await
    .map(drop)
}

/// Takes over how full an event is. Messages about one event's places come in the order in which they were decided.
pub async fn places(tx: &mut PgConnection, event: EventId, places: Places) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO places (event_id, capacity, confirmed, waitlisted) VALUES ($1, $2, $3, $4)
         ON CONFLICT (event_id) DO UPDATE SET capacity = excluded.capacity, confirmed = excluded.confirmed,
             waitlisted = excluded.waitlisted",
    )
    .bind(event)
    .bind(places.capacity)
    .bind(places.confirmed)
    .bind(places.waitlisted)
    .execute(tx)
    .await
    .map(drop)
}

/// Adds a join to the event's score. Instead of letting every score decay with time, a later join weighs more: twice as much for each
/// day since [`domain::EPOCH`]. The score is the logarithm of the sum, which orders events in the same way and does not overflow.
pub async fn interest(
    tx: &mut PgConnection,
    event: EventId,
    decided_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE events SET score = CASE WHEN score <= 0 THEN $2
                ELSE greatest(score, $2) + ln(1 + exp(least(score, $2) - greatest(score, $2))) END
         WHERE id = $1",
    )
    .bind(event)
    .bind(domain::join_weight(decided_at.min(now)))
    .execute(tx)
    .await
    .map(drop)
}
