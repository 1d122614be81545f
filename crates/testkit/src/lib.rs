//! What tests stand on: a real database each, signed-in people, requests to a router, and waiting for a condition.
//!
//! Tests need a running Postgres. `./dev test` and `./dev check` start one and leave its URL in `.dev/test-database-url`;
//! `CITYEVENTS_TEST_DATABASE_URL` wins over it.
#![expect(clippy::missing_panics_doc, reason = "a test helper's way to fail is to panic")]

mod client;
mod database;
mod fixtures;
pub mod oracle;
mod people;

pub use client::{Answer, Client};
pub use database::TestDb;
pub use fixtures::snapshot;
pub use people::{People, Person};

use std::time::Duration;

use chrono::{DateTime, Utc};

/// The time that fixed clocks start at: a Monday noon in June, in UTC.
pub fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_920_000, 0).expect("a valid time")
}

/// Waits until `condition` gives a value, at most ten seconds.
///
/// # Panics
/// If it never does; `what` says what was awaited.
pub async fn eventually<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(tokio::time::Instant::now() < deadline, "waited ten seconds for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
