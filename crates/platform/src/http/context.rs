use std::net::{IpAddr, Ipv4Addr};

use axum::{
    body::Body,
    extract::{FromRequestParts, MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderName, HeaderValue, request::Parts};
use http_body::Body as HttpBody;

use crate::{metrics, trace::Span};

/// Says which request it was; comes back on every answer.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Outermost layer of every role's router: continues the caller's trace, measures the request, and returns its id.
pub async fn request_context(State(role): State<&'static str>, request: Request, next: Next) -> Response {
    let mut span = Span::server(request.headers(), "request");
    let context = span.context();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("-", MatchedPath::as_str);
    if span.is_recorded() {
        span.rename(format!("{} {route}", request.method()));
        span.set("cityevents.role", role);
        span.set("http.request.method", request.method().to_string());
        span.set("http.route", route.to_owned());
    }
    let measured = metrics::Server::start(role, request.method(), route, size(request.body()), context);
    let mut response = context.scope(next.run(request)).await;
    let status = response.status();
    if let Some(measured) = measured {
        measured.answered(status, size(response.body()));
    }
    span.set("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.fail(status.as_u16().to_string());
    }
    if let Ok(value) = HeaderValue::from_str(&context.trace_id()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// `None` where nobody knows before it has gone by.
fn size(body: &Body) -> Option<u64> {
    HttpBody::size_hint(body).exact()
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
