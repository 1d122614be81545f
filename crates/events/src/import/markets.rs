//! German Christmas markets (and what else a town lists beside them): objects with `begin`, `end` and opening hours by day.
//!
//! A market runs from the opening of its first to the closing of its last open day; the hours of each day go into the
//! description. `opening_hours_by_day` may be an object, or its members stand in the record itself, as in the original files.

use std::sync::Arc;

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Weekday};
use chrono_tz::Tz;
use contracts::Category;
use serde_json::Value;

use super::{
    DEFAULT_DURATION, ImportError, ImportOptions, Outcome, classify, clock,
    draft::{Draft, SharedIds},
    input::Input,
    json::{self, Elements},
    source::{DataSet, file_title},
    text,
};

pub(super) fn records(
    input: &mut Input,
    options: Arc<ImportOptions>,
) -> Result<impl Iterator<Item = Outcome> + Send + use<>, ImportError> {
    let mut markets = Markets::new(&input.name, options);
    let elements = Elements::new(input.stream()?, &["markets", "items"]);
    Ok(elements.map(move |element| match element.value {
        Ok(value) => match markets.draft(&value) {
            Ok(draft) => Outcome::draft(element.line, draft),
            Err(reason) => Outcome::rejected(element.line, &json::text(&value, &["name", "uuid", "id"]), reason),
        },
        Err(reason) => Outcome::rejected(element.line, "record", reason),
    }))
}

struct Markets {
    berlin: DataSet,
    brandenburg: DataSet,
    moers: DataSet,
    other: DataSet,
    /// Markets that are held on several weekends share one `uuid`.
    ids: SharedIds,
    options: Arc<ImportOptions>,
}

impl Markets {
    fn new(file: &str, options: Arc<ImportOptions>) -> Self {
        Self {
            berlin: DataSet::berlin_markets(&options),
            brandenburg: DataSet::brandenburg_markets(&options),
            moers: DataSet::moers_markets(&options),
            other: DataSet::other("markets", &file_title(file), &options),
            ids: SharedIds::default(),
            options,
        }
    }

    /// The files do not say whose they are; the places do.
    fn data_set(&self, postcode: &str, city: &str) -> &DataSet {
        match postcode.parse::<u32>() {
            Ok(10_000..=14_199) if city == "Berlin" => &self.berlin,
            // The ranges of Brandenburg's postcodes, but for a few villages.
            Ok(
                1_945..=1_998
                | 3_000..=3_253
                | 4_895..=4_938
                | 14_400..=16_949
                | 17_258..=17_291
                | 17_301..=17_337
                | 19_307..=19_357,
            ) => &self.brandenburg,
            _ if city == "Moers" => &self.moers,
            _ => &self.other,
        }
    }

    fn draft(&mut self, value: &Value) -> Result<Draft, String> {
        let get = |names: &[&str]| json::text(value, names);
        let zip_city = get(&["zip_city"]);
        let (postcode, city) = match zip_city.split_once(' ') {
            Some((postcode, city)) if postcode.bytes().all(|it| it.is_ascii_digit()) => {
                (postcode.to_owned(), text::line(city))
            }
            _ if !zip_city.is_empty() => (String::new(), text::line(&zip_city)),
            _ => (get(&["zip"]).into_owned(), text::line(&get(&["city"]))),
        };
        let set = self.data_set(&postcode, &city);
        let begin = day(&get(&["begin"]), "begin")?;
        let end = day(&get(&["end"]), "end")?;
        if end < begin {
            return Err(format!("ends before it begins: {begin} to {end}"));
        }
        let hours = opening_hours(value);
        let weekly = get(&["hours"]);
        let span = match (hours.first(), hours.last()) {
            // Where a day is given, it is open: the range of begin and end may be wider, or lag behind.
            (Some(first), Some(last)) => Some((first.opens(), last.closes())),
            // One day with plain hours.
            _ if begin == end => Hours::parse(begin, &weekly).map(|it| (it.opens(), it.closes())),
            _ => None,
        };
        let (starts_at, ends_at) = span.unwrap_or((begin.and_time(NaiveTime::MIN), end.and_time(NaiveTime::MIN)));

        let id = get(&["uuid", "id"]);
        let key = set.key.clone();
        let uid = (!id.is_empty()).then(|| self.ids.uid(&key, &id, starts_at));
        let set = self.data_set(&postcode, &city);
        let page = text::web_address(&get(&["documenturl"]));
        let mut draft = Draft::new(&set.key, set.source(page), starts_at, Tz::Europe__Berlin);
        draft.uid = uid;
        draft.all_day = span.is_none();
        draft.ends_at = Some(ends_at);
        draft.title = get(&["name"]).into_owned();
        draft.description = get(&["description", "remarks"]).into_owned();
        draft.note = note(&hours, &weekly);
        draft.category = category(&draft.title);
        draft.fallback_category = Some(self.options.category.unwrap_or(Category::Market));
        draft.language = Some("de".into());
        draft.city = if city.is_empty() { self.options.city.clone().unwrap_or_default() } else { city.clone() };
        let street = get(&["street"]);
        let location = get(&["location"]);
        draft.venue = if location.is_empty() { street.to_string() } else { location.into_owned() };
        draft.address = match (street.is_empty(), city.is_empty()) {
            (true, true) => String::new(),
            (true, false) => format!("{postcode} {city}"),
            (false, true) => street.into_owned(),
            (false, false) => format!("{street}, {postcode} {city}"),
        };
        draft.lat = json::number(&value["lat"]);
        draft.lon = json::number(&value["lng"]);
        let fee = get(&["fee"]).replace("<br>", "; ");
        draft.is_free = is_free(&fee);
        draft.price = fee;
        draft.external_url = get(&["web"]).into_owned();
        if text::web_address(&draft.external_url).is_none() {
            draft.external_url = get(&["documenturl"]).into_owned();
        }
        Ok(draft)
    }
}

