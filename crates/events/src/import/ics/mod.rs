//! iCalendar (RFC 5545).
//!
//! A calendar's parts refer to each other in any order: a zone may be defined behind the events in it, a changed occurrence
//! before its series. So the file is read twice: once for zones, calendar names and which versions of which events there are,
//! then for the events, one at a time.
//!
//! The reader is line by line and forgiving; the `icalendar` crate's parser takes a file as a whole or not at all.
//!
//! - A zone is found by its name (IANA, Windows), by `X-LIC-LOCATION`, by an IANA name at the end of a vendor's path, or by its
//!   rules: a zone that has the same offsets throughout the event's year. Times that float or whose zone is unknown take the
//!   calendar's (`X-WR-TIMEZONE`), then the importer's option, and are refused if there is neither.
//! - A series becomes its occurrences within one year, at most 52, each with the series' uid, `#` and the occurrence's original
//!   start. If none lies within the year, its first one is imported.
//! - `RECURRENCE-ID` replaces an occurrence; `RANGE=THISANDFUTURE` is not supported and ends the series there, with a report.
//! - Of several versions of an event the one with the highest `SEQUENCE`, then the latest stamp, counts.
//! - Events that are `PRIVATE` or `CONFIDENTIAL` are refused: what is imported is published.

mod event;
mod lines;
mod recurrence;
mod timezone;
mod value;

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use chrono_tz::Tz;

use super::{
    ImportError, ImportOptions, MAX_RECORD, Outcome, draft,
    input::{Input, Stream},
    source::{DataSet, file_title},
    zones,
};
use lines::{Lines, Property};
use timezone::{TimeZone, ZoneBuilder};

/// Zones that one calendar may define.
const MAX_ZONES: usize = 200;
/// Properties of one event that are kept.
const MAX_PROPERTIES: usize = 4000;

/// What the first reading finds out about a `VCALENDAR`.
#[derive(Default)]
struct Calendar {
    name: Option<String>,
    product: Option<String>,
    /// `X-WR-TIMEZONE`.
    zone_name: Option<String>,
    /// `METHOD:CANCEL`.
    cancels: bool,
    zones: HashMap<String, TimeZone>,
}

impl Calendar {
    fn default_zone(&self) -> Option<Tz> {
        self.zone_name.as_deref().and_then(zones::by_name)
    }
}

/// A version of an event: what decides which one counts, and where it stands.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    sequence: i64,
    stamp: String,
    /// Of two equal ones the first counts.
    before: std::cmp::Reverse<u64>,
}

/// What the file has under one uid.
#[derive(Default)]
struct Entry {
    series: Option<Version>,
    /// Changed occurrences by their `RECURRENCE-ID` as written.
    changed: HashMap<String, (Property, Version)>,
}

/// Both readings' results, shared by the events' conversion.
struct Survey {
    calendars: Vec<Calendar>,
    entries: HashMap<[u8; 16], Entry>,
}

/// The events of a file.
struct Events {
    lines: Lines,
    survey: Survey,
    sets: Vec<DataSet>,
    /// Index of the calendar being read; starts before the first one.
    calendar: usize,
    depth_calendar: bool,
    queue: VecDeque<Outcome>,
    options: Arc<ImportOptions>,
    ended: bool,
}

/// A `VEVENT`, as lines.
struct Component {
    line: u64,
    properties: Vec<Property>,
    problem: Option<String>,
}

impl Component {
    fn new(line: u64) -> Self {
        Self { line, properties: Vec::new(), problem: None }
    }

    fn keep(&mut self, property: Result<Property, String>) {
        match property {
            Ok(property) if event::wanted(&property.name) => {
                if self.properties.len() < MAX_PROPERTIES {
                    self.properties.push(property);
                } else {
                    self.problem.get_or_insert_with(|| format!("more than {MAX_PROPERTIES} properties"));
                }
            }
            Ok(_) => {}
            Err(reason) => {
                self.problem.get_or_insert(reason);
            }
        }
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Property> {
        self.properties.iter().filter(move |it| it.name == name)
    }

    fn get(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|it| it.name == name)
    }

    fn text(&self, name: &str) -> String {
        self.get(name).map(Property::text).unwrap_or_default()
    }

    fn label(&self) -> String {
        let summary = self.text("SUMMARY");
        let label = if summary.trim().is_empty() { self.text("UID") } else { summary };
        if label.trim().is_empty() { "VEVENT".into() } else { label }
    }

