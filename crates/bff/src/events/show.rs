use axum::{
    extract::State as Extract,
    response::{IntoResponse as _, Response},
};
use contracts::{EventId, joins::Places};
use platform::{
    http::{ETag, HeaderMap, Path, StatusCode, header, not_modified},
    identity::MaybeIdentity,
    problem::{Problem, ProblemDocument},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{AllOfBuilder, ObjectBuilder, OneOfBuilder, Ref, RefOr, Schema, Type},
};

use crate::{State, call};

/// What `joins` says of an event, for its page.
#[derive(Debug, Serialize, Deserialize)]
pub struct View {
    places: Places,
    participation: Option<Value>,
    actions: Value,
    line: Value,
    overlaps: Value,
}

/// The part of an event's page that comes from elsewhere than the event itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventPageParts {
    /// How full it is; `null` when it cannot be had just now.
    #[schema(required)]
    places: Option<Places>,
    /// The viewer's own place; `null` for those who are not signed in.
    #[schema(required)]
    #[schema(schema_with = nullable_participation)]
    participation: Value,
    /// What the viewer may do.
    actions: Actions,
    /// How the line moves; `null` when it cannot be had just now.
    #[schema(required)]
    line: Option<PageLine>,
    /// Other events at the same time, at which the viewer is in.
    overlaps: Vec<PageOverlap>,
    /// Names of the parts that could not be had: `places`, `participation`.
    #[schema(example = json!([]))]
    degraded: Vec<String>,
}

/// How the line moves at an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageLine {
    /// How free places are given: to the line by themselves, by offers, to whoever claims them first, or not at all.
    phase: LinePhase,
    /// RFC 3339; when offers begin.
    cutoff_at: String,
    /// RFC 3339; when free places go to whoever claims them first.
    open_claim_at: String,
    /// RFC 3339; the next instant at which something is decided by itself.
    #[schema(required)]
    next_decision_at: Option<String>,
    /// What usually happens in the lines of this organiser's events; `null` if too little is known.
    #[schema(required)]
    forecast: Option<LineForecast>,
}

/// How free places are given at a moment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes what `joins` answers")]
pub enum LinePhase {
    /// To the line, by themselves.
    Automatic,
    /// To the line, by offers that want to be accepted.
    Offers,
    /// To whoever claims them first.
    OpenClaim,
    /// Not at all.
    Closed,
}

/// What usually happens in the lines of an organiser's events.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineForecast {
    /// In half of the events, the line moved at least as far.
    #[schema(example = 14)]
    usually_reaches: i32,
    /// Of how many past events this is said; 3 to 10.
    #[schema(example = 5)]
    of_events: i32,
}

/// Another event at the same time.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageOverlap {
    /// Which event.
    event_id: EventId,
    /// Its title.
    title: String,
    /// The readable part of its address.
    slug: String,
    /// RFC 3339, UTC.
    starts_at: String,
    /// RFC 3339, UTC.
    ends_at: String,
    /// Where the viewer stands there.
    status: ParticipationStatus,
}

fn nullable_participation() -> RefOr<Schema> {
    OneOfBuilder::new()
        .item(Ref::from_schema_name("Participation"))
        .item(ObjectBuilder::new().schema_type(Type::Null))
        .into()
}

/// Where the viewer stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes what `joins` answers")]
pub enum ParticipationStatus {
    /// Waits for the organiser's approval.
    Pending,
    /// In the line.
    Waitlisted,
    /// A place is kept for a while.
    Offered,
    /// Has a place.
    Confirmed,
}

/// What the viewer may do.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "independent of each other")]
pub struct Actions {
    /// Whether joining would be taken (it may lead to the line).
    can_join: bool,
    /// Whether there is something to leave.
    can_leave: bool,
    /// Whether there is an offer to accept, or a free place to take from the line.
    can_claim: bool,
    /// Whether they may edit the event.
    can_edit: bool,
    /// Whether they may stand at the door.
    can_check_in: bool,
    /// A code that says why they cannot join.
    #[schema(required, example = "event_not_open")]
    reason: Option<String>,
}

/// An event's page: the event and [`EventPageParts`].
#[derive(Debug)]
pub struct EventPage;

