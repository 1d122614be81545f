//! The viewer's own lists, each composed of two roles.

use axum::{
    extract::{OriginalUri, State as Extract},
    response::{IntoResponse as _, Response},
};
use contracts::{EventId, JoinId, joins::Places};
use platform::{
    http::{HeaderMap, Json, Page, PageQuery, header},
    identity::Identity,
    problem::{Problem, ProblemDocument},
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{AllOfBuilder, ObjectBuilder, OneOfBuilder, Ref, RefOr, Schema, Type},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{State, call};

/// Composed operations.
pub fn api() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(my_joins)).routes(routes!(my_events))
}

/// One of the viewer's places.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyPlace {
    /// Which join.
    join_id: JoinId,
    /// At which event.
    event_id: EventId,
    /// `confirmed`, `offered`, `waitlisted`, `pending`, or `cancelled` with the event.
    #[schema(example = "confirmed")]
    status: String,
    /// Place in the line, 1 is its head.
    #[schema(required)]
    position: Option<i32>,
    /// The viewer and their guests.
    party_size: i32,
    /// RFC 3339.
    joined_at: String,
    /// What the viewer has to do by `due_at` to stay in: `offer` (accept it), `answers` or `reconfirmation`.
    #[schema(required)]
    due_for: Option<String>,
    /// RFC 3339; when it is too late.
    #[schema(required)]
    due_at: Option<String>,
    /// The event; `null` when it cannot be had just now.
    #[schema(required, schema_with = nullable_card)]
    event: Option<Value>,
}

fn nullable_card() -> RefOr<Schema> {
    OneOfBuilder::new().item(Ref::from_schema_name("Card")).item(ObjectBuilder::new().schema_type(Type::Null)).into()
}

/// One of the events that the viewer organises.
#[derive(Debug)]
pub struct MyEvent;

/// How full it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyEventParts {
    /// `null` when it cannot be had just now.
    #[schema(required)]
    places: Option<Places>,
}

impl PartialSchema for MyEvent {
    fn schema() -> RefOr<Schema> {
        AllOfBuilder::new().item(Ref::from_schema_name("Event")).item(Ref::from_schema_name("MyEventParts")).into()
    }
}

impl ToSchema for MyEvent {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((MyEventParts::name().into_owned(), MyEventParts::schema()));
        MyEventParts::schemas(schemas);
    }
}

/// Lists the viewer's places, with the events.
#[utoipa::path(
    get,
    path = "/api/v1/me/joins",
    tag = "joins",
    operation_id = "list_my_joins",
    params(("when" = Option<String>, Query, description = "`upcoming` (the default) or `past`.", example = "upcoming"), PageQuery),
    responses(
        (status = 200, description = "A page of places; soonest first, past ones latest first.", body = Page<MyPlace>),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A parameter needs another value.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("user"))),
)]
pub async fn my_joins(
    Extract(state): Extract<State>,
    _: Identity,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (mut page, ids) = match list(&state, "joins", &uri, &headers, "event_id").await? {
        Ok(page) => page,
        Err(refusal) => return Ok(*refusal),
    };
    let path = format!("/internal/feed/cards?ids={}", ids.join(","));
    let cards = part(&state, "feed", &path, &headers, ids.is_empty()).await;
    for item in &mut page.items {
        let id = item.get("event_id").and_then(Value::as_str).unwrap_or_default();
        let card = cards["items"].as_array().into_iter().flatten().find(|card| card["id"] == id);
        let card = card.cloned().unwrap_or(Value::Null);
        item.insert("event".to_owned(), card);
    }
    Ok(private(page))
}

/// Lists the events that the viewer organises, drafts included, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/me/events",
    tag = "events",
    operation_id = "list_my_events",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of events.", body = Page<MyEvent>),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A parameter needs another value.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("user"))),
)]
pub async fn my_events(
    Extract(state): Extract<State>,
    _: Identity,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (mut page, ids) = match list(&state, "events", &uri, &headers, "id").await? {
        Ok(page) => page,
        Err(refusal) => return Ok(*refusal),
    };
    let path = format!("/internal/joins/places?ids={}", ids.join(","));
    let places = part(&state, "joins", &path, &headers, ids.is_empty()).await;
    for item in &mut page.items {
        let known = item.get("id").and_then(Value::as_str).and_then(|id| places.get(id)).cloned();
        // Joins knows nothing of an event that was never published: nobody has joined it.
        let fresh = json!({ "capacity": item.get("capacity"), "confirmed": 0, "waitlisted": 0, "held": 0 });
        let places = known.unwrap_or(if places.is_null() { Value::Null } else { fresh });
        item.insert("places".to_owned(), places);
    }
    Ok(private(page))
}

type Items = (Page<Map<String, Value>>, Vec<String>);

/// The list itself, and the ids by which the other role is asked.
async fn list(
    state: &State,
    role: &'static str,
    uri: &platform::http::Uri,
    headers: &HeaderMap,
    id: &str,
) -> Result<Result<Items, Box<Response>>, Problem> {
    let path = uri.path_and_query().map_or("/", |it| it.as_str());
    let answer = call::get(state.role(role), path, headers, call::DEADLINE).await?;
    let answer = match call::success(answer) {
        Ok(answer) => answer,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let page: Page<Map<String, Value>> = answer.json()?;
    let ids = page.items.iter().filter_map(|item| item.get(id)?.as_str().map(str::to_owned)).collect();
    Ok(Ok((page, ids)))
}

/// A part that the list can do without; `null` if it could not be had.
async fn part(state: &State, role: &'static str, path: &str, headers: &HeaderMap, unneeded: bool) -> Value {
    if unneeded {
        return json!({});
    }
    match call::get(state.role(role), path, headers, call::PART_DEADLINE).await {
        Ok(answer) if answer.status.is_success() => answer.json().unwrap_or(Value::Null),
        _ => Value::Null,
    }
}

fn private(page: Page<Map<String, Value>>) -> Response {
    ([(header::CACHE_CONTROL, "private, no-cache")], Json(page)).into_response()
}
