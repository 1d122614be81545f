//! What the read model learns.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::{
    Payload as _,
    events::{EventCancelled, EventChanged, EventPublished, EventUnpublished},
    joins::{JoinConfirmed, JoinEnded, JoinWaitlisted, PlacesChanged},
};
use platform::{
    Clock,
    bus::{Consumer, Handle, HandleError, HandleMany, Subscription},
    outbox::Message,
};
use sqlx::PgConnection;

use crate::{domain::trend::Counts, store::write};

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
        .on_many::<JoinConfirmed, _>(reader.clone())
        .on_many::<JoinWaitlisted, _>(reader.clone())
        .on_many::<JoinEnded, _>(reader.clone())
        .on_many::<PlacesChanged, _>(reader.clone())
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
    ($($payload:ty: $joined_at:expr;)+) => {$(
        impl HandleMany<$payload> for Reader {
            async fn handle_many(&self, tx: &mut PgConnection, payloads: Vec<$payload>) -> Result<(), HandleError> {
                let mut counts = Counts::default();
                for it in payloads {
                    let joined_at: Option<DateTime<Utc>> = $joined_at(&it);
                    counts.add(it.event_id, it.places, joined_at.map(|at| at.min(self.clock.now())));
                }
                Ok(write::counts(tx, &counts).await?)
            }
        }
    )+};
}
// When somebody joined, whether or not there was room. Who comes up from the line was counted when they joined it.
about_places! {
    JoinConfirmed: |it: &JoinConfirmed| (!it.promoted).then_some(it.decided_at);
    JoinWaitlisted: |it: &JoinWaitlisted| Some(it.decided_at);
    JoinEnded: |_| None;
    PlacesChanged: |_| None;
}
