use axum::{
    extract::State as Extract,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use contracts::EventId;
use platform::{
    http::{Cursor, Json, Page, PageQuery, Query, header},
    problem::{Problem, ProblemDocument},
};
use serde::{Deserialize, Serialize};

use super::{
    card::Card,
    parameters::{ListQuery, Sort},
};
use crate::{
    State,
    store::{
        list::{self, Filter, Order, Row},
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
    c: Option<String>,
    /// Keyset: rank or score, time, id.
    k: (Option<i64>, Option<f64>, DateTime<Utc>, EventId),
}

impl Place {
    fn order(&self, sort: Sort) -> Result<Order, Problem> {
        let (rank, score, time, id) = self.k;
        let foreign = || Problem::invalid("cursor", "belongs to a list in another order");
        Ok(match sort {
            Sort::Soonest => Order::Soonest(Some((time, id))),
            Sort::Relevance => Order::Relevance(Some((rank.ok_or_else(foreign)?, time, id))),
            Sort::Trending => Order::Trending(Some((score.filter(|it| it.is_finite()).ok_or_else(foreign)?, time, id))),
        })
    }
}

/// Lists and searches events that are public and not over.
///
/// Words are found in their other forms, without accents, and with a typo. Pages are stable: while events come and go, none is seen twice
/// or missed (but for `trending`, whose order is news).
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
    let (sort, fingerprint) = (query.sort(), query.fingerprint());
    let place: Option<Place> = query.cursor.as_ref().map(Cursor::key).transpose()?;
    if place.as_ref().is_some_and(|place| place.f != fingerprint) {
        return Err(Problem::invalid("cursor", "belongs to a list with other filters"));
    }
    let now = place.as_ref().map_or_else(|| state.clock.now(), |place| place.n);
    let typed = query.q.as_ref().map(ToString::to_string);
    let mut corrected = place.as_ref().and_then(|place| place.c.clone());
    let mut filter = query.filter(corrected.clone().or(typed))?;
    let order = match &place {
        Some(place) => place.order(sort)?,
        None => start(sort),
    };
    let mut rows = list::page(&state.pool, &filter, order, query.limit.rows(), now).await?;
    if rows.is_empty() && place.is_none() {
        corrected = correct(&state, &mut filter, now).await?;
        if corrected.is_some() {
            rows = list::page(&state.pool, &filter, order, query.limit.rows(), now).await?;
        }
    }
    let page =
        Page::new(rows, query.limit, |row| Place { f: fingerprint, n: now, c: corrected.clone(), k: key(sort, row) })
            .map(Card::from);
    let list = EventList { items: page.items, next_cursor: page.next_cursor, corrected };
    Ok(([(header::CACHE_CONTROL, "no-cache")], Json(list)).into_response())
}

fn start(sort: Sort) -> Order {
    match sort {
        Sort::Soonest => Order::Soonest(None),
        Sort::Relevance => Order::Relevance(None),
        Sort::Trending => Order::Trending(None),
    }
}

fn key(sort: Sort, row: &Row) -> (Option<i64>, Option<f64>, DateTime<Utc>, EventId) {
    let rank = (sort == Sort::Relevance).then_some(row.rank);
    let score = (sort == Sort::Trending).then_some(row.score);
    (rank, score, row.starts_at, row.id)
}

/// Replaces words that nothing contains.
async fn correct(state: &State, filter: &mut Filter, now: DateTime<Utc>) -> Result<Option<String>, Problem> {
    let Some(typed) = &filter.query else { return Ok(None) };
    let corrected = search::corrected(&state.pool, typed, now).await?;
    if corrected.is_some() {
        filter.query.clone_from(&corrected);
    }
    Ok(corrected)
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

/// Lists what is joined most these days.
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
    let after: Option<(f64, DateTime<Utc>, EventId)> = query.cursor.map(|cursor| cursor.key()).transpose()?;
    let filter = Filter { running: Some(false), ..Filter::default() };
    let rows = list::page(&state.pool, &filter, Order::Trending(after), query.limit.rows(), state.clock.now()).await?;
    Ok(Json(Page::new(rows, query.limit, |row| (row.score, row.starts_at, row.id)).map(Card::from)))
}