impl PartialSchema for EventPage {
    fn schema() -> RefOr<Schema> {
        AllOfBuilder::new()
            .item(Ref::from_schema_name("Event"))
            .item(Ref::from_schema_name("EventPageParts"))
            .description(Some("An event, how full it is, and what the viewer has to do with it."))
            .into()
    }
}

impl ToSchema for EventPage {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((EventPageParts::name().into_owned(), EventPageParts::schema()));
        EventPageParts::schemas(schemas);
    }
}

/// Shows an event.
///
/// Published and cancelled events are public; a draft is shown to its organiser and to moderators, and is 404 for everybody else. Parts
/// that could not be had are named in `degraded`.
#[utoipa::path(
    get,
    path = "/api/v1/events/{id}",
    tag = "events",
    operation_id = "get_event",
    params(("id" = EventId, Path, description = "Which event.")),
    responses(
        (status = 200, description = "The event.", body = EventPage, headers(("ETag" = String, description = "Send it as `If-Match` to edit, as `If-None-Match` to read again."))),
        (status = 304, description = "Nothing has changed since."),
        (status = 404, description = "No such event, or not for you.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security((), ("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("public"))),
)]
pub async fn get_event(
    Extract(state): Extract<State>,
    Path(id): Path<EventId>,
    MaybeIdentity(identity): MaybeIdentity,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (event_path, view_path) = (format!("/internal/events/{id}"), format!("/internal/joins/events/{id}/view"));
    let (event, view) = tokio::join!(
        call::get(state.role("events"), &event_path, &headers, call::DEADLINE),
        call::get(state.role("joins"), &view_path, &headers, call::PART_DEADLINE),
    );
    let event = match call::success(event?) {
        Ok(event) => event,
        Err(refusal) => return Ok(*refusal),
    };
    let mut page: Map<String, Value> = event.json()?;
    let view = match view {
        Ok(view) if view.status.is_success() => Some(view.json::<View>()?),
        // Joins has not heard of it: a draft, or published this very moment.
        Ok(view) if view.status == StatusCode::NOT_FOUND => Some(unheard(&page)),
        _ => None,
    };
    let can_edit =
        identity.as_ref().is_some_and(|it| it.is_moderator() || page["organiser"]["id"] == json!(it.user_id));
    let degraded: &[&str] = if view.is_some() { &[] } else { &["places", "participation"] };
    let mut actions =
        json!({ "can_join": false, "can_leave": false, "can_claim": false, "can_check_in": false, "reason": null });
    if let Some(view) = view {
        page.insert("places".to_owned(), json!(view.places));
        page.insert("participation".to_owned(), json!(view.participation));
        page.insert("line".to_owned(), view.line);
        page.insert("overlaps".to_owned(), view.overlaps);
        actions = view.actions;
    } else {
        page.insert("line".to_owned(), Value::Null);
        page.insert("overlaps".to_owned(), json!([]));
        page.insert("places".to_owned(), Value::Null);
        page.insert("participation".to_owned(), Value::Null);
        actions["reason"] = json!("unavailable");
    }
    actions["can_edit"] = json!(can_edit && page["status"] != "cancelled");
    page.insert("actions".to_owned(), actions);
    page.insert("degraded".to_owned(), json!(degraded));
    Ok(answer(&page, &headers))
}

fn unheard(event: &Map<String, Value>) -> View {
    let capacity = event["capacity"].as_i64().and_then(|capacity| i32::try_from(capacity).ok());
    View {
        places: Places { capacity, confirmed: 0, waitlisted: 0, held: 0 },
        participation: None,
        actions: json!({ "can_join": false, "can_leave": false, "can_claim": false, "can_check_in": false, "reason": "event_not_open" }),
        line: Value::Null,
        overlaps: json!([]),
    }
}

fn answer(page: &Map<String, Value>, headers: &HeaderMap) -> Response {
    let body = serde_json::to_vec(page).unwrap_or_default();
    let hash = Sha256::digest(&body).iter().take(8).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let etag = ETag::new(format!("{}.{hash}", page["version"]));
    let fields = [
        (header::ETAG, etag.header()),
        (header::CACHE_CONTROL, platform::http::HeaderValue::from_static("private, no-cache")),
        (header::CONTENT_TYPE, platform::http::HeaderValue::from_static("application/json")),
    ];
    if not_modified(headers, &etag) {
        return (StatusCode::NOT_MODIFIED, fields).into_response();
    }
    (fields, body).into_response()
}
