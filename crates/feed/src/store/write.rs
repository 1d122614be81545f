use contracts::{
    EventId,
    events::{EventSnapshot, EventStatus},
    joins::Places,
    registration::Access,
};
use sqlx::PgConnection;
use unicode_normalization::UnicodeNormalization as _;

use crate::domain::{trend::Counts, words};

/// Takes over an event's state, unless the same or a newer one is known.
///
/// The place stands between the two readings of the title, so that the end of the one and the beginning of the other are no phrase.
pub async fn event(tx: &mut PgConnection, event: &EventSnapshot) -> Result<(), sqlx::Error> {
    // Two roles tell of the same event, and their messages may be handled at once: what one writes the other must see. A statement of its
    // own, so that the next one sees it.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('feed/' || $1::uuid::text, 0))")
        .bind(event.id)
        .execute(&mut *tx)
        .await?;
    let source = event.source.as_ref().map(|source| source.name.as_str());
    let (lat, lon) = position(event);
    let place = [event.venue.name.as_str(), &event.city, &event.organiser_name];
    let known = words::known(&[&[event.title.as_str(), &event.summary], &place[..]].concat());
    let (known, shown): (Vec<String>, Vec<String>) = known.into_iter().map(|it| (it.word, it.shown)).unzip();
    let [(_, en), (_, de), (_, es), (_, fr)] = words::of_category(event.category);
    let changed = sqlx::query(
        "INSERT INTO events AS e (id, version, status, slug, title, summary, category, language, city, venue_name, lat, lon,
                starts_at, ends_at, starts_at_local, ends_at_local, timezone, all_day, capacity, price, is_free,
                organiser_name, source_name, words, score, search)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
                coalesce((SELECT interest FROM places WHERE event_id = $1), 0),
                setweight(to_tsvector($25::text::regconfig, $26), 'A') || setweight(to_tsvector($25::text::regconfig, $27), 'B')
             || setweight(to_tsvector('other', $26), 'A') || setweight(to_tsvector('other', $27), 'B')
             || setweight(to_tsvector('en', $28) || to_tsvector('de', $29)
                          || to_tsvector('es', $30) || to_tsvector('fr', $31), 'C')
             || setweight(to_tsvector($25::text::regconfig, $32), 'C')
             || setweight(to_tsvector($25::text::regconfig, $33), 'D'))
         ON CONFLICT (id) DO UPDATE SET
                version = excluded.version, status = excluded.status, slug = excluded.slug, title = excluded.title,
                summary = excluded.summary, category = excluded.category, language = excluded.language, city = excluded.city,
                venue_name = excluded.venue_name, lat = excluded.lat, lon = excluded.lon, starts_at = excluded.starts_at,
                ends_at = excluded.ends_at, starts_at_local = excluded.starts_at_local, ends_at_local = excluded.ends_at_local,
                timezone = excluded.timezone, all_day = excluded.all_day, capacity = excluded.capacity, price = excluded.price,
                is_free = excluded.is_free, organiser_name = excluded.organiser_name, source_name = excluded.source_name,
                words = excluded.words, search = excluded.search, over = false
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
    .bind(event.city.nfc().collect::<String>())
    .bind(&event.venue.name)
    .bind(lat)
    .bind(lon)
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
    .bind(&known)
    .bind(words::configuration(&event.language))
    .bind(words::plain(&event.title))
    .bind(words::plain(&place.join(" ")))
    .bind(en)
    .bind(de)
    .bind(es)
    .bind(fr)
    .bind(words::plain(&event.summary))
    .bind(words::plain(&event.description))
    .execute(&mut *tx)
    .await?;
    if changed.rows_affected() == 1 && event.status == EventStatus::Published {
        hear(tx, &known, &shown).await?;
    }
    Ok(())
}

/// Where the lists have it. What is asked for again and again with a smaller radius gives a position away; that of an event whose organiser
/// approves who comes is for those with a place, so it is known here to a hundredth of a degree only, about a kilometre.
fn position(event: &EventSnapshot) -> (Option<f64>, Option<f64>) {
    let known = |degrees: f64| match event.registration.access {
        Access::Approval => (degrees * 100.0).round() / 100.0,
        Access::Open | Access::Invitation => degrees,
    };
    (event.venue.lat.map(known), event.venue.lon.map(known))
}

/// Remembers words. [`super::gather`] makes them known.
async fn hear(tx: &mut PgConnection, words: &[String], shown: &[String]) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO heard (word, shown) SELECT * FROM unnest($1::text[], $2::text[])")
        .bind(words)
        .bind(shown)
        .execute(tx)
        .await
        .map(drop)
}

/// Takes over how full events are, and what trends; see [`trend`](crate::domain::trend). Messages about one event's places come in the
/// order in which they were decided.
pub async fn counts(tx: &mut PgConnection, counts: &Counts) -> Result<(), sqlx::Error> {
    let events: Vec<&EventId> = counts.0.keys().collect();
    let places: Vec<&Places> = counts.0.values().map(|it| &it.places).collect();
    // One statement, locks and all: this is what each join costs.
    let scores: Vec<(EventId, f64)> = sqlx::query_as(
        "INSERT INTO places AS p (event_id, capacity, confirmed, waitlisted, held, interest)
         SELECT event_id, capacity, confirmed, waitlisted, held, interest
         FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::integer[], $5::integer[], $6::float8[])
                  AS n (event_id, capacity, confirmed, waitlisted, held, interest),
              LATERAL (SELECT pg_advisory_xact_lock(hashtextextended('feed/' || n.event_id::text, 0))) AS lock
         ON CONFLICT (event_id) DO UPDATE SET capacity = excluded.capacity, confirmed = excluded.confirmed,
             waitlisted = excluded.waitlisted, held = excluded.held,
             -- log2(2 ^ interest + 2 ^ more), of numbers whose powers would overflow.
             interest = CASE WHEN excluded.interest <= 0 THEN p.interest WHEN p.interest <= 0 THEN excluded.interest
                 ELSE greatest(p.interest, excluded.interest)
                      + ln(1 + 2 ^ greatest(-abs(p.interest - excluded.interest), -100)) / ln(2::float8) END
         RETURNING event_id, interest",
    )
    .bind(events)
    .bind(places.iter().map(|it| it.capacity).collect::<Vec<_>>())
    .bind(places.iter().map(|it| it.confirmed).collect::<Vec<_>>())
    .bind(places.iter().map(|it| it.waitlisted).collect::<Vec<_>>())
    .bind(places.iter().map(|it| it.held).collect::<Vec<_>>())
    .bind(counts.0.values().map(|it| it.interest).collect::<Vec<_>>())
    .fetch_all(&mut *tx)
    .await?;
    if counts.0.values().all(|it| it.interest <= 0.0) {
        return Ok(()); // nobody joined
    }
    let (events, scores): (Vec<EventId>, Vec<f64>) = scores.into_iter().unzip();
    // An event's row is dear to write (it is in eight indexes), and at a drop there are hundreds of joins in a second: each doubling is seen
    // in sixteen steps.
    sqlx::query(
        "UPDATE events e SET score = n.score FROM unnest($1::uuid[], $2::float8[]) AS n (id, score)
         WHERE e.id = n.id AND n.score > 0 AND (e.score <= 0 OR abs(n.score - e.score) >= 1.0 / 16)",
    )
    .bind(events)
    .bind(scores)
    .execute(tx)
    .await
    .map(drop)
}
