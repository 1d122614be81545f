use chrono::{DateTime, NaiveDateTime, Utc};
use contracts::{Category, EventId, joins::Places};
use serde::Serialize;

use crate::store::list::Row;

/// An event as lists show it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Card {
    /// Which event.
    pub id: EventId,
    /// The URL's readable part.
    #[schema(example = "lantern-walk")]
    pub slug: String,
    /// What it is called.
    #[schema(example = "Lantern walk")]
    pub title: String,
    /// The beginning of the description, plain text.
    pub summary: String,
    /// What kind of event.
    pub category: Category,
    /// Language of the texts (BCP 47).
    #[schema(example = "en")]
    pub language: String,
    /// City name.
    #[schema(example = "Berlin")]
    pub city: String,
    /// Name of the place.
    #[schema(example = "Canal bridge")]
    pub venue_name: String,
    /// Instant.
    pub starts_at: DateTime<Utc>,
    /// Instant.
    pub ends_at: DateTime<Utc>,
    /// Wall time at the venue.
    #[schema(value_type = String, example = "2027-06-12T18:00:00")]
    pub starts_at_local: NaiveDateTime,
    /// Wall time at the venue.
    #[schema(value_type = String, example = "2027-06-12T20:00:00")]
    pub ends_at_local: NaiveDateTime,
    /// IANA name.
    #[schema(example = "Europe/Berlin")]
    pub timezone: String,
    /// Whether only the dates matter.
    pub all_day: bool,
    /// `null` where it is not known.
    #[schema(required)]
    pub is_free: Option<bool>,
    /// As the organiser writes it.
    #[schema(required)]
    pub price: Option<String>,
    /// How full it is, as of a moment ago.
    pub places: Places,
    /// The poster.
    pub cover: CardCover,
    /// Whose event.
    pub organiser_name: String,
    /// The data set that it was imported from.
    #[schema(required)]
    pub source_name: Option<String>,
}

/// Addresses of the poster.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CardCover {
    /// Vector, portrait.
    #[schema(example = "/media/covers/music/0190a6f4-5a70-7c3e-9d64-0d6b7a3f2c11.svg")]
    pub svg: String,
    /// 1200 × 630 pixels, for link previews.
    #[schema(example = "/media/covers/music/0190a6f4-5a70-7c3e-9d64-0d6b7a3f2c11.png")]
    pub png: String,
}

impl From<Row> for Card {
    fn from(row: Row) -> Self {
        let cover = format!("/media/covers/{}/{}", row.category, row.id);
        Self {
            id: row.id,
            slug: row.slug,
            title: row.title,
            summary: row.summary,
            category: row.category,
            language: row.language,
            city: row.city,
            venue_name: row.venue_name,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            starts_at_local: row.starts_at_local,
            ends_at_local: row.ends_at_local,
            timezone: row.timezone,
            all_day: row.all_day,
            is_free: row.is_free,
            price: row.price,
            places: Places {
                capacity: row.capacity,
                confirmed: row.confirmed,
                waitlisted: row.waitlisted,
                held: row.held,
            },
            cover: CardCover { svg: format!("{cover}.svg"), png: format!("{cover}.png") },
            organiser_name: row.organiser_name,
            source_name: row.source_name,
        }
    }
}
