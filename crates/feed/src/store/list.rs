use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use contracts::{Category, EventId, events::EventStatus};
use sqlx::{PgPool, Postgres, QueryBuilder};

use crate::domain::{
    around::{EARTH_KM, around},
    question::{Fits, Plan},
};

/// What has been going on for longer is "on now" rather than "next".
const LONG_AGO: TimeDelta = TimeDelta::hours(12);
/// No zone is farther from UTC.
const WIDEST_OFFSET: TimeDelta = TimeDelta::hours(15);

/// What is listed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub question: Option<Plan>,
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

/// What comes first. Within one rank it is always what begins first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// One rank for all.
    Soonest,
    /// How well it fits, see [`rank`].
    Relevance,
    /// How much it is joined, see [`crate::domain::trend`].
    Trending,
}

/// Where a row stands in the list: rank (the lowest comes first), start, id.
pub type Key = (i64, DateTime<Utc>, EventId);

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
    pub held: i32,
    pub rank: i64,
}

impl Row {
    pub fn key(&self) -> Key {
        (self.rank, self.starts_at, self.id)
    }
}

const COLUMNS: &str = "e.id, e.status, e.slug, e.title, e.summary, e.category, e.language, e.city, e.venue_name, e.starts_at, e.ends_at,
    e.starts_at_local, e.ends_at_local, e.timezone, e.all_day, e.is_free, e.price, e.organiser_name, e.source_name,
    coalesce(p.capacity, e.capacity) AS capacity, coalesce(p.confirmed, 0) AS confirmed, coalesce(p.waitlisted, 0) AS waitlisted, coalesce(p.held, 0) AS held";

/// Where to read.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub order: Order,
    pub after: Option<Key>,
    pub rows: i64,
    /// What is over then is left out.
    pub now: DateTime<Utc>,
}

/// A page of what is public and not over.
pub async fn page(pool: &PgPool, filter: &Filter, window: Window) -> Result<Vec<Row>, sqlx::Error> {
    // In a big city its name is in nearly every text, and each find would have to be ranked. But those with the words in their title come
    // before all others, are few, and are mostly enough.
    if window.order == Order::Relevance
        && let Some(Plan { fits: Some(fits), without, .. }) = &filter.question
        && window.after.is_none_or(|(rank, ..)| rank <= RANK_IN_TITLE)
    {
        let mut found = vec![("title_search", &fits.all)];
        found.extend(without.as_ref().map(|query| ("search", query)));
        let rows = read(pool, filter, window, &found).await?;
        if i64::try_from(rows.len()) == Ok(window.rows) {
            return Ok(rows);
        }
    }
    let found: Vec<_> = filter.question.iter().map(|question| ("search", &question.matches)).collect();
    read(pool, filter, window, &found).await
}

