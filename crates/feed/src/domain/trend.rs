//! What trends: much joined lately, and soon.
//!
//! Each join counts, one of three days ago half as much as one of now; and an event counts half as much for each week that it is farther
//! away. Both decay by the same factor for every event as time goes by, so that the order never changes by itself and nothing has to be
//! computed again. An event's score is `log2(sum of 2^(join's time / 3 days))`, its heat `score - start / 7 days`. The generated column
//! `heat` (migration 0002) holds it in whole sixteenths, because a cursor must compare exactly what it was made from.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use contracts::{EventId, joins::Places};

/// Start of the scale, 2026-01-01, in Unix seconds. The column `heat` counts from the same moment.
const EPOCH: i64 = 1_767_225_600;
/// Seconds after which a join counts half.
const HALF_LIFE: f64 = 3.0 * 86_400.0;

/// The binary logarithm of a join's weight; above 0, which means "no join yet".
pub fn weight(decided_at: DateTime<Utc>) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "seconds since 2026 are far below 2^52")]
    let seconds = (decided_at.timestamp() - EPOCH) as f64;
    (seconds / HALF_LIFE).max(0.001)
}

/// What some messages about places come to, in the order of the events' ids: whoever locks several does it in that order.
#[derive(Debug, Default)]
pub struct Counts(pub BTreeMap<EventId, Count>);

/// What they come to for one event.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    /// As the last of them says.
    pub places: Places,
    /// The binary logarithm of the sum of the joins' weights; 0 if nobody joined.
    pub interest: f64,
}

impl Counts {
    /// The next message: how full the event is, and when somebody joined, if it is about that.
    pub fn add(&mut self, event: EventId, places: Places, joined_at: Option<DateTime<Utc>>) {
        let count = self.0.entry(event).or_insert(Count { places, interest: 0.0 });
        count.places = places;
        if let Some(at) = joined_at {
            count.interest = sum(count.interest, weight(at));
        }
    }
}

/// `log2(2^a + 2^b)`, where 0 stands for no join; of numbers whose powers may overflow.
fn sum(a: f64, b: f64) -> f64 {
    if a <= 0.0 { b } else { a.max(b) + (-(a - b).abs()).exp2().ln_1p() / std::f64::consts::LN_2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(EPOCH + n * 86_400, 0).unwrap()
    }

    #[test]
    fn a_join_counts_half_after_three_days() {
        assert!((weight(day(13)) - weight(day(10)) - 1.0).abs() < 1e-9);
        assert!(weight(day(-5)) > 0.0);
    }

    #[test]
    fn joins_at_one_time_add_up_and_the_last_places_count() {
        let event = EventId("018f0000-0000-7000-8000-000000000001".parse().unwrap());
        let places = |confirmed| Places { capacity: None, confirmed, waitlisted: 0, held: 0 };
        let mut counts = Counts::default();
        for n in 1..=8 {
            counts.add(event, places(n), Some(day(9)));
        }
        counts.add(event, places(7), None);
        let count = counts.0[&event];
        assert_eq!(count.places.confirmed, 7);
        assert!((count.interest - (weight(day(9)) + 3.0)).abs() < 1e-9, "eight are 2^3: {}", count.interest);
    }
}
