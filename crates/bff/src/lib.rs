//! The public door: sessions, CSRF, rate limits, composition with degradation, live updates, the web app.
//!
//! Owns no table and reads no message from the bus. It reaches each role through a [`RoleService`] and cannot tell whether that runs in
//! this process. Operations that a role answers alone are passed on as they are ([`roles`]); those that need several roles are
//! composed here ([`events`], [`me`]).

mod access;
mod body;
mod call;
mod config;
mod docs;
mod error;
mod events;
mod guard;
mod live;
mod me;
mod page;
mod roles;
mod session;
mod web;

pub use error::CODES;
pub use roles::{PublicRole, Roles, operations};

use std::{ops::Deref, sync::Arc};

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRef},
    middleware,
};
use platform::{Clock, broadcast::Broadcast, config::Config, identity::Verifier, role::RoleService};
use tokio_util::sync::CancellationToken;
use tower::ServiceBuilder;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};
use utoipa_axum::router::OpenApiRouter;

/// What the door needs.
#[derive(Debug)]
pub struct Setup {
    /// All settings.
    pub config: Arc<Config>,
    /// The time.
    pub clock: Clock,
    /// For tokens that come from outside.
    pub verifier: Verifier,
    /// Places and sessions as they change.
    pub broadcast: Broadcast,
    /// The roles behind the door.
    pub roles: Roles,
    /// The merged API description, as JSON.
    pub openapi: String,
    /// Cancelled when the process drains: live streams end.
    pub drain: CancellationToken,
}

/// Shared by all handlers; each layer has its own for each request, so it is one pointer.
#[derive(Clone)]
pub struct State(Arc<Shared>);

/// See [`State`].
pub struct Shared {
    config: Arc<Config>,
    verifier: Verifier,
    roles: Arc<Roles>,
    sessions: session::Sessions,
    limits: Arc<guard::Limits>,
    live: live::Hub,
    openapi: Arc<docs::Document>,
    drain: CancellationToken,
}

impl FromRef<State> for Verifier {
    fn from_ref(state: &State) -> Self {
        state.verifier.clone()
    }
}

impl Deref for State {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl State {
    fn role(&self, name: &'static str) -> &RoleService {
        self.roles.service(name)
    }
}

/// The operations that are composed here; used for routing and for the API description.
pub fn api() -> OpenApiRouter<State> {
    OpenApiRouter::new().merge(events::api()).merge(me::api()).merge(live::api()).merge(config::api())
}

/// The whole public door, and its background work.
pub fn router(setup: Setup) -> (Router, impl Future<Output = ()> + Send + 'static) {
    let Setup { config, clock, verifier, broadcast, roles, openapi, drain } = setup;
    let limits = Arc::new(guard::Limits::new(&config.limits));
    let roles = Arc::new(roles);
    let sessions = session::Sessions::new(roles.clone(), clock);
    let live = live::Hub::new(roles.service("joins").clone());
    let state = State(Arc::new(Shared {
        verifier,
        roles: roles.clone(),
        sessions: sessions.clone(),
        limits: limits.clone(),
        live: live.clone(),
        openapi: Arc::new(docs::Document::new(openapi)),
        drain,
        config,
    }));
    let (composed, description) = api().split_for_parts();
    let own = roles::operations(&description).into_iter().chain(events::wrapped_operations()).collect();
    let routes = composed
        .merge(events::wrapped_routes())
        .merge(roles::pass_through(&roles, &own))
        .merge(docs::routes())
        .merge(config::dev_routes(&state.config))
        .fallback(web::fallback)
        .method_not_allowed_fallback(web::method_not_allowed);
    let layers = ServiceBuilder::new()
        .layer(middleware::from_fn_with_state("bff", platform::http::request_context))
        .layer(middleware::from_fn(access::log))
        .layer(CatchPanicLayer::custom(guard::panicked))
        .layer(middleware::from_fn_with_state(state.clone(), guard::security_headers))
        .layer(middleware::from_fn_with_state(state.clone(), body::limit))
        .layer(DefaultBodyLimit::disable())
        .layer(CompressionLayer::new().compress_when(guard::worth_compressing()))
        .layer(middleware::from_fn_with_state(state.clone(), guard::deadline))
        .layer(middleware::from_fn_with_state(state.clone(), session::authenticate))
        .layer(middleware::from_fn_with_state(state.clone(), guard::rate_limit));
    // Subscribed here, not when the task first runs: by then the first `Connected` may be past.
    let (of_sessions, of_places) = (broadcast.subscribe(), broadcast.subscribe());
    let background = async move {
        tokio::join!(sessions.follow(of_sessions), live.follow(of_places), guard::sweep(limits));
    };
    (routes.layer(layers).with_state(state), background)
}
