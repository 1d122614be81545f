use axum::extract::State as Extract;
use chrono::TimeDelta;
use contracts::{
    UserId,
    auth::{Locale, MailedToken, Notice, VerificationRequested},
};
use platform::{
    http::{ClientAddr, Json, StatusCode},
    identity::Role,
    problem::{Problem, ProblemDocument},
    random,
};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use sqlx::PgConnection;

use super::{AddressOnly, MAIL_IS_ON_ITS_WAY, Message, evenly, passwords::mail_reset_link};
use crate::{
    State,
    domain::{DisplayName, Email, Password},
    error, sessions,
    store::{
        tokens::{self, Pending, Purpose},
        users::{self, User},
    },
    throttle::{self, network},
};

/// How long the mailed link works.
const LIFETIME: TimeDelta = TimeDelta::hours(48);

/// A new account.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ada@example.org", "password": "quiet harbour lantern 42", "display_name": "Ada", "locale": "en" }))]
pub struct Registration {
    /// Gets a mail with a link.
    #[schema(value_type = String, format = "email", example = "ada@example.org")]
    pub email: Email,
    /// 8 to 128 characters of any script, not easily guessed.
    #[schema(value_type = String, format = "password")]
    pub password: Password,
    /// As shown to others; 1 to 60 characters.
    pub display_name: DisplayName,
    /// Language of mails; English if absent.
    #[serde(default)]
    pub locale: Locale,
}

/// Registers an account.
///
/// The answer is the same whether or not the address has an account: whoever owns the mailbox learns it there.
#[utoipa::path(
    post, path = "/api/v1/auth/register", tag = "auth", operation_id = "register",
    request_body = Registration,
    responses(
        (status = 202, description = "A mail is on its way, if the address can be used.", body = Message),
        (status = 422, description = "A field needs another value.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(()),
    extensions(("x-access" = json!("public"))),
)]
pub async fn register(
    Extract(state): Extract<State>,
    Json(wish): Json<Registration>,
) -> Result<(StatusCode, Json<Message>), Problem> {
    // Hashed in any case: a taken address must not be told by the time the answer takes.
    let hash = state.hasher.choose(&wish.password, "password", &[wish.email.as_str(), &wish.display_name]).await?;
    evenly(make_account(&state, wish, hash)).await?;
    Ok((StatusCode::ACCEPTED, Json(MAIL_IS_ON_ITS_WAY)))
}

/// Whose address it is shows only when a link is opened, and not which of several registrations its owner made: the mails look alike,
/// and whoever knows of a registration can add one just before its link is opened. So the password of a registration counts as long as
/// it is the only one of its address. A second one takes it away for good; opening any of the links then confirms the address and mails
/// another link, by which its owner chooses a password (see [`verify_email`]). A quick join of the address counts as one more.
async fn make_account(state: &State, wish: Registration, hash: String) -> Result<(), Problem> {
    let now = state.context.clock.now();
    let mut tx = state.context.pool.begin().await?;
    let fresh = User {
        id: UserId::new(now),
        email: wish.email.as_str().to_owned(),
        display_name: wish.display_name.into_inner(),
        locale: wish.locale,
        role: Role::User,
        email_verified_at: None,
        created_at: now,
    };
    let inserted = users::insert(&mut tx, &fresh, &wish.email).await?;
    let Some(user) = users::lock_by_email(&mut tx, &wish.email).await? else {
        return Err(Problem::unavailable()); // deleted in this very moment
    };
    let is_verified = user.email_verified_at.is_some();
    let mail = if is_verified { throttle::NOTICE_MAIL } else { throttle::REGISTRATION_MAIL };
    let may_mail = state.throttle.take(&mut tx, mail, wish.email.key()).await?;
    if inserted {
        users::set_password(&mut tx, user.id, &hash, now).await?;
        state.context.outbox.publish(&mut tx, &user.changed()).await?;
    } else if !is_verified {
        users::remove_password(&mut tx, user.id).await?;
    }
    if may_mail && is_verified {
        state.context.outbox.publish(&mut tx, &sessions::notice(&user, Notice::RegistrationAttempted)).await?;
    } else if may_mail {
        let pending = Pending { display_name: Some(fresh.display_name), ..Pending::default() };
        request_verification(state, &mut tx, &user, &pending).await?;
    }
    state.context.outbox.commit(tx).await?;
    Ok(())
}

