use chrono::{TimeZone, Utc};
use chrono_tz::Tz;

use super::*;

fn calendar(head: &str, events: &[&str]) -> String {
    let events = events.join("\nEND:VEVENT\nBEGIN:VEVENT\n");
    format!("BEGIN:VCALENDAR\n{head}\nBEGIN:VEVENT\n{events}\nEND:VEVENT\nEND:VCALENDAR\n")
}

/// A calendar with one event, whose lines follow uid and title.
fn single(head: &str, lines: &str) -> String {
    calendar(head, &[&format!("UID:u\nSUMMARY:Treffen\n{lines}")])
}

fn times(events: &[ImportedEvent]) -> Vec<String> {
    events.iter().map(|it| it.starts_at_local.format("%Y-%m-%d %H:%M").to_string()).collect()
}

const CUSTOM_ZONE: &str = "BEGIN:VTIMEZONE\nTZID:Our Zone\nBEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\n\
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:16010101T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\n\
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\nEND:VTIMEZONE";

#[test]
fn zones_are_found_by_every_kind_of_name() {
    let located = CUSTOM_ZONE.replace("Our Zone\n", "Our Zone\nX-LIC-LOCATION:Europe/Oslo\n");
    let fixed = "BEGIN:VTIMEZONE\nTZID:Our Zone\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+1100\nTZOFFSETTO:+1100\n\
                 END:STANDARD\nEND:VTIMEZONE";
    let west = CUSTOM_ZONE.replace("+0", "-0");
    for (head, start, expected) in [
        ("", "DTSTART;TZID=Europe/Berlin:20250601T193000", "Europe/Berlin"),
        ("", "DTSTART;TZID=\"europe/berlin\":20250601T193000", "Europe/Berlin"),
        ("", "DTSTART;TZID=W. Europe Standard Time:20250601T193000", "Europe/Berlin"),
        ("", "DTSTART;TZID=/example.org/2020_1/Europe/Berlin:20250601T193000", "Europe/Berlin"),
        (CUSTOM_ZONE, "DTSTART;TZID=Our Zone:20250601T193000", "Europe/Berlin"),
        (located.as_str(), "DTSTART;TZID=Our Zone:20250601T193000", "Europe/Oslo"),
        (fixed, "DTSTART;TZID=Our Zone:20250601T193000", "Etc/GMT-11"),
        ("X-WR-TIMEZONE:Europe/Rome", "DTSTART:20250601T193000", "Europe/Rome"),
        ("X-WR-TIMEZONE:Europe/Rome", "DTSTART;TZID=Nobody Knows:20250601T193000", "Europe/Rome"),
        // Rules that the database has nowhere: the offset of that instant is still known.
        (west.as_str(), "DTSTART;TZID=Our Zone:20250601T193000", "Etc/GMT+2"),
    ] {
        let event = one("a.ics", single(head, start));
        assert_eq!(time(&event), format!("2025-06-01 19:30 – 2025-06-01 21:30 {expected}"), "{start}");
    }
    let rome = ImportOptions { timezone: Some(Tz::Europe__Rome), ..ImportOptions::default() };
    // Of the zones with these rules, the importer's.
    assert_eq!(
        one_with("a.ics", single(CUSTOM_ZONE, "DTSTART;TZID=Our Zone:20250601T193000"), &rome).timezone,
        Tz::Europe__Rome
    );
    assert_eq!(
        one_with("a.ics", single("X-WR-TIMEZONE:UTC", "DTSTART:20250601T193000"), &rome).timezone,
        Tz::Europe__Rome
    );
}

#[test]
fn a_zone_defined_behind_its_events_is_found() {
    let text = format!(
        "{}{CUSTOM_ZONE}\nEND:VCALENDAR\n",
        single("", "DTSTART;TZID=Our Zone:20250601T193000").replace("END:VCALENDAR\n", "")
    );
    assert_eq!(one("a.ics", text).timezone, Tz::Europe__Berlin);
}

