//! Health: `/livez` says that this process makes progress, `/readyz` that it is fit for traffic.
//!
//! Each dependency is probed in the background with a deadline; the answer comes from the last result, so that it is instant and a
//! hanging dependency cannot hang it.

use std::{
    collections::BTreeMap,
    sync::{Arc, RwLock},
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
use serde::Serialize;
use sqlx::PgPool;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::Clock;

/// Pause between two probes of a dependency.
const EVERY: Duration = Duration::from_secs(1);
/// The longest that a probe may take.
const DEADLINE: Duration = Duration::from_secs(2);

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
}

#[derive(Serialize)]
struct Report {
    status: &'static str,
    checks: BTreeMap<&'static str, Option<Check>>,
}

impl Health {
    /// Not ready once `draining` is cancelled.
    pub fn new(clock: Clock, draining: CancellationToken) -> Self {
        Self { clock, checks: Arc::default(), draining }
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
                health.set(
                    name,
                    Some(Check {
                        ok: problem.is_none(),
                        latency_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
                        checked_at: health.clock.now(),
                        problem,
                    }),
                );
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(EVERY) => {}
                }
            }
        }
    }

    fn set(&self, name: &'static str, check: Option<Check>) {
        if let Ok(mut checks) = self.checks.write() {
            checks.insert(name, check);
        }
    }

    /// Whether every dependency answered its last probe.
    pub fn is_ready(&self) -> bool {
        !self.draining.is_cancelled()
            && self
                .checks
                .read()
                .is_ok_and(|checks| checks.values().all(|it| it.as_ref().is_some_and(|check| check.ok)))
    }

    /// `/livez`, `/healthz` and `/readyz`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/livez", get(live))
            .route("/healthz", get(live))
            .route("/readyz", get(ready))
            .with_state(self.clone())
    }
}

async fn live() -> Response {
    ([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], "ok\n").into_response()
}

async fn ready(State(health): State<Health>) -> Response {
    let checks = health.checks.read().map(|checks| checks.clone()).unwrap_or_default();
    let (status, word) = if health.draining.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining")
    } else if health.is_ready() {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    };
    let headers = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (status, headers, axum::Json(Report { status: word, checks })).into_response()
}
