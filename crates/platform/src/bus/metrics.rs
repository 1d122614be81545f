//! Outbox and queues in numbers.

use std::{sync::LazyLock, time::Duration};

use chrono::{DateTime, Utc};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::{Bus, Subscription, postgres::Delivery};
use crate::{
    Clock,
    metrics::{self, Buckets, GaugeF64, LONG_SECONDS, SECONDS},
};

/// Pause between two looks at what waits.
const EVERY: Duration = Duration::from_secs(5);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Role {
    role: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Consumer {
    consumer: &'static str,
}

struct Metrics {
    published: Family<Role, Counter>,
    relay_failures: Family<Role, Counter>,
    backlog: Family<Role, Gauge>,
    oldest: Family<Role, GaugeF64>,
    handled: Family<Consumer, Counter>,
    retried: Family<Consumer, Counter>,
    parked: Family<Consumer, Counter>,
    duration: Family<Consumer, Histogram, Buckets>,
    delay: Family<Consumer, Histogram, Buckets>,
    waiting: Family<Consumer, Gauge>,
    parked_now: Family<Consumer, Gauge>,
    lag: Family<Consumer, GaugeF64>,
}

static METRICS: LazyLock<Metrics> = LazyLock::new(|| Metrics {
    published: metrics::counter("cityevents_outbox_published", "Messages that were handed over to the transport"),
    relay_failures: metrics::counter("cityevents_outbox_failures", "Times that messages could not be handed over"),
    backlog: metrics::gauge("cityevents_outbox_backlog", "Messages that wait to be handed over"),
    oldest: metrics::gauge_f64("cityevents_outbox_oldest_seconds", "How long the oldest of them has waited"),
    handled: metrics::counter("cityevents_bus_handled", "Messages that had their effect"),
    retried: metrics::counter("cityevents_bus_retried", "Failures after which a message is tried again"),
    parked: metrics::counter("cityevents_bus_parked", "Messages that failed for good and wait for an operator"),
    duration: metrics::histogram(
        "cityevents_bus_batch_duration_seconds",
        "How long the effects of a batch of messages took",
        SECONDS,
    ),
    delay: metrics::histogram(
        "cityevents_bus_delay_seconds",
        "From the commit that wrote a message to its effect",
        LONG_SECONDS,
    ),
    waiting: metrics::gauge("cityevents_bus_waiting", "Messages that a consumer has yet to handle"),
    parked_now: metrics::gauge("cityevents_bus_parked_now", "Parked messages that wait for an operator"),
    lag: metrics::gauge_f64("cityevents_bus_lag_seconds", "How long the oldest message has waited for a consumer"),
});

pub(super) fn published(role: &'static str, messages: usize) {
    METRICS.published.get_or_create(&Role { role }).inc_by(many(messages));
}

pub(super) fn relay_failed(role: &'static str) {
    METRICS.relay_failures.get_or_create(&Role { role }).inc();
}

pub(super) fn handled(
    consumer: &'static str,
    deliveries: &[Delivery],
    done: usize,
    took: Duration,
    now: DateTime<Utc>,
) {
    let labels = Consumer { consumer };
    METRICS.handled.get_or_create(&labels).inc_by(many(done));
    METRICS.duration.get_or_create(&labels).observe(took.as_secs_f64());
    let delay = METRICS.delay.get_or_create_owned(&labels);
    for delivery in deliveries {
        delay.observe(seconds_since(delivery.message.occurred_at, now));
    }
}

pub(super) fn failed(consumer: &'static str, parked: bool) {
    let counter = if parked { &METRICS.parked } else { &METRICS.retried };
    counter.get_or_create(&Consumer { consumer }).inc();
}

/// Looks at what waits, in the outboxes of these roles and for these consumers, until `stop`.
pub async fn watch(
    bus: Bus,
    outboxes: Vec<(&'static str, PgPool)>,
    subscriptions: &'static [Subscription],
    clock: Clock,
    stop: CancellationToken,
) {
    for it in subscriptions {
        // From the beginning on, so that a rate can be told from the first one that happens.
        let labels = Consumer { consumer: it.consumer };
        for counter in [&METRICS.handled, &METRICS.retried, &METRICS.parked] {
            drop(counter.get_or_create_owned(&labels));
        }
    }
    for (role, _) in &outboxes {
        for counter in [&METRICS.published, &METRICS.relay_failures] {
            drop(counter.get_or_create_owned(&Role { role }));
        }
    }
    loop {
        let looked = look(&bus, &outboxes, subscriptions, clock.now()).await;
        if looked.is_err() {
            // What nobody can know is not told: an old number would look like a good one.
            METRICS.waiting.clear();
            METRICS.parked_now.clear();
            METRICS.lag.clear();
            METRICS.backlog.clear();
            METRICS.oldest.clear();
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn look(
    bus: &Bus,
    outboxes: &[(&'static str, PgPool)],
    subscriptions: &[Subscription],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let stats = bus.stats().await?;
    for it in subscriptions {
        let found = stats.iter().find(|stats| stats.consumer == it.consumer);
        let labels = Consumer { consumer: it.consumer };
        METRICS.waiting.get_or_create(&labels).set(found.map_or(0, |it| it.waiting));
        METRICS.parked_now.get_or_create(&labels).set(found.map_or(0, |it| it.parked));
        let lag = found.and_then(|it| it.oldest).map_or(0.0, |oldest| seconds_since(oldest, now));
        METRICS.lag.get_or_create(&labels).set(lag);
    }
    for (role, pool) in outboxes {
        let (backlog, oldest): (i64, Option<DateTime<Utc>>) =
            sqlx::query_as("SELECT count(*), min(occurred_at) FROM outbox").fetch_one(pool).await?;
        METRICS.backlog.get_or_create(&Role { role }).set(backlog);
        let oldest = oldest.map_or(0.0, |oldest| seconds_since(oldest, now));
        METRICS.oldest.get_or_create(&Role { role }).set(oldest);
    }
    Ok(())
}

fn seconds_since(then: DateTime<Utc>, now: DateTime<Utc>) -> f64 {
    (now - then).to_std().unwrap_or_default().as_secs_f64()
}

fn many(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
