use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use contracts::{Category, EventId, events::EventStatus};
use sqlx::{PgPool, Postgres, QueryBuilder};

use super::search;

/// Kilometres in a degree of latitude.
const KM_PER_DEGREE: f64 = 111.2;

/// What is listed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub query: Option<String>,
    pub city: Option<String>,
    pub category: Option<Category>,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    /// Degrees north and east, and kilometres.
    pub near: Option<(f64, f64, f64)>,
    pub free: bool,
    pub language: Option<String>,
    pub running: Option<bool>,
}

/// In which order, and after which row.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    Soonest(Option<(DateTime<Utc>, EventId)>),
    Relevance(Option<(i64, DateTime<Utc>, EventId)>),
    Trending(Option<(f64, DateTime<Utc>, EventId)>),
}

/// One event of a list.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Row {
    pub id: EventId,
    pub status: EventStatus,
    pub slug: String,
    pub title: String,
    pub summary: String,
    pub category: Category,
    pub language: String,
    pub city: String,
    pub venue_name: String,
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    pub starts_at_local: NaiveDateTime,
    pub ends_at_local: NaiveDateTime,
    pub timezone: String,
    pub all_day: bool,
    pub is_free: Option<bool>,
    pub price: Option<String>,
    pub organiser_name: String,
    pub source_name: Option<String>,
    pub capacity: Option<i32>,
    pub confirmed: i32,
    pub waitlisted: i32,
    pub score: f64,
    pub rank: i64,
}

const COLUMNS: &str = "e.id, e.status, e.slug, e.title, e.summary, e.category, e.language, e.city, e.venue_name, e.starts_at, e.ends_at,
    e.starts_at_local, e.ends_at_local, e.timezone, e.all_day, e.is_free, e.price, e.organiser_name, e.source_name, e.score,
    coalesce(p.capacity, e.capacity) AS capacity, coalesce(p.confirmed, 0) AS confirmed, coalesce(p.waitlisted, 0) AS waitlisted";

/// A page of what is public and not over at `now`.
pub async fn page(
    pool: &PgPool,
    filter: &Filter,
    order: Order,
    rows: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Row>, sqlx::Error> {
    let mut sql = QueryBuilder::new("SELECT * FROM (SELECT ");
    sql.push(COLUMNS).push(", ");
    if filter.query.is_some() {
        // Whole numbers, so that the keyset compares what it printed.
        sql.push(
            "(1000000 * (ts_rank_cd('{0.05, 0.2, 0.4, 1.0}', e.search, q.exact, 1)
                   + 0.1 * ts_rank_cd('{0.05, 0.2, 0.4, 1.0}', e.search, q.loose, 1)))::bigint AS rank",
        );
    } else {
        sql.push("0::bigint AS rank");
    }
    sql.push(" FROM events e LEFT JOIN places p ON p.event_id = e.id");
    if let Some(query) = &filter.query {
        sql.push(" CROSS JOIN (SELECT ");
        search::exact(&mut sql, query);
        sql.push(" AS exact, ");
        search::loose(&mut sql, query);
        sql.push(" AS loose) q");
    }
    sql.push(" WHERE e.status = 'published' AND e.ends_at > ").push_bind(now);
    conditions(&mut sql, filter, now);
    sql.push(") AS e WHERE true");
    match order {
        Order::Soonest(after) => {
            if let Some((time, id)) = after {
                sql.push(" AND (starts_at, id) > (").push_bind(time).push(", ").push_bind(id).push(")");
            }
            sql.push(" ORDER BY starts_at, id");
        }
        Order::Relevance(after) => {
            if let Some((rank, time, id)) = after {
                sql.push(" AND (-rank, starts_at, id) > (").push_bind(-rank).push(", ").push_bind(time);
                sql.push(", ").push_bind(id).push(")");
            }
            sql.push(" ORDER BY -rank, starts_at, id");
        }
        Order::Trending(after) => {
            if let Some((score, time, id)) = after {
                sql.push(" AND (-score, starts_at, id) > (").push_bind(-score).push(", ").push_bind(time);
                sql.push(", ").push_bind(id).push(")");
            }
            sql.push(" ORDER BY -score, starts_at, id");
        }
    }
    sql.push(" LIMIT ").push_bind(rows);
    sql.build_query_as().fetch_all(pool).await
}

