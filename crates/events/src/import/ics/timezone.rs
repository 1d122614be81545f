//! `VTIMEZONE`: what a calendar says about a zone, and which zone of the IANA database that is.

use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
};

use chrono::{Duration, NaiveDate, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;

use super::{
    lines::Property,
    recurrence::{Window, expand},
    value::{self, Moment},
};
use crate::import::zones;

/// Sub-components of one zone that are kept.
const MAX_RULES: usize = 60;
/// Changes of one rule; yearly since 1601, as Windows writes it, is 600.
const MAX_CHANGES: usize = 2000;

/// A change of the clocks, once or again and again.
#[derive(Clone, Default)]
struct Rule {
    start: Option<NaiveDateTime>,
    from: Option<i32>,
    to: Option<i32>,
    repeat: Option<String>,
    dates: Vec<NaiveDateTime>,
}

/// What was found for a year, given zones that are preferred.
type Found = HashMap<(i32, Vec<Tz>), Option<Tz>>;

/// A zone by its rules.
pub(super) struct TimeZone {
    /// Of `X-LIC-LOCATION`.
    location: Option<String>,
    rules: Vec<Rule>,
    /// `None` if a rule cannot be read: half a zone is a wrong one.
    changes: OnceCell<Option<Vec<Change>>>,
    found: RefCell<Found>,
}

#[derive(Default)]
pub(super) struct ZoneBuilder {
    id: Option<String>,
    location: Option<String>,
    rules: Vec<Rule>,
    rule: Option<Rule>,
}

impl ZoneBuilder {
    pub(super) fn begin(&mut self, component: &str) {
        if matches!(component, "STANDARD" | "DAYLIGHT") {
            self.rule = Some(Rule::default());
        }
    }

    pub(super) fn end(&mut self, component: &str) {
        if matches!(component, "STANDARD" | "DAYLIGHT")
            && let Some(rule) = self.rule.take()
            && self.rules.len() < MAX_RULES
        {
            self.rules.push(rule);
        }
    }

    pub(super) fn property(&mut self, property: &Property) {
        let Some(rule) = &mut self.rule else {
            match property.name.as_str() {
                "TZID" => self.id = Some(property.text().trim().to_owned()),
                "X-LIC-LOCATION" => self.location = Some(property.text()),
                _ => {}
            }
            return;
        };
        match property.name.as_str() {
            "DTSTART" => rule.start = Moment::parse(&property.value).map(Moment::naive),
            "TZOFFSETFROM" => rule.from = value::offset(&property.value),
            "TZOFFSETTO" => rule.to = value::offset(&property.value),
            "RRULE" => rule.repeat = Some(property.value.clone()),
            "RDATE" => {
                let dates = value::moments(property).unwrap_or_default();
                rule.dates.extend(dates.iter().map(|it| it.start.naive()).take(1000));
            }
            _ => {}
        }
    }

    pub(super) fn finish(self) -> Option<(String, TimeZone)> {
        let zone = TimeZone {
            location: self.location,
            rules: self.rules,
            changes: OnceCell::new(),
            found: RefCell::default(),
        };
        Some((self.id.filter(|it| !it.is_empty())?, zone))
    }
}

impl TimeZone {
    pub(super) fn by_location(&self) -> Option<Tz> {
        self.location.as_deref().and_then(zones::by_name)
    }

    /// The zone of the IANA database that has the same offsets throughout a year, one of `wanted` if it does.
    pub(super) fn by_rules(&self, year: i32, wanted: &[Tz]) -> Option<Tz> {
        if !(1970..=2200).contains(&year) {
            return None;
        }
        let key = (year, wanted.to_vec());
        if let Some(found) = self.found.borrow().get(&key) {
            return *found;
        }
        let changes = self.changes()?;
        let first = NaiveDate::from_ymd_opt(year, 1, 1)?.and_time(NaiveTime::MIN);
        // Each day at 00:00 and 12:00 UTC: enough to tell apart rules that change on different days.
        let instants: Vec<_> = (0..2 * 366).map(|half| first + Duration::hours(12 * half)).collect();
        let found = zones::by_offsets(&instants, |at| offset(changes, at), wanted);
        self.found.borrow_mut().insert(key, found);
        found
    }

    /// Seconds east of UTC of a wall time, when no zone of the database fits: the first reading if there are two.
    pub(super) fn offset_of(&self, wall: NaiveDateTime) -> Option<i32> {
        let changes = self.changes()?;
        let mut offsets: Vec<i32> = changes.iter().flat_map(|it| [it.from, it.to]).collect();
        offsets.sort_unstable();
        offsets.dedup();
        // The largest offset is the earliest instant.
        offsets.into_iter().rev().find(|it| offset(changes, wall - Duration::seconds(i64::from(*it))) == Some(*it))
    }

    /// All changes of the years in which events can be, in order.
    fn changes(&self) -> Option<&[Change]> {
        self.changes.get_or_init(|| self.compute_changes()).as_deref()
    }

    fn compute_changes(&self) -> Option<Vec<Change>> {
        let end = NaiveDate::from_ymd_opt(2202, 1, 1)?.and_time(NaiveTime::MIN);
        let mut changes = Vec::new();
        for rule in &self.rules {
            let (start, from, to) = (rule.start?, rule.from?, rule.to?);
            let mut walls = vec![start];
            walls.extend(&rule.dates);
            if let Some(repeat) = &rule.repeat {
                let until = |moment: Moment| match moment {
                    Moment::Utc(at) => at + Duration::seconds(from.into()),
                    other => other.naive(),
                };
                let repeated = expand(start, repeat, until, Window { from: start, to: end, most: MAX_CHANGES }).ok()?;
                if repeated.len() == MAX_CHANGES {
                    return None;
                }
                walls.extend(repeated);
            }
            changes.extend(walls.into_iter().filter(|it| *it <= end).map(|wall| Change {
                at: wall.checked_sub_signed(Duration::seconds(from.into())).unwrap_or(wall),
                from,
                to,
            }));
        }
        changes.sort_by_key(|it| it.at);
        (!changes.is_empty()).then_some(changes)
    }
}

/// At an instant the offset becomes another one.
struct Change {
    at: NaiveDateTime,
    from: i32,
    to: i32,
}

fn offset(changes: &[Change], utc: NaiveDateTime) -> Option<i32> {
    let next = changes.partition_point(|it| it.at <= utc);
    match next.checked_sub(1) {
        Some(last) => changes.get(last).map(|it| it.to),
        None => changes.first().map(|it| it.from),
    }
}
