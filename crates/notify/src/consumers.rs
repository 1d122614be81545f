//! Which message makes which mail.

use std::sync::Arc;

use chrono::TimeDelta;
use contracts::{
    EventId, Payload as _,
    auth::{
        AccountNotice, Notice, PasswordResetRequested, QuickJoinRequested, UserChanged, UserDeleted,
        VerificationRequested,
    },
    events::{EventCancelled, EventChanged, EventPublished, EventUnpublished},
    joins::{
        JoinConfirmed, JoinEnded, JoinOffered, JoinRequested, JoinWaitlisted, MessageToParticipants, PlacesOpen,
        ReconfirmationAsked,
    },
};
use platform::{
    Clock,
    bus::{Consumer, Handle, HandleError, Subscription},
    outbox::Message,
    role::Rush,
};
use sqlx::PgConnection;

use crate::{
    domain::{Details, Kind, Standing, Ticket, is_address_public, shows_without_address, time_and_place},
    store::{self, Attendance, News, Queued, Recipient},
};

/// Accounts, events, places.
pub const SUBSCRIPTIONS: &[Subscription] = &[Subscription {
    consumer: "notify",
    kinds: &[
        (UserChanged::KIND, UserChanged::VERSION),
        (UserDeleted::KIND, UserDeleted::VERSION),
        (QuickJoinRequested::KIND, QuickJoinRequested::VERSION),
        (VerificationRequested::KIND, VerificationRequested::VERSION),
        (PasswordResetRequested::KIND, PasswordResetRequested::VERSION),
        (AccountNotice::KIND, AccountNotice::VERSION),
        (EventPublished::KIND, EventPublished::VERSION),
        (EventChanged::KIND, EventChanged::VERSION),
        (EventUnpublished::KIND, EventUnpublished::VERSION),
        (EventCancelled::KIND, EventCancelled::VERSION),
        (JoinConfirmed::KIND, JoinConfirmed::VERSION),
        (JoinWaitlisted::KIND, JoinWaitlisted::VERSION),
        (JoinRequested::KIND, JoinRequested::VERSION),
        (JoinOffered::KIND, JoinOffered::VERSION),
        (JoinEnded::KIND, JoinEnded::VERSION),
        (ReconfirmationAsked::KIND, ReconfirmationAsked::VERSION),
        (PlacesOpen::KIND, PlacesOpen::VERSION),
        (MessageToParticipants::KIND, MessageToParticipants::VERSION),
    ],
}];

/// While many wait for a place, mails that only repeat what the screen said give way to them for so long.
const GIVE_WAY: TimeDelta = TimeDelta::seconds(30);
/// How long a link to a place waits for news of its event, which may be on its way from another process.
const PATIENCE: TimeDelta = TimeDelta::seconds(30);

/// Queues mails.
#[derive(Debug)]
pub struct Writer {
    clock: Clock,
    rush: Rush,
}

impl Writer {
    pub fn new(clock: Clock, rush: Rush) -> Self {
        Self { clock, rush }
    }

    fn news<'a>(&self, message: &Message, kind: Kind, details: &'a Details) -> News<'a> {
        News { kind, details, message: message.id, now: self.clock.now(), expires_at: None }
    }

    /// Queues a mail about a place. Event and person are told of by other roles: where they are not known yet, the message waits. Nobody
    /// writes to those whose account was deleted.
    async fn about(&self, tx: &mut PgConnection, it: Attendance, news: &News<'_>) -> Result<(), HandleError> {
        let is_repetition = matches!(news.kind, Kind::JoinConfirmed | Kind::JoinWaitlisted);
        let send_at = if is_repetition && self.rush.is_on() { news.now + GIVE_WAY } else { news.now };
        match store::queue_about(tx, news, it, send_at).await? {
            Queued::Yes => Ok(()),
            Queued::EventUnknown => {
                Err(HandleError::Retry("the event is not known yet, or not as cancelled".to_owned()))
            }
            Queued::PersonUnknown if store::is_forgotten(tx, it.user).await? => Ok(()),
            Queued::PersonUnknown => Err(HandleError::Retry("the person is not known yet".to_owned())),
        }
    }
}

