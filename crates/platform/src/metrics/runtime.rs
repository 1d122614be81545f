//! The runtime: whether its threads keep up.

use std::{sync::LazyLock, time::Duration};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge, histogram::Histogram},
};
use tokio::{runtime::Handle, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{Buckets, GaugeF64, gauge, gauge_f64, histogram};

/// Pause between two looks.
const EVERY: Duration = Duration::from_millis(250);
/// How late a task may be woken, in seconds.
const LATE: &[f64] = &[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Runtime {
    runtime: &'static str,
}

struct Metrics {
    workers: Family<Runtime, Gauge>,
    tasks: Family<Runtime, Gauge>,
    queued: Family<Runtime, Gauge>,
    busy: Family<Runtime, GaugeF64>,
    late: Family<Runtime, Histogram, Buckets>,
}

static METRICS: LazyLock<Metrics> = LazyLock::new(|| Metrics {
    workers: gauge("tokio_runtime_workers", "Threads that run tasks"),
    tasks: gauge("tokio_runtime_alive_tasks", "Tasks that have not ended"),
    queued: gauge("tokio_runtime_global_queue_depth", "Tasks that wait for a thread"),
    busy: gauge_f64("tokio_runtime_busy_ratio", "How much of their time the threads had something to do, of 1"),
    late: histogram(
        "tokio_runtime_wake_delay_seconds",
        "How much later than asked for a sleeping task was woken: what blocks a thread, and too little processor, show here",
        LATE,
    ),
});

/// Watches the runtime on which this runs, under this name, until `stop`.
pub async fn watch(runtime: &'static str, stop: CancellationToken) {
    let labels = Runtime { runtime };
    let metrics = Handle::current().metrics();
    let workers = metrics.num_workers();
    let busy = || (0..workers).map(|worker| metrics.worker_total_busy_duration(worker)).sum::<Duration>();
    METRICS.workers.get_or_create(&labels).set(i64::try_from(workers).unwrap_or(i64::MAX));
    let (mut busy_before, mut before) = (busy(), Instant::now());
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        let took = before.elapsed();
        METRICS.late.get_or_create(&labels).observe(took.saturating_sub(EVERY).as_secs_f64());
        METRICS.tasks.get_or_create(&labels).set(i64::try_from(metrics.num_alive_tasks()).unwrap_or(i64::MAX));
        METRICS.queued.get_or_create(&labels).set(i64::try_from(metrics.global_queue_depth()).unwrap_or(i64::MAX));
        let busy_now = busy();
        let threads = u32::try_from(workers).map_or(1.0, f64::from);
        let ratio = busy_now.saturating_sub(busy_before).as_secs_f64() / (took.as_secs_f64() * threads);
        METRICS.busy.get_or_create(&labels).set(ratio.min(1.0));
        (busy_before, before) = (busy_now, Instant::now());
    }
}
