use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc};

use contracts::Payload;
use sqlx::{PgConnection, PgPool};

use super::Subscription;
use crate::outbox::{Message, Outbox};

/// Why a message was not handled.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// May go well later: something it needs is not there yet, or the database is away.
    #[error("{0}")]
    Retry(String),
    /// Will never go well: park it at once.
    #[error("{0}")]
    Park(String),
    /// The database refused or was away; tried again.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl HandleError {
    /// Which kind of failure it is, without what may be in its text.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Retry(_) => "retry",
            Self::Park(_) => "park",
            Self::Database(_) => "database",
        }
    }
}

/// The effect of one kind of message. It happens within `tx`, together with the inbox row, and nowhere else: when a neighbour in the batch
/// fails, `tx` is rolled back and the message handled again.
pub trait Handle<P: Payload>: Send + Sync + 'static {
    /// Applies the message. Messages of one aggregate come in order; others in any.
    fn handle(
        &self,
        tx: &mut PgConnection,
        message: &Message,
        payload: P,
    ) -> impl Future<Output = Result<(), HandleError>> + Send;
}

/// The effect of messages of one kind that follow directly on each other, where one statement can do for all of them. Otherwise as
/// [`Handle`].
pub trait HandleMany<P: Payload>: Send + Sync + 'static {
    /// Applies the messages, which are in order.
    fn handle_many(
        &self,
        tx: &mut PgConnection,
        payloads: Vec<P>,
    ) -> impl Future<Output = Result<(), HandleError>> + Send;
}

type Boxed<'a> = Pin<Box<dyn Future<Output = Result<(), HandleError>> + Send + 'a>>;

type Each = dyn for<'a> Fn(&'a mut PgConnection, &'a Message) -> Boxed<'a> + Send + Sync;
type Many = dyn for<'a> Fn(&'a mut PgConnection, &'a [&'a Message]) -> Boxed<'a> + Send + Sync;

#[derive(Clone)]
enum Route {
    Each(Arc<Each>),
    Many(Arc<Many>),
}

/// A named reader of messages, with the pool of the role whose tables its effects are in.
#[derive(Clone)]
pub struct Consumer {
    pub(crate) subscription: Subscription,
    pub(crate) pool: PgPool,
    /// Woken after each commit, since effects may publish messages themselves.
    pub(crate) outbox: Outbox,
    /// Messages whose effects share a transaction.
    pub(crate) at_a_time: usize,
    routes: HashMap<(&'static str, i16), Route>,
}

impl Consumer {
    /// A consumer without effects yet; add one for each of the subscription's kinds with [`on`](Self::on).
    pub fn new(subscription: Subscription, pool: PgPool, outbox: Outbox) -> Self {
        Self { subscription, pool, outbox, at_a_time: usize::MAX, routes: HashMap::new() }
    }

    /// Each message has a transaction of its own. For effects that lock rows which others lock in another order: whoever holds one
    /// lock at a time is part of no deadlock.
    #[must_use]
    pub fn one_at_a_time(self) -> Self {
        Self { at_a_time: 1, ..self }
    }

    /// Adds the effect of one kind.
    ///
    /// # Panics
    /// If the subscription does not name the kind: it would never arrive.
    #[must_use]
    pub fn on<P: Payload, H: Handle<P>>(self, handler: Arc<H>) -> Self {
        self.route::<P>(Route::Each(Arc::new(move |tx, message| {
            let handler = handler.clone();
            Box::pin(async move { handler.handle(tx, message, payload(message)?).await })
        })))
    }

    /// Adds the effect of one kind, for several messages at a time.
    ///
    /// # Panics
    /// As [`on`](Self::on).
    #[must_use]
    pub fn on_many<P: Payload, H: HandleMany<P>>(self, handler: Arc<H>) -> Self {
        self.route::<P>(Route::Many(Arc::new(move |tx, messages| {
            let handler = handler.clone();
            Box::pin(async move {
                let payloads = messages.iter().map(|it| payload(it)).collect::<Result<_, _>>()?;
                handler.handle_many(tx, payloads).await
            })
        })))
    }

    fn route<P: Payload>(mut self, route: Route) -> Self {
        assert!(
            self.subscription.kinds.contains(&(P::KIND, P::VERSION)),
            "{} does not subscribe to {} v{}",
            self.subscription.consumer,
            P::KIND,
            P::VERSION
        );
        self.routes.insert((P::KIND, P::VERSION), route);
        self
    }

    /// What it reads.
    pub fn subscription(&self) -> Subscription {
        self.subscription
    }

    /// The pool of the role whose tables its effects are in.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Name of the consumer.
    pub fn name(&self) -> &'static str {
        self.subscription.consumer
    }

    /// Kinds that the subscription names and that have no effect: a mistake, found at start.
    pub fn unhandled(&self) -> Vec<(&'static str, i16)> {
        self.subscription.kinds.iter().copied().filter(|kind| !self.routes.contains_key(kind)).collect()
    }

    /// The messages in parts, each for one call of [`handle`](Self::handle).
    pub(crate) fn parts<'a>(&self, messages: &'a [&'a Message]) -> impl Iterator<Item = &'a [&'a Message]> {
        messages.chunk_by(|a, b| {
            a.kind == b.kind && a.version == b.version && matches!(self.route_of(a), Some(Route::Many(_)))
        })
    }

    /// Applies messages of one kind; more than one only if they are one of the [`parts`](Self::parts).
    pub(crate) async fn handle(&self, tx: &mut PgConnection, messages: &[&Message]) -> Result<(), HandleError> {
        for message in messages {
            match self.route_of(message) {
                Some(Route::Each(route)) => route(tx, message).await?,
                Some(Route::Many(route)) => return route(tx, messages).await,
                None => {
                    let (kind, version) = (&message.kind, message.version);
                    return Err(HandleError::Park(format!("no handler for {kind} v{version}")));
                }
            }
        }
        Ok(())
    }

    fn route_of(&self, message: &Message) -> Option<&Route> {
        self.routes.iter().find_map(|((kind, version), route)| {
            (*kind == message.kind && *version == message.version).then_some(route)
        })
    }
}

fn payload<P: Payload>(message: &Message) -> Result<P, HandleError> {
    serde_json::from_value(message.payload.0.clone())
        .map_err(|error| HandleError::Park(format!("unreadable payload: {error}")))
}
