//! Wall time and zone to instants.
//!
//! What an organiser means is what the clocks at the venue show. Where those are put forward, the times that they skip do not exist:
//! they are refused, with the time that was probably meant. Where they are put back, an hour is shown twice: such a time means the
//! first of the two (RFC 5545, 3.3.5), for the start as well as for the end.

use chrono::{
    DateTime, Datelike as _, Duration, MappedLocalTime, NaiveDateTime, NaiveTime, Offset as _, TimeZone as _, Utc,
};
use chrono_tz::Tz;

use super::WallTime;

/// Years in which events may take place. Before, zones are history; after, typing errors.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2200;
/// Longest event that an organiser may enter.
const MAX_DAYS: i64 = 366;
/// Longest event of an import: exhibitions.
const MAX_DAYS_IMPORTED: i64 = 3 * 366;

/// When an event takes place.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// What the clocks show at the start; exists in the zone.
    pub starts_at_local: NaiveDateTime,
    /// What the clocks show at the end; exists in the zone.
    pub ends_at_local: NaiveDateTime,
    /// Of the venue.
    pub timezone: Tz,
    /// Whether only the dates matter.
    pub all_day: bool,
    /// Derived.
    pub starts_at: DateTime<Utc>,
    /// Derived; after `starts_at`.
    pub ends_at: DateTime<Utc>,
}

/// A time that an organiser enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// `starts_at_local`
    Start,
    /// `ends_at_local`
    End,
    /// `registration.opens_at_local`
    Opens,
    /// `registration.closes_at_local`
    Closes,
}

impl Edge {
    const fn field(self) -> &'static str {
        match self {
            Self::Start => "starts_at_local",
            Self::End => "ends_at_local",
            Self::Opens => "registration.opens_at_local",
            Self::Closes => "registration.closes_at_local",
        }
    }
}

/// Why an event cannot take place then, or registration not be open then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// A date without a time of day.
    #[error("needs a time of day, such as 19:30, unless the event is all-day")]
    NoTime(Edge),
    /// Outside of [`YEARS`].
    #[error("must lie between the years {} and {}", YEARS.start(), YEARS.end())]
    Year(Edge),
    /// Skipped by the clocks.
    #[error(
        "{} does not exist in {timezone}: the clocks are put forward then; {} is probably meant",
        local.format("%Y-%m-%dT%H:%M"), instead.format("%Y-%m-%dT%H:%M")
    )]
    Skipped {
        /// Which of them.
        edge: Edge,
        /// As it was given.
        local: NaiveDateTime,
        /// Where.
        timezone: Tz,
        /// As much later as the clocks were put forward.
        instead: NaiveDateTime,
    },
    /// Also when only the clocks' change makes it so.
    #[error("must be after the start")]
    EndsBeforeStart,
    /// Longer than so many days.
    #[error("must be at most {0} days after the start")]
    TooLong(i64),
    /// Nobody could ever register.
    #[error("must be before the event's start")]
    OpensAfterStart,
    /// Also when only the clocks' change makes it so.
    #[error("must be after registration opens")]
    ClosesBeforeOpening,
    /// What has begun takes nobody in.
    #[error("must not be after the event's start")]
    ClosesAfterStart,
}

impl TimeError {
    /// Which field it is about.
    pub fn field(&self) -> &'static str {
        match self {
            Self::NoTime(edge) | Self::Year(edge) | Self::Skipped { edge, .. } => edge.field(),
            Self::EndsBeforeStart | Self::TooLong(_) => Edge::End.field(),
            Self::OpensAfterStart => Edge::Opens.field(),
            Self::ClosesBeforeOpening | Self::ClosesAfterStart => Edge::Closes.field(),
        }
    }
}

/// Whose times they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounds {
    /// Somebody who can be asked again: what does not exist is refused.
    Organiser,
    /// A file: a skipped time is moved on by as much as the clocks are.
    Import,
}

