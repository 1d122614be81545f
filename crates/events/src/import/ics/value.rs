//! Dates and times in calendars.

use chrono::{Duration, NaiveDate, NaiveDateTime, NaiveTime};

use super::lines::Property;
use crate::import::clock;

/// A value as written; its zone is in the property's `TZID`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Date(NaiveDate),
    /// In the property's zone, or floating.
    Local(NaiveDateTime),
    Utc(NaiveDateTime),
}

impl Moment {
    /// `20250601`, `20250601T190000`, `20250601T170000Z`; seconds may be missing, and ISO 8601's dashes be there.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let plain: String = text.chars().filter(|it| !matches!(it, '-' | ':')).collect();
        let (date, time) = plain.split_once(['T', 't']).unwrap_or((&plain, ""));
        if date.len() != 8 || !date.bytes().all(|it| it.is_ascii_digit()) {
            return None;
        }
        let date = NaiveDate::parse_from_str(date, "%Y%m%d").ok()?;
        if time.is_empty() {
            return Some(Self::Date(date));
        }
        let utc = time.ends_with(['Z', 'z']);
        let digits = time.trim_end_matches(['Z', 'z']);
        if !matches!(digits.len(), 4 | 6) || !digits.bytes().all(|it| it.is_ascii_digit()) {
            return None;
        }
        let part = |at: usize| digits.get(at..at + 2).map_or(Some(0), |it| it.parse::<u32>().ok());
        // A leap second: nobody meets on it.
        let time = NaiveTime::from_hms_opt(part(0)?, part(2)?, part(4)?.min(59))?;
        let at = date.and_time(time);
        Some(if utc { Self::Utc(at) } else { Self::Local(at) })
    }

    pub(super) fn is_date(self) -> bool {
        matches!(self, Self::Date(_))
    }

    pub(super) fn naive(self) -> NaiveDateTime {
        match self {
            Self::Date(date) => date.and_time(NaiveTime::MIN),
            Self::Local(at) | Self::Utc(at) => at,
        }
    }
}

/// One element of an `RDATE`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Extra {
    pub(super) start: Moment,
    pub(super) length: Option<Length>,
}

/// How long a period is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Length {
    Until(Moment),
    Lasting(Duration),
}

/// The moments of an `RDATE` or `EXDATE`; an empty value has none.
pub(super) fn moments(property: &Property) -> Result<Vec<Extra>, String> {
    let broken = |item: &str| format!("{} {} is not understood", property.name, super::super::text::label(item));
    property
        .value
        .split(',')
        .map(str::trim)
        .filter(|it| !it.is_empty())
        .take(5000)
        .map(|item| {
            let (start, length) = match item.split_once('/') {
                None => (item, None),
                Some((start, length)) => {
                    let length = if length.trim().starts_with(['P', '+', 'p']) {
                        clock::parse_duration(length).map(Length::Lasting)
                    } else {
                        Moment::parse(length).map(Length::Until)
                    };
                    (start, Some(length.ok_or_else(|| broken(item))?))
                }
            };
            Ok(Extra { start: Moment::parse(start).ok_or_else(|| broken(item))?, length })
        })
        .collect()
}

/// `+0100`, `-033000`: seconds east of UTC, less than a day.
pub(super) fn offset(text: &str) -> Option<i32> {
    let text = text.trim();
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let digits: String = text[1..].chars().filter(|it| *it != ':').collect();
    if !matches!(digits.len(), 4 | 6) || !digits.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let part = |at: usize| digits.get(at..at + 2).map_or(Some(0), |it| it.parse::<i32>().ok());
    let (hours, minutes, seconds) = (part(0)?, part(2)?, part(4)?);
    (hours < 24 && minutes < 60 && seconds < 60).then_some(sign * (hours * 3600 + minutes * 60 + seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_their_variants() {
        let at: NaiveDateTime = "2025-06-01T19:30:00".parse().unwrap();
        assert_eq!(Moment::parse("20250601"), Some(Moment::Date(at.date())));
        assert_eq!(Moment::parse("20250601T193000"), Some(Moment::Local(at)));
        assert_eq!(Moment::parse("2025-06-01T19:30Z"), Some(Moment::Utc(at)));
        for text in
            ["", "083000", "INVALID-DATE", "20251301", "20250601T250000", "20250601T19", "2025060١", "20250601TZ"]
        {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_offset_of_more_than_a_day_is_none() {
        assert_eq!(offset("+0130"), Some(5400));
        assert_eq!(offset("-075258"), Some(-(7 * 3600 + 52 * 60 + 58)));
        for text in ["+5744", "0100", "+1", "+01é0", ""] {
            assert_eq!(offset(text), None, "{text}");
        }
    }

    #[test]
    fn periods_have_an_end_or_a_length() {
        let property =
            Property::parse("RDATE;VALUE=PERIOD:19960403T020000Z/19960403T040000Z, 19960404T010000Z/PT3H,").unwrap();
        let extras = moments(&property).unwrap();
        assert_eq!(extras.len(), 2);
        assert_eq!(extras[1].length, Some(Length::Lasting(Duration::hours(3))));
        assert!(moments(&Property::parse("RDATE;VALUE=TIME:083000").unwrap()).is_err());
        assert_eq!(moments(&Property::parse("RDATE:").unwrap()), Ok(vec![]));
    }
}
