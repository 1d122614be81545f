//! What `joins` tells the others. Aggregate: the event, so that an event's joins arrive in the order in which they were decided.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{EventId, JoinId, UserId, message::payload};

/// How full an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Places {
    /// `null` is unlimited, `0` means no places.
    #[schema(example = 40)]
    pub capacity: Option<i32>,
    /// People who have a place.
    #[schema(example = 37)]
    pub confirmed: i32,
    /// People in the line.
    #[schema(example = 0)]
    pub waitlisted: i32,
    /// Places that are kept for somebody: offered to the line, or reserved for the invited.
    #[serde(default)]
    #[schema(required, example = 0)]
    pub held: i32,
}

/// Somebody has a place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JoinConfirmed {
    /// Which join.
    pub join_id: JoinId,
    /// At which event.
    pub event_id: EventId,
    /// Who.
    pub user_id: UserId,
    /// The person and their guests; at least 1.
    pub party_size: i32,
    /// Whether they came up from the line.
    pub promoted: bool,
    /// When it was decided.
    pub decided_at: DateTime<Utc>,
    /// How full the event is after this.
    pub places: Places,
    /// What the QR code of the ticket says; signed.
    #[serde(default)]
    pub ticket: Option<String>,
    /// They owe answers to required questions, and lose the place if they have not given them by then.
    #[serde(default)]
    pub answers_due: Option<DateTime<Utc>>,
}
payload!(JoinConfirmed, "join.confirmed", 1, |it| it.event_id.0);

/// Somebody stands in the line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JoinWaitlisted {
    /// Which join.
    pub join_id: JoinId,
    /// At which event.
    pub event_id: EventId,
    /// Who.
    pub user_id: UserId,
    /// The person and their guests; at least 1.
    pub party_size: i32,
    /// 1 is the head of the line.
    pub position: i32,
    /// When it was decided.
    pub decided_at: DateTime<Utc>,
    /// How full the event is after this.
    pub places: Places,
}
payload!(JoinWaitlisted, "join.waitlisted", 1, |it| it.event_id.0);

/// Somebody asks for a place, and the organiser has to approve.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JoinRequested {
    /// Which join.
    pub join_id: JoinId,
    /// At which event.
    pub event_id: EventId,
    /// Who.
    pub user_id: UserId,
    /// The person and their guests; at least 1.
    pub party_size: i32,
    /// When it was asked.
    pub decided_at: DateTime<Utc>,
}
payload!(JoinRequested, "join.requested", 1, |it| it.event_id.0);

/// A place is kept for somebody of the line, for a while.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JoinOffered {
    /// Which join.
    pub join_id: JoinId,
    /// At which event.
    pub event_id: EventId,
    /// Who.
    pub user_id: UserId,
    /// The person and their guests; at least 1.
    pub party_size: i32,
    /// Until when they can accept it.
    pub offered_until: DateTime<Utc>,
    /// When it was decided.
    pub decided_at: DateTime<Utc>,
    /// How full the event is after this.
    pub places: Places,
}
payload!(JoinOffered, "join.offered", 1, |it| it.event_id.0);

/// Somebody with a place is asked whether they still come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReconfirmationAsked {
    /// Which join.
    pub join_id: JoinId,
    /// At which event.
    pub event_id: EventId,
    /// Who.
    pub user_id: UserId,
    /// Without an answer by then, the place is released.
    pub answer_by: DateTime<Utc>,
}
payload!(ReconfirmationAsked, "join.reconfirmation_asked", 1, |it| it.event_id.0);

/// Places are free shortly before the start, and go to whoever claims them first: those in the line are told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlacesOpen {
    /// At which event.
    pub event_id: EventId,
    /// How many.
    pub free: i32,
    /// Who stands in the line, in its order; at most 100 of them.
    pub waiting: Vec<UserId>,
    /// When it was noticed.
    pub decided_at: DateTime<Utc>,
}
payload!(PlacesOpen, "join.places_open", 1, |it| it.event_id.0);

/// Somebody has the place that they wanted most: the lines of other events at that time are left.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlacePreferred {
    /// At which event.
    pub event_id: EventId,
    /// Who.
    pub user_id: UserId,
}
payload!(PlacePreferred, "join.place_preferred", 1, |it| it.user_id.0);

/// The organiser writes to some of those who are in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MessageToParticipants {
    /// At which event.
    pub event_id: EventId,
    /// Who writes; answers go to their address.
    pub from_user: UserId,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// Who gets it; at most 500 a message.
    pub to: Vec<UserId>,
    /// When it was sent.
    pub decided_at: DateTime<Utc>,
}
payload!(MessageToParticipants, "join.message_to_participants", 1, |it| it.event_id.0);

/// A place, or a place in the line, was given up or taken away.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JoinEnded {
    /// Which join.
    pub join_id: JoinId,
    /// At which event.
    pub event_id: EventId,
    /// Who.
    pub user_id: UserId,
    /// Whether it held a place (rather than stood in the line).
    pub was_confirmed: bool,
    /// Why.
    pub reason: EndReason,
    /// When it was decided.
    pub decided_at: DateTime<Utc>,
    /// How full the event is after this.
    pub places: Places,
    /// The organiser's words to the person.
    #[serde(default)]
    pub words: Option<String>,
}
payload!(JoinEnded, "join.ended", 1, |it| it.event_id.0);

/// See [`JoinEnded`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum EndReason {
    /// The person left.
    Left,
    /// The event was cancelled.
    EventCancelled,
    /// The person declined an offer.
    Declined,
    /// An offer was not accepted in time.
    OfferLapsed,
    /// The organiser did not approve.
    Rejected,
    /// The organiser took them out.
    Removed,
    /// The organiser does not want them at this event.
    Banned,
    /// They were asked whether they still come, and did not answer.
    NotReconfirmed,
    /// They owed answers and did not give them in time.
    AnswersMissing,
    /// They had not come by the time at which unused places go to those at the door.
    NoShow,
    /// The account does not exist any more.
    AccountDeleted,
}

/// The organiser changed how full the event is: another capacity, or a cancellation. Comes after the messages about single joins.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlacesChanged {
    /// At which event.
    pub event_id: EventId,
    /// How full the event is after this.
    pub places: Places,
}
payload!(PlacesChanged, "join.places_changed", 1, |it| it.event_id.0);
