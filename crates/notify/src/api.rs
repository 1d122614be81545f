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
    calendar::{self, Method},
    store,
};

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(get_calendar))
}

/// Shows an event as a calendar entry (iCalendar).
///
/// The UID is the same as in mails, so that a calendar knows it for the same event.
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
    let event = store::event(&state.pool, id).await?.filter(|event| event.status != EventStatus::Draft);
    let event = event.ok_or_else(Problem::not_found)?;
    let link = format!("{}/events/{}/{}", state.links, event.id, event.slug);
    // The stamp says which revision it is; the moment of download says nothing.
    let text = calendar::entry(&event, Method::Publish, &link, event.starts_at);
    let name = format!("attachment; filename=\"{}.ics\"", event.slug);
    let fields = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/calendar; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment"))),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    Ok((fields, text).into_response())
}
