//! Which message makes which mail.

use std::sync::Arc;

use contracts::{
    EventId, Payload as _, UserId,
    auth::{AccountNotice, Notice, PasswordResetRequested, UserChanged, VerificationRequested},
    events::{EventCancelled, EventChanged, EventPublished, EventUnpublished},
    joins::{EndReason, JoinConfirmed, JoinEnded, JoinWaitlisted},
};
use platform::{
    Clock,
    bus::{Consumer, Handle, HandleError, Subscription},
    outbox::Message,
};
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::store::{self, Kind, Recipient};

/// Accounts, events, places.
pub const SUBSCRIPTIONS: &[Subscription] = &[Subscription {
    consumer: "notify",
    kinds: &[
        (UserChanged::KIND, UserChanged::VERSION),
        (VerificationRequested::KIND, VerificationRequested::VERSION),
        (PasswordResetRequested::KIND, PasswordResetRequested::VERSION),
        (AccountNotice::KIND, AccountNotice::VERSION),
        (EventPublished::KIND, EventPublished::VERSION),
        (EventChanged::KIND, EventChanged::VERSION),
        (EventUnpublished::KIND, EventUnpublished::VERSION),
        (EventCancelled::KIND, EventCancelled::VERSION),
        (JoinConfirmed::KIND, JoinConfirmed::VERSION),
        (JoinWaitlisted::KIND, JoinWaitlisted::VERSION),
        (JoinEnded::KIND, JoinEnded::VERSION),
    ],
}];

/// Queues mails.
#[derive(Debug)]
pub struct Writer {
    clock: Clock,
}

impl Writer {
    pub fn new(clock: Clock) -> Self {
        Self { clock }
    }

    /// Queues a mail about a place. Event and person are told of by other roles: where they are not known yet, the message waits.
    async fn about(
        &self,
        tx: &mut PgConnection,
        message: &Message,
        kind: Kind,
        (event, user): (EventId, UserId),
        data: Value,
    ) -> Result<(), HandleError> {
        if !store::knows_event(tx, event).await? {
            return Err(HandleError::Retry("the event is not known yet".to_owned()));
        }
        if !store::queue_about(tx, kind, (event, user), &data, message.id, self.clock.now()).await? {
            return Err(HandleError::Retry("the person is not known yet".to_owned()));
        }
        Ok(())
    }
}

/// Adds every effect.
pub fn subscribe(consumer: Consumer, writer: &Arc<Writer>) -> Consumer {
    consumer
        .on::<UserChanged, _>(writer.clone())
        .on::<VerificationRequested, _>(writer.clone())
        .on::<PasswordResetRequested, _>(writer.clone())
        .on::<AccountNotice, _>(writer.clone())
        .on::<EventPublished, _>(writer.clone())
        .on::<EventChanged, _>(writer.clone())
        .on::<EventUnpublished, _>(writer.clone())
        .on::<EventCancelled, _>(writer.clone())
        .on::<JoinConfirmed, _>(writer.clone())
        .on::<JoinWaitlisted, _>(writer.clone())
        .on::<JoinEnded, _>(writer.clone())
}

impl Handle<UserChanged> for Writer {
    async fn handle(&self, tx: &mut PgConnection, _: &Message, payload: UserChanged) -> Result<(), HandleError> {
        Ok(store::save_recipient(tx, &payload).await?)
    }
}

impl Handle<VerificationRequested> for Writer {
    async fn handle(
        &self,
        tx: &mut PgConnection,
        message: &Message,
        payload: VerificationRequested,
    ) -> Result<(), HandleError> {
        let data = json!({ "token": payload.token.0 });
        let to = Recipient {
            user_id: payload.user_id,
            email: &payload.email,
            name: &payload.display_name,
            locale: payload.locale,
        };
        Ok(store::queue_to(tx, Kind::Verification, &to, &data, message.id, self.clock.now()).await?)
    }
}