#[test]
fn an_identifier_that_is_nothing_but_markup_counts_as_none() {
    let text = "BEGIN:VCALENDAR\nX-WR-TIMEZONE:Europe/Berlin\nBEGIN:VEVENT\nUID:<b></b>\nSUMMARY:A\n\
                DTSTART:20250601T100000Z\nEND:VEVENT\nEND:VCALENDAR\n";
    let (events, rejected) = parse_with("a.ics", text.as_bytes(), &ImportOptions::default());
    assert_eq!(rejected, []);
    assert!(events[0].uid.starts_with("hash:"), "{:?}", events[0].uid);
}

#[test]
fn a_rule_with_letters_beyond_ascii_is_refused() {
    for rule in ["FREQ=MONTHLY;BYDAY=2M¼O", "FREQ=MONTHLY;BYDAY=2M‘", "FREQ=WEEKLY;BYDAY=ÄÖ"] {
        let reason = refused("a.ics", single("", &format!("DTSTART:20250601T100000Z\nRRULE:{rule}")));
        assert!(reason.contains("is not understood"), "{rule}: {reason}");
    }
}

#[test]
fn times_that_cannot_be_told_are_refused() {
    let strange =
        CUSTOM_ZONE.replace("TZOFFSETTO:+0200", "TZOFFSETTO:+0217").replace("TZOFFSETFROM:+0200", "TZOFFSETFROM:+0217");
    for (head, lines, reason) in [
        ("", "DTSTART:20250601T193000", "a time without a zone, and the calendar has none; give one"),
        ("", "DTSTART;TZID=Nobody Knows:20250601T193000", "unknown time zone Nobody Knows; give one"),
        // `UTC` stands there also when nobody thought about it.
        ("X-WR-TIMEZONE:UTC", "DTSTART;TZID=Nobody Knows:20250601T193000", "unknown time zone Nobody Knows; give one"),
        (
            strange.as_str(),
            "DTSTART;TZID=Our Zone:20250601T193000",
            "the calendar's time zone Our Zone has the rules of none that is known",
        ),
        ("", "DTSTART:tomorrow", "DTSTART tomorrow is not a time"),
        ("", "DTSTART;VALUE=DATE:20250231", "DTSTART 20250231 is not a time"),
        ("", "LOCATION:here", "no DTSTART"),
        ("", "DTSTART:20250601T100000Z\nDTSTART:20250601T120000Z", "DTSTART is given twice, with different times"),
        (
            "",
            "DTSTART:20250601T100000Z\nDTEND:20250601T090000Z",
            "DTEND 2025-06-01 09:00:00 is before DTSTART 2025-06-01 10:00:00",
        ),
        (
            "",
            "DTSTART;VALUE=DATE:20250601\nDTEND:20250601T090000Z",
            "of DTSTART and DTEND one has a time and the other has none",
        ),
        (
            "",
            "DTSTART:20250601T100000Z\nDURATION:P999999999999999999W",
            "DURATION P999999999999999999W is not understood",
        ),
        ("", "DTSTART:20250601T100000Z\nRDATE;VALUE=TIME:083000", "RDATE 083000 is not understood"),
        ("", "DTSTART:20250601T100000Z\nRRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY", "EXRULE is not supported"),
        ("", "DTSTART:19250601T100000Z", "starts in the year 1925"),
        ("", "CLASS:PRIVATE\nDTSTART:20250601T100000Z", "CLASS:PRIVATE: not meant to be published"),
    ] {
        assert_eq!(refused("a.ics", single(head, lines)), reason, "{lines}");
    }
    for rule in [
        "FREQ=NEVER",
        "COUNT=3",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=SECONDLY",
        "FREQ=MINUTELY",
        "FREQ=DAILY;UNTIL=whenever",
        "%n;BYMONTH=",
    ] {
        let reason = refused("a.ics", single("", &format!("DTSTART:20250601T100000Z\nRRULE:{rule}")));
        assert!(reason.starts_with("RRULE"), "{rule}: {reason}");
    }
}

