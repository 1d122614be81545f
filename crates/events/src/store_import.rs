//! Imported events into the database: repeatable, keyed on source and uid.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use contracts::{EventId, UserId, events::Source, registration::Registration};
use platform::{Clock, outbox::Outbox};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::{
    domain::{Bounds, Details, Event, Schedule, WallTime, WebUrl},
    import::ImportedEvent,
    store::{self, ImportKey},
};

/// Organiser of all imported events: an account that nobody can sign in to. Its name on each event is that of the source.
pub const IMPORTER: UserId = UserId(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001));

/// Events in one transaction: enough to spread the cost of the commit, few enough not to hold locks for long.
const BATCH: usize = 200;
/// Any number that no other lock has; two imports at once take turns.
const TURN: i64 = 0x6576_656e_7473;

/// What became of an imported event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is new.
    Inserted,
    /// It was known, and something about it has changed.
    Updated,
    /// It was known like this, or called off (which is final).
    Unchanged,
    /// It cannot be stored; the sentence says why.
    Refused(String),
}

/// Stores imported events, and tells the other roles. One [`Outcome`] for each, in the same order.
///
/// `feed` names where they were read from, such as a file: what counts as changed is what that feed says now and did not say the last
/// time. Two files with different states of one data set do not undo each other every time they are read.
///
/// New ones are published at once (or cancelled, if the source says so), also those that are over. A known event that differs from
/// what was imported last time is brought up to date; its capacity, its rules of registration, and a withdrawal by a moderator, stay.
///
/// # Errors
/// As the database says. What came in earlier batches stays: the import can be repeated.
pub async fn upsert_imported(
    pool: &PgPool,
    outbox: &Outbox,
    clock: &Clock,
    feed: &str,
    events: &[ImportedEvent],
) -> Result<Vec<Outcome>, sqlx::Error> {
    let mut outcomes = Vec::with_capacity(events.len());
    for batch in events.chunks(BATCH) {
        let mut tx = pool.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(TURN).execute(&mut *tx).await?;
        let mut known = lock_known(&mut tx, feed, batch).await?;
        for imported in batch {
            outcomes.push(upsert(&mut tx, outbox, clock.now(), feed, &mut known, imported).await?);
        }
        outbox.commit(tx).await?;
    }
    Ok(outcomes)
}

/// Events of a batch that are stored already, by source key and uid: their id, and the fingerprints of what this feed said last and of
/// what is stored.
type Known = HashMap<(String, String), (EventId, Option<Vec<u8>>, Vec<u8>)>;

/// A stored event, and what the feed at hand said of it last.
#[derive(sqlx::FromRow)]
struct Row {
    id: EventId,
    source_key: String,
    uid: String,
    said: Option<Vec<u8>>,
    stored: Vec<u8>,
}

async fn lock_known(tx: &mut PgConnection, feed: &str, batch: &[ImportedEvent]) -> Result<Known, sqlx::Error> {
    let source_keys: Vec<&str> = batch.iter().map(|it| it.source_key.as_str()).collect();
    let uids: Vec<&str> = batch.iter().map(|it| it.uid.as_str()).collect();
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT e.id, e.source_key, e.uid, f.fingerprint AS said, e.fingerprint AS stored
         FROM events e LEFT JOIN import_feeds f ON f.event_id = e.id AND f.feed = $3
         WHERE (e.source_key, e.uid) IN (SELECT * FROM unnest($1::text[], $2::text[])) ORDER BY e.id FOR UPDATE OF e",
    )
    .bind(source_keys)
    .bind(uids)
    .bind(feed)
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| ((row.source_key, row.uid), (row.id, row.said, row.stored))).collect())
}

