//! The web app: built files inside the binary, compressed when they were built.

use axum::{
    body::Body,
    extract::{Request, State as Extract},
    response::{IntoResponse as _, Response},
};
use platform::{
    http::{ETag, HeaderMap, HeaderValue, Method, StatusCode, header, not_modified},
    problem::{self, Problem},
};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::{State, page, session};

/// Read from disk in debug builds, part of the binary in release builds.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/dist"]
#[allow_missing = true]
struct Files;

/// Whatever no route answers: a file of the web app, or one of its pages.
pub async fn fallback(Extract(state): Extract<State>, request: Request) -> Response {
    let path = request.uri().path();
    if path.starts_with("/api/") || path.starts_with("/internal/") || path.starts_with("/assets/.") {
        return Problem::not_found().into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Problem::new(problem::METHOD_NOT_ALLOWED).into_response();
    }
    let name = path.trim_start_matches('/');
    // Pages are rendered, never handed out as they were built.
    if !name.is_empty()
        && !std::path::Path::new(name).extension().is_some_and(|it| it.eq_ignore_ascii_case("html"))
        && let Some(response) = file(name, request.headers())
    {
        return response;
    }
    if name.starts_with("assets/") {
        return Problem::not_found().into_response();
    }
    page::render(&state, path, session::has_cookie(&state, request.headers())).await
}

/// A known path, an unknown method.
pub async fn method_not_allowed() -> Response {
    Problem::new(problem::METHOD_NOT_ALLOWED).into_response()
}

/// A built file, in the best encoding that the browser takes. Names below `assets/` contain a hash of the content.
pub fn file(name: &str, headers: &HeaderMap) -> Option<Response> {
    let plain = Files::get(name)?;
    let etag = ETag::new(hash(&plain.metadata.sha256_hash()));
    let caching = if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let content_type = mime_guess::from_path(name).first_or_octet_stream();
    let content_type = match content_type.type_() {
        mime_guess::mime::TEXT => format!("{content_type}; charset=utf-8"),
        _ => content_type.to_string(),
    };
    let (encoding, body) = encoded(name, headers).map_or((None, plain), |(name, file)| (Some(name), file));
    let mut response = if not_modified(headers, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(body.data).into_response()
    };
    let fields = response.headers_mut();
    fields.insert(header::ETAG, etag.header());
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    fields.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(value) = HeaderValue::from_str(&content_type) {
        fields.insert(header::CONTENT_TYPE, value);
    }
    if let Some(encoding) = encoding {
        fields.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    Some(response)
}

fn encoded(name: &str, headers: &HeaderMap) -> Option<(&'static str, EmbeddedFile)> {
    let accepted = headers.get(header::ACCEPT_ENCODING)?.to_str().ok()?;
    let takes = |coding: &str| {
        accepted.split(',').any(|part| {
            let mut parts = part.split(';').map(str::trim);
            parts.next() == Some(coding)
                && parts.next().is_none_or(|quality| quality.trim_end_matches(['0', '.']) != "q=")
        })
    };
    [("br", "br"), ("gzip", "gz")].into_iter().find_map(|(coding, extension)| {
        takes(coding).then(|| Files::get(&format!("{name}.{extension}")))?.map(|it| (coding, it))
    })
}

/// The built page that is the frame of every screen.
pub fn index() -> Option<String> {
    Files::get("index.html").and_then(|file| String::from_utf8(file.data.into_owned()).ok())
}

/// Said instead of the web app where it was not built.
pub fn not_built() -> Response {
    (StatusCode::NOT_FOUND, "The web app is not part of this build. `./dev build` makes one that has it.\n")
        .into_response()
}

/// A short hash for validators.
pub fn hash(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    Sha256::digest(bytes).iter().take(10).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