#[test]
fn ends_and_durations() {
    for (lines, expected) in [
        ("DTSTART:20250601T100000Z\nDTEND:20250601T120000Z", "2025-06-01 10:00 – 2025-06-01 12:00 UTC"),
        ("DTSTART:20250601T100000Z\nDURATION:PT45M", "2025-06-01 10:00 – 2025-06-01 10:45 UTC"),
        ("DTSTART:20250601T100000Z\nDTEND:20250601T100000Z", "2025-06-01 10:00 – 2025-06-01 12:00 UTC"),
        ("DTSTART;VALUE=DATE:20250601", "2025-06-01 00:00 – 2025-06-01 23:59 UTC, all day"),
        ("DTSTART;VALUE=DATE:20250601\nDTEND;VALUE=DATE:20250601", "2025-06-01 00:00 – 2025-06-01 23:59 UTC, all day"),
        ("DTSTART;VALUE=DATE:20250601\nDTEND;VALUE=DATE:20250604", "2025-06-01 00:00 – 2025-06-03 23:59 UTC, all day"),
        ("DTSTART;VALUE=DATE:20250601\nDURATION:P3D", "2025-06-01 00:00 – 2025-06-03 23:59 UTC, all day"),
        (
            "DTSTART;TZID=America/New_York:20250601T080000\nDTEND;TZID=America/Los_Angeles:20250601T080000",
            "2025-06-01 08:00 – 2025-06-01 11:00 America/New_York",
        ),
        // In the gap of spring, with the offset before it; twice in autumn, the first.
        (
            "DTSTART;TZID=Europe/Berlin:20250330T023000\nDURATION:PT1H",
            "2025-03-30 03:30 – 2025-03-30 04:30 Europe/Berlin",
        ),
        (
            "DTSTART;TZID=Europe/Berlin:20251026T023000\nDURATION:PT2H",
            "2025-10-26 02:30 – 2025-10-26 03:30 Europe/Berlin",
        ),
    ] {
        assert_eq!(time(&one("a.ics", single("", lines))), expected, "{lines}");
    }
}

#[test]
fn a_series_becomes_its_occurrences() {
    let (events, rejected) = parse(
        "a.ics",
        single(
            "",
            "DTSTART;TZID=Europe/Berlin:20250323T190000\nDURATION:PT2H\nRRULE:FREQ=WEEKLY;COUNT=4\nEXDATE;TZID=Europe/Berlin:20250406T190000",
        ),
    );
    assert_eq!(rejected, []);
    // The wall time stays over the change of the clocks.
    assert_eq!(times(&events), ["2025-03-23 19:00", "2025-03-30 19:00", "2025-04-13 19:00"]);
    assert_eq!(
        events.iter().map(|it| it.uid.as_str()).collect::<Vec<_>>(),
        ["u#20250323T180000Z", "u#20250330T170000Z", "u#20250413T170000Z"]
    );
}

#[test]
fn rules_are_read_as_programs_write_them() {
    for (lines, expected) in [
        // Spaces; UNTIL as a date for a start with a time, in which the whole day is meant.
        (
            "DTSTART;TZID=Europe/Berlin:20250602T190000\nRRULE:FREQ=DAILY;BYDAY=MO, TU;UNTIL=20250609",
            vec!["2025-06-02 19:00", "2025-06-03 19:00", "2025-06-09 19:00"],
        ),
        // UNTIL in UTC: 19:00 in Berlin is 17:00.
        (
            "DTSTART;TZID=Europe/Berlin:20250602T190000\nRRULE:FREQ=DAILY;UNTIL=20250603T170000Z",
            vec!["2025-06-02 19:00", "2025-06-03 19:00"],
        ),
        (
            "DTSTART;TZID=Europe/Berlin:20250602T190000\nRRULE:FREQ=DAILY;UNTIL=20250603T165959Z",
            vec!["2025-06-02 19:00"],
        ),
        ("DTSTART;TZID=Europe/Berlin:20250602T190000\nRRULE:FREQ=DAILY;UNTIL=20240101", vec!["2025-06-02 19:00"]),
        // A date excludes what is on that day.
        (
            "DTSTART;TZID=Europe/Berlin:20250602T190000\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20250603",
            vec!["2025-06-02 19:00", "2025-06-04 19:00"],
        ),
        ("DTSTART;VALUE=DATE:20250602\nRRULE:FREQ=YEARLY;COUNT=2", vec!["2025-06-02 00:00", "2026-06-02 00:00"]),
        (
            "DTSTART;TZID=Europe/Berlin:20250602T190000\nRDATE;TZID=Europe/London:20250603T180000,\nRDATE:",
            vec!["2025-06-02 19:00", "2025-06-03 19:00"],
        ),
        (
            "DTSTART:19960403T020000Z\nDTEND:19960403T030000Z\nRDATE;VALUE=PERIOD:19960403T020000Z/19960403T040000Z,19960404T010000Z/PT3H",
            vec!["1996-04-03 02:00", "1996-04-04 01:00"],
        ),
        // In the gap of spring.
        (
            "DTSTART;TZID=Europe/Berlin:20250329T023000\nRRULE:FREQ=DAILY;COUNT=3",
            vec!["2025-03-29 02:30", "2025-03-30 03:30", "2025-03-31 02:30"],
        ),
    ] {
        let (events, rejected) = parse("a.ics", single("", lines));
        assert_eq!(rejected, [], "{lines}");
        assert_eq!(times(&events), expected, "{lines}");
    }
}

