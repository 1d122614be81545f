//! A place without an account first: the mailed link makes sure of the address, signs in, and brings back what was asked for. The client
//! then joins like anybody else.

use axum::{extract::State as Extract, response::Response};
use chrono::TimeDelta;
use contracts::{
    EventId, UserId,
    auth::{Locale, MailedToken, QuickJoinRequested},
};
use platform::{
    http::{ClientAddr, HeaderMap, Json, StatusCode},
    identity::Role,
    problem::{Problem, ProblemDocument},
    random,
};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, types};

use super::{MAIL_IS_ON_ITS_WAY, Me, Message, evenly, registration::TokenOnly, sign_in::with_cookie};
use crate::{
    State,
    domain::{Answer, Answers, DisplayName, Email, Intention, PartySize},
    error,
    sessions::Origin,
    store::{
        sessions::{Kind, Means},
        tokens::{self, Pending, Purpose},
        users::{self, User},
    },
    throttle,
};

/// How long the mailed link works. Places go quickly, and it is about one.
const LIFETIME: TimeDelta = TimeDelta::hours(2);

/// A place for somebody without an account.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ada@example.org", "display_name": "Ada", "event_id": "01890a5d-ac96-774b-bcce-b302099a8057", "party_size": 2, "answers": { "meal": "Vegan" }, "locale": "en" }))]
pub struct QuickJoin {
    /// Gets a mail with a link.
    #[schema(value_type = String, format = "email", example = "ada@example.org")]
    pub email: Email,
    /// As shown to others; 1 to 60 characters.
    pub display_name: DisplayName,
    /// At which event.
    pub event_id: EventId,
    /// The person and their guests; 1 if absent.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 10, example = 2)]
    pub party_size: Option<PartySize>,
    /// How many of them come at least, if there is no room for all; absent is all or nobody.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 10, example = 1)]
    pub at_least: Option<PartySize>,
    /// To the event's questions, by their ids; at most 10, and 8 kB altogether.
    #[schema(value_type = Option<BTreeMap<String, Answer>>, example = json!({ "meal": "Vegan", "photos": true }))]
    pub answers: Option<Answers>,
    /// Language of mails; English if absent.
    #[serde(default)]
    pub locale: Locale,
}

/// Asks for a place by address alone.
///
/// The answer is the same whether or not the address has an account: whoever owns the mailbox learns it there. The link in the mail works
/// once, for two hours; asking again for the same event makes the earlier one useless.
#[utoipa::path(
    post, path = "/api/v1/auth/quick-join", tag = "auth", operation_id = "quick_join",
    request_body = QuickJoin,
    responses(
        (status = 202, description = "A mail is on its way, if the address can be used.", body = Message),
        (status = 422, description = "A field needs another value.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(()),
    extensions(("x-access" = json!("public"))),
)]
pub async fn quick_join(
    Extract(state): Extract<State>,
    Json(wish): Json<QuickJoin>,
) -> Result<(StatusCode, Json<Message>), Problem> {
    let QuickJoin { email, display_name, event_id, party_size, at_least, answers, locale } = wish;
    let (party_size, answers) = (party_size.unwrap_or_default(), answers.unwrap_or_default());
    let intention = Intention { event_id, party_size, at_least, answers }.checked()?;
    evenly(request(&state, &email, display_name, locale, intention)).await?;
    Ok((StatusCode::ACCEPTED, Json(MAIL_IS_ON_ITS_WAY)))
}

/// An account that is there stays as it is; but one whose address nobody has proven yet loses its password, as by another registration
/// (see [`super::registration`]): who chose it may be somebody else than who opens this link.
async fn request(
    state: &State,
    email: &Email,
    name: DisplayName,
    locale: Locale,
    intention: Intention,
) -> Result<(), Problem> {
    let now = state.context.clock.now();
    let mut tx = state.context.pool.begin().await?;
    let fresh = User {
        id: UserId::new(now),
        email: email.as_str().to_owned(),
        display_name: name.into_inner(),
        locale,
        role: Role::User,
        email_verified_at: None,
        created_at: now,
    };
    let inserted = users::insert(&mut tx, &fresh, email).await?;
    let Some(user) = users::lock_by_email(&mut tx, email).await? else {
        return Err(Problem::unavailable()); // deleted in this very moment
    };
    let may_mail = state.throttle.take(&mut tx, throttle::QUICK_JOIN_MAIL, email.key()).await?;
    users::note_quick_join(&mut tx, user.id, inserted, now).await?;
    if inserted {
        state.context.outbox.publish(&mut tx, &user.changed()).await?;
    } else if user.email_verified_at.is_none() {
        users::remove_password(&mut tx, user.id).await?;
    }
    if may_mail {
        // Who has proven the address is called what they chose then, whatever a stranger writes here.
        let display_name = user.email_verified_at.is_none().then_some(fresh.display_name);
        mail_link(state, &mut tx, user, display_name, intention).await?;
    }
    state.context.outbox.commit(tx).await?;
    Ok(())
}

