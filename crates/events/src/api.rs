//! The operations. Every change locks the event's row, takes a step of its life, and records it, in one transaction.

use axum::{Router, extract::State as Extract, routing::get};
use chrono::DateTime;
use contracts::{EventId, events::EventStatus};
use platform::{
    http::{ETag, HeaderName, HeaderValue, IfMatch, Json, Page, PageQuery, Path, Query, StatusCode, header},
    identity::{Identity, MaybeIdentity},
    problem::{self, Problem, ProblemDocument},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    State,
    domain::{Event, Step},
    error,
    request::{Cancellation, EventChanges, NewEvent, Nothing},
    store,
    view::{EventView, HistoryEntry},
};

/// Public operations that this role answers, but for those that the public door composes.
pub fn api() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(create_event))
        .routes(routes!(edit_event))
        .routes(routes!(publish_event))
        .routes(routes!(unpublish_event))
        .routes(routes!(cancel_event))
        .routes(routes!(list_event_history))
}

/// What the public door composes its answers from.
pub fn internal() -> Router<State> {
    Router::new().route("/internal/events/{id}", get(show)).route("/api/v1/me/events", get(mine))
}

type Answer = ([(HeaderName, HeaderValue); 1], Json<EventView>);

/// Nobody sees more of it than they may.
fn answer(state: &State, event: Event, identity: Option<&Identity>) -> Answer {
    let manages = identity.is_some_and(|identity| may_manage(&event, identity));
    ([(header::ETAG, ETag::new(event.version).header())], Json(EventView::new(event, manages, &state.renderer)))
}

/// Creates a draft.
///
/// Only its organiser and moderators see it until it is published.
#[utoipa::path(
    post,
    path = "/api/v1/events",
    tag = "events",
    operation_id = "create_event",
    request_body = NewEvent,
    responses(
        (status = 201, description = "The draft.", body = EventView, headers(("ETag" = String, description = "Its version."), ("Location" = String, description = "Its address."))),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "`email_not_verified`", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A field needs another value; `errors` names it.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("user"))),
)]
async fn create_event(
    Extract(state): Extract<State>,
    identity: Identity,
    Json(event): Json<NewEvent>,
) -> Result<(StatusCode, [(HeaderName, HeaderValue); 1], Answer), Problem> {
    if !identity.email_verified {
        return Err(Problem::new(error::EMAIL_NOT_VERIFIED));
    }
    let now = state.clock.now();
    let (event, step) = Event::draft(event.details()?, identity.user_id, identity.display_name.clone(), now);
    let mut tx = state.pool.begin().await?;
    store::insert(&mut tx, &event, None).await?;
    store::record(&mut tx, &state.outbox, event.id, identity.user_id, now, &step).await?;
    state.outbox.commit(tx).await?;
    let location =
        HeaderValue::from_str(&format!("/api/v1/events/{}", event.id)).map_err(|error| Problem::internal(&error))?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], answer(&state, event, Some(&identity))))
}

/// Edits an event.
///
/// Absent fields stay, `null` clears; `registration` is replaced as a whole. Where nothing differs there is no new version. People with a
/// place are told when time or place of a published event change.
#[utoipa::path(
    patch,
    path = "/api/v1/events/{id}",
    tag = "events",
    operation_id = "edit_event",
    params(
        ("id" = EventId, Path, description = "Which event."),
        ("If-Match" = String, Header, description = "The ETag that you read: your change is refused if somebody was faster.", example = "\"3\""),
    ),
    request_body = EventChanges,
    responses(
        (status = 200, description = "The event.", body = EventView, headers(("ETag" = String, description = "Its version."))),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not your event.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event, or not for you.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "`wrong_state`: it is cancelled. `capacity_below_confirmed`: more people have a place.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "Somebody changed it in the meantime.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A field needs another value; `errors` names it.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 428, description = "`If-Match` is missing.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("organiser"))),
)]
async fn edit_event(
    Extract(state): Extract<State>,
    Path(id): Path<EventId>,
    identity: Identity,
    if_match: IfMatch,
    Json(changes): Json<EventChanges>,
) -> Result<Answer, Problem> {
    let version = if_match.required()?;
    let now = state.clock.now();
    change(&state, id, &identity, version, |event| {
        let accept_overbooking = changes.accept_overbooking;
        let details = changes.apply(&event.details)?;
        Ok(event.edit(details, accept_overbooking, now)?.into_iter().collect())
    })
    .await
}

