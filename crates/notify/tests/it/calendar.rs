//! Calendar entries, read back by a strict reader of its own: what a calendar sees must be what the event says.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use contracts::{
    EventId,
    events::{EventSnapshot, EventStatus, EventUnpublished},
};
use testkit::{Answer, noon};

use crate::support::{Scene, by_approval, cancelled, event, moved, silent_scene};

/// A property: parameters and value.
type Property = (HashMap<String, String>, String);

/// One component: its properties in order, and the components within.
#[derive(Debug, Default)]
struct Part {
    name: String,
    properties: Vec<(String, Property)>,
    parts: Vec<Part>,
}

impl Part {
    fn read(body: &[u8]) -> Self {
        let text = std::str::from_utf8(body).expect("UTF-8");
        assert!(text.ends_with("\r\n"), "the last line ends, too");
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "lines end with CR LF");
        for line in text.split("\r\n") {
            assert!(line.len() <= 76, "a line of {} octets: {line}", line.len());
        }
        let unfolded = text.replace("\r\n ", "");
        let mut open = vec![Part::default()];
        for line in unfolded.trim_end().split("\r\n") {
            let (head, value) = split(line);
            let mut head = head.into_iter();
            let name = head.next().unwrap();
            let parameters = head
                .map(|it| it.split_once('=').map(|(key, value)| (key.to_owned(), value.trim_matches('"').to_owned())))
                .collect::<Option<_>>()
                .unwrap_or_else(|| panic!("parameters in {line}"));
            match name.as_str() {
                "BEGIN" => open.push(Part { name: value, ..Part::default() }),
                "END" => {
                    let part = open.pop().unwrap();
                    assert_eq!(part.name, value, "what ends is what began");
                    open.last_mut().unwrap().parts.push(part);
                }
                _ => open.last_mut().unwrap().properties.push((name, (parameters, value))),
            }
        }
        assert_eq!(open.len(), 1, "everything ends");
        let mut root = open.remove(0);
        assert_eq!((root.parts.len(), root.properties.len()), (1, 0), "one calendar");
        root.parts.remove(0)
    }

    fn part(&self, name: &str) -> &Part {
        let mut found = self.parts.iter().filter(|part| part.name == name);
        let part = found.next().unwrap_or_else(|| panic!("no {name} in {self:?}"));
        assert!(found.next().is_none(), "one {name}");
        part
    }

    fn property(&self, name: &str) -> &Property {
        let mut found = self.properties.iter().filter(|(key, _)| key == name);
        let (_, property) = found.next().unwrap_or_else(|| panic!("no {name} in {self:?}"));
        assert!(found.next().is_none(), "one {name}");
        property
    }

    fn value(&self, name: &str) -> &str {
        &self.property(name).1
    }

    /// A value of type TEXT.
    fn text(&self, name: &str) -> String {
        let mut text = String::new();
        let mut characters = self.value(name).chars();
        while let Some(character) = characters.next() {
            text.push(match character {
                '\\' => match characters.next() {
                    Some('n' | 'N') => '\n',
                    Some(it @ ('\\' | ',' | ';')) => it,
                    other => panic!("\\{other:?} is no escape"),
                },
                ',' | ';' => panic!("{character} is not escaped in {}", self.value(name)),
                other => other,
            });
        }
        text
    }
}

/// Name and parameters, and the value: the first colon outside of quotation marks parts them.
fn split(line: &str) -> (Vec<String>, String) {
    let (mut head, mut quoted) = (vec![String::new()], false);
    for (at, character) in line.char_indices() {
        match character {
            ':' if !quoted => return (head, line[at + 1..].to_owned()),
            ';' if !quoted => head.push(String::new()),
            _ => {
                quoted ^= character == '"';
                head.last_mut().unwrap().push(character);
            }
        }
    }
    panic!("no value in {line}")
}

/// The instant that a program means which knows nothing of zones but what the entry tells it.
fn instant(calendar: &Part, property: &str) -> DateTime<Utc> {
    let (parameters, value) = calendar.part("VEVENT").property(property);
    let wall = NaiveDateTime::parse_from_str(value, "%Y%m%dT%H%M%S").unwrap();
    let zone = calendar.part("VTIMEZONE");
    assert_eq!(parameters["TZID"], zone.value("TZID"));
    let rules = zone.parts.iter().map(|rule| {
        let from = NaiveDateTime::parse_from_str(rule.value("DTSTART"), "%Y%m%dT%H%M%S").unwrap();
        (from, seconds(rule.value("TZOFFSETTO")), seconds(rule.value("TZOFFSETFROM")))
    });
    let mut rules: Vec<_> = rules.collect();
    rules.sort();
    let rule = rules.iter().rev().find(|(from, ..)| wall >= *from);
    let offset = rule.map_or(rules[0].2, |(_, to, _)| *to);
    (wall - TimeDelta::seconds(offset)).and_utc()
}

