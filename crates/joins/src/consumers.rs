//! What messages do here.

use std::sync::Arc;

use contracts::{
    Payload,
    auth::{UserChanged, UserDeleted},
    events::{EventCancelled, EventChanged, EventPublished, EventUnpublished},
    joins::{PlacePreferred, PlacesChanged},
};
use platform::{
    bus::{Consumer, Handle, HandleError, Subscription},
    outbox::Message,
};
use sqlx::PgConnection;

use crate::{desk::Desk, store};

const fn kind<P: Payload>() -> (&'static str, i16) {
    (P::KIND, P::VERSION)
}

/// Events, as their role tells of them.
const EVENTS: Subscription = Subscription {
    consumer: "joins",
    kinds: &[kind::<EventPublished>(), kind::<EventChanged>(), kind::<EventUnpublished>(), kind::<EventCancelled>()],
};

/// People, in a queue of their own: when thousands register at once, a new event must not wait behind their names.
const PEOPLE: Subscription = Subscription {
    consumer: "joins.people",
    kinds: &[kind::<UserChanged>(), kind::<UserDeleted>(), kind::<PlacePreferred>()],
};

/// This role's own message, once it has committed: a consumer cannot tell news itself, since it does not see its own commit.
const LIVE: Subscription = Subscription { consumer: "joins.live", kinds: &[kind::<PlacesChanged>()] };

/// Who reads what.
pub const SUBSCRIPTIONS: &[Subscription] = &[EVENTS, PEOPLE, LIVE];

/// The readers.
pub fn consumers(desk: &Desk) -> Vec<Consumer> {
    let reader = Arc::new(Reader(desk.clone()));
    let new = |subscription| Consumer::new(subscription, desk.pool.clone(), desk.outbox.clone());
    vec![
        new(EVENTS)
            .one_at_a_time() // a batch of people's requests locks its events in the order of their ids
            .on::<EventPublished, _>(reader.clone())
            .on::<EventChanged, _>(reader.clone())
            .on::<EventUnpublished, _>(reader.clone())
            .on::<EventCancelled, _>(reader.clone()),
        new(PEOPLE)
            .one_at_a_time() // a deleted account locks its events in the order of their ids
            .on::<UserChanged, _>(reader.clone())
            .on::<UserDeleted, _>(reader.clone())
            .on::<PlacePreferred, _>(reader.clone()),
        new(LIVE).on::<PlacesChanged, _>(reader),
    ]
}

struct Reader(Desk);

impl Handle<EventPublished> for Reader {
    async fn handle(&self, tx: &mut PgConnection, _: &Message, it: EventPublished) -> Result<(), HandleError> {
        Ok(self.0.apply(tx, &it.event, None, false).await?)
    }
}

impl Handle<EventChanged> for Reader {
    async fn handle(&self, tx: &mut PgConnection, _: &Message, it: EventChanged) -> Result<(), HandleError> {
        Ok(self.0.apply(tx, &it.event, it.before.as_ref(), it.overbooking_accepted).await?)
    }
}

impl Handle<EventUnpublished> for Reader {
    async fn handle(&self, tx: &mut PgConnection, _: &Message, it: EventUnpublished) -> Result<(), HandleError> {
        Ok(self.0.apply(tx, &it.event, None, false).await?)
    }
}

impl Handle<EventCancelled> for Reader {
    async fn handle(&self, tx: &mut PgConnection, _: &Message, it: EventCancelled) -> Result<(), HandleError> {
        Ok(self.0.apply(tx, &it.event, None, false).await?)
    }
}

impl Handle<UserChanged> for Reader {
    async fn handle(&self, tx: &mut PgConnection, message: &Message, it: UserChanged) -> Result<(), HandleError> {
        Ok(store::save_person(tx, it.user_id, &it.display_name, message.occurred_at).await?)
    }
}

impl Handle<UserDeleted> for Reader {
    async fn handle(&self, tx: &mut PgConnection, _: &Message, it: UserDeleted) -> Result<(), HandleError> {
        Ok(self.0.forget_person(tx, it.user_id).await?)
    }
}

impl Handle<PlacePreferred> for Reader {
    async fn handle(&self, tx: &mut PgConnection, _: &Message, it: PlacePreferred) -> Result<(), HandleError> {
        Ok(self.0.leave_other_lines(tx, it.event_id, it.user_id).await?)
    }
}

impl Handle<PlacesChanged> for Reader {
    async fn handle(&self, tx: &mut PgConnection, _: &Message, it: PlacesChanged) -> Result<(), HandleError> {
        // What the message says may be history by now.
        if let Some(event) = store::event(tx, it.event_id).await? {
            self.0.tell(&event);
        }
        Ok(())
    }
}
