//! What callers are shown.

use chrono::{DateTime, NaiveDateTime, Utc};
use contracts::{
    Category, EventId, UserId,
    events::{EventStatus, Source, Venue},
    registration::{Access, Registration},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    domain::{Action, Event},
    markdown::Renderer,
};

/// An event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventView {
    /// Which.
    id: EventId,
    /// The readable part of its address: `/events/{id}/{slug}`.
    #[schema(example = "open-air-cinema-on-the-canal")]
    slug: String,
    /// Grows by one with every change; also the ETag.
    #[schema(example = 3)]
    version: i64,
    /// Where it is in its life.
    status: EventStatus,
    /// One line.
    #[schema(example = "Open-air cinema on the canal")]
    title: String,
    /// The beginning of the description as plain text, at most 200 characters.
    #[schema(example = "Bring a blanket. Doors at eight, the film starts when it is dark.")]
    summary: String,
    /// Markdown, as written.
    #[schema(example = "Bring a **blanket**. Doors at eight, the film starts when it is dark.")]
    description: String,
    /// The same as HTML that is safe to show as it is.
    #[schema(example = "<p>Bring a <strong>blanket</strong>. Doors at eight, the film starts when it is dark.</p>")]
    description_html: String,
    /// What kind of event.
    category: Category,
    /// Primary language subtag (BCP 47) of title and description.
    #[schema(example = "en")]
    language: String,
    /// City name.
    #[schema(example = "Berlin")]
    city: String,
    /// Where. Address and position are `null` to whom they are hidden.
    venue: Venue,
    /// Whether address and position are kept from the viewer: where the organiser approves who comes, those with a place get to know them.
    venue_hidden: bool,
    /// RFC 3339, UTC; derived from the wall time and the zone.
    starts_at: DateTime<Utc>,
    /// RFC 3339, UTC; after `starts_at`.
    ends_at: DateTime<Utc>,
    /// What the clocks at the venue show at the start.
    #[schema(value_type = String, example = "2026-07-01T20:00:00")]
    starts_at_local: NaiveDateTime,
    /// What the clocks at the venue show at the end.
    #[schema(value_type = String, example = "2026-07-01T23:30:00")]
    ends_at_local: NaiveDateTime,
    /// IANA name.
    #[schema(example = "Europe/Berlin")]
    timezone: &'static str,
    /// Whether only the dates matter.
    all_day: bool,
    /// `null` is unlimited, `0` means no places.
    #[schema(required, example = 120)]
    capacity: Option<i32>,
    /// How people come to a place.
    registration: Registration,
    /// In the organiser's words; `null` is free or unknown, see `is_free`.
    #[schema(required, example = "5 €")]
    price: Option<String>,
    /// `null` when it is not known.
    #[schema(required)]
    is_free: Option<bool>,
    /// Whose event.
    organiser: Organiser,
    /// Where it was imported from.
    #[schema(required)]
    source: Option<Source>,
    /// A picture for it.
    cover: Cover,
    /// The organiser's own page.
    #[schema(required, example = "https://example.org/cinema")]
    external_url: Option<String>,
    /// RFC 3339, UTC.
    created_at: DateTime<Utc>,
    /// RFC 3339, UTC.
    updated_at: DateTime<Utc>,
    /// When it last became public; stays when it is withdrawn.
    #[schema(required)]
    published_at: Option<DateTime<Utc>>,
    /// When it was called off.
    #[schema(required)]
    cancelled_at: Option<DateTime<Utc>>,
    /// The organiser's words to those who had a place.
    #[schema(required)]
    cancel_reason: Option<String>,
}

/// Whose event it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Organiser {
    /// Account.
    id: UserId,
    /// As they call themselves.
    #[schema(example = "Kulturhaus Spreebogen")]
    display_name: String,
}

/// A picture for an event, generated from its category and id.
#[derive(Debug, Serialize, ToSchema)]
pub struct Cover {
    /// Path of the drawing.
    #[schema(example = "/media/covers/film/01978a3c-7b00-7000-8000-000000000000.svg")]
    svg: String,
    /// Path of the same in pixels, for those who cannot show a drawing.
    #[schema(example = "/media/covers/film/01978a3c-7b00-7000-8000-000000000000.png")]
    png: String,
}

impl EventView {
    /// The event as it is shown to somebody who may manage it, or to everybody else.
    pub fn new(event: Event, manages: bool, renderer: &Renderer) -> Self {
        let details = event.details;
        let venue_hidden = !manages && details.registration.access == Access::Approval;
        let cover = format!("/media/covers/{}/{}", details.category, event.id);
        Self {
            id: event.id,
            slug: event.slug,
            version: event.version,
            status: event.status,
            title: details.title,
            summary: event.summary,
            description_html: renderer.html(event.id, event.version, &details.description).to_string(),
            description: details.description,
            category: details.category,
            language: details.language,
            city: details.city,
            venue: if venue_hidden { details.venue.without_address() } else { details.venue },
            venue_hidden,
            starts_at: details.schedule.starts_at,
            ends_at: details.schedule.ends_at,
            starts_at_local: details.schedule.starts_at_local,
            ends_at_local: details.schedule.ends_at_local,
            timezone: details.schedule.timezone.name(),
            all_day: details.schedule.all_day,
            capacity: details.capacity,
            registration: details.registration,
            price: details.price,
            is_free: details.is_free,
            organiser: Organiser { id: event.organiser_id, display_name: event.organiser_name },
            source: event.source,
            cover: Cover { svg: format!("{cover}.svg"), png: format!("{cover}.png") },
            external_url: details.external_url,
            created_at: event.created_at,
            updated_at: event.updated_at,
            published_at: event.published_at,
            cancelled_at: event.cancelled_at,
            cancel_reason: event.cancel_reason,
        }
    }
}

/// One version of an event: who did what.
#[derive(Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct HistoryEntry {
    /// The version that it led to.
    #[schema(example = 3)]
    pub version: i64,
    /// RFC 3339, UTC.
    pub at: DateTime<Utc>,
    /// Account.
    pub actor_id: UserId,
    /// What was done.
    pub action: Action,
    /// More about it: `fields` that were edited, `capacity` and what differs in `registration`, before and after, `overbooking_accepted`, the `reason` of a cancellation.
    #[schema(value_type = Object, example = json!({ "fields": ["capacity"], "capacity": { "from": 120, "to": 80 } }))]
    pub details: Value,
}
