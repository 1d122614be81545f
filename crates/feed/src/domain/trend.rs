//! What trends: much joined lately, and soon.
//!
//! Each join counts, one of three days ago half as much as one of now; and an event counts half as much for each week that it is farther
//! away. Both decay by the same factor for every event as time goes by, so that the order never changes by itself and nothing has to be
//! computed again. An event's score is `log2(sum of 2^(join's time / 3 days))`, its heat `score - start / 7 days`. The generated column
//! `heat` (migration 0002) holds it in whole sixteenths, because a cursor must compare exactly what it was made from.

use chrono::{DateTime, Utc};

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
}
