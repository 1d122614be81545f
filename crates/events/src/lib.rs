//! An event's life: draft, published, cancelled; its venue, time, capacity and text.
//!
//! Purpose: what an organiser enters is checked once, as it is read ([`request`]), and changes only by the steps of [`domain`]. What is
//! meant is the wall time at the venue; instants are derived from it. Events of other publishers come in through [`import`] and
//! [`upsert_imported`].
//!
//! Tables: `events`, and `history` with one row for each version of each event.
//!
//! Messages in: `auth.user_changed` (what organisers are called), `auth.user_deleted` (their events are called off). Messages out:
//! `event.published`, `event.changed`, `event.unpublished`, `event.cancelled`; each carries the whole event, and only what is public, or
//! was, is told.

mod api;
mod audit;
mod consumers;
mod domain;
mod error;
pub mod import;
mod markdown;
mod request;
mod store;
mod store_import;
mod view;

use axum::extract::FromRef;
use platform::{
    Clock,
    db::Schema,
    identity::Verifier,
    outbox::Outbox,
    role::{Context, Running},
};
use sqlx::PgPool;

pub use api::api;
pub use audit::{Violation, audit};
pub use consumers::SUBSCRIPTIONS;
pub use error::CODES;
pub use store_import::{IMPORTER, Outcome, upsert_imported};

/// This role's part of the database.
pub const SCHEMA: Schema = Schema { name: "events", migrations: || sqlx::migrate!("./migrations") };

/// What handlers work with.
#[derive(Clone, Debug)]
pub struct State {
    pool: PgPool,
    outbox: Outbox,
    clock: Clock,
    verifier: Verifier,
    renderer: markdown::Renderer,
}

impl FromRef<State> for Verifier {
    fn from_ref(state: &State) -> Self {
        state.verifier.clone()
    }
}

/// The role, ready to run.
pub fn role(context: Context) -> Running {
    let Context { pool, outbox, clock, verifier, .. } = context;
    let consumers = consumers::consumers(&pool, &outbox, &clock);
    let (public, _) = api().split_for_parts();
    let state =
        State { pool: pool.clone(), outbox: outbox.clone(), clock, verifier, renderer: markdown::Renderer::default() };
    Running {
        name: SCHEMA.name,
        pool,
        outbox,
        router: public.merge(api::internal()).with_state(state),
        consumers,
        jobs: Vec::new(),
    }
}
