//! Public operations.

mod account;
mod listing;
mod passwords;
mod quick_join;
mod registration;
mod sign_in;

use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::{UserId, auth::Locale};
use platform::{identity::Role, problem::Problem};
use serde::{Deserialize, Serialize};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{State, store::users::User};

/// The header by which the public door is told to set (or, empty, to clear) the session cookie.
pub const SESSION_HEADER: &str = "x-cityevents-session";

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(registration::register))
        .routes(routes!(registration::verify_email))
        .routes(routes!(registration::resend_verification))
        .routes(routes!(sign_in::login))
        .routes(routes!(sign_in::token))
        .routes(routes!(sign_in::logout))
        .routes(routes!(sign_in::jwks))
        .routes(routes!(sign_in::well_known_jwks))
        .routes(routes!(passwords::forgot_password))
        .routes(routes!(passwords::reset_password))
        .routes(routes!(passwords::change_password))
        .routes(routes!(quick_join::quick_join))
        .routes(routes!(quick_join::look_at_quick_join))
        .routes(routes!(quick_join::confirm_quick_join))
        .routes(routes!(account::get_me, account::update_me, account::delete_me))
        .routes(routes!(listing::list_sessions, listing::end_other_sessions))
        .routes(routes!(listing::end_session))
}

/// The signed-in person's own account.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Me {
    /// Never changes.
    pub id: UserId,
    /// Where mails go.
    #[schema(example = "ada@example.org")]
    pub email: String,
    /// As shown to others.
    #[schema(example = "Ada")]
    pub display_name: String,
    /// Language of mails.
    pub locale: Locale,
    /// Right beyond one's own things.
    pub role: Role,
    /// Whether the address has been proven.
    pub email_verified: bool,
    /// Whether there is a password. An account that a quick join made has none until its owner chooses one.
    pub has_password: bool,
    /// RFC 3339.
    pub created_at: DateTime<Utc>,
}

impl Me {
    fn new(user: User, has_password: bool) -> Self {
        Self {
            id: user.id,
            email: user.email,
            display_name: user.display_name,
            locale: user.locale,
            role: user.role,
            email_verified: user.email_verified_at.is_some(),
            has_password,
            created_at: user.created_at,
        }
    }
}

/// An answer that is the same whatever the address is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Message {
    /// A sentence.
    #[schema(example = "If the address can be used, a mail is on its way to it.")]
    pub message: &'static str,
}

/// What says nothing about the address.
pub const MAIL_IS_ON_ITS_WAY: Message = Message { message: "If the address can be used, a mail is on its way to it." };

/// Takes at least this long. Looking for an account that is not there is a few milliseconds quicker than writing to one that is;
/// nobody can tell under this. What is refused says nothing about accounts, and may be refused at once.
const EVEN: Duration = Duration::from_millis(50);

/// Lets work that depends on whether there is an account take the same time either way.
async fn evenly<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let floor = tokio::time::sleep(EVEN); // counts from here
    let outcome = work.await?;
    floor.await;
    Ok(outcome)
}

/// Just an address.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressOnly {
    /// Whose mailbox.
    #[schema(value_type = String, format = "email", example = "ada@example.org")]
    pub email: crate::domain::Email,
}
