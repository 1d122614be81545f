//! The roles, put together: routers behind the public door, relays, consumers, jobs, health.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use axum::Router;
use platform::{
    Clock,
    broadcast::Broadcast,
    bus::{self, Bus, Relay, Subscription, Worker},
    config::Config,
    db::{self, Schema},
    http::{Server, connections_allowed},
    identity::{Keys, Verifier},
    lifecycle::Lifecycle,
    metrics,
    ops::Ops,
    outbox::Outbox,
    role::{Context, RoleService, Running, Rush},
};
use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::description;

/// Who reads which messages, over all roles, whether they run here or not.
fn subscriptions() -> &'static [Subscription] {
    static ALL: std::sync::LazyLock<Vec<Subscription>> = std::sync::LazyLock::new(|| {
        [auth::SUBSCRIPTIONS, events::SUBSCRIPTIONS, joins::SUBSCRIPTIONS, feed::SUBSCRIPTIONS, notify::SUBSCRIPTIONS]
            .concat()
    });
    &ALL
}

/// A server that takes requests.
#[derive(Debug)]
pub struct App {
    /// The public door.
    pub public: SocketAddr,
    /// Health and metrics.
    pub ops: SocketAddr,
    /// The same door without a network, for commands that act as a person would.
    pub door: Router,
    lifecycle: Lifecycle,
    server: tokio::task::JoinHandle<()>,
    drain_timeout: Duration,
}

impl App {
    /// Opens the operations listener, which answers from the first moment on, and then starts every role on the database at `url`, which is
    /// migrated.
    ///
    /// # Errors
    /// As [`operations`] and [`start_with`](Self::start_with).
    pub async fn start(config: Config, clock: Clock, url: &str, lifecycle: Lifecycle) -> anyhow::Result<Self> {
        let ops = operations(&config, &clock, &lifecycle)?;
        Self::start_with(ops, config, clock, url, lifecycle).await
    }

    /// Starts every role on the database at `url`, which is migrated.
    ///
    /// # Errors
    /// If the public door cannot be opened, or a key cannot be read.
    pub async fn start_with(
        ops: Ops,
        config: Config,
        clock: Clock,
        url: &str,
        lifecycle: Lifecycle,
    ) -> anyhow::Result<Self> {
        let started = Instant::now();
        let config = Arc::new(config);
        let bus_pool = db::queue_pool(url, 6)?;
        let bus = Bus::new(bus_pool.clone());
        let (broadcast, news) = Broadcast::new(bus_pool);
        let parts = Parts {
            config: &config,
            clock: &clock,
            url,
            broadcast: &broadcast,
            keys: Keys::default(),
            rush: Rush::default(),
        };

        let signer = auth::keys::load_or_create(&config.data_dir).context("cannot read or make the signing key")?;
        let tickets =
            joins::Tickets::load_or_create(&config.data_dir).context("cannot read or make the key of tickets")?;
        let accounts = parts.context(auth::SCHEMA)?;
        // Before the first token is signed: another replica may be shown it at once.
        signer.publish(&accounts.pool, &clock).await.context("cannot publish the signing key")?;
        let roles = [
            auth::role(accounts, signer),
            events::role(parts.context(events::SCHEMA)?),
            joins::role(parts.context(joins::SCHEMA)?, tickets),
            feed::role(parts.context(feed::SCHEMA)?),
            notify::role(parts.context(notify::SCHEMA)?),
        ];
        let health = ops.health.clone();
        lifecycle.spawn(health.watch_database("database", db::pool(url, "bus", 1)?, lifecycle.stop.clone()));

        let outboxes = roles.iter().map(|role| (role.name, role.pool.clone())).collect();
        lifecycle.spawn(bus::watch(bus.clone(), outboxes, subscriptions(), clock.clone(), lifecycle.stop.clone()));
        lifecycle.spawn(metrics::watch_runtime("main", lifecycle.stop.clone()));
        lifecycle.spawn_behind(metrics::watch_runtime("behind", lifecycle.stop.clone()));
        let pools = roles.iter().map(|role| (role.name, role.pool.clone())).collect();
        lifecycle.spawn(db::watch(pools, lifecycle.stop.clone()));

        let mut services = vec![media_role()];
        for role in roles {
            services.push(public_role(&role));
            run(role, &bus, &broadcast, &lifecycle);
        }
        let setup = bff::Setup {
            config: config.clone(),
            clock: clock.clone(),
            verifier: parts.verifier(),
            broadcast,
            roles: bff::Roles::new(services),
            openapi: description::openapi_json(),
            drain: lifecycle.drain.clone(),
        };
        let (door, background) = bff::router(setup);
        let stop = lifecycle.stop.clone();
        lifecycle.spawn(async move {
            tokio::select! { () = stop.cancelled() => {}, () = background => {} }
        });
        // After everybody has subscribed: whoever missed the first `Connected` would take the connection for broken.
        lifecycle.spawn(news.run(lifecycle.stop.clone()));

        let public = listen(config.http.listen).await?;
        let app = Self {
            public: public.local_addr()?,
            ops: ops.addr,
            door: door.clone(),
            server: serve(public, door.merge(health.router()), connections_allowed(), lifecycle.drain.clone()),
            drain_timeout: config.http.drain_timeout,
            lifecycle,
        };
        health.started();
        tracing::info!(
            http.listen = %app.public,
            ops.listen = %app.ops,
            startup_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "ready"
        );
        Ok(app)
    }

