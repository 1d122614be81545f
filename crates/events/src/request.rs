//! What callers send.
#![expect(clippy::option_option, reason = "absent, null and a value are three things to ask for")]

mod registration;

use contracts::{Category, events::Venue, registration::Registration};
use platform::{
    http::{Line, Text},
    problem::{self, Problem},
};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use self::registration::NewRegistration;
use crate::domain::{
    Bounds, Capacity, Details, Language, Latitude, Longitude, Schedule, Timezone, WallTime, WebUrl, plan_registration,
    same_rules,
};

type Title = Line<200>;
type Description = Text<20_000>;
type City = Line<100>;
type VenueName = Line<200>;
type Address = Line<300>;
type Price = Line<100>;

/// An event as its organiser enters it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "title": "Open-air cinema on the canal",
    "description": "Bring a **blanket**. Doors at eight, the film starts when it is dark.",
    "category": "film",
    "language": "en",
    "city": "Berlin",
    "venue": { "name": "Kulturhaus Spreebogen", "address": "Uferstraße 12, 10179 Berlin", "lat": 52.5096, "lon": 13.4215 },
    "starts_at_local": "2026-07-01T20:00",
    "ends_at_local": "2026-07-01T23:30",
    "timezone": "Europe/Berlin",
    "capacity": 120,
    "price": "5 €"
}))]
pub struct NewEvent {
    /// One line, 1 to 200 characters.
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "Open-air cinema on the canal")]
    title: Title,
    /// Markdown, at most 20 000 characters. A draft may leave it empty.
    #[schema(value_type = String, max_length = 20_000)]
    description: Description,
    /// What kind of event.
    category: Category,
    /// Primary language subtag (BCP 47) of title and description.
    #[schema(value_type = String, pattern = "^[a-z]{2,3}$", example = "en")]
    language: Language,
    /// City name.
    #[schema(value_type = String, min_length = 1, max_length = 100, example = "Berlin")]
    city: City,
    /// Where.
    venue: NewVenue,
    /// What the clocks at the venue show at the start, without an offset. Of an all-day event the date is enough. A time that the
    /// clocks skip is refused; one that they show twice means the first.
    #[schema(value_type = String, example = "2026-07-01T20:00")]
    starts_at_local: WallTime,
    /// What the clocks at the venue show at the end; after the start, at most 366 days. An all-day event that is given by dates
    /// lasts until the end of this one.
    #[schema(value_type = String, example = "2026-07-01T23:30")]
    ends_at_local: WallTime,
    /// IANA name of the venue's time zone.
    #[schema(value_type = String, example = "Europe/Berlin")]
    timezone: Timezone,
    /// Whether only the dates matter.
    #[serde(default)]
    all_day: bool,
    /// Number of places, 0 to 1 000 000; `null` is unlimited.
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 1_000_000, example = 120)]
    capacity: Option<Capacity>,
    /// In the organiser's words.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, example = "5 €")]
    price: Option<Price>,
    /// Whether it costs nothing; by default, whether there is no `price`.
    is_free: Option<bool>,
    /// The organiser's own page, `http` or `https`.
    #[schema(value_type = Option<String>, max_length = 500, example = "https://example.org/cinema")]
    external_url: Option<WebUrl>,
    /// How people come to a place; `null` is the default: open to everybody until the start.
    registration: Option<NewRegistration>,
}

/// Where an event takes place. Both coordinates or none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVenue {
    /// What people call it.
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "Kulturhaus Spreebogen")]
    name: VenueName,
    /// Street and number, postcode.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 300, example = "Uferstraße 12, 10179 Berlin")]
    address: Option<Address>,
    /// Degrees north, WGS 84.
    #[schema(value_type = Option<f64>, minimum = -90, maximum = 90, example = 52.5096)]
    lat: Option<Latitude>,
    /// Degrees east, WGS 84.
    #[schema(value_type = Option<f64>, minimum = -180, maximum = 180, example = 13.4215)]
    lon: Option<Longitude>,
}

impl NewEvent {
    /// The event that this describes.
    pub fn details(self) -> Result<Details, Problem> {
        let venue = Venue {
            name: self.venue.name.into_inner(),
            address: self.venue.address.map(Line::into_inner),
            lat: self.venue.lat.map(Latitude::get),
            lon: self.venue.lon.map(Longitude::get),
        };
        let (start, end) = (self.starts_at_local, self.ends_at_local);
        let schedule = Schedule::plan(start, end, self.timezone.0, self.all_day, Bounds::Organiser).map_err(Into::into);
        let (place, rules) = (both(whole(venue), schedule), decided(self.registration));
        let ((venue, schedule), rules) = both(place, rules)?;
        let registration = plan_registration(rules, &schedule)?;
        Ok(Details {
            title: self.title.into_inner(),
            description: self.description.into_inner(),
            category: self.category,
            language: self.language.into_inner(),
            city: self.city.into_inner(),
            venue,
            schedule,
            capacity: self.capacity.map(Capacity::get),
            is_free: Some(self.is_free.unwrap_or(self.price.is_none())),
            price: self.price.map(Line::into_inner),
            external_url: self.external_url.map(WebUrl::into_inner),
            registration,
        })
    }
}

