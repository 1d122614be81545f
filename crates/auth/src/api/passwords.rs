use axum::extract::State as Extract;
use chrono::TimeDelta;
use contracts::auth::{MailedToken, PasswordResetRequested};
use platform::{
    http::{ClientAddr, Json, StatusCode},
    identity::Identity,
    problem::{Problem, ProblemDocument},
    random,
};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use sqlx::PgConnection;

use super::{AddressOnly, MAIL_IS_ON_ITS_WAY, Message, evenly};
use crate::{
    State,
    domain::{Email, Password},
    error,
    store::{
        tokens::{self, Pending, Purpose},
        users::{self, User},
    },
    throttle::{self, network},
};

/// How long the mailed link works.
const LIFETIME: TimeDelta = TimeDelta::hours(1);

/// Sends a link by which a forgotten password can be replaced.
///
/// The answer is the same whatever the address is.
#[utoipa::path(
    post, path = "/api/v1/auth/forgot-password", tag = "auth", operation_id = "forgot_password",
    request_body = AddressOnly,
    responses(
        (status = 202, description = "A mail is on its way, if the address has an account.", body = Message),
        (status = 422, description = "A field needs another value.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(()),
    extensions(("x-access" = json!("public"))),
)]
pub async fn forgot_password(
    Extract(state): Extract<State>,
    Json(body): Json<AddressOnly>,
) -> Result<(StatusCode, Json<Message>), Problem> {
    evenly(request_reset(&state, &body.email)).await?;
    Ok((StatusCode::ACCEPTED, Json(MAIL_IS_ON_ITS_WAY)))
}

async fn request_reset(state: &State, email: &Email) -> Result<(), Problem> {
    let mut tx = state.context.pool.begin().await?;
    let user = users::lock_by_email(&mut tx, email).await?;
    let may_mail = state.throttle.take(&mut tx, throttle::RESET_MAIL, email.key()).await?;
    if let Some(user) = user.filter(|_| may_mail) {
        mail_reset_link(state, &mut tx, user).await?;
    }
    state.context.outbox.commit(tx).await?;
    Ok(())
}

/// The caller has locked the account.
pub async fn mail_reset_link(state: &State, tx: &mut PgConnection, user: User) -> Result<(), sqlx::Error> {
    let (token, now) = (random::token(), state.context.clock.now());
    let expires_at = now + LIFETIME;
    // Only the newest link works.
    tokens::remove_all(tx, user.id, Purpose::Reset).await?;
    let pending = Pending::default();
    tokens::insert(tx, token.expose_secret(), user.id, Purpose::Reset, &pending, (now, expires_at)).await?;
    let message = PasswordResetRequested {
        user_id: user.id,
        email: user.email,
        display_name: user.display_name,
        locale: user.locale,
        token: MailedToken(token.expose_secret().to_owned()),
        expires_at,
    };
    state.context.outbox.publish(tx, &message).await
}

/// A new password, by a mailed link.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordReset {
    /// As it stands in the link.
    pub token: String,
    /// 8 to 128 characters of any script, not easily guessed.
    #[schema(value_type = String, format = "password")]
    pub password: Password,
}

/// Replaces a forgotten password; every sign-in ends. The link proves the address as well.
#[utoipa::path(
    post, path = "/api/v1/auth/reset-password", tag = "auth", operation_id = "reset_password",
    request_body = PasswordReset,
    responses(
        (status = 204, description = "The new password counts."),
        (status = 422, description = "The link does not work, or the password is weak.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(()),
    extensions(("x-access" = json!("public"))),
)]
pub async fn reset_password(
    Extract(state): Extract<State>,
    ClientAddr(addr): ClientAddr,
    Json(body): Json<PasswordReset>,
) -> Result<StatusCode, Problem> {
    let invalid = || Problem::new(error::TOKEN_INVALID);
    let (pool, now) = (&state.context.pool, state.context.clock.now());
    let id = tokens::owner(pool, &body.token, Purpose::Reset, now).await?.ok_or_else(invalid)?;
    let user = users::by_id(pool, id).await?.ok_or_else(invalid)?;
    let hash = state.hasher.choose(&body.password, "password", &[&user.email, &user.display_name]).await?;
    let mut tx = pool.begin().await?;
    let mut user = users::lock_by_id(&mut tx, id).await?.ok_or_else(invalid)?;
    tokens::take(&mut tx, &body.token, Purpose::Reset, now).await?.ok_or_else(invalid)?;
    let network = network(addr);
    users::know_network(&mut tx, id, &network, now).await?;
    state.verify(&mut tx, &mut user, None).await?;
    let ended = state.replace_password(&mut tx, &user, &hash, None).await?;
    state.context.outbox.commit(tx).await?;
    state.announce_end(&ended);
    // Whoever forgot it has tried a few times before.
    if let Ok(email) = Email::parse(&user.email) {
        state.throttle.reset(throttle::ACCOUNT, &throttle::account_here(&email, &network)).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The old and the new password.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The one that counts now; absent for an account that has none.
    #[schema(value_type = Option<String>, format = "password")]
    pub current_password: Option<Password>,
    /// 8 to 128 characters of any script, not easily guessed.
    #[schema(value_type = String, format = "password")]
    pub new_password: Password,
}

/// Changes the password; every other sign-in ends.
///
/// An account without a password gets one within 15 minutes of a sign-in by a mailed link, or by a mailed link to choose one.
#[utoipa::path(
    post, path = "/api/v1/auth/change-password", tag = "auth", operation_id = "change_password",
    request_body = PasswordChange,
    responses(
        (status = 204, description = "The new password counts."),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "`sign_in_too_old`: the account has no password, and this sign-in is not a fresh one by a mailed link.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The current password is wrong, or the new one is weak.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("user"))),
)]
pub async fn change_password(
    Extract(state): Extract<State>,
    identity: Identity,
    Json(body): Json<PasswordChange>,
) -> Result<StatusCode, Problem> {
    const FIELD: &str = "current_password";
    let (user, shown) = state.prove_owner(&identity, body.current_password.as_ref(), FIELD).await?;
    let hash = state.hasher.choose(&body.new_password, "new_password", &[&user.email, &user.display_name]).await?;
    let mut tx = state.context.pool.begin().await?;
    let user = state.lock_proven(&mut tx, &identity, shown, FIELD).await?;
    let ended = state.replace_password(&mut tx, &user, &hash, Some(identity.session_id)).await?;
    state.context.outbox.commit(tx).await?;
    state.announce_end(&ended);
    Ok(StatusCode::NO_CONTENT)
}
