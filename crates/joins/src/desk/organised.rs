//! What comes from elsewhere than people's requests: the organiser's event, deleted accounts, the clock.

use chrono::{DateTime, Utc};
use contracts::{
    EventId, UserId,
    events::{EventSnapshot, EventStatus, TimeAndPlace},
    joins::{EndReason, JoinEnded, JoinOffered, PlacesChanged, PlacesOpen, ReconfirmationAsked},
};
use platform::trace::TraceContext;
use sqlx::PgConnection;

use super::{Desk, Failed, Request, Ticket, Wish, batch};
use crate::{
    domain::{Book, Event},
    store,
};

/// Messages written at a time, when one change concerns thousands.
const MESSAGES: usize = 5_000;
/// Events that one transaction looks after.
const LOOKED_AFTER: usize = 20;

impl Desk {
    /// Takes over what `events` says, and gives and ends places accordingly. An old message changes nothing. `moved` is time and place
    /// before, if one of them has changed.
    ///
    /// # Errors
    /// As the database says.
    pub async fn apply(
        &self,
        tx: &mut PgConnection,
        snapshot: &EventSnapshot,
        moved: Option<&TimeAndPlace>,
        overbooking_accepted: bool,
    ) -> Result<(), sqlx::Error> {
        if store::insert_event(tx, &Event::new(snapshot)).await? {
            return store::save_description(tx, snapshot, None).await;
        }
        let Some(event) = store::lock_event(tx, snapshot.id).await? else { return Err(sqlx::Error::RowNotFound) };
        let now = self.clock.now();
        let mut book = Book::new(event);
        let wanted = book.wanted_for(snapshot, now);
        let capacity = book.event.capacity.zip(snapshot.capacity).map(|(before, after)| before.max(after));
        batch::load_wanted(tx, &mut book, wanted, capacity, now).await?;
        let Some(before) = book.apply(snapshot, moved, overbooking_accepted, now) else { return Ok(()) };
        store::save_description(tx, snapshot, moved.filter(|_| book.event.moved_at == Some(now))).await?;
        if book.event.status == EventStatus::Cancelled {
            return self.end_all(tx, book.event, now).await;
        }
        if book.event.overbooked > before.overbooked {
            if !overbooking_accepted {
                tracing::warn!(event.id = %snapshot.id, event.overbooked = book.event.overbooked, "capacity was lowered below the places taken in the meantime");
            }
            let overbooking = store::NewOverbooking { accepted: overbooking_accepted, now };
            store::record_overbooking(tx, &book.event, &overbooking).await?;
        }
        if let Some(capacity) = book.event.capacity {
            store::pass_over(tx, snapshot.id, capacity).await?;
        }
        let mut messages = Vec::new();
        batch::tell(&mut book, &self.tickets, TraceContext::current(), &mut messages).map_err(encode)?;
        let closing = book.close();
        let event = closing.event.clone();
        store::save_event(tx, &event).await?;
        store::write_closing(tx, closing, now).await?;
        match (before.status, event.status) {
            (EventStatus::Published, EventStatus::Draft) => store::pause_deadlines(tx, event.id).await?,
            (EventStatus::Draft, EventStatus::Published) => self.resume_deadlines(tx, &event, now).await?,
            _ => {}
        }
        if event.due_at.is_some() || event.status != before.status {
            store::adjust_deadlines(tx, &event).await?;
        }
        self.outbox.publish_drafts(tx, &messages).await
    }

    /// Deadlines that waited while the event was not public have their time again, from now on.
    async fn resume_deadlines(
        &self,
        tx: &mut PgConnection,
        event: &Event,
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        let (until, places) = (event.offered_until(now), event.places());
        let resumed = store::resume_deadlines(tx, event, now).await?;
        let messages: Vec<JoinOffered> = resumed
            .iter()
            .map(|it| JoinOffered {
                join_id: it.id,
                event_id: event.id,
                user_id: it.user_id,
                party_size: it.party_size,
                offered_until: until,
                decided_at: now,
                places,
            })
            .collect();
        self.outbox.publish_all(tx, &messages).await
    }

    async fn end_all(&self, tx: &mut PgConnection, mut event: Event, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
        let before = event.places();
        event.clear();
        store::save_event(tx, &event).await?;
        let (event_id, places) = (event.id, event.places());
        let ended = store::end_all(tx, event_id, now, EndReason::EventCancelled).await?;
        for some in ended.chunks(MESSAGES) {
            let messages: Vec<JoinEnded> = some
                .iter()
                .map(|it| JoinEnded {
                    join_id: it.id,
                    event_id,
                    user_id: it.user_id,
                    was_confirmed: it.was_confirmed,
                    reason: EndReason::EventCancelled,
                    decided_at: now,
                    places,
                    words: None,
                })
                .collect();
            self.outbox.publish_all(tx, &messages).await?;
        }
        if places != before {
            self.outbox.publish(tx, &PlacesChanged { event_id, places }).await?;
        }
        Ok(())
    }

