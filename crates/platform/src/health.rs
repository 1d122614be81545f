//! Health: `/livez` says that this process makes progress, `/readyz` that it is fit for traffic, `/startupz` that it has started.
//!
//! Each dependency is probed in the background with a deadline; the answer comes from the last result, so that it is instant and a
//! hanging dependency cannot hang it. No dependency can make `/livez` fail: a database that is away restarts nobody.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, LazyLock, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::{DateTime, Utc};
use http::{HeaderValue, StatusCode, header};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
};
use serde::Serialize;
use sqlx::PgPool;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    Clock,
    metrics::{self, GaugeF64},
};

/// Pause between two probes of a dependency.
const EVERY: Duration = Duration::from_secs(1);
/// The longest that a probe may take.
const DEADLINE: Duration = Duration::from_secs(2);
/// Pause between two signs of life of the runtime.
const BEAT: Duration = Duration::from_millis(250);
/// Without one for so long, the runtime is stuck. It takes more than a busy machine to come to that.
const STUCK: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Dependency {
    dependency: &'static str,
}

/// 1 if the last probe went well; and how long it took.
static METRICS: LazyLock<(Family<Dependency, Gauge>, Family<Dependency, GaugeF64>)> = LazyLock::new(|| {
    (
        metrics::gauge("cityevents_dependency_up", "Whether a dependency answered its last probe"),
        metrics::gauge_f64("cityevents_dependency_latency_seconds", "How long the last probe took"),
    )
});

/// State of one dependency.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// Whether the last probe went well.
    pub ok: bool,
    /// How long it took, in milliseconds.
    pub latency_ms: u64,
    /// When it ended.
    pub checked_at: DateTime<Utc>,
    /// What went wrong, without addresses or secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<&'static str>,
}

/// What `/readyz` answers from. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Health {
    clock: Clock,
    checks: Arc<RwLock<BTreeMap<&'static str, Option<Check>>>>,
    draining: CancellationToken,
    started: Arc<AtomicBool>,
    born: Instant,
    /// The runtime's last sign of life, in milliseconds since `born`.
    beat: Arc<AtomicU64>,
}

/// What `/readyz` says.
#[derive(Debug, Serialize)]
pub struct Report {
    /// `ready`, `not ready`, `starting` or `draining`.
    pub status: &'static str,
    /// Dependency by dependency; `null` before the first probe has ended.
    pub checks: BTreeMap<&'static str, Option<Aged>>,
}

/// The state of a dependency, and how old the news is.
#[derive(Debug, Serialize)]
pub struct Aged {
    /// As the last probe found it.
    #[serde(flatten)]
    pub check: Check,
    /// How long ago that was.
    pub age_ms: u64,
}

impl Health {
    /// Not ready before [`started`](Self::started), nor once `draining` is cancelled.
    pub fn new(clock: Clock, draining: CancellationToken) -> Self {
        LazyLock::force(&METRICS);
        let (born, started) = (Instant::now(), Arc::default());
        Self { clock, checks: Arc::default(), draining, started, born, beat: Arc::default() }
    }

    /// Everything has started.
    pub fn started(&self) {
        self.started.store(true, Ordering::Release);
    }

    /// Gives signs of life of the runtime on which this runs, until `stop`.
    pub fn beat(&self, stop: CancellationToken) -> impl Future<Output = ()> + Send + use<> {
        let health = self.clone();
        async move {
            while !stop.is_cancelled() {
                health.beat.store(health.age_ms(), Ordering::Release);
                tokio::time::sleep(BEAT).await;
            }
        }
    }