fn day(text: &str, name: &str) -> Result<NaiveDate, String> {
    if text.is_empty() || text.starts_with("0000") {
        return Err(format!("no date in {name}"));
    }
    clock::parse_date(text).ok_or_else(|| format!("{name} {} is not a date", text::label(text)))
}

/// When a place is open on one day.
#[derive(Clone, Copy)]
struct Hours {
    day: NaiveDate,
    from: NaiveTime,
    /// `None`: only the beginning is known.
    until: Option<NaiveTime>,
}

impl Hours {
    /// `14:00-22:00` or `14:00`.
    fn parse(day: NaiveDate, text: &str) -> Option<Self> {
        let (from, until) = match text.trim().split_once(['-', '–']) {
            Some((from, until)) => {
                let until = until.trim();
                let until = if until == "24:00" { "00:00" } else { until };
                (from, Some(clock::parse_time(until)?))
            }
            None => (text, None),
        };
        Some(Self { day, from: clock::parse_time(from)?, until })
    }

    fn opens(&self) -> NaiveDateTime {
        self.day.and_time(self.from)
    }

    fn closes(&self) -> NaiveDateTime {
        match self.until {
            None => self.opens() + DEFAULT_DURATION,
            Some(until) if until > self.from => self.day.and_time(until),
            // Past midnight.
            Some(until) => (self.day + chrono::Duration::days(1)).and_time(until),
        }
    }
}

/// In order of the days; a day that is not understood is closed.
fn opening_hours(value: &Value) -> Vec<Hours> {
    let days = value["opening_hours_by_day"].as_object().or_else(|| value.as_object());
    let mut hours: Vec<Hours> = days
        .into_iter()
        .flatten()
        .filter(|(day, _)| day.len() == 8)
        .filter_map(|(day, hours)| {
            let day = NaiveDate::parse_from_str(day, "%Y%m%d").ok().filter(|it| (1970..=2200).contains(&it.year()))?;
            Hours::parse(day, hours.as_str()?)
        })
        .collect();
    hours.sort_by_key(|it| it.day);
    hours
}

/// The hours, as a line of Markdown, if start and end of the event do not say them all.
fn note(hours: &[Hours], weekly: &str) -> Option<String> {
    let weekly = text::paragraphs(&weekly.replace("<br>", "\n"));
    let told = hours.len() <= 1 || weekly.is_empty();
    if told && (hours.len() == 1 || weekly.is_empty()) {
        return None;
    }
    let lines: Vec<String> = if weekly.lines().count() > 1 || hours.is_empty() {
        weekly.lines().map(text::markdown).collect()
    } else {
        // The same hours on several days: which days?
        let days = hours.iter().map(|it| format!("{} {}", weekday(it.day), it.day.format("%-d.%-m.")));
        vec![format!("{} ({weekly})", days.collect::<Vec<_>>().join(", "))]
    };
    let gap = if lines.len() > 1 { "  \n" } else { " " };
    Some(format!("**Öffnungszeiten:**{gap}{}", lines.join("  \n")))
}

fn weekday(day: NaiveDate) -> &'static str {
    match day.weekday() {
        Weekday::Mon => "Mo",
        Weekday::Tue => "Di",
        Weekday::Wed => "Mi",
        Weekday::Thu => "Do",
        Weekday::Fri => "Fr",
        Weekday::Sat => "Sa",
        Weekday::Sun => "So",
    }
}

/// A market unless the title is clearly about something else; `Weihnachtsmarkt: Quartett` is still the market.
fn category(title: &str) -> Option<Category> {
    let lower = title.to_lowercase();
    if ["markt", "basar", "adventsfest"].iter().any(|it| lower.contains(it)) {
        return Some(Category::Market);
    }
    classify::by_words(title)
}

/// `Some(true)` if it is free for everybody; who pays less or nothing in some cases does not count.
fn is_free(fee: &str) -> Option<bool> {
    let fee = fee.to_lowercase();
    if fee.is_empty() {
        return None;
    }
    let costs = fee.contains("eur") || fee.contains('€');
    let for_nothing = ["eintritt frei", "eintritt ist frei", "ist frei", "freier eintritt", "kostenlos", "kostenfrei"];
    match (costs, for_nothing.iter().any(|it| fee.contains(it))) {
        (true, _) => Some(false),
        (false, true) => Some(true),
        (false, false) => None,
    }
}
