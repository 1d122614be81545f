//! The covers over HTTP. The address of a cover names everything it depends on, so it may be cached for ever, by anybody.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use contracts::Category;
use platform::problem::Problem;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::cover::{CoverError, Crop, cover_png, cover_svg};

/// Posters rendered at the same time. Each takes a core for tens of milliseconds, which other work needs as well.
const PRESSES: usize = 2;
/// Requests that may wait for a press; whoever comes later is sent away at once instead of piling up.
const LINE: usize = 16;
/// Width of the picture behind a `.png` address, in pixels; its height is 630.
const PREVIEW_WIDTH: u32 = 1200;

/// `GET /media/covers/{category}/{uuid}.svg` and `….png` (1200 × 630). Public.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    routes_with(Press::new(PRESSES, LINE))
}

fn routes_with<S: Clone + Send + Sync + 'static>(press: Press) -> Router<S> {
    Router::new().route("/media/covers/{category}/{file}", get(cover)).with_state(press)
}

/// Bounds the rendering.
#[derive(Clone)]
struct Press {
    /// A permit for everybody who is being served or waits.
    admitted: Arc<Semaphore>,
    /// A permit for everybody who is being served.
    presses: Arc<Semaphore>,
}

impl Press {
    fn new(presses: usize, line: usize) -> Self {
        Self { admitted: Arc::new(Semaphore::new(presses + line)), presses: Arc::new(Semaphore::new(presses)) }
    }

    async fn print(&self, category: Category, seed: Uuid) -> Result<Vec<u8>, Problem> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| Problem::unavailable())?;
        let press = Arc::clone(&self.presses).acquire_owned().await.map_err(|error| Problem::internal(&error))?;
        let printing = tokio::task::spawn_blocking(move || {
            // The permits live as long as the work, also when the caller has hung up.
            let _held = (admitted, press);
            cover_png(category, seed, Crop::Landscape, PREVIEW_WIDTH)
        });
        let printed: Result<_, CoverError> = printing.await.map_err(|error| Problem::internal(&error))?;
        printed.map_err(|error| Problem::internal(&error))
    }
}

enum Format {
    Svg,
    Png,
}

/// Reads `<uuid>.svg` or `<uuid>.png`. Only the canonical spelling of an id is taken, so that a cover has one address.
fn parse(file: &str) -> Option<(Uuid, Format)> {
    let (stem, extension) = file.rsplit_once('.')?;
    let format = match extension {
        "svg" => Format::Svg,
        "png" => Format::Png,
        _ => return None,
    };
    let seed = Uuid::try_parse(stem).ok()?;
    let mut canonical = Uuid::encode_buffer();
    (seed.hyphenated().encode_lower(&mut canonical) == stem).then_some((seed, format))
}

async fn cover(
    State(press): State<Press>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Problem> {
    let Ok(Path((category, file))) = path else { return Err(Problem::not_found()) };
    let category: Category = category.parse().map_err(|_| Problem::not_found())?;
    let (seed, format) = parse(&file).ok_or_else(Problem::not_found)?;
    Ok(match format {
        Format::Svg => {
            // Opened by itself, an SVG is a document: it may style itself and nothing else.
            let policy = (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'");
            picture("image/svg+xml", [policy], cover_svg(category, seed))
        }
        Format::Png => picture("image/png", [], press.print(category, seed).await?),
    })
}

fn picture<const N: usize>(
    content_type: &'static str,
    more: [(HeaderName, &'static str); N],
    body: impl IntoResponse,
) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    for (name, value) in more {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests;