    fn age_ms(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether the runtime gave a sign of life not long ago.
    pub fn is_alive(&self) -> bool {
        let silent = self.age_ms().saturating_sub(self.beat.load(Ordering::Acquire));
        Duration::from_millis(silent) < STUCK
    }

    /// Probes a database until `stop`.
    pub fn watch_database(
        &self,
        name: &'static str,
        pool: PgPool,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + Send + use<> {
        self.set(name, None);
        let health = self.clone();
        async move {
            loop {
                let started = Instant::now();
                let outcome = timeout(DEADLINE, sqlx::query_scalar::<_, i32>("SELECT 1").fetch_one(&pool)).await;
                let problem = match outcome {
                    Ok(Ok(_)) => None,
                    Ok(Err(_)) => Some("cannot be reached"),
                    Err(_) => Some("does not answer in time"),
                };
                health.probed(name, problem, started.elapsed());
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(EVERY) => {}
                }
            }
        }
    }

    fn probed(&self, name: &'static str, problem: Option<&'static str>, took: Duration) {
        let (up, latency) = &*METRICS;
        let labels = Dependency { dependency: name };
        up.get_or_create(&labels).set(i64::from(problem.is_none()));
        latency.get_or_create(&labels).set(took.as_secs_f64());
        let latency_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let before = self.checks.read().ok().and_then(|checks| checks.get(name).cloned().flatten());
        if before.is_none_or(|before| before.problem != problem) {
            if let Some(problem) = problem {
                tracing::warn!(dependency = name, problem, latency_ms, "dependency lost");
            } else {
                tracing::info!(dependency = name, latency_ms, "dependency answers");
            }
        }
        self.set(name, Some(Check { ok: problem.is_none(), latency_ms, checked_at: self.clock.now(), problem }));
    }

    fn set(&self, name: &'static str, check: Option<Check>) {
        if let Ok(mut checks) = self.checks.write() {
            checks.insert(name, check);
        }
    }

    /// Whether every dependency answered its last probe.
    pub fn is_ready(&self) -> bool {
        self.report().status == "ready"
    }

    /// How it stands.
    pub fn report(&self) -> Report {
        let checks = self.checks.read().map(|checks| checks.clone()).unwrap_or_default();
        let fit = checks.values().all(|it| it.as_ref().is_some_and(|check| check.ok));
        let status = if self.draining.is_cancelled() {
            "draining"
        } else if !self.started.load(Ordering::Acquire) {
            "starting"
        } else if fit {
            "ready"
        } else {
            "not ready"
        };
        let now = self.clock.now();
        let aged = |check: Check| {
            let age = (now - check.checked_at).num_milliseconds();
            Aged { age_ms: u64::try_from(age).unwrap_or(0), check }
        };
        Report { status, checks: checks.into_iter().map(|(name, check)| (name, check.map(aged))).collect() }
    }

    /// `/livez`, `/healthz`, `/readyz` and `/startupz`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/livez", get(live))
            .route("/healthz", get(live))
            .route("/readyz", get(ready))
            .route("/startupz", get(startup))
            .with_state(self.clone())
    }
}

const NO_STORE: [(header::HeaderName, HeaderValue); 1] =
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];

async fn live(State(health): State<Health>) -> Response {
    if health.is_alive() {
        (NO_STORE, "ok\n").into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, NO_STORE, "stuck\n").into_response()
    }
}

async fn startup(State(health): State<Health>) -> Response {
    if health.started.load(Ordering::Acquire) {
        (NO_STORE, "started\n").into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, NO_STORE, "starting\n").into_response()
    }
}

async fn ready(State(health): State<Health>) -> Response {
    let report = health.report();
    let status = if report.status == "ready" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, NO_STORE, axum::Json(report)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_runtime_that_gives_no_sign_of_life_is_stuck() {
        let health = Health::new(Clock::system(), CancellationToken::new());
        let stop = CancellationToken::new();
        let beating = tokio::spawn(health.beat(stop.clone()));
        tokio::time::sleep(Duration::from_mins(1)).await;
        assert!(health.is_alive());
        stop.cancel();
        beating.await.unwrap();
        tokio::time::sleep(STUCK).await;
        assert!(!health.is_alive());
    }

    #[tokio::test]
    async fn it_is_ready_between_start_and_drain_as_long_as_all_answer() {
        let drain = CancellationToken::new();
        let health = Health::new(Clock::system(), drain.clone());
        assert_eq!(health.report().status, "starting");
        health.started();
        assert!(health.is_ready());
        health.set("database", None);
        assert_eq!(health.report().status, "not ready", "nobody has asked it yet");
        health.probed("database", None, Duration::from_millis(3));
        assert!(health.is_ready());
        health.probed("database", Some("does not answer in time"), DEADLINE);
        assert_eq!(health.report().status, "not ready");
        health.probed("database", None, Duration::from_millis(3));
        drain.cancel();
        assert_eq!(health.report().status, "draining");
    }
}