/// Waits until `events` has told of the event.
async fn known(tx: &mut PgConnection, event: EventId) -> Result<(), HandleError> {
    let known = store::is_known(tx, event).await?;
    known.then_some(()).ok_or_else(|| HandleError::Retry("the event is not known yet".to_owned()))
}

/// Adds every effect.
pub fn subscribe(consumer: Consumer, writer: &Arc<Writer>) -> Consumer {
    consumer
        .on::<UserChanged, _>(writer.clone())
        .on::<UserDeleted, _>(writer.clone())
        .on::<QuickJoinRequested, _>(writer.clone())
        .on::<VerificationRequested, _>(writer.clone())
        .on::<PasswordResetRequested, _>(writer.clone())
        .on::<AccountNotice, _>(writer.clone())
        .on::<EventPublished, _>(writer.clone())
        .on::<EventChanged, _>(writer.clone())
        .on::<EventUnpublished, _>(writer.clone())
        .on::<EventCancelled, _>(writer.clone())
        .on::<JoinConfirmed, _>(writer.clone())
        .on::<JoinWaitlisted, _>(writer.clone())
        .on::<JoinRequested, _>(writer.clone())
        .on::<JoinOffered, _>(writer.clone())
        .on::<JoinEnded, _>(writer.clone())
        .on::<ReconfirmationAsked, _>(writer.clone())
        .on::<PlacesOpen, _>(writer.clone())
        .on::<MessageToParticipants, _>(writer.clone())
}

impl Handle<UserChanged> for Writer {
    async fn handle(&self, tx: &mut PgConnection, message: &Message, payload: UserChanged) -> Result<(), HandleError> {
        Ok(store::save_recipient(tx, &payload, message.occurred_at).await?)
    }
}

impl Handle<UserDeleted> for Writer {
    async fn handle(&self, tx: &mut PgConnection, _: &Message, payload: UserDeleted) -> Result<(), HandleError> {
        Ok(store::forget(tx, payload.user_id, self.clock.now()).await?)
    }
}

