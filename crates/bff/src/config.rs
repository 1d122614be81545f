//! What the web app has to know before anything else, and the developer's mailbox.

use axum::{Router, extract::State as Extract, routing::get};
use platform::{
    config::{Config, Mode},
    http::Json,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{State, roles};

/// Operations about the installation.
pub fn api() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(get_config))
}

/// About this installation.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicConfig {
    /// What it is called.
    #[schema(example = "CityEvents")]
    name: &'static str,
    /// `dev` shows the mailbox of mails that were not sent.
    #[schema(example = "dev")]
    mode: &'static str,
    /// Version of the program.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// Tells the web app about this installation.
#[utoipa::path(
    get,
    path = "/api/v1/config",
    tag = "platform",
    operation_id = "get_config",
    responses((status = 200, description = "About this installation.", body = PublicConfig)),
    security(()),
    extensions(("x-access" = json!("public"))),
)]
async fn get_config(Extract(state): Extract<State>) -> Json<PublicConfig> {
    let mode = match state.config.mode {
        Mode::Dev => "dev",
        Mode::Production => "production",
    };
    Json(PublicConfig { name: "CityEvents", mode, version: env!("CARGO_PKG_VERSION") })
}

/// The mailbox of mails that went to files; only where `mode = "dev"`.
pub fn dev_routes(config: &Config) -> Router<State> {
    if !config.is_dev() {
        return Router::new();
    }
    Router::new()
        .route(
            "/api/v1/dev/mails",
            get(|state, request| roles::forward_renamed("notify", "/internal/notify", state, request)),
        )
        .route(
            "/api/v1/dev/mails/{id}",
            get(|state, request| roles::forward_renamed("notify", "/internal/notify", state, request)),
        )
        .route(
            "/api/v1/dev/mails/{id}/html",
            get(|state, request| roles::forward_renamed("notify", "/internal/notify", state, request)),
        )
}
