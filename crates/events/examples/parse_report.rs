//! Reads event files and prints what would be imported: `cargo run -p events --example parse_report -- FILE…`
//!
//! `--timezone`, `--city`, `--language`, `--format` and `--encoding` are as for the import; `--events` prints the events.

use std::{collections::BTreeMap, path::Path, process::ExitCode, time::Instant};

use events::import::{self, ImportOptions, Parsed};

fn main() -> ExitCode {
    let mut options = ImportOptions::default();
    let mut print_events = false;
    let mut failed = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().unwrap_or_default();
        match argument.as_str() {
            "--timezone" => options.timezone = value().parse().ok(),
            "--city" => options.city = Some(value()),
            "--language" => options.language = Some(value()),
            "--format" => options.format = value().parse().ok(),
            "--encoding" => options.encoding = Some(value()),
            "--from" => options.from = value().parse().ok(),
            "--events" => print_events = true,
            file => failed |= !report(Path::new(file), &options, print_events),
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn report(file: &Path, options: &ImportOptions, print_events: bool) -> bool {
    let started = Instant::now();
    let import = match import::open(file, options) {
        Ok(import) => import,
        Err(error) => {
            println!("{}: {error}", file.display());
            return false;
        }
    };
    let (format, progress) = (import.format(), import.progress());
    let mut events = 0_u32;
    let mut categories: BTreeMap<&str, u32> = BTreeMap::new();
    let mut rejected: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for parsed in import {
        match parsed {
            Parsed::Event(event) => {
                events += 1;
                *categories.entry(event.category.as_str()).or_default() += 1;
                if print_events {
                    println!("{event:#?}");
                }
            }
            Parsed::Rejected(it) => {
                // Reasons that differ in their numbers only are one kind.
                let kind: String = it.reason.chars().map(|it| if it.is_ascii_digit() { '#' } else { it }).collect();
                rejected.entry(kind).or_default().push(format!("line {}: {} — {}", it.line, it.record, it.reason));
            }
        }
    }
    let refused: usize = rejected.values().map(Vec::len).sum();
    println!(
        "{} ({format}): {events} events, {refused} rejected, {} of {} bytes, {:?}",
        file.display(),
        progress.bytes_read(),
        progress.bytes_total(),
        started.elapsed()
    );
    println!("    {categories:?}");
    for records in rejected.values() {
        for record in records.iter().take(5) {
            println!("    - {record}");
        }
        if records.len() > 5 {
            println!("    - and {} more like it", records.len() - 5);
        }
    }
    true
}
