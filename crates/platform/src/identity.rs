//! Who is asking: one extractor for browsers and API clients.
//!
//! Everybody arrives at a role with a bearer access token: API clients send their own, and for a browser's cookie the public door gets
//! one from `auth`. The token is a short-lived Ed25519 JWT (RFC 8037), which a role verifies by itself against the published keys.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
    time::Duration,
};

use axum::extract::{FromRef, FromRequestParts};
use chrono::{DateTime, Utc};
use contracts::{SessionId, UserId};
use http::{HeaderMap, header, request::Parts};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    Clock,
    problem::{self, Problem},
};

/// `iss` and `aud` of access tokens.
pub const ISSUER: &str = "cityevents";

/// What an account may do beyond its own things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Role {
    /// Finds, joins and organises events.
    User,
    /// May also edit and cancel other people's events.
    Moderator,
    /// May do everything.
    Admin,
}

/// The body of an access token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// Always [`ISSUER`].
    pub iss: String,
    /// Always [`ISSUER`].
    pub aud: String,
    /// Whose.
    pub sub: UserId,
    /// Which sign-in.
    pub sid: SessionId,
    /// Right beyond one's own things.
    pub role: Role,
    /// As shown to others.
    pub name: String,
    /// Whether the address has been proven.
    pub verified: bool,
    /// Seconds since 1970.
    pub iat: i64,
    /// Seconds since 1970.
    pub exp: i64,
}

/// Tokens that are remembered as good, so that a process checks the signature of each once: it costs more than anything else about a
/// request, and the door and each role look at the same token.
const REMEMBERED: u64 = 50_000;

/// The published keys, by key id. Shared; `auth` (or a refresher) replaces them when they rotate.
#[derive(Clone, Default)]
pub struct Keys(Arc<Inner>);

struct Inner {
    published: RwLock<HashMap<String, DecodingKey>>,
    /// What good tokens say, by fingerprint. Of tokens that are refused nothing is kept: anybody can make those.
    good: moka::sync::Cache<[u8; 32], Claims>,
}

impl Default for Inner {
    fn default() -> Self {
        let good = moka::sync::Cache::builder().max_capacity(REMEMBERED).time_to_live(Duration::from_mins(1)).build();
        Self { published: RwLock::default(), good }
    }
}

impl Keys {
    /// Takes over a key set (RFC 7517); entries that are not Ed25519 signature keys are passed over.
    pub fn replace(&self, set: &JwkSet) {
        let keys: HashMap<String, DecodingKey> = set
            .keys
            .iter()
            .filter_map(|jwk| Some((jwk.common.key_id.clone()?, DecodingKey::from_jwk(jwk).ok()?)))
            .collect();
        let Ok(mut published) = self.0.published.write() else { return };
        let withdrawn = published.keys().any(|kid| !keys.contains_key(kid));
        *published = keys;
        if withdrawn {
            self.0.good.invalidate_all();
        }
    }

    /// Checks signature, issuer, audience and expiry.
    ///
    /// # Errors
    /// [`problem::UNAUTHENTICATED`], without saying which check failed.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, Problem> {
        let fingerprint: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let claims = if let Some(claims) = self.0.good.get(&fingerprint) {
            claims
        } else {
            let claims = self.check(token)?;
            self.0.good.insert(fingerprint, claims.clone());
            claims
        };
        if claims.exp <= now.timestamp() { Err(refused()) } else { Ok(claims) }
    }

    /// Everything but the expiry.
    fn check(&self, token: &str) -> Result<Claims, Problem> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| refused())?;
        let kid = header.kid.ok_or_else(refused)?;
        let key = self.0.published.read().ok().and_then(|keys| keys.get(&kid).cloned()).ok_or_else(refused)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[ISSUER]);
        validation.validate_exp = false; // by our clock, at each use
        Ok(jsonwebtoken::decode::<Claims>(token, &key, &validation).map_err(|_| refused())?.claims)
    }
}

fn refused() -> Problem {
    Problem::new(problem::UNAUTHENTICATED).detail("The access token is not valid, or no longer.")
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(…)")
    }
}

/// What a router's state must offer for the extractors: `impl FromRef<State> for Verifier`.
#[derive(Clone, Debug)]
pub struct Verifier {
    /// Published keys.
    pub keys: Keys,
    /// For expiry.
    pub clock: Clock,
}

/// A signed-in person; as an extractor it refuses everybody else with 401.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Who.
    pub user_id: UserId,
    /// By which sign-in.
    pub session_id: SessionId,
    /// Right beyond one's own things.
    pub role: Role,
    /// As shown to others.
    pub display_name: String,
    /// Whether the address has been proven.
    pub email_verified: bool,
}

impl Identity {
    /// Whether they may edit and cancel other people's events.
    pub fn is_moderator(&self) -> bool {
        self.role >= Role::Moderator
    }
}

impl From<Claims> for Identity {
    fn from(claims: Claims) -> Self {
        Self {
            user_id: claims.sub,
            session_id: claims.sid,
            role: claims.role,
            display_name: claims.name,
            email_verified: claims.verified,
        }
    }
}

/// A signed-in person, or nobody. A token that is present and not valid is still refused: silence would look like being signed out.
#[derive(Clone, Debug)]
pub struct MaybeIdentity(pub Option<Identity>);

/// The token of an `Authorization: Bearer` header.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl<S: Send + Sync> FromRequestParts<S> for Identity
where
    Verifier: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let token = bearer(&parts.headers).ok_or_else(|| Problem::new(problem::UNAUTHENTICATED))?;
        let verifier = Verifier::from_ref(state);
        Ok(verifier.keys.verify(token, verifier.clock.now())?.into())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for MaybeIdentity
where
    Verifier: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if parts.headers.contains_key(header::AUTHORIZATION) {
            Identity::from_request_parts(parts, state).await.map(|identity| Self(Some(identity)))
        } else {
            Ok(Self(None))
        }
    }
}
