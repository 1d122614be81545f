//! The API description and its page.

use axum::{
    Router,
    extract::State as Extract,
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use platform::http::{ETag, HeaderMap, HeaderValue, StatusCode, header, not_modified};

use crate::{State, web};

/// The merged description as it is served.
#[derive(Debug)]
pub struct Document {
    json: String,
    etag: ETag,
}

impl Document {
    pub fn new(json: String) -> Self {
        let etag = ETag::new(web::hash(json.as_bytes()));
        Self { json, etag }
    }
}

pub fn routes() -> Router<State> {
    Router::new()
        .route("/api/openapi.json", get(openapi))
        .route("/api/docs", get(page))
        .route("/api", get(|| async { Redirect::permanent("/api/docs") }))
}

async fn openapi(Extract(state): Extract<State>, headers: HeaderMap) -> Response {
    let document = &state.openapi;
    let fields = [
        (header::ETAG, document.etag.header()),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
    ];
    if not_modified(&headers, &document.etag) {
        return (StatusCode::NOT_MODIFIED, fields).into_response();
    }
    (fields, document.json.clone()).into_response()
}

async fn page(headers: HeaderMap) -> Response {
    web::file("docs.html", &headers).unwrap_or_else(web::not_built)
}
