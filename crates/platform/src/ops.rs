//! The operations listener: health, metrics, the level of logs. It has a thread and a runtime of its own, so that it answers when everything
//! else is busy or stuck. Never reachable from outside: whoever reaches it is an operator.

use std::{io, net::SocketAddr, thread};

use axum::{
    Router,
    extract::Request,
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{StatusCode, header};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{Clock, health::Health, http::Server, metrics, problem::Problem, telemetry, trace};

/// Connections: probes and scrapes, and an operator's browser.
const CONNECTIONS: usize = 64;
/// The longest text of a level.
const LEVEL_LENGTH: usize = 1_000;

/// A listener that answers.
#[derive(Debug)]
pub struct Ops {
    /// Where.
    pub addr: SocketAddr,
    /// What it answers from.
    pub health: Health,
}

impl Ops {
    /// Answers at `addr` until `until`; the process counts as draining once `draining` is cancelled. The calling task's runtime is the one
    /// whose signs of life count.
    ///
    /// # Errors
    /// If nothing can listen there.
    pub fn open(
        addr: SocketAddr,
        clock: Clock,
        draining: CancellationToken,
        until: CancellationToken,
    ) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(addr)?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        trace::export::announce();
        let health = Health::new(clock, draining);
        tokio::spawn(health.beat(until.clone()));
        let router = health.router().merge(routes());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("ops".to_owned()).spawn(move || {
            runtime.block_on(async {
                match TcpListener::from_std(listener) {
                    Ok(listener) => Server::new(listener, router, CONNECTIONS).run(until).await,
                    Err(error) => tracing::error!(%error, "the operations listener cannot answer"),
                }
            });
        })?;
        Ok(Self { addr, health })
    }
}

fn routes() -> Router {
    Router::new().route("/metrics", get(scrape)).route("/log-level", get(level).put(set_level))
}

/// Prometheus asks for the format that it can read.
async fn scrape(request: Request) -> Response {
    let accept = request.headers().get(header::ACCEPT).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let openmetrics = accept.contains("application/openmetrics-text");
    let kind = if openmetrics { metrics::OPENMETRICS } else { metrics::TEXT };
    ([(header::CONTENT_TYPE, kind)], metrics::render(openmetrics)).into_response()
}

async fn level() -> String {
    telemetry::level() + "\n"
}

/// The body is the level, as in `[log] level`. It holds until the process ends.
async fn set_level(body: String) -> Response {
    let level = body.trim();
    if level.len() > LEVEL_LENGTH {
        return Problem::invalid("level", "is too long").into_response();
    }
    match telemetry::set_level(level) {
        Ok(()) => {
            tracing::info!(log.level = level, "level of logs changed");
            StatusCode::NO_CONTENT.into_response()
        }
        Err(reason) => Problem::invalid("level", reason).into_response(),
    }
}
