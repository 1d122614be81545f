//! The desk where places are given out: each operation is one transaction that locks the event, decides, and writes down what was
//! decided, what is answered and what others are told.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    EventId, JoinId, UserId,
    events::{EventSnapshot, EventStatus},
    joins::{EndReason, JoinConfirmed, JoinEnded, JoinWaitlisted, Places, PlacesChanged},
};
use platform::{Clock, broadcast::Broadcast, http::StatusCode, outbox::Outbox, problem::Problem};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use sqlx::{PgConnection, PgPool, PgTransaction};

use crate::{
    domain::{Claim, Claimant, Event, IdempotencyKey, JoinStatus, PartySize},
    error,
    lanes::Lanes,
    store,
};

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
    /// Where requests wait.
    pub lanes: Lanes,
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

/// What the transaction came to.
struct Decision {
    answer: Answer,
    /// Which join was made or ended.
    join_id: Option<JoinId>,
    changed: bool,
}

impl Desk {
    /// Joins or leaves. What was decided under the key is answered again; what could not be decided at all is an error and leaves
    /// no trace.
    ///
    /// # Errors
    /// Unknown event, unverified address, a key that belongs to another request, or a database that is away.
    pub async fn ask(&self, request: &Request, wish: Wish) -> Result<Answer, Problem> {
        let hash = request_hash(request.event_id, wish);
        let _turn = self.lanes.enter(request.event_id).await?;
        let mut tx = store::begin(&self.pool).await.map_err(error::unsettled)?;
        let locked = store::lock_event(&mut tx, request.event_id).await.map_err(error::unsettled)?;
        let mut event = locked.ok_or_else(Problem::not_found)?;
        let (known, live) = store::known_and_live(&mut tx, request.event_id, request.user_id, &request.key)
            .await
            .map_err(error::unsettled)?;
        if let Some(known) = known {
            tx.rollback().await.map_err(error::unsettled)?; // at once: others wait for the lock
            return if known.request_hash == hash {
                let status = u16::try_from(known.status).ok().and_then(|status| StatusCode::from_u16(status).ok());
                Ok(Answer { status: status.unwrap_or(StatusCode::OK), body: known.body })
            } else {
                Err(error::key_reused())
            };
        }
        let now = self.clock.now();
        event.revision += 1;
        let lapsed = self.drop_lapsed_hold(&mut tx, &mut event, now).await.map_err(error::unsettled)?;
        let decision = match wish {
            Wish::Join { party, verified } => {
                let by = Claimant::Newcomer { verified, already_in: live.is_some() };
                self.join(&mut tx, &mut event, request.user_id, Claim { party, by }, now).await?
            }
            Wish::Leave => self.leave(&mut tx, &mut event, request.user_id, live, now).await?,
        };
        let changed = decision.changed || lapsed;
        let places = changed.then(|| (event.places(), event.revision));
        if changed {
            store::save_event(&mut tx, &event).await.map_err(error::unsettled)?;
        }
        let remembered = store::Remembered {
            user_id: request.user_id,
            key: &request.key,
            request_hash: &hash,
            status: i16::try_from(decision.answer.status.as_u16()).unwrap_or(200),
            body: &decision.answer.body,
            event_id: request.event_id,
            join_id: decision.join_id,
            now,
        };
        if !store::remember(&mut tx, &remembered).await.map_err(error::unsettled)? {
            // Requests about one event wait for each other: this one was about another, and has committed a moment ago.
            tx.rollback().await.map_err(error::unsettled)?;
            return Err(error::key_reused());
        }
        self.commit(tx, request.event_id, places).await.map_err(error::unsettled)?;
        Ok(decision.answer)
    }

    async fn join(
        &self,
        tx: &mut PgConnection,
        event: &mut Event,
        user_id: UserId,
        claim: Claim,
        now: DateTime<Utc>,
    ) -> Result<Decision, Problem> {
        let placement = match event.claim(&claim, now) {
            Ok(placement) => placement,
            Err(refusal) => return refused(refusal.problem()),
        };
        let (id, places) = (JoinId::new(now), event.places());
        let join = store::NewJoin {
            id,
            event_id: event.id,
            user_id,
            line_no: placement.line_no,
            confirmed: placement.position.is_none(),
            party_size: claim.party,
            joined_at: now,
            revision: event.revision,
        };
        store::insert_join(tx, &join).await.map_err(error::unsettled)?;
        let (event_id, party_size) = (event.id, claim.party.get());
        let told = if let Some(position) = placement.position {
            let message =
                JoinWaitlisted { join_id: id, event_id, user_id, party_size, position, decided_at: now, places };
            self.outbox.publish(tx, &message).await
        } else {
            let message =
                JoinConfirmed { join_id: id, event_id, user_id, party_size, promoted: false, decided_at: now, places };
            self.outbox.publish(tx, &message).await
        };
        told.map_err(error::unsettled)?;
        let joined = Joined {
            join_id: id,
            event_id,
            status: if join.confirmed { LiveStatus::Confirmed } else { LiveStatus::Waitlisted },
            position: placement.position,
            party_size,
            joined_at: now,
            places,
        };
        Ok(Decision { answer: answer(StatusCode::OK, &joined), join_id: Some(id), changed: true })
    }

