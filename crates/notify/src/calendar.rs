//! An event as a calendar entry (iCalendar, RFC 5545): the same UID for ever, a SEQUENCE that grows with each change, wall time in the
//! event's zone, and the zone's rules beside it for programs that do not know them.

use std::fmt::{self, Write as _};

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _, Utc};
use chrono_tz::{OffsetComponents as _, OffsetName as _, Tz};
use contracts::events::{EventSnapshot, EventStatus};
use icalendar::{
    Calendar, CalendarDateTime, Class, Component as _, DatePerhapsTime, Event, EventLike as _,
    EventStatus as IcsStatus, Property,
};

use crate::words::{self, When};

/// What the entry is for (RFC 5546).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Put it into the calendar, or bring it up to date.
    Publish,
    /// Take it out.
    Cancel,
}

impl Method {
    /// As in the `METHOD` property and the `Content-Type` parameter.
    pub fn name(self) -> &'static str {
        match self {
            Self::Publish => "PUBLISH",
            Self::Cancel => "CANCEL",
        }
    }
}

/// What an entry is made of.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub event: &'a EventSnapshot,
    /// Grows with every entry that a person gets of the event.
    pub sequence: i64,
    /// When this version of the event came to be, so that the same version has the same stamp wherever it is had; or when the person's
    /// own entry was taken back or given again.
    pub changed_at: DateTime<Utc>,
    /// Whether it says the exact address.
    pub exact: bool,
    pub method: Method,
    /// The event's page.
    pub link: &'a str,
    /// An address of ours: calendars ask for an organiser's (RFC 5546, section 3.2), and people's addresses are nobody's business.
    pub sender: &'a str,
}

/// Distinguishes one event from all others, in every calendar of the world, for ever.
pub fn uid(event: &EventSnapshot) -> String {
    format!("{}@cityevents", event.id)
}

impl fmt::Display for Entry<'_> {
    /// The whole calendar object.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event, sequence, changed_at, exact, method, link, sender } = *self;
        let mut item = Event::new();
        item.uid(&uid(event));
        item.sequence(u32::try_from(sequence.clamp(0, i64::from(i32::MAX))).unwrap_or(0));
        item.timestamp(changed_at);
        item.last_modified(changed_at);
        item.summary(&plain(&event.title));
        item.description(plain(&format!("{}\n\n{link}", event.summary)).trim());
        item.url(link);
        item.class(Class::Public);
        item.append_property(organiser(&event.organiser_name, sender));
        item.location(&plain(&words::place(event, exact)));
        if exact && let (Some(lat), Some(lon)) = (event.venue.lat, event.venue.lon) {
            item.add_property("GEO", format!("{lat:.6};{lon:.6}"));
        }
        let cancelled = event.status == EventStatus::Cancelled || method == Method::Cancel;
        item.status(if cancelled { IcsStatus::Cancelled } else { IcsStatus::Confirmed });
        let zone = event.timezone.parse::<Tz>().ok().filter(|_| !event.all_day);
        if event.all_day {
            let last = When::of(event).last_day();
            item.starts(event.starts_at_local.date());
            // DTEND is the day after (RFC 5545, section 3.6.1).
            item.ends(last.succ_opt().unwrap_or(last));
        } else if zone.is_some() {
            item.starts(local(event.starts_at_local, &event.timezone));
            item.ends(local(event.ends_at_local, &event.timezone));
        } else {
            item.starts(event.starts_at);
            item.ends(event.ends_at);
        }
        let mut calendar = Calendar::empty();
        for (key, value) in [
            ("VERSION", "2.0"),
            ("PRODID", "-//CityEvents//CityEvents//EN"),
            ("CALSCALE", "GREGORIAN"),
            ("METHOD", method.name()),
        ] {
            calendar.append_property((key, value));
        }
        calendar.push(item.done());
        let text: String = (&calendar).try_into()?;
        // The crate has no type for time zones.
        let zone = zone.map(|zone| time_zone(zone, event.starts_at.year(), event.ends_at.year())).unwrap_or_default();
        f.write_str(&text.replacen("BEGIN:VEVENT", &format!("{zone}BEGIN:VEVENT"), 1))
    }
}

/// Without control characters, of which lines are made.
fn plain(text: &str) -> String {
    text.chars().filter(|it| *it == '\n' || !it.is_control()).collect()
}

