//! Mails in numbers.

use std::{sync::LazyLock, time::Duration};

use chrono::{DateTime, Utc};
use platform::metrics::{
    self, Buckets, Counter, Family, Gauge, GaugeF64, Histogram, LONG_SECONDS, LabelSet, NoLabels, SECONDS,
};
use sqlx::PgPool;

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
struct Mail {
    kind: String,
    /// `sent`, `dropped`, `retried` or `failed`.
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
struct State {
    state: &'static str,
}

struct Metrics {
    mails: Family<Mail, Counter>,
    sending: Family<NoLabels, Histogram, Buckets>,
    delay: Family<NoLabels, Histogram, Buckets>,
    queue: Family<State, Gauge>,
    oldest: Family<NoLabels, GaugeF64>,
}

static METRICS: LazyLock<Metrics> = LazyLock::new(|| Metrics {
    mails: metrics::counter("cityevents_mails", "Mails that were tried, by kind and what came of them"),
    sending: metrics::histogram("cityevents_mail_send_duration_seconds", "How long handing over a mail took", SECONDS),
    delay: metrics::histogram(
        "cityevents_mail_delay_seconds",
        "From when a mail was to be sent to when it was",
        LONG_SECONDS,
    ),
    queue: metrics::gauge(
        "cityevents_mail_queue",
        "Mails that are due (`due`), and those that failed for good (`failed`)",
    ),
    oldest: metrics::gauge_f64("cityevents_mail_oldest_seconds", "How long the oldest mail has been due"),
});

/// Shows everything from the beginning on.
pub fn start() {
    LazyLock::force(&METRICS);
}

pub fn tried(kind: &str, outcome: &'static str, took: Duration) {
    METRICS.mails.get_or_create(&Mail { kind: kind.to_owned(), outcome }).inc();
    METRICS.sending.get_or_create(&NoLabels {}).observe(took.as_secs_f64());
}

/// A mail that was due at `due` is out.
pub fn sent(due: DateTime<Utc>, now: DateTime<Utc>) {
    METRICS.delay.get_or_create(&NoLabels {}).observe((now - due).to_std().unwrap_or_default().as_secs_f64());
}

/// Counts what waits.
pub async fn count(pool: &PgPool, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let counted = crate::store::waiting(pool, now).await;
    let Ok((due, failed, oldest)) = counted else {
        // What nobody can know is not told.
        METRICS.queue.clear();
        METRICS.oldest.clear();
        return counted.map(drop);
    };
    METRICS.queue.get_or_create(&State { state: "due" }).set(due);
    METRICS.queue.get_or_create(&State { state: "failed" }).set(failed);
    let age = oldest.and_then(|oldest| (now - oldest).to_std().ok()).unwrap_or_default();
    METRICS.oldest.get_or_create(&NoLabels {}).set(age.as_secs_f64());
    Ok(())
}