fn conditions(sql: &mut QueryBuilder<Postgres>, filter: &Filter, now: DateTime<Utc>) {
    if filter.query.is_some() {
        sql.push(" AND e.search @@ (q.exact || q.loose)");
    }
    if let Some(city) = &filter.city {
        sql.push(" AND e.city_key = fold(").push_bind(city.clone()).push(")");
    }
    if let Some(category) = filter.category {
        sql.push(" AND e.category = ").push_bind(category);
    }
    // The days that the event touches, in its own zone; an end at midnight does not touch the day that begins.
    if let Some(from) = filter.from {
        sql.push(" AND e.ends_at_local > ").push_bind(from.and_time(chrono::NaiveTime::MIN));
    }
    if let Some(to) = filter.to {
        sql.push(" AND e.starts_at_local < ").push_bind(to.and_time(chrono::NaiveTime::MIN) + TimeDelta::days(1));
    }
    if let Some((lat, lon, km)) = filter.near {
        // A box first, which is cheap, then the great circle (haversine).
        let (d_lat, d_lon) = (km / KM_PER_DEGREE, km / (KM_PER_DEGREE * lat.to_radians().cos().max(0.01)));
        sql.push(" AND e.lat BETWEEN ").push_bind(lat - d_lat).push(" AND ").push_bind(lat + d_lat);
        sql.push(" AND e.lon BETWEEN ").push_bind(lon - d_lon).push(" AND ").push_bind(lon + d_lon);
        sql.push(" AND 12742 * asin(sqrt(sin(radians(e.lat - ")
            .push_bind(lat)
            .push(") / 2) ^ 2 + cos(radians(")
            .push_bind(lat);
        sql.push(")) * cos(radians(e.lat)) * sin(radians(e.lon - ")
            .push_bind(lon)
            .push(") / 2) ^ 2)) <= ")
            .push_bind(km);
    }
    if filter.free {
        sql.push(" AND e.is_free");
    }
    if let Some(language) = &filter.language {
        sql.push(" AND e.language = ").push_bind(language.clone());
    }
    if let Some(running) = filter.running {
        let long_ago = now - TimeDelta::hours(12);
        sql.push(if running { " AND e.starts_at < " } else { " AND e.starts_at >= " }).push_bind(long_ago);
    }
}

/// Cards of events by id, whatever their state.
pub async fn by_ids(pool: &PgPool, ids: &[EventId]) -> Result<Vec<Row>, sqlx::Error> {
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(COLUMNS)
        .push(", 0::bigint AS rank FROM events e LEFT JOIN places p ON p.event_id = e.id WHERE e.id = ANY(");
    sql.push_bind(ids).push(")");
    sql.build_query_as().fetch_all(pool).await
}

/// The version of an event that is known here.
pub async fn version(pool: &PgPool, id: EventId) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar("SELECT version FROM events WHERE id = $1").bind(id).fetch_optional(pool).await
}

/// How many upcoming events a city or a category has.
#[derive(Debug, sqlx::FromRow)]
pub struct Count {
    pub name: String,
    pub count: i64,
}

pub async fn cities(pool: &PgPool, now: DateTime<Utc>) -> Result<Vec<Count>, sqlx::Error> {
    sqlx::query_as(
        "SELECT min(city) AS name, count(*) AS count FROM events WHERE status = 'published' AND ends_at > $1
         GROUP BY city_key ORDER BY count DESC, name LIMIT 200",
    )
    .bind(now)
    .fetch_all(pool)
    .await
}

pub async fn categories(pool: &PgPool, now: DateTime<Utc>) -> Result<Vec<Count>, sqlx::Error> {
    sqlx::query_as(
        "SELECT category AS name, count(*) AS count FROM events WHERE status = 'published' AND ends_at > $1
         GROUP BY category ORDER BY count DESC, name",
    )
    .bind(now)
    .fetch_all(pool)
    .await
}
