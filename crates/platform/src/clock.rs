//! The only source of "now". Injected, so that tests decide what time it is.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, Duration, Utc};

/// Tells the time; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(None)
    }

    /// Stands still at `now` until it is told to [`advance`](Self::advance). Clones share it.
    pub fn fixed(now: DateTime<Utc>) -> Self {
        Self(Some(Arc::new(AtomicI64::new(now.timestamp_micros()))))
    }

    /// Now, in whole microseconds: what Postgres can store.
    pub fn now(&self) -> DateTime<Utc> {
        let micros = match &self.0 {
            Some(fixed) => fixed.load(Ordering::SeqCst),
            None => system_micros(),
        };
        DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// Moves a fixed clock; a system clock does not care.
    pub fn advance(&self, by: Duration) {
        if let Some(fixed) = &self.0 {
            fixed.fetch_add(by.num_microseconds().unwrap_or(0), Ordering::SeqCst);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that may read the machine's clock")]
fn system_micros() -> i64 {
    Utc::now().timestamp_micros()
}
