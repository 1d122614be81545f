//! Refusals: RFC 9457 `application/problem+json`, each from one table of codes.

use std::borrow::Cow;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};

use crate::trace::TraceContext;

/// One row of a slice's table of refusals. The tables together generate `docs/errors.md`.
#[derive(Debug)]
pub struct Code {
    /// What programs match on, such as `already_joined`. Never changes.
    pub name: &'static str,
    /// HTTP status.
    pub status: StatusCode,
    /// What it says in a few words; the same for each occurrence.
    pub title: &'static str,
    /// What the caller can do about it; for the documentation.
    pub next_step: &'static str,
}

/// Declares a table of [`Code`]s: one constant a row, and `CODES` with them all.
#[macro_export]
macro_rules! codes {
    ($($const:ident = $name:literal, $status:ident, $title:literal, $next:literal;)+) => {
        $(
            #[doc = $title]
            pub const $const: &$crate::problem::Code = &$crate::problem::Code {
                name: $name,
                status: $crate::http::StatusCode::$status,
                title: $title,
                next_step: $next,
            };
        )+
        /// Every code of this table, for the documentation.
        pub const CODES: &[&$crate::problem::Code] = &[$($const),+];
    };
}

codes! {
    MALFORMED_JSON = "malformed_json", BAD_REQUEST, "The body is not JSON.", "Send a JSON document with `Content-Type: application/json`.";
    BAD_REQUEST = "bad_request", BAD_REQUEST, "The request could not be read.", "Check the request against the API description.";
    UNAUTHENTICATED = "unauthenticated", UNAUTHORIZED, "You are not signed in.", "Sign in, or send a valid access token.";
    FORBIDDEN = "forbidden", FORBIDDEN, "You may not do that.", "Ask somebody who has the right to.";
    NOT_FOUND = "not_found", NOT_FOUND, "There is nothing here.", "Check the address; what was here may have been removed.";
    METHOD_NOT_ALLOWED = "method_not_allowed", METHOD_NOT_ALLOWED, "This address does not take that method.", "See the API description.";
    PRECONDITION_FAILED = "precondition_failed", PRECONDITION_FAILED, "Somebody changed it in the meantime.", "Read it again, reapply the change, send the new ETag.";
    PRECONDITION_REQUIRED = "precondition_required", PRECONDITION_REQUIRED, "Say which version you are changing.", "Send `If-Match` with the ETag that you read.";
    PAYLOAD_TOO_LARGE = "payload_too_large", PAYLOAD_TOO_LARGE, "The body is too large.", "Send less.";
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body has to be JSON.", "Send `Content-Type: application/json`.";
    VALIDATION_FAILED = "validation_failed", UNPROCESSABLE_ENTITY, "Some fields need another value.", "`errors` names each field and what is wrong with it.";
    RATE_LIMITED = "rate_limited", TOO_MANY_REQUESTS, "Too many requests.", "Wait as long as `Retry-After` says.";
    INTERNAL = "internal", INTERNAL_SERVER_ERROR, "Something went wrong on our side.", "Try again; if it stays, quote `trace_id` to the operator.";
    UNAVAILABLE = "unavailable", SERVICE_UNAVAILABLE, "This part is away for the moment.", "Nothing was changed. Try again after `Retry-After`.";
    TIMED_OUT = "timed_out", GATEWAY_TIMEOUT, "It took too long.", "The outcome is unknown: repeat with the same idempotency key, or read the state first.";
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FieldError {
    /// Dotted path, such as `venue.lat`; for headers and query parameters their name.
    #[schema(example = "venue.lat")]
    pub field: String,
    /// `invalid`, `missing`, `unknown`, `too_long`, … or a code of the operation's own.
    #[schema(example = "invalid")]
    pub code: Cow<'static, str>,
    /// A sentence.
    pub detail: String,
}

/// A refusal. Build it from a [`Code`]; as a response it carries the current trace id.
#[derive(Clone, Debug)]
pub struct Problem {
    code: &'static Code,
    detail: Option<String>,
    errors: Vec<FieldError>,
    retry_after: Option<u32>,
}

impl Problem {
    /// The refusal that the table describes.
    pub fn new(code: &'static Code) -> Self {
        Self { code, detail: None, errors: Vec::new(), retry_after: None }
    }

    /// Adds a sentence about this occurrence. Never put a secret or personal data in it.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds what is wrong with one field.
    #[must_use]
    pub fn field(
        mut self,
        field: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        self.errors.push(FieldError { field: field.into(), code: code.into(), detail: detail.into() });
        self
    }

    /// Says when to come back, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// [`VALIDATION_FAILED`] for one field.
    pub fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(VALIDATION_FAILED).field(field, "invalid", detail)
    }

    /// [`NOT_FOUND`].
    pub fn not_found() -> Self {
        Self::new(NOT_FOUND)
    }

    /// [`UNAVAILABLE`], to be tried again in a second.
    pub fn unavailable() -> Self {
        Self::new(UNAVAILABLE).retry_after(1)
    }

    /// [`INTERNAL`]; logs the cause, once, here at the boundary, and tells the caller nothing of it.
    pub fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %crate::chain(cause), "request failed");
        Self::new(INTERNAL)
    }

    /// Which row of the table it is.
    pub fn code(&self) -> &'static Code {
        self.code
    }

    /// The document that is sent.
    pub fn document(&self) -> ProblemDocument {
        ProblemDocument {
            r#type: format!("/errors/{}", self.code.name),
            title: self.code.title.to_owned(),
            status: self.code.status.as_u16(),
            detail: self.detail.clone().unwrap_or_else(|| self.code.next_step.to_owned()),
            code: self.code.name.to_owned(),
            errors: self.errors.clone(),
            trace_id: TraceContext::current().trace_id(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.document()).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.code.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.code.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// A database that is away is a 503, everything else unforeseen a 500.
impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        if crate::db::is_unavailable(&error) {
            tracing::warn!(error = %crate::chain(&error), "database unavailable");
            return Self::unavailable();
        }
        if crate::db::is_locked(&error) {
            return Self::unavailable().retry_after(1).detail("Somebody else is changing the same thing. Try again.");
        }
        Self::internal(&error)
    }
}

/// RFC 9457 problem details.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProblemDocument {
    /// A reference to the code's documentation.
    #[schema(example = "/errors/validation_failed")]
    pub r#type: String,
    /// The same for each occurrence of the code.
    #[schema(example = "Some fields need another value.")]
    pub title: String,
    /// HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// About this occurrence.
    pub detail: String,
    /// What programs match on; see `docs/errors.md`.
    #[schema(example = "validation_failed")]
    pub code: String,
    /// Fields that need another value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Quote this to the operator.
    #[schema(example = "4bf92f3577b34da6a3ce929d0e0e4736")]
    pub trace_id: String,
}
