use chrono::{DateTime, Utc};
use contracts::{JoinId, UserId, joins::EndReason};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Answers, InvitationCode};

/// Where a join is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum JoinStatus {
    /// Waits for the organiser's approval. Holds no place, and does not stand in the line.
    Pending,
    /// Stands in the line.
    Waitlisted,
    /// A place is kept for a while.
    Offered,
    /// Has a place.
    Confirmed,
    /// Gave it up, or lost it.
    Ended,
}

/// How a place came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Way {
    /// There was room on arrival.
    Direct,
    /// Came up from the line.
    Line,
    /// Accepted an offer.
    Offer,
    /// Claimed a free place shortly before the start.
    Claim,
    /// The organiser chose.
    Picked,
    /// A place was kept for the invited.
    Invited,
    /// Was let in at the door, into a place that nobody had used.
    Door,
}

/// What a deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum DueFor {
    /// To accept an offer.
    Offer,
    /// To answer required questions.
    Answers,
    /// To say whether one still comes.
    Reconfirmation,
}

impl DueFor {
    /// What ends a join that lets it pass.
    pub fn reason(self) -> EndReason {
        match self {
            Self::Offer => EndReason::OfferLapsed,
            Self::Answers => EndReason::AnswersMissing,
            Self::Reconfirmation => EndReason::NotReconfirmed,
        }
    }
}

/// A deadline: at this instant the join is over, whether or not anybody has written that down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The first instant at which it is too late; `None` while the event is not public, and nobody can be too late.
    pub at: Option<DateTime<Utc>>,
    /// To do what.
    pub what: DueFor,
}

/// How a join ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: EndReason,
    /// Who did it; `None` is the person, or the rules.
    pub by: Option<UserId>,
}

/// A person's place, place in the line, or request for one.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// Which join.
    pub id: JoinId,
    /// Who.
    pub user_id: UserId,
    /// When they arrived, among all arrivals at the event.
    pub line_no: i64,
    /// Under which arrival it is written down so far; `None` for one that is new.
    pub written_as: Option<i64>,
    /// Where it is in its life.
    pub status: JoinStatus,
    /// The person and their guests.
    pub size: i32,
    /// The smallest part of the party that would come.
    pub at_least: i32,
    /// The party as it was asked for, where only a part of it got places.
    pub asked_size: Option<i32>,
    /// As the guests are called, as far as they were named.
    pub guests: Vec<String>,
    /// To the organiser's questions.
    pub answers: Answers,
    /// By which invitation they came.
    pub invitation: Option<Uuid>,
    /// Whether other lines are left once this is a place.
    pub leave_other_lines: bool,
    /// How often a smaller party from behind has passed this one.
    pub passed: i32,
    /// What ends it unless the person acts.
    pub due: Option<Due>,
    /// When it was asked for.
    pub joined_at: DateTime<Utc>,
    /// When a place was offered.
    pub offered_at: Option<DateTime<Utc>>,
    /// When the place was theirs, and by which revision of the event.
    pub confirmed: Option<(DateTime<Utc>, i64)>,
    /// The event's revision that gave the place, be it by an offer.
    pub given_revision: Option<i64>,
    /// How the place came to be.
    pub way: Option<Way>,
    /// Whether it came later than the join.
    pub promoted: bool,
    /// When the person last said that they come.
    pub kept_at: Option<DateTime<Utc>>,
    /// How many of the party are inside.
    pub inside: i32,
    /// How it ended.
    pub end: Option<End>,
}

/// An invitation as far as a claim depends on it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Invitation {
    /// Which.
    pub id: Uuid,
    /// What the invited know.
    pub code: InvitationCode,
    /// Parties that may still come by it.
    pub uses_left: i32,
    /// Places that are still kept for them.
    pub reserved: i32,
    /// The first instant at which it is too late.
    pub expires_at: Option<DateTime<Utc>>,
    /// When the organiser took it back.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl Invitation {
    /// Until when places are kept: nobody comes by an invitation after the start.
    pub fn kept_until(&self, starts_at: DateTime<Utc>) -> DateTime<Utc> {
        self.expires_at.map_or(starts_at, |end| end.min(starts_at))
    }

    /// Whether somebody can come by it.
    pub fn is_good(&self, now: DateTime<Utc>) -> bool {
        self.uses_left > 0 && self.revoked_at.is_none() && self.expires_at.is_none_or(|end| end > now)
    }
}