    fn version(&self) -> Version {
        let stamp = self.get("LAST-MODIFIED").or_else(|| self.get("DTSTAMP")).map(|it| it.value.trim().to_owned());
        Version {
            sequence: self.text("SEQUENCE").trim().parse().unwrap_or(0),
            stamp: stamp.unwrap_or_default(),
            before: std::cmp::Reverse(self.line),
        }
    }
}

fn uid_key(calendar: usize, uid: &str) -> [u8; 16] {
    // A uid is unique in the world; but files that several calendars were pasted into should not be held to that.
    draft::digest(&[&calendar.to_string(), uid])
}

/// What the line-by-line readers of both passes share: the stack of open components.
enum Step {
    Begin(String),
    End(String),
    Property(Result<Property, String>),
}

fn step(line: Result<Property, String>) -> Step {
    match line {
        Ok(property) if property.name == "BEGIN" => Step::Begin(property.value.trim().to_ascii_uppercase()),
        Ok(property) if property.name == "END" => Step::End(property.value.trim().to_ascii_uppercase()),
        other => Step::Property(other),
    }
}

pub(super) fn records(
    input: &mut Input,
    options: Arc<ImportOptions>,
) -> Result<impl Iterator<Item = Outcome> + Send + use<>, ImportError> {
    let survey = input.look_ahead(Survey::of)?;
    let title = file_title(&input.name);
    let sets = survey
        .calendars
        .iter()
        .map(|it| {
            let name = it.name.as_deref().or(it.product.as_deref()).unwrap_or(&title);
            DataSet::other("ics", name, &options)
        })
        .collect();
    Ok(Events {
        lines: Lines::new(input.stream()?),
        survey,
        sets,
        calendar: 0,
        depth_calendar: false,
        queue: VecDeque::new(),
        options,
        ended: false,
    })
}

impl Survey {
    fn of(stream: &mut Stream) -> Self {
        let mut survey = Self { calendars: vec![Calendar::default()], entries: HashMap::new() };
        let mut open: Vec<String> = Vec::new();
        let mut zone: Option<ZoneBuilder> = None;
        let mut event: Option<Component> = None;
        while let Some((line, property)) = lines::next(stream) {
            match step(property) {
                Step::Begin(name) => {
                    match name.as_str() {
                        "VCALENDAR" => {
                            survey.calendars.push(Calendar::default());
                            open.clear();
                            event = None;
                        }
                        "VTIMEZONE" => zone = Some(ZoneBuilder::default()),
                        "VEVENT" => event = Some(Component::new(line)),
                        _ => {}
                    }
                    if let Some(zone) = &mut zone {
                        zone.begin(&name);
                    }
                    if open.len() < 64 {
                        open.push(name);
                    }
                }
                Step::End(name) => {
                    if let Some(at) = open.iter().rposition(|it| *it == name) {
                        open.truncate(at);
                    }
                    if let Some(zone) = &mut zone {
                        zone.end(&name);
                    }
                    match name.as_str() {
                        "VTIMEZONE" => survey.add_zone(zone.take()),
                        "VEVENT" => survey.add_event(event.take()),
                        _ => {}
                    }
                }
                Step::Property(property) => match (open.last().map(String::as_str), property) {
                    (Some("VEVENT"), property) => {
                        if let (Some(event), Ok(property)) = (&mut event, property)
                            && matches!(
                                property.name.as_str(),
                                "UID" | "RECURRENCE-ID" | "SEQUENCE" | "DTSTAMP" | "LAST-MODIFIED"
                            )
                        {
                            event.keep(Ok(property));
                        }
                    }
                    (Some("VCALENDAR"), Ok(property)) => survey.note(&property),
                    (_, Ok(property)) => {
                        if let Some(zone) = &mut zone {
                            zone.property(&property);
                        }
                    }
                    (_, Err(_)) => {}
                },
            }
        }
        survey
    }

    fn note(&mut self, property: &Property) {
        let Some(calendar) = self.calendars.last_mut() else { return };
        let text = || Some(property.text()).filter(|it| !it.trim().is_empty());
        match property.name.as_str() {
            "X-WR-CALNAME" => calendar.name = text(),
            "NAME" if calendar.name.is_none() => calendar.name = text(),
            "PRODID" => calendar.product = text().map(|it| product(&it)).filter(|it| !it.is_empty()),
            "X-WR-TIMEZONE" | "TIMEZONE-ID" => calendar.zone_name = text(),
            "METHOD" => calendar.cancels = property.value.trim().eq_ignore_ascii_case("CANCEL"),
            _ => {}
        }
    }

