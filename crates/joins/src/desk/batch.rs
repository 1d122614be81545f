use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, Utc};
use contracts::{
    EventId, JoinId, UserId,
    joins::{EndReason, JoinConfirmed, JoinEnded, JoinWaitlisted},
};
use platform::{http::StatusCode, outbox::Draft, problem::Problem, trace::TraceContext};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{Answer, Joined, Left, LiveStatus, Request, Ticket, Wish, came_up};
use crate::{
    domain::{Claim, Claimant, Event, IdempotencyKey, JoinStatus, Live, PartySize, Waiting},
    error,
    store::{HeadOfLine, Known, NewJoin, Promotion},
};

type Key = (UserId, IdempotencyKey);

/// Decides requests in memory, one after the other. All that they depend on was read before, under the events' locks; all that they
/// change is written afterwards, in sets.
pub struct Batch {
    now: DateTime<Utc>,
    events: HashMap<EventId, AtEvent>,
    known: HashMap<Key, Known>,
    live: HashMap<(EventId, UserId), Live>,
    /// Where in the writes a join of this batch is.
    made: HashMap<(EventId, i64), usize>,
    writes: Writes,
}

struct AtEvent {
    event: Event,
    /// The head of the line, as far as it can matter, and those who come now. Without parties that can never fit.
    line: VecDeque<Waiting>,
    /// Whether the line was read.
    read: bool,
    changed: bool,
}

/// What a batch writes.
#[derive(Debug, Default)]
pub struct Writes {
    /// Events that changed.
    pub events: Vec<Event>,
    /// Joins that were made, as they are at the end of the batch.
    pub joins: Vec<NewJoin>,
    /// Joins of the line that got a place.
    pub promoted: Vec<Promotion>,
    /// Joins whose people left, by event and arrival.
    pub left: Vec<(EventId, i64)>,
    /// Answers to be kept.
    pub answers: Vec<Remembered>,
    /// What others are told, in order.
    pub messages: Vec<Draft>,
}

/// An answer to be kept.
#[derive(Debug)]
pub struct Remembered {
    /// Whose key.
    pub user_id: UserId,
    /// The key.
    pub key: IdempotencyKey,
    /// What the answer is about, and the answer.
    pub known: Known,
    /// What it was about.
    pub event_id: EventId,
    /// Which join was made or ended.
    pub join_id: Option<JoinId>,
}

impl Writes {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.answers.is_empty()
    }
}

/// What one request came to: an answer, and which join it is about.
type Decision = Result<(Answer, Option<JoinId>), Problem>;

impl Batch {
    /// `known` and `live` are of all who ask.
    pub fn new(
        now: DateTime<Utc>,
        events: Vec<Event>,
        known: HashMap<Key, Known>,
        live: HashMap<(EventId, UserId), Live>,
    ) -> Self {
        let at = |event: Event| AtEvent { event, line: VecDeque::new(), read: false, changed: false };
        let events = events.into_iter().map(|event| (event.id, at(event))).collect();
        Self { now, events, known, live, made: HashMap::new(), writes: Writes::default() }
    }

    /// Of which events the head of the line has to be read, and how many parties of it: as many as could come up, and those who may leave
    /// it. Holds that have lapsed are dropped here.
    pub fn lines_wanted(&mut self, tickets: &[Ticket]) -> Vec<HeadOfLine> {
        let mut leaving: HashMap<EventId, i32> = HashMap::new();
        for ticket in tickets.iter().filter(|it| matches!(it.wish, Wish::Leave)) {
            *leaving.entry(ticket.request.event_id).or_default() += 1;
        }
        let mut wanted = Vec::new();
        for at in self.events.values_mut() {
            let lapsed = at.event.drop_lapsed_hold(self.now);
            at.changed |= lapsed;
            let leaving = leaving.get(&at.event.id).copied().unwrap_or_default();
            if lapsed || leaving > 0 || at.event.held_up(self.now) {
                let most = at.event.promotable_after(leaving * PartySize::MAX, self.now) + leaving;
                wanted.push(HeadOfLine { event_id: at.event.id, most, capacity: at.event.capacity });
            }
        }
        wanted
    }