/// Publishes a draft.
///
/// From now on everybody can find it, and join until it starts.
#[utoipa::path(
    post,
    path = "/api/v1/events/{id}/publish",
    tag = "events",
    operation_id = "publish_event",
    params(
        ("id" = EventId, Path, description = "Which event."),
        ("If-Match" = Option<String>, Header, description = "The ETag that you read.", example = "\"3\""),
    ),
    responses(
        (status = 200, description = "The event.", body = EventView, headers(("ETag" = String, description = "Its version."))),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not your event.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event, or not for you.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "`wrong_state`: it is no draft. `starts_in_the_past`", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "Somebody changed it in the meantime.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Something is missing; `errors` names it.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("organiser"))),
)]
async fn publish_event(
    Extract(state): Extract<State>,
    Path(id): Path<EventId>,
    identity: Identity,
    if_match: IfMatch,
    _: Json<Nothing>,
) -> Result<Answer, Problem> {
    let now = state.clock.now();
    change(&state, id, &identity, if_match.optional(), |event| Ok(event.publish(now)?)).await
}

/// Withdraws a published event.
///
/// It is a draft again: nobody finds it, nobody can join. Those who have a place keep it.
#[utoipa::path(
    post,
    path = "/api/v1/events/{id}/unpublish",
    tag = "events",
    operation_id = "unpublish_event",
    params(
        ("id" = EventId, Path, description = "Which event."),
        ("If-Match" = Option<String>, Header, description = "The ETag that you read.", example = "\"3\""),
    ),
    responses(
        (status = 200, description = "The event.", body = EventView, headers(("ETag" = String, description = "Its version."))),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not your event.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event, or not for you.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "`wrong_state`: it is not published.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "Somebody changed it in the meantime.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("organiser"))),
)]
async fn unpublish_event(
    Extract(state): Extract<State>,
    Path(id): Path<EventId>,
    identity: Identity,
    if_match: IfMatch,
    _: Json<Nothing>,
) -> Result<Answer, Problem> {
    let now = state.clock.now();
    change(&state, id, &identity, if_match.optional(), |event| Ok(vec![event.unpublish(now)?])).await
}

/// Calls an event off, for good.
///
/// Everybody who has a place, or waits for one, is told.
#[utoipa::path(
    post,
    path = "/api/v1/events/{id}/cancel",
    tag = "events",
    operation_id = "cancel_event",
    params(
        ("id" = EventId, Path, description = "Which event."),
        ("If-Match" = Option<String>, Header, description = "The ETag that you read.", example = "\"3\""),
    ),
    request_body(content = Option<Cancellation>, description = "May be left out."),
    responses(
        (status = 200, description = "The event.", body = EventView, headers(("ETag" = String, description = "Its version."))),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not your event.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event, or not for you.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "`wrong_state`: it was never published, or is cancelled already.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "Somebody changed it in the meantime.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The reason is too long.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("organiser"))),
)]
async fn cancel_event(
    Extract(state): Extract<State>,
    Path(id): Path<EventId>,
    identity: Identity,
    if_match: IfMatch,
    Json(cancellation): Json<Cancellation>,
) -> Result<Answer, Problem> {
    let now = state.clock.now();
    let reason = cancellation.reason();
    change(&state, id, &identity, if_match.optional(), |event| Ok(vec![event.cancel(reason, now)?])).await
}

