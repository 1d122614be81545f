//! The only SQL of this role, but for the import's ([`crate::store_import`]) and the audit's.

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;
use contracts::{
    Category, EventId, UserId,
    events::{EventStatus, Source, TimeAndPlace, Venue},
    registration::Registration,
};
use platform::outbox::Outbox;
use sqlx::{FromRow, PgConnection, PgPool, types::Json};

use crate::{
    domain::{Details, Event, News, Schedule, Step},
    view::HistoryEntry,
};

/// A row of `events`, without the keys of imports.
#[derive(FromRow)]
struct Row {
    id: EventId,
    version: i64,
    status: EventStatus,
    organiser_id: UserId,
    organiser_name: String,
    title: String,
    slug: String,
    summary: String,
    description: String,
    category: Category,
    language: String,
    city: String,
    venue_name: String,
    venue_address: Option<String>,
    venue_lat: Option<f64>,
    venue_lon: Option<f64>,
    starts_at_local: NaiveDateTime,
    ends_at_local: NaiveDateTime,
    timezone: String,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    all_day: bool,
    capacity: Option<i32>,
    price: Option<String>,
    is_free: Option<bool>,
    external_url: Option<String>,
    source_name: Option<String>,
    source_licence: Option<String>,
    source_attribution: Option<String>,
    source_url: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    published_at: Option<DateTime<Utc>>,
    cancelled_at: Option<DateTime<Utc>>,
    cancel_reason: Option<String>,
    announced: Option<Json<TimeAndPlace>>,
    registration: Json<Registration>,
}

impl TryFrom<Row> for Event {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        let timezone: Tz = row
            .timezone
            .parse()
            .map_err(|error| sqlx::Error::ColumnDecode { index: "timezone".to_owned(), source: Box::new(error) })?;
        let source = match (row.source_name, row.source_licence, row.source_attribution) {
            (Some(name), Some(licence), Some(attribution)) => {
                Some(Source { name, licence, attribution, url: row.source_url })
            }
            _ => None,
        };
        Ok(Self {
            id: row.id,
            version: row.version,
            status: row.status,
            organiser_id: row.organiser_id,
            organiser_name: row.organiser_name,
            slug: row.slug,
            summary: row.summary,
            details: Details {
                title: row.title,
                description: row.description,
                category: row.category,
                language: row.language,
                city: row.city,
                venue: Venue {
                    name: row.venue_name,
                    address: row.venue_address,
                    lat: row.venue_lat,
                    lon: row.venue_lon,
                },
                schedule: Schedule {
                    starts_at_local: row.starts_at_local,
                    ends_at_local: row.ends_at_local,
                    timezone,
                    all_day: row.all_day,
                    starts_at: row.starts_at,
                    ends_at: row.ends_at,
                },
                capacity: row.capacity,
                price: row.price,
                is_free: row.is_free,
                external_url: row.external_url,
                registration: row.registration.0,
            },
            source,
            created_at: row.created_at,
            updated_at: row.updated_at,
            published_at: row.published_at,
            cancelled_at: row.cancelled_at,
            cancel_reason: row.cancel_reason,
            announced: row.announced.map(|it| it.0),
        })
    }
}

/// An event as it is.
pub async fn get(pool: &PgPool, id: EventId) -> Result<Option<Event>, sqlx::Error> {
    let row: Option<Row> = sqlx::query_as("SELECT * FROM events WHERE id = $1").bind(id).fetch_optional(pool).await?;
    row.map(Event::try_from).transpose()
}

/// An event, and nobody else changes it until the transaction ends.
pub async fn lock(tx: &mut PgConnection, id: EventId) -> Result<Option<Event>, sqlx::Error> {
    let row: Option<Row> =
        sqlx::query_as("SELECT * FROM events WHERE id = $1 FOR UPDATE").bind(id).fetch_optional(tx).await?;
    row.map(Event::try_from).transpose()
}

/// Events of an organiser who is called something else by now; locked, always in the same order.
pub async fn lock_misnamed(tx: &mut PgConnection, organiser: UserId, name: &str) -> Result<Vec<Event>, sqlx::Error> {
    let rows: Vec<Row> =
        sqlx::query_as("SELECT * FROM events WHERE organiser_id = $1 AND organiser_name <> $2 ORDER BY id FOR UPDATE")
            .bind(organiser)
            .bind(name)
            .fetch_all(tx)
            .await?;
    rows.into_iter().map(Event::try_from).collect()
}

/// All events of an organiser; locked, always in the same order.
pub async fn lock_of_organiser(tx: &mut PgConnection, organiser: UserId) -> Result<Vec<Event>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as("SELECT * FROM events WHERE organiser_id = $1 ORDER BY id FOR UPDATE")
        .bind(organiser)
        .fetch_all(tx)
        .await?;
    rows.into_iter().map(Event::try_from).collect()
}

/// An event that nobody has been told of goes, and its history with it.
pub async fn remove(tx: &mut PgConnection, id: EventId) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM events WHERE id = $1").bind(id).execute(tx).await.map(drop)
}

/// Where the previous page of [`of_organiser`] ended.
pub type OrganiserKey = (DateTime<Utc>, EventId);

