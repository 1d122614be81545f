//! The desk where places are given out: each transaction locks the events, decides, and writes down what was decided, what is answered
//! and what others are told. People's requests are decided in batches ([`Batch`]); what organisers change, one event at a time.

mod batch;

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    EventId, JoinId, UserId,
    events::{EventSnapshot, EventStatus},
    joins::{EndReason, JoinConfirmed, JoinEnded, Places, PlacesChanged},
};
use platform::{
    Clock, broadcast::Broadcast, db, http::StatusCode, outbox::Outbox, problem::Problem, trace::TraceContext,
};
use serde::Serialize;
use serde_json::json;
use sqlx::{PgConnection, PgPool, PgTransaction};
use tokio::{sync::oneshot, time::timeout};

use self::batch::Batch;
pub use self::batch::Writes;
use crate::{
    domain::{Event, IdempotencyKey, PartySize, Promoted},
    error, store,
};

/// The longest that one batch may take, whatever the database does. A request has ten seconds in all.
const TRANSACTION: Duration = Duration::from_secs(6);

/// How long an agreed capacity keeps places back while the organiser's change is on its way.
const HOLD: TimeDelta = TimeDelta::seconds(30);
/// How long answers are kept under their key.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// Messages written at a time, when one change concerns thousands.
const MESSAGES: usize = 5_000;

/// Decides. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Desk {
    /// This role's part of the database.
    pub pool: PgPool,
    /// Where messages are written.
    pub outbox: Outbox,
    /// The time.
    pub clock: Clock,
    /// News of how full events are.
    pub broadcast: Broadcast,
}

/// Who asks, and by which key they would repeat it.
#[derive(Clone, Debug)]
pub struct Request {
    /// At which event.
    pub event_id: EventId,
    /// Who.
    pub user_id: UserId,
    /// By which key.
    pub key: IdempotencyKey,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Wish {
    /// A place for each of the party.
    Join {
        /// The person and their guests.
        party: PartySize,
        /// Whether their address has been proven.
        verified: bool,
    },
    /// Out.
    Leave,
}

/// A request that waits for its answer.
#[derive(Debug)]
pub struct Ticket {
    request: Request,
    wish: Wish,
    /// What it belongs to.
    trace: TraceContext,
    reply: oneshot::Sender<Result<Answer, Problem>>,
}

impl Ticket {
    /// A ticket, and where its answer will come.
    pub fn new(request: Request, wish: Wish) -> (Self, oneshot::Receiver<Result<Answer, Problem>>) {
        let (reply, answer) = oneshot::channel();
        (Self { request, wish, trace: TraceContext::current(), reply }, answer)
    }

    /// Whether nobody waits for the answer any more.
    pub fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn answer(self, answer: Result<Answer, Problem>) {
        // Whoever went away asks again under the same key.
        let _ = self.reply.send(answer);
    }
}

/// An answer, decided now or under the same key before: the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// The bytes.
    pub body: Vec<u8>,
}

/// The answer to a join.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[expect(clippy::struct_field_names, reason = "the names of the API")]
pub struct Joined {
    /// Which join.
    pub join_id: JoinId,
    /// At which event.
    pub event_id: EventId,
    /// `confirmed` is a place, `waitlisted` a place in the line.
    pub status: LiveStatus,
    /// How far from the head of the line, which is 1; `null` for a place.
    #[schema(required, example = 3)]
    pub position: Option<i32>,
    /// The person and their guests.
    #[schema(example = 1)]
    pub party_size: i32,
    /// When it was decided.
    pub joined_at: DateTime<Utc>,
    /// How full the event is after this.
    pub places: Places,
}

/// A place, or a place in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LiveStatus {
    /// Has a place.
    Confirmed,
    /// Stands in the line.
    Waitlisted,
}

