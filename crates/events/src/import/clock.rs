//! Dates, times and durations as files write them.

use chrono::{DateTime, Datelike, Duration, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;

use super::zones;

/// A point in time as ISO 8601 writes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum When {
    /// Only the day.
    Date(NaiveDate),
    /// What the clock shows, somewhere.
    Local(NaiveDateTime),
    /// With its offset from UTC.
    Instant(DateTime<FixedOffset>),
}

impl When {
    /// `2025-06-01`, `2025-06-01T19:30`, with seconds, fractions, a space for the `T`, `Z` or an offset.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (date, time) = match text.find(['T', 't', ' ']) {
            Some(at) => (text.get(..at)?, text.get(at + 1..)?.trim()),
            None => (text, ""),
        };
        let date = parse_date(date)?;
        if time.is_empty() {
            return Some(Self::Date(date));
        }
        let zone = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
        let (time, zone) = (time.get(..zone)?.trim(), time.get(zone..)?);
        let local = date.and_time(parse_time(time)?);
        if zone.is_empty() {
            return Some(Self::Local(local));
        }
        let seconds = if zone.eq_ignore_ascii_case("z") { 0 } else { parse_offset(zone)? };
        let utc = local.checked_sub_signed(Duration::seconds(seconds.into()))?;
        Some(Self::Instant(DateTime::from_naive_utc_and_offset(utc, FixedOffset::east_opt(seconds)?)))
    }

    /// Wall time in a zone; midnight for a mere date.
    pub(super) fn wall(self, tz: Tz) -> NaiveDateTime {
        match self {
            Self::Date(date) => date.and_time(NaiveTime::MIN),
            Self::Local(local) => zones::existing(local, tz),
            Self::Instant(instant) => zones::wall(instant.to_utc(), tz),
        }
    }
}

/// `2025-06-01`. Years of four digits only: others are typing errors.
pub(super) fn parse_date(text: &str) -> Option<NaiveDate> {
    let date = NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").ok()?;
    (1000..=9999).contains(&date.year()).then_some(date)
}

/// `19:30`, `19:30:00`, `19:30:00.000`; `24:00` is none.
pub(super) fn parse_time(text: &str) -> Option<NaiveTime> {
    ["%H:%M", "%H:%M:%S", "%H:%M:%S%.f"]
        .iter()
        .find_map(|format| NaiveTime::parse_from_str(text.trim(), format).ok())
        .map(
            // Nobody announces fractions, and a leap second is no time to meet.
            |time| chrono::Timelike::with_nanosecond(&time, 0).unwrap_or(time),
        )
}

/// `+02:00`, `-0330`, `+02`: seconds east of UTC, no more than 15 hours.
fn parse_offset(text: &str) -> Option<i32> {
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let digits: String = text[1..].chars().filter(|it| *it != ':').collect();
    if !digits.bytes().all(|it| it.is_ascii_digit()) || !matches!(digits.len(), 2 | 4 | 6) {
        return None;
    }
    let part = |at: usize| digits.get(at..at + 2).map_or(Some(0), |it| it.parse::<i32>().ok());
    let seconds = part(0)? * 3600 + part(2)? * 60 + part(4)?;
    (seconds <= 15 * 3600 && part(2)? < 60 && part(4)? < 60).then_some(sign * seconds)
}

/// RFC 5545, 3.3.6, also as ISO 8601 has it: `P1W`, `PT1H30M`, `P1DT2H`. Positive and at most ten years.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim().to_ascii_uppercase();
    let rest = text.strip_prefix('+').unwrap_or(&text).strip_prefix('P')?;
    let mut seconds: i64 = 0;
    let mut number: Option<i64> = None;
    let mut in_time = false;
    let mut parts = 0;
    for character in rest.chars() {
        if let Some(digit) = character.to_digit(10) {
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(digit.into())?);
            continue;
        }
        let unit = match (character, in_time) {
            ('T', false) if number.is_none() => {
                in_time = true;
                continue;
            }
            ('W', false) => 7 * 86_400,
            ('D', false) => 86_400,
            ('H', true) => 3600,
            ('M', true) => 60,
            ('S', true) => 1,
            _ => return None,
        };
        seconds = seconds.checked_add(number.take()?.checked_mul(unit)?)?;
        parts += 1;
    }
    let limit = 10 * 366 * 86_400;
    (number.is_none() && parts > 0 && (0..=limit).contains(&seconds)).then(|| Duration::seconds(seconds))
}

/// The last minute of a day, which ends an all-day event.
pub(super) fn day_end(date: NaiveDate) -> NaiveDateTime {
    date.and_time(NaiveTime::from_hms_opt(23, 59, 0).unwrap_or(NaiveTime::MIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_times_are_read_in_their_variants() {
        let local = |text: &str| text.parse::<NaiveDateTime>().unwrap();
        assert_eq!(When::parse("2025-06-01"), Some(When::Date(NaiveDate::from_ymd_opt(2025, 6, 1).unwrap())));
        for text in ["2025-06-01T19:30", " 2025-06-01 19:30:00.000 ", "2025-06-01t19:30:00"] {
            assert_eq!(When::parse(text), Some(When::Local(local("2025-06-01T19:30:00"))), "{text}");
        }
        for text in
            ["2025-06-01T17:30:00Z", "2025-06-01T19:30+02:00", "2025-06-01T19:30:00.5+0200", "2025-06-01T14:00-0330"]
        {
            let Some(When::Instant(instant)) = When::parse(text) else { panic!("{text}") };
            assert_eq!(instant.naive_utc(), local("2025-06-01T17:30:00"), "{text}");
        }
        for text in [
            "",
            "T",
            "2025-13-01",
            "0000-00-00",
            "2025-06-31",
            "2025-06-01T25:00",
            "25-6-1",
            "2025-06-01T10:00+99:00",
            "+9-é",
            "12025-01-01",
        ] {
            assert_eq!(When::parse(text), None, "{text}");
        }
    }

    #[test]
    fn durations_are_bounded() {
        assert_eq!(parse_duration("PT1H30M"), Some(Duration::minutes(90)));
        assert_eq!(parse_duration("P1DT2H"), Some(Duration::hours(26)));
        assert_eq!(parse_duration("+P2W"), Some(Duration::weeks(2)));
        for text in [
            "",
            "P",
            "PT",
            "P1",
            "PT1D",
            "P1H",
            "-PT1H",
            "P999999999999999999W",
            "P600W",
            "P99999999999999999999D",
            "1H",
            "PÄ",
        ] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
