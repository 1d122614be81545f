//! Mail, from messages.
//!
//! Owns the schema `notify`: `recipients`, `events`, `attendances`, `mails`, `forgotten`. Reads `auth.*`, `event.*` and `join.*`
//! ([`consumers`]); says nothing. A message makes a row in `mails`, in the transaction of its inbox; the [`sender`] renders and sends what
//! is queued. The calendar entry of an event is made here, too, once for mails and for download, and the picture of a [`ticket`].

mod api;
mod calendar;
mod consumers;
mod domain;
mod error;
mod mailbox;
mod message;
mod metrics;
mod render;
mod sender;
mod store;
mod ticket;
mod transport;
mod trial;
mod words;

pub use consumers::SUBSCRIPTIONS;
pub use error::CODES;
pub use store::{FailedMail, failed_mails, retry_failed};
pub use trial::try_mail;

use std::{sync::Arc, time::Duration};

use lettre::message::Mailbox;
use platform::{
    bus::Consumer,
    db::Schema,
    role::{Context, Job, Running},
};
use sqlx::PgPool;
use utoipa_axum::router::OpenApiRouter;

/// This role's part of the database.
pub const SCHEMA: Schema = Schema { name: "notify", migrations: || sqlx::migrate!("./migrations") };

/// Shared by all handlers.
#[derive(Clone, Debug)]
pub struct State {
    pool: PgPool,
    mail_dir: Arc<std::path::Path>,
    links: Arc<str>,
    /// The address that mails come from; empty if the setting is none.
    sender: Arc<str>,
}

/// Public operations.
pub fn api() -> OpenApiRouter<State> {
    api::router()
}

/// The role. Where the settings do not allow to send, mails wait, and the log says why.
pub fn role(context: Context) -> Running {
    let config = &context.config;
    let state = State {
        pool: context.pool.clone(),
        mail_dir: config.data_dir.join("mail").into(),
        links: config.http.public_url.as_str().trim_end_matches('/').into(),
        sender: config.mail.from.parse::<Mailbox>().map(|from| from.email.to_string()).unwrap_or_default().into(),
    };
    let writer = Arc::new(consumers::Writer::new(context.clock.clone(), context.rush.clone()));
    let sender = sender::Sender::new(&context, state.mail_dir.clone(), state.links.clone());
    let send = Job::new("send", Duration::from_millis(500), move || {
        let sender = sender.clone();
        async move { sender.drain().await }
    });
    let (pool, clock) = (context.pool.clone(), context.clock.clone());
    let clean = Job::new("clean-up", Duration::from_mins(30), move || {
        let (pool, now) = (pool.clone(), clock.now());
        async move { store::clean_up(&pool, now).await }
    });
    let (pool, clock) = (context.pool.clone(), context.clock.clone());
    metrics::start();
    let count = Job::new("count", Duration::from_secs(5), move || {
        let (pool, now) = (pool.clone(), clock.now());
        async move { metrics::count(&pool, now).await }
    });
    let consumer = Consumer::new(SUBSCRIPTIONS[0], context.pool.clone(), context.outbox.clone());
    Running {
        name: SCHEMA.name,
        router: api().split_for_parts().0.merge(mailbox::router()).with_state(state),
        consumers: vec![consumers::subscribe(consumer, &writer)],
        jobs: vec![send, clean, count],
        pool: context.pool,
        outbox: context.outbox,
    }
}
