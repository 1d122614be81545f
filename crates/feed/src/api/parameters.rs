use chrono::{Datelike as _, NaiveDate};
use contracts::Category;
use platform::{
    http::{Cursor, Limit, Line},
    problem::Problem,
};
use serde::{Deserialize, Deserializer, Serialize, de};
use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization as _;
use utoipa::IntoParams;

use crate::store::list::{Filter, Order};

/// Degrees north and east.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point(f64, f64);

impl<'de> Deserialize<'de> for Point {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let numbers =
            text.split_once(',').and_then(|(lat, lon)| Some((lat.trim().parse().ok()?, lon.trim().parse().ok()?)));
        match numbers {
            Some((lat, lon)) if (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon) => Ok(Self(lat, lon)),
            _ => Err(de::Error::custom("must be degrees north and east, such as 52.52,13.40")),
        }
    }
}

/// Kilometres, 0.1 to 200.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Radius(f64);

impl<'de> Deserialize<'de> for Radius {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.parse() {
            Ok(km) if (0.1..=200.0).contains(&km) => Ok(Self(km)),
            _ => Err(de::Error::custom("must be kilometres from 0.1 to 200")),
        }
    }
}

/// A day of the years 1 to 9999, which is what the database and every client can count with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Day(NaiveDate);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.parse::<NaiveDate>() {
            Ok(day) if (1..=9999).contains(&day.year()) => Ok(Self(day)),
            _ => Err(de::Error::custom("must be a day, such as 2027-06-12")),
        }
    }
}

/// In which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// By start; what began long ago and still goes on comes first, see `running`.
    Soonest,
    /// Best match first, the soonest of equals; needs `q`.
    Relevance,
    /// What is joined much and soon first.
    Trending,
}

/// Filters of the list of events. Unknown ones are refused.
#[derive(Clone, Debug, Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Words, in any of their forms and languages; `"a phrase"`, `-without`. The last one may be unfinished. At most 200 characters.
    #[param(value_type = Option<String>, example = "lantern walk")]
    pub q: Option<Line<200>>,
    /// City name; case and accents do not matter.
    #[param(value_type = Option<String>, example = "Berlin")]
    pub city: Option<Line<100>>,
    /// Kind of event.
    #[param(inline)]
    pub category: Option<Category>,
    /// First day, in the event's zone.
    #[param(value_type = Option<NaiveDate>, example = "2027-06-12")]
    pub from: Option<Day>,
    /// Last day, in the event's zone.
    #[param(value_type = Option<NaiveDate>, example = "2027-06-13")]
    pub to: Option<Day>,
    /// Degrees north and east.
    #[param(value_type = Option<String>, example = "52.52,13.40")]
    pub near: Option<Point>,
    /// Kilometres around `near`, 0.1 to 200; 10 if absent.
    #[param(value_type = Option<f64>, example = 5)]
    pub radius_km: Option<Radius>,
    /// `true`: only what costs nothing.
    pub free: Option<bool>,
    /// Language of the texts (BCP 47).
    #[param(value_type = Option<String>, example = "en")]
    pub language: Option<Line<8>>,
    /// `true`: only what began more than twelve hours ago and still goes on; `false`: only what did not.
    pub running: Option<bool>,
    /// `soonest` if absent, `relevance` where there is `q`.
    #[param(inline)]
    pub sort: Option<Sort>,
    /// Items a page, 1 to 100.
    #[serde(default, skip_serializing)]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 100, example = 20)]
    pub limit: Limit,
    /// `next_cursor` of the page before.
    #[serde(skip_serializing)]
    #[param(value_type = Option<String>)]
    pub cursor: Option<Cursor>,
}

impl ListQuery {
    /// The order that is meant.
    pub fn order(&self) -> Order {
        match (self.sort, &self.q) {
            (Some(Sort::Trending), _) => Order::Trending,
            (Some(Sort::Relevance) | None, Some(_)) => Order::Relevance,
            (Some(Sort::Soonest), _) | (_, None) => Order::Soonest,
        }
    }

    /// What stays the same from page to page, in short.
    pub fn fingerprint(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        Sha256::digest(text).iter().take(6).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }

    /// What is listed, but for the words.
    pub fn filter(&self) -> Result<Filter, Problem> {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from.0 > to.0
        {
            return Err(Problem::invalid("to", "must not be before `from`"));
        }
        if self.radius_km.is_some() && self.near.is_none() {
            return Err(Problem::invalid("near", "is needed for `radius_km`"));
        }
        let km = self.radius_km.map_or(10.0, |radius| radius.0);
        Ok(Filter {
            question: None,
            city: self.city.as_ref().map(|city| city.nfc().collect()),
            category: self.category,
            from: self.from.map(|day| day.0),
            to: self.to.map(|day| day.0),
            near: self.near.map(|Point(lat, lon)| (lat, lon, km)),
            free: self.free == Some(true),
            language: self.language.as_ref().map(ToString::to_string),
            running: self.running,
        })
    }
}
