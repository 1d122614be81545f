use chrono_tz::Tz;
use contracts::Category;

use super::*;

fn event(fields: &str) -> String {
    format!("[{{\"@context\": \"https://schema.org\", \"@type\": \"Event\", {fields}}}]")
}

const PLACE: &str = r#""location": {"@type": "Place", "name": "Stadtpark", "address": {"streetAddress": "Am See 1",
    "addressLocality": "Hamburg", "postalCode": "20354", "addressCountry": "DE"}, "geo": {"latitude": "53.56", "longitude": 10}}"#;

#[test]
fn an_event_of_schema_org_is_read() {
    let event = one(
        "abend.jsonld",
        event(&format!(
            r#""name": "Sommer &amp; Klang", "startDate": "2025-07-05T19:30:00+02:00", "endDate": "2025-07-05T22:00:00+02:00",
            "description": "<p>Musik <b>unter</b> Bäumen.</p><p>Bringt *Decken* mit.</p>", "inLanguage": "de-DE",
            "offers": [{{"price": "12.50", "priceCurrency": "EUR"}}, {{"price": 8, "priceCurrency": "EUR"}}],
            "keywords": "Live, Music", "url": "https://example.org/klang", {PLACE}"#
        )),
    );
    assert_eq!(time(&event), "2025-07-05 19:30 – 2025-07-05 22:00 Europe/Berlin");
    assert_eq!(event.title, "Sommer & Klang");
    assert_eq!(event.description, "Musik unter Bäumen.\n\nBringt \\*Decken\\* mit.");
    assert_eq!((event.category, event.language.as_str(), event.city.as_str()), (Category::Music, "de", "Hamburg"));
    assert_eq!(event.venue.name, "Stadtpark");
    assert_eq!(event.venue.address.as_deref(), Some("Am See 1, Hamburg 20354"));
    assert_eq!((event.venue.lat, event.venue.lon), (Some(53.56), Some(10.0)));
    assert_eq!((event.price.as_deref(), event.is_free), (Some("8–12.50 EUR"), Some(false)));
    assert_eq!((event.source.name.as_str(), event.source.licence.as_str()), ("abend", "licence not stated"));
}

/// Time and place of an event without a known zone.
fn timed(start: &str, end: &str, options: &ImportOptions) -> (Vec<ImportedEvent>, Vec<Rejected>) {
    let end = if end.is_empty() { String::new() } else { format!(", \"endDate\": \"{end}\"") };
    parse_with("a.json", event(&format!("\"name\": \"Fest\", \"startDate\": \"{start}\"{end}")), options)
}

#[test]
fn a_time_becomes_wall_time_or_is_refused() {
    let none = ImportOptions::default();
    let vienna = ImportOptions { timezone: Some(Tz::Europe__Vienna), ..ImportOptions::default() };
    for (start, end, options, expected) in [
        ("2025-07-05T17:30:00Z", "", &vienna, "2025-07-05 19:30 – 2025-07-05 21:30 Europe/Vienna"),
        ("2025-07-05T19:30", "2025-07-05T21:00", &vienna, "2025-07-05 19:30 – 2025-07-05 21:00 Europe/Vienna"),
        ("2025-07-05", "2025-07-06", &vienna, "2025-07-05 00:00 – 2025-07-06 23:59 Europe/Vienna, all day"),
        // Midnight to midnight means days.
        (
            "2025-07-04T22:00:00Z",
            "2025-07-05T22:00:00Z",
            &vienna,
            "2025-07-05 00:00 – 2025-07-06 23:59 Europe/Vienna, all day",
        ),
        // One date and two times: it ends in the night.
        ("2025-07-05T20:00", "2025-07-05T02:00", &vienna, "2025-07-05 20:00 – 2025-07-06 02:00 Europe/Vienna"),
        // In the gap of spring, read with the offset before it.
        ("2025-03-30T02:30", "", &vienna, "2025-03-30 03:30 – 2025-03-30 05:30 Europe/Vienna"),
        // The instant is known, and shown as it was given.
        ("2025-07-05T17:30:00Z", "", &none, "2025-07-05 17:30 – 2025-07-05 19:30 UTC"),
        ("2025-07-05T17:30:00-04:00", "", &none, "2025-07-05 17:30 – 2025-07-05 19:30 Etc/GMT+4"),
    ] {
        let (events, rejected) = timed(start, end, options);
        assert_eq!(rejected, [], "{start}");
        assert_eq!(time(&events[0]), expected);
    }
    for (start, end, reason) in [
        ("2025-07-05T17:30", "", "a time without a zone; give one"),
        ("2025-07-05T17:30+05:30", "", "the time zone is not known; give one"),
        ("soon", "", "startDate soon is not a time"),
        ("", "", "no startDate"),
        ("2025-07-05T17:30Z", "2025-07-05T13:00Z", "ends before it starts: 2025-07-05 17:30:00 to 2025-07-05 13:00:00"),
        ("9999-07-05T17:30Z", "", "starts in the year 9999"),
    ] {
        let (events, rejected) = timed(start, end, &none);
        assert_eq!(events, []);
        assert_eq!(rejected[0].reason, reason);
    }
}

