//! Small invented files, each showing one kind of mess.

mod files;
mod fuzz;
mod ics;
mod json;
mod madrid;
mod texts;

use std::io::Cursor;

use super::{Import, ImportError, ImportOptions, ImportedEvent, Parsed, Rejected, read};

fn try_open(name: &str, bytes: impl Into<Vec<u8>>, options: &ImportOptions) -> Result<Import, ImportError> {
    read(Cursor::new(bytes.into()), name, options)
}

/// All events and all rejected records of a file.
fn parse_with(name: &str, bytes: impl Into<Vec<u8>>, options: &ImportOptions) -> (Vec<ImportedEvent>, Vec<Rejected>) {
    let import = try_open(name, bytes, options).unwrap();
    let progress = import.progress();
    let (mut events, mut rejected) = (Vec::new(), Vec::new());
    for parsed in import {
        match parsed {
            Parsed::Event(event) => {
                assert!((1..=200).contains(&event.title.chars().count()));
                assert!(event.ends_at_local > event.starts_at_local);
                assert!(!event.city.is_empty() && !event.venue.name.is_empty() && !event.uid.is_empty());
                events.push(*event);
            }
            Parsed::Rejected(it) => {
                assert!(it.line > 0 && !it.reason.is_empty() && !it.record.is_empty());
                rejected.push(it);
            }
        }
    }
    assert_eq!(progress.bytes_read(), progress.bytes_total());
    (events, rejected)
}

fn parse(name: &str, bytes: impl Into<Vec<u8>>) -> (Vec<ImportedEvent>, Vec<Rejected>) {
    parse_with(name, bytes, &ImportOptions::default())
}

/// The only event of a file without rejected records.
fn one(name: &str, bytes: impl Into<Vec<u8>>) -> ImportedEvent {
    one_with(name, bytes, &ImportOptions::default())
}

fn one_with(name: &str, bytes: impl Into<Vec<u8>>, options: &ImportOptions) -> ImportedEvent {
    let (mut events, rejected) = parse_with(name, bytes, options);
    assert_eq!(rejected, []);
    assert_eq!(events.len(), 1);
    events.remove(0)
}

/// The reason for which the only record of a file is refused.
fn refused(name: &str, bytes: impl Into<Vec<u8>>) -> String {
    let (events, mut rejected) = parse(name, bytes);
    assert_eq!(events, []);
    assert_eq!(rejected.len(), 1, "{rejected:?}");
    rejected.remove(0).reason
}

/// `2025-06-01 19:30 – 2025-06-01 21:30 Europe/Berlin`
fn time(event: &ImportedEvent) -> String {
    let format = "%Y-%m-%d %H:%M";
    format!(
        "{} – {} {}{}",
        event.starts_at_local.format(format),
        event.ends_at_local.format(format),
        event.timezone,
        if event.all_day { ", all day" } else { "" }
    )
}
