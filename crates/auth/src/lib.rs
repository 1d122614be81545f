//! Accounts, credentials, sessions, tokens, roles.
//!
//! Owns the schema `auth`: `users`, `credentials`, `sessions`, `refresh_tokens`, `one_time_tokens`, `known_networks`, `throttle`,
//! `public_keys`. Tells the others of accounts and mails to be sent ([`contracts::auth`]); reads no messages. Internally it resolves a
//! browser's cookie into an access token, and says whether a sign-in still lives. Whoever writes several of these tables locks the row
//! in `users` first. Deleting that row deletes all there is of an account; `auth.user_deleted` makes the others do the same.

pub mod admin;
pub mod keys;

mod api;
mod domain;
mod error;
mod hashing;
mod internal;
mod metrics;
mod proof;
mod sessions;
mod store;
mod throttle;

pub use error::CODES;

use std::{sync::Arc, time::Duration};

use axum::extract::FromRef;
use contracts::SessionId;
use platform::{
    bus::Subscription,
    db::Schema,
    gather::Gather,
    identity::Verifier,
    role::{Context, Job, Running},
};
use utoipa_axum::router::OpenApiRouter;

use crate::{hashing::Hasher, keys::Signer, store::sessions::LiveSession, throttle::Throttle};

/// This role's part of the database.
pub const SCHEMA: Schema = Schema { name: "auth", migrations: || sqlx::migrate!("./migrations") };

/// Reads no messages.
pub const SUBSCRIPTIONS: &[Subscription] = &[];

/// Shared by all handlers.
#[derive(Clone)]
pub struct State {
    context: Context,
    signer: Arc<Signer>,
    hasher: Hasher,
    throttle: Throttle,
    published: keys::Published,
    /// Browsers' sign-ins by the fingerprint of the cookie. The door asks about each request of somebody it does not remember: at a drop,
    /// thousands within a second.
    cookies: Gather<Vec<u8>, LiveSession>,
    /// Whether sign-ins live.
    live: Gather<SessionId, bool>,
}

impl FromRef<State> for Verifier {
    fn from_ref(state: &State) -> Self {
        state.context.verifier.clone()
    }
}

/// Public operations.
pub fn api() -> OpenApiRouter<State> {
    api::router()
}

/// The role, with the key that signs its access tokens.
pub fn role(context: Context, signer: Signer) -> Running {
    metrics::start();
    let signer = Arc::new(signer);
    let published = keys::Published::new(&context, signer.clone());
    let state = State {
        hasher: Hasher::new(context.config.auth.hashing_slots),
        throttle: Throttle::new(context.pool.clone(), context.clock.clone()),
        published: published.clone(),
        cookies: Gather::default(),
        live: Gather::default(),
        signer,
        context: context.clone(),
    };
    let (public, _) = api().split_for_parts();
    let (pool, outbox, clock) = (context.pool.clone(), context.outbox.clone(), context.clock.clone());
    let clean = Job::new("clean-up", Duration::from_mins(10), move || {
        let (pool, outbox, now) = (pool.clone(), outbox.clone(), clock.now());
        async move { store::clean_up(&pool, &outbox, now).await }
    });
    let refresh = Job::new("keys", Duration::from_secs(30), move || {
        let published = published.clone();
        async move { published.refresh().await }
    });
    Running {
        name: SCHEMA.name,
        pool: context.pool,
        outbox: context.outbox,
        router: public.merge(internal::router()).with_state(state),
        consumers: Vec::new(),
        jobs: vec![clean, refresh],
    }
}