    /// Waits for the first signal, lets open requests finish, and ends background work.
    pub async fn run_until_stopped(self) {
        self.lifecycle.drain.cancelled().await;
        self.stop().await;
    }

    /// Stops as on the first signal.
    pub async fn stop(self) {
        self.lifecycle.drain.cancel();
        if timeout(self.drain_timeout, self.server).await.is_err() {
            tracing::warn!("some requests did not finish in time");
        }
        self.lifecycle.shut_down().await;
    }
}

/// Opens the operations listener. Probes are answered to the end: "draining" is an answer, too.
///
/// # Errors
/// If its address is taken.
pub fn operations(config: &Config, clock: &Clock, lifecycle: &Lifecycle) -> anyhow::Result<Ops> {
    let addr = config.http.ops_listen;
    if !config.telemetry.metrics {
        metrics::switch_off();
    }
    metrics::build_info(env!("CARGO_PKG_VERSION"), option_env!("CITYEVENTS_REVISION").unwrap_or("unknown"));
    Ops::open(addr, clock.clone(), lifecycle.drain.clone(), lifecycle.stop.clone())
        .with_context(|| format!("cannot listen on {addr}: is another process using it?"))
}

/// What all roles share.
struct Parts<'a> {
    config: &'a Arc<Config>,
    clock: &'a Clock,
    url: &'a str,
    broadcast: &'a Broadcast,
    keys: Keys,
    rush: Rush,
}

impl Parts<'_> {
    fn verifier(&self) -> Verifier {
        Verifier { keys: self.keys.clone(), clock: self.clock.clone() }
    }

    fn context(&self, schema: Schema) -> Result<Context, sqlx::Error> {
        Ok(Context {
            pool: db::pool(self.url, schema.name, self.config.database.max_connections)?,
            outbox: Outbox::new(self.clock.clone()),
            clock: self.clock.clone(),
            verifier: self.verifier(),
            broadcast: self.broadcast.clone(),
            config: self.config.clone(),
            rush: self.rush.clone(),
        })
    }
}

/// A role as the public door sees it: its router behind the layers that every role has.
fn public_role(running: &Running) -> bff::PublicRole {
    let (_, api) = description::parts()
        .into_iter()
        .find(|(name, _)| *name == running.name)
        .unwrap_or_else(|| panic!("{} has no description", running.name));
    bff::PublicRole {
        name: running.name,
        service: service(running.name, running.router.clone()),
        operations: bff::operations(&api),
        pages: &[],
    }
}

/// A role's router behind what every role has.
fn service(name: &'static str, router: Router) -> RoleService {
    let context = axum::middleware::from_fn_with_state(name, platform::http::request_context);
    RoleService::in_process(name, router.layer(context))
}

/// Posters need no database: `media` is routes only, so far.
fn media_role() -> bff::PublicRole {
    bff::PublicRole {
        name: "media",
        service: service("media", media::routes::<()>()),
        operations: std::collections::HashSet::new(),
        pages: &["/media/covers/{category}/{file}"],
    }
}

/// Starts a role's relay, consumers and jobs.
fn run(role: Running, bus: &Bus, broadcast: &Broadcast, lifecycle: &Lifecycle) {
    let stop = &lifecycle.stop;
    let mails = role.name == notify::SCHEMA.name;
    let relay = Relay::new(role.name, role.pool.clone(), role.outbox, bus.clone(), subscriptions());
    lifecycle.spawn(relay.run(stop.clone()));
    for consumer in role.consumers {
        assert!(consumer.unhandled().is_empty(), "{} does not handle {:?}", consumer.name(), consumer.unhandled());
        let worker = Worker::new(consumer, bus.clone(), broadcast.bus_wake()).run(stop.clone());
        if mails { lifecycle.spawn_behind(worker) } else { lifecycle.spawn(worker) }
    }
    for job in role.jobs {
        let job = job.run(role.pool.clone(), stop.clone());
        if mails { lifecycle.spawn_behind(job) } else { lifecycle.spawn(job) }
    }
}

async fn listen(addr: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(addr).await.with_context(|| format!("cannot listen on {addr}: is another process using it?"))
}

fn serve(
    listener: TcpListener,
    router: Router,
    connections: usize,
    until: CancellationToken,
) -> tokio::task::JoinHandle<()> {
    tokio::spawn(Server::new(listener, router, connections).run(until))
}
