//! The read side: lists, search, trending. A read model of its own, fed by nothing but messages.
//!
//! Owns the schema `feed`: `events`, `places`, `words`, `heard`. Reads `event.*` and `join.*` ([`consumers`]); says nothing. Searching stems by
//! the event's language and folds accents ([`domain::question`]), ranks in steps ([`store::list`]), and corrects words that nothing
//! contains ([`domain::typos`]). What trends is [`domain::trend`]'s.
//!
//! `soonest` is by start, plainly: what began weeks ago and still goes on comes first. So that exhibitions do not bury tonight, callers
//! who show days ask with `running=false` and have a second list, `running=true`, for what is on now; so does the web app.

mod api;
mod consumers;
mod domain;
mod error;
mod internal;
mod metrics;
mod store;

pub use consumers::SUBSCRIPTIONS;
pub use error::CODES;

use std::{sync::Arc, time::Duration};

use axum::extract::FromRef;
use platform::{
    Clock,
    bus::Consumer,
    db::Schema,
    identity::Verifier,
    role::{Context, Job, Running},
};
use sqlx::PgPool;
use utoipa_axum::router::OpenApiRouter;

/// This role's part of the database.
pub const SCHEMA: Schema = Schema { name: "feed", migrations: || sqlx::migrate!("./migrations") };

/// How long new words lie where a search has to read them all: while files are imported, some ten thousand of them come in a second.
const GATHER_EVERY: Duration = Duration::from_secs(1);

/// Shared by all handlers.
#[derive(Clone, Debug)]
pub struct State {
    pool: PgPool,
    clock: Clock,
    verifier: Verifier,
}

impl FromRef<State> for Verifier {
    fn from_ref(state: &State) -> Self {
        state.verifier.clone()
    }
}

/// Public operations.
pub fn api() -> OpenApiRouter<State> {
    api::router()
}

/// The role.
pub fn role(context: Context) -> Running {
    metrics::start();
    let state = State { pool: context.pool.clone(), clock: context.clock, verifier: context.verifier };
    let (public, _) = api().split_for_parts();
    let reader = Arc::new(consumers::Reader::new(state.clock.clone()));
    let (pool, clock) = (context.pool.clone(), state.clock.clone());
    let clean = Job::new("clean-up", Duration::from_mins(10), move || {
        let (pool, now) = (pool.clone(), clock.now());
        async move { store::clean_up(&pool, now).await }
    });
    let pool = context.pool.clone();
    let gather = Job::new("gather-words", GATHER_EVERY, move || {
        let pool = pool.clone();
        async move { store::gather(&pool).await }
    });
    Running {
        name: SCHEMA.name,
        router: public.merge(internal::router()).with_state(state),
        consumers: vec![consumers::subscribe(
            Consumer::new(SUBSCRIPTIONS[0], context.pool.clone(), context.outbox.clone()),
            &reader,
        )],
        jobs: vec![gather, clean],
        pool: context.pool,
        outbox: context.outbox,
    }
}