/// The answer to a leave.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[expect(clippy::struct_field_names, reason = "the names of the API")]
pub struct Left {
    /// Which event.
    pub event_id: EventId,
    /// Always `left`.
    #[schema(value_type = String, example = "left")]
    pub status: &'static str,
    /// When it was decided.
    pub left_at: DateTime<Utc>,
    /// How full the event is after this, and after those who came up from the line.
    pub places: Places,
}

impl Desk {
    /// Decides requests in the order in which they came, as far as it goes in one transaction, and answers each. What was decided under
    /// a key is answered again; what could not be decided at all is an error and leaves no trace.
    ///
    /// If a batch cannot be written, it is tried again in smaller parts, so that nobody fails because of a neighbour.
    pub async fn admit(&self, tickets: Vec<Ticket>) {
        let mut parts = VecDeque::from([tickets]);
        while let Some(part) = parts.pop_front() {
            let decided = timeout(TRANSACTION, self.decide(&part)).await;
            match decided.unwrap_or(Err(Failed::Database(sqlx::Error::PoolTimedOut))) {
                Ok(answers) => {
                    for (ticket, answer) in part.into_iter().zip(answers) {
                        ticket.answer(answer);
                    }
                }
                Err(Failed::KeyTaken) if part.len() == 1 => answer_all(part, &error::key_reused()),
                Err(Failed::Database(error)) if part.len() == 1 || is_hopeless(&part, &error) => {
                    answer_all(part, &error::unsettled(error));
                }
                Err(failed) => {
                    tracing::debug!(tickets = part.len(), ?failed, "batch is tried in smaller parts");
                    for part in smaller(part).into_iter().rev() {
                        parts.push_front(part);
                    }
                }
            }
        }
    }

    async fn decide(&self, tickets: &[Ticket]) -> Result<Vec<Result<Answer, Problem>>, Failed> {
        let mut tx = store::begin_batch(&self.pool).await?;
        let ids: BTreeSet<EventId> = tickets.iter().map(|it| it.request.event_id).collect();
        let events = store::lock_events(&mut tx, &ids.into_iter().collect::<Vec<_>>()).await?;
        let requests: Vec<&Request> = tickets.iter().map(|it| &it.request).collect();
        let known = store::known(&mut tx, &requests).await?;
        let live = store::live(&mut tx, &requests).await?;
        let mut batch = Batch::new(self.clock.now(), events, known, live);
        let wanted = batch.lines_wanted(tickets);
        if !wanted.is_empty() {
            batch.lines(store::heads_of_lines(&mut tx, &wanted).await?, &wanted)?;
        }
        let answers = tickets.iter().map(|ticket| batch.decide(ticket)).collect::<Result<Vec<_>, _>>()?;
        let writes = batch.finish();
        if writes.is_empty() {
            tx.rollback().await?; // at once: others wait for the locks
            return Ok(answers);
        }
        if !store::write(&mut tx, &writes, self.clock.now()).await? {
            tx.rollback().await?;
            return Err(Failed::KeyTaken);
        }
        self.outbox.publish_drafts(&mut tx, &writes.messages).await?;
        self.outbox.commit(tx).await?;
        for event in &writes.events {
            self.tell(event.id, event.places(), event.revision);
        }
        Ok(answers)
    }

    /// Reads the head of the line, gives it what is free, and writes that down.
    async fn promote(&self, tx: &mut PgConnection, event: &mut Event, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
        let most = event.promotable(now);
        if most == 0 {
            return Ok(());
        }
        let wanted = store::HeadOfLine { event_id: event.id, most, capacity: event.capacity };
        let mut line = store::heads_of_lines(tx, &[wanted]).await?.remove(&event.id).unwrap_or_default();
        let promoted = event.promote(&mut line, now);
        if promoted.is_empty() {
            return Ok(());
        }
        let line_nos: Vec<store::Promotion> =
            promoted.iter().map(|it| (event.id, it.waiting.line_no, event.revision)).collect();
        store::promote(tx, &line_nos, now).await?;
        let messages: Vec<JoinConfirmed> = promoted.iter().map(|it| came_up(event.id, it, now)).collect();
        self.outbox.publish_all(tx, &messages).await
    }

