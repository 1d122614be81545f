use std::net::{IpAddr, Ipv4Addr};

use axum::{
    extract::{FromRequestParts, MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use http::{HeaderName, HeaderValue, request::Parts};
use tracing::Instrument as _;

use crate::trace::TraceContext;

/// Says which request it was; comes back on every answer.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Outermost layer of every role's router: continues the caller's trace, opens the request's span, and returns its id.
pub async fn request_context(request: Request, next: Next) -> Response {
    let context = TraceContext::from_headers(request.headers());
    let trace_id = context.trace_id();
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", http.method = %request.method(), http.route = route, trace_id);
    let mut response = context.scope(next.run(request).instrument(span)).await;
    if let Ok(value) = HeaderValue::from_str(&trace_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Whose network the request comes from: set by the public door, which alone can know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddr(pub IpAddr);

impl ClientAddr {
    /// The header by which the public door tells the roles; it is stripped from what comes in from outside.
    pub const HEADER: HeaderName = HeaderName::from_static("x-cityevents-client-addr");
}

impl<S: Send + Sync> FromRequestParts<S> for ClientAddr {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let addr =
            parts.headers.get(Self::HEADER).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
        Ok(Self(addr.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))))
    }
}