fn seconds(offset: &str) -> i64 {
    let (sign, digits) = offset.split_at(1);
    let number: i64 = digits.parse().unwrap();
    (number / 100 * 3600 + number % 100 * 60) * if sign == "-" { -1 } else { 1 }
}

async fn get(scene: &Scene, id: EventId) -> Answer {
    scene.client.get(&format!("/api/v1/events/{id}/calendar.ics")).await
}

async fn calendar_of(scene: &Scene, event: &EventSnapshot) -> Part {
    scene.publish(event).await;
    Part::read(&get(scene, event.id).await.expect(200).body)
}

/// The event from one wall time to another.
fn at(start: &str, end: &str, zone: Tz) -> EventSnapshot {
    let (start, end): (NaiveDateTime, NaiveDateTime) = (start.parse().unwrap(), end.parse().unwrap());
    let utc = |wall| zone.from_local_datetime(&wall).earliest().unwrap().with_timezone(&Utc);
    EventSnapshot {
        starts_at_local: start,
        ends_at_local: end,
        starts_at: utc(start),
        ends_at: utc(end),
        timezone: zone.name().to_owned(),
        ..event()
    }
}

#[tokio::test]
async fn an_entry_says_what_the_event_says() {
    let scene = silent_scene(None).await;
    let event = event();
    scene.publish(&event).await;
    let answer = get(&scene, event.id).await.expect(200);
    assert_eq!(answer.headers["content-type"], "text/calendar; charset=utf-8");
    assert_eq!(answer.headers["content-disposition"], "attachment; filename=\"lanterns.ics\"");
    let calendar = Part::read(&answer.body);
    assert_eq!(calendar.name, "VCALENDAR");
    assert_eq!([calendar.value("VERSION"), calendar.value("METHOD")], ["2.0", "PUBLISH"]);
    assert!(calendar.text("PRODID").contains("CityEvents"));
    let entry = calendar.part("VEVENT");
    assert_eq!(entry.text("UID"), format!("{}@cityevents", event.id));
    assert_eq!([entry.value("SEQUENCE"), entry.value("STATUS")], ["3", "CONFIRMED"]);
    assert_eq!(entry.text("SUMMARY"), event.title);
    assert_eq!(entry.text("LOCATION"), "Canal bridge, Uferweg 1, Berlin");
    let link = format!("http://localhost:8080/events/{}/lanterns", event.id);
    assert_eq!(entry.text("DESCRIPTION"), format!("{}\n\n{link}", event.summary));
    assert_eq!(entry.value("URL"), link);
    assert_eq!(entry.value("GEO"), "52.500000;13.400000");
    let (parameters, organiser) = entry.property("ORGANIZER");
    assert_eq!((parameters["CN"].as_str(), organiser.as_str()), ("Kiezverein", "mailto:no-reply@cityevents.invalid"));
    assert_eq!(instant(&calendar, "DTSTART"), event.starts_at);
    assert_eq!(instant(&calendar, "DTEND"), event.ends_at);
    // The same version is the same entry, whenever it is had.
    assert_eq!(get(&scene, event.id).await.expect(200).body, answer.body);
}

#[tokio::test]
async fn wall_times_mean_the_right_instant_on_both_sides_of_a_change() {
    let scene = silent_scene(None).await;
    for (start, end, zone) in [
        ("2027-03-27T18:00:00", "2027-03-28T04:00:00", Tz::Europe__Berlin),
        ("2027-10-30T18:00:00", "2027-10-31T06:00:00", Tz::Europe__Berlin),
        ("2027-01-01T00:30:00", "2027-01-01T03:00:00", Tz::America__Toronto),
        ("2027-12-31T20:00:00", "2028-01-01T02:00:00", Tz::America__Toronto),
        ("2027-04-03T20:00:00", "2027-04-04T05:00:00", Tz::Australia__Lord_Howe),
        ("2027-07-01T12:00:00", "2027-07-01T13:00:00", Tz::Asia__Kolkata),
        ("2027-07-01T12:00:00", "2030-07-01T13:00:00", Tz::Europe__Madrid),
        ("2027-03-10T12:00:00", "2027-03-10T13:00:00", Tz::Africa__Casablanca),
        ("2027-03-28T12:00:00", "2027-03-28T13:00:00", Tz::Europe__Dublin),
    ] {
        let event = at(start, end, zone);
        let calendar = calendar_of(&scene, &event).await;
        assert_eq!(instant(&calendar, "DTSTART"), event.starts_at, "{start} {zone}");
        assert_eq!(instant(&calendar, "DTEND"), event.ends_at, "{end} {zone}");
    }
}

