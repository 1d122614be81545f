//! Public operations.

mod card;
mod lists;
mod parameters;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::State;

pub use card::Card;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(lists::list_events))
        .routes(routes!(lists::get_facets))
        .routes(routes!(lists::get_feed))
}