    fn add_zone(&mut self, zone: Option<ZoneBuilder>) {
        if let (Some(calendar), Some((id, zone))) = (self.calendars.last_mut(), zone.and_then(ZoneBuilder::finish))
            && calendar.zones.len() < MAX_ZONES
        {
            calendar.zones.insert(id, zone);
        }
    }

    fn add_event(&mut self, event: Option<Component>) {
        let Some(event) = event else { return };
        let uid = event.text("UID");
        if uid.trim().is_empty() {
            return;
        }
        let version = event.version();
        let entry = self.entries.entry(uid_key(self.calendars.len() - 1, uid.trim())).or_default();
        match event.get("RECURRENCE-ID") {
            None => {
                if entry.series.as_ref().is_none_or(|it| *it < version) {
                    entry.series = Some(version);
                }
            }
            Some(which) => {
                let known = entry.changed.get(&which.value);
                if known.is_none_or(|it| it.1 < version) && entry.changed.len() < 10_000 {
                    entry.changed.insert(which.value.clone(), (which.clone(), version));
                }
            }
        }
    }
}

/// `-//Example Inc//Example Calendar 70//EN` is `Example Inc – Example Calendar 70`.
fn product(id: &str) -> String {
    let parts: Vec<&str> = id
        .split("//")
        .map(str::trim)
        .filter(|it| !matches!(*it, "" | "-" | "+" | "NONSGML") && it.len() > 2)
        .map(|it| it.trim_start_matches("NONSGML").trim())
        .collect();
    parts.join(" – ")
}

impl Events {
    fn convert(&mut self, event: &Component) {
        let context = event::Context {
            calendar: &self.survey.calendars[self.calendar],
            entry: self.survey.entries.get(&uid_key(self.calendar, event.text("UID").trim())),
            set: &self.sets[self.calendar],
            options: &self.options,
        };
        self.queue.extend(context.convert(event));
    }

    /// Reads on until the queue has something.
    fn advance(&mut self) {
        let mut event: Option<Component> = None;
        // Components open within the event, such as its alarms.
        let mut inner = 0_u32;
        while let Some((line, property)) = self.lines.next() {
            match step(property) {
                Step::Begin(name) if name == "VCALENDAR" || name == "VEVENT" => {
                    let unclosed = event.take();
                    if name == "VEVENT" {
                        event = Some(Component::new(line));
                        inner = 0;
                    } else {
                        self.calendar += 1;
                        self.depth_calendar = true;
                    }
                    if let Some(unclosed) = unclosed {
                        self.reject(&unclosed, "VEVENT is not closed before the next component");
                    }
                }
                Step::Begin(_) => inner += u32::from(event.is_some()),
                Step::End(name) if name == "VEVENT" => {
                    if let Some(event) = event.take() {
                        self.convert(&event);
                    }
                    if !self.queue.is_empty() {
                        return;
                    }
                }
                Step::End(name) => {
                    inner = inner.saturating_sub(1);
                    if name == "VCALENDAR" {
                        self.depth_calendar = false;
                        if let Some(event) = event.take() {
                            self.reject(&event, "VEVENT is not closed before the end of the calendar");
                        }
                    }
                }
                Step::Property(property) => {
                    if let Some(event) = &mut event
                        && inner == 0
                    {
                        event.keep(property);
                    }
                }
            }
        }
        self.ended = true;
        if let Some(event) = event {
            self.reject(&event, "the file ends within this event: it may be cut off");
        } else if self.depth_calendar {
            let line = self.lines.line();
            self.queue.push_back(Outcome::rejected(
                line,
                "file",
                "the file ends within the calendar: it may be cut off",
            ));
        } else if self.calendar == 0 && self.survey.entries.is_empty() && self.queue.is_empty() {
            self.queue.push_back(Outcome::rejected(1, "file", "no VCALENDAR in it"));
        }
        if let Some(error) = self.lines.take_error() {
            let line = self.lines.line();
            self.queue.push_back(Outcome::rejected(line, "file", format!("cannot read further: {error}")));
        }
    }

    fn reject(&mut self, event: &Component, reason: &str) {
        self.queue.push_back(Outcome::rejected(event.line, &event.label(), reason));
    }
}

impl Iterator for Events {
    type Item = Outcome;

    fn next(&mut self) -> Option<Outcome> {
        while self.queue.is_empty() && !self.ended {
            self.advance();
        }
        self.queue.pop_front()
    }
}
