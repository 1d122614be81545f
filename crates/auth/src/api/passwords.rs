use axum::extract::State as Extract;
use chrono::TimeDelta;
use contracts::auth::{MailedToken, PasswordResetRequested};
use platform::{
    http::{Json, StatusCode},
    identity::Identity,
    problem::{self, Problem, ProblemDocument},
    random,
};
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::{AddressOnly, MAIL_IS_ON_ITS_WAY, Message};
use crate::{
    State,
    domain::Password,
    error,
    hashing::Verdict,
    sessions::gone,
    store::{
        tokens::{self, Pending, Purpose},
        users,
    },
    throttle,
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
    let may_mail = state.throttle.take(throttle::MAIL, body.email.key()).await?;
    let now = state.context.clock.now();
    let mut tx = state.context.pool.begin().await?;
    let user = users::lock_by_email(&mut tx, &body.email).await?;
    if let Some(user) = user.filter(|_| may_mail) {
        let (token, expires_at) = (random::token(), now + LIFETIME);
        let pending = Pending::default();
        tokens::insert(&mut tx, token.expose_secret(), user.id, Purpose::Reset, &pending, (now, expires_at)).await?;
        let message = PasswordResetRequested {
            user_id: user.id,
            email: user.email,
            display_name: user.display_name,
            locale: user.locale,
            token: MailedToken(token.expose_secret().to_owned()),
            expires_at,
        };
        state.context.outbox.publish(&mut tx, &message).await?;
    }
    state.context.outbox.commit(tx).await?;
    Ok((StatusCode::ACCEPTED, Json(MAIL_IS_ON_ITS_WAY)))
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
    Json(body): Json<PasswordReset>,
) -> Result<StatusCode, Problem> {
    body.password.check("password", &[])?;
    let hash = state.hasher.hash(&body.password).await?;
    let now = state.context.clock.now();
    let mut tx = state.context.pool.begin().await?;
    let taken = tokens::take(&mut tx, &body.token, Purpose::Reset, now).await?;
    let (id, _) = taken.ok_or_else(|| Problem::new(error::TOKEN_INVALID))?;
    let mut user = users::lock_by_id(&mut tx, id).await?.ok_or_else(|| Problem::new(error::TOKEN_INVALID))?;
    if user.email_verified_at.is_none() {
        user.email_verified_at = Some(now);
        users::update(&mut tx, &user).await?;
        state.context.outbox.publish(&mut tx, &user.changed()).await?;
    }
    let ended = state.replace_password(&mut tx, &user, &hash, None).await?;
    state.context.outbox.commit(tx).await?;
    state.announce_end(&ended);
    Ok(StatusCode::NO_CONTENT)
}

/// The old and the new password.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The one that counts now.
    #[schema(value_type = String, format = "password")]
    pub current_password: Password,
    /// 8 to 128 characters of any script, not easily guessed.
    #[schema(value_type = String, format = "password")]
    pub new_password: Password,
}

/// Changes the password; every other sign-in ends.
#[utoipa::path(
    post, path = "/api/v1/auth/change-password", tag = "auth", operation_id = "change_password",
    request_body = PasswordChange,
    responses(
        (status = 204, description = "The new password counts."),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
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
    let pool = &state.context.pool;
    let user = users::by_id(pool, identity.user_id).await?.ok_or_else(gone)?;
    body.new_password.check("new_password", &[&user.email, &user.display_name])?;
    let account = user.id.to_string();
    state.throttle.charge(throttle::ACCOUNT, &account).await?;
    let old = users::password_hash(pool, user.id).await?;
    if state.hasher.verify(&body.current_password, old).await? == Verdict::Wrong {
        return Err(Problem::new(problem::VALIDATION_FAILED).field(
            "current_password",
            "wrong",
            "is not your password",
        ));
    }
    state.throttle.reset(throttle::ACCOUNT, &account).await?;
    let hash = state.hasher.hash(&body.new_password).await?;
    let mut tx = pool.begin().await?;
    let user = users::lock_by_id(&mut tx, user.id).await?.ok_or_else(gone)?;
    let ended = state.replace_password(&mut tx, &user, &hash, Some(identity.session_id)).await?;
    state.context.outbox.commit(tx).await?;
    state.announce_end(&ended);
    Ok(StatusCode::NO_CONTENT)
}