async fn upsert(
    tx: &mut PgConnection,
    outbox: &Outbox,
    now: DateTime<Utc>,
    feed: &str,
    known: &mut Known,
    imported: &ImportedEvent,
) -> Result<Outcome, sqlx::Error> {
    let fingerprint = imported.fingerprint();
    let stored = known.get_mut(&(imported.source_key.clone(), imported.uid.clone()));
    if let Some((id, said, stored)) = &stored {
        if said.as_deref() == Some(&fingerprint[..]) {
            return Ok(Outcome::Unchanged);
        }
        if *stored == fingerprint {
            set_fingerprint(tx, *id, feed, &fingerprint).await?;
            return Ok(Outcome::Unchanged);
        }
    }
    let details = match details(imported) {
        Ok(details) => details,
        Err(reason) => return Ok(Outcome::Refused(reason)),
    };
    let source = Source { url: web(imported.source.url.as_deref()), ..imported.source.clone() };
    let Some((id, said, stored)) = stored else {
        let (event, step) = Event::imported(details, source, IMPORTER, imported.cancelled, now);
        let key = ImportKey { source_key: &imported.source_key, uid: &imported.uid, fingerprint: &fingerprint };
        store::insert(tx, &event, Some(key)).await?;
        store::record(tx, outbox, event.id, IMPORTER, now, &step).await?;
        set_fingerprint(tx, event.id, feed, &fingerprint).await?;
        known.insert(
            (imported.source_key.clone(), imported.uid.clone()),
            (event.id, Some(fingerprint.to_vec()), fingerprint.to_vec()),
        );
        return Ok(Outcome::Inserted);
    };
    let Some(mut event) = store::lock(tx, *id).await? else { return Ok(Outcome::Unchanged) };
    let step = event.reimport(details, source, imported.cancelled, now);
    *said = Some(fingerprint.to_vec());
    *stored = fingerprint.to_vec();
    set_fingerprint(tx, event.id, feed, &fingerprint).await?;
    let Some(step) = step else { return Ok(Outcome::Unchanged) };
    store::update(tx, &event).await?;
    store::record(tx, outbox, event.id, IMPORTER, now, &step).await?;
    Ok(Outcome::Updated)
}

async fn set_fingerprint(
    tx: &mut PgConnection,
    id: EventId,
    feed: &str,
    fingerprint: &[u8],
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE events SET fingerprint = $2 WHERE id = $1")
        .bind(id)
        .bind(fingerprint)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "INSERT INTO import_feeds (event_id, feed, fingerprint) VALUES ($1, $2, $3)
         ON CONFLICT (event_id, feed) DO UPDATE SET fingerprint = excluded.fingerprint",
    )
    .bind(id)
    .bind(feed)
    .bind(fingerprint)
    .execute(tx)
    .await
    .map(drop)
}

/// The event's details, or why the database would not take them. The reader of the file has cleaned them; here it is only made sure
/// that one event cannot fail its whole batch.
fn details(imported: &ImportedEvent) -> Result<Details, String> {
    fn fits(name: &str, length: usize, bounds: std::ops::RangeInclusive<usize>) -> Result<(), String> {
        if bounds.contains(&length) { Ok(()) } else { Err(format!("{name} is {length} long, beyond {bounds:?}")) }
    }
    let characters = |text: &str| text.chars().count();
    fits("the source's key", imported.source_key.len(), 1..=500)?;
    fits("the identifier", imported.uid.len(), 1..=1500)?;
    fits("the title", characters(&imported.title), 1..=200)?;
    fits("the description", characters(&imported.description), 0..=100_000)?;
    fits("the city", characters(&imported.city), 1..=100)?;
    fits("the venue's name", characters(&imported.venue.name), 1..=200)?;
    fits("the venue's address", imported.venue.address.as_deref().map_or(1, characters), 1..=300)?;
    fits("the price", imported.price.as_deref().map_or(1, characters), 1..=200)?;
    if !(2..=3).contains(&imported.language.len()) || !imported.language.bytes().all(|b| b.is_ascii_lowercase()) {
        return Err(format!("{} is no language code", imported.language));
    }
    let venue = &imported.venue;
    let on_earth = match (venue.lat, venue.lon) {
        (None, None) => true,
        (Some(lat), Some(lon)) => (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon),
        _ => false,
    };
    if !on_earth {
        return Err("the position is not on Earth".to_owned());
    }
    let texts = [&imported.title, &imported.description, &imported.uid, &imported.city, &venue.name];
    if texts.iter().any(|text| text.contains('\0')) {
        return Err("a text contains the character NUL".to_owned());
    }
    let wall = |local: NaiveDateTime| WallTime { date: local.date(), time: Some(local.time()) };
    let (start, end) = (wall(imported.starts_at_local), wall(imported.ends_at_local));
    let schedule = Schedule::plan(start, end, imported.timezone, imported.all_day, Bounds::Import)
        .map_err(|error| format!("{} {error}", error.field()))?;
    Ok(Details {
        title: imported.title.clone(),
        description: imported.description.clone(),
        category: imported.category,
        language: imported.language.clone(),
        city: imported.city.clone(),
        venue: venue.clone(),
        schedule,
        capacity: None,
        price: imported.price.clone(),
        is_free: imported.is_free,
        external_url: web(imported.external_url.as_deref()),
        registration: Registration::default(),
    })
}

/// An address that is none costs the event its link, not its place.
fn web(url: Option<&str>) -> Option<String> {
    url?.parse().ok().map(WebUrl::into_inner)
}
