mod document;

use axum::{
    Json as AxumJson,
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request, rejection::BytesRejection},
    response::{IntoResponse, Response},
};
use http::{StatusCode, header, request::Parts};
use serde::{Serialize, de::DeserializeOwned};

use self::document::{Document, Mismatch};
use crate::problem::{self, Problem};

/// A JSON body, read strictly: the error names the field. As an answer it is plain JSON.
///
/// An empty body reads as `{}`, so that operations whose fields are all optional need none.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = request.headers().get(header::CONTENT_TYPE).is_none_or(|value| {
            value.to_str().is_ok_and(|value| {
                let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
                essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
            })
        });
        if !is_json {
            return Err(Problem::new(problem::UNSUPPORTED_MEDIA_TYPE));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| bytes_problem(&rejection))?;
        let bytes = if bytes.is_empty() { Bytes::from_static(b"{}") } else { bytes };
        let document: Document = serde_json::from_slice(&bytes).map_err(|error| syntax_problem(&error))?;
        let value = serde_path_to_error::deserialize(document).map_err(|error| shape_problem(&error))?;
        Ok(Self(value))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        AxumJson(self.0).into_response()
    }
}

fn bytes_problem(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(problem::PAYLOAD_TOO_LARGE)
    } else {
        Problem::new(problem::BAD_REQUEST).detail("The body broke off.")
    }
}

fn syntax_problem(error: &serde_json::Error) -> Problem {
    Problem::new(problem::MALFORMED_JSON).detail(format!(
        "The JSON breaks at line {}, column {}.",
        error.line(),
        error.column()
    ))
}

fn shape_problem(error: &serde_path_to_error::Error<Mismatch>) -> Problem {
    field_problem(&error.path().to_string(), &error.inner().to_string())
}

/// Turns serde's sentence into a field error. For unknown, missing and repeated fields serde's path ends at the parent; the name is in
/// the sentence.
fn field_problem(path: &str, message: &str) -> Problem {
    let (code, name) = if message.starts_with("unknown field") {
        ("unknown", quoted(message))
    } else if message.starts_with("missing field") {
        ("missing", quoted(message))
    } else if message.starts_with("duplicate field") {
        ("invalid", quoted(message))
    } else {
        ("invalid", None)
    };
    let path = if path == "." { "" } else { path };
    let field = match name {
        Some(name) if path.is_empty() || path == name || path.ends_with(&format!(".{name}")) => {
            if path.is_empty() {
                name.to_owned()
            } else {
                path.to_owned()
            }
        }
        Some(name) => format!("{path}.{name}"),
        None if path.is_empty() => "body".to_owned(),
        None => path.to_owned(),
    };
    // A sentence quotes what was sent; ten megabytes of it help nobody.
    let detail: String = message.chars().take(300).collect();
    Problem::new(problem::VALIDATION_FAILED).field(field, code, detail)
}

fn quoted(message: &str) -> Option<&str> {
    message.split('`').nth(1)
}

/// Query parameters; the error names the parameter.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let deserializer = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(query.as_bytes()));
        serde_path_to_error::deserialize(deserializer)
            .map(Self)
            .map_err(|error| field_problem(&error.path().to_string(), &error.inner().to_string()))
    }
}

/// Path parameters; one that cannot be read means that there is nothing at this address.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|_| Problem::not_found())
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only its parsing matters")]
        inner: Inner,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only its parsing matters")]
        lat: f64,
        #[expect(dead_code, reason = "only its parsing matters")]
        #[serde(default)]
        kind: Kind,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        #[default]
        Near,
        Far,
    }

    async fn refusal(body: &'static str) -> problem::ProblemDocument {
        let request = Request::builder().body(Body::from(body)).unwrap();
        Json::<Outer>::from_request(request, &()).await.unwrap_err().document()
    }

    #[tokio::test]
    async fn the_error_names_the_field() {
        for (body, field, code) in [
            (r#"{"inner":{"lat":"x"}}"#, "inner.lat", "invalid"),
            (r#"{"inner":{"lat":1,"lon":2}}"#, "inner.lon", "unknown"),
            (r#"{"inner":{}}"#, "inner.lat", "missing"),
            (r"{}", "inner", "missing"),
            ("", "inner", "missing"),
            (r#"{"inner":{"lat":1},"x":1}"#, "x", "unknown"),
            (r#"{"inner":{"lat":1},"inner":{"lat":2}}"#, "inner", "invalid"),
            (r#"{"inner":{"lat":1,"lat":2}}"#, "inner.lat", "invalid"),
            (r#"{"inner":{"lat":1,"kind":null}}"#, "inner.kind", "invalid"),
            (r#"{"inner":{"lat":1,"kind":5}}"#, "inner.kind", "invalid"),
            (r#"{"inner":{"lat":1,"kind":{}}}"#, "inner.kind", "invalid"),
            (r#"{"inner":{"lat":1,"kind":"distant"}}"#, "inner.kind", "invalid"),
            (r#"{"inner":{"lat":null}}"#, "inner.lat", "invalid"),
            ("[]", "body", "invalid"),
            (r#"[{"lat":1}]"#, "body", "invalid"),
            (r#"{"inner":[1]}"#, "inner", "invalid"),
            (r#"{"inner":[null,null]}"#, "inner", "invalid"),
            ("null", "body", "invalid"),
            ("5", "body", "invalid"),
        ] {
            let problem = refusal(body).await;
            assert_eq!(problem.status, 422, "{body}");
            assert_eq!((problem.errors[0].field.as_str(), problem.errors[0].code.as_ref()), (field, code), "{body}");
        }
    }

    #[tokio::test]
    async fn broken_json_is_a_bad_request() {
        for body in ["{", "nonsense", r#"{"inner":"#, "\u{1}", "{} {}", "{\"inner\":{\"lat\":1}} x"] {
            assert_eq!(refusal(body).await.code, "malformed_json", "{body}");
        }
    }

    #[tokio::test]
    async fn a_refusal_says_what_was_expected() {
        for (body, detail) in [
            (r#"["ada@example.org"]"#, "must be an object"),
            (r#"{"inner":["Hall"]}"#, "must be an object"),
            (r#"{"inner":{"lat":null}}"#, "invalid type: null, expected f64"),
            (r#"{"inner":{"lat":1,"kind":null}}"#, "invalid type: null, expected one of the names"),
        ] {
            assert_eq!(refusal(body).await.errors[0].detail, detail, "{body}");
        }
    }

    #[tokio::test]
    async fn a_parameter_that_is_there_twice_is_named() {
        let request = Request::builder().uri("/?lat=1&lat=2").body(()).unwrap();
        let (mut parts, ()) = request.into_parts();
        let problem = Query::<Inner>::from_request_parts(&mut parts, &()).await.unwrap_err().document();
        assert_eq!(problem.errors[0].field, "lat");
    }

    #[tokio::test]
    async fn every_kind_of_value_is_read() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Every {
            list: Vec<i32>,
            pair: (u8, String),
            none: Option<bool>,
            some: Option<bool>,
            kind: std::collections::BTreeMap<String, f64>,
            any: serde_json::Value,
        }
        let body =
            r#"{"list":[1,-2],"pair":[3,"x"],"none":null,"some":true,"kind":{"a":1,"b":0.5},"any":{"deep":[null]}}"#;
        let request = Request::builder().body(Body::from(body)).unwrap();
        let Json(read) = Json::<Every>::from_request(request, &()).await.unwrap();
        let expected: Every = serde_json::from_str(body).unwrap();
        assert_eq!(read, expected);
    }
}