/// A change to an event: what is absent stays, `null` clears (where that is possible).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "capacity": 80, "venue": { "address": null } }))]
pub struct EventChanges {
    /// As for a new event.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 200)]
    title: Option<Title>,
    /// As for a new event.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, max_length = 20_000)]
    description: Option<Description>,
    /// As for a new event.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Category, required = false)]
    category: Option<Category>,
    /// As for a new event.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, pattern = "^[a-z]{2,3}$")]
    language: Option<Language>,
    /// As for a new event.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 100)]
    city: Option<City>,
    /// Its fields are merged in the same way.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = VenueChanges, required = false)]
    venue: Option<VenueChanges>,
    /// As for a new event.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, example = "2026-07-01T20:00")]
    starts_at_local: Option<WallTime>,
    /// As for a new event.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, example = "2026-07-01T23:30")]
    ends_at_local: Option<WallTime>,
    /// The wall times stay as they are.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, example = "Europe/Berlin")]
    timezone: Option<Timezone>,
    /// Whether only the dates matter.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = bool, required = false)]
    all_day: Option<bool>,
    /// `null` is unlimited. Raising it gives places to those who wait; below the number of confirmed places it is refused, unless
    /// `accept_overbooking` says otherwise.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i32>, required = false, minimum = 0, maximum = 1_000_000)]
    capacity: Option<Option<Capacity>>,
    /// As for a new event.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, required = false, min_length = 1, max_length = 100)]
    price: Option<Option<Price>>,
    /// Follows a change of `price` where it is absent.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<bool>, required = false)]
    is_free: Option<Option<bool>>,
    /// As for a new event.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, required = false, max_length = 500)]
    external_url: Option<Option<WebUrl>>,
    /// Takes the place of all the rules that there were; `null` is the default.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<NewRegistration>, required = false)]
    registration: Option<Option<NewRegistration>>,
    /// Lowers the capacity even below the number of confirmed places: nobody loses theirs. It is recorded who said so.
    #[serde(default)]
    pub accept_overbooking: bool,
}

/// A change to an event's venue.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VenueChanges {
    /// What people call it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 200)]
    name: Option<VenueName>,
    /// Street and number, postcode.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, required = false, min_length = 1, max_length = 300)]
    address: Option<Option<Address>>,
    /// Degrees north, WGS 84.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<f64>, required = false, minimum = -90, maximum = 90)]
    lat: Option<Option<Latitude>>,
    /// Degrees east, WGS 84.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<f64>, required = false, minimum = -180, maximum = 180)]
    lon: Option<Option<Longitude>>,
}

impl EventChanges {
    /// The event as it is to be.
    pub fn apply(mut self, now: &Details) -> Result<Details, Problem> {
        let rules = self.registration.take().map(decided).transpose();
        let place = both(self.venue(&now.venue), self.schedule(&now.schedule));
        let ((venue, schedule), rules) = both(place, rules)?;
        let registration = replanned(rules, &schedule, now)?;
        let mut details = Details { venue, schedule, registration, ..now.clone() };
        if let Some(title) = self.title {
            details.title = title.into_inner();
        }
        if let Some(description) = self.description {
            details.description = description.into_inner();
        }
        if let Some(category) = self.category {
            details.category = category;
        }
        if let Some(language) = self.language {
            details.language = language.into_inner();
        }
        if let Some(city) = self.city {
            details.city = city.into_inner();
        }
        if let Some(capacity) = self.capacity {
            details.capacity = capacity.map(Capacity::get);
        }
        if let Some(price) = self.price {
            let price = price.map(Line::into_inner);
            if price != details.price {
                details.is_free = Some(price.is_none());
            }
            details.price = price;
        }
        if let Some(is_free) = self.is_free {
            details.is_free = is_free;
        }
        if let Some(url) = self.external_url {
            details.external_url = url.map(WebUrl::into_inner);
        }
        Ok(details)
    }

