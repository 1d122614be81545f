//! Dates, times and spans in words.

use chrono::{
    DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _, Timelike as _, Utc,
};
use chrono_tz::Tz;
use contracts::{
    auth::Locale,
    events::{EventSnapshot, TimeAndPlace, Venue},
};

const WEEKDAYS: [[&str; 7]; 2] = [
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
];
const MONTHS: [[&str; 12]; 2] = [
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
];

/// An event's wall times and what is needed to say them.
#[derive(Clone, Copy, Debug)]
pub struct When<'a> {
    pub start: NaiveDateTime,
    pub end: NaiveDateTime,
    /// IANA name.
    pub zone: &'a str,
    pub all_day: bool,
}

impl<'a> When<'a> {
    pub fn of(event: &'a EventSnapshot) -> Self {
        Self { start: event.starts_at_local, end: event.ends_at_local, zone: &event.timezone, all_day: event.all_day }
    }

    /// What is said of changes does not tell whether it was an all-day event; from midnight to (the minute before) midnight is taken for
    /// one.
    pub fn before(it: &'a TimeAndPlace) -> Self {
        let (start, end, zone) = (it.starts_at_local, it.ends_at_local, it.timezone.as_str());
        let midnight = |at: NaiveDateTime| at.time() == NaiveTime::MIN;
        let all_day = midnight(start) && (midnight(end) || midnight(end + TimeDelta::minutes(1)));
        Self { start, end, zone, all_day }
    }

    /// The last day, for all-day events: an end at midnight, or at the first hour of a day that has no midnight, is the day before.
    pub fn last_day(self) -> NaiveDate {
        let second = TimeDelta::seconds(1);
        let zone = self.zone.parse::<Tz>().ok();
        let instant = zone.and_then(|zone| zone.from_local_datetime(&self.end).earliest());
        let last = instant.map_or(self.end - second, |end| (end - second).naive_local());
        last.date().max(self.start.date())
    }

    /// Day, and hours where they are of that day, which should stay on one line.
    pub fn parts(self, locale: Locale) -> (String, Option<String>) {
        let Self { start, end, all_day, .. } = self;
        let first = day(start.date(), locale);
        if all_day {
            let last = self.last_day();
            let days = if last == start.date() { first } else { format!("{first} – {}", day(last, locale)) };
            return (days, None);
        }
        let clock = if locale == Locale::De { " Uhr" } else { "" };
        // A night out ends at an hour, not on another day.
        if start.date() == end.date() || end - start < TimeDelta::hours(12) {
            (first, Some(format!("{}–{}{clock}", time(start), time(end))))
        } else {
            let last = day(end.date(), locale);
            (format!("{first}, {}{clock} – {last}, {}{clock}", time(start), time(end)), None)
        }
    }

    /// Day and hours in the event's own zone.
    pub fn words(self, locale: Locale) -> String {
        let (day, hours) = self.parts(locale);
        let hours = hours.map(|hours| format!(", {hours}")).unwrap_or_default();
        let zone = if self.all_day { String::new() } else { format!(" ({})", self.zone) };
        format!("{day}{hours}{zone}")
    }
}

/// Where an event takes place: venue, address if it is `exact`, city.
pub fn place(event: &EventSnapshot, exact: bool) -> String {
    let place = venue(&event.venue, exact);
    // Many addresses end with the city.
    if place.ends_with(&event.city) { place } else { format!("{place}, {}", event.city) }
}

/// Its name, and its address if it is `exact`.
pub fn venue(venue: &Venue, exact: bool) -> String {
    match &venue.address {
        Some(address) if exact => format!("{}, {address}", venue.name),
        _ => venue.name.clone(),
    }
}

/// What the clocks at the venue show at a deadline, and the day if it is another than the one on which this is said: "18:40",
/// "Friday, 11 June, 01:30".
pub fn deadline(at: DateTime<Utc>, zone: &str, said_at: DateTime<Utc>, locale: Locale) -> String {
    let zone = zone_or_utc(zone);
    let (at, said_at) = (at.with_timezone(&zone).naive_local(), said_at.with_timezone(&zone).naive_local());
    let clock = if locale == Locale::De { " Uhr" } else { "" };
    let time = format!("{}{clock}", time(at));
    if at.date() == said_at.date() { time } else { format!("{}, {time}", date(at.date(), said_at.year(), locale)) }
}

/// Whose clocks [`deadline`] goes by: a zone that is none is told in UTC.
pub fn zone_or_utc(zone: &str) -> Tz {
    zone.parse().unwrap_or(Tz::UTC)
}

