//! Who is at the door. A browser shows a cookie, an API client a bearer token; behind the door both are a bearer token.
//!
//! Whether a sign-in still lives is asked of `auth`, and remembered for a moment. A sign-in that ends is announced to every door at
//! once; a door that cannot hear announcements remembers nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    extract::{ConnectInfo, Request, State as Extract},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use contracts::{SessionId, UserId};
use platform::{
    Clock,
    broadcast::News,
    http::{ClientAddr, HeaderMap, HeaderValue, Method, StatusCode, header},
    identity::bearer,
    problem::{self, Problem},
    random,
};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::{State, call, error, roles::Roles};

/// By which `auth` tells the door to set (or, empty, to clear) the session cookie.
const SESSION_HEADER: &str = "x-cityevents-session";
/// How long a live sign-in is remembered.
const REMEMBERED: Duration = Duration::from_secs(20);

/// Who is asking, for the rate limiter and for composed operations.
#[derive(Clone, Debug)]
pub struct Caller {
    pub user_id: Option<UserId>,
    pub addr: std::net::IpAddr,
}

#[derive(Clone, Debug)]
struct Live {
    access_token: Arc<str>,
    session_id: SessionId,
    user_id: UserId,
    good_until: i64,
}

/// Live sign-ins as far as this door knows.
#[derive(Clone)]
pub struct Sessions {
    roles: Arc<Roles>,
    clock: Clock,
    known: moka::sync::Cache<Vec<u8>, Live>,
    ended: moka::sync::Cache<SessionId, ()>,
    hears: Arc<AtomicBool>,
}

#[derive(Deserialize)]
struct Resolved {
    access_token: String,
    expires_in: i64,
    session_id: SessionId,
    user: ResolvedUser,
}

#[derive(Deserialize)]
struct ResolvedUser {
    id: UserId,
}

#[derive(Deserialize)]
struct Introspected {
    active: bool,
}

impl Sessions {
    pub fn new(roles: Arc<Roles>, clock: Clock) -> Self {
        Self {
            roles,
            clock,
            known: moka::sync::Cache::builder().max_capacity(100_000).time_to_live(REMEMBERED).build(),
            ended: moka::sync::Cache::builder().max_capacity(100_000).time_to_live(Duration::from_hours(1)).build(),
            hears: Arc::default(),
        }
    }

