//! Public operations.

use axum::{
    extract::State as Extract,
    response::{IntoResponse as _, Response},
};
use contracts::{EventId, events::EventStatus};
use platform::{
    http::{HeaderValue, Path, header},
    problem::{Problem, ProblemDocument},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    State,
    calendar::{Entry, Method},
    domain::is_address_public,
    store,
};

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(get_calendar))
}

/// Shows an event as a calendar entry (iCalendar).
///
/// The UID is the same as in mails, so that a calendar knows it for the same event. Where the organiser approves who comes, it names the
/// venue without its address: those with a place have the whole entry in their mail.
#[utoipa::path(
    get, path = "/api/v1/events/{id}/calendar.ics", tag = "notify", operation_id = "get_calendar",
    params(("id" = EventId, Path, description = "Which event.")),
    responses(
        (status = 200, description = "A calendar object.", body = String, content_type = "text/calendar"),
        (status = 404, description = "No such event, or not public.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security((), ("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("public"))),
)]
pub async fn get_calendar(Extract(state): Extract<State>, Path(id): Path<EventId>) -> Result<Response, Problem> {
    let known = store::event(&state.pool, id).await?.filter(|(event, _)| event.status != EventStatus::Draft);
    let (event, changed_at) = known.ok_or_else(Problem::not_found)?;
    let link = format!("{}/events/{}/{}", state.links, event.id, event.slug);
    let entry = Entry {
        event: &event,
        sequence: event.version,
        changed_at,
        exact: is_address_public(&event),
        method: Method::Publish,
        link: &link,
        sender: &state.sender,
    };
    let text = entry.to_string();
    let name = format!("attachment; filename=\"{}.ics\"", event.slug);
    let fields = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/calendar; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment"))),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    Ok((fields, text).into_response())
}
