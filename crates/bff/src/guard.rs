//! What protects the door: rate limits, deadlines, headers.

use std::{any::Any, net::IpAddr, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{FromRequest as _, Request, State as Extract},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use platform::{
    config,
    http::{HeaderName, HeaderValue, Method, header},
    limiter::Limiter,
    problem::{self, Problem},
    random,
};
use serde::Deserialize;
use tokio::time::timeout;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

use crate::{State, body::Whole, session::Caller};

/// Rate limits by class of operation.
pub struct Limits {
    requests: Limiter,
    writes: Limiter,
    auth: Limiter,
}

impl Limits {
    pub fn new(config: &config::Limits) -> Self {
        Self {
            requests: Limiter::new("requests", config.requests_per_minute, config.enabled),
            writes: Limiter::new("writes", config.writes_per_minute, config.enabled),
            auth: Limiter::new("auth", config.auth_per_minute, config.enabled),
        }
    }
}

/// Forgets idle keys now and then.
pub async fn sweep(limits: Arc<Limits>) {
    loop {
        tokio::time::sleep(Duration::from_mins(1)).await;
        for limiter in [&limits.requests, &limits.writes, &limits.auth] {
            limiter.forget_idle();
        }
    }
}

/// Counts API requests, by account when it is known and by network otherwise. People behind one address share what strangers may do,
/// not what each may do once signed in.
pub async fn rate_limit(Extract(state): Extract<State>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let Some(caller) = request.extensions().get::<Caller>().filter(|_| path.starts_with("/api/")) else {
        return next.run(request).await;
    };
    let network = network(caller.addr);
    let key = caller.user_id.map_or_else(|| network.clone(), |id| id.to_string());
    let limits = &state.limits;
    let is_write = !matches!(*request.method(), Method::GET | Method::HEAD);
    let is_renewal = is_write && path == "/api/v1/auth/token" && caller.user_id.is_none();
    let (request, renewed) = if is_renewal {
        match refresh_token(request).await {
            Ok(read) => read,
            Err(problem) => return problem.into_response(),
        }
    } else {
        (request, None)
    };
    let checked = if let Some(token) = renewed {
        // Whose sign-in goes on is not known yet, but that it is nobody else's is. Made-up tokens are as cheap as any other request from
        // there.
        limits.requests.check(&network).and_then(|_| limits.auth.check(&token))
    } else if is_write && request.uri().path().starts_with("/api/v1/auth/") {
        limits.auth.check(&key)
    } else if is_write {
        limits.writes.check(&key)
    } else {
        limits.requests.check(&key)
    };
    match checked {
        Err(problem) => problem.into_response(),
        Ok(allowance) => {
            let mut response = next.run(request).await;
            if let Some(allowance) = allowance {
                allowance.write(response.headers_mut());
            }
            response
        }
    }
}

/// The key of the refresh token in the body, if there is one.
async fn refresh_token(request: Request) -> Result<(Request, Option<String>), Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Renewal {
        refresh_token: String,
    }
    let (parts, body) = request.into_parts();
    let Whole(body) = Whole::from_request(Request::new(body), &()).await?;
    let renewal = serde_json::from_slice::<Renewal>(&body).ok();
    let key = renewal.map(|it| format!("refresh/{:x?}", random::fingerprint(&it.refresh_token)));
    Ok((Request::from_parts(parts, Body::from(body)), key))
}

/// An IPv4 address, or an IPv6 network of 64 bits: what one household has.
fn network(addr: IpAddr) -> String {
    match addr.to_canonical() {
        IpAddr::V4(addr) => addr.to_string(),
        IpAddr::V6(addr) => {
            let [a, b, c, d, ..] = addr.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// No request outlives its deadline. (A live stream answers at once; its body may go on.)
pub async fn deadline(Extract(state): Extract<State>, request: Request, next: Next) -> Response {
    match timeout(state.config.http.request_timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(problem::TIMED_OUT).retry_after(1).into_response(),
    }
}

/// A handler that panicked is a 500 problem; the panic itself has been logged by the hook.
pub fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    Problem::new(problem::INTERNAL).into_response()
}

/// Scripts, styles, images and connections from ourselves only.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; manifest-src 'self'; frame-src 'self'; worker-src 'self'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// Headers that every answer carries unless it has its own.
pub async fn security_headers(Extract(state): Extract<State>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let fields = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "geolocation=(self), camera=(self), microphone=()"),
    ];
    let headers = response.headers_mut();
    for (name, value) in fields {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if state.config.http.public_url.scheme() == "https" {
        let value = HeaderValue::from_static("max-age=31536000");
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(value);
    }
    response
}

/// JSON and text worth the work; not streams (they would be held back), nor what is compressed already.
pub fn worth_compressing() -> impl Predicate {
    SizeAbove::new(1024)
        .and(NotForContentType::GRPC)
        .and(NotForContentType::SSE)
        .and(NotForContentType::const_new("image/png"))
        .and(NotForContentType::const_new("font/"))
}