/// The caller has locked the account.
async fn mail_link(
    state: &State,
    tx: &mut PgConnection,
    user: User,
    display_name: Option<String>,
    intention: Intention,
) -> Result<(), sqlx::Error> {
    let (token, now) = (random::token(), state.context.clock.now());
    let (event_id, expires_at) = (intention.event_id, now + LIFETIME);
    tokens::remove_quick_join(tx, user.id, event_id).await?;
    let pending = Pending { display_name, intention: Some(types::Json(intention)) };
    tokens::insert(tx, token.expose_secret(), user.id, Purpose::QuickJoin, &pending, (now, expires_at)).await?;
    let message = QuickJoinRequested {
        user_id: user.id,
        email: user.email,
        display_name: pending.display_name.unwrap_or(user.display_name),
        locale: user.locale,
        token: MailedToken(token.expose_secret().to_owned()),
        expires_at,
        event_id,
    };
    state.context.outbox.publish(tx, &message).await
}

/// What a link is about, for the page that shows it before anything happens.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct QuickJoinPreview {
    /// What was asked for.
    #[serde(flatten)]
    pub intention: Intention,
    /// What the account will be called.
    #[schema(example = "Ada")]
    pub display_name: String,
    /// Whether the account has a password.
    pub has_password: bool,
}

/// Shows what a mailed link is about.
///
/// Nothing happens by it: programs that look into mails open links, too.
#[utoipa::path(
    post, path = "/api/v1/auth/quick-join/look", tag = "auth", operation_id = "look_at_quick_join",
    request_body = TokenOnly,
    responses(
        (status = 200, description = "What was asked for.", body = QuickJoinPreview),
        (status = 422, description = "The link does not work, or no longer.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(()),
    extensions(("x-access" = json!("public"))),
)]
pub async fn look_at_quick_join(
    Extract(state): Extract<State>,
    Json(body): Json<TokenOnly>,
) -> Result<Json<QuickJoinPreview>, Problem> {
    let invalid = || Problem::new(error::TOKEN_INVALID);
    let (pool, now) = (&state.context.pool, state.context.clock.now());
    let (id, pending) = tokens::look(pool, &body.token, Purpose::QuickJoin, now).await?.ok_or_else(invalid)?;
    let user = users::by_id(pool, id).await?.ok_or_else(invalid)?;
    let types::Json(intention) = pending.intention.ok_or_else(invalid)?;
    let name = pending.display_name.filter(|_| user.email_verified_at.is_none());
    let has_password = users::has_password(pool, id).await?;
    Ok(Json(QuickJoinPreview { intention, display_name: name.unwrap_or(user.display_name), has_password }))
}

/// Signed in, with what was asked for.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct QuickJoinConfirmed {
    /// Who.
    pub user: Me,
    /// What was asked for.
    #[serde(flatten)]
    pub intention: Intention,
}

/// Uses a mailed link: the address is proven, and the browser signed in. The place is still to be asked for, by joining.
#[utoipa::path(
    post, path = "/api/v1/auth/quick-join/confirm", tag = "auth", operation_id = "confirm_quick_join",
    request_body = TokenOnly,
    responses(
        (status = 200, description = "Signed in; the session cookie is set.", body = QuickJoinConfirmed),
        (status = 422, description = "The link does not work, or no longer.", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(()),
    extensions(("x-access" = json!("public"))),
)]
pub async fn confirm_quick_join(
    Extract(state): Extract<State>,
    addr: ClientAddr,
    headers: HeaderMap,
    Json(body): Json<TokenOnly>,
) -> Result<Response, Problem> {
    let invalid = || Problem::new(error::TOKEN_INVALID);
    let (origin, now) = (Origin::new(addr, &headers), state.context.clock.now());
    let mut tx = state.context.pool.begin().await?;
    let id = tokens::owner(&mut *tx, &body.token, Purpose::QuickJoin, now).await?.ok_or_else(invalid)?;
    let mut user = users::lock_by_id(&mut tx, id).await?.ok_or_else(invalid)?;
    let pending = tokens::take(&mut tx, &body.token, Purpose::QuickJoin, now).await?.ok_or_else(invalid)?;
    let types::Json(intention) = pending.intention.ok_or_else(invalid)?;
    state.verify(&mut tx, &mut user, pending.display_name).await?;
    let (_, cookie) = state.open(&mut tx, id, Kind::Browser, Means::Link, &origin).await?;
    let has_password = users::has_password(&mut *tx, id).await?;
    state.context.outbox.commit(tx).await?;
    with_cookie(QuickJoinConfirmed { user: Me::new(user, has_password), intention }, &cookie)
}
