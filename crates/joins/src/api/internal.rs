//! What other roles ask.

use std::collections::HashMap;

use axum::{
    Router,
    extract::State as Extract,
    routing::{get, post},
};
use contracts::{EventId, joins::Places};
use platform::{
    http::{Json, Path, Query, StatusCode},
    identity::MaybeIdentity,
    problem::{self, Problem},
};
use serde::{Deserialize, Serialize};

use super::{known_event, place::Participation};
use crate::{
    State,
    domain::{Claim, Claimant, PartySize},
    store,
};

/// Events that one question may be about.
const MANY: usize = 100;

/// Internal operations.
pub fn routes() -> Router<State> {
    Router::new()
        .route("/internal/joins/events/{id}", get(event))
        .route("/internal/joins/events/{id}/view", get(view))
        .route("/internal/joins/events/{id}/capacity-hold", post(hold_capacity))
        .route("/internal/joins/places", get(places))
}

/// An event as joins knows it.
#[derive(Serialize)]
struct Known {
    /// Of the organiser's data.
    version: i64,
    /// Of the places; it grows with every change.
    revision: i64,
    places: Places,
}

async fn event(Extract(state): Extract<State>, Path(id): Path<EventId>) -> Result<Json<Known>, Problem> {
    let event = known_event(&state, id).await?;
    Ok(Json(Known { version: event.version, revision: event.revision, places: event.places() }))
}

#[derive(Serialize)]
struct View {
    places: Places,
    participation: Option<Participation>,
    actions: Actions,
}

#[derive(Serialize)]
struct Actions {
    can_join: bool,
    can_leave: bool,
    /// The code by which joining would be refused.
    reason: Option<&'static str>,
}

async fn view(
    Extract(state): Extract<State>,
    Path(id): Path<EventId>,
    MaybeIdentity(identity): MaybeIdentity,
) -> Result<Json<View>, Problem> {
    let event = known_event(&state, id).await?;
    let standing = match &identity {
        Some(identity) => store::standing(&state.desk.pool, id, identity.user_id).await?,
        None => None,
    };
    let can_leave = standing.is_some();
    // The same gates as for the claim itself. Nobody in particular is told what a verified person would be told.
    let verified = identity.as_ref().is_none_or(|it| it.email_verified);
    let by = Claimant::Newcomer { verified, already_in: can_leave, behind: false };
    let gates = event.gates(&Claim { party: PartySize::default(), by }, state.desk.clock.now());
    let reason = match gates {
        Err(refusal) => Some(refusal.problem().code().name),
        Ok(()) => identity.is_none().then_some(problem::UNAUTHENTICATED.name),
    };
    Ok(Json(View {
        places: event.places(),
        participation: identity.is_some().then(|| Participation::new(standing)),
        actions: Actions { can_join: reason.is_none(), can_leave, reason },
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    capacity: i32,
}

async fn hold_capacity(
    Extract(state): Extract<State>,
    Path(id): Path<EventId>,
    Json(wish): Json<Wish>,
) -> Result<StatusCode, Problem> {
    if wish.capacity < 0 {
        return Err(Problem::invalid("capacity", "must not be negative"));
    }
    state.desk.hold_capacity(id, wish.capacity).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ids {
    ids: String,
}

async fn places(
    Extract(state): Extract<State>,
    Query(Ids { ids }): Query<Ids>,
) -> Result<Json<HashMap<EventId, Places>>, Problem> {
    let ids: Vec<EventId> = ids
        .split(',')
        .filter(|id| !id.is_empty())
        .map(str::parse)
        .collect::<Result<_, _>>()
        .map_err(|_| Problem::invalid("ids", "must be ids of events, separated by commas"))?;
    if ids.len() > MANY {
        return Err(Problem::invalid("ids", format!("must not be more than {MANY}")));
    }
    Ok(Json(store::places_of(&state.desk.pool, &ids).await?))
}
