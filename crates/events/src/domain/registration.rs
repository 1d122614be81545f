//! How people come to a place: the organiser's rules, set into the event's time.

use contracts::registration::Registration;
use serde_json::{Map, Value, json};

use super::{
    Schedule, TimeError,
    time::{Edge, meant},
};

/// The rules at an event of this time: what the clocks are to show when registration opens and closes becomes instants.
///
/// # Errors
/// If one of the two does not exist, or if registration would not be open at any time before the start.
pub fn plan(rules: Registration, schedule: &Schedule) -> Result<Registration, TimeError> {
    let at = |local: Option<_>, edge| local.map(|local| meant(local, schedule.timezone, edge)).transpose();
    let opens_at = at(rules.opens_at_local, Edge::Opens)?;
    let closes_at = at(rules.closes_at_local, Edge::Closes)?;
    if opens_at.is_some_and(|opens_at| opens_at >= schedule.starts_at) {
        return Err(TimeError::OpensAfterStart);
    }
    if closes_at.is_some_and(|closes_at| closes_at > schedule.starts_at) {
        return Err(TimeError::ClosesAfterStart);
    }
    if opens_at.zip(closes_at).is_some_and(|(opens_at, closes_at)| closes_at <= opens_at) {
        return Err(TimeError::ClosesBeforeOpening);
    }
    Ok(Registration { opens_at, closes_at, ..rules })
}

/// The rules at a time that the one who made them was not asked about: what does not fit any more is dropped.
pub fn fit(rules: &Registration, schedule: &Schedule) -> Registration {
    let until_start = Registration { closes_at_local: None, closes_at: None, ..rules.clone() };
    plan(rules.clone(), schedule).or_else(|_| plan(until_start.clone(), schedule)).unwrap_or(Registration {
        opens_at_local: None,
        opens_at: None,
        ..until_start
    })
}

/// Whether both were decided alike. The instants follow from that, and from the zone.
pub fn same_rules(a: &Registration, b: &Registration) -> bool {
    let decided = |it: &Registration| Registration { opens_at: None, closes_at: None, ..it.clone() };
    decided(a) == decided(b)
}

/// What differs, before and after, for the history.
pub fn difference(before: &Registration, after: &Registration) -> Value {
    let (before, after) = (fields(before), fields(after));
    let only = |these: &Map<String, Value>, others: &Map<String, Value>| -> Map<String, Value> {
        these
            .iter()
            .filter(|(name, value)| others.get(*name) != Some(value))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect()
    };
    json!({ "from": only(&before, &after), "to": only(&after, &before) })
}

fn fields(rules: &Registration) -> Map<String, Value> {
    match json!(rules) {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
