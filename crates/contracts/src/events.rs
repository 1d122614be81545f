//! What `events` tells the others. Aggregate: the event.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Category, EventId, UserId, message::payload, registration::Registration};

/// Where an event is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum EventStatus {
    /// Seen by its organiser only.
    Draft,
    /// Public.
    Published,
    /// Will not take place. Final.
    Cancelled,
}

/// Where it takes place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Venue {
    /// What people call it.
    #[schema(example = "Kulturhaus Spreebogen")]
    pub name: String,
    /// Street and number, postcode.
    #[schema(example = "Uferstraße 12, 10179 Berlin")]
    pub address: Option<String>,
    /// Degrees north, WGS 84, −90 to 90.
    #[schema(example = 52.5096)]
    pub lat: Option<f64>,
    /// Degrees east, WGS 84, −180 to 180.
    #[schema(example = 13.4215)]
    pub lon: Option<f64>,
}

impl Venue {
    /// As those know it who are told the exact place only once they are in.
    #[must_use]
    pub fn without_address(self) -> Self {
        Self { name: self.name, address: None, lat: None, lon: None }
    }
}

/// Where an imported event comes from; shown on its page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Source {
    /// The data set, such as `City of Toronto – Festivals and Events`.
    pub name: String,
    /// Under which licence the data may be shown.
    pub licence: String,
    /// The sentence that the licence asks for.
    pub attribution: String,
    /// The event's page at the source.
    pub url: Option<String>,
}

/// An event as the other roles need it: whole, so that no reader ever has to ask back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventSnapshot {
    /// Which event.
    pub id: EventId,
    /// Grows by one with every change; a reader keeps the highest it has seen.
    pub version: i64,
    /// Whose event.
    pub organiser_id: UserId,
    /// As shown on the page.
    pub organiser_name: String,
    /// Draft only in [`EventUnpublished`]-like transitions; otherwise published or cancelled.
    pub status: EventStatus,
    /// 1 to 200 characters.
    pub title: String,
    /// The URL's readable part.
    pub slug: String,
    /// First sentence or so of the description, plain text.
    pub summary: String,
    /// Markdown, as written.
    pub description: String,
    /// One of the fixed list.
    pub category: Category,
    /// Primary language subtag (BCP 47) of title and description, such as `de`.
    pub language: String,
    /// City name.
    pub city: String,
    /// Place.
    pub venue: Venue,
    /// Derived from the wall time and the zone.
    pub starts_at: DateTime<Utc>,
    /// After `starts_at`.
    pub ends_at: DateTime<Utc>,
    /// Wall time at the venue.
    pub starts_at_local: NaiveDateTime,
    /// Wall time at the venue.
    pub ends_at_local: NaiveDateTime,
    /// IANA name.
    pub timezone: String,
    /// Whether only the dates matter.
    pub all_day: bool,
    /// `None` is unlimited, `0` means no places.
    pub capacity: Option<i32>,
    /// As the organiser writes it.
    pub price: Option<String>,
    /// Unknown for some imported events.
    pub is_free: Option<bool>,
    /// The organiser's own page.
    pub external_url: Option<String>,
    /// Set for imported events.
    pub source: Option<Source>,
    /// How people come to a place.
    #[serde(default)]
    pub registration: Registration,
}

/// The event became public (also again, after it had been unpublished).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EventPublished {
    /// Its state now.
    pub event: EventSnapshot,
}
payload!(EventPublished, "event.published", 1, |it| it.event.id.0);

/// A published event was edited.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EventChanged {
    /// Its state now.
    pub event: EventSnapshot,
    /// What people must be told: the state before, of time and place, if one of them changed.
    pub before: Option<TimeAndPlace>,
    /// The organiser knowingly lowered the capacity below the number of confirmed places.
    pub overbooking_accepted: bool,
}
payload!(EventChanged, "event.changed", 1, |it| it.event.id.0);

/// The part of an event whose change matters to those who already have a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TimeAndPlace {
    /// Wall time at the venue.
    #[schema(value_type = String, example = "2026-07-01T20:00:00")]
    pub starts_at_local: NaiveDateTime,
    /// Wall time at the venue.
    #[schema(value_type = String, example = "2026-07-01T23:30:00")]
    pub ends_at_local: NaiveDateTime,
    /// IANA name.
    pub timezone: String,
    /// Place.
    pub venue: Venue,
}

/// The event went back to being a draft: it is not public, and nobody can join, but those who have a place keep it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EventUnpublished {
    /// Its state now.
    pub event: EventSnapshot,
}
payload!(EventUnpublished, "event.unpublished", 1, |it| it.event.id.0);

/// The event will not take place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EventCancelled {
    /// Its state now.
    pub event: EventSnapshot,
    /// The organiser's words to those who had a place.
    pub reason: Option<String>,
}
payload!(EventCancelled, "event.cancelled", 1, |it| it.event.id.0);
