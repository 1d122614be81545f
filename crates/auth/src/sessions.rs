//! Sign-ins: how they begin, go on and end.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    SessionId, UserId,
    auth::{AccountNotice, Notice},
};
use platform::{
    http::{ClientAddr, HeaderMap, header},
    identity::{Claims, ISSUER},
    problem::{self, Problem},
    random,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use sqlx::PgConnection;

use crate::{
    State, error,
    store::{
        sessions::{self, Kind, Means, NewSession},
        users::{self, User},
    },
    throttle::network,
};

/// Characters of a user agent that are kept.
const USER_AGENT: usize = 200;

/// Where a sign-in comes from.
#[derive(Clone, Debug)]
pub struct Origin {
    pub addr: std::net::IpAddr,
    pub user_agent: String,
}

impl Origin {
    pub fn new(ClientAddr(addr): ClientAddr, headers: &HeaderMap) -> Self {
        let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self { addr, user_agent: user_agent.chars().filter(|c| !c.is_control()).take(USER_AGENT).collect() }
    }
}

/// Somebody who has shown the right password.
pub struct Proven {
    pub user: User,
    /// When that password was chosen: tells whether it is still the one that counts.
    pub chosen_at: DateTime<Utc>,
}

impl State {
    /// When a sign-in that is used now ends by itself.
    pub fn idle_end(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + TimeDelta::from_std(self.context.config.auth.session_idle_lifetime).unwrap_or(TimeDelta::days(30))
    }

    /// Seconds that an access token is good for.
    pub fn access_lifetime(&self) -> i64 {
        i64::try_from(self.context.config.auth.access_token_lifetime.as_secs()).unwrap_or(900)
    }

    /// Begins a sign-in; the secret is the cookie or the refresh token. Refused if the password was replaced since it was shown: whoever
    /// resets a stolen one must be rid of the thief.
    pub async fn begin(
        &self,
        Proven { user, chosen_at }: Proven,
        kind: Kind,
        origin: &Origin,
    ) -> Result<(User, SessionId, SecretString), Problem> {
        let mut tx = self.context.pool.begin().await?;
        let user = users::with_password_of(&mut tx, user.id, chosen_at).await?;
        let user = user.ok_or_else(|| Problem::new(error::INVALID_CREDENTIALS))?;
        let (id, secret) = self.open(&mut tx, user.id, kind, Means::Password, origin).await?;
        tx.commit().await?;
        Ok((user, id, secret))
    }

    /// Writes a sign-in down. The caller has locked the account, and made sure that it may.
    pub async fn open(
        &self,
        tx: &mut PgConnection,
        user: UserId,
        kind: Kind,
        means: Means,
        origin: &Origin,
    ) -> Result<(SessionId, SecretString), sqlx::Error> {
        let now = self.context.clock.now();
        users::know_network(tx, user, &network(origin.addr), now).await?;
        let (id, secret) = (SessionId::new(now), random::token());
        let cookie = (kind == Kind::Browser).then(|| secret.expose_secret());
        let (ip, user_agent) = (origin.addr.to_string(), origin.user_agent.as_str());
        let expires_at = self.idle_end(now);
        let session = NewSession { id, user, kind, means, cookie, now, expires_at, ip, user_agent };
        sessions::insert(tx, &session).await?;
        if kind == Kind::Api {
            sessions::insert_refresh_token(tx, secret.expose_secret(), id, now).await?;
        }
        Ok((id, secret))
    }

    /// An access token for a sign-in.
    pub fn access_token(&self, user: &User, session: SessionId) -> Result<String, Problem> {
        let now = self.context.clock.now().timestamp();
        let claims = claims(user, session, now, self.access_lifetime());
        self.signer.sign(&claims).map_err(|error| Problem::internal(&error))
    }

    /// Tells every door, after the commit.
    pub fn announce_end(&self, sessions: &[SessionId]) {
        for id in sessions {
            self.context.broadcast.send(format!("session/{id}"), json!({ "ended": true }));
        }
    }

    /// The address is its owner's: whoever opened the link reads its mail. `name` is what the account is to be called from now on, as was
    /// asked for with the link. Nothing to do if that was known.
    pub async fn verify(
        &self,
        tx: &mut PgConnection,
        user: &mut User,
        name: Option<String>,
    ) -> Result<(), sqlx::Error> {
        if user.email_verified_at.is_some() {
            return Ok(());
        }
        user.email_verified_at = Some(self.context.clock.now());
        if let Some(name) = name {
            user.display_name = name;
        }
        users::update(tx, user).await?;
        self.context.outbox.publish(tx, &user.changed()).await
    }

    /// Sets a new password: every other sign-in ends, and the owner is told.
    pub async fn replace_password(
        &self,
        tx: &mut PgConnection,
        user: &User,
        hash: &str,
        keep: Option<SessionId>,
    ) -> Result<Vec<SessionId>, sqlx::Error> {
        let now = self.context.clock.now();
        users::set_password(tx, user.id, hash, now).await?;
        let ended = sessions::others(tx, user.id, keep).await?;
        sessions::revoke(tx, &ended, "password changed", now).await?;
        self.context.outbox.publish(tx, &notice(user, Notice::PasswordChanged)).await?;
        Ok(ended)
    }
}

/// The body of an access token that is good for `lifetime` seconds.
pub fn claims(user: &User, session: SessionId, now: i64, lifetime: i64) -> Claims {
    Claims {
        iss: ISSUER.to_owned(),
        aud: ISSUER.to_owned(),
        sub: user.id,
        sid: session,
        role: user.role,
        name: user.display_name.clone(),
        verified: user.email_verified_at.is_some(),
        iat: now,
        exp: now + lifetime,
    }
}

/// A mail to the account's owner.
pub fn notice(user: &User, notice: Notice) -> AccountNotice {
    AccountNotice {
        user_id: user.id,
        email: user.email.clone(),
        display_name: user.display_name.clone(),
        locale: user.locale,
        notice,
    }
}

/// The account behind a sign-in that was live a moment ago.
pub fn gone() -> Problem {
    Problem::new(problem::UNAUTHENTICATED).detail("The account does not exist any more.")
}
