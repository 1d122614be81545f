//! What the public door asks.

use axum::{Router, extract::State as Extract, routing::get};
use contracts::{EventId, events::EventStatus};
use platform::{
    http::{Json, Path, Query},
    problem::Problem,
};
use serde::{Deserialize, Serialize};

use crate::{State, api::Card, store::list};

/// Ids in one question.
const MAX_IDS: usize = 100;

pub fn router() -> Router<State> {
    Router::new().route("/internal/feed/events/{id}", get(version)).route("/internal/feed/cards", get(cards))
}

#[derive(Serialize)]
struct Known {
    version: i64,
}

async fn version(Extract(state): Extract<State>, Path(id): Path<EventId>) -> Result<Json<Known>, Problem> {
    let version = list::version(&state.pool, id).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(Known { version }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ids {
    ids: String,
}

#[derive(Serialize)]
struct StatedCard {
    status: EventStatus,
    #[serde(flatten)]
    card: Card,
}

#[derive(Serialize)]
struct Cards {
    items: Vec<StatedCard>,
}

/// Cards by id, also of events that are over, cancelled or not public any more.
async fn cards(Extract(state): Extract<State>, Query(query): Query<Ids>) -> Result<Json<Cards>, Problem> {
    let ids: Result<Vec<EventId>, _> = query.ids.split(',').filter(|it| !it.is_empty()).map(str::parse).collect();
    let ids = ids.map_err(|_| Problem::invalid("ids", "must be event ids with commas in between"))?;
    if ids.len() > MAX_IDS {
        return Err(Problem::invalid("ids", "must be at most 100"));
    }
    let rows = list::by_ids(&state.pool, &ids).await?;
    let items = rows.into_iter().map(|row| StatedCard { status: row.status, card: row.into() }).collect();
    Ok(Json(Cards { items }))
}
