//! Values that a request may contain. What parses is valid: there is no other validation of a single field.

use std::str::FromStr;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Timelike as _};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, de};
use url::Url;

/// Most places that an event can have; beyond it, leave the capacity out.
const MAX_CAPACITY: i64 = 1_000_000;
/// Longest address of a web page, in characters.
const MAX_URL: usize = 500;

/// Number of places, 0 to 1 000 000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i64")]
pub struct Capacity(i32);

impl Capacity {
    /// Places.
    pub fn get(self) -> i32 {
        self.0
    }
}

impl TryFrom<i64> for Capacity {
    type Error = &'static str;

    fn try_from(value: i64) -> Result<Self, Self::Error> {
        i32::try_from(value)
            .ok()
            .filter(|_| (0..=MAX_CAPACITY).contains(&value))
            .map(Self)
            .ok_or("must be a whole number from 0 to 1000000, or null for unlimited")
    }
}

/// A number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i64")]
pub struct Whole<const MIN: i32, const MAX: i32>(i32);

impl<const MIN: i32, const MAX: i32> Whole<MIN, MAX> {
    /// The number.
    pub fn get(self) -> i32 {
        self.0
    }
}

impl<const MIN: i32, const MAX: i32> TryFrom<i64> for Whole<MIN, MAX> {
    type Error = String;

    fn try_from(value: i64) -> Result<Self, Self::Error> {
        i32::try_from(value)
            .ok()
            .filter(|value| (MIN..=MAX).contains(value))
            .map(Self)
            .ok_or_else(|| format!("must be a whole number from {MIN} to {MAX}"))
    }
}

macro_rules! degrees {
    ($(#[$doc:meta])* $name:ident, $max:literal, $message:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
        #[serde(try_from = "f64")]
        pub struct $name(f64);

        impl $name {
            /// Degrees.
            pub fn get(self) -> f64 {
                self.0
            }
        }

        impl TryFrom<f64> for $name {
            type Error = &'static str;

            fn try_from(value: f64) -> Result<Self, Self::Error> {
                if (-$max..=$max).contains(&value) { Ok(Self(value)) } else { Err($message) }
            }
        }
    };
}
degrees!(/// Degrees north, WGS 84.
    Latitude, 90.0, "must be between -90 and 90");
degrees!(/// Degrees east, WGS 84.
    Longitude, 180.0, "must be between -180 and 180");

/// Implements `Deserialize` by a string's `FromStr`.
macro_rules! from_text {
    ($name:ident) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                std::borrow::Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

/// A primary language subtag (BCP 47): two or three lower-case letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Language(String);
from_text!(Language);

impl Language {
    /// The subtag.
    pub fn into_inner(self) -> String {
        self.0
    }
}

impl FromStr for Language {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if (2..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase()) {
            Ok(Self(text.to_owned()))
        } else {
            Err("must be a language code of two or three lower-case letters, such as en or de")
        }
    }
}

/// A zone of the IANA time zone database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timezone(pub Tz);
from_text!(Timezone);

impl FromStr for Timezone {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| "must be the name of an IANA time zone, such as Europe/Berlin")
    }
}

/// What a clock at the venue shows: `2026-07-01T19:30` or `2026-07-01T19:30:00`. For all-day events the date alone is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WallTime {
    /// The day.
    pub date: NaiveDate,
    /// The time, if one was given.
    pub time: Option<NaiveTime>,
}
from_text!(WallTime);

impl WallTime {
    /// With midnight where no time was given.
    pub fn at_midnight(self) -> NaiveDateTime {
        self.date.and_time(self.time.unwrap_or(NaiveTime::MIN))
    }
}

impl FromStr for WallTime {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "must be a local date and time without an offset, such as 2026-07-01T19:30";
        // chrono is lenient about widths and signs; the interface is not.
        let shape: String = text.chars().take(20).map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        let format = match shape.as_str() {
            "0000-00-00" => {
                let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| "is not a day of the calendar")?;
                return Ok(Self { date, time: None });
            }
            "0000-00-00T00:00" => "%Y-%m-%dT%H:%M",
            "0000-00-00T00:00:00" => "%Y-%m-%dT%H:%M:%S",
            _ => return Err(FORM),
        };
        NaiveDateTime::parse_from_str(text, format)
            .ok()
            .filter(|local| local.nanosecond() == 0) // a leap second is no time to meet
            .map(|local| Self { date: local.date(), time: Some(local.time()) })
            .ok_or("is not a day of the calendar and a time of day")
    }
}

/// What a clock at the venue shows, date and time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WallClock(pub NaiveDateTime);
from_text!(WallClock);

impl FromStr for WallClock {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let WallTime { date, time } = text.parse()?;
        time.map(|time| Self(date.and_time(time))).ok_or("needs a time of day, such as 19:30")
    }
}

/// An absolute `http` or `https` address without credentials, at most 500 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebUrl(String);
from_text!(WebUrl);

impl WebUrl {
    /// As the URL standard writes it.
    pub fn into_inner(self) -> String {
        self.0
    }
}

