//! What `auth` tells the others. Aggregate: the account.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{EventId, UserId, message::payload};

/// Language of mails and pages. Others may be added; unknown ones read as English.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Locale {
    /// English (British).
    #[default]
    En,
    /// German.
    De,
}

/// A one-time secret on its way to a mailbox. Its `Debug` shows nothing.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MailedToken(pub String);

impl fmt::Debug for MailedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailedToken(…)")
    }
}

/// An account was made, verified, renamed or changed its language: its whole public state, the newest wins.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserChanged {
    /// Whose account.
    pub user_id: UserId,
    /// Where mails go.
    pub email: String,
    /// As shown to others.
    pub display_name: String,
    /// Language of mails.
    pub locale: Locale,
    /// Whether the address has been proven.
    pub email_verified: bool,
}
payload!(UserChanged, "auth.user_changed", 1, |it| it.user_id.0);

/// An account does not exist any more. Whatever others keep of the person goes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserDeleted {
    /// Whose account it was.
    pub user_id: UserId,
}
payload!(UserDeleted, "auth.user_deleted", 1, |it| it.user_id.0);

/// Somebody wants a place without making an account first: the mailed link makes sure of the address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QuickJoinRequested {
    /// Whose account, made for this.
    pub user_id: UserId,
    /// Where the link goes.
    pub email: String,
    /// For the salutation.
    pub display_name: String,
    /// Language of the mail.
    pub locale: Locale,
    /// Goes into the link; works once.
    pub token: MailedToken,
    /// When the link stops working.
    pub expires_at: DateTime<Utc>,
    /// At which event.
    pub event_id: EventId,
}
payload!(QuickJoinRequested, "auth.quick_join_requested", 1, |it| it.user_id.0);

/// Somebody registered (or asked again): prove that the address is theirs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VerificationRequested {
    /// Whose account.
    pub user_id: UserId,
    /// Where the link goes.
    pub email: String,
    /// For the salutation.
    pub display_name: String,
    /// Language of the mail.
    pub locale: Locale,
    /// Goes into the link; works once.
    pub token: MailedToken,
    /// When the link stops working.
    pub expires_at: DateTime<Utc>,
}
payload!(VerificationRequested, "auth.verification_requested", 1, |it| it.user_id.0);

/// Somebody says they forgot the password of this account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PasswordResetRequested {
    /// Whose account.
    pub user_id: UserId,
    /// Where the link goes.
    pub email: String,
    /// For the salutation.
    pub display_name: String,
    /// Language of the mail.
    pub locale: Locale,
    /// Goes into the link; works once.
    pub token: MailedToken,
    /// When the link stops working.
    pub expires_at: DateTime<Utc>,
}
payload!(PasswordResetRequested, "auth.password_reset_requested", 1, |it| it.user_id.0);

/// Something happened to the account that its owner must hear of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccountNotice {
    /// Whose account.
    pub user_id: UserId,
    /// Where the notice goes.
    pub email: String,
    /// For the salutation.
    pub display_name: String,
    /// Language of the mail.
    pub locale: Locale,
    /// What happened.
    pub notice: Notice,
}
payload!(AccountNotice, "auth.account_notice", 1, |it| it.user_id.0);

/// See [`AccountNotice`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The password was changed or reset.
    PasswordChanged,
    /// Somebody tried to register with this address, which already has an account.
    RegistrationAttempted,
}