/// Lists an event's versions, newest first: who did what and when.
#[utoipa::path(
    get,
    path = "/api/v1/events/{id}/history",
    tag = "events",
    operation_id = "list_event_history",
    params(("id" = EventId, Path, description = "Which event."), PageQuery),
    responses(
        (status = 200, description = "A page of versions.", body = Page<HistoryEntry>),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not your event.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such event, or not for you.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A parameter needs another value.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("organiser"))),
)]
async fn list_event_history(
    Extract(state): Extract<State>,
    Path(id): Path<EventId>,
    identity: Identity,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<HistoryEntry>>, Problem> {
    let before = page.cursor.map(|cursor| cursor.key()).transpose()?;
    let event = store::get(&state.pool, id).await?;
    manageable(event, &identity)?;
    let entries = store::history(&state.pool, id, before, page.limit.rows()).await?;
    Ok(Json(Page::new(entries, page.limit, |entry| entry.version)))
}

/// The event for the public door, which adds what other roles know.
async fn show(
    Extract(state): Extract<State>,
    Path(id): Path<EventId>,
    MaybeIdentity(identity): MaybeIdentity,
) -> Result<Answer, Problem> {
    let event = store::get(&state.pool, id).await?;
    event
        .filter(|event| may_see(event, identity.as_ref()))
        .map(|event| answer(&state, event, identity.as_ref()))
        .ok_or_else(Problem::not_found)
}

/// The events that the caller organises, for the public door.
async fn mine(
    Extract(state): Extract<State>,
    identity: Identity,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<EventView>>, Problem> {
    // Microseconds are what the database keeps; a timestamp out of its range is nobody's cursor.
    let after = match page.cursor {
        None => None,
        Some(cursor) => {
            let (micros, id): (i64, EventId) = cursor.key()?;
            let created_at = DateTime::from_timestamp_micros(micros).filter(|_| (0..1 << 53).contains(&micros));
            Some((created_at.ok_or_else(|| Problem::invalid("cursor", "is not a cursor of this list"))?, id))
        }
    };
    let events = store::of_organiser(&state.pool, identity.user_id, after, page.limit.rows()).await?;
    let page = Page::new(events, page.limit, |event| (event.created_at.timestamp_micros(), event.id));
    Ok(Json(page.map(|event| EventView::new(event, true, &state.renderer))))
}

/// Whether the event is there for them: a draft is its organiser's and the moderators' business.
fn may_see(event: &Event, identity: Option<&Identity>) -> bool {
    event.status != EventStatus::Draft || identity.is_some_and(|identity| may_manage(event, identity))
}

fn may_manage(event: &Event, identity: &Identity) -> bool {
    event.organiser_id == identity.user_id || identity.is_moderator()
}

/// The event, if they may manage it. What they may not even see is not there for them.
fn manageable(event: Option<Event>, identity: &Identity) -> Result<Event, Problem> {
    let event = event.filter(|event| may_see(event, Some(identity))).ok_or_else(Problem::not_found)?;
    if may_manage(&event, identity) { Ok(event) } else { Err(Problem::new(problem::FORBIDDEN)) }
}

/// Takes steps of an event's life; none where nothing differs.
async fn change(
    state: &State,
    id: EventId,
    identity: &Identity,
    version: Option<i64>,
    steps: impl FnOnce(&mut Event) -> Result<Vec<Step>, Problem>,
) -> Result<Answer, Problem> {
    let mut tx = state.pool.begin().await?;
    let mut event = manageable(store::lock(&mut tx, id).await?, identity)?;
    if version.is_some_and(|version| version != event.version) {
        return Err(Problem::new(problem::PRECONDITION_FAILED));
    }
    let steps = steps(&mut event)?;
    if !steps.is_empty() {
        store::update(&mut tx, &event).await?;
        for step in &steps {
            store::record(&mut tx, &state.outbox, id, identity.user_id, state.clock.now(), step).await?;
        }
    }
    state.outbox.commit(tx).await?;
    Ok(answer(state, event, Some(identity)))
}