    /// Frees whatever a deleted account had, and forgets what the person said.
    ///
    /// # Errors
    /// As the database says.
    pub async fn forget_person(&self, tx: &mut PgConnection, user_id: UserId) -> Result<(), sqlx::Error> {
        let events = store::events_of(tx, user_id).await?;
        self.wish_everywhere(tx, &events, user_id, &Wish::Forget).await?;
        store::forget_person(tx, user_id).await
    }

    /// Leaves the lines of other events at the time of this one, where somebody has a place.
    ///
    /// # Errors
    /// As the database says.
    pub async fn leave_other_lines(
        &self,
        tx: &mut PgConnection,
        event_id: EventId,
        user_id: UserId,
    ) -> Result<(), sqlx::Error> {
        let events = store::other_lines(tx, event_id, user_id).await?;
        self.wish_everywhere(tx, &events, user_id, &Wish::LeaveLine).await
    }

    async fn wish_everywhere(
        &self,
        tx: &mut PgConnection,
        events: &[EventId],
        user_id: UserId,
        wish: &Wish,
    ) -> Result<(), sqlx::Error> {
        if events.is_empty() {
            return Ok(());
        }
        let tickets: Vec<Ticket> = events.iter().map(|id| quiet(*id, user_id, wish.clone())).collect();
        match self.carry_out(tx, &tickets).await {
            Ok(_) => Ok(()),
            Err(Failed::Database(error)) => Err(error),
            Err(Failed::KeyTaken) => Err(sqlx::Error::RowNotFound), // there are no keys
        }
    }

    /// Ends what has lapsed and gives what is free, at events where nothing else happens. Everything else that is decided at an event
    /// does the same first: correctness does not hang on this job, only how soon people hear.
    ///
    /// # Errors
    /// As the database says.
    pub async fn look_after(&self) -> Result<(), sqlx::Error> {
        let ids = store::to_look_after(&self.pool, self.clock.now()).await?;
        for some in ids.chunks(LOOKED_AFTER) {
            let tickets = some.iter().map(|id| quiet(*id, UserId(id.0), Wish::Settle)).collect();
            self.admit(tickets).await;
        }
        Ok(())
    }

    /// Tells those in the line that places are free for whoever claims them, once per hour and event.
    ///
    /// # Errors
    /// As the database says.
    pub async fn tell_open_places(&self) -> Result<(), sqlx::Error> {
        let now = self.clock.now();
        for event in store::open_to_claims(&self.pool, now).await? {
            let Some(free) = event.room(now) else { continue };
            let mut tx = store::begin(&self.pool).await?;
            if !store::mark_open_told(&mut tx, event.id, now).await? {
                continue;
            }
            let waiting = store::who_waits(&mut tx, event.id).await?;
            let message = PlacesOpen { event_id: event.id, free, waiting, decided_at: now };
            self.outbox.publish(&mut tx, &message).await?;
            self.outbox.commit(tx).await?;
        }
        Ok(())
    }

    /// Asks everybody with a place whether they still come, at events whose time for it has come.
    ///
    /// # Errors
    /// As the database says.
    pub async fn ask_to_reconfirm(&self) -> Result<(), sqlx::Error> {
        for id in store::to_reconfirm(&self.pool, self.clock.now()).await? {
            let mut tx = store::begin(&self.pool).await?;
            let Some(mut event) = store::lock_event(&mut tx, id).await? else { continue };
            let now = self.clock.now();
            if event.reconfirm_asked_at.is_some() || event.closed(now).is_some() {
                continue;
            }
            let answer_by = event.reconfirmed_until(now);
            event.revision += 1;
            let asked = store::ask_to_reconfirm(&mut tx, &event, answer_by, now).await?;
            event.reconfirm_asked_at = Some(now);
            if !asked.is_empty() {
                event.expect(answer_by);
            }
            for some in asked.chunks(MESSAGES) {
                let ask = |&(join_id, user_id)| ReconfirmationAsked { join_id, event_id: id, user_id, answer_by };
                self.outbox.publish_all(&mut tx, &some.iter().map(ask).collect::<Vec<_>>()).await?;
            }
            store::save_event(&mut tx, &event).await?;
            self.outbox.commit(tx).await?;
        }
        Ok(())
    }

    /// Notes what came of events that are over: how far their lines reached, how many did not come.
    ///
    /// # Errors
    /// As the database says.
    pub async fn close_books(&self) -> Result<(), sqlx::Error> {
        store::close_books(&self.pool, self.clock.now()).await
    }
}

/// A request that nobody waits for.
fn quiet(event_id: EventId, user_id: UserId, wish: Wish) -> Ticket {
    Ticket::new(Request { event_id, user_id, key: None }, wish).0
}

fn encode(error: serde_json::Error) -> sqlx::Error {
    sqlx::Error::Encode(error.into())
}