impl Schedule {
    /// Checks both ends and derives the instants.
    ///
    /// An all-day event may be given by its first and last day alone; then it ends at the midnight after the last. So it does when
    /// start and end are one and the same midnight. Any other times are taken as they are.
    pub fn plan(
        start: WallTime,
        end: WallTime,
        timezone: Tz,
        all_day: bool,
        bounds: Bounds,
    ) -> Result<Self, TimeError> {
        for (edge, at) in [(Edge::Start, start), (Edge::End, end)] {
            if at.time.is_none() && !all_day {
                return Err(TimeError::NoTime(edge));
            }
            if !YEARS.contains(&at.date.year()) {
                return Err(TimeError::Year(edge));
            }
        }
        let whole_day = all_day && (end.time.is_none() || (end == start && end.time == Some(NaiveTime::MIN)));
        let days = i64::from(whole_day);
        let starts_at_local = start.at_midnight();
        let ends_at_local = end.at_midnight() + Duration::days(days);
        let lenient = all_day || bounds == Bounds::Import; // of an all-day event nobody sees the times
        let starts_at_local = existing(starts_at_local, timezone, Edge::Start, lenient)?;
        let ends_at_local = existing(ends_at_local, timezone, Edge::End, lenient)?;
        let (Some(starts_at), Some(ends_at)) = (instant(starts_at_local, timezone), instant(ends_at_local, timezone))
        else {
            return Err(TimeError::EndsBeforeStart); // both exist: see above
        };
        if ends_at <= starts_at {
            return Err(TimeError::EndsBeforeStart);
        }
        let most = match bounds {
            Bounds::Organiser => MAX_DAYS,
            Bounds::Import => MAX_DAYS_IMPORTED,
        };
        if ends_at_local - starts_at_local > Duration::days(most) {
            return Err(TimeError::TooLong(most));
        }
        Ok(Self { starts_at_local, ends_at_local, timezone, all_day, starts_at, ends_at })
    }
}

/// The moment at which the clocks show `local`, the first if they do so twice; `None` if they never do.
pub fn instant(local: NaiveDateTime, timezone: Tz) -> Option<DateTime<Utc>> {
    match timezone.from_local_datetime(&local) {
        MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => Some(at.to_utc()),
        MappedLocalTime::None => None,
    }
}

/// The moment that somebody means who can be asked again.
pub(super) fn meant(local: NaiveDateTime, timezone: Tz, edge: Edge) -> Result<DateTime<Utc>, TimeError> {
    if !YEARS.contains(&local.year()) {
        return Err(TimeError::Year(edge));
    }
    let skipped = || TimeError::Skipped { edge, local, timezone, instead: after_gap(local, timezone) };
    instant(local, timezone).ok_or_else(skipped)
}

fn existing(local: NaiveDateTime, timezone: Tz, edge: Edge, lenient: bool) -> Result<NaiveDateTime, TimeError> {
    if instant(local, timezone).is_some() {
        return Ok(local);
    }
    let instead = after_gap(local, timezone);
    if lenient { Ok(instead) } else { Err(TimeError::Skipped { edge, local, timezone, instead }) }
}