#[test]
fn the_same_title_start_and_address_are_the_same_event() {
    let tour = |place: &str, street: &str| {
        format!(
            r#"{{"@type": "Event", "name": "Walking Tour", "startDate": "2025-05-10T15:00:00Z",
            "location": {{"name": "{place}", "address": {{"streetAddress": "{street}"}}}}}}"#
        )
    };
    let text = format!(
        "[{},\n{},\n{}]",
        tour("Corner", "1 Main St"),
        tour("The corner", "1 MAIN ST."),
        tour("Corner", "9 Low Rd")
    );
    let (events, rejected) = parse("a.json", text);
    assert_eq!(events.len(), 2);
    assert_eq!(rejected[0].reason, "duplicate of the record at line 1");
    assert_eq!(rejected[0].line, 3);
}

#[test]
fn one_identifier_may_stand_on_several_dates() {
    let show = |start: &str| {
        format!(r#"{{"@type": "Event", "@id": "https://example.org/1", "name": "Show", "startDate": "{start}"}}"#)
    };
    let text = format!("{}\n{}\n{}", show("2025-05-10T15:00Z"), show("2025-05-11T15:00Z"), show("2025-05-10T15:00Z"));
    let (events, rejected) = parse("a.jsonld", text);
    assert_eq!(events[0].uid, "https://example.org/1");
    assert_eq!(events[1].uid, "https://example.org/1#20250511T1500");
    assert_eq!(rejected.len(), 1);
}

#[test]
fn lists_are_found_in_their_wrappings() {
    let inner = r#"{"@type": "MusicEvent", "name": "A", "startDate": "2025-05-10T15:00Z"}"#;
    for text in [
        inner.to_owned(),
        format!("\u{feff}  [{inner}]"),
        format!(r#"{{"@context": "https://schema.org", "@graph": [{inner}]}}"#),
        format!(r#"{{"@type": "ItemList", "itemListElement": [{{"@type": "ListItem", "item": {inner}}}]}}"#),
    ] {
        assert_eq!(one("a.json", text).category, Category::Music);
    }
}

#[test]
fn faults_of_json_cost_no_more_than_their_record() {
    let good = |name: &str| format!(r#"{{"@type": "Event", "name": "{name}", "startDate": "2025-05-10T15:00Z"}}"#);
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let text = format!(
        "[{},\n{{\"name\": \"an \"inner\" quote\u{1}\n\", \"startDate\": \"2025-05-10T15:00Z\"}},\n{{\"name\": tru}},\n{deep},\n42,\n\
         {{\"@type\": \"WebPage\", \"name\": \"Home\"}},\n{{\"name\": \"\\ud800\"}},\n{},\n{{\"name\": \"cut off",
        good("A"),
        good("B")
    );
    let (events, rejected) =
        parse_with("a.json", text, &ImportOptions { format: Some("json-ld".parse().unwrap()), ..Default::default() });
    assert_eq!(events.iter().map(|it| it.title.as_str()).collect::<Vec<_>>(), ["A", "an \"inner\" quote", "B"]);
    let lines: Vec<_> = rejected.iter().map(|it| it.line).collect();
    assert_eq!(lines, [4, 5, 6, 7, 8, 10, 10]);
    assert!(rejected[1].reason.contains("recursion limit"), "{}", rejected[1].reason);
    assert_eq!(rejected[3].reason, "not an event but WebPage");
    assert_eq!(rejected[5].reason, "the file ends within this record: it may be cut off");
}

#[test]
fn a_record_of_more_than_a_mebibyte_is_skipped() {
    let huge = "x".repeat(3 << 20);
    let text = format!(
        r#"[{{"@type": "Event", "name": "{huge}"}}, {{"@type": "Event", "name": "B", "startDate": "2025-05-10T15:00Z"}}]"#
    );
    let (events, rejected) = parse("a.json", text);
    assert_eq!(events.len(), 1);
    assert_eq!(rejected[0].reason, "larger than 1048576 bytes");
}

#[test]
fn a_duration_says_when_it_ends() {
    for (start, duration, expected) in [
        ("2025-07-05T19:30Z", "PT45M", "2025-07-05 19:30 – 2025-07-05 20:15 UTC"),
        ("2025-07-05T00:00Z", "PT2H", "2025-07-05 00:00 – 2025-07-05 02:00 UTC"),
    ] {
        let fields = format!("\"name\": \"A\", \"startDate\": \"{start}\", \"duration\": \"{duration}\"");
        assert_eq!(time(&one("a.json", event(&fields))), expected);
    }
    let fields = "\"name\": \"A\", \"startDate\": \"2025-07-05T00:00Z\", \"duration\": \"a while\"";
    assert_eq!(refused("a.json", event(fields)), "duration a while is not understood");
}

#[test]
fn absurd_fields_are_dropped() {
    let event = one(
        "a.json",
        event(
            r#""name": "A", "startDate": "2025-05-10T15:00Z", "url": "javascript:alert(1)", "offers": {"price": -5},
            "location": {"name": "Here", "geo": {"latitude": 123, "longitude": 0}}, "isAccessibleForFree": "true""#,
        ),
    );
    assert_eq!((event.venue.lat, event.venue.lon), (None, None));
    assert_eq!((event.external_url, event.price, event.is_free), (None, None, Some(true)));
    assert_eq!(event.city, "City not stated");
}

#[test]
fn a_cancelled_event_says_so_and_a_postponed_one_has_no_date() {
    let fields = |status: &str| {
        event(&format!(
            r#""name": "A", "startDate": "2025-05-10T15:00Z", "eventStatus": "https://schema.org/{status}""#
        ))
    };
    assert!(one("a.json", fields("EventCancelled")).cancelled);
    assert_eq!(refused("a.json", fields("EventPostponed")), "postponed, without a new date");
}

#[test]
fn torontos_events_are_known_by_their_pictures() {
    let event = one(
        "x.json",
        event(
            r#""name": "Noodles", "startDate": "2025-06-22T00:00:00.000Z", "endDate": "2025-06-22T01:30:00.000Z",
            "image": "https://secure.toronto.ca/webapps/CC/fileAPI/edc_eventcal/none.png",
            "location": {"name": "Hall", "address": {"addressLocality": "Scarborough"}}"#,
        ),
    );
    assert_eq!(time(&event), "2025-06-21 20:00 – 2025-06-21 21:30 America/Toronto");
    assert_eq!(event.city, "Toronto");
    assert_eq!(event.source.attribution, "Contains information licensed under the Open Government Licence – Toronto.");
}

fn market(fields: &str) -> String {
    format!("[\n{{\"id\": 1, \"zip_city\": \"10115 Berlin\", \"street\": \"Platz 1\", {fields}}}]")
}

#[test]
fn a_market_runs_from_first_opening_to_last_closing() {
    let event = one(
        "m.json",
        market(
            r#""uuid": 12, "name": "Weihnachtsmarkt am\nPlatz", "begin": "2016-12-01", "end": "2017-01-02", "lat": 52.5, "lng": 13.4,
            "hours": "Mo 14:00-22:00<br>31.12. 11:00-01:00", "web": "www.example.org", "fee": "Eintritt frei",
            "opening_hours_by_day": {"20161202": "14:00-22:00", "20161231": "11:00-01:00", "20161203": "geschlossen"}"#,
        ),
    );
    assert_eq!(time(&event), "2016-12-02 14:00 – 2017-01-01 01:00 Europe/Berlin");
    assert_eq!(event.title, "Weihnachtsmarkt am Platz");
    assert_eq!(event.description, "**Öffnungszeiten:**  \nMo 14:00-22:00  \n31.12. 11:00-01:00");
    assert_eq!((event.category, event.city.as_str(), event.uid.as_str()), (Category::Market, "Berlin", "12"));
    assert_eq!((event.is_free, event.external_url.as_deref()), (Some(true), Some("http://www.example.org")));
    assert_eq!(event.source.licence, "CC BY 3.0 DE");
    assert_eq!(event.venue.address.as_deref(), Some("Platz 1, 10115 Berlin"));
}

#[test]
fn a_market_without_hours_or_dates() {
    let event = one("m.json", market(r#""name": "Markt", "begin": "2016-12-01", "end": "2016-12-02", "hours": """#));
    assert_eq!(time(&event), "2016-12-01 00:00 – 2016-12-02 23:59 Europe/Berlin, all day");
    let event =
        one("m.json", market(r#""name": "Markt", "begin": "2016-12-01", "end": "2016-12-01", "20161201": "13:00""#));
    assert_eq!(time(&event), "2016-12-01 13:00 – 2016-12-01 15:00 Europe/Berlin");
    assert_eq!(
        refused("m.json", market(r#""name": "Markt", "begin": "0000-00-00", "end": "0000-00-00""#)),
        "no date in begin"
    );
    assert_eq!(
        refused("m.json", market(r#""name": "Markt", "begin": "2016-12-27", "end": "2016-12-17""#)),
        "ends before it begins: 2016-12-27 to 2016-12-17"
    );
}

#[test]
fn weekends_of_one_market_keep_apart() {
    let weekend = |begin: &str| {
        format!(
            r#"{{"uuid": 5, "name": "Markt", "zip_city": "99999 Anderswo", "begin": "{begin}", "end": "{begin}", "hours": "11:00-19:00"}}"#
        )
    };
    let (events, rejected) =
        parse("orte.json", format!("[{},{},{}]", weekend("2016-12-03"), weekend("2016-12-10"), weekend("2016-12-10")));
    assert_eq!(events.iter().map(|it| it.uid.as_str()).collect::<Vec<_>>(), ["5", "5#20161210T1100"]);
    assert_eq!(rejected.len(), 1);
    assert_eq!((events[0].source.name.as_str(), events[0].source.licence.as_str()), ("orte", "licence not stated"));
}