    fn venue(&self, now: &Venue) -> Result<Venue, Problem> {
        let Some(changes) = &self.venue else { return Ok(now.clone()) };
        let mut venue = now.clone();
        if let Some(name) = &changes.name {
            venue.name = name.to_string();
        }
        if let Some(address) = &changes.address {
            venue.address = address.as_ref().map(ToString::to_string);
        }
        if let Some(lat) = changes.lat {
            venue.lat = lat.map(Latitude::get);
        }
        if let Some(lon) = changes.lon {
            venue.lon = lon.map(Longitude::get);
        }
        whole(venue)
    }

    /// Planned anew only if something about the time is asked for: the zone's rules may have changed since, and then an edit of the
    /// title must not move the event.
    fn schedule(&self, now: &Schedule) -> Result<Schedule, Problem> {
        let kept = |local: chrono::NaiveDateTime| WallTime { date: local.date(), time: Some(local.time()) };
        let start = self.starts_at_local.unwrap_or(kept(now.starts_at_local));
        let end = self.ends_at_local.unwrap_or(kept(now.ends_at_local));
        let timezone = self.timezone.map_or(now.timezone, |it| it.0);
        let all_day = self.all_day.unwrap_or(now.all_day);
        let unchanged = start == kept(now.starts_at_local)
            && end == kept(now.ends_at_local)
            && timezone == now.timezone
            && all_day == now.all_day;
        if unchanged {
            return Ok(now.clone());
        }
        Ok(Schedule::plan(start, end, timezone, all_day, Bounds::Organiser)?)
    }
}

/// The organiser's last words.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancellation {
    /// Goes to everybody who has a place; at most 1000 characters.
    #[schema(value_type = Option<String>, max_length = 1000, example = "The storm warning leaves us no choice.")]
    reason: Option<Text<1000>>,
}

impl Cancellation {
    /// `None` if there is none, or nothing in it.
    pub fn reason(self) -> Option<String> {
        self.reason.map(Text::into_inner).filter(|reason| !reason.is_empty())
    }
}

/// An operation that takes no fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Tells a field that is `null` from one that is absent: absent is `None` by `#[serde(default)]`, and whatever is there, also `null`, is
/// read as `T`.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn whole(venue: Venue) -> Result<Venue, Problem> {
    match (venue.lat, venue.lon) {
        (Some(_), None) => Err(missing_coordinate("venue.lon", "must be given together with lat")),
        (None, Some(_)) => Err(missing_coordinate("venue.lat", "must be given together with lon")),
        _ => Ok(venue),
    }
}

fn decided(registration: Option<NewRegistration>) -> Result<Registration, Problem> {
    registration.map_or_else(|| Ok(Registration::default()), NewRegistration::rules)
}

/// Like the schedule, planned anew only if something about it or about the event's time is asked for.
fn replanned(rules: Option<Registration>, schedule: &Schedule, now: &Details) -> Result<Registration, Problem> {
    let rules = rules.unwrap_or_else(|| now.registration.clone());
    if *schedule == now.schedule && same_rules(&rules, &now.registration) {
        return Ok(now.registration.clone());
    }
    Ok(plan_registration(rules, schedule)?)
}

fn missing_coordinate(field: &str, detail: &str) -> Problem {
    Problem::new(problem::VALIDATION_FAILED).field(field, "missing", detail)
}

/// Both, or all that is wrong with either.
fn both<A, B>(a: Result<A, Problem>, b: Result<B, Problem>) -> Result<(A, B), Problem> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(a), Err(b)) => Err(b
            .document()
            .errors
            .into_iter()
            .fold(a, |problem, error| problem.field(error.field, error.code, error.detail))),
        (Err(problem), _) | (_, Err(problem)) => Err(problem),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changes(json: serde_json::Value) -> Result<EventChanges, serde_json::Error> {
        serde_json::from_value(json)
    }

    #[test]
    fn null_and_absent_are_told_apart() {
        assert!(changes(json!({})).unwrap().capacity.is_none());
        assert!(changes(json!({ "capacity": null })).unwrap().capacity.unwrap().is_none());
        assert_eq!(changes(json!({ "capacity": 3 })).unwrap().capacity.unwrap().unwrap().get(), 3);
        let venue = changes(json!({ "venue": { "lat": null } })).unwrap().venue.unwrap();
        assert!(venue.lat.unwrap().is_none() && venue.lon.is_none());
    }

    #[test]
    fn what_cannot_be_cleared_refuses_null() {
        for field in [
            "title",
            "description",
            "category",
            "language",
            "city",
            "venue",
            "starts_at_local",
            "ends_at_local",
            "timezone",
            "all_day",
            "accept_overbooking",
        ] {
            assert!(changes(json!({ field: null })).is_err(), "{field}");
        }
    }
}
