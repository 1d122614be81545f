use axum::{Router, body::Body};
use http_body_util::BodyExt as _;
use platform::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::Person;

/// Sends requests to a router, without a network.
#[derive(Clone)]
pub struct Client {
    router: Router,
    headers: HeaderMap,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The body as it was sent.
    pub body: Vec<u8>,
    /// The same as JSON; `null` where it is not JSON.
    pub json: Value,
}

impl Client {
    /// Nobody.
    pub fn new(router: Router) -> Self {
        Self { router, headers: HeaderMap::new() }
    }

    /// The same as a signed-in person.
    #[must_use]
    pub fn as_person(&self, person: &Person) -> Self {
        self.header("authorization", &format!("Bearer {}", person.token))
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.insert(
            HeaderName::from_bytes(name.as_bytes()).expect("a header's name"),
            HeaderValue::from_str(value).expect("a header's value"),
        );
        client
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// POST with a JSON body; `Value::Null` sends none.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    /// PATCH with a JSON body.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }

    /// PUT with a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// DELETE with a JSON body.
    pub async fn delete_with(&self, path: &str, body: Value) -> Answer {
        self.send(Method::DELETE, path, Some(body)).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let body = body.filter(|body| !body.is_null());
        let mut request = axum::http::Request::builder().method(method).uri(path);
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let mut request =
            request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_string()))).expect("a request");
        request.headers_mut().extend(self.headers.clone());
        let response = self.router.clone().oneshot(request).await.expect("a router never fails");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes().to_vec();
        let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, body, json }
    }
}

impl Answer {
    /// Asserts the status, showing the body when it is another.
    #[expect(clippy::return_self_not_must_use, reason = "often the assertion is all that is wanted")]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    /// The problem's code; empty where it is no problem.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    /// The first field that the problem names.
    pub fn field(&self) -> &str {
        self.json["errors"][0]["field"].as_str().unwrap_or_default()
    }
}