impl FromStr for WebUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "must be the address of a web page that starts with http:// or https://";
        const LONG: &str = "must be at most 500 characters long";
        let text = text.trim();
        if text.len() > 4 * MAX_URL {
            return Err(LONG);
        }
        // The parser would drop some of these; then what is stored is not what was checked.
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(FORM);
        }
        let url = Url::parse(text).map_err(|_| FORM)?;
        let has_host = url.host_str().is_some_and(|host| !host.is_empty());
        if !matches!(url.scheme(), "http" | "https") || !has_host {
            return Err(FORM);
        }
        // `https://bank.example@evil.example/` reads like another place.
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not contain a user name or password");
        }
        let url = String::from(url);
        if url.chars().count() > MAX_URL { Err(LONG) } else { Ok(Self(url)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacity_has_bounds() {
        for good in [0, 1, 1_000_000] {
            assert_eq!(i64::from(Capacity::try_from(good).unwrap().get()), good);
        }
        for bad in [-1, 1_000_001, i64::MIN, i64::MAX] {
            assert!(Capacity::try_from(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_position_is_on_earth() {
        assert!(Latitude::try_from(-90.0).is_ok() && Longitude::try_from(180.0).is_ok());
        for bad in [90.000_01, f64::NAN, f64::INFINITY, -91.0] {
            assert!(Latitude::try_from(bad).is_err(), "{bad}");
        }
        assert!(Longitude::try_from(-180.5).is_err());
    }

    #[test]
    fn a_language_is_a_primary_subtag() {
        for good in ["de", "en", "gsw"] {
            assert!(good.parse::<Language>().is_ok(), "{good}");
        }
        for bad in ["", "d", "DE", "de-AT", "deutsch", "dé", "d1"] {
            assert!(bad.parse::<Language>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_zone_is_known_by_its_iana_name() {
        for good in ["Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC", "Australia/Lord_Howe"] {
            assert!(good.parse::<Timezone>().is_ok(), "{good}");
        }
        for bad in ["", "Berlin", "Europe/Atlantis", "+02:00", "CEST", "europe/berlin", "Europe/Berlin "] {
            assert!(bad.parse::<Timezone>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_wall_time_has_one_form() {
        let date = NaiveDate::from_ymd_opt(2026, 7, 1).unwrap();
        let time = NaiveTime::from_hms_opt(19, 30, 0);
        for good in ["2026-07-01T19:30", "2026-07-01T19:30:00"] {
            assert_eq!(good.parse(), Ok(WallTime { date, time }), "{good}");
        }
        assert_eq!("2026-07-01".parse(), Ok(WallTime { date, time: None }));
        for bad in [
            "",
            "2026-07-01T19:30Z",
            "2026-07-01T19:30:00+02:00",
            "2026-07-01 19:30",
            "2026-7-1T19:30",
            "2026-07-01T19",
            "2026-02-30T10:00",
            "2026-02-29",
            "2026-13-01T10:00",
            "2026-07-01T24:00",
            "2026-07-01T23:59:60",
            "2026-07-01T19:30:00.5",
            "+026-07-01T10:00",
            "12026-07-01T10:00",
            "２０２６-07-01T10:00",
            "tomorrow",
        ] {
            assert!(bad.parse::<WallTime>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_clock_shows_a_time_of_day() {
        let local = "2026-07-01T19:30:00".parse().unwrap();
        assert_eq!("2026-07-01T19:30".parse(), Ok(WallClock(local)));
        for bad in ["2026-07-01", "2026-07-01T19:30Z", "19:30", ""] {
            assert!(bad.parse::<WallClock>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_whole_number_has_bounds() {
        for good in [-2, 0, 7] {
            assert_eq!(i64::from(Whole::<-2, 7>::try_from(good).unwrap().get()), good);
        }
        for bad in [-3, 8, i64::MIN, i64::MAX] {
            assert_eq!(Whole::<-2, 7>::try_from(bad).unwrap_err(), "must be a whole number from -2 to 7");
        }
    }

    #[test]
    fn a_web_address_is_one() {
        for (good, stored) in [
            ("https://example.org", "https://example.org/"),
            ("HTTP://Example.ORG/Å?q=ä#x", "http://example.org/%C3%85?q=%C3%A4#x"),
            ("https://例え.jp/", "https://xn--r8jz45g.jp/"),
        ] {
            assert_eq!(good.parse::<WebUrl>().unwrap().into_inner(), stored);
        }
        let long = format!("https://example.org/{}", "a".repeat(500));
        for bad in [
            "",
            "example.org",
            "//example.org",
            "javascript:alert(1)",
            "java\tscript:alert(1)",
            "data:text/html,x",
            "ftp://example.org",
            "https://",
            "https:///",
            "https://a b.example",
            "https://user:pw@example.org",
            "https://bank.example@evil.example",
            "https://exa\u{0}mple.org",
            "mailto:a@example.org",
            &long,
        ] {
            assert!(bad.parse::<WebUrl>().is_err(), "{bad}");
        }
    }
}