    async fn leave(
        &self,
        tx: &mut PgConnection,
        event: &mut Event,
        user_id: UserId,
        live: Option<store::Live>,
        now: DateTime<Utc>,
    ) -> Result<Decision, Problem> {
        let Some(live) = live else { return refused(Problem::new(error::NOT_JOINED)) };
        store::end(tx, event.id, live.line_no, now, EndReason::Left).await.map_err(error::unsettled)?;
        event.release(live.status, live.party_size);
        let message = JoinEnded {
            join_id: live.id,
            event_id: event.id,
            user_id,
            was_confirmed: live.status == JoinStatus::Confirmed,
            reason: EndReason::Left,
            decided_at: now,
            places: event.places(),
        };
        self.outbox.publish(tx, &message).await.map_err(error::unsettled)?;
        self.promote(tx, event, now).await.map_err(error::unsettled)?;
        let left = Left { event_id: event.id, status: "left", left_at: now, places: event.places() };
        Ok(Decision { answer: answer(StatusCode::OK, &left), join_id: Some(live.id), changed: true })
    }

    /// Gives free places to the line, strictly in order: a party that does not fit keeps those behind it waiting.
    async fn promote(&self, tx: &mut PgConnection, event: &mut Event, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
        let most = event.promotable(now);
        if most == 0 {
            return Ok(());
        }
        let (mut promoted, mut messages) = (Vec::new(), Vec::new());
        for waiting in store::head_of_line(tx, event.id, most).await? {
            let by = Claimant::Head { line_no: waiting.line_no };
            let placement = event.claim(&Claim { party: waiting.party_size, by }, now);
            if !placement.is_ok_and(|it| it.position.is_none()) {
                break;
            }
            promoted.push(waiting.line_no);
            messages.push(JoinConfirmed {
                join_id: waiting.id,
                event_id: event.id,
                user_id: waiting.user_id,
                party_size: waiting.party_size.get(),
                promoted: true,
                decided_at: now,
                places: event.places(),
            });
        }
        if promoted.is_empty() {
            return Ok(());
        }
        store::promote(tx, event.id, &promoted, now, event.revision).await?;
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
        let _turn = self.lanes.enter(id).await?;
        let mut tx = store::begin(&self.pool).await?;
        let Some(mut event) = store::lock_event(&mut tx, id).await.map_err(error::unsettled)? else {
            return Ok(()); // never published: nobody has a place
        };
        let now = self.clock.now();
        event.hold(capacity, now, now + HOLD).map_err(|confirmed| {
            Problem::new(error::CAPACITY_BELOW_CONFIRMED).detail(format!("{confirmed} people have a place already."))
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
        let Places { capacity, confirmed, waitlisted } = places;
        let data =
            json!({ "capacity": capacity, "confirmed": confirmed, "waitlisted": waitlisted, "revision": revision });
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

/// A state conflict is an answer like any other, kept under the key; other refusals may be over by the next attempt.
fn refused(problem: Problem) -> Result<Decision, Problem> {
    if problem.code().status != StatusCode::CONFLICT {
        return Err(problem);
    }
    let answer = answer(problem.code().status, &problem.document());
    Ok(Decision { answer, join_id: None, changed: false })
}

fn answer(status: StatusCode, body: &impl Serialize) -> Answer {
    Answer { status, body: serde_json::to_vec(body).unwrap_or_default() }
}

/// Of what the request means, not of how it is written: an absent party is a party of one.
fn request_hash(event_id: EventId, wish: Wish) -> Vec<u8> {
    let meaning = match wish {
        Wish::Join { party, .. } => format!("join/{event_id}/{}", party.get()),
        Wish::Leave => format!("leave/{event_id}"),
    };
    Sha256::digest(meaning.as_bytes()).to_vec()
}