#[test]
fn a_series_is_expanded_for_a_year_from_now() {
    let text = single("", "DTSTART;TZID=Europe/Berlin:20030106T190000\nDURATION:PT2H\nRRULE:FREQ=WEEKLY");
    let now = Utc.with_ymd_and_hms(2025, 6, 2, 18, 0, 0).unwrap();
    let (events, _) = parse_with("a.ics", text.clone(), &ImportOptions { from: Some(now), ..ImportOptions::default() });
    // The one that is going on is the first.
    assert_eq!(times(&events)[..2], ["2025-06-02 19:00", "2025-06-09 19:00"]);
    assert_eq!(events.len(), 52);
    let (events, _) = parse("a.ics", text.clone());
    assert_eq!(times(&events)[0], "2003-01-06 19:00");
    // A series that is over is imported once, with its first date.
    let over = text.replace("FREQ=WEEKLY", "FREQ=WEEKLY;COUNT=3");
    let (events, _) = parse_with("a.ics", over, &ImportOptions { from: Some(now), ..ImportOptions::default() });
    assert_eq!(times(&events), ["2003-01-06 19:00"]);
}

const SERIES: &str = "UID:u\nSUMMARY:Series\nDTSTART;TZID=Europe/Berlin:20250602T190000\nRRULE:FREQ=DAILY;COUNT=3";

#[test]
fn a_changed_occurrence_replaces_its_own() {
    let changed = "UID:u\nSUMMARY:Moved\nRECURRENCE-ID:20250603T170000Z\nDTSTART;TZID=Europe/Berlin:20250603T210000";
    let dropped = "UID:u\nSUMMARY:Dropped\nSTATUS:CANCELLED\nRECURRENCE-ID;TZID=Europe/Berlin:20250604T190000\nDTSTART;TZID=Europe/Berlin:20250604T190000";
    let (events, rejected) = parse("a.ics", calendar("", &[changed, SERIES, dropped]));
    assert_eq!(rejected, []);
    let mut found: Vec<_> = events.iter().map(|it| (it.uid.as_str(), it.title.as_str(), it.cancelled)).collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("u#20250602T170000Z", "Series", false),
            ("u#20250603T170000Z", "Moved", false),
            ("u#20250604T170000Z", "Dropped", true)
        ]
    );
    assert!(times(&events).contains(&"2025-06-03 21:00".to_owned()));
}

#[test]
fn a_change_of_all_that_follows_ends_the_series_there() {
    let later = "UID:u\nSUMMARY:Later\nRECURRENCE-ID;RANGE=THISANDFUTURE:20250603T170000Z\nDTSTART:20250603T200000Z";
    let (events, rejected) = parse("a.ics", calendar("", &[SERIES, later]));
    assert_eq!(times(&events), ["2025-06-02 19:00"]);
    assert!(rejected[0].reason.contains("THISANDFUTURE"));
}