fn organiser(name: &str, address: &str) -> Property {
    // A parameter cannot say a quotation mark (RFC 5545, section 3.2).
    let name: String = name.chars().filter(|it| !it.is_control()).map(|it| if it == '"' { '\'' } else { it }).collect();
    Property::new("ORGANIZER", format!("mailto:{address}")).add_parameter("CN", &format!("\"{name}\"")).done()
}

fn local(date_time: NaiveDateTime, zone: &str) -> DatePerhapsTime {
    CalendarDateTime::WithTimezone { date_time, tzid: zone.to_owned() }.into()
}

/// `VTIMEZONE` with every change of the offset from the year before the first to the year after the last.
fn time_zone(zone: Tz, first: i32, last: i32) -> String {
    let mut text = format!("BEGIN:VTIMEZONE\r\nTZID:{}\r\n", zone.name());
    let changes = changes(zone, first - 1, last + 1);
    if changes.is_empty() {
        let now = observance(zone, midnight(first));
        let offset = offset(now.1);
        let _ = write!(
            text,
            "BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:{offset}\r\nTZOFFSETTO:{offset}\r\nTZNAME:{}\r\nEND:STANDARD\r\n",
            now.2
        );
    }
    for at in changes {
        let (before, after) = (observance(zone, at - TimeDelta::seconds(1)), observance(zone, at));
        // The wall time at which it happens, by the clock before (RFC 5545, section 3.6.5).
        let wall = (at + TimeDelta::seconds(i64::from(before.1))).format("%Y%m%dT%H%M%S");
        let kind = if after.0 { "DAYLIGHT" } else { "STANDARD" };
        let _ = write!(
            text,
            "BEGIN:{kind}\r\nDTSTART:{wall}\r\nTZOFFSETFROM:{}\r\nTZOFFSETTO:{}\r\nTZNAME:{}\r\nEND:{kind}\r\n",
            offset(before.1),
            offset(after.1),
            after.2
        );
    }
    text.push_str("END:VTIMEZONE\r\n");
    text
}

/// The instants at which the offset changes, found day by day and then by halving.
fn changes(zone: Tz, first: i32, last: i32) -> Vec<DateTime<Utc>> {
    let mut found = Vec::new();
    let (mut at, end) = (midnight(first), midnight(last + 1));
    while at < end {
        let next = at + TimeDelta::days(1);
        if observance(zone, at).1 != observance(zone, next).1 {
            let (mut low, mut high) = (at, next);
            while high - low > TimeDelta::seconds(1) {
                let middle = low + (high - low) / 2;
                let middle = middle - TimeDelta::nanoseconds(i64::from(middle.timestamp_subsec_nanos()));
                if observance(zone, middle).1 == observance(zone, at).1 { low = middle } else { high = middle }
            }
            found.push(high);
        }
        at = next;
    }
    found
}

/// Whether it is summer time, seconds east of Greenwich, and what it is called.
fn observance(zone: Tz, at: DateTime<Utc>) -> (bool, i32, String) {
    let offset = zone.offset_from_utc_datetime(&at.naive_utc());
    let name = offset.abbreviation().unwrap_or("LMT").to_owned();
    (!offset.dst_offset().is_zero(), offset.fix().local_minus_utc(), name)
}

fn midnight(year: i32) -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default().and_time(chrono::NaiveTime::MIN).and_utc()
}

fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_changes_twice_a_year_at_the_right_instant() {
        let text = time_zone(chrono_tz::Europe::Berlin, 2027, 2027);
        for line in [
            "BEGIN:DAYLIGHT\r\nDTSTART:20270328T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST",
            "BEGIN:STANDARD\r\nDTSTART:20271031T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET",
        ] {
            assert!(text.contains(line), "{line} is missing in {text}");
        }
        let half = time_zone(chrono_tz::Australia::Lord_Howe, 2027, 2027);
        assert!(half.contains("TZOFFSETFROM:+1100\r\nTZOFFSETTO:+1030"), "{half}");
    }

    #[test]
    fn a_zone_without_changes_has_one_rule() {
        let text = time_zone(chrono_tz::Asia::Kolkata, 2027, 2027);
        assert_eq!(text.matches("BEGIN:STANDARD").count(), 1);
        assert!(text.contains("TZOFFSETTO:+0530"), "{text}");
    }
}