    /// A hold that nobody needs any more kept places from the line: before anything else is decided, it gets them.
    async fn drop_lapsed_hold(
        &self,
        tx: &mut PgConnection,
        event: &mut Event,
        now: DateTime<Utc>,
    ) -> Result<bool, sqlx::Error> {
        let lapsed = event.drop_lapsed_hold(now);
        if lapsed {
            self.promote(tx, event, now).await?;
        }
        Ok(lapsed)
    }

    /// Takes over what `events` says, and gives and ends places accordingly. An old message changes nothing.
    ///
    /// # Errors
    /// As the database says.
    pub async fn apply(
        &self,
        tx: &mut PgConnection,
        snapshot: &EventSnapshot,
        overbooking_accepted: bool,
    ) -> Result<(), sqlx::Error> {
        if store::insert_event(tx, &Event::new(snapshot)).await? {
            return Ok(());
        }
        let Some(mut event) = store::lock_event(tx, snapshot.id).await? else { return Err(sqlx::Error::RowNotFound) };
        let before = event.clone();
        if !event.apply(snapshot) {
            return Ok(());
        }
        let now = self.clock.now();
        event.revision += 1;
        if event.status == EventStatus::Cancelled {
            self.end_all(tx, &mut event, EndReason::EventCancelled, now).await?;
        } else {
            if event.overbooked > before.overbooked {
                if !overbooking_accepted {
                    tracing::warn!(event.id = %event.id, event.overbooked, "capacity was lowered below the places taken in the meantime");
                }
                let overbooking = store::NewOverbooking { accepted: overbooking_accepted, now };
                store::record_overbooking(tx, &event, &overbooking).await?;
            }
            event.drop_lapsed_hold(now);
            if let Some(capacity) = event.capacity {
                store::pass_over(tx, event.id, capacity).await?;
            }
            self.promote(tx, &mut event, now).await?;
        }
        if event.places() != before.places() {
            self.outbox.publish(tx, &PlacesChanged { event_id: event.id, places: event.places() }).await?;
        }
        store::save_event(tx, &event).await
    }

    async fn end_all(
        &self,
        tx: &mut PgConnection,
        event: &mut Event,
        reason: EndReason,
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        event.clear();
        let (event_id, places) = (event.id, event.places());
        let ended = store::end_all(tx, event_id, now, reason).await?;
        for some in ended.chunks(MESSAGES) {
            let messages: Vec<JoinEnded> = some
                .iter()
                .map(|it| JoinEnded {
                    join_id: it.id,
                    event_id,
                    user_id: it.user_id,
                    was_confirmed: it.was_confirmed,
                    reason,
                    decided_at: now,
                    places,
                    words: None,
                })
                .collect();
            self.outbox.publish_all(tx, &messages).await?;
        }
        Ok(())
    }

    /// Agrees to a lower capacity before it is saved elsewhere: from now on, for a while, no place above it is given.
    ///
    /// # Errors
    /// If more people have a place.
    pub async fn hold_capacity(&self, id: EventId, capacity: i32) -> Result<(), Problem> {
        let mut tx = store::begin(&self.pool).await?;
        let Some(mut event) = store::lock_event(&mut tx, id).await.map_err(error::unsettled)? else {
            return Ok(()); // never published: nobody has a place
        };
        let now = self.clock.now();
        event.hold(capacity, now, now + HOLD).map_err(|confirmed| {
            let have = if confirmed == 1 { "one person has".to_owned() } else { format!("{confirmed} people have") };
            let detail = format!("{have} a place already.");
            let problem = Problem::new(error::CAPACITY_BELOW_CONFIRMED).detail(detail.clone());
            problem.field("capacity", error::CAPACITY_BELOW_CONFIRMED.name, detail)
        })?;
        event.revision += 1;
        store::save_event(&mut tx, &event).await.map_err(error::unsettled)?;
        tx.commit().await.map_err(error::unsettled)
    }

