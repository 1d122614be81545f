use axum::{
    extract::State as Extract,
    response::{IntoResponse as _, Response},
};
use contracts::SessionId;
use platform::{
    http::{ClientAddr, HeaderMap, HeaderValue, Json, StatusCode, header},
    identity::Identity,
    problem::{Problem, ProblemDocument},
    random,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, Serialize, de};

use super::{Me, SESSION_HEADER};
use crate::{
    State,
    domain::{Email, Password},
    error,
    hashing::Verdict,
    metrics,
    sessions::{Origin, Proven},
    store::{
        sessions::{self, Kind, Refreshed},
        users::{self, Account, User},
    },
    throttle::{self, network},
};

/// Address and password.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ada@example.org", "password": "quiet harbour lantern 42" }))]
pub struct Credentials {
    /// The account's address.
    #[schema(value_type = String, format = "email", example = "ada@example.org")]
    pub email: Email,
    /// Its password.
    #[schema(value_type = String, format = "password")]
    pub password: Password,
}

/// Signed in.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SignedIn {
    /// Who.
    pub user: Me,
}

/// Signs a browser in: sets the session cookie.
#[utoipa::path(
    post, path = "/api/v1/auth/login", tag = "auth", operation_id = "login",
    request_body = Credentials,
    responses(
        (status = 200, description = "Signed in; the session cookie is set.", body = SignedIn),
        (status = 401, description = "Address or password is wrong.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The address has not been confirmed yet.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts from here.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(()),
    extensions(("x-access" = json!("public"))),
)]
pub async fn login(
    Extract(state): Extract<State>,
    addr: ClientAddr,
    headers: HeaderMap,
    Json(credentials): Json<Credentials>,
) -> Result<Response, Problem> {
    let origin = Origin::new(addr, &headers);
    let proven = metrics::signed_in("password", authenticate(&state, &credentials, &origin).await)?;
    let (user, _, cookie) = state.begin(proven, Kind::Browser, &origin).await?;
    with_cookie(SignedIn { user: Me::new(user, true) }, &cookie)
}

/// An answer by which the public door sets the session cookie.
pub fn with_cookie(answer: impl Serialize, cookie: &SecretString) -> Result<Response, Problem> {
    let mut response = Json(answer).into_response();
    let mut value = HeaderValue::from_str(cookie.expose_secret()).map_err(|error| Problem::internal(&error))?;
    value.set_sensitive(true);
    response.headers_mut().insert(SESSION_HEADER, value);
    Ok(response)
}

/// Whose credentials they are. Attempts count before they are checked, so that many at once do not slip through; a right password gives
/// them back, and so does one that was not looked at because too many are waiting.
async fn authenticate(state: &State, credentials: &Credentials, origin: &Origin) -> Result<Proven, Problem> {
    let Credentials { email, password } = credentials;
    let (pool, throttle) = (&state.context.pool, &state.throttle);
    let network = network(origin.addr);
    let here = throttle::account_here(email, &network);
    throttle.charge(throttle::NETWORK, &network).await?;
    throttle.charge(throttle::ACCOUNT, &here).await?;
    let account = users::by_email(pool, email, &network).await?;
    let is_elsewhere = account.as_ref().is_none_or(|it| !it.known_network);
    if is_elsewhere {
        throttle.charge(throttle::ELSEWHERE, email.key()).await?;
    }
    let hash = account.as_ref().and_then(|it| it.password_hash.clone());
    let verdict = state.hasher.verify(password, hash.clone()).await;
    if matches!(verdict, Ok(Verdict::Wrong)) {
        return Err(Problem::new(error::INVALID_CREDENTIALS));
    }
    throttle.refund(throttle::NETWORK, &network).await?;
    if is_elsewhere {
        throttle.refund(throttle::ELSEWHERE, email.key()).await?;
    }
    let verdict = match verdict {
        Ok(verdict) => verdict,
        Err(busy) => {
            throttle.refund(throttle::ACCOUNT, &here).await?;
            return Err(busy);
        }
    };
    throttle.reset(throttle::ACCOUNT, &here).await?;
    let Some(Account { user, changed_at: Some(chosen_at), .. }) = account else {
        return Err(Problem::new(error::INVALID_CREDENTIALS)); // nobody's password is never right
    };
    if user.email_verified_at.is_none() {
        return Err(Problem::new(error::EMAIL_NOT_VERIFIED));
    }
    if let (Verdict::RightButOutdated, Some(old)) = (verdict, hash) {
        let new = state.hasher.hash(password).await?;
        users::rehash(pool, user.id, &old, &new).await?;
    }
    Ok(Proven { user, chosen_at })
}

/// Credentials, or the refresh token of an earlier answer.
#[derive(Debug, utoipa::ToSchema)]
#[serde(untagged)]
#[schema(example = json!({ "email": "ada@example.org", "password": "quiet harbour lantern 42" }))]
pub enum TokenRequest {
    /// Begins a sign-in.
    #[schema(title = "Credentials")]
    Credentials(Credentials),
    /// Goes on with one.
    #[schema(title = "RefreshToken")]
    Refresh {
        /// Works once.
        refresh_token: String,
    },
}

