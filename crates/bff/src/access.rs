//! One log line a request, written at the boundary.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};

/// Logs method, route template, status and duration; never paths with ids in them, addresses or tokens.
pub async fn log(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    let status = response.status();
    let ms = started.elapsed().as_secs_f64() * 1000.0;
    if status.is_server_error() {
        tracing::warn!(http.method = %method, http.route = route, http.status = status.as_u16(), duration_ms = ms, "request");
    } else {
        tracing::info!(http.method = %method, http.route = route, http.status = status.as_u16(), duration_ms = ms, "request");
    }
    response
}
