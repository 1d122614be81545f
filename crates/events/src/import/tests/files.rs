//! Encodings, formats, keys.

use chrono_tz::Tz;

use super::{super::Format, *};

const ICS: &str = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Größe äöü €\r\nDTSTART:20250601T100000Z\r\nEND:VEVENT\r\n\
                   END:VCALENDAR\r\n";

#[test]
fn a_file_is_read_in_the_encoding_that_it_has() {
    let utf_16 = |little: bool, mark: bool| -> Vec<u8> {
        let units = mark.then_some(0xFEFF_u16).into_iter().chain(ICS.encode_utf16());
        units.flat_map(|it| if little { it.to_le_bytes() } else { it.to_be_bytes() }).collect()
    };
    for bytes in [
        ICS.as_bytes().to_vec(),
        [b"\xEF\xBB\xBF", ICS.as_bytes()].concat(),
        encoding_rs::WINDOWS_1252.encode(ICS).0.into_owned(),
        utf_16(true, true),
        utf_16(false, true),
        utf_16(true, false),
        utf_16(false, false),
    ] {
        assert_eq!(one("a.ics", bytes).title, "Größe äöü €");
    }
    let options = ImportOptions { encoding: Some("iso-8859-2".into()), ..ImportOptions::default() };
    let polish = ICS.replace("Größe äöü €", "Zażółć");
    let bytes = encoding_rs::ISO_8859_2.encode(&polish).0.into_owned();
    assert_eq!(one_with("a.ics", bytes, &options).title, "Zażółć");
}

#[test]
fn a_record_that_cannot_be_decoded_is_refused_and_the_others_are_not() {
    let event = |uid: u8, title: &[u8]| {
        [format!("BEGIN:VEVENT\nUID:{uid}\nSUMMARY:").as_bytes(), title, b"\nDTSTART:20250601T100000Z\nEND:VEVENT\n"]
            .concat()
    };
    let good = "Größe, Mühe, Höhe".as_bytes();
    let bytes = [
        b"BEGIN:VCALENDAR\n".to_vec(),
        event(1, good),
        event(2, b"Gr\xF6sse"),
        event(3, good),
        b"END:VCALENDAR\n".to_vec(),
    ];
    let (events, rejected) = parse("a.ics", bytes.concat());
    assert_eq!(events.len(), 2);
    assert_eq!(
        (rejected[0].line, rejected[0].reason.as_str()),
        (7, "not valid UTF-8: byte 0xF6 (is the file in two encodings?)")
    );
    // 0x81 is a letter in other encodings, and nothing in Windows-1252.
    let bytes =
        [b"BEGIN:VCALENDAR\n".to_vec(), event(1, b"M\x81hle"), event(2, b"Gr\xF6sse"), b"END:VCALENDAR\n".to_vec()];
    let (events, rejected) = parse("a.ics", bytes.concat());
    assert_eq!(events[0].title, "Grösse");
    assert_eq!(rejected[0].reason, "byte 0x81 means nothing in windows-1252; give the encoding");
}

