use chrono::{DateTime, Utc};
use contracts::{EventId, JoinId, UserId, joins::Places};
use platform::http::StatusCode;
use serde::Serialize;
use uuid::Uuid;

use crate::domain::{InvitationCode, JoinStatus, NewInvitation};

/// An answer, decided now or under the same key before: the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// The bytes.
    pub body: Vec<u8>,
}

/// The answer to a claim.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[expect(clippy::struct_field_names, reason = "the names of the API")]
pub struct Joined {
    /// Which join.
    pub join_id: JoinId,
    /// At which event.
    pub event_id: EventId,
    /// `confirmed` is a place, `waitlisted` a place in the line, `pending` a request that the organiser has to approve.
    pub status: LiveStatus,
    /// How far from the head of the line, which is 1; `null` outside of it.
    #[schema(required, example = 3)]
    pub position: Option<i32>,
    /// How many people it is for; fewer than asked for, where only a part of a party got places.
    #[schema(example = 1)]
    pub party_size: i32,
    /// When it was asked for.
    pub joined_at: DateTime<Utc>,
    /// How full the event is after this.
    pub places: Places,
    /// Grows with every change of the event's places: of two answers, the newer one has the larger.
    #[schema(example = 41)]
    pub revision: i64,
}

/// A place, or what may become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LiveStatus {
    /// Waits for the organiser's approval.
    Pending,
    /// Stands in the line.
    Waitlisted,
    /// A place is kept for a while.
    Offered,
    /// Has a place.
    Confirmed,
}

impl From<JoinStatus> for LiveStatus {
    /// Ended ones are not live; they do not come here.
    fn from(status: JoinStatus) -> Self {
        match status {
            JoinStatus::Pending => Self::Pending,
            JoinStatus::Offered => Self::Offered,
            JoinStatus::Confirmed => Self::Confirmed,
            JoinStatus::Waitlisted | JoinStatus::Ended => Self::Waitlisted,
        }
    }
}

/// The answer to a leave.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[expect(clippy::struct_field_names, reason = "the names of the API")]
pub struct Left {
    /// Which event.
    pub event_id: EventId,
    /// Always `left`.
    #[schema(value_type = String, example = "left")]
    pub status: &'static str,
    /// When it was decided.
    pub left_at: DateTime<Utc>,
    /// How full the event is after this, and after those who came up from the line.
    pub places: Places,
    /// Grows with every change of the event's places: of two answers, the newer one has the larger.
    #[schema(example = 41)]
    pub revision: i64,
}

/// The answer to what gives nobody a place.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Done {
    /// Which event.
    pub event_id: EventId,
    /// Whom it concerns.
    pub user_id: UserId,
    /// What was done.
    #[schema(value_type = String, example = "removed")]
    pub status: &'static str,
    /// When it was decided.
    pub decided_at: DateTime<Utc>,
    /// How full the event is after this, and after those who came up from the line.
    pub places: Places,
    /// Grows with every change of the event's places: of two answers, the newer one has the larger.
    #[schema(example = 41)]
    pub revision: i64,
}

/// An invitation, as the organiser sees it.
#[derive(Debug, Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct InvitationView {
    /// Which.
    pub id: Uuid,
    /// What goes into the link: `/events/{id}?invitation={code}`.
    #[schema(value_type = String)]
    pub code: InvitationCode,
    /// How the organiser calls it.
    #[schema(example = "The band's guests")]
    pub label: String,
    /// Parties that may still come by it.
    pub uses_left: i32,
    /// Places that are still kept for them.
    pub reserved: i32,
    /// When it is not good any more.
    #[schema(required)]
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was taken back.
    #[schema(required)]
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl InvitationView {
    /// One that has just been made.
    pub fn new(it: &NewInvitation, created_at: DateTime<Utc>) -> Self {
        Self {
            id: it.id,
            code: it.code.clone(),
            label: it.label.clone(),
            uses_left: it.uses,
            reserved: it.reserved,
            expires_at: it.expires_at,
            revoked_at: None,
            created_at,
        }
    }
}
