use contracts::{
    Category, EventId, UserId,
    events::{EventSnapshot, EventStatus, Venue},
    registration::Registration,
};

use crate::noon;

/// A published event as `events` tells of it: two hours on a Saturday evening in Berlin, a year after [`noon`], open to everybody. What
/// matters to a test it says itself: `EventSnapshot { capacity: Some(1), ..snapshot() }`.
pub fn snapshot() -> EventSnapshot {
    let time = |text: &str| text.parse().expect("a time");
    let wall = |text: &str| text.parse().expect("a wall time");
    EventSnapshot {
        id: EventId::new(noon()),
        version: 1,
        organiser_id: UserId::new(noon()),
        organiser_name: "Kiezverein".to_owned(),
        status: EventStatus::Published,
        title: "Lantern walk".to_owned(),
        slug: "lanterns".to_owned(),
        summary: "We walk, with lanterns; slowly.".to_owned(),
        description: String::new(),
        category: Category::Community,
        language: "en".to_owned(),
        city: "Berlin".to_owned(),
        venue: Venue {
            name: "Canal bridge".to_owned(),
            address: Some("Uferweg 1".to_owned()),
            lat: Some(52.5),
            lon: Some(13.4),
        },
        starts_at: time("2027-06-12T16:00:00Z"),
        ends_at: time("2027-06-12T18:00:00Z"),
        starts_at_local: wall("2027-06-12T18:00:00"),
        ends_at_local: wall("2027-06-12T20:00:00"),
        timezone: "Europe/Berlin".to_owned(),
        all_day: false,
        capacity: Some(40),
        price: None,
        is_free: Some(true),
        external_url: None,
        source: None,
        registration: Registration::default(),
    }
}