#[test]
fn the_last_version_of_an_event_counts() {
    let version =
        |sequence: u8, title: &str| format!("UID:u\nSEQUENCE:{sequence}\nSUMMARY:{title}\nDTSTART:20250601T100000Z");
    let (events, rejected) =
        parse("a.ics", calendar("", &[&version(1, "Old"), &version(3, "New"), &version(2, "Older")]));
    assert_eq!(events.iter().map(|it| it.title.as_str()).collect::<Vec<_>>(), ["New"]);
    assert_eq!(rejected[0].reason, "another version of this event, at line 9, counts");
    assert_eq!(rejected.len(), 2);
}

#[test]
fn texts_places_and_terms() {
    let text = single(
        "X-WR-CALNAME:Verein\\, Süd\nPRODID:-//Example Inc//Example Calendar 70//EN",
        "DTSTART:20250601T100000Z\nDESCRIPTION:Erste Zeile\\nzweite\\; mit fol\n  gen\\n\\nAbsatz\nLOCATION:Haus 1\\nGasse 2\\n12345 Ort\n\
         GEO:48.2;16.37\nCATEGORIES:Alle\\, alle,Music\nURL:https://example.org/a\n\
         BEGIN:VALARM\nDESCRIPTION:Alarm\nDURATION:PT5M\nSUMMARY:Alarm\nEND:VALARM\nSTATUS:CANCELLED",
    );
    let event = one("a.ics", text);
    assert_eq!(event.title, "Treffen");
    assert_eq!(event.description, "Erste Zeile  \nzweite; mit fol gen\n\nAbsatz");
    assert_eq!((event.venue.name.as_str(), event.venue.address.as_deref()), ("Haus 1", Some("Gasse 2, 12345 Ort")));
    assert_eq!((event.venue.lat, event.venue.lon), (Some(48.2), Some(16.37)));
    assert_eq!(event.category, contracts::Category::Music);
    assert_eq!(event.external_url.as_deref(), Some("https://example.org/a"));
    assert!(event.cancelled);
    assert_eq!((event.source.name.as_str(), event.source.licence.as_str()), ("Verein, Süd", "licence not stated"));
    let event = one("a.ics", single("PRODID:-//Example Inc//Example Calendar 70//EN", "DTSTART:20250601T100000Z"));
    assert_eq!(event.source.name, "Example Inc – Example Calendar 70");
    let event = one("Mein_Kalender.ics", single("METHOD:CANCEL", "DTSTART:20250601T100000Z"));
    assert_eq!((event.source.name.as_str(), event.cancelled), ("Mein Kalender", true));
}

#[test]
fn an_event_without_uid_is_known_by_title_start_and_place() {
    let event = "SUMMARY:A\nDTSTART:20250601T100000Z";
    let (events, rejected) = parse("a.ics", calendar("", &[event, event, "SUMMARY:A\nDTSTART:20250602T100000Z"]));
    assert_eq!(events.len(), 2);
    assert!(events[0].uid.starts_with("hash:"));
    assert_eq!(rejected[0].reason, "duplicate of the record at line 3");
}

#[test]
fn unclosed_components_cost_themselves_only() {
    let text = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:A\nBEGIN:VEVENT\nUID:2\nSUMMARY:B\nDTSTART:20250601T100000Z\nEND:VEVENT\n\
                BEGIN:VEVENT\nUID:3\nno colon\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:C";
    let (events, rejected) = parse("a.ics", text);
    assert_eq!(events.iter().map(|it| it.title.as_str()).collect::<Vec<_>>(), ["B"]);
    let found: Vec<_> = rejected.iter().map(|it| (it.line, it.reason.as_str())).collect();
    assert_eq!(
        found,
        [
            (2, "VEVENT is not closed before the next component"),
            (10, "a line without a colon: no colon"),
            (14, "the file ends within this event: it may be cut off"),
        ]
    );
}

#[test]
fn lines_end_as_they_like() {
    let text = single("", "DTSTART:20250601T100000Z");
    for text in
        [text.replace('\n', "\r\n"), text.replace('\n', "\r"), text.replace('\n', "\n\n"), text.trim_end().to_owned()]
    {
        assert_eq!(one("a.ics", text).title, "Treffen");
    }
    let (events, rejected) = parse("a.ics", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n");
    assert!(events.is_empty() && rejected.is_empty());
}