#[test]
fn half_a_character_of_utf_16_is_refused() {
    let mut bytes: Vec<u8> = [0xFEFF].into_iter().chain(ICS.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let at = bytes.windows(2).position(|it| it == [0xDF, 0]).unwrap();
    // Half of a surrogate pair.
    bytes.splice(at..at + 2, [0x00, 0xD8]);
    assert_eq!(refused("a.ics", bytes), "not valid UTF-16LE");
}

#[test]
fn the_format_is_told_by_content_then_name_then_refused() {
    for (name, text, format) in [
        ("a", "[{\"@type\": \"Event\"}]", Some(Format::JsonLd)),
        ("a", " \n{\"@graph\": [{\"dtstart\": \"\", \"event-location\": \"\"}]}", Some(Format::MadridJson)),
        ("a", "[{\"zip_city\": \"\", \"begin\": \"\"}]", Some(Format::MarketJson)),
        ("a", "<Contenidos>", Some(Format::MadridXml)),
        ("a", "ID-EVENTO;TITULO;FECHA", Some(Format::MadridCsv)),
        ("a", "begin:vcalendar", Some(Format::Ics)),
        ("empty.ICS", "", Some(Format::Ics)),
        ("a.json", "{}", None),
        ("a.xml", "<html>", None),
        ("a.txt", "hello", None),
        ("a", "", None),
    ] {
        match try_open(name, text, &ImportOptions::default()) {
            Ok(import) => assert_eq!(Some(import.format()), format, "{name} {text}"),
            Err(error) => {
                assert_eq!(format, None, "{name} {text}");
                assert!(error.to_string().contains("madrid-csv"), "{error}");
            }
        }
    }
    for format in Format::ALL {
        assert_eq!(format.as_str().parse(), Ok(format));
    }
    assert!("html".parse::<Format>().is_err());
    let options = ImportOptions { encoding: Some("klingon".into()), ..ImportOptions::default() };
    assert!(matches!(try_open("a", "", &options), Err(ImportError::UnknownEncoding { .. })));
}

#[test]
fn what_the_importer_says_goes_before_what_is_known() {
    let options = ImportOptions {
        source_name: Some("My calendar".into()),
        licence: Some("CC0".into()),
        attribution: Some("Me".into()),
        city: Some("Graz".into()),
        language: Some("de".into()),
        category: Some(contracts::Category::Sport),
        timezone: Some(Tz::Europe__Vienna),
        ..ImportOptions::default()
    };
    let event = one_with("a.ics", ICS, &options);
    assert_eq!(event.source_key, "ics:my calendar");
    assert_eq!((event.source.name.as_str(), event.source.licence.as_str()), ("My calendar", "CC0"));
    assert_eq!((event.source.attribution.as_str(), event.city.as_str(), event.language.as_str()), ("Me", "Graz", "de"));
    assert_eq!(event.category, contracts::Category::Sport);
    assert_eq!(time(&event), "2025-06-01 12:00 – 2025-06-01 14:00 Europe/Vienna");
}

#[test]
fn importing_again_gives_the_same_fingerprints_and_a_change_another() {
    let event = one("a.ics", ICS);
    assert_eq!(event.fingerprint(), one("a.ics", ICS).fingerprint());
    let mut seen = std::collections::HashSet::from([event.fingerprint()]);
    let changes: [fn(&mut ImportedEvent); 14] = [
        |it| it.title.push('!'),
        |it| it.description.push('!'),
        |it| it.language = "de".into(),
        |it| it.city.push('!'),
        |it| it.venue.address = Some(String::new()),
        |it| it.venue.lat = Some(0.0),
        |it| it.shift_weeks(1),
        |it| it.timezone = Tz::Europe__Vienna,
        |it| it.all_day = true,
        |it| it.cancelled = true,
        |it| it.is_free = Some(false),
        |it| it.external_url = Some(String::new()),
        |it| it.source.licence.push('!'),
        |it| it.category = contracts::Category::Film,
    ];
    for change in changes {
        let mut other = event.clone();
        change(&mut other);
        assert!(seen.insert(other.fingerprint()));
    }
}

#[test]
fn a_shift_keeps_weekday_and_wall_time() {
    let mut event = one("a.ics", ICS);
    event.shift_weeks(26);
    assert_eq!(time(&event), "2025-11-30 10:00 – 2025-11-30 12:00 UTC");
    event.shift_weeks(-26);
    assert_eq!(time(&event), "2025-06-01 10:00 – 2025-06-01 12:00 UTC");
    event.shift_weeks(i64::MAX);
    assert_eq!(time(&event), "2025-06-01 10:00 – 2025-06-01 12:00 UTC");
}

#[test]
fn a_long_title_is_cut_and_kept_in_the_description() {
    let long = "word ".repeat(60);
    let event = one("a.ics", ICS.replace("Größe äöü €", &long));
    assert!((190..=200).contains(&event.title.chars().count()));
    assert!(event.title.ends_with("word…"));
    assert!(event.description.starts_with(long.trim()));
}
