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
