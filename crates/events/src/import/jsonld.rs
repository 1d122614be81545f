//! schema.org `Event`: a list, an `@graph`, an `ItemList`, a single object or one object a line.
//!
//! An end on the start's day before 6 o'clock is meant as the night after it: that is how a form with one date and two times
//! is filled in. Any other end before its start is refused.

use std::sync::Arc;

use chrono::{Duration, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;
use serde_json::Value;

use super::{
    ImportError, ImportOptions, Outcome, classify,
    clock::{self, When},
    draft::{Draft, SharedIds},
    input::Input,
    json::{self, Elements},
    source::{DataSet, file_title},
    text, zones,
};

/// The city of Toronto's calendar serves its pictures from here; nobody else's events have such an address.
const TORONTO_MARK: &str = "secure.toronto.ca/webapps/CC/fileAPI/edc_eventcal";

/// Countries with one zone, by code and name. `ES` and `PT` mean the mainland, where nearly everybody lives.
const COUNTRIES: &[(&str, &str, Tz)] = &[
    ("AT", "austria", Tz::Europe__Vienna),
    ("BE", "belgium", Tz::Europe__Brussels),
    ("CH", "switzerland", Tz::Europe__Zurich),
    ("CZ", "czechia", Tz::Europe__Prague),
    ("DE", "germany", Tz::Europe__Berlin),
    ("DK", "denmark", Tz::Europe__Copenhagen),
    ("ES", "spain", Tz::Europe__Madrid),
    ("FI", "finland", Tz::Europe__Helsinki),
    ("FR", "france", Tz::Europe__Paris),
    ("GB", "united kingdom", Tz::Europe__London),
    ("IE", "ireland", Tz::Europe__Dublin),
    ("IN", "india", Tz::Asia__Kolkata),
    ("IT", "italy", Tz::Europe__Rome),
    ("JP", "japan", Tz::Asia__Tokyo),
    ("NL", "netherlands", Tz::Europe__Amsterdam),
    ("NO", "norway", Tz::Europe__Oslo),
    ("PL", "poland", Tz::Europe__Warsaw),
    ("SE", "sweden", Tz::Europe__Stockholm),
];

pub(super) fn records(
    input: &mut Input,
    options: Arc<ImportOptions>,
) -> Result<impl Iterator<Item = Outcome> + Send + use<>, ImportError> {
    let toronto = input.head.contains(TORONTO_MARK);
    let set = if toronto {
        DataSet::toronto(&options)
    } else {
        DataSet::other("json-ld", &file_title(&input.name), &options)
    };
    let mut reader = Events { set, toronto, ids: SharedIds::default(), options };
    let elements = Elements::new(input.stream()?, &["@graph", "itemListElement", "events", "event", "items"]);
    Ok(elements.map(move |element| match element.value {
        Ok(value) => {
            // An ItemList's element holds its event in `item`.
            let event = if value["item"].is_object() { &value["item"] } else { &value };
            match reader.draft(event) {
                Ok(draft) => Outcome::draft(element.line, draft),
                Err(reason) => {
                    Outcome::rejected(element.line, &json::text(event, &["name", "@id", "@type", "url"]), reason)
                }
            }
        }
        Err(reason) => Outcome::rejected(element.line, "record", reason),
    }))
}

struct Events {
    set: DataSet,
    toronto: bool,
    ids: SharedIds,
    options: Arc<ImportOptions>,
}

/// The address in its parts, each perhaps empty.
#[derive(Default)]
struct Place {
    name: String,
    street: String,
    locality: String,
    postcode: String,
    country: String,
    lat: Option<f64>,
    lon: Option<f64>,
}

impl Events {
    fn draft(&mut self, value: &Value) -> Result<Draft, String> {
        let kinds = texts(&value["@type"]);
        let is_event = |kind: &&String| {
            kind.ends_with("Event") || matches!(kind.as_str(), "Festival" | "Hackathon" | "CourseInstance")
        };
        if !kinds.is_empty() && !kinds.iter().any(|kind| is_event(&kind)) {
            return Err(format!("not an event but {}", text::label(&kinds.join(", "))));
        }
        let status = json::text(value, &["eventStatus"]);
        if status.ends_with("EventPostponed") {
            return Err("postponed, without a new date".into());
        }
        let start = required_time(value, "startDate")?;
        let end = optional_time(value, "endDate")?;
        let place = Place::of(&value["location"]);
        let timezone = self.zone(&place, start)?;
        let starts_at = start.wall(timezone);
        let (ends_at, all_day) = end_of(value, start, end, timezone)?;

        let id = json::text(value, &["@id"]);
        let mut draft = Draft::new(&self.set.key, self.set.source(text::web_address(&id)), starts_at, timezone);
        let named = !id.is_empty() && !id.starts_with("_:");
        draft.uid = named.then(|| self.ids.uid(&self.set.key, &id, starts_at));
        draft.ends_at = ends_at;
        draft.all_day = all_day;
        draft.title = json::text(value, &["name"]).into_owned();
        draft.description = json::text(value, &["description"]).into_owned();
        let keywords = texts(&value["keywords"]);
        let words = keywords.iter().flat_map(|it| it.split(','));
        draft.category = kinds.iter().find_map(|it| classify::schema(it)).or_else(|| classify::by_keywords(words));
        draft.fallback_category = self.options.category;
        draft.language = self.language(value);
        draft.cancelled = status.ends_with("EventCancelled");
        let offers = Offers::of(&value["offers"]);
        let free = json::flag(&value["isAccessibleForFree"]).or_else(|| json::flag(&value["free"]));
        draft.is_free = match (free, offers.lowest) {
            (Some(true), Some(price)) if price > 0.0 => None,
            (None, Some(price)) => Some(price <= 0.0 && offers.highest.unwrap_or(0.0) <= 0.0),
            (free, _) => free,
        };
        draft.price = offers.wording();
        draft.external_url = json::text(value, &["url"]).into_owned();
        if draft.external_url.is_empty() {
            draft.external_url = offers.url;
        }
        self.put_place(&mut draft, place);
        Ok(draft)
    }

    fn language(&self, value: &Value) -> Option<String> {
        if self.toronto {
            return Some("en".into());
        }
        let own = match &value["inLanguage"] {
            Value::Object(_) => json::text(&value["inLanguage"], &["alternateName", "name"]).into_owned(),
            other => texts(other).into_iter().next().unwrap_or_default(),
        };
        classify::primary_language(&own).or_else(|| self.options.language.clone())
    }

    fn put_place(&self, draft: &mut Draft, place: Place) {
        let online = ["online", "virtual", "zoom"].iter().any(|it| place.name.to_lowercase().contains(it));
        // Of an online event the position is made up.
        if !(online && place.street.is_empty()) {
            (draft.lat, draft.lon) = (place.lat, place.lon);
        }
        let town = match (place.postcode.is_empty(), place.locality.is_empty()) {
            (true, _) => place.locality.clone(),
            (false, true) => place.postcode,
            (false, false) => format!("{} {}", place.locality, place.postcode),
        };
        draft.address = match (place.street.is_empty(), town.is_empty()) {
            (true, _) => town,
            (false, true) => place.street.clone(),
            (false, false) => format!("{}, {town}", place.street),
        };
        draft.venue = if place.name.is_empty() { place.street } else { place.name };
        draft.city = if self.toronto {
            // Scarborough and Etobicoke are parts of the city since 1998.
            "Toronto".into()
        } else if place.locality.is_empty() {
            self.options.city.clone().unwrap_or_default()
        } else {
            place.locality
        };
    }

    fn zone(&self, place: &Place, start: When) -> Result<Tz, String> {
        if self.toronto {
            return Ok(Tz::America__Toronto);
        }
        if let Some(tz) = self.options.timezone {
            return Ok(tz);
        }
        let country = place.country.trim();
        let known =
            COUNTRIES.iter().find(|it| it.0.eq_ignore_ascii_case(country) || it.1.eq_ignore_ascii_case(country));
        match (known, start) {
            (Some(country), When::Instant(instant)) => {
                let offset = instant.offset().local_minus_utc();
                // With another offset the event would be on other time than its place's: then the country misleads.
                let agrees = offset == 0 || offset == zones::offset_at(instant.naive_utc(), country.2);
                if agrees {
                    Ok(country.2)
                } else {
                    Err("the time's offset is not that of the country; give a time zone".into())
                }
            }
            (Some(country), _) => Ok(country.2),
            // The instant is known: shown with its own offset it is right, if strange.
            (None, When::Instant(instant)) => zones::fixed(instant.offset().local_minus_utc())
                .ok_or_else(|| "the time zone is not known; give one".into()),
            (None, _) => Err("a time without a zone; give one".into()),
        }
    }
}

/// The end, if it is known, and whether days are meant and not times.
fn end_of(value: &Value, start: When, end: Option<When>, tz: Tz) -> Result<(Option<NaiveDateTime>, bool), String> {
    let starts_at = start.wall(tz);
    let dates_only = matches!(start, When::Date(_));
    let midnight = |at: NaiveDateTime| at.time() == NaiveTime::MIN;
    // Calendars without all-day events write midnight to midnight; the last day is then meant as a whole.
    let as_days = dates_only
        || (midnight(starts_at) && end.is_none_or(|it| midnight(it.wall(tz))) && value["duration"].is_null());
    let Some(end) = end else {
        let text = json::text(value, &["duration"]);
        if text.is_empty() {
            return Ok((None, as_days));
        }
        let duration = clock::parse_duration(&text).ok_or_else(|| format!("duration {text} is not understood"))?;
        // Whole days end before the next one.
        let duration = if dates_only { duration - Duration::minutes(1).min(duration) } else { duration };
        return Ok((starts_at.checked_add_signed(duration), dates_only));
    };
    let mut ends_at = end.wall(tz);
    if as_days {
        if ends_at.date() < starts_at.date() {
            return Err(format!("ends before it starts: {} to {}", starts_at.date(), ends_at.date()));
        }
        return Ok((Some(ends_at), true));
    }
    // Until the end of a day that is given as a mere date.
    if matches!(end, When::Date(_)) {
        ends_at = clock::day_end(ends_at.date());
    }
    let early = NaiveTime::from_hms_opt(6, 0, 0).is_some_and(|six| ends_at.time() < six);
    if ends_at < starts_at && ends_at.date() == starts_at.date() && early {
        ends_at += Duration::days(1);
    }
    Ok((Some(ends_at), false))
}

fn required_time(value: &Value, name: &str) -> Result<When, String> {
    optional_time(value, name)?.ok_or_else(|| format!("no {name}"))
}

fn optional_time(value: &Value, name: &str) -> Result<Option<When>, String> {
    let text = json::text(value, &[name]);
    if text.is_empty() {
        return Ok(None);
    }
    When::parse(&text).map(Some).ok_or_else(|| format!("{name} {} is not a time", text::label(&text)))
}

/// A text, or a list of texts.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

impl Place {
    fn of(value: &Value) -> Self {
        match value {
            Value::String(name) => Self { name: name.clone(), ..Self::default() },
            // The first that is a place; a link to a stream may stand beside it.
            Value::Array(list) => {
                let real = list.iter().find(|it| it["@type"] != "VirtualLocation").or_else(|| list.first());
                real.map(Self::of_object).unwrap_or_default()
            }
            _ => Self::of_object(value),
        }
    }

    fn of_object(value: &Value) -> Self {
        let address = match &value["address"] {
            Value::Array(list) => list.first().unwrap_or(&Value::Null),
            other => other,
        };
        let country = match &address["addressCountry"] {
            Value::Object(_) => json::text(&address["addressCountry"], &["name", "identifier"]),
            _ => json::text(address, &["addressCountry"]),
        };
        let geo = &value["geo"];
        let mut name = json::text(value, &["name"]).into_owned();
        if name.is_empty() && value["@type"] == "VirtualLocation" {
            name = "Online".into();
        }
        Self {
            name,
            street: address
                .as_str()
                .map_or_else(|| json::text(address, &["streetAddress"]).into_owned(), str::to_owned),
            locality: json::text(address, &["addressLocality"]).into_owned(),
            postcode: json::text(address, &["postalCode"]).into_owned(),
            country: country.into_owned(),
            lat: json::number(&geo["latitude"]).or_else(|| json::number(&value["latitude"])),
            lon: json::number(&geo["longitude"]).or_else(|| json::number(&value["longitude"])),
        }
    }
}

/// What it costs, over all offers.
#[derive(Default)]
struct Offers {
    lowest: Option<f64>,
    highest: Option<f64>,
    currency: String,
    url: String,
}

impl Offers {
    fn of(value: &Value) -> Self {
        let mut offers = Self::default();
        let list = match value {
            Value::Array(list) => list.as_slice(),
            other => std::slice::from_ref(other),
        };
        for offer in list {
            for name in ["price", "lowPrice", "highPrice"] {
                if let Some(price) = json::number(&offer[name]).filter(|it| (0.0..1e9).contains(it)) {
                    offers.lowest = Some(offers.lowest.map_or(price, |it| it.min(price)));
                    offers.highest = Some(offers.highest.map_or(price, |it| it.max(price)));
                }
            }
            if offers.currency.is_empty() {
                offers.currency = json::text(offer, &["priceCurrency"]).into_owned();
            }
            if offers.url.is_empty() {
                offers.url = json::text(offer, &["url"]).into_owned();
            }
        }
        offers
    }

    /// `15 CAD`, `9.85–20 CAD`.
    fn wording(&self) -> String {
        let number = |price: f64| if price.fract() == 0.0 { format!("{price:.0}") } else { format!("{price:.2}") };
        let amount = match (self.lowest, self.highest) {
            (Some(low), Some(high)) if high > low => format!("{}–{}", number(low), number(high)),
            (Some(price), _) if price > 0.0 => number(price),
            _ => return String::new(),
        };
        format!("{amount} {}", self.currency).trim_end().to_owned()
    }
}