    /// Takes the lines that were wanted. Places that a lapsed hold kept back are given before anything else is decided.
    ///
    /// # Errors
    /// If a message cannot be written as JSON.
    pub fn lines(
        &mut self,
        mut lines: HashMap<EventId, VecDeque<Waiting>>,
        wanted: &[HeadOfLine],
    ) -> Result<(), serde_json::Error> {
        for HeadOfLine { event_id: id, .. } in wanted {
            let Some(at) = self.events.get_mut(id) else { continue };
            (at.line, at.read) = (lines.remove(id).unwrap_or_default(), true);
            if at.changed {
                // Nothing was decided yet: a hold has lapsed.
                at.event.revision += 1;
                self.promote(*id, TraceContext::current())?;
            }
        }
        Ok(())
    }

    /// Decides one request.
    ///
    /// # Errors
    /// If a message cannot be written as JSON.
    pub fn decide(&mut self, ticket: &Ticket) -> Result<Result<Answer, Problem>, serde_json::Error> {
        let Request { event_id, user_id, key } = &ticket.request;
        if !self.events.contains_key(event_id) {
            return Ok(Err(Problem::not_found()));
        }
        let request_hash = request_hash(*event_id, ticket.wish);
        if let Some(known) = self.known.get(&(*user_id, key.clone())) {
            let same = known.request_hash == request_hash;
            return Ok(if same { Ok(known.answer.clone()) } else { Err(error::key_reused()) });
        }
        let decision = match ticket.wish {
            Wish::Join { party, verified } => self.join(ticket, party, verified)?,
            Wish::Leave => self.leave(ticket)?,
        };
        let (answer, join_id) = match decision {
            Ok(decided) => decided,
            // A state conflict is an answer like any other, kept under the key; other refusals may be over by the next attempt.
            Err(problem) if problem.code().status == StatusCode::CONFLICT => {
                (answer(StatusCode::CONFLICT, &problem.document())?, None)
            }
            Err(problem) => return Ok(Err(problem)),
        };
        let known = Known { request_hash, answer: answer.clone() };
        self.known.insert((*user_id, key.clone()), known.clone());
        let (event_id, user_id, key) = (*event_id, *user_id, key.clone());
        self.writes.answers.push(Remembered { user_id, key, known, event_id, join_id });
        Ok(Ok(answer))
    }

    fn join(&mut self, ticket: &Ticket, party: PartySize, verified: bool) -> Result<Decision, serde_json::Error> {
        let Request { event_id, user_id, .. } = ticket.request;
        let now = self.now;
        let Some(at) = self.events.get_mut(&event_id) else { return Ok(Err(Problem::not_found())) };
        let behind = if at.read { !at.line.is_empty() } else { at.event.line_length > 0 };
        let by = Claimant::Newcomer { verified, already_in: self.live.contains_key(&(event_id, user_id)), behind };
        let placement = match at.event.claim(&Claim { party, by }, now) {
            Ok(placement) => placement,
            Err(refusal) => return Ok(Err(refusal.problem())),
        };
        at.changed = true;
        at.event.revision += 1;
        let (id, places, line_no) = (JoinId::new(now), at.event.places(), placement.line_no);
        let confirmed = placement.position.is_none();
        let (status, live) = if confirmed {
            (JoinStatus::Confirmed, LiveStatus::Confirmed)
        } else {
            (JoinStatus::Waitlisted, LiveStatus::Waitlisted)
        };
        if !confirmed {
            at.line.push_back(Waiting { id, user_id, line_no, party_size: party });
        }
        let confirmed_revision = confirmed.then_some(at.event.revision);
        self.made.insert((event_id, line_no), self.writes.joins.len());
        self.writes.joins.push(NewJoin {
            id,
            event_id,
            user_id,
            line_no,
            party_size: party,
            confirmed_revision,
            promoted: false,
            left: false,
        });
        self.live.insert((event_id, user_id), Live { id, line_no, status, party_size: party });
        let party_size = party.get();
        self.writes.messages.push(if let Some(position) = placement.position {
            let message =
                JoinWaitlisted { join_id: id, event_id, user_id, party_size, position, decided_at: now, places };
            Draft::new(&message, ticket.trace)?
        } else {
            let message = JoinConfirmed {
                join_id: id,
                event_id,
                user_id,
                party_size,
                promoted: false,
                decided_at: now,
                places,
                ticket: None,
                answers_due: None,
                leave_other_lines: false,
            };
            Draft::new(&message, ticket.trace)?
        });
        let joined = Joined {
            join_id: id,
            event_id,
            status: live,
            position: placement.position,
            party_size,
            joined_at: now,
            places,
        };
        Ok(Ok((answer(StatusCode::OK, &joined)?, Some(id))))
    }

