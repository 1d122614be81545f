use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderValue, header, request::Parts};

use crate::problem::{self, Problem};

/// A strong validator (RFC 9110, section 8.8.3), made from a row's version or a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ETag(String);

impl ETag {
    /// `version` has no quotes.
    pub fn new(version: impl std::fmt::Display) -> Self {
        Self(format!("\"{version}\""))
    }

    /// The header's value.
    pub fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
    }
}

/// Whether the caller already has this version: then the answer is 304.
pub fn not_modified(headers: &HeaderMap, etag: &ETag) -> bool {
    headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag.0)
    })
}

/// What `If-Match` asks for (RFC 9110, section 13.1.1), for rows whose ETag is their version number.
///
/// A composed page's ETag is `"<version>.<hash of the rest>"`; only the version counts for an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// No header.
    Absent,
    /// `*`: whatever is there.
    Any,
    /// This version.
    Version(i64),
}

impl IfMatch {
    /// The version that the caller says it read; `None` is "whatever is there".
    ///
    /// # Errors
    /// [`problem::PRECONDITION_REQUIRED`] if there was no header.
    pub fn required(self) -> Result<Option<i64>, Problem> {
        match self {
            Self::Absent => {
                Err(Problem::new(problem::PRECONDITION_REQUIRED).field("If-Match", "missing", "is required here"))
            }
            Self::Any => Ok(None),
            Self::Version(version) => Ok(Some(version)),
        }
    }

    /// The same where the header is optional.
    pub fn optional(self) -> Option<i64> {
        match self {
            Self::Absent | Self::Any => None,
            Self::Version(version) => Some(version),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else { return Ok(Self::Absent) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self::Any);
        }
        let tag = text.strip_prefix("W/").unwrap_or(text);
        // A tag that is not one of ours matches nothing.
        tag.strip_prefix('"')
            .and_then(|tag| tag.strip_suffix('"'))
            .and_then(|tag| tag.split('.').next())
            .and_then(|version| version.parse().ok())
            .map(Self::Version)
            .ok_or_else(|| Problem::new(problem::PRECONDITION_FAILED))
    }
}