async fn request_verification(
    state: &State,
    tx: &mut PgConnection,
    user: &User,
    pending: &Pending,
) -> Result<(), sqlx::Error> {
    let (token, now) = (random::token(), state.context.clock.now());
    let expires_at = now + LIFETIME;
    tokens::insert(tx, token.expose_secret(), user.id, Purpose::Verify, pending, (now, expires_at)).await?;
    let message = VerificationRequested {
        user_id: user.id,
        email: user.email.clone(),
        display_name: pending.display_name.clone().unwrap_or_else(|| user.display_name.clone()),
        locale: user.locale,
        token: MailedToken(token.expose_secret().to_owned()),
        expires_at,
    };
    state.context.outbox.publish(tx, &message).await
}

/// The token of a mailed link.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenOnly {
    /// As it stands in the link.
    pub token: String,
}

/// Confirms an address.
///
/// If the address was registered more than once, no password counts yet: another mail with a link to choose one is then on its way.
#[utoipa::path(
    post, path = "/api/v1/auth/verify-email", tag = "auth", operation_id = "verify_email",
    request_body = TokenOnly,
    responses(
        (status = 204, description = "The address is confirmed."),
        (status = 422, description = "The link does not work, or no longer.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(()),
    extensions(("x-access" = json!("public"))),
)]
pub async fn verify_email(
    Extract(state): Extract<State>,
    ClientAddr(addr): ClientAddr,
    Json(body): Json<TokenOnly>,
) -> Result<StatusCode, Problem> {
    let invalid = || Problem::new(error::TOKEN_INVALID);
    let now = state.context.clock.now();
    let mut tx = state.context.pool.begin().await?;
    let id = tokens::owner(&mut *tx, &body.token, Purpose::Verify, now).await?.ok_or_else(invalid)?;
    let mut user = users::lock_by_id(&mut tx, id).await?.ok_or_else(invalid)?;
    let pending = tokens::take(&mut tx, &body.token, Purpose::Verify, now).await?.ok_or_else(invalid)?;
    users::know_network(&mut tx, id, &network(addr), now).await?;
    if user.email_verified_at.is_none() {
        state.verify(&mut tx, &mut user, pending.display_name).await?;
        if !users::has_password(&mut *tx, id).await? {
            mail_reset_link(&state, &mut tx, user).await?;
        }
    }
    state.context.outbox.commit(tx).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends the link again.
///
/// The answer is the same whatever the address is.
#[utoipa::path(
    post, path = "/api/v1/auth/resend-verification", tag = "auth", operation_id = "resend_verification",
    request_body = AddressOnly,
    responses(
        (status = 202, description = "A mail is on its way, if there is something to confirm.", body = Message),
        (status = 422, description = "A field needs another value.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(()),
    extensions(("x-access" = json!("public"))),
)]
pub async fn resend_verification(
    Extract(state): Extract<State>,
    Json(body): Json<AddressOnly>,
) -> Result<(StatusCode, Json<Message>), Problem> {
    evenly(async {
        let mut tx = state.context.pool.begin().await?;
        let user = users::lock_by_email(&mut tx, &body.email).await?;
        let may_mail = state.throttle.take(&mut tx, throttle::RESEND_MAIL, body.email.key()).await?;
        if let Some(user) = user.filter(|user| may_mail && user.email_verified_at.is_none()) {
            request_verification(&state, &mut tx, &user, &Pending::default()).await?;
        }
        state.context.outbox.commit(tx).await?;
        Ok(())
    })
    .await?;
    Ok((StatusCode::ACCEPTED, Json(MAIL_IS_ON_ITS_WAY)))
}
