//! Events as the door shows and changes them: the page is composed of `events` and `joins`; a change waits until the other roles know.

mod change;
mod show;

use axum::{
    Router,
    routing::{patch, post},
};
use platform::http::Method;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::State;

/// Composed operations.
pub fn api() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(show::get_event))
}

const EVENT: &str = "/api/v1/events/{id}";
const PUBLISH: &str = "/api/v1/events/{id}/publish";
const UNPUBLISH: &str = "/api/v1/events/{id}/unpublish";
const CANCEL: &str = "/api/v1/events/{id}/cancel";

/// Operations that `events` answers and describes, and that the door adds something to.
pub fn wrapped_operations() -> impl Iterator<Item = (Method, String)> {
    [(Method::PATCH, EVENT), (Method::POST, PUBLISH), (Method::POST, UNPUBLISH), (Method::POST, CANCEL)]
        .into_iter()
        .map(|(method, path)| (method, path.to_owned()))
}

/// Routes of [`wrapped_operations`].
pub fn wrapped_routes() -> Router<State> {
    Router::new()
        .route(EVENT, patch(change::edit))
        .route(PUBLISH, post(change::transition))
        .route(UNPUBLISH, post(change::transition))
        .route(CANCEL, post(change::transition))
}
