use axum::{
    extract::State as Extract,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Datelike as _, Utc};
use platform::{
    http::{Cursor, Json, Line, Page, PageQuery, Query, header},
    problem::{Problem, ProblemDocument},
};
use serde::{Deserialize, Serialize};

use super::{card::Card, parameters::ListQuery};
use crate::{
    State,
    domain::question::Question,
    metrics,
    store::{
        list::{self, Filter, Key, Order, Window},
        search,
    },
};

/// A page of events.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct EventList {
    /// At most `limit`.
    pub items: Vec<Card>,
    /// Send as `cursor` to go on; `null` at the end.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// The words that were looked for instead of those that were typed, because nothing contains those.
    #[schema(required)]
    pub corrected: Option<String>,
}

/// Where the next page begins, and what has to be the same on it.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    /// Fingerprint of the filters.
    f: String,
    /// The moment of the first page: what is over then is left out of all of them.
    n: DateTime<Utc>,
    /// Corrected words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    c: Option<Line<1000>>,
    /// Keyset.
    k: Key,
}

/// The same for every page of the trending list, which has no filters.
const FEED: &str = "feed";

/// Where to go on, if the caller says so; the cursor has to be of this list.
fn place(cursor: Option<&Cursor>, fingerprint: &str) -> Result<Option<Place>, Problem> {
    let Some(place) = cursor.map(Cursor::key::<Place>).transpose()? else { return Ok(None) };
    if place.f != fingerprint {
        return Err(Problem::invalid("cursor", "belongs to a list with other filters or in another order"));
    }
    // Somebody made it up: the database cannot count so far.
    if [place.n, place.k.1].iter().any(|time| !(1..=9999).contains(&time.year())) {
        return Err(Problem::invalid("cursor", "is not a cursor of this list"));
    }
    Ok(Some(place))
}

/// Lists and searches events that are public and not over.
///
/// Words are found in their other forms, without accents, and with a typo. Pages are stable: while events come and go, none is seen twice
/// or missed (but for `trending`, whose order is news). A cursor is meant to be used within a day.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "feed", operation_id = "list_events",
    params(ListQuery),
    responses(
        (status = 200, description = "A page of events.", body = EventList),
        (status = 422, description = "A parameter needs another value.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security((), ("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("public"))),
)]
pub async fn list_events(Extract(state): Extract<State>, Query(query): Query<ListQuery>) -> Result<Response, Problem> {
    let (order, fingerprint) = (query.order(), query.fingerprint());
    let mut filter = query.filter()?;
    let place = place(query.cursor.as_ref(), &fingerprint)?;
    let _reading = metrics::Reading::start(query.q.is_some());
    let now = place.as_ref().map_or_else(|| state.clock.now(), |place| place.n);
    let after = place.as_ref().map(|place| place.k);
    let window = Window { order, after, rows: query.limit.rows(), now };
    let mut corrected = place.and_then(|place| place.c).map(|it| it.to_string());
    let mut rows = Vec::new();
    if let Some(typed) = &query.q {
        let question = Question::parse(corrected.as_deref().unwrap_or(typed));
        let readings = search::read(&state.pool, &question).await?;
        filter.question = question.plan(&readings);
        if filter.question.is_some() {
            rows = list::page(&state.pool, &filter, window).await?;
        }
        if rows.is_empty()
            && after.is_none()
            && let Some(meant) = search::corrected(&state.pool, &question, &readings, now).await?
        {
            let question = Question::parse(&meant);
            filter.question = question.plan(&search::read(&state.pool, &question).await?);
            rows = list::page(&state.pool, &filter, window).await?;
            corrected = (!rows.is_empty()).then_some(meant);
        }
    } else {
        rows = list::page(&state.pool, &filter, window).await?;
    }
    let words = corrected.as_deref().and_then(|it| Line::parse(it).ok());
    let page = Page::new(rows, query.limit, |row| Place { f: fingerprint, n: now, c: words, k: row.key() });
    let page = page.map(Card::from);
    let list = EventList { items: page.items, next_cursor: page.next_cursor, corrected };
    Ok(([(header::CACHE_CONTROL, "no-cache")], Json(list)).into_response())
}

/// How many upcoming events there are.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Facet {
    /// City, or category.
    #[schema(example = "Berlin")]
    pub name: String,
    /// Upcoming events.
    #[schema(example = 128)]
    pub count: i64,
}

/// What the list can be narrowed to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Facets {
    /// Most events first, at most 200.
    pub cities: Vec<Facet>,
    /// Most events first.
    pub categories: Vec<Facet>,
}

/// Counts upcoming events by city and category.
#[utoipa::path(
    get, path = "/api/v1/events/facets", tag = "feed", operation_id = "get_facets",
    responses((status = 200, description = "Counts.", body = Facets)),
    security((), ("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("public"))),
)]
pub async fn get_facets(Extract(state): Extract<State>) -> Result<Response, Problem> {
    let now = state.clock.now();
    let (cities, categories) = tokio::try_join!(list::cities(&state.pool, now), list::categories(&state.pool, now))?;
    let facet = |count: list::Count| Facet { name: count.name, count: count.count };
    let facets = Facets {
        cities: cities.into_iter().map(facet).collect(),
        categories: categories.into_iter().map(facet).collect(),
    };
    Ok(([(header::CACHE_CONTROL, "public, max-age=30")], Json(facets)).into_response())
}

/// Lists what is joined most these days, the sooner the higher.
#[utoipa::path(
    get, path = "/api/v1/feed", tag = "feed", operation_id = "get_feed",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of events.", body = Page<Card>),
        (status = 422, description = "A parameter needs another value.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security((), ("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("public"))),
)]
pub async fn get_feed(
    Extract(state): Extract<State>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Card>>, Problem> {
    let place = place(query.cursor.as_ref(), FEED)?;
    let now = place.as_ref().map_or_else(|| state.clock.now(), |place| place.n);
    let filter = Filter { running: Some(false), ..Filter::default() };
    let window = Window { order: Order::Trending, after: place.map(|place| place.k), rows: query.limit.rows(), now };
    let rows = list::page(&state.pool, &filter, window).await?;
    let page = Page::new(rows, query.limit, |row| Place { f: FEED.to_owned(), n: now, c: None, k: row.key() });
    Ok(Json(page.map(Card::from)))
}