/// A skipped time, read with the offset from before the gap. The longest gap so far took a day (Samoa went over the date line).
fn after_gap(local: NaiveDateTime, timezone: Tz) -> NaiveDateTime {
    let mut before = (1..=26).map(|hours| local - Duration::hours(hours));
    let offset = before.find_map(|at| timezone.offset_from_local_datetime(&at).latest());
    offset.map_or(local, |offset| timezone.from_utc_datetime(&(local - offset.fix())).naive_local())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plan(start: &str, end: &str, timezone: Tz) -> Result<Schedule, TimeError> {
        Schedule::plan(start.parse().unwrap(), end.parse().unwrap(), timezone, false, Bounds::Organiser)
    }

    fn all_day(start: &str, end: &str, timezone: Tz) -> Result<Schedule, TimeError> {
        Schedule::plan(start.parse().unwrap(), end.parse().unwrap(), timezone, true, Bounds::Organiser)
    }

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn local(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    #[test]
    fn wall_times_become_instants() {
        for (zone, wall, expected) in [
            (Tz::Europe__Berlin, "2026-01-15T19:30", "2026-01-15T18:30:00Z"),
            (Tz::Europe__Berlin, "2026-07-15T19:30", "2026-07-15T17:30:00Z"),
            (Tz::America__Toronto, "2026-07-15T19:30", "2026-07-15T23:30:00Z"),
            (Tz::Asia__Kathmandu, "2026-07-15T19:30", "2026-07-15T13:45:00Z"),
            (Tz::Pacific__Kiritimati, "2026-07-15T00:30", "2026-07-14T10:30:00Z"),
        ] {
            assert_eq!(plan(wall, "2026-12-31T23:00", zone).unwrap().starts_at, utc(expected), "{zone} {wall}");
        }
    }

    #[test]
    fn a_skipped_time_is_refused_with_the_one_that_was_meant() {
        for (zone, wall, instead) in [
            (Tz::Europe__Berlin, "2026-03-29T02:00", "2026-03-29T03:00"),
            (Tz::Europe__Berlin, "2026-03-29T02:30", "2026-03-29T03:30"),
            (Tz::Europe__Berlin, "2026-03-29T02:59:59", "2026-03-29T03:59"),
            (Tz::America__Toronto, "2026-03-08T02:15", "2026-03-08T03:15"),
            // Half an hour only.
            (Tz::Australia__Lord_Howe, "2026-10-04T02:15", "2026-10-04T02:45"),
            // A whole day: Samoa went to the other side of the date line.
            (Tz::Pacific__Apia, "2011-12-30T12:00", "2011-12-31T12:00"),
        ] {
            let error = plan(wall, "2026-12-31T00:00", zone).unwrap_err();
            assert_eq!(error.field(), "starts_at_local");
            let sentence = error.to_string();
            assert!(sentence.contains(zone.name()) && sentence.contains(instead), "{sentence}");
            let error = plan("2011-12-29T10:00", wall, zone).unwrap_err();
            assert_eq!(error.field(), "ends_at_local", "{zone}");
        }
    }

    #[test]
    fn the_times_around_a_gap_exist() {
        for (zone, before, after) in [
            (Tz::Europe__Berlin, "2026-03-29T01:59", "2026-03-29T03:00"),
            (Tz::Australia__Lord_Howe, "2026-10-04T01:59", "2026-10-04T02:30"),
            (Tz::Pacific__Apia, "2011-12-29T23:59", "2011-12-31T00:00"),
        ] {
            let schedule = plan(before, after, zone).unwrap();
            assert_eq!(schedule.ends_at - schedule.starts_at, Duration::minutes(1), "{zone}");
        }
    }

    #[test]
    fn a_time_that_occurs_twice_means_the_first() {
        for (zone, wall, expected) in [
            (Tz::Europe__Berlin, "2026-10-25T02:30", "2026-10-25T00:30:00Z"),
            (Tz::America__Toronto, "2026-11-01T01:30", "2026-11-01T05:30:00Z"),
            (Tz::Australia__Lord_Howe, "2026-04-05T01:45", "2026-04-04T14:45:00Z"),
        ] {
            assert_eq!(plan(wall, "2026-12-31T00:00", zone).unwrap().starts_at, utc(expected), "{zone}");
        }
    }

    #[test]
    fn a_night_in_which_the_clocks_change_is_as_long_as_it_is() {
        let spring = plan("2026-03-28T23:00", "2026-03-29T05:00", Tz::Europe__Berlin).unwrap();
        assert_eq!(spring.ends_at - spring.starts_at, Duration::hours(5));
        let autumn = plan("2026-10-24T23:00", "2026-10-25T05:00", Tz::Europe__Berlin).unwrap();
        assert_eq!(autumn.ends_at - autumn.starts_at, Duration::hours(7));
    }

    #[test]
    fn the_end_is_after_the_start() {
        let berlin = Tz::Europe__Berlin;
        for (start, end) in [
            ("2026-07-01T19:30", "2026-07-01T19:30"),
            ("2026-07-01T19:30", "2026-07-01T02:00"),
            ("2026-10-25T02:45", "2026-10-25T02:15"),
        ] {
            assert_eq!(plan(start, end, berlin), Err(TimeError::EndsBeforeStart), "{start}");
        }
        assert!(plan("2026-07-01T22:00", "2026-07-02T04:00", berlin).is_ok(), "overnight");
    }

    #[test]
    fn an_event_is_at_most_a_year_long() {
        assert!(plan("2026-07-01T10:00", "2027-07-02T10:00", Tz::Europe__Berlin).is_ok());
        let error = plan("2026-07-01T10:00", "2027-07-02T10:01", Tz::Europe__Berlin).unwrap_err();
        assert_eq!((error.field(), &error), ("ends_at_local", &TimeError::TooLong(366)));
        let (start, end) = ("2026-07-01T10:00".parse().unwrap(), "2029-06-30T10:00".parse().unwrap());
        assert!(Schedule::plan(start, end, Tz::Europe__Berlin, false, Bounds::Import).is_ok());
    }

    #[test]
    fn years_are_bounded() {
        for (start, end, field) in [
            ("1969-12-31T23:00", "1970-01-01T01:00", "starts_at_local"),
            ("2200-12-31T23:00", "2201-01-01T01:00", "ends_at_local"),
            ("9999-12-31T23:00", "9999-12-31T23:30", "starts_at_local"),
            ("0000-01-01T00:00", "0001-01-01T00:00", "starts_at_local"),
        ] {
            assert_eq!(plan(start, end, Tz::UTC).unwrap_err().field(), field, "{start}");
        }
        assert!(plan("1970-01-01T00:00", "1970-01-01T01:00", Tz::Pacific__Kiritimati).is_ok());
        assert!(plan("2200-12-31T22:00", "2200-12-31T23:00", Tz::Europe__Berlin).is_ok());
        assert!(all_day("2200-12-31", "2200-12-31", Tz::Pacific__Kiritimati).is_ok());
    }

    #[test]
    fn an_all_day_event_needs_no_times() {
        let berlin = Tz::Europe__Berlin;
        for (start, end, ends) in [
            ("2026-07-01", "2026-07-01", "2026-07-02T00:00:00"),
            ("2026-07-01", "2026-07-03", "2026-07-04T00:00:00"),
            ("2026-07-01T00:00", "2026-07-01T00:00", "2026-07-02T00:00:00"),
            ("2026-07-01T00:00", "2026-07-02T00:00", "2026-07-02T00:00:00"),
            ("2026-07-01T00:00", "2026-07-01T23:59", "2026-07-01T23:59:00"),
        ] {
            let schedule = all_day(start, end, berlin).unwrap();
            assert_eq!(schedule.starts_at_local, local("2026-07-01T00:00:00"));
            assert_eq!(schedule.ends_at_local, local(ends), "{start} {end}");
        }
        assert_eq!(all_day("2026-07-02", "2026-07-01", berlin), Err(TimeError::EndsBeforeStart));
        assert_eq!(plan("2026-07-01", "2026-07-01T20:00", berlin), Err(TimeError::NoTime(Edge::Start)));
        assert_eq!(plan("2026-07-01T20:00", "2026-07-02", berlin), Err(TimeError::NoTime(Edge::End)));
    }

    #[test]
    fn a_day_that_has_no_midnight_begins_when_it_begins() {
        // Egypt puts its clocks forward at midnight.
        let schedule = all_day("2026-04-24", "2026-04-24", Tz::Africa__Cairo).unwrap();
        assert_eq!(schedule.starts_at_local, local("2026-04-24T01:00:00"));
        assert_eq!(schedule.ends_at - schedule.starts_at, Duration::hours(23));
    }

    #[test]
    fn an_import_moves_over_a_gap() {
        let (start, end) = ("2026-03-29T02:30".parse().unwrap(), "2026-03-29T04:00".parse().unwrap());
        let schedule = Schedule::plan(start, end, Tz::Europe__Berlin, false, Bounds::Import).unwrap();
        assert_eq!(schedule.starts_at_local, local("2026-03-29T03:30:00"));
        assert_eq!(schedule.starts_at, utc("2026-03-29T01:30:00Z"));
    }

    proptest! {
        #[test]
        fn the_instant_shows_the_wall_time_again(
            minutes in 0_i64..(230 * 366 * 1440),
            zone in 0..chrono_tz::TZ_VARIANTS.len(),
        ) {
            let zone = chrono_tz::TZ_VARIANTS[zone];
            let wall = local("1970-01-01T00:00:00") + Duration::minutes(minutes);
            if let Some(at) = instant(wall, zone) {
                prop_assert_eq!(at.with_timezone(&zone).naive_local(), wall);
            } else {
                let instead = after_gap(wall, zone);
                prop_assert!(instead > wall && instead - wall <= Duration::hours(24));
                prop_assert!(instant(instead, zone).is_some());
            }
        }
    }
}
