//! What messages do here.

use std::sync::Arc;

use contracts::{
    Payload,
    auth::{UserChanged, UserDeleted},
};
use platform::{
    Clock,
    bus::{Consumer, Handle, HandleError, Subscription},
    outbox::{Message, Outbox},
};
use sqlx::{PgConnection, PgPool};

use crate::store;

const MAIN: Subscription = Subscription {
    consumer: "events",
    kinds: &[(UserChanged::KIND, UserChanged::VERSION), (UserDeleted::KIND, UserDeleted::VERSION)],
};

/// Who reads what.
pub const SUBSCRIPTIONS: &[Subscription] = &[MAIN];

/// The readers.
pub fn consumers(pool: &PgPool, outbox: &Outbox, clock: &Clock) -> Vec<Consumer> {
    let reader = Arc::new(Reader { outbox: outbox.clone(), clock: clock.clone() });
    vec![
        Consumer::new(MAIN, pool.clone(), outbox.clone())
            .on::<UserChanged, _>(reader.clone())
            .on::<UserDeleted, _>(reader),
    ]
}

struct Reader {
    outbox: Outbox,
    clock: Clock,
}

impl Handle<UserChanged> for Reader {
    /// Their events show what they are called now.
    async fn handle(&self, tx: &mut PgConnection, _: &Message, it: UserChanged) -> Result<(), HandleError> {
        let now = self.clock.now();
        for mut event in store::lock_misnamed(tx, it.user_id, &it.display_name).await? {
            let step = event.rename_organiser(it.display_name.clone(), now);
            store::update(tx, &event).await?;
            store::record(tx, &self.outbox, event.id, it.user_id, now, &step).await?;
        }
        Ok(())
    }
}

impl Handle<UserDeleted> for Reader {
    /// What others know of is called off, or stays without the name; what they never saw goes.
    async fn handle(&self, tx: &mut PgConnection, _: &Message, it: UserDeleted) -> Result<(), HandleError> {
        let now = self.clock.now();
        for mut event in store::lock_of_organiser(tx, it.user_id).await? {
            let Some(steps) = event.lose_organiser(now) else {
                store::remove(tx, event.id).await?;
                continue;
            };
            store::update(tx, &event).await?;
            for step in &steps {
                store::record(tx, &self.outbox, event.id, it.user_id, now, step).await?;
            }
        }
        Ok(())
    }
}
