//! What a role is: HTTP routes, message consumers, periodic jobs. And how one is called, wherever it runs.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body};
use http::{HeaderValue, Request, Response, StatusCode};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tower::{ServiceExt as _, util::BoxCloneSyncService};

use crate::{
    Clock, broadcast::Broadcast, bus::Consumer, config::Config, identity::Verifier, metrics, outbox::Outbox, random,
    trace::Span,
};

/// A role's router, in this process or behind an address: the caller cannot tell.
#[derive(Clone, Debug)]
pub struct RoleService {
    name: &'static str,
    service: BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>,
}

impl RoleService {
    /// A role that runs in this process.
    pub fn in_process(name: &'static str, router: Router) -> Self {
        let service = router.into_service().map_err(|never: Infallible| match never {});
        Self { name, service: BoxCloneSyncService::new(service) }
    }

    /// Begins a call: it is measured, and the request gets to know which trace it belongs to.
    pub fn calling(&self, request: &mut Request<Body>) -> Calling {
        let mut span = Span::client("call");
        if span.is_recorded() {
            span.rename(format!("{} {}", request.method(), self.name));
            span.set("cityevents.server_role", self.name);
            span.set("http.request.method", request.method().to_string());
        }
        if let Ok(value) = HeaderValue::from_str(&span.context().to_string()) {
            request.headers_mut().insert("traceparent", value);
        }
        Calling { span, measured: metrics::Peer::start("bff", self.name) }
    }

    /// What the role answers.
    pub async fn answer(&self, request: Request<Body>) -> Response<Body> {
        self.service.clone().oneshot(request).await.unwrap_or_else(|never| match never {})
    }
}

/// A call that is under way; given up if it is dropped.
#[derive(Debug)]
pub struct Calling {
    span: Span,
    measured: metrics::Peer,
}

impl Calling {
    /// The role answered; a refusal is an answer as well.
    pub fn answered(mut self, status: StatusCode) {
        self.span.set("http.response.status_code", i64::from(status.as_u16()));
        if status.is_server_error() {
            self.span.fail(status.as_u16().to_string());
        }
        self.measured.ended(if status.is_server_error() { "unavailable" } else { "ok" });
    }

    /// It did not: `timeout`, or `unavailable`.
    pub fn failed(mut self, outcome: &'static str) {
        self.span.fail(outcome);
        self.measured.ended(outcome);
    }
}

/// What a role is given to work with.
#[derive(Clone, Debug)]
pub struct Context {
    /// Its part of the database.
    pub pool: PgPool,
    /// Where it writes messages.
    pub outbox: Outbox,
    /// The time.
    pub clock: Clock,
    /// For its identity extractors.
    pub verifier: Verifier,
    /// Short-lived news to every process.
    pub broadcast: Broadcast,
    /// All settings.
    pub config: Arc<Config>,
    /// Whether many wait for a place.
    pub rush: Rush,
}

/// How many people wait for a place right now, in this process. What nobody waits for at a screen gives way to them for a while. Cheap to
/// clone.
#[derive(Clone, Debug, Default)]
pub struct Rush(Arc<AtomicUsize>);

impl Rush {
    /// With fewer there is time for everything.
    const MANY: usize = 64;

    /// Somebody waits, until what this returns is dropped.
    #[must_use]
    pub fn wait(&self) -> Waiting {
        self.0.fetch_add(1, Ordering::Relaxed);
        Waiting(self.clone())
    }

    /// Whether many wait.
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= Self::MANY
    }
}

/// One of those who wait.
#[derive(Debug)]
pub struct Waiting(Rush);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A role that runs in this process.
pub struct Running {
    /// Name of role and schema.
    pub name: &'static str,
    /// Its part of the database.
    pub pool: PgPool,
    /// Where its messages are written.
    pub outbox: Outbox,
    /// Public (`/api/v1/…`) and internal (`/internal/<role>/…`) routes.
    pub router: Router,
    /// Readers of messages.
    pub consumers: Vec<Consumer>,
    /// Periodic work.
    pub jobs: Vec<Job>,
}

type Work = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), sqlx::Error>> + Send>> + Send + Sync>;

/// Work that has to happen now and then, in one replica at a time, and that is harmless when it happens twice.
#[derive(Clone)]
pub struct Job {
    name: &'static str,
    every: Duration,
    work: Work,
}

impl Job {
    /// `work` runs about `every` so often.
    pub fn new<F, Fut>(name: &'static str, every: Duration, work: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), sqlx::Error>> + Send + 'static,
    {
        Self { name, every, work: Arc::new(move || Box::pin(work())) }
    }

    /// Runs until `stop`; `pool` is the role's, for the lock that keeps replicas from doing the same work side by side.
    pub async fn run(self, pool: PgPool, stop: CancellationToken) {
        loop {
            let pause = self.every.mul_f64(0.9 + random::jitter() / 5.0);
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            if let Err(error) = self.once(&pool).await {
                tracing::warn!(job = self.name, error = %crate::chain(&error), "job failed; will run again");
            }
        }
    }

    /// Name of the job.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Does the work now, unless another replica is doing it.
    ///
    /// # Errors
    /// As the work says.
    pub async fn once(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let mut tx = pool.begin().await?;
        let locked: bool =
            sqlx::query_scalar("SELECT pg_try_advisory_xact_lock(hashtext('job/' || current_schema() || '/' || $1))")
                .bind(self.name)
                .fetch_one(&mut *tx)
                .await?;
        if locked {
            (self.work)().await?;
        }
        tx.commit().await
    }
}
