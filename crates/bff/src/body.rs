//! Bodies of requests: no larger than the settings say, and read to their end.
//!
//! A connection on which a body is left unread cannot take another request. So what a refusal did not care to read is read and thrown
//! away, as long as it is little and comes soon; otherwise the answer says that the connection ends with it (RFC 9112, section 9.6).

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, BodyDataStream, HttpBody as _},
    extract::{FromRequest, Request, State as Extract},
    http::Version,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use http_body_util::Limited;
use platform::{
    http::{HeaderValue, StatusCode, header},
    problem::{self, Problem},
};
use tokio::time::timeout;

use crate::State;

/// How much of a refused body is read, in limits: a body that is a little too large is told so on a connection that stays.
const DISCARDED: usize = 4;
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Refuses bodies above the limit, announced or not, and leaves no body unread.
pub async fn limit(Extract(state): Extract<State>, request: Request, next: Next) -> Response {
    let limit = state.config.http.body_limit;
    let (parts, body) = request.into_parts();
    // In HTTP/2 a body that nobody reads is in nobody's way.
    let is_in_line = parts.version < Version::HTTP_2;
    if body.is_end_stream() {
        return next.run(Request::from_parts(parts, body)).await;
    }
    // Reading it would ask for it.
    let is_awaited = parts.headers.contains_key(header::EXPECT);
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let body = body.into_data_stream();
    let (mut response, unread) = if announced > limit {
        (Problem::new(problem::PAYLOAD_TOO_LARGE).into_response(), Some(body))
    } else {
        let unread = Unread::default();
        let lent = Body::from_stream(Lent { body: Some(body), unread: unread.clone() });
        let response = next.run(Request::from_parts(parts, Body::new(Limited::new(lent, limit)))).await;
        (response, unread.lock().unwrap_or_else(PoisonError::into_inner).take())
    };
    if let Some(body) = unread.filter(|_| is_in_line) {
        let at_most = limit.saturating_mul(DISCARDED);
        let wanted = !is_awaited && announced <= at_most;
        if !wanted || !matches!(timeout(PATIENCE, discard(body, at_most)).await, Ok(true)) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }
    response
}

/// A whole body, as it is.
#[derive(Debug)]
pub struct Whole(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for Whole {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        Bytes::from_request(request, state).await.map(Self).map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Problem::new(problem::PAYLOAD_TOO_LARGE)
            } else {
                Problem::new(problem::BAD_REQUEST).detail("The body broke off.")
            }
        })
    }
}

/// Whether the body came to its end before it grew too long.
async fn discard(mut body: BodyDataStream, at_most: usize) -> bool {
    let mut length = 0;
    while let Some(chunk) = body.next().await {
        let Ok(chunk) = chunk else { return false };
        length += chunk.len();
        if length > at_most {
            return false;
        }
    }
    true
}

type Unread = Arc<Mutex<Option<BodyDataStream>>>;

/// A body that comes back when its reader has lost interest before the end.
struct Lent {
    body: Option<BodyDataStream>,
    unread: Unread,
}

impl Stream for Lent {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let next = body.poll_next_unpin(context);
        if matches!(next, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        next
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(body) = self.body.take() {
            *self.unread.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}