impl Handle<PasswordResetRequested> for Writer {
    async fn handle(
        &self,
        tx: &mut PgConnection,
        message: &Message,
        payload: PasswordResetRequested,
    ) -> Result<(), HandleError> {
        let data = json!({ "token": payload.token.0 });
        let to = Recipient {
            user_id: payload.user_id,
            email: &payload.email,
            name: &payload.display_name,
            locale: payload.locale,
        };
        Ok(store::queue_to(tx, Kind::PasswordReset, &to, &data, message.id, self.clock.now()).await?)
    }
}

impl Handle<AccountNotice> for Writer {
    async fn handle(
        &self,
        tx: &mut PgConnection,
        message: &Message,
        payload: AccountNotice,
    ) -> Result<(), HandleError> {
        let kind = match payload.notice {
            Notice::PasswordChanged => Kind::PasswordChanged,
            Notice::RegistrationAttempted => Kind::RegistrationAttempted,
        };
        let to = Recipient {
            user_id: payload.user_id,
            email: &payload.email,
            name: &payload.display_name,
            locale: payload.locale,
        };
        Ok(store::queue_to(tx, kind, &to, &json!({}), message.id, self.clock.now()).await?)
    }
}

macro_rules! just_the_state {
    ($($payload:ty),+) => {$(
        impl Handle<$payload> for Writer {
            async fn handle(&self, tx: &mut PgConnection, _: &Message, payload: $payload) -> Result<(), HandleError> {
                Ok(store::save_event(tx, &payload.event).await?)
            }
        }
    )+};
}
just_the_state!(EventPublished, EventUnpublished);

impl Handle<EventChanged> for Writer {
    async fn handle(&self, tx: &mut PgConnection, message: &Message, payload: EventChanged) -> Result<(), HandleError> {
        store::save_event(tx, &payload.event).await?;
        if let Some(before) = payload.before {
            let data = json!({ "before": before });
            let id = payload.event.id;
            store::queue_for_all(tx, Kind::EventChanged, id, &data, message.id, self.clock.now()).await?;
        }
        Ok(())
    }
}

/// The notices themselves follow from each join that ends.
impl Handle<EventCancelled> for Writer {
    async fn handle(&self, tx: &mut PgConnection, _: &Message, payload: EventCancelled) -> Result<(), HandleError> {
        store::save_event(tx, &payload.event).await?;
        Ok(store::save_cancel_reason(tx, payload.event.id, payload.reason.as_deref()).await?)
    }
}

impl Handle<JoinConfirmed> for Writer {
    async fn handle(
        &self,
        tx: &mut PgConnection,
        message: &Message,
        payload: JoinConfirmed,
    ) -> Result<(), HandleError> {
        let kind = if payload.promoted { Kind::JoinPromoted } else { Kind::JoinConfirmed };
        store::save_attendance(tx, payload.event_id, payload.user_id, Some("confirmed")).await?;
        let data = json!({ "party_size": payload.party_size });
        self.about(tx, message, kind, (payload.event_id, payload.user_id), data).await
    }
}

impl Handle<JoinWaitlisted> for Writer {
    async fn handle(
        &self,
        tx: &mut PgConnection,
        message: &Message,
        payload: JoinWaitlisted,
    ) -> Result<(), HandleError> {
        store::save_attendance(tx, payload.event_id, payload.user_id, Some("waitlisted")).await?;
        let data = json!({ "position": payload.position, "party_size": payload.party_size });
        self.about(tx, message, Kind::JoinWaitlisted, (payload.event_id, payload.user_id), data).await
    }
}

impl Handle<JoinEnded> for Writer {
    async fn handle(&self, tx: &mut PgConnection, message: &Message, payload: JoinEnded) -> Result<(), HandleError> {
        store::save_attendance(tx, payload.event_id, payload.user_id, None).await?;
        match payload.reason {
            EndReason::Left => Ok(()),
            EndReason::EventCancelled => {
                let data = json!({ "was_confirmed": payload.was_confirmed });
                self.about(tx, message, Kind::EventCancelled, (payload.event_id, payload.user_id), data).await
            }
        }
    }
}
