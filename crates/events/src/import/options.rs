//! What whoever imports may say about a file, and which kinds of file there are.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use contracts::Category;

/// What the file itself does not tell. All of it is optional.
///
/// `source_name`, `licence` and `attribution` replace what would be shown otherwise; `format` and `encoding` replace the
/// detection. The others are for records that do not tell for themselves.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// Shown on the event's page. Without it a known data set has its name, any other that of the calendar or of the file.
    pub source_name: Option<String>,
    /// Without it a known data set has its own, any other `licence not stated`.
    pub licence: Option<String>,
    /// Without it a known data set has its own, any other the source's name.
    pub attribution: Option<String>,
    /// For times without a zone.
    pub timezone: Option<Tz>,
    /// For events that do not name one.
    pub city: Option<String>,
    /// BCP 47, for texts that do not say.
    pub language: Option<String>,
    /// For events whose own cannot be told.
    pub category: Option<Category>,
    /// Instead of detecting it.
    pub format: Option<Format>,
    /// A label of the Encoding Standard, instead of detecting it.
    pub encoding: Option<String>,
    /// Series are expanded from here one year on; without it, from the start of the series.
    pub from: Option<DateTime<Utc>>,
}

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The city of Madrid's table of events.
    MadridCsv,
    /// The same as JSON, with `@graph`.
    MadridJson,
    /// The same as XML, with `contenido` and `atributo`.
    MadridXml,
    /// German Christmas markets: places with `begin`, `end` and opening hours for each day.
    MarketJson,
    /// schema.org `Event`, one or many.
    JsonLd,
    /// iCalendar, RFC 5545.
    Ics,
}

/// The text names none of [`Format::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownFormat;

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown format; known are: {}", Format::ALL.map(Format::as_str).join(", "))
    }
}

impl std::error::Error for UnknownFormat {}

impl Format {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::MadridCsv, Self::MadridJson, Self::MadridXml, Self::MarketJson, Self::JsonLd, Self::Ics];

    /// The name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MadridCsv => "madrid-csv",
            Self::MadridJson => "madrid-json",
            Self::MadridXml => "madrid-xml",
            Self::MarketJson => "market-json",
            Self::JsonLd => "json-ld",
            Self::Ics => "ics",
        }
    }

    /// By the first part of the content, and failing that by the name's ending.
    pub(super) fn detect(head: &str, name: &str) -> Option<Self> {
        let head = head.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
        let has = |needle: &str| head.contains(needle);
        match head.as_bytes().first() {
            Some(b'{' | b'[') => {
                if has("\"opening_hours_by_day\"") || (has("\"zip_city\"") && has("\"begin\"")) {
                    Some(Self::MarketJson)
                } else if has("\"dtstart\"") && (has("datos.madrid.es") || has("\"event-location\"")) {
                    Some(Self::MadridJson)
                } else if has("schema.org") || has("\"@type\"") || has("\"startDate\"") {
                    Some(Self::JsonLd)
                } else {
                    None
                }
            }
            Some(b'<') if has("<Contenidos") || has("<contenido") => Some(Self::MadridXml),
            Some(b'<') => None,
            _ => {
                let first = head.lines().next().unwrap_or_default();
                if first.contains("ID-EVENTO") && first.contains("TITULO") {
                    Some(Self::MadridCsv)
                } else if head.get(..6).is_some_and(|it| it.eq_ignore_ascii_case("BEGIN:"))
                    || name.to_ascii_lowercase().ends_with(".ics")
                {
                    Some(Self::Ics)
                } else {
                    None
                }
            }
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|format| format.as_str().eq_ignore_ascii_case(s.trim())).ok_or(UnknownFormat)
    }
}
