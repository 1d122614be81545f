//! What the read model learns.

use std::sync::Arc;

use contracts::{
    Payload as _,
    events::{EventCancelled, EventChanged, EventPublished, EventUnpublished},
    joins::{JoinConfirmed, JoinEnded, JoinWaitlisted, PlacesChanged},
};
use platform::{
    Clock,
    bus::{Consumer, Handle, HandleError, Subscription},
    outbox::Message,
};
use sqlx::PgConnection;

use crate::store::write;

/// Everything about events and their places.
pub const SUBSCRIPTIONS: &[Subscription] = &[Subscription {
    consumer: "feed",
    kinds: &[
        (EventPublished::KIND, EventPublished::VERSION),
        (EventChanged::KIND, EventChanged::VERSION),
        (EventUnpublished::KIND, EventUnpublished::VERSION),
        (EventCancelled::KIND, EventCancelled::VERSION),
        (JoinConfirmed::KIND, JoinConfirmed::VERSION),
        (JoinWaitlisted::KIND, JoinWaitlisted::VERSION),
        (JoinEnded::KIND, JoinEnded::VERSION),
        (PlacesChanged::KIND, PlacesChanged::VERSION),
    ],
}];

/// Applies messages to the read model.
#[derive(Debug)]
pub struct Reader {
    clock: Clock,
}

impl Reader {
    pub fn new(clock: Clock) -> Self {
        Self { clock }
    }
}

/// Adds every effect.
pub fn subscribe(consumer: Consumer, reader: &Arc<Reader>) -> Consumer {
    consumer
        .on::<EventPublished, _>(reader.clone())
        .on::<EventChanged, _>(reader.clone())
        .on::<EventUnpublished, _>(reader.clone())
        .on::<EventCancelled, _>(reader.clone())
        .on::<JoinConfirmed, _>(reader.clone())
        .on::<JoinWaitlisted, _>(reader.clone())
        .on::<JoinEnded, _>(reader.clone())
        .on::<PlacesChanged, _>(reader.clone())
}

macro_rules! about_an_event {
    ($($payload:ty),+) => {$(
        impl Handle<$payload> for Reader {
            async fn handle(&self, tx: &mut PgConnection, _: &Message, payload: $payload) -> Result<(), HandleError> {
                Ok(write::event(tx, &payload.event).await?)
            }
        }
    )+};
}
about_an_event!(EventPublished, EventChanged, EventUnpublished, EventCancelled);

macro_rules! about_places {
    ($($payload:ty),+) => {$(
        impl Handle<$payload> for Reader {
            async fn handle(&self, tx: &mut PgConnection, _: &Message, payload: $payload) -> Result<(), HandleError> {
                Ok(write::places(tx, payload.event_id, payload.places).await?)
            }
        }
    )+};
}
about_places!(JoinEnded, PlacesChanged);

impl Handle<JoinWaitlisted> for Reader {
    /// Somebody wanted to come, whether or not there was room.
    async fn handle(&self, tx: &mut PgConnection, _: &Message, join: JoinWaitlisted) -> Result<(), HandleError> {
        Ok(write::join(tx, join.event_id, join.places, join.decided_at.min(self.clock.now())).await?)
    }
}

impl Handle<JoinConfirmed> for Reader {
    /// As above; who comes up from the line was counted when they joined it.
    async fn handle(&self, tx: &mut PgConnection, _: &Message, join: JoinConfirmed) -> Result<(), HandleError> {
        if join.promoted {
            return Ok(write::places(tx, join.event_id, join.places).await?);
        }
        Ok(write::join(tx, join.event_id, join.places, join.decided_at.min(self.clock.now())).await?)
    }
}