/// An organiser's events in any state, newest first.
pub async fn of_organiser(
    pool: &PgPool,
    organiser: UserId,
    after: Option<OrganiserKey>,
    rows: i64,
) -> Result<Vec<Event>, sqlx::Error> {
    let query = match after {
        None => {
            sqlx::query_as("SELECT * FROM events WHERE organiser_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2")
                .bind(organiser)
                .bind(rows)
        }
        Some((created_at, id)) => sqlx::query_as(
            "SELECT * FROM events WHERE organiser_id = $1 AND (created_at, id) < ($3, $4)
             ORDER BY created_at DESC, id DESC LIMIT $2",
        )
        .bind(organiser)
        .bind(rows)
        .bind(created_at)
        .bind(id),
    };
    let rows: Vec<Row> = query.fetch_all(pool).await?;
    rows.into_iter().map(Event::try_from).collect()
}

/// An event's versions below `before`, newest first.
pub async fn history(
    pool: &PgPool,
    id: EventId,
    before: Option<i64>,
    rows: i64,
) -> Result<Vec<HistoryEntry>, sqlx::Error> {
    sqlx::query_as(
        "SELECT version, at, actor_id, action, details FROM history
         WHERE event_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3",
    )
    .bind(id)
    .bind(before.unwrap_or(i64::MAX))
    .bind(rows)
    .fetch_all(pool)
    .await
}

/// Binds what [`insert`] and [`update`] write, from `$1` on.
macro_rules! bind_event {
    ($query:expr, $event:expr) => {{
        let event: &Event = $event;
        let (details, schedule) = (&event.details, &event.details.schedule);
        let source = event.source.as_ref();
        $query
            .bind(event.id)
            .bind(event.version)
            .bind(event.status)
            .bind(event.organiser_id)
            .bind(&event.organiser_name)
            .bind(&details.title)
            .bind(&event.slug)
            .bind(&event.summary)
            .bind(&details.description)
            .bind(details.category)
            .bind(&details.language)
            .bind(&details.city)
            .bind(&details.venue.name)
            .bind(&details.venue.address)
            .bind(details.venue.lat)
            .bind(details.venue.lon)
            .bind(schedule.starts_at_local)
            .bind(schedule.ends_at_local)
            .bind(schedule.timezone.name())
            .bind(schedule.starts_at)
            .bind(schedule.ends_at)
            .bind(schedule.all_day)
            .bind(details.capacity)
            .bind(&details.price)
            .bind(details.is_free)
            .bind(&details.external_url)
            .bind(source.map(|it| &it.name))
            .bind(source.map(|it| &it.licence))
            .bind(source.map(|it| &it.attribution))
            .bind(source.and_then(|it| it.url.as_ref()))
            .bind(event.created_at)
            .bind(event.updated_at)
            .bind(event.published_at)
            .bind(event.cancelled_at)
            .bind(&event.cancel_reason)
            .bind(event.announced.as_ref().map(Json))
            .bind(Json(&details.registration))
    }};
}

/// By what a repeated import knows an event again.
#[derive(Clone, Copy, Debug)]
pub struct ImportKey<'a> {
    /// Which data set.
    pub source_key: &'a str,
    /// Which event of it.
    pub uid: &'a str,
    /// What was imported.
    pub fingerprint: &'a [u8],
}

/// A new event; an imported one with its key.
pub async fn insert(tx: &mut PgConnection, event: &Event, key: Option<ImportKey<'_>>) -> Result<(), sqlx::Error> {
    let query = sqlx::query(
        "INSERT INTO events (id, version, status, organiser_id, organiser_name, title, slug, summary, description, category,
             language, city, venue_name, venue_address, venue_lat, venue_lon, starts_at_local, ends_at_local, timezone,
             starts_at, ends_at, all_day, capacity, price, is_free, external_url, source_name, source_licence,
             source_attribution, source_url, created_at, updated_at, published_at, cancelled_at, cancel_reason, announced,
             registration, source_key, uid, fingerprint)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
             $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40)",
    );
    bind_event!(query, event)
        .bind(key.map(|it| it.source_key))
        .bind(key.map(|it| it.uid))
        .bind(key.map(|it| it.fingerprint))
        .execute(tx)
        .await
        .map(drop)
}

/// An event that the transaction has locked, in its new version.
pub async fn update(tx: &mut PgConnection, event: &Event) -> Result<(), sqlx::Error> {
    let query = sqlx::query(
        "UPDATE events SET (version, status, organiser_id, organiser_name, title, slug, summary, description, category,
             language, city, venue_name, venue_address, venue_lat, venue_lon, starts_at_local, ends_at_local, timezone,
             starts_at, ends_at, all_day, capacity, price, is_free, external_url, source_name, source_licence,
             source_attribution, source_url, created_at, updated_at, published_at, cancelled_at, cancel_reason, announced,
             registration)
         = ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
             $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37)
         WHERE id = $1",
    );
    bind_event!(query, event).execute(tx).await.map(drop)
}

/// Records a step of an event's life, and tells the other roles.
pub async fn record(
    tx: &mut PgConnection,
    outbox: &Outbox,
    id: EventId,
    actor: UserId,
    at: DateTime<Utc>,
    step: &Step,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO history (event_id, version, at, actor_id, action, details) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id)
    .bind(step.version)
    .bind(at)
    .bind(actor)
    .bind(step.action)
    .bind(Json(&step.details))
    .execute(&mut *tx)
    .await?;
    match &step.news {
        None => Ok(()),
        Some(News::Published(news)) => outbox.publish(tx, news).await,
        Some(News::Changed(news)) => outbox.publish(tx, news).await,
        Some(News::Unpublished(news)) => outbox.publish(tx, news).await,
        Some(News::Cancelled(news)) => outbox.publish(tx, news).await,
    }
}