impl<'de> Deserialize<'de> for TokenRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Fields {
            email: Option<Email>,
            password: Option<Password>,
            refresh_token: Option<String>,
        }
        match Fields::deserialize(deserializer)? {
            Fields { email: None, password: None, refresh_token: Some(refresh_token) } => {
                Ok(Self::Refresh { refresh_token })
            }
            Fields { email: Some(email), password: Some(password), refresh_token: None } => {
                Ok(Self::Credentials(Credentials { email, password }))
            }
            Fields { refresh_token: Some(_), .. } => {
                Err(de::Error::custom("either a refresh token or credentials, not both"))
            }
            Fields { email: None, .. } => Err(de::Error::missing_field("email")),
            Fields { .. } => Err(de::Error::missing_field("password")),
        }
    }
}

/// What an API client signs in with.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Tokens {
    /// Send it as `Authorization: Bearer …`.
    pub access_token: String,
    /// Exchange it for new tokens; works once, and using it twice ends the sign-in.
    pub refresh_token: String,
    /// Seconds that the access token is good for.
    #[schema(example = 900)]
    pub expires_in: i64,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
}

/// Signs an API client in, or renews its tokens.
///
/// Each refresh token works once. Presenting one again ends the sign-in with all its tokens, also when the two requests come at the same
/// moment: somebody has a copy.
#[utoipa::path(
    post, path = "/api/v1/auth/token", tag = "auth", operation_id = "issue_tokens",
    request_body = TokenRequest,
    responses(
        (status = 200, description = "New tokens.", body = Tokens),
        (status = 401, description = "Not valid, or used before.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The address has not been confirmed yet.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts from here.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(()),
    extensions(("x-access" = json!("public"))),
)]
pub async fn token(
    Extract(state): Extract<State>,
    addr: ClientAddr,
    headers: HeaderMap,
    Json(request): Json<TokenRequest>,
) -> Result<Response, Problem> {
    let tokens = match request {
        TokenRequest::Credentials(credentials) => {
            let origin = Origin::new(addr, &headers);
            let proven = metrics::signed_in("password", authenticate(&state, &credentials, &origin).await)?;
            let (user, session, refresh) = state.begin(proven, Kind::Api, &origin).await?;
            tokens(&state, &user, session, refresh.expose_secret())?
        }
        TokenRequest::Refresh { refresh_token } => metrics::signed_in("refresh", rotate(&state, &refresh_token).await)?,
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(tokens)).into_response())
}

async fn rotate(state: &State, refresh_token: &str) -> Result<Tokens, Problem> {
    let now = state.context.clock.now();
    let mut tx = state.context.pool.begin().await?;
    match sessions::refresh(&mut tx, refresh_token, now, state.idle_end(now)).await? {
        Refreshed::Fresh(live) => {
            let next = random::token();
            sessions::insert_refresh_token(&mut tx, next.expose_secret(), live.session_id, now).await?;
            tx.commit().await?;
            tokens(state, &live.user, live.session_id, next.expose_secret())
        }
        Refreshed::Reused(session) => {
            tx.commit().await?;
            state.announce_end(&[session]);
            tracing::warn!(session.id = %session, "a refresh token was used twice; the sign-in has been ended");
            Err(Problem::new(error::REFRESH_TOKEN_REUSED))
        }
        Refreshed::Unknown => Err(Problem::new(error::REFRESH_TOKEN_INVALID)),
    }
}

fn tokens(state: &State, user: &User, session: SessionId, refresh: &str) -> Result<Tokens, Problem> {
    Ok(Tokens {
        access_token: state.access_token(user, session)?,
        refresh_token: refresh.to_owned(),
        expires_in: state.access_lifetime(),
        token_type: "Bearer",
    })
}

/// Signs out: this sign-in ends, on every replica.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", tag = "auth", operation_id = "logout",
    responses(
        (status = 204, description = "Signed out; the cookie is cleared."),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("user"))),
)]
pub async fn logout(Extract(state): Extract<State>, identity: Identity) -> Result<Response, Problem> {
    let mut tx = state.context.pool.begin().await?;
    sessions::revoke(&mut tx, &[identity.session_id], "signed out", state.context.clock.now()).await?;
    tx.commit().await?;
    state.announce_end(&[identity.session_id]);
    Ok((StatusCode::NO_CONTENT, [(SESSION_HEADER, "")]).into_response())
}

/// Shows the keys that access tokens are signed with (RFC 7517).
#[utoipa::path(
    get, path = "/api/v1/auth/jwks", tag = "auth", operation_id = "get_jwks",
    responses((status = 200, description = "A key set.", body = serde_json::Value)),
    security(()),
    extensions(("x-access" = json!("public"))),
)]
pub async fn jwks(Extract(state): Extract<State>) -> Result<Response, Problem> {
    let set = state.published.set().await?;
    Ok(([(header::CACHE_CONTROL, "public, max-age=60")], Json(set)).into_response())
}

/// Shows the same keys at the well-known address.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "auth", operation_id = "get_well_known_jwks",
    responses((status = 200, description = "A key set.", body = serde_json::Value)),
    security(()),
    extensions(("x-access" = json!("public"))),
)]
pub async fn well_known_jwks(state: Extract<State>) -> Result<Response, Problem> {
    jwks(state).await
}
