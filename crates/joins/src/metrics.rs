//! Places in numbers.

use std::{sync::LazyLock, time::Duration};

use platform::metrics::{self, Buckets, Counter, Family, Gauge, Histogram, LabelSet, NoLabels, SECONDS};

use crate::store::{RULES, Violation};

/// Requests that share a transaction.
const SIZES: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0];

/// What was asked for, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct Decided {
    /// Such as `join` or `leave`.
    pub wish: &'static str,
    /// `confirmed`, `waitlisted`, `pending`, `done`, `replayed` or `refused`.
    pub outcome: &'static str,
    /// The code of a refusal.
    pub reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
struct Rule {
    rule: &'static str,
}

struct Metrics {
    decided: Family<Decided, Counter>,
    batch: Histogram,
    queued: Histogram,
    transaction: Histogram,
    waiting: Gauge,
    shed: Counter,
    promoted: Counter,
    neglected: Counter,
    violations: Family<Rule, Gauge>,
}

fn seconds(name: &str, help: &str) -> Histogram {
    metrics::histogram::<NoLabels>(name, help, SECONDS).get_or_create_owned(&NoLabels {})
}

fn count(name: &str, help: &str) -> Counter {
    metrics::counter::<NoLabels>(name, help).get_or_create_owned(&NoLabels {})
}

static METRICS: LazyLock<Metrics> = LazyLock::new(|| Metrics {
    decided: metrics::counter("cityevents_joins_decisions", "Requests that were decided, by what came of them"),
    batch: histogram_of_sizes(),
    queued: seconds("cityevents_joins_queue_seconds", "How long a request waited for its batch"),
    transaction: seconds("cityevents_joins_transaction_seconds", "How long a batch took in the database"),
    waiting: metrics::gauge::<NoLabels>("cityevents_joins_queue_depth", "Requests that wait for their batch")
        .get_or_create_owned(&NoLabels {}),
    shed: count("cityevents_joins_shed", "Requests that were sent away because too many waited"),
    promoted: count("cityevents_joins_promotions", "People who came up from the line"),
    neglected: count(
        "cityevents_joins_neglected",
        "Events at which somebody had waited beside a free place; stays at zero",
    ),
    violations: metrics::gauge("cityevents_joins_violations", "Rows that break a rule, found by the audit; zero"),
});

fn histogram_of_sizes() -> Histogram {
    let sizes: Family<NoLabels, Histogram, Buckets> =
        metrics::histogram("cityevents_joins_batch_size", "Requests that one transaction decided", SIZES);
    sizes.get_or_create_owned(&NoLabels {})
}

/// Shows everything from the beginning on.
pub fn start() {
    LazyLock::force(&METRICS);
}

/// One more, or one less, waits for its batch.
pub fn waits(more: i64) {
    METRICS.waiting.inc_by(more);
}

pub fn shed() {
    METRICS.shed.inc();
}

/// How long a request waited until its batch began.
pub fn queued(waited: Duration) {
    METRICS.queued.observe(waited.as_secs_f64());
}

/// What a batch came to.
#[derive(Debug, Default)]
pub struct Counts {
    /// Request by request.
    pub decided: Vec<Decided>,
    /// People who came up from the line.
    pub promoted: u64,
    /// Events at which somebody had waited beside a free place.
    pub neglected: u64,
}

/// A batch was written.
pub fn written(counts: &Counts, took: Duration) {
    METRICS.batch.observe(u32::try_from(counts.decided.len()).map_or(f64::MAX, f64::from));
    METRICS.transaction.observe(took.as_secs_f64());
    METRICS.promoted.inc_by(counts.promoted);
    METRICS.neglected.inc_by(counts.neglected);
    for decided in &counts.decided {
        METRICS.decided.get_or_create(decided).inc();
    }
}

/// What the audit found, rule by rule.
pub fn audited(violations: &[Violation]) {
    for (rule, _) in RULES.iter().copied() {
        let found = violations.iter().filter(|it| it.rule == rule).count();
        METRICS.violations.get_or_create(&Rule { rule }).set(i64::try_from(found).unwrap_or(i64::MAX));
    }
}
