//! What other roles ask.

use std::collections::HashMap;

use axum::{
    Router,
    extract::State as Extract,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use contracts::{EventId, UserId, events::EventStatus, joins::Places};
use platform::{
    http::{Json, Path, Query, StatusCode},
    identity::MaybeIdentity,
    problem::{self, Problem},
};
use serde::{Deserialize, Serialize};

use super::{door::is_steward, known_event, manages, place::Participation};
use crate::{
    State,
    desk::{self, Request},
    domain::{Answers, Claim, Claimant, Event, JoinStatus, Phase},
    store::{self, Forecast, Overlap},
};

/// Events that one question may be about.
const MANY: usize = 100;

/// Internal operations.
pub fn routes() -> Router<State> {
    Router::new()
        .route("/internal/joins/events/{id}", get(event))
        .route("/internal/joins/events/{id}/view", get(view))
        .route("/internal/joins/events/{id}/capacity-hold", post(hold_capacity).delete(release_capacity))
        .route("/internal/joins/places", get(places))
}

/// An event as joins knows it.
#[derive(Serialize)]
struct Known {
    /// Whether everybody may know of it.
    public: bool,
    /// Of the organiser's data.
    version: i64,
    /// Of the places; it grows with every change.
    revision: i64,
    places: Places,
}

async fn event(Extract(state): Extract<State>, Path(id): Path<EventId>) -> Result<Json<Known>, Problem> {
    let event = known_event(&state, id).await?;
    let public = event.status != EventStatus::Draft;
    Ok(Json(Known { public, version: event.version, revision: event.revision, places: event.places() }))
}

#[derive(Serialize)]
struct View {
    places: Places,
    participation: Option<Participation>,
    actions: Actions,
    line: Line,
    /// Other events at the same time, at which the person is in.
    overlaps: Vec<Overlap>,
}

#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent of each other")]
struct Actions {
    can_join: bool,
    can_leave: bool,
    /// Whether there is an offer to accept, or a free place to take from the line.
    can_claim: bool,
    can_check_in: bool,
    /// The code by which joining would be refused.
    reason: Option<&'static str>,
}

/// How the line moves at this event.
#[derive(Serialize)]
struct Line {
    /// `automatic`, `offers`, `open_claim`, or `closed`.
    phase: &'static str,
    /// When offers begin.
    cutoff_at: DateTime<Utc>,
    /// When free places go to whoever claims them first.
    open_claim_at: DateTime<Utc>,
    /// The next instant at which something is decided by itself.
    next_decision_at: Option<DateTime<Utc>>,
    forecast: Option<Forecast>,
}

async fn view(
    Extract(state): Extract<State>,
    Path(id): Path<EventId>,
    MaybeIdentity(identity): MaybeIdentity,
) -> Result<Json<View>, Problem> {
    let (pool, now) = (&state.desk.pool, state.desk.clock.now());
    let event = known_event(&state, id).await?;
    let places = if event.due_at.is_some_and(|at| at <= now) {
        store::places_of(pool, &[id], now).await?.remove(&id).unwrap_or_else(|| event.places())
    } else {
        event.places()
    };
    let (standing, overlaps, banned) = match &identity {
        Some(identity) => (
            store::standing(pool, id, identity.user_id, now).await?,
            if event.ends_at > now { store::overlaps(pool, &event, identity.user_id, now).await? } else { Vec::new() },
            event.banned > 0 && store::is_banned(pool, id, identity.user_id).await?,
        ),
        None => (None, Vec::new(), false),
    };
    let can_leave = standing.is_some();
    // The same gates as for the claim itself. Nobody in particular is told what a verified person would be told, and whoever might have an
    // invitation, or answers, is not told that they lack them.
    let verified = identity.as_ref().is_none_or(|it| it.email_verified);
    let by = Claimant::Newcomer { verified, already_in: can_leave, banned, invited: Some(true) };
    let mut asked = event.clone();
    asked.registration.questions.clear();
    let gates = asked.gates(&Claim { at_least: 1, size: 1, answers: &Answers::default(), by }, now);
    let reason = match gates {
        Err(refusal) => Some(refusal.problem().code().name),
        Ok(()) => identity.is_none().then_some(problem::UNAUTHENTICATED.name),
    };
    let can_check_in = match &identity {
        Some(identity) => manages(&event, identity) || is_steward(&state, &event, identity.user_id).await?,
        None => false,
    };
    let phase = event.phase(now);
    let free = places.capacity.map_or(i32::MAX, |capacity| capacity - places.confirmed - places.held);
    let can_claim = standing.as_ref().is_some_and(|it| match it.status {
        JoinStatus::Offered => !matches!(phase, Phase::Closed(_)),
        JoinStatus::Waitlisted => phase == Phase::OpenClaim && it.at_least <= free,
        _ => false,
    });
    let waits = standing.as_ref().is_some_and(|it| it.status == JoinStatus::Waitlisted);
    let forecast = if places.waitlisted > 0 || waits { store::forecast(pool, event.organiser_id).await? } else { None };
    Ok(Json(View {
        places,
        participation: identity.is_some().then(|| Participation::new(standing)),
        actions: Actions { can_join: reason.is_none(), can_leave, can_claim, can_check_in, reason },
        line: line(&event, phase, forecast, now),
        overlaps,
    }))
}

fn line(event: &Event, phase: Phase, forecast: Option<Forecast>, now: DateTime<Utc>) -> Line {
    let cutoff_at = event.registration.cutoff(event.starts_at);
    let open_claim_at = event.registration.open_claim(event.starts_at);
    let next_decision_at = match phase {
        Phase::Automatic => Some(cutoff_at),
        Phase::Offers => event.due_at.filter(|at| *at > now).or(Some(open_claim_at)),
        Phase::OpenClaim | Phase::Closed(_) => None,
    };
    let phase = match phase {
        Phase::Automatic => "automatic",
        Phase::Offers => "offers",
        Phase::OpenClaim => "open_claim",
        Phase::Closed(_) => "closed",
    };
    Line { phase, cutoff_at, open_claim_at, next_decision_at, forecast }
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
) -> Result<Response, Problem> {
    if wish.capacity < 0 {
        return Err(Problem::invalid("capacity", "must not be negative"));
    }
    if store::event(&state.desk.pool, id).await?.is_none() {
        return Ok(StatusCode::NO_CONTENT.into_response()); // never published: nobody has a place
    }
    ask(&state, id, desk::Wish::Hold { capacity: wish.capacity }).await
}

async fn release_capacity(
    Extract(state): Extract<State>,
    Path(id): Path<EventId>,
    Json(wish): Json<Wish>,
) -> Result<Response, Problem> {
    ask(&state, id, desk::Wish::Release { capacity: wish.capacity }).await
}

async fn ask(state: &State, id: EventId, wish: desk::Wish) -> Result<Response, Problem> {
    let request = Request { event_id: id, user_id: UserId(id.0), key: None };
    let answer = state.lanes.ask(request, wish).await?;
    Ok(if answer.status.is_success() { StatusCode::NO_CONTENT.into_response() } else { answer.into_response() })
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
    Ok(Json(store::places_of(&state.desk.pool, &ids, state.desk.clock.now()).await?))
}
