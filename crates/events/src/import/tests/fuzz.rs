//! Nothing in a file may end the run.

use chrono::{TimeZone, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;

use super::{super::Format, *};

const FIXTURES: [(Format, &str); 6] = [
    (
        Format::MadridCsv,
        " ID-EVENTO;TITULO;FECHA;FECHA-FIN;HORA;DIAS-SEMANA;DESCRIPCION\n1;\"Uno\";\"2025-10-25 00:00:00.0\";\"2025-10-30 23:59:00.0\";\
         \"19:00\";\"L,M\";\"Lugar: <b>aquí</b>  Más\"\n2;\"Dos\";2025-10-25;;;;\n",
    ),
    (
        Format::MadridJson,
        r#"{"@context": {}, "@graph": [{"uid": "1", "title": "Uno", "dtstart": "2025-10-25 19:00:00.0", "dtend": "2025-10-26 23:59:00.0",
        "time": "19:00", "recurrence": {"days": "MO,TU"}, "location": {"latitude": 40.1, "longitude": -3}}, {"uid": 2}]}"#,
    ),
    (
        Format::MadridXml,
        "<Contenidos><contenido><atributos><atributo nombre=\"ID-EVENTO\">1</atributo><atributo nombre=\"TITULO\"><![CDATA[U]]></atributo>\
         <atributo nombre=\"FECHA-EVENTO\">2025-10-25</atributo></atributos></contenido></Contenidos>",
    ),
    (
        Format::MarketJson,
        r#"[{"uuid": 1, "name": "Markt", "zip_city": "10115 Berlin", "begin": "2016-12-01", "end": "2016-12-02", "hours": "Mo 1<br>Di 2",
        "fee": "1 €", "opening_hours_by_day": {"20161201": "11:00-01:00", "20161202": "12:00"}}]"#,
    ),
    (
        Format::JsonLd,
        r#"[{"@type": "Event", "@id": "x", "name": "A", "startDate": "2025-05-10T15:00:00-04:00", "endDate": "2025-05-10T02:00:00-04:00",
        "location": [{"name": "P", "address": "S"}], "offers": [{"price": "1"}], "keywords": ["a"]}]"#,
    ),
    (
        Format::Ics,
        "BEGIN:VCALENDAR\nX-WR-TIMEZONE:Europe/Berlin\nBEGIN:VTIMEZONE\nTZID:Z\nBEGIN:STANDARD\nDTSTART:19701025T030000\nTZOFFSETFROM:+0200\n\
         TZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\nEND:VTIMEZONE\nBEGIN:VEVENT\nUID:1\nSUMMARY:A\n\
         DTSTART;TZID=Z:20250601T100000\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYDAY=2MO;COUNT=5\nEXDATE;TZID=Z:20250701T100000\n\
         RDATE;VALUE=PERIOD:20250702T100000Z/PT1H\nEND:VEVENT\nBEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20250609T080000Z\nSUMMARY:B\n\
         DTSTART:20250609T090000Z\nEND:VEVENT\nEND:VCALENDAR\n",
    ),
];