    /// Gives the line what lapsed holds kept back. Any other change to such an event does the same; this is for those where nothing
    /// else happens.
    ///
    /// # Errors
    /// As the database says.
    pub async fn settle_lapsed_holds(&self) -> Result<(), sqlx::Error> {
        for id in store::lapsed_holds(&self.pool, self.clock.now()).await? {
            let mut tx = store::begin(&self.pool).await?;
            let Some(mut event) = store::lock_event(&mut tx, id).await? else { continue };
            let before = event.places();
            event.revision += 1;
            if self.drop_lapsed_hold(&mut tx, &mut event, self.clock.now()).await? {
                store::save_event(&mut tx, &event).await?;
                let news = (event.places() != before).then(|| (event.places(), event.revision));
                self.commit(tx, id, news).await?;
            }
        }
        Ok(())
    }

    /// Forgets answers that nobody can ask for any more.
    ///
    /// # Errors
    /// As the database says.
    pub async fn forget_old_answers(&self) -> Result<(), sqlx::Error> {
        let forgotten = store::forget(&self.pool, self.clock.now() - KEPT).await?;
        tracing::debug!(forgotten, "idempotency keys forgotten");
        Ok(())
    }

    /// Tells every process how full an event is. `revision` says which of two such pieces of news is newer, since they may overtake
    /// each other.
    pub fn tell(&self, id: EventId, places: Places, revision: i64) {
        let Places { capacity, confirmed, waitlisted, held } = places;
        let data = json!({ "capacity": capacity, "confirmed": confirmed, "waitlisted": waitlisted, "held": held, "revision": revision });
        self.broadcast.send(format!("places/{id}"), data);
    }

    async fn commit(&self, tx: PgTransaction<'_>, id: EventId, news: Option<(Places, i64)>) -> Result<(), sqlx::Error> {
        self.outbox.commit(tx).await?;
        if let Some((places, revision)) = news {
            self.tell(id, places, revision);
        }
        Ok(())
    }
}

/// Why a batch was not written.
#[derive(Debug)]
enum Failed {
    /// One of the keys was used a moment ago for another event, of another lane or replica.
    KeyTaken,
    /// The database refused it, or is away.
    Database(sqlx::Error),
}

impl From<serde_json::Error> for Failed {
    fn from(error: serde_json::Error) -> Self {
        Self::Database(sqlx::Error::Encode(error.into()))
    }
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

fn answer_all(part: Vec<Ticket>, problem: &Problem) {
    for ticket in part {
        ticket.answer(Err(problem.clone()));
    }
}

/// Whether smaller parts would fare no better: the database is away, or the one event that all want is locked.
fn is_hopeless(part: &[Ticket], error: &sqlx::Error) -> bool {
    let one_event = part.iter().all(|it| it.request.event_id == part[0].request.event_id);
    (db::is_unavailable(error) && !db::is_deadlock(error)) || (one_event && error::is_locked(error))
}

/// A part for each event; of one event, a part for each request.
fn smaller(part: Vec<Ticket>) -> Vec<Vec<Ticket>> {
    let mut events: Vec<Vec<Ticket>> = Vec::new();
    for ticket in part {
        match events.iter_mut().find(|it| it[0].request.event_id == ticket.request.event_id) {
            Some(event) => event.push(ticket),
            None => events.push(vec![ticket]),
        }
    }
    if events.len() > 1 { events } else { events.into_iter().flatten().map(|ticket| vec![ticket]).collect() }
}

/// The message for somebody who came up from the line.
fn came_up(event_id: EventId, it: &Promoted, now: DateTime<Utc>) -> JoinConfirmed {
    JoinConfirmed {
        join_id: it.waiting.id,
        event_id,
        user_id: it.waiting.user_id,
        party_size: it.waiting.party_size.get(),
        promoted: true,
        decided_at: now,
        places: it.places,
        ticket: None,
        answers_due: None,
        leave_other_lines: false,
    }
}
