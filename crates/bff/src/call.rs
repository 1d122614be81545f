//! Calls from the door to a role: a deadline each, the caller's identity and trace along with it.

use std::time::Duration;

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use platform::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    problem::Problem,
    role::RoleService,
};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

/// The longest that a part of a page may take before the page goes without it.
pub const PART_DEADLINE: Duration = Duration::from_millis(1500);
/// The longest for what an answer cannot do without.
pub const DEADLINE: Duration = Duration::from_secs(8);
/// Largest answer of a role that is read whole.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// What a role answered.
#[derive(Debug)]
pub struct RoleAnswer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl RoleAnswer {
    /// The body as `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body).map_err(|error| Problem::internal(&error))
    }

    /// The answer as it is, for the caller.
    pub fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response
    }
}

/// A call with the identity of `headers` and no body.
pub async fn get(role: &RoleService, path: &str, headers: &HeaderMap, within: Duration) -> Result<RoleAnswer, Problem> {
    send(role, Method::GET, path, &identity(headers), Bytes::new(), within).await
}

/// A call with the identity of `headers` and a JSON body.
pub async fn send_json(
    role: &RoleService,
    method: Method,
    path: &str,
    headers: &HeaderMap,
    body: &serde_json::Value,
    within: Duration,
) -> Result<RoleAnswer, Problem> {
    let mut headers = identity(headers);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    send(role, method, path, &headers, Bytes::from(body.to_string()), within).await
}

/// A call as it is given.
pub async fn send(
    role: &RoleService,
    method: Method,
    path: &str,
    headers: &HeaderMap,
    body: Bytes,
    within: Duration,
) -> Result<RoleAnswer, Problem> {
    let mut request = axum::http::Request::new(Body::from(body));
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().map_err(|_| Problem::not_found())?;
    *request.headers_mut() = headers.clone();
    let calling = role.calling(&mut request);
    let answer = timeout(within, async {
        let (parts, body) = role.answer(request).await.into_parts();
        let body = http_body_util::Limited::new(body, MAX_ANSWER).collect().await;
        body.map(|body| RoleAnswer { status: parts.status, headers: parts.headers, body: body.to_bytes() })
    })
    .await;
    match answer {
        Ok(Ok(answer)) => {
            calling.answered(answer.status);
            Ok(answer)
        }
        Ok(Err(_)) => {
            calling.failed("unavailable");
            Err(Problem::unavailable())
        }
        Err(_) => {
            calling.failed("timeout");
            Err(Problem::unavailable())
        }
    }
}

/// The headers that say who is asking, and nothing else.
fn identity(headers: &HeaderMap) -> HeaderMap {
    headers.get(header::AUTHORIZATION).map(|value| (header::AUTHORIZATION, value.clone())).into_iter().collect()
}

/// Turns what is not a success into the role's own refusal.
pub fn success(answer: RoleAnswer) -> Result<RoleAnswer, Box<Response>> {
    if answer.status.is_success() { Ok(answer) } else { Err(Box::new(answer.into_response())) }
}
