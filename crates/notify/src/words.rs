//! Dates and times in words.

use chrono::{Datelike as _, NaiveDateTime, TimeDelta, Timelike as _};
use contracts::auth::Locale;

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

/// When an event takes place: day and hours in its own zone.
pub fn when(start: NaiveDateTime, end: NaiveDateTime, zone: &str, all_day: bool, locale: Locale) -> String {
    if all_day {
        // An end at midnight is the day before.
        let last = end - TimeDelta::minutes(1);
        return if last.date() <= start.date() {
            day(start, locale)
        } else {
            format!("{} – {}", day(start, locale), day(last, locale))
        };
    }
    let until = if start.date() == end.date() || end - start < TimeDelta::hours(12) {
        time(end)
    } else {
        format!("{}, {}", day(end, locale), time(end))
    };
    let clock = if locale == Locale::De { " Uhr" } else { "" };
    format!("{}, {}–{until}{clock} ({zone})", day(start, locale), time(start))
}

fn day(at: NaiveDateTime, locale: Locale) -> String {
    let language = usize::from(locale == Locale::De);
    let weekday = WEEKDAYS[language][at.weekday().num_days_from_monday() as usize];
    let month = MONTHS[language][at.month0() as usize];
    match locale {
        Locale::En => format!("{weekday}, {} {month} {}", at.day(), at.year()),
        Locale::De => format!("{weekday}, {}. {month} {}", at.day(), at.year()),
    }
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

    #[test]
    fn times_are_said_in_both_languages() {
        let (start, end) = (at("2027-06-12T18:00:00"), at("2027-06-12T20:30:00"));
        assert_eq!(
            when(start, end, "Europe/Berlin", false, Locale::En),
            "Saturday, 12 June 2027, 18:00–20:30 (Europe/Berlin)"
        );
        assert_eq!(
            when(start, end, "Europe/Berlin", false, Locale::De),
            "Samstag, 12. Juni 2027, 18:00–20:30 Uhr (Europe/Berlin)"
        );
    }

    #[test]
    fn days_are_said_without_hours() {
        let one = when(at("2027-06-12T00:00:00"), at("2027-06-13T00:00:00"), "Europe/Berlin", true, Locale::En);
        assert_eq!(one, "Saturday, 12 June 2027");
        let two = when(at("2027-06-12T00:00:00"), at("2027-06-13T23:59:00"), "Europe/Berlin", true, Locale::En);
        assert_eq!(two, "Saturday, 12 June 2027 – Sunday, 13 June 2027");
    }

    #[test]
    fn a_night_out_ends_at_an_hour_and_a_camp_on_a_day() {
        let night = when(at("2027-06-12T22:00:00"), at("2027-06-13T04:00:00"), "Europe/Berlin", false, Locale::En);
        assert_eq!(night, "Saturday, 12 June 2027, 22:00–04:00 (Europe/Berlin)");
        let camp = when(at("2027-06-12T10:00:00"), at("2027-06-14T16:00:00"), "Europe/Berlin", false, Locale::En);
        assert_eq!(camp, "Saturday, 12 June 2027, 10:00–Monday, 14 June 2027, 16:00 (Europe/Berlin)");
    }
}
