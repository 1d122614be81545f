//! An event as a format's reader has understood it, and the checks that all of them share.

use std::collections::HashMap;

use chrono::{Datelike, Duration, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;
use contracts::{
    Category,
    events::{Source, Venue},
};
use sha2::{Digest, Sha256};

use super::{DEFAULT_DURATION, ImportedEvent, MAX_TITLE, classify, clock, text, zones};

const MAX_DESCRIPTION: usize = 20_000;
const MAX_NAME: usize = 200;
const MAX_ADDRESS: usize = 300;
const MAX_CITY: usize = 100;
const MAX_PRICE: usize = 200;
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2200;

/// Texts are as in the file, but decoded.
pub(super) struct Draft {
    pub(super) source_key: String,
    /// `None`: the file has no identifier for it.
    pub(super) uid: Option<String>,
    pub(super) title: String,
    pub(super) description: String,
    /// Markdown of the importer's own, shown under the description.
    pub(super) note: Option<String>,
    /// What the file says for certain.
    pub(super) category: Option<Category>,
    /// What to take when neither file nor title tell.
    pub(super) fallback_category: Option<Category>,
    pub(super) language: Option<String>,
    pub(super) city: String,
    pub(super) venue: String,
    pub(super) address: String,
    pub(super) lat: Option<f64>,
    pub(super) lon: Option<f64>,
    /// Wall time.
    pub(super) starts_at: NaiveDateTime,
    /// Wall time; the last day of an all-day event, at whatever time. `None` is unknown.
    pub(super) ends_at: Option<NaiveDateTime>,
    pub(super) timezone: Tz,
    pub(super) all_day: bool,
    pub(super) price: String,
    pub(super) is_free: Option<bool>,
    pub(super) external_url: String,
    pub(super) source: Source,
    pub(super) cancelled: bool,
}

impl Draft {
    pub(super) fn new(source_key: &str, source: Source, starts_at: NaiveDateTime, timezone: Tz) -> Self {
        Self {
            source_key: source_key.to_owned(),
            uid: None,
            title: String::new(),
            description: String::new(),
            note: None,
            category: None,
            fallback_category: None,
            language: None,
            city: String::new(),
            venue: String::new(),
            address: String::new(),
            lat: None,
            lon: None,
            starts_at,
            ends_at: None,
            timezone,
            all_day: false,
            price: String::new(),
            is_free: None,
            external_url: String::new(),
            source,
            cancelled: false,
        }
    }

    /// The event, or the reason why there is none.
    pub(super) fn finish(self) -> Result<ImportedEvent, String> {
        let full_title = text::line(&self.title);
        let title = text::cut(&full_title, MAX_TITLE);
        if title.is_empty() {
            return Err("no title".into());
        }
        if title.contains('\u{fffd}') {
            return Err("the title contains U+FFFD: its text was already lost in the file".into());
        }
        let (starts_at_local, ends_at_local) = self.times()?;
        let mut plain = text::paragraphs(&self.description);
        if title != full_title {
            plain = format!("{full_title}\n\n{plain}");
        }
        let plain = text::cut(plain.trim_end(), MAX_DESCRIPTION);
        let language = self
            .language
            .as_deref()
            .and_then(classify::primary_language)
            .or_else(|| classify::detect_language(&full_title, &plain).map(str::to_owned))
            .unwrap_or_else(|| "und".into());
        let mut description = text::markdown(&plain);
        if let Some(note) = &self.note {
            if !description.is_empty() {
                description.push_str("\n\n");
            }
            description.push_str(note);
        }
        let category = self
            .category
            .or_else(|| classify::by_words(&full_title))
            .or(self.fallback_category)
            .unwrap_or(Category::Other);
        let (lat, lon) = position(self.lat, self.lon);
        let name = text::cut(&text::line(&self.venue.replace(['\n', '\r'], ", ").replace("\\n", ", ")), MAX_NAME);
        let address = text::cut(&text::line(&self.address), MAX_ADDRESS);
        let price = text::cut(&text::line(&self.price), MAX_PRICE);
        let city = text::cut(&text::line(&self.city), MAX_CITY);
        // One that is nothing but markup names no event.
        let uid = self.uid.as_deref().map(text::line).filter(|uid| !uid.is_empty());
        let uid = uid.unwrap_or_else(|| self.hashed_uid(starts_at_local));
        Ok(ImportedEvent {
            source_key: self.source_key,
            uid,
            title,
            description,
            category,
            city: if city.is_empty() { unstated(&language).0.into() } else { city },
            venue: Venue {
                name: if name.is_empty() { unstated(&language).1.into() } else { name },
                address: (!address.is_empty()).then_some(address),
                lat,
                lon,
            },
            language,
            starts_at_local,
            ends_at_local,
            timezone: self.timezone,
            all_day: self.all_day,
            price: (!price.is_empty()).then_some(price),
            is_free: self.is_free,
            external_url: text::web_address(&self.external_url),
            source: self.source,
            cancelled: self.cancelled,
        })
    }

    fn times(&self) -> Result<(NaiveDateTime, NaiveDateTime), String> {
        let start = self.starts_at;
        if !YEARS.contains(&start.year()) {
            return Err(format!("starts in the year {}", start.year()));
        }
        let end = if self.all_day {
            clock::day_end(self.ends_at.unwrap_or(start).date())
        } else {
            self.ends_at.unwrap_or(start + DEFAULT_DURATION)
        };
        if !YEARS.contains(&end.year()) {
            return Err(format!("ends in the year {}", end.year()));
        }
        if end < start {
            return Err(format!("ends before it starts: {start} to {end}"));
        }
        let start = if self.all_day { start.date().and_time(NaiveTime::MIN) } else { start };
        let start = zones::existing(start, self.timezone);
        let end = zones::existing(end, self.timezone);
        // A start that is also the end says nothing about the end.
        let end = if end <= start { zones::existing(start + DEFAULT_DURATION, self.timezone) } else { end };
        // Around a change of the clocks the wall times alone do not tell.
        if zones::instant(end, self.timezone) <= zones::instant(start, self.timezone) {
            let later = zones::instant(start, self.timezone) + Duration::minutes(1);
            return Ok((start, zones::wall(later, self.timezone).max(start + Duration::minutes(1))));
        }
        Ok((start, end))
    }

    fn hashed_uid(&self, starts_at: NaiveDateTime) -> String {
        let place = if self.address.trim().is_empty() { &self.venue } else { &self.address };
        let digest = digest(&[&same_words(&self.title), &starts_at.to_string(), &same_words(place)]);
        format!("hash:{:032x}", u128::from_be_bytes(digest))
    }
}

/// Uids where a file gives one identifier to an event on several dates: the date that stands first keeps the plain
/// identifier, so that an event that moves stays the same event; the others have their day behind it.
#[derive(Default)]
pub(super) struct SharedIds {
    first: HashMap<[u8; 16], NaiveDateTime>,
}

impl SharedIds {
    pub(super) fn uid(&mut self, source_key: &str, id: &str, starts_at: NaiveDateTime) -> String {
        let first = *self.first.entry(digest(&[source_key, id])).or_insert(starts_at);
        if first == starts_at { id.to_owned() } else { format!("{id}#{}", starts_at.format("%Y%m%dT%H%M")) }
    }
}

/// A short digest of some texts.
pub(super) fn digest(parts: &[&str]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut short = [0; 16];
    short.copy_from_slice(&hash.finalize()[..16]);
    short
}

/// Letters and digits only, in lower case: what two spellings of one text share.
fn same_words(raw: &str) -> String {
    text::line(raw).chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A place on Earth. Both zero is where programs put what they do not know.
fn position(lat: Option<f64>, lon: Option<f64>) -> (Option<f64>, Option<f64>) {
    match (lat, lon) {
        (Some(lat), Some(lon))
            if (-90.0..=90.0).contains(&lat)
                && (-180.0..=180.0).contains(&lon)
                && (lat.abs() > 1e-6 || lon.abs() > 1e-6) =>
        {
            // A ten-millionth of a degree is a centimetre: further digits only make equal places look different.
            let round = |degrees: f64| (degrees * 1e7).round() / 1e7;
            (Some(round(lat)), Some(round(lon)))
        }
        _ => (None, None),
    }
}

/// City and venue that a file does not tell, in the event's language.
fn unstated(language: &str) -> (&'static str, &'static str) {
    match language {
        "de" => ("Ort nicht angegeben", "Ort nicht angegeben"),
        "es" => ("Ciudad no indicada", "Lugar no indicado"),
        "fr" => ("Ville non précisée", "Lieu non précisé"),
        _ => ("City not stated", "Venue not stated"),
    }
}
