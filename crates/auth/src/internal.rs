//! What the public door asks.

use axum::{Router, extract::State as Extract, routing::post};
use chrono::TimeDelta;
use contracts::{SessionId, UserId};
use platform::{
    http::Json,
    identity::Role,
    problem::{self, Problem},
    random,
};
use serde::{Deserialize, Serialize};

use crate::{State, store::sessions};

pub fn router() -> Router<State> {
    Router::new().route("/internal/auth/session", post(resolve)).route("/internal/auth/introspect", post(introspect))
}

#[derive(Deserialize)]
struct Cookie {
    cookie: String,
}

#[derive(Serialize)]
struct Resolved {
    access_token: String,
    expires_in: i64,
    session_id: SessionId,
    user: Whose,
}

#[derive(Serialize)]
struct Whose {
    id: UserId,
}

/// A browser's cookie becomes an access token. Being used keeps the sign-in alive; that is noted at most once a minute.
async fn resolve(Extract(state): Extract<State>, Json(body): Json<Cookie>) -> Result<Json<Resolved>, Problem> {
    let (pool, now) = (&state.context.pool, state.context.clock.now());
    let cookie = random::fingerprint(&body.cookie);
    let live = state.cookies.get(cookie, |cookies| sessions::by_cookies(pool, cookies, now)).await?;
    let live = live.ok_or_else(|| Problem::new(problem::UNAUTHENTICATED))?;
    if now - live.last_seen_at > TimeDelta::minutes(1) {
        sessions::touch(pool, live.session_id, now, state.idle_end(now)).await?;
    }
    Ok(Json(Resolved {
        access_token: state.access_token(&live.user, live.session_id)?,
        expires_in: state.access_lifetime(),
        session_id: live.session_id,
        user: Whose { id: live.user.id },
    }))
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Introspected {
    Live { active: bool, session_id: SessionId, user_id: UserId, role: Role },
    Ended { active: bool },
}

/// Whether an access token is good and its sign-in lives.
async fn introspect(Extract(state): Extract<State>, Json(body): Json<Token>) -> Result<Json<Introspected>, Problem> {
    let now = state.context.clock.now();
    let keys = &state.context.verifier.keys;
    let mut claims = keys.verify(&body.access_token, now);
    if claims.is_err() {
        // It may be signed by a replica that has just started.
        state.published.look_again().await?;
        claims = keys.verify(&body.access_token, now);
    }
    let Ok(claims) = claims else { return Ok(Json(Introspected::Ended { active: false })) };
    let pool = &state.context.pool;
    let active = state.live.get(claims.sid, |ids| sessions::live(pool, ids, now)).await? == Some(true);
    Ok(Json(if active {
        Introspected::Live { active, session_id: claims.sid, user_id: claims.sub, role: claims.role }
    } else {
        Introspected::Ended { active }
    }))
}
