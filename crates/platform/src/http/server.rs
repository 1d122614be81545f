//! Listeners, for HTTP/1.1: what speaks HTTP/2 to browsers is the proxy that ends TLS. Whoever connects has to say something: silence, and heads that never end, cost a descriptor each.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{Request, body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// How long a connection may take to say what it wants, the first time and between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Connections at most, however many descriptors there are.
const MOST: u64 = 20_000;
/// Descriptors for everything that is no connection of the public door: database, files, the operations listener.
const RESERVED: u64 = 256;

/// How many connections the public door may hold, after the limit of open files was raised as far as it goes.
pub fn connections_allowed() -> usize {
    let files = getrlimit(Resource::RLIMIT_NOFILE).map_or(1024, |(soft, hard)| {
        let wanted = hard.min(MOST + RESERVED);
        if wanted > soft && setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_ok() { wanted } else { soft }
    });
    usize::try_from(files.saturating_sub(RESERVED).clamp(64, MOST)).unwrap_or(64)
}

/// One listener and what answers there.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    router: Router,
    head_timeout: Duration,
    connections: Arc<Semaphore>,
}

impl Server {
    /// Holds `connections` at most; who comes then waits to be accepted.
    pub fn new(listener: TcpListener, router: Router, connections: usize) -> Self {
        let connections = Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS)));
        Self { listener, router, head_timeout: HEAD_TIMEOUT, connections }
    }

    /// Another time for the head of a request than half a minute.
    #[must_use]
    pub fn head_timeout(self, head_timeout: Duration) -> Self {
        Self { head_timeout, ..self }
    }

    /// Serves until `until`; open requests are then finished.
    pub async fn run(self, until: CancellationToken) {
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(self.head_timeout);
        let open = GracefulShutdown::new();
        loop {
            let accepted = tokio::select! {
                () = until.cancelled() => break,
                accepted = self.accept() => accepted,
            };
            let Some((stream, addr, place)) = accepted else { continue };
            let router = self.router.clone();
            let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(ConnectInfo(addr));
                let answer = router.clone().oneshot(request.map(Body::new));
                async move { answer.await.map_err(|never: Infallible| match never {}) }
            });
            let connection = open.watch(builder.serve_connection(TokioIo::new(stream), service));
            tokio::spawn(async move {
                // How a connection ends is its own affair; requests are logged by themselves.
                if let Err(error) = connection.await {
                    tracing::debug!(error = %error, "connection ended");
                }
                drop(place);
            });
        }
        drop(self.listener);
        open.shutdown().await;
    }

    async fn accept(&self) -> Option<(tokio::net::TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
        let place = self.connections.clone().acquire_owned().await.ok()?;
        match self.listener.accept().await {
            Ok((stream, addr)) => {
                // Answers are small: waiting to fill a packet only delays them.
                let _ = stream.set_nodelay(true);
                Some((stream, addr, place))
            }
            Err(error) => {
                tracing::warn!(error = %error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                None
            }
        }
    }
}
