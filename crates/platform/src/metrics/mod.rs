//! What is counted and measured in this process, for Prometheus.
//!
//! Each part of the program makes its own metrics with [`counter`], [`gauge`] and [`histogram`], once, and changes them where things
//! happen. Names and labels follow the OpenTelemetry semantic conventions where there are any; what is the product's own begins with
//! `cityevents_`. A label has few values, all of them known when the program was written (route templates, names of roles, reasons):
//! never a path, an id, or anything that people say.

mod http;
mod process;
mod runtime;

pub use http::{Peer, Server};
pub use process::build_info;
pub use runtime::watch as watch_runtime;

use std::{
    fmt::Debug,
    sync::{
        LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeMetric, prometheus_text, text},
    metrics::{TypedMetric, exemplar::HistogramWithExemplars, family::MetricConstructor},
    registry::Registry,
};

use crate::trace::TraceContext;

pub use prometheus_client::{
    encoding::{EncodeLabelSet as LabelSet, EncodeLabelValue as LabelValue},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
};

/// Content type of OpenMetrics, which has exemplars.
pub const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Content type of the older text format.
pub const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Seconds, from a look-up by key to the longest that a request may take.
pub const SECONDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0];
/// Seconds of what goes on behind people's backs: messages, mails.
pub const LONG_SECONDS: &[f64] = &[0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 5.0, 15.0, 30.0, 60.0, 300.0, 900.0, 3600.0];

static OFF: AtomicBool = AtomicBool::new(false);

/// Measures requests and statements no more: `[telemetry] metrics = false`.
pub fn switch_off() {
    OFF.store(true, Ordering::Relaxed);
}

/// Whether requests and statements are measured.
pub fn is_on() -> bool {
    !OFF.load(Ordering::Relaxed)
}

/// Names of all metrics, also of those that have no series yet.
static NAMES: Mutex<Vec<String>> = Mutex::new(Vec::new());

static REGISTRY: LazyLock<Mutex<Registry>> = LazyLock::new(|| {
    let mut registry = Registry::default();
    process::register(&mut registry);
    Mutex::new(registry)
});

fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Labels of a metric that needs none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct NoLabels {}

/// What a metric may be told apart by.
pub trait Labels: EncodeLabelSet + Clone + Debug + Eq + std::hash::Hash + Send + Sync + 'static {}
impl<T: EncodeLabelSet + Clone + Debug + Eq + std::hash::Hash + Send + Sync + 'static> Labels for T {}

fn register<L: Labels, M, C>(name: &str, help: &str, family: Family<L, M, C>) -> Family<L, M, C>
where
    M: EncodeMetric + TypedMetric + Debug + Send + Sync + 'static,
    C: MetricConstructor<M> + Clone + Send + Sync + 'static,
{
    registry().register(name, help.trim_end_matches('.'), family.clone());
    NAMES.lock().unwrap_or_else(PoisonError::into_inner).push(name.to_owned());
    family
}

/// Names of all metrics that were made here, without the endings that their kinds add.
pub fn names() -> Vec<String> {
    NAMES.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// A counter; `_total` is added to its name.
pub fn counter<L: Labels>(name: &str, help: &str) -> Family<L, Counter> {
    register(name, help, Family::default())
}

/// A number that goes up and down.
pub fn gauge<L: Labels>(name: &str, help: &str) -> Family<L, Gauge> {
    register(name, help, Family::default())
}

/// A gauge of what is no whole number.
pub type GaugeF64 = Gauge<f64, AtomicU64>;

/// The same for what is no whole number.
pub fn gauge_f64<L: Labels>(name: &str, help: &str) -> Family<L, GaugeF64> {
    register(name, help, Family::default())
}

/// Makes histograms with these upper bounds.
#[derive(Clone, Copy, Debug)]
pub struct Buckets(&'static [f64]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

impl MetricConstructor<HistogramWithExemplars<Exemplar>> for Buckets {
    fn new_metric(&self) -> HistogramWithExemplars<Exemplar> {
        HistogramWithExemplars::new(self.0.iter().copied())
    }
}

/// How values are spread, by these upper bounds.
pub fn histogram<L: Labels>(name: &str, help: &str, buckets: &'static [f64]) -> Family<L, Histogram, Buckets> {
    register(name, help, Family::new_with_constructor(Buckets(buckets)))
}

/// Which trace a value belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Exemplar {
    trace_id: String,
}

impl Exemplar {
    /// This trace, if somebody keeps it: an exemplar that leads nowhere helps nobody.
    pub fn of(context: TraceContext) -> Option<Self> {
        context.is_sampled().then(|| Self { trace_id: context.trace_id() })
    }
}

/// The same, with a trace for each bucket.
pub fn histogram_with_exemplars<L: Labels>(
    name: &str,
    help: &str,
    buckets: &'static [f64],
) -> Family<L, HistogramWithExemplars<Exemplar>, Buckets> {
    register(name, help, Family::new_with_constructor(Buckets(buckets)))
}

/// All metrics as text; OpenMetrics has exemplars, the older format is read by everything.
pub fn render(openmetrics: bool) -> String {
    let mut text = String::with_capacity(64 * 1024);
    let registry = registry();
    let written =
        if openmetrics { text::encode(&mut text, &registry) } else { prometheus_text::encode(&mut text, &registry) };
    if let Err(error) = written {
        tracing::error!(%error, "metrics could not be written");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
    struct Kind {
        kind: &'static str,
    }

    #[test]
    fn both_formats_have_the_values_and_one_has_exemplars() {
        let counted = counter::<Kind>("cityevents_test", "Things");
        counted.get_or_create(&Kind { kind: "a \"quoted\" one" }).inc();
        let took = histogram_with_exemplars::<NoLabels>("cityevents_test_seconds", "How long", SECONDS);
        let trace = TraceContext::root().sampled(true);
        took.get_or_create(&NoLabels {}).observe(0.2, Exemplar::of(trace), None);
        let (open, text) = (render(true), render(false));
        for format in [&open, &text] {
            assert!(format.contains("cityevents_test_total{kind=\"a \\\"quoted\\\" one\"} 1"), "{format}");
            assert!(format.contains("cityevents_test_seconds_bucket{le=\"0.25\"} 1"), "{format}");
            assert!(format.contains("process_resident_memory_bytes"), "{format}");
        }
        assert!(open.contains(&format!("# {{trace_id=\"{}\"}} 0.2", trace.trace_id())), "{open}");
        assert!(!text.contains("trace_id"), "{text}");
    }
}