#[tokio::test]
async fn an_event_of_whole_days_has_dates() {
    let scene = silent_scene(None).await;
    for (start, end, zone, first, after) in [
        ("2027-06-12T00:00:00", "2027-06-13T00:00:00", Tz::Europe__Berlin, "2027-06-12", "2027-06-13"),
        ("2027-06-12T00:00:00", "2027-06-13T23:59:00", Tz::Europe__Berlin, "2027-06-12", "2027-06-14"),
        ("2027-06-12T10:00:00", "2027-06-12T18:00:00", Tz::Europe__Berlin, "2027-06-12", "2027-06-13"),
        // The next day has no midnight.
        ("2026-04-23T00:00:00", "2026-04-24T01:00:00", Tz::Africa__Cairo, "2026-04-23", "2026-04-24"),
    ] {
        let event = EventSnapshot { all_day: true, ..at(start, end, zone) };
        let calendar = calendar_of(&scene, &event).await;
        for (name, expected) in [("DTSTART", first), ("DTEND", after)] {
            let (parameters, value) = calendar.part("VEVENT").property(name);
            assert_eq!(parameters["VALUE"], "DATE");
            assert_eq!(NaiveDate::parse_from_str(value, "%Y%m%d").unwrap().to_string(), expected, "{name} of {start}");
        }
        assert!(calendar.parts.iter().all(|part| part.name != "VTIMEZONE"), "days have no zone");
    }
}

#[tokio::test]
async fn nothing_in_an_event_breaks_out_of_its_line() {
    let scene = silent_scene(None).await;
    let nasty = "A; \"B\", C\\nD: \u{1F3EE}\u{7}\r\nBEGIN:VALARM\r\nATTENDEE:mailto:x@example.org ".to_owned();
    let mut event = EventSnapshot {
        title: nasty.clone() + &"Ürlaub 🏮 ".repeat(30),
        summary: nasty.clone(),
        organiser_name: nasty.clone(),
        city: nasty.clone(),
        ..event()
    };
    event.venue.name = nasty.clone();
    event.venue.address = Some(nasty);
    let calendar = calendar_of(&scene, &event).await;
    let entry = calendar.part("VEVENT");
    assert!(entry.parts.is_empty());
    assert!(entry.text("SUMMARY").contains("A; \"B\", C\\nD: 🏮\nBEGIN:VALARM\nATTENDEE:mailto:x@example.org"));
    assert!(entry.text("SUMMARY").ends_with("Ürlaub 🏮 "));
    assert!(entry.property("ORGANIZER").0["CN"].starts_with("A; 'B', C\\nD: 🏮BEGIN:VALARM"));
    assert!(entry.properties.iter().all(|(name, _)| name != "ATTENDEE"));
}

#[tokio::test]
async fn a_zone_that_is_none_is_told_in_utc() {
    let scene = silent_scene(None).await;
    let event = EventSnapshot { timezone: "Mars/Olympus".to_owned(), ..event() };
    let calendar = calendar_of(&scene, &event).await;
    assert_eq!(calendar.part("VEVENT").value("DTSTART"), "20270612T160000Z");
    assert_eq!(calendar.parts.len(), 1);
}

#[tokio::test]
async fn the_exact_address_is_not_for_strangers_where_the_organiser_approves() {
    let scene = silent_scene(None).await;
    let event = by_approval();
    scene.publish(&event).await;
    let answer = get(&scene, event.id).await.expect(200);
    let calendar = Part::read(&answer.body);
    let entry = calendar.part("VEVENT");
    assert_eq!(entry.text("LOCATION"), "Canal bridge, Berlin");
    assert!(entry.properties.iter().all(|(name, _)| name != "GEO"));
    assert!(!String::from_utf8(answer.body).unwrap().contains("Uferweg"));
}

#[tokio::test]
async fn only_what_is_public_can_be_had() {
    let scene = silent_scene(None).await;
    let event = event();
    assert_eq!(get(&scene, EventId::new(noon())).await.expect(404).code(), "not_found");
    scene.publish(&event).await;
    get(&scene, event.id).await.expect(200);
    let draft = EventSnapshot { version: 4, status: EventStatus::Draft, ..event.clone() };
    scene.deliver(&EventUnpublished { event: draft.clone() }).await;
    assert_eq!(get(&scene, event.id).await.expect(404).code(), "not_found");
    scene.deliver(&cancelled(&draft, "Storm")).await;
    let calendar = Part::read(&get(&scene, event.id).await.expect(200).body);
    let entry = calendar.part("VEVENT");
    assert_eq!([entry.value("STATUS"), entry.value("SEQUENCE")], ["CANCELLED", "5"]);
}

#[tokio::test]
async fn a_change_keeps_the_uid_and_raises_the_sequence() {
    let scene = silent_scene(None).await;
    let event = event();
    let before = calendar_of(&scene, &event).await;
    let change = moved(&event);
    scene.deliver(&change).await;
    let after = Part::read(&get(&scene, event.id).await.expect(200).body);
    let value = |calendar: &Part, name: &str| calendar.part("VEVENT").value(name).to_owned();
    assert_eq!(value(&before, "UID"), value(&after, "UID"));
    assert_eq!((value(&before, "SEQUENCE"), value(&after, "SEQUENCE")), ("3".to_owned(), "4".to_owned()));
    assert!(value(&after, "DTSTAMP") >= value(&before, "DTSTAMP"));
    assert_eq!(instant(&after, "DTSTART"), change.event.starts_at);
}