/// `found`: queries that columns have to match.
async fn read(
    pool: &PgPool,
    filter: &Filter,
    window: Window,
    found: &[(&'static str, &String)],
) -> Result<Vec<Row>, sqlx::Error> {
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(COLUMNS).push(", e.rank FROM (SELECT * FROM (SELECT e.*, ");
    match (window.order, &filter.question) {
        (Order::Trending, _) => {
            sql.push("-heat");
        }
        (Order::Relevance, Some(Plan { fits: Some(fits), .. })) => rank(&mut sql, fits),
        (Order::Relevance | Order::Soonest, _) => {
            sql.push("0::bigint");
        }
    }
    sql.push(" AS rank FROM events e WHERE status = 'published' AND NOT over AND ends_at > ").push_bind(window.now);
    for (column, query) in found {
        sql.push(" AND ").push(*column).push(" @@ ").push_bind((*query).clone()).push("::text::tsquery");
    }
    conditions(&mut sql, filter, window.now);
    sql.push(") AS e");
    // Without the rank where it is the same for all: the planner would not see that an index has the order already.
    let key = if window.order == Order::Soonest { "starts_at, id" } else { "rank, starts_at, id" };
    if let Some((rank, time, id)) = window.after {
        sql.push(" WHERE (").push(key).push(") > (");
        if window.order != Order::Soonest {
            sql.push_bind(rank).push(", ");
        }
        sql.push_bind(time).push(", ").push_bind(id).push(")");
    }
    sql.push(" ORDER BY ").push(key).push(" LIMIT ").push_bind(window.rows);
    // Counts are looked up for the rows of the page only.
    sql.push(") AS e LEFT JOIN places p ON p.event_id = e.id ORDER BY e.rank, e.starts_at, e.id");
    // Planned anew each time: which index is best depends on how many events fit this question, this city.
    sql.build_query_as().persistent(false).fetch_all(pool).await
}

/// The last rank of those that have all words in their title.
const RANK_IN_TITLE: i64 = 2;

/// How well the words fit: in order in the title (and nothing else is in it), in the title, there and in place, category and summary,
/// anywhere, but for an unfinished word.
///
/// Steps rather than a measure such as `ts_rank_cd()`: events that fit equally well should come in order of time, not of how often the
/// word stands in a description. They are also stable and whole numbers, as a keyset needs, and take a third of the time.
fn rank(sql: &mut QueryBuilder<Postgres>, fits: &Fits) {
    sql.push("CASE WHEN head @@ ")
        .push_bind(fits.sequence.clone())
        .push("::text::tsquery THEN CASE WHEN fold(title) = ");
    sql.push_bind(fits.name.clone()).push(" THEN 0 ELSE 1 END");
    for (n, vector, query) in [
        (RANK_IN_TITLE, "head", &fits.title),
        (3, "head", &fits.place),
        (4, "head", &fits.all),
        (5, "search", &fits.all),
    ] {
        sql.push(" WHEN ").push(vector).push(" @@ ").push_bind(query.clone()).push("::text::tsquery THEN ").push(n);
    }
    sql.push(" ELSE 6 END::bigint");
}

fn conditions(sql: &mut QueryBuilder<Postgres>, filter: &Filter, now: DateTime<Utc>) {
    if let Some(city) = &filter.city {
        sql.push(" AND city_key = fold(").push_bind(city.clone()).push(")");
    }
    if let Some(category) = filter.category {
        sql.push(" AND category = ").push_bind(category);
    }
    // The days that the event touches, in its own zone; an end at midnight does not touch the day that begins. The bounds in UTC leave
    // nothing out, and can use an index.
    if let Some(from) = filter.from {
        let midnight = from.and_time(chrono::NaiveTime::MIN);
        sql.push(" AND ends_at_local > ").push_bind(midnight);
        sql.push(" AND ends_at > ").push_bind(midnight.and_utc() - WIDEST_OFFSET);
    }
    if let Some(to) = filter.to {
        let midnight = to.and_time(chrono::NaiveTime::MIN) + TimeDelta::days(1);
        sql.push(" AND starts_at_local < ").push_bind(midnight);
        sql.push(" AND starts_at < ").push_bind(midnight.and_utc() + WIDEST_OFFSET);
    }
    if let Some((lat, lon, km)) = filter.near {
        // A box first, which an index can find, then the great circle (haversine).
        let bounds = around(lat, lon, km);
        sql.push(" AND lat BETWEEN ").push_bind(bounds.lat.0).push(" AND ").push_bind(bounds.lat.1);
        for (n, (west, east)) in bounds.lon.iter().enumerate() {
            sql.push(if n == 0 { " AND (" } else { " OR " });
            sql.push("lon BETWEEN ").push_bind(*west).push(" AND ").push_bind(*east);
        }
        sql.push(if bounds.lon.is_empty() { "" } else { ")" });
        sql.push(" AND asin(sqrt(least(1, sin(radians(lat - ").push_bind(lat).push(") / 2) ^ 2 + cos(radians(");
        sql.push_bind(lat).push(")) * cos(radians(lat)) * sin(radians(lon - ").push_bind(lon);
        sql.push(") / 2) ^ 2))) <= ").push_bind(km / (2.0 * EARTH_KM));
    }
    if filter.free {
        sql.push(" AND is_free");
    }
    if let Some(language) = &filter.language {
        sql.push(" AND language = ").push_bind(language.clone());
    }
    if let Some(running) = filter.running {
        sql.push(if running { " AND starts_at < " } else { " AND starts_at >= " }).push_bind(now - LONG_AGO);
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
        // The spelling that most events use.
        "SELECT (array_agg(city ORDER BY events DESC, city))[1] AS name, sum(events)::bigint AS count
         FROM (SELECT city_key, city, count(*) AS events FROM events
               WHERE status = 'published' AND NOT over AND ends_at > $1 GROUP BY city_key, city) AS spelled
         GROUP BY city_key ORDER BY count DESC, name LIMIT 200",
    )
    .bind(now)
    .fetch_all(pool)
    .await
}

pub async fn categories(pool: &PgPool, now: DateTime<Utc>) -> Result<Vec<Count>, sqlx::Error> {
    sqlx::query_as(
        "SELECT category AS name, count(*) AS count FROM events WHERE status = 'published' AND NOT over AND ends_at > $1
         GROUP BY category ORDER BY count DESC, name",
    )
    .bind(now)
    .fetch_all(pool)
    .await
}