    fn leave(&mut self, ticket: &Ticket) -> Result<Decision, serde_json::Error> {
        let Request { event_id, user_id, .. } = ticket.request;
        let Some(at) = self.events.get_mut(&event_id) else { return Ok(Err(Problem::not_found())) };
        let Some(live) = self.live.remove(&(event_id, user_id)) else {
            return Ok(Err(Problem::new(error::NOT_JOINED)));
        };
        at.changed = true;
        at.event.revision += 1;
        at.event.release(live.status, live.party_size);
        at.line.retain(|it| it.line_no != live.line_no);
        match self.made.get(&(event_id, live.line_no)) {
            Some(index) => self.writes.joins[*index].left = true,
            None => self.writes.left.push((event_id, live.line_no)),
        }
        let message = JoinEnded {
            join_id: live.id,
            event_id,
            user_id,
            was_confirmed: live.status == JoinStatus::Confirmed,
            reason: EndReason::Left,
            decided_at: self.now,
            places: at.event.places(),
            words: None,
        };
        self.writes.messages.push(Draft::new(&message, ticket.trace)?);
        self.promote(event_id, ticket.trace)?;
        let places = self.events[&event_id].event.places();
        let left = Left { event_id, status: "left", left_at: self.now, places };
        Ok(Ok((answer(StatusCode::OK, &left)?, Some(live.id))))
    }

    fn promote(&mut self, event_id: EventId, trace: TraceContext) -> Result<(), serde_json::Error> {
        let Some(at) = self.events.get_mut(&event_id) else { return Ok(()) };
        let revision = at.event.revision;
        for promoted in at.event.promote(&mut at.line, self.now) {
            let waiting = promoted.waiting;
            if let Some(live) = self.live.get_mut(&(event_id, waiting.user_id)) {
                live.status = JoinStatus::Confirmed;
            }
            match self.made.get(&(event_id, waiting.line_no)) {
                Some(index) => {
                    let join = &mut self.writes.joins[*index];
                    (join.promoted, join.confirmed_revision) = (true, Some(revision));
                }
                None => self.writes.promoted.push((event_id, waiting.line_no, revision)),
            }
            self.writes.messages.push(Draft::new(&came_up(event_id, &promoted, self.now), trace)?);
        }
        Ok(())
    }

    /// What to write.
    pub fn finish(self) -> Writes {
        let mut writes = self.writes;
        writes.events = self.events.into_values().filter(|at| at.changed).map(|at| at.event).collect();
        // Two lanes that want the same keys must want them in the same order.
        writes.answers.sort_unstable_by(|a, b| (a.user_id, &a.key).cmp(&(b.user_id, &b.key)));
        writes
    }
}

fn answer(status: StatusCode, body: &impl Serialize) -> Result<Answer, serde_json::Error> {
    Ok(Answer { status, body: serde_json::to_vec(body)? })
}

/// Of what the request means, not of how it is written: an absent party is a party of one.
fn request_hash(event_id: EventId, wish: Wish) -> Vec<u8> {
    let meaning = match wish {
        Wish::Join { party, .. } => format!("join/{event_id}/{}", party.get()),
        Wish::Leave => format!("leave/{event_id}"),
    };
    Sha256::digest(meaning.as_bytes()).to_vec()
}
