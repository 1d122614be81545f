//! Recurrence rules, by the `rrule` crate.
//!
//! RFC 5545 counts a series in wall time, and only then asks which instants those are. So the crate is given wall times as if
//! they were UTC, and a time that falls into a gap is resolved afterwards like any other (3.3.10, last paragraph but one).

use chrono::{NaiveDateTime, TimeZone};
use rrule::{RRule, RRuleSet, Tz, Unvalidated};

use super::value::Moment;
use crate::import::text;

/// Which occurrences are wanted.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) from: NaiveDateTime,
    /// Inclusive.
    pub(super) to: NaiveDateTime,
    pub(super) most: usize,
}

/// Occurrences that are counted before the window begins, at most: a daily series since 1970 has 20,000.
const MAX_STEPS: usize = 100_000;

/// Starts of a series as wall times, in order. `until` turns the rule's `UNTIL` into wall time.
///
/// # Errors
/// The rule is broken, or so dense that it is no schedule for people.
pub(super) fn expand(
    start: NaiveDateTime,
    rule: &str,
    until: impl Fn(Moment) -> NaiveDateTime,
    window: Window,
) -> Result<Vec<NaiveDateTime>, String> {
    let broken = |reason: &dyn std::fmt::Display| {
        format!("RRULE {} is not understood: {}", text::label(rule), text::label(&reason.to_string()))
    };
    // The grammar is ASCII (RFC 5545, 3.3.10), and the parser below counts on it: it cuts weekdays by bytes.
    if !rule.is_ascii() {
        return Err(broken(&"it has characters beyond ASCII"));
    }
    let start_in = Tz::UTC.from_utc_datetime(&start);
    let Some(rule_text) = normalise(rule, start, until).map_err(|reason| broken(&reason))? else {
        // It ended before it began: only the start itself remains.
        return Ok(Vec::new());
    };
    let rule: RRule<Unvalidated> = rule_text.parse().map_err(|error| broken(&error))?;
    let times = rule.get_by_hour().len().max(1) * rule.get_by_minute().len().max(1) * rule.get_by_second().len().max(1);
    if matches!(rule.get_freq(), rrule::Frequency::Secondly | rrule::Frequency::Minutely | rrule::Frequency::Hourly)
        || times > 24
    {
        return Err(broken(&"more often than hourly"));
    }
    let set: RRuleSet = rule.build(start_in).map_err(|error| broken(&error))?.limit();
    let mut found = Vec::new();
    for occurrence in set.into_iter().take(MAX_STEPS) {
        let at = occurrence.naive_utc();
        if at > window.to || found.len() >= window.most {
            break;
        }
        if at >= window.from {
            found.push(at);
        }
    }
    Ok(found)
}

/// The rule without spaces and extensions, and with `UNTIL` as the crate wants it. `None` if it ends before `start`.
fn normalise(
    rule: &str,
    start: NaiveDateTime,
    until: impl Fn(Moment) -> NaiveDateTime,
) -> Result<Option<String>, String> {
    if rule.len() > 2000 {
        return Err("it is too long".into());
    }
    let compact: String = rule.chars().filter(|it| !it.is_whitespace()).collect();
    let mut parts = Vec::new();
    for part in compact.split(';').filter(|it| !it.is_empty()) {
        let (name, value) = part.split_once('=').ok_or("a part without =")?;
        match name.to_ascii_uppercase().as_str() {
            "UNTIL" => {
                let moment = Moment::parse(value).ok_or("UNTIL is not a time")?;
                let last = match moment {
                    // The whole day is meant, whatever the clock at the event says.
                    Moment::Date(date) => crate::import::clock::day_end(date),
                    other => until(other),
                };
                if last < start {
                    return Ok(None);
                }
                parts.push(format!("UNTIL={}", last.format("%Y%m%dT%H%M%SZ")));
            }
            name if name.starts_with("X-") => {}
            "COUNT" if value == "0" => return Ok(None),
            name => parts.push(format!("{name}={value}")),
        }
    }
    Ok(Some(parts.join(";")))
}
