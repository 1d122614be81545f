//! Messages between roles: an outbox in each role's schema, a relay that hands them to the transport, consumers with an inbox.
//!
//! Delivered at least once, in order per aggregate; each consumer's effect happens exactly once, because the inbox row commits with
//! it. What keeps failing is parked where an operator sees it. The transport here is Postgres.

mod consumer;
mod metrics;
mod postgres;
mod relay;
mod worker;

pub use consumer::{Consumer, Handle, HandleError, HandleMany};
pub use metrics::watch;
pub(crate) use postgres::CHANNEL;
pub use postgres::{Bus, ParkedMessage, QueueStats};
pub use relay::Relay;
pub use worker::Worker;

use std::time::Duration;

use crate::random;

/// Which kinds of message a consumer wants. Static, and the same in every process, so that the relay knows all consumers, also those
/// that run elsewhere or have not started yet.
#[derive(Clone, Copy, Debug)]
pub struct Subscription {
    /// Name of the consumer; the key of its inbox.
    pub consumer: &'static str,
    /// Kind and version.
    pub kinds: &'static [(&'static str, i16)],
}

/// After this many failures a message is parked: with the backoff below, about three hours.
pub const MAX_ATTEMPTS: i32 = 12;

/// Exponential backoff from half a second to an hour, with jitter of ± 25 % so that failures do not march in step.
fn backoff(attempts: i32) -> Duration {
    let exponent = u32::try_from(attempts.clamp(1, 20)).unwrap_or(1) - 1;
    let base = (0.5 * f64::from(2_u32.pow(exponent.min(13)))).min(3600.0);
    Duration::from_secs_f64(base * (0.75 + random::jitter() / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_grows_and_stays_bounded() {
        for attempt in 1..=40 {
            let delay = backoff(attempt).as_secs_f64();
            assert!((0.375..=4500.0).contains(&delay), "attempt {attempt}: {delay}");
        }
        assert!(backoff(1) < Duration::from_secs(1));
        assert!(backoff(12) > Duration::from_mins(10));
    }
}