/// Reads everything as every format; what comes out has to be sound.
fn survives(bytes: &[u8]) {
    for format in Format::ALL {
        for from in [None, Some(Utc.with_ymd_and_hms(2025, 6, 1, 0, 0, 0).unwrap())] {
            let options = ImportOptions {
                format: Some(format),
                timezone: Some(Tz::Europe__Madrid),
                from,
                ..ImportOptions::default()
            };
            if try_open("f", bytes, &options).is_ok() {
                let (events, _) = parse_with("f", bytes, &options);
                for event in events {
                    assert!(!event.title.contains(|it: char| it.is_control()), "{:?}", event.title);
                    event.fingerprint();
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        survives(&bytes);
    }

    #[test]
    fn random_pieces_of_syntax(pieces in prop::collection::vec(prop::sample::select(&[
        "{", "}", "[", "]", "\"", ":", ",", "\\", "\n", "\r", " ", ";", "<", ">", "&", "BEGIN:VEVENT\n", "END:VEVENT\n", "BEGIN:VCALENDAR\n",
        "END:VCALENDAR\n", "DTSTART:20250601T100000Z\n", "SUMMARY:", "RRULE:FREQ=DAILY\n", "<contenido", "</contenido>", "<![CDATA[", "]]>",
        "ID-EVENTO;TITULO;FECHA\n", "\"@graph\":", "\"name\":", "\u{0}", "é", "\u{feff}", "<atributo nombre=\"TITULO\">", "</atributo>",
    ][..]), 0..80)) {
        survives(pieces.concat().as_bytes());
    }

    #[test]
    fn damaged_files(
        which in 0..FIXTURES.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let (format, text) = FIXTURES[which];
        let mut bytes = text.as_bytes().to_vec();
        for (at, byte, kind) in changes {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                // Digits, so that dates and rules become strange instead of unreadable.
                2 if bytes[at].is_ascii_digit() => bytes[at] = b'0' + byte % 10,
                _ => { bytes.remove(at); }
            }
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let options = ImportOptions { format: Some(format), ..ImportOptions::default() };
        if try_open("f", bytes.clone(), &options).is_ok() {
            parse_with("f", bytes, &options);
        }
    }

    #[test]
    fn strange_rules(
        frequency in prop::sample::select(&["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY"][..]),
        interval in 0..70_000_u32,
        parts in prop::collection::vec((prop::sample::select(&[
            "COUNT", "BYDAY", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "BYHOUR", "BYMINUTE", "WKST", "UNTIL",
        ][..]), prop::sample::select(&[
            "1", "0", "-1", "31", "30", "2", "366", "-366", "53", "-53", "MO", "SU", "5SU", "-5FR", "1,2,3", "20260101", "99991231T000000Z", "4294967295",
        ][..])), 0..4),
    ) {
        let mut rule = format!("FREQ={frequency};INTERVAL={interval}");
        for (name, value) in parts {
            rule.extend([";", name, "=", value]);
        }
        for start in ["DTSTART;TZID=Europe/Berlin:20250331T023000", "DTSTART;VALUE=DATE:20240229", "DTSTART:21991231T235959Z"] {
            let text = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:A\n{start}\nRRULE:{rule}\nEND:VEVENT\nEND:VCALENDAR\n");
            parse("f.ics", text);
        }
    }
}

#[test]
fn every_beginning_of_a_file_is_survived() {
    for (format, text) in FIXTURES {
        let whole = ImportOptions { format: Some(format), ..ImportOptions::default() };
        assert!(!parse_with("f", text, &whole).0.is_empty(), "{format}");
        for end in (0..text.len()).step_by(3) {
            let part = &text.as_bytes()[..end];
            if try_open("f", part, &whole).is_ok() {
                parse_with("f", part, &whole);
            }
        }
    }
}

#[test]
fn large_and_deep_files_are_survived() {
    survives("[".repeat(60_000).as_bytes());
    survives("{\"a\":".repeat(30_000).as_bytes());
    survives("<".repeat(60_000).as_bytes());
    survives("\"".repeat(60_000).as_bytes());
    survives("&amp;".repeat(6_000).as_bytes());
    survives("<contenido>".repeat(6_000).as_bytes());
    survives("BEGIN:VEVENT\n".repeat(6_000).as_bytes());
    survives(format!("ID-EVENTO;TITULO;FECHA\n{}", "1;\"a;b\n".repeat(6_000)).as_bytes());
    survives(
        format!("[{{\"@type\":\"Event\",\"startDate\":\"2025-01-01\",\"name\":\"{}\"}}]", "<a ".repeat(30_000))
            .as_bytes(),
    );
    survives(format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:{}\n", "x\n ".repeat(30_000)).as_bytes());
}
