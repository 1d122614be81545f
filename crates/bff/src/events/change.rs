use std::time::Duration;

use axum::{
    extract::{OriginalUri, State as Extract},
    response::Response,
};
use bytes::Bytes;
use contracts::{EventId, events::EventStatus};
use platform::{
    http::{HeaderMap, Method, Path, StatusCode, header},
    identity::Identity,
    problem::Problem,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    State,
    body::Whole,
    call::{self, RoleAnswer},
};

/// The longest that an answer waits for the other roles to know of the change; they will, later, in any case.
const CATCH_UP: Duration = Duration::from_secs(2);

/// Edits an event. Before `events` takes a lower capacity, `joins` has to agree: it refuses what is below the number of confirmed
/// places, and gives out no place above the new capacity from then on, so that nothing can slip in between. If `events` refuses, `joins` is
/// told; if that fails, or nobody knows what `events` did, what was agreed lapses by itself.
pub async fn edit(
    Extract(state): Extract<State>,
    Path(id): Path<EventId>,
    identity: Identity,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Whole(body): Whole,
) -> Result<Response, Problem> {
    let mut agreed = None;
    if let Some(capacity) = wished_capacity(&body)
        && lowers(&state, id, capacity, &identity, &headers).await?
    {
        let held = hold(&state, Method::POST, id, capacity, &headers).await?;
        if let Err(refusal) = call::success(held) {
            return Ok(*refusal);
        }
        agreed = Some(capacity);
    }
    let answer = pass(&state, id, Method::PATCH, uri.path(), headers.clone(), body).await?;
    if let Some(capacity) = agreed.filter(|_| answer.status().is_client_error())
        && let Err(problem) = hold(&state, Method::DELETE, id, capacity, &headers).await
    {
        tracing::warn!(event.id = %id, ?problem, "places are kept back until the hold lapses");
    }
    Ok(answer)
}

async fn hold(
    state: &State,
    method: Method,
    id: EventId,
    capacity: i64,
    headers: &HeaderMap,
) -> Result<RoleAnswer, Problem> {
    let path = format!("/internal/joins/events/{id}/capacity-hold");
    call::send_json(state.role("joins"), method, &path, headers, &json!({ "capacity": capacity }), call::DEADLINE).await
}

/// Publishes, unpublishes or cancels.
pub async fn transition(
    Extract(state): Extract<State>,
    Path(id): Path<EventId>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Whole(body): Whole,
) -> Result<Response, Problem> {
    pass(&state, id, Method::POST, uri.path(), headers, body).await
}

/// The capacity that the edit asks for, unless the organiser accepts overbooking. What is not well-formed is for `events` to refuse.
fn wished_capacity(body: &[u8]) -> Option<i64> {
    let wish: Value = serde_json::from_slice(body).ok()?;
    if wish["accept_overbooking"] == true {
        return None;
    }
    wish["capacity"].as_i64().filter(|capacity| (0..=1_000_000).contains(capacity))
}

/// Whether this would be less than there is, and they may wish it: nobody else's wish holds places back.
async fn lowers(
    state: &State,
    id: EventId,
    capacity: i64,
    identity: &Identity,
    headers: &HeaderMap,
) -> Result<bool, Problem> {
    let event = call::get(state.role("events"), &format!("/internal/events/{id}"), headers, call::DEADLINE).await?;
    if event.status != StatusCode::OK {
        return Ok(false);
    }
    let event: Value = event.json()?;
    let may = identity.is_moderator() || event["organiser"]["id"] == json!(identity.user_id);
    Ok(may && event["capacity"].as_i64().is_none_or(|present| capacity < present))
}

#[derive(Deserialize)]
struct Changed {
    version: i64,
    status: EventStatus,
    published_at: Option<String>,
}

impl Changed {
    /// Whether the other roles are told: not of a draft that is edited, nor of one that was never public.
    fn is_told(&self, method: &Method) -> bool {
        self.published_at.is_some() && (self.status != EventStatus::Draft || method != Method::PATCH)
    }
}

#[derive(Deserialize)]
struct Known {
    version: i64,
}

async fn pass(
    state: &State,
    id: EventId,
    method: Method,
    path: &str,
    mut headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::TRANSFER_ENCODING);
    let answer = call::send(state.role("events"), method.clone(), path, &headers, body, call::DEADLINE).await?;
    if answer.status.is_success()
        && let Ok(changed) = answer.json::<Changed>()
        && changed.is_told(&method)
    {
        let version = changed.version;
        let (joins, feed) = (format!("/internal/joins/events/{id}"), format!("/internal/feed/events/{id}"));
        tokio::join!(caught_up(state, "joins", &joins, version), caught_up(state, "feed", &feed, version));
    }
    Ok(answer.into_response())
}

/// Waits until the role knows the version, so that the organiser sees what they just did.
async fn caught_up(state: &State, role: &'static str, path: &str, version: i64) {
    let deadline = Instant::now() + CATCH_UP;
    let mut pause = Duration::from_millis(5);
    while Instant::now() < deadline {
        let known = call::get(state.role(role), path, &HeaderMap::new(), CATCH_UP).await;
        if known.is_ok_and(|it| it.status.is_success() && it.json::<Known>().is_ok_and(|it| it.version >= version)) {
            return;
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}