/// "on Saturday", with the date where that could be another Saturday.
pub fn on_day(day: NaiveDate, said_at: DateTime<Utc>, zone: &str, locale: Locale) -> String {
    let today = said_at.with_timezone(&zone_or_utc(zone)).date_naive();
    let on = if locale == Locale::De { "am" } else { "on" };
    let within_a_week = (0..7).contains(&(day - today).num_days());
    let day = if within_a_week { weekday(day, locale).to_owned() } else { date(day, today.year(), locale) };
    format!("{on} {day}")
}

/// Day, month and weekday as on a poster.
pub fn stub(date: NaiveDate, locale: Locale) -> (String, String, &'static str) {
    let month: String = month(date, locale).chars().take(3).collect();
    (date.day().to_string(), month.to_uppercase(), weekday(date, locale))
}

/// How long a link works, counted from when it was made: "2 days", "1 Stunde". `None` where nothing sensible can be said.
pub fn span(from: DateTime<Utc>, to: DateTime<Utc>, locale: Locale) -> Option<String> {
    // The mail is made a moment after the link.
    let minutes = ((to - from).num_seconds() + 59) / 60;
    let (count, unit) = match minutes {
        ..=0 => return None,
        1..=59 => (minutes, 0),
        60..=2819 => ((minutes + 30) / 60, 1),
        _ => ((minutes + 720) / 1440, 2),
    };
    let names: [[&str; 2]; 3] = match locale {
        Locale::En => [["minute", "minutes"], ["hour", "hours"], ["day", "days"]],
        Locale::De => [["Minute", "Minuten"], ["Stunde", "Stunden"], ["Tag", "Tage"]],
    };
    Some(format!("{count} {}", names[unit][usize::from(count != 1)]))
}

fn day(date: NaiveDate, locale: Locale) -> String {
    let (weekday, month) = (weekday(date, locale), month(date, locale));
    match locale {
        Locale::En => format!("{weekday}, {} {month} {}", date.day(), date.year()),
        Locale::De => format!("{weekday}, {}. {month} {}", date.day(), date.year()),
    }
}

/// A day, without the year if it is `year`.
fn date(date: NaiveDate, year: i32, locale: Locale) -> String {
    if date.year() != year {
        return day(date, locale);
    }
    let (weekday, month) = (weekday(date, locale), month(date, locale));
    match locale {
        Locale::En => format!("{weekday}, {} {month}", date.day()),
        Locale::De => format!("{weekday}, {}. {month}", date.day()),
    }
}

fn weekday(date: NaiveDate, locale: Locale) -> &'static str {
    WEEKDAYS[usize::from(locale == Locale::De)][date.weekday().num_days_from_monday() as usize]
}

fn month(date: NaiveDate, locale: Locale) -> &'static str {
    MONTHS[usize::from(locale == Locale::De)][date.month0() as usize]
}

