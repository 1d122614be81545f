//! Which message makes which mail.

use std::sync::Arc;

use contracts::{
    Payload as _,
    auth::{AccountNotice, Notice, PasswordResetRequested, UserChanged, VerificationRequested},
    events::{EventCancelled, EventChanged, EventPublished, EventUnpublished},
    joins::{EndReason, JoinConfirmed, JoinEnded, JoinWaitlisted},
};
use platform::{
    Clock,
    bus::{Consumer, Handle, HandleError, Subscription},
    outbox::Message,
};
use sqlx::PgConnection;

use crate::{
    domain::{Details, Kind, Standing, time_and_place},
    store::{self, Attendance, News, Recipient},
};

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

    fn news<'a>(&self, message: &Message, kind: Kind, details: &'a Details) -> News<'a> {
        News { kind, details, message: message.id, now: self.clock.now() }
    }

    /// Queues a mail about a place. Event and person are told of by other roles: where they are not known yet, the message waits.
    async fn about(&self, tx: &mut PgConnection, it: Attendance, news: &News<'_>) -> Result<(), HandleError> {
        let status = store::event_status(tx, it.event).await?;
        let status = status.ok_or_else(|| HandleError::Retry("the event is not known yet".to_owned()))?;
        // The reason, and the version of the calendar entry, come with the event's own message.
        if news.kind == Kind::EventCancelled && status != "cancelled" {
            return Err(HandleError::Retry("the event is not known to be cancelled yet".to_owned()));
        }
        if !store::queue_about(tx, news, it).await? {
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
    async fn handle(&self, tx: &mut PgConnection, message: &Message, payload: UserChanged) -> Result<(), HandleError> {
        Ok(store::save_recipient(tx, &payload, message.occurred_at).await?)
    }
}

impl Handle<VerificationRequested> for Writer {
    async fn handle(
        &self,
        tx: &mut PgConnection,
        message: &Message,
        payload: VerificationRequested,
    ) -> Result<(), HandleError> {
        let details = Details { token: Some(payload.token), ..Details::default() };
        let to = Recipient {
            user_id: payload.user_id,
            email: &payload.email,
            name: &payload.display_name,
            locale: payload.locale,
        };
        let news = self.news(message, Kind::Verification, &details);
        Ok(store::queue_to(tx, &news, &to, Some(payload.expires_at)).await?)
    }
}

impl Handle<PasswordResetRequested> for Writer {
    async fn handle(
        &self,
        tx: &mut PgConnection,
        message: &Message,
        payload: PasswordResetRequested,
    ) -> Result<(), HandleError> {
        let details = Details { token: Some(payload.token), ..Details::default() };
        let to = Recipient {
            user_id: payload.user_id,
            email: &payload.email,
            name: &payload.display_name,
            locale: payload.locale,
        };
        let news = self.news(message, Kind::PasswordReset, &details);
        Ok(store::queue_to(tx, &news, &to, Some(payload.expires_at)).await?)
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
        Ok(store::queue_to(tx, &self.news(message, kind, &Details::default()), &to, None).await?)
    }
}

macro_rules! just_the_state {
    ($($payload:ty),+) => {$(
        impl Handle<$payload> for Writer {
            async fn handle(&self, tx: &mut PgConnection, message: &Message, it: $payload) -> Result<(), HandleError> {
                Ok(store::save_event(tx, &it.event, message.occurred_at).await?)
            }
        }
    )+};
}
just_the_state!(EventPublished, EventUnpublished);

impl Handle<EventChanged> for Writer {
    async fn handle(&self, tx: &mut PgConnection, message: &Message, payload: EventChanged) -> Result<(), HandleError> {
        store::save_event(tx, &payload.event, message.occurred_at).await?;
        if payload.before.is_some() {
            let after = Some(time_and_place(&payload.event));
            let details = Details { before: payload.before, after, ..Details::default() };
            store::queue_for_all(tx, &self.news(message, Kind::EventChanged, &details), payload.event.id).await?;
        }
        Ok(())
    }
}

/// The notices themselves follow from each join that ends.
impl Handle<EventCancelled> for Writer {
    async fn handle(
        &self,
        tx: &mut PgConnection,
        message: &Message,
        payload: EventCancelled,
    ) -> Result<(), HandleError> {
        store::save_event(tx, &payload.event, message.occurred_at).await?;
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
        let JoinConfirmed { event_id: event, user_id: user, join_id: join, .. } = payload;
        let it = Attendance { event, user, join, standing: Standing::Confirmed };
        if !store::save_attendance(tx, it).await? {
            return Ok(());
        }
        let kind = if payload.promoted { Kind::JoinPromoted } else { Kind::JoinConfirmed };
        let details = Details { party_size: Some(payload.party_size), has_place: Some(true), ..Details::default() };
        self.about(tx, it, &self.news(message, kind, &details)).await
    }
}

impl Handle<JoinWaitlisted> for Writer {
    async fn handle(
        &self,
        tx: &mut PgConnection,
        message: &Message,
        payload: JoinWaitlisted,
    ) -> Result<(), HandleError> {
        let JoinWaitlisted { event_id: event, user_id: user, join_id: join, .. } = payload;
        let it = Attendance { event, user, join, standing: Standing::Waitlisted };
        if !store::save_attendance(tx, it).await? {
            return Ok(());
        }
        let (position, party_size) = (Some(payload.position), Some(payload.party_size));
        let details = Details { position, party_size, has_place: Some(false), ..Details::default() };
        self.about(tx, it, &self.news(message, Kind::JoinWaitlisted, &details)).await
    }
}

impl Handle<JoinEnded> for Writer {
    async fn handle(&self, tx: &mut PgConnection, message: &Message, payload: JoinEnded) -> Result<(), HandleError> {
        let JoinEnded { event_id: event, user_id: user, join_id: join, .. } = payload;
        let it = Attendance { event, user, join, standing: Standing::Ended };
        let is_news = store::save_attendance(tx, it).await?;
        match payload.reason {
            EndReason::EventCancelled if is_news => {
                let details = Details { has_place: Some(payload.was_confirmed), ..Details::default() };
                self.about(tx, it, &self.news(message, Kind::EventCancelled, &details)).await
            }
            _ => Ok(()),
        }
    }
}
