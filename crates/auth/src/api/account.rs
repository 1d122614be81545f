use axum::{
    extract::State as Extract,
    response::{IntoResponse as _, Response},
};
use contracts::auth::{Locale, UserDeleted};
use platform::{
    http::{Json, StatusCode},
    identity::Identity,
    problem::{Problem, ProblemDocument},
};
use serde::Deserialize;

use super::{Me, SESSION_HEADER};
use crate::{
    State,
    domain::{DisplayName, Password},
    sessions::gone,
    store::{sessions, users},
};

/// Shows the signed-in person's account.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "auth", operation_id = "get_me",
    responses(
        (status = 200, description = "The account.", body = Me),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("user"))),
)]
pub async fn get_me(Extract(state): Extract<State>, identity: Identity) -> Result<Json<Me>, Problem> {
    let pool = &state.context.pool;
    let user = users::by_id(pool, identity.user_id).await?.ok_or_else(gone)?;
    let has_password = users::has_password(pool, user.id).await?;
    Ok(Json(Me::new(user, has_password)))
}

/// What can be changed; absent fields stay as they are.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "display_name": "Ada L.", "locale": "de" }))]
pub struct MeUpdate {
    /// As shown to others; 1 to 60 characters.
    pub display_name: Option<DisplayName>,
    /// Language of mails.
    pub locale: Option<Locale>,
}

/// Changes name or language.
#[utoipa::path(
    patch, path = "/api/v1/me", tag = "auth", operation_id = "update_me",
    request_body = MeUpdate,
    responses(
        (status = 200, description = "The account as it is now.", body = Me),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A field needs another value.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("user"))),
)]
pub async fn update_me(
    Extract(state): Extract<State>,
    identity: Identity,
    Json(update): Json<MeUpdate>,
) -> Result<Json<Me>, Problem> {
    let mut tx = state.context.pool.begin().await?;
    let mut user = users::lock_by_id(&mut tx, identity.user_id).await?.ok_or_else(gone)?;
    let before = user.changed();
    user.display_name = update.display_name.map_or(user.display_name, DisplayName::into_inner);
    user.locale = update.locale.unwrap_or(user.locale);
    if (&before.display_name, before.locale) != (&user.display_name, user.locale) {
        users::update(&mut tx, &user).await?;
        state.context.outbox.publish(&mut tx, &user.changed()).await?;
    }
    let has_password = users::has_password(&mut *tx, user.id).await?;
    state.context.outbox.commit(tx).await?;
    Ok(Json(Me::new(user, has_password)))
}

/// Shows that it is the owner who asks.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Farewell {
    /// The account's password; absent for an account that has none.
    #[schema(value_type = Option<String>, format = "password")]
    pub password: Option<Password>,
}

/// Deletes the account, for good.
///
/// Every sign-in ends, at once on every replica; events of the account that are still to come are called off, its places are given up. The
/// address can be registered anew afterwards. An account without a password is deleted within 15 minutes of a sign-in by a mailed link.
#[utoipa::path(
    delete, path = "/api/v1/me", tag = "auth", operation_id = "delete_me",
    request_body = Farewell,
    responses(
        (status = 204, description = "There is no such account any more; the cookie is cleared."),
        (status = 401, description = "Not signed in.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "`sign_in_too_old`: the account has no password, and this sign-in is not a fresh one by a mailed link.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The password is wrong, or missing.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
    extensions(("x-access" = json!("user"))),
)]
pub async fn delete_me(
    Extract(state): Extract<State>,
    identity: Identity,
    Json(farewell): Json<Farewell>,
) -> Result<Response, Problem> {
    const FIELD: &str = "password";
    let (_, shown) = state.prove_owner(&identity, farewell.password.as_ref(), FIELD).await?;
    let mut tx = state.context.pool.begin().await?;
    let user = state.lock_proven(&mut tx, &identity, shown, FIELD).await?;
    let ended = sessions::others(&mut tx, user.id, None).await?;
    users::delete(&mut tx, user.id).await?;
    state.context.outbox.publish(&mut tx, &UserDeleted { user_id: user.id }).await?;
    state.context.outbox.commit(tx).await?;
    state.announce_end(&ended);
    Ok((StatusCode::NO_CONTENT, [(SESSION_HEADER, "")]).into_response())
}