    /// Hears of sign-ins that end, for as long as the process runs.
    pub async fn follow(&self, mut news: Receiver<News>) {
        loop {
            match news.recv().await {
                Ok(News::Topic { topic, .. }) => {
                    if let Some(id) = topic.strip_prefix("session/").and_then(|id| id.parse().ok()) {
                        self.ended.insert(id, ());
                    }
                }
                Ok(News::Connected) => {
                    self.known.invalidate_all();
                    self.hears.store(true, Ordering::SeqCst);
                }
                Ok(News::Disconnected) => {
                    self.hears.store(false, Ordering::SeqCst);
                    self.known.invalidate_all();
                }
                Err(RecvError::Lagged(_)) => self.known.invalidate_all(),
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// At once in this process, without waiting for the announcement.
    fn forget(&self, id: SessionId) {
        self.ended.insert(id, ());
    }

    fn recall(&self, key: &[u8]) -> Option<Live> {
        if !self.hears.load(Ordering::SeqCst) {
            return None;
        }
        let live = self.known.get(key)?;
        (!self.ended.contains_key(&live.session_id) && live.good_until > self.clock.now().timestamp()).then_some(live)
    }

    /// The sign-in behind a cookie; `None` if it has ended.
    async fn by_cookie(&self, cookie: &str) -> Result<Option<Live>, Problem> {
        let key = random::fingerprint(cookie);
        if let Some(live) = self.recall(&key) {
            return Ok(Some(live));
        }
        let body = json!({ "cookie": cookie });
        let auth = self.roles.service("auth");
        let answer =
            call::send_json(auth, Method::POST, "/internal/auth/session", &HeaderMap::new(), &body, call::DEADLINE)
                .await?;
        match answer.status {
            StatusCode::OK => {
                let resolved: Resolved = answer.json()?;
                let live = Live {
                    access_token: resolved.access_token.into(),
                    session_id: resolved.session_id,
                    user_id: resolved.user.id,
                    // Half a minute before it expires, so that it is still good at the role.
                    good_until: self.clock.now().timestamp() + resolved.expires_in - 30,
                };
                self.known.insert(key, live.clone());
                Ok(Some(live))
            }
            StatusCode::UNAUTHORIZED => Ok(None),
            _ => Err(Problem::unavailable()),
        }
    }

    /// The sign-in behind an access token.
    async fn by_token(&self, token: &str, state: &State) -> Result<Live, Problem> {
        let key = random::fingerprint(token);
        if let Some(live) = self.recall(&key) {
            return Ok(live);
        }
        let body = json!({ "access_token": token });
        let auth = self.roles.service("auth");
        let answer =
            call::send_json(auth, Method::POST, "/internal/auth/introspect", &HeaderMap::new(), &body, call::DEADLINE)
                .await?;
        if answer.status != StatusCode::OK {
            return Err(Problem::unavailable());
        }
        if !answer.json::<Introspected>()?.active {
            return Err(Problem::new(problem::UNAUTHENTICATED)
                .detail("The access token is not valid, or its sign-in has ended."));
        }
        let claims = state.verifier.keys.verify(token, self.clock.now())?;
        let live =
            Live { access_token: token.into(), session_id: claims.sid, user_id: claims.sub, good_until: claims.exp };
        self.known.insert(key, live.clone());
        Ok(live)
    }
}

/// Resolves the caller, refuses what another site sent, and hides from the roles what is none of their business.
pub async fn authenticate(Extract(state): Extract<State>, mut request: Request, next: Next) -> Response {
    let addr = client_addr(&state, &request);
    let headers = request.headers_mut();
    let internal: Vec<_> = headers.keys().filter(|name| name.as_str().starts_with("x-cityevents-")).cloned().collect();
    for name in internal {
        headers.remove(name);
    }
    if let Ok(value) = HeaderValue::from_str(&addr.to_string()) {
        headers.insert(ClientAddr::HEADER, value);
    }
    let cookie = CookieJar::from_headers(headers).get(cookie_name(&state)).map(|cookie| cookie.value().to_owned());
    headers.remove(header::COOKIE);
    let token = bearer(headers).map(str::to_owned);
    if headers.contains_key(header::AUTHORIZATION) && token.is_none() {
        return Problem::new(problem::UNAUTHENTICATED).detail("Only bearer tokens are taken here.").into_response();
    }
    if token.is_none() && is_unsafe(request.method()) && !same_origin(&state, request.headers(), cookie.is_some()) {
        return Problem::new(error::CROSS_SITE_REQUEST).into_response();
    }
    // A page of the web app needs to know nobody, and must not fail when sign-ins cannot be looked up.
    let wants_identity = request.uri().path().starts_with("/api/");
    let mut stale_cookie = false;
    let live = match (token, cookie) {
        _ if !wants_identity => None,
        (Some(token), _) => match state.sessions.by_token(&token, &state).await {
            Ok(live) => Some(live),
            Err(problem) => return problem.into_response(),
        },
        (None, Some(cookie)) => match state.sessions.by_cookie(&cookie).await {
            Ok(live) => {
                stale_cookie = live.is_none();
                live
            }
            Err(problem) => return problem.into_response(),
        },
        (None, None) => None,
    };
    if let Some(live) = &live
        && let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {}", live.access_token))
    {
        value.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    request.extensions_mut().insert(Caller { user_id: live.as_ref().map(|live| live.user_id), addr });
    let mut response = next.run(request).await;
    let signed_out = response.headers().get(header::SET_COOKIE).is_some();
    if let Some(live) = live.filter(|_| signed_out) {
        state.sessions.forget(live.session_id);
    }
    if stale_cookie && !signed_out {
        set_cookie(&state, response.headers_mut(), "");
    }
    response
}

/// Turns the role's word about the session into a cookie.
pub fn translate(state: &State, mut response: Response) -> Response {
    if let Some(value) = response.headers_mut().remove(SESSION_HEADER) {
        set_cookie(state, response.headers_mut(), value.to_str().unwrap_or_default());
    }
    response
}

fn set_cookie(state: &State, headers: &mut HeaderMap, token: &str) {
    let lifetime = if token.is_empty() { Duration::ZERO } else { state.config.auth.session_idle_lifetime };
    let cookie = Cookie::build((cookie_name(state), token.to_owned()))
        .path("/")
        .http_only(true)
        .secure(state.config.http.secure_cookies)
        .same_site(SameSite::Lax)
        .max_age(lifetime.try_into().unwrap_or_default())
        .build();
    if let Ok(mut value) = HeaderValue::from_str(&cookie.to_string()) {
        value.set_sensitive(true);
        headers.append(header::SET_COOKIE, value);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// `__Host-`: set by this host over a secure connection, for this host only (RFC 6265bis, section 4.1.3.2).
fn cookie_name(state: &State) -> &'static str {
    if state.config.http.secure_cookies { "__Host-session" } else { "session" }
}

/// Whether a browser says that somebody is signed in. No proof: for what may be shown to anybody.
pub fn has_cookie(state: &State, headers: &HeaderMap) -> bool {
    CookieJar::from_headers(headers).get(cookie_name(state)).is_some()
}

fn is_unsafe(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether an unsafe request without a bearer token may proceed: from our own pages; or from a program that is no browser, which has
/// neither header and no cookie to be abused.
fn same_origin(state: &State, headers: &HeaderMap, has_cookie: bool) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || (site == "none" && !has_cookie);
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return !has_cookie };
    let Some(origin) = origin.to_str().ok().and_then(|origin| origin.parse::<url::Url>().ok()) else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = match (origin.host_str(), origin.port()) {
        (Some(host), Some(port)) => Some(format!("{host}:{port}")),
        (Some(host), None) => Some(host.to_owned()),
        (None, _) => None,
    };
    origin.origin() == state.config.http.public_url.origin() || (authority.is_some() && authority.as_deref() == host)
}

/// The peer's address, or what a trusted proxy says of it: the last address in `X-Forwarded-For` that is no trusted proxy.
fn client_addr(state: &State, request: &Request) -> std::net::IpAddr {
    let peer = request
        .extensions()
        .get::<ConnectInfo<std::net::SocketAddr>>()
        .map_or(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
    let trusted = &state.config.http.trusted_proxies;
    if !trusted.contains(&peer) {
        return peer;
    }
    let forwarded = request.headers().get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let mut chain: Vec<std::net::IpAddr> =
        forwarded.flat_map(|value| value.split(',')).map_while(|part| part.trim().parse().ok()).collect();
    while let Some(addr) = chain.pop() {
        if !trusted.contains(&addr) {
            return addr;
        }
    }
    peer
}