impl Handle<QuickJoinRequested> for Writer {
    async fn handle(
        &self,
        tx: &mut PgConnection,
        message: &Message,
        payload: QuickJoinRequested,
    ) -> Result<(), HandleError> {
        match store::is_public(tx, payload.event_id).await? {
            Some(true) => {}
            // Anybody can name an event that does not exist, or is none of their business. What else that person is to be told does not wait
            // behind it for long.
            Some(false) => return Ok(()),
            None if self.clock.now() - message.occurred_at > PATIENCE => return Ok(()),
            None => return Err(HandleError::Retry("the event is not known yet".to_owned())),
        }
        let details = Details { token: Some(payload.token), ..Details::default() };
        let to = Recipient {
            user_id: payload.user_id,
            email: &payload.email,
            name: &payload.display_name,
            locale: payload.locale,
        };
        let news = self.news(message, Kind::QuickJoin, &details);
        let news = News { expires_at: Some(payload.expires_at), ..news };
        Ok(store::queue_to(tx, &news, &to, Some(payload.event_id)).await?)
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
        let news = News { expires_at: Some(payload.expires_at), ..news };
        Ok(store::queue_to(tx, &news, &to, None).await?)
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
        let news = News { expires_at: Some(payload.expires_at), ..news };
        Ok(store::queue_to(tx, &news, &to, None).await?)
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
        let EventChanged { event, before, .. } = payload;
        store::save_event(tx, &event, message.occurred_at).await?;
        if let Some(before) = before {
            let after = time_and_place(&event);
            // Who may not know the address is not told that it is another.
            let only_with_place = !is_address_public(&event) && !shows_without_address(&before, &after);
            let details = Details { before: Some(before), after: Some(after), ..Details::default() };
            let news = self.news(message, Kind::EventChanged, &details);
            store::queue_for_all(tx, &news, event.id, only_with_place).await?;
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
        let Some(revision) = store::save_attendance(tx, it, false).await? else { return Ok(()) };
        let kind = if payload.promoted { Kind::JoinPromoted } else { Kind::JoinConfirmed };
        let details = Details {
            party_size: Some(payload.party_size),
            has_place: Some(true),
            revision,
            ticket: payload.ticket.map(Ticket),
            answers_due: payload.answers_due,
            ..Details::default()
        };
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
        if store::save_attendance(tx, it, false).await?.is_none() {
            return Ok(());
        }
        let (position, party_size) = (Some(payload.position), Some(payload.party_size));
        let details = Details { position, party_size, has_place: Some(false), ..Details::default() };
        self.about(tx, it, &self.news(message, Kind::JoinWaitlisted, &details)).await
    }
}

impl Handle<JoinRequested> for Writer {
    async fn handle(
        &self,
        tx: &mut PgConnection,
        message: &Message,
        payload: JoinRequested,
    ) -> Result<(), HandleError> {
        let JoinRequested { event_id: event, user_id: user, join_id: join, .. } = payload;
        let it = Attendance { event, user, join, standing: Standing::Pending };
        if store::save_attendance(tx, it, false).await?.is_none() {
            return Ok(());
        }
        let details = Details { party_size: Some(payload.party_size), has_place: Some(false), ..Details::default() };
        self.about(tx, it, &self.news(message, Kind::JoinRequested, &details)).await
    }
}

impl Handle<JoinOffered> for Writer {
    async fn handle(&self, tx: &mut PgConnection, message: &Message, payload: JoinOffered) -> Result<(), HandleError> {
        let JoinOffered { event_id: event, user_id: user, join_id: join, .. } = payload;
        let it = Attendance { event, user, join, standing: Standing::Offered };
        let is_known = store::is_told_of_offer(tx, it, payload.offered_until).await?;
        if store::save_attendance(tx, it, false).await?.is_none() || is_known {
            return Ok(());
        }
        let details = Details { party_size: Some(payload.party_size), has_place: Some(false), ..Details::default() };
        let news = self.news(message, Kind::JoinOffered, &details);
        self.about(tx, it, &News { expires_at: Some(payload.offered_until), ..news }).await
    }
}

impl Handle<JoinEnded> for Writer {
    async fn handle(&self, tx: &mut PgConnection, message: &Message, payload: JoinEnded) -> Result<(), HandleError> {
        let JoinEnded { event_id: event, user_id: user, join_id: join, was_confirmed, .. } = payload;
        let it = Attendance { event, user, join, standing: Standing::Ended };
        let kind = Kind::of_end(payload.reason);
        let withdraws = was_confirmed && kind.is_some_and(Kind::withdraws);
        let Some(revision) = store::save_attendance(tx, it, withdraws).await? else { return Ok(()) };
        let Some(kind) = kind else { return Ok(()) };
        let details = Details { has_place: Some(was_confirmed), revision, words: payload.words, ..Details::default() };
        self.about(tx, it, &self.news(message, kind, &details)).await
    }
}

impl Handle<ReconfirmationAsked> for Writer {
    async fn handle(
        &self,
        tx: &mut PgConnection,
        message: &Message,
        payload: ReconfirmationAsked,
    ) -> Result<(), HandleError> {
        let ReconfirmationAsked { event_id: event, user_id: user, join_id: join, answer_by } = payload;
        let it = Attendance { event, user, join, standing: Standing::Confirmed };
        let details = Details { has_place: Some(true), ..Details::default() };
        let news = self.news(message, Kind::ReconfirmationAsked, &details);
        self.about(tx, it, &News { expires_at: Some(answer_by), ..news }).await
    }
}

impl Handle<PlacesOpen> for Writer {
    async fn handle(&self, tx: &mut PgConnection, message: &Message, payload: PlacesOpen) -> Result<(), HandleError> {
        known(tx, payload.event_id).await?;
        let details = Details { free: Some(payload.free), ..Details::default() };
        let news = self.news(message, Kind::PlacesOpen, &details);
        Ok(store::queue_places_open(tx, &news, payload.event_id, &payload.waiting).await?)
    }
}

impl Handle<MessageToParticipants> for Writer {
    async fn handle(
        &self,
        tx: &mut PgConnection,
        message: &Message,
        payload: MessageToParticipants,
    ) -> Result<(), HandleError> {
        let MessageToParticipants { event_id: event, from_user: from, subject, text, to, .. } = payload;
        known(tx, event).await?;
        let details = Details { subject: Some(subject), words: Some(text), ..Details::default() };
        Ok(store::queue_message(tx, &self.news(message, Kind::OrganiserMessage, &details), event, from, &to).await?)
    }
}
