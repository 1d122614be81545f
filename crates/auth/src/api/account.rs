use axum::extract::State as Extract;
use contracts::auth::Locale;
use platform::{
    http::Json,
    identity::Identity,
    problem::{Problem, ProblemDocument},
};
use serde::Deserialize;

use super::Me;
use crate::{State, domain::DisplayName, sessions::gone, store::users};

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