fn time(at: NaiveDateTime) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    fn when(start: &str, end: &str, zone: &str, all_day: bool, locale: Locale) -> String {
        When { start: at(start), end: at(end), zone, all_day }.words(locale)
    }

    #[test]
    fn times_are_said_in_both_languages() {
        let said = |locale| when("2027-06-12T18:00:00", "2027-06-12T20:30:00", "Europe/Berlin", false, locale);
        assert_eq!(said(Locale::En), "Saturday, 12 June 2027, 18:00–20:30 (Europe/Berlin)");
        assert_eq!(said(Locale::De), "Samstag, 12. Juni 2027, 18:00–20:30 Uhr (Europe/Berlin)");
    }

    #[test]
    fn days_are_said_without_hours() {
        let one = when("2027-06-12T00:00:00", "2027-06-13T00:00:00", "Europe/Berlin", true, Locale::En);
        assert_eq!(one, "Saturday, 12 June 2027");
        let two = when("2027-06-12T00:00:00", "2027-06-13T23:59:00", "Europe/Berlin", true, Locale::En);
        assert_eq!(two, "Saturday, 12 June 2027 – Sunday, 13 June 2027");
    }

    #[test]
    fn a_day_that_has_no_midnight_is_not_the_last_day_of_the_one_before() {
        // In Cairo the clocks went from 24 April 2026, 00:00 to 01:00.
        let one = when("2026-04-23T00:00:00", "2026-04-24T01:00:00", "Africa/Cairo", true, Locale::En);
        assert_eq!(one, "Thursday, 23 April 2026");
        let next = when("2026-04-24T01:00:00", "2026-04-25T00:00:00", "Africa/Cairo", true, Locale::En);
        assert_eq!(next, "Friday, 24 April 2026");
    }

    #[test]
    fn a_night_out_ends_at_an_hour_and_a_camp_on_a_day() {
        let night = when("2027-06-12T22:00:00", "2027-06-13T04:00:00", "Europe/Berlin", false, Locale::En);
        assert_eq!(night, "Saturday, 12 June 2027, 22:00–04:00 (Europe/Berlin)");
        let camp = |locale| when("2027-06-12T10:00:00", "2027-06-14T16:00:00", "Europe/Berlin", false, locale);
        assert_eq!(camp(Locale::En), "Saturday, 12 June 2027, 10:00 – Monday, 14 June 2027, 16:00 (Europe/Berlin)");
        let german = "Samstag, 12. Juni 2027, 10:00 Uhr – Montag, 14. Juni 2027, 16:00 Uhr (Europe/Berlin)";
        assert_eq!(camp(Locale::De), german);
    }

    #[test]
    fn a_deadline_of_today_is_a_time_and_another_one_has_a_day() {
        let said = |at: &str, zone, locale| {
            let noon = "2026-06-08T12:00:00Z".parse().unwrap();
            deadline(at.parse().unwrap(), zone, noon, locale)
        };
        assert_eq!(said("2026-06-08T16:40:00Z", "Europe/Berlin", Locale::En), "18:40");
        assert_eq!(said("2026-06-08T16:40:00Z", "Europe/Berlin", Locale::De), "18:40 Uhr");
        // Still Monday in Greenwich, not so in Berlin.
        assert_eq!(said("2026-06-08T22:05:00Z", "Europe/Berlin", Locale::En), "Tuesday, 9 June, 00:05");
        assert_eq!(said("2026-06-08T22:05:00Z", "Europe/Berlin", Locale::De), "Dienstag, 9. Juni, 00:05 Uhr");
        assert_eq!(said("2026-06-08T22:05:00Z", "America/Toronto", Locale::En), "18:05");
        assert_eq!(said("2027-01-02T08:00:00Z", "Europe/Berlin", Locale::En), "Saturday, 2 January 2027, 09:00");
        assert_eq!(said("2026-06-08T16:40:00Z", "Mars/Olympus", Locale::En), "16:40");
    }

    #[test]
    fn a_day_within_a_week_is_a_weekday() {
        let said = |day: &str, locale| {
            let night = "2026-06-08T22:30:00Z".parse().unwrap();
            on_day(day.parse().unwrap(), night, "Europe/Berlin", locale)
        };
        assert_eq!(said("2026-06-09", Locale::En), "on Tuesday");
        assert_eq!(said("2026-06-15", Locale::En), "on Monday");
        assert_eq!(said("2026-06-16", Locale::En), "on Tuesday, 16 June");
        assert_eq!(said("2026-06-16", Locale::De), "am Dienstag, 16. Juni");
        assert_eq!(said("2026-06-13", Locale::De), "am Samstag");
    }

    #[test]
    fn dates_are_short_on_a_poster() {
        let date = NaiveDate::from_ymd_opt(2027, 3, 6).unwrap();
        assert_eq!(stub(date, Locale::En), ("6".to_owned(), "MAR".to_owned(), "Saturday"));
        assert_eq!(stub(date, Locale::De), ("6".to_owned(), "MÄR".to_owned(), "Samstag"));
    }

    #[test]
    fn spans_are_said_as_people_say_them() {
        let said = |seconds, locale| {
            let from = DateTime::UNIX_EPOCH;
            span(from, from + TimeDelta::seconds(seconds), locale)
        };
        for (seconds, words) in [
            (48 * 3600, Some("2 days")),
            (48 * 3600 - 90, Some("2 days")),
            (3600, Some("1 hour")),
            (3600 - 2, Some("1 hour")),
            (26 * 3600, Some("26 hours")),
            (20 * 60, Some("20 minutes")),
            (60, Some("1 minute")),
            (0, None),
            (-5, None),
        ] {
            assert_eq!(said(seconds, Locale::En).as_deref(), words, "{seconds}");
        }
        assert_eq!(said(48 * 3600, Locale::De).as_deref(), Some("2 Tage"));
        assert_eq!(said(3600, Locale::De).as_deref(), Some("1 Stunde"));
    }
}
