//! Places: who has one, who waits for one. The heart of the product, and its hot path.
//!
//! Purpose: capacity is never exceeded, the line is served strictly in order, a repeated request gets the same answer. Every operation
//! is one transaction that locks the event's row first; [`domain::Event::gates`] stands before every place.
//!
//! Tables: `events` (the part of an event that places depend on, with the counters), `joins`, `idempotency` (answers kept for a day),
//! `people` (display names), `overbookings` (who accepted them), `bans`, `invitations`, `decisions` (what organisers and the clock decided),
//! `scans`, `stewards`, `steward_links`, `ticket_keys` (the door).
//!
//! Messages in: `event.published`, `event.changed`, `event.unpublished`, `event.cancelled`, `auth.user_changed`, and its own
//! `join.places_changed`, to tell the news after the commit. Messages out: `join.confirmed`, `join.waitlisted`, `join.ended`,
//! `join.places_changed`.

mod api;
mod consumers;
mod desk;
mod domain;
mod error;
mod lanes;
mod metrics;
mod store;
mod tickets;

use std::time::Duration;

use axum::extract::FromRef;
use futures::future::BoxFuture;
use platform::{
    db::Schema,
    identity::Verifier,
    role::{Context, Job, Running},
};

pub use api::api;
pub use consumers::SUBSCRIPTIONS;
pub use error::CODES;
pub use store::{Violation, audit};
pub use tickets::Tickets;

use crate::{desk::Desk, lanes::Lanes};

/// This role's part of the database.
pub const SCHEMA: Schema = Schema { name: "joins", migrations: || sqlx::migrate!("./migrations") };

/// What handlers work with.
#[derive(Clone, Debug)]
pub struct State {
    desk: Desk,
    lanes: Lanes,
    verifier: Verifier,
}

impl FromRef<State> for Verifier {
    fn from_ref(state: &State) -> Self {
        state.verifier.clone()
    }
}

/// The role, ready to run, with the key that signs its tickets.
pub fn role(context: Context, tickets: Tickets) -> Running {
    let Context { pool, outbox, clock, verifier, broadcast, config, rush } = context;
    let desk = Desk { pool: pool.clone(), outbox: outbox.clone(), clock, broadcast, tickets };
    metrics::start();
    let lanes = Lanes::open(&desk, &config.joins, rush);
    let consumers = consumers::consumers(&desk);
    let job = |name, every, run: fn(Desk) -> BoxFuture<'static, Result<(), sqlx::Error>>| {
        let desk = desk.clone();
        Job::new(name, every, move || run(desk.clone()))
    };
    let jobs = vec![
        job("joins.look_after", Duration::from_secs(5), |desk| Box::pin(async move { desk.look_after().await })),
        job("joins.tell_open_places", Duration::from_mins(1), |desk| {
            Box::pin(async move { desk.tell_open_places().await })
        }),
        job("joins.ask_to_reconfirm", Duration::from_mins(1), |desk| {
            Box::pin(async move { desk.ask_to_reconfirm().await })
        }),
        job("joins.publish_ticket_key", Duration::from_secs(30), |desk| {
            Box::pin(async move { store::publish_ticket_key(&desk.pool, &desk.tickets, desk.clock.now()).await })
        }),
        job("joins.audit", Duration::from_mins(5), |desk| {
            Box::pin(async move {
                metrics::audited(&audit(&desk.pool).await?);
                Ok(())
            })
        }),
        job("joins.close_books", Duration::from_mins(10), |desk| Box::pin(async move { desk.close_books().await })),
        job("joins.forget_old_answers", Duration::from_hours(1), |desk| {
            Box::pin(async move { desk.forget_old_answers().await })
        }),
    ];
    let state = State { desk, lanes, verifier };
    let router = api().split_for_parts().0.merge(api::internal()).with_state(state);
    Running { name: SCHEMA.name, pool, outbox, router, consumers, jobs }
}
