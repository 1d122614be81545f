//! One event's register: all decisions about its places are made here, one after the other.

mod organiser;
mod people;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    UserId,
    joins::{
        EndReason, JoinConfirmed, JoinEnded, JoinOffered, JoinRequested, JoinWaitlisted, PlacePreferred, PlacesChanged,
    },
};
use serde_json::Value;

use super::{Due, DueFor, End, Event, Invitation, InvitationCode, Join, JoinStatus, Phase, Way};

pub use organiser::NewInvitation;
pub use people::{Given, Placed};

/// Parties of the line that are looked at for one that fits, behind one that does not.
const LOOK_AHEAD: usize = 100;
/// People who have an offer at one time: as long as so many are thinking about it, the next ones wait. Where places are without limit,
/// nobody has to wait for anybody.
const OFFERED_AT_ONCE: i32 = 20;
/// How long an agreed capacity keeps places back while the organiser's change is on its way.
const HOLD: TimeDelta = TimeDelta::seconds(30);

/// An event, and of its joins those that decisions depend on. What is decided changes the book; what has changed is written down afterwards.
#[derive(Debug)]
pub struct Book {
    /// The event.
    pub event: Event,
    /// Live joins, as far as they are loaded, and those that ended just now.
    joins: BTreeMap<i64, Join>,
    /// Who is in.
    of: HashMap<UserId, i64>,
    /// Those of the joins that stand in the line.
    line: BTreeSet<i64>,
    /// Up to this arrival, everybody in the line is loaded.
    horizon: i64,
    /// Places that nobody has used, of those that were locked.
    absent: BTreeSet<i64>,
    /// Of those who ask, those whom the organiser does not want.
    banned: HashSet<UserId>,
    /// By their codes, those that were named.
    invitations: HashMap<InvitationCode, Invitation>,
    /// The first deadline that is not loaded.
    next_due: Option<DateTime<Utc>>,
    settled: bool,
    changed: bool,
    /// Arrivals whose joins have to be written down.
    dirty: BTreeSet<i64>,
    /// Codes of invitations that have to be written down.
    used: BTreeSet<InvitationCode>,
    /// Invitations that were made: what, by whom, when.
    made: Vec<(NewInvitation, UserId, DateTime<Utc>)>,
    facts: Vec<Fact>,
    decisions: Vec<Decision>,
}

/// How much of the line has to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Parties from its head.
    pub parties: i32,
    /// Whether joins and reservations whose deadline has passed have to be known as well.
    pub due: bool,
}

/// What others are told.
#[derive(Clone, Debug)]
pub enum Fact {
    /// A place.
    Confirmed(JoinConfirmed),
    /// A place in the line.
    Waitlisted(JoinWaitlisted),
    /// A request.
    Requested(JoinRequested),
    /// A place is kept for a while.
    Offered(JoinOffered),
    /// It is over.
    Ended(JoinEnded),
    /// The lines of other events can be left.
    Preferred(PlacePreferred),
    /// Only the numbers have changed.
    Places(PlacesChanged),
}

/// What an organiser, or the clock, decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The event's revision that it made.
    pub revision: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who; `None` is the rules.
    pub actor: Option<UserId>,
    /// What was done.
    pub action: Action,
    /// Whom it concerns.
    pub user_id: Option<UserId>,
    /// More about it.
    pub details: Value,
}

/// Kind of a decision, as the timeline names it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Action {
    /// A request was approved.
    Approved,
    /// A request was not approved.
    Rejected,
    /// Somebody was taken off the list.
    Removed,
    /// Somebody is not wanted any more.
    Banned,
    /// Somebody is welcome again.
    Unbanned,
    /// Somebody got a place out of turn; `exceeded` says by how many people the capacity is exceeded.
    Picked,
    /// Places are kept for the invited.
    Invited,
    /// An invitation was taken back.
    InvitationRevoked,
    /// The capacity changed; `overbooked` says by how many people it is exceeded.
    CapacityChanged,
    /// A place was offered.
    Offered,
    /// A deadline passed.
    Lapsed,
    /// A smaller party went first.
    Passed,
    /// Everybody was asked whether they still come.
    ReconfirmationAsked,
    /// Somebody was let in at the door.
    WalkedIn,
}

impl Book {
    /// A book of which nothing but the event is loaded yet.
    pub fn new(event: Event) -> Self {
        let horizon = if event.line_length == 0 { i64::MAX } else { 0 };
        Self {
            event,
            joins: BTreeMap::new(),
            of: HashMap::new(),
            line: BTreeSet::new(),
            horizon,
            absent: BTreeSet::new(),
            banned: HashSet::new(),
            invitations: HashMap::new(),
            next_due: None,
            settled: false,
            changed: false,
            dirty: BTreeSet::new(),
            used: BTreeSet::new(),
            made: Vec::new(),
            facts: Vec::new(),
            decisions: Vec::new(),
        }
    }

    /// How much of the line has to be loaded before anything is decided, if `freeing` requests may free places or give them out of turn.
    pub fn wanted(&self, freeing: i32, now: DateTime<Utc>) -> Wanted {
        let due = self.event.due_at.is_some_and(|at| at <= now);
        let lapsed = self.event.hold_until.is_some_and(|until| until <= now);
        if !due && !lapsed && freeing == 0 && !self.event.is_held_up(now) {
            return Wanted { parties: 0, due };
        }
        let length = self.event.line_length;
        let look_ahead = i32::try_from(LOOK_AHEAD).unwrap_or(i32::MAX);
        let parties = match self.event.room(now) {
            Some(room) if !due && !lapsed => {
                room.max(0).saturating_add(freeing.saturating_mul(11)).saturating_add(look_ahead)
            }
            _ => length,
        };
        Wanted { parties: parties.min(length), due }
    }

    /// Takes a live join.
    pub fn load(&mut self, join: Join) {
        if join.status == JoinStatus::Waitlisted {
            self.line.insert(join.line_no);
        }
        self.of.insert(join.user_id, join.line_no);
        self.joins.entry(join.line_no).or_insert(join);
    }

    /// Takes the head of the line, of which `wanted` parties were asked for.
    pub fn load_line(&mut self, joins: Vec<Join>, wanted: i32) {
        let whole = i32::try_from(joins.len()).is_ok_and(|count| count < wanted || count >= self.event.line_length);
        self.horizon = if whole { i64::MAX } else { joins.last().map_or(0, |last| last.line_no) };
        for join in joins {
            self.load(join);
        }
    }

    /// Takes what is due: joins whose deadline has passed, and when the next one of those that are not loaded passes.
    pub fn load_due(&mut self, joins: Vec<Join>, next: Option<DateTime<Utc>>) {
        self.next_due = next;
        for join in joins {
            self.load(join);
        }
    }

    /// Takes a place that nobody has used, locked: what was loaded of it before may be out of date.
    pub fn load_absent(&mut self, join: Join) {
        self.absent.insert(join.line_no);
        self.of.insert(join.user_id, join.line_no);
        self.joins.insert(join.line_no, join);
    }

    /// Takes an invitation.
    pub fn load_invitation(&mut self, invitation: Invitation) {
        self.invitations.entry(invitation.code.clone()).or_insert(invitation);
    }

    /// Takes somebody who is banned.
    pub fn load_ban(&mut self, user_id: UserId) {
        self.banned.insert(user_id);
    }

    /// Somebody's live join.
    pub fn live(&self, user_id: UserId) -> Option<&Join> {
        self.joins.get(self.of.get(&user_id)?)
    }

    /// Brings the book up to date: what has lapsed is over, and what is free is given. Whatever is decided, comes after it. `true` if
    /// places were given that nobody had freed: somebody has waited beside a free place.
    pub fn settle(&mut self, now: DateTime<Utc>) -> bool {
        if std::mem::replace(&mut self.settled, true) {
            return false;
        }
        let is_due = self.event.due_at.is_some_and(|at| at <= now);
        let freed = self.event.drop_lapsed_hold(now) || is_due;
        if freed {
            self.bump();
        }
        if is_due {
            self.lapse(now);
        }
        if !freed && !self.event.is_held_up(now) {
            return false;
        }
        let (facts, revision) = (self.facts.len(), self.event.revision);
        self.event.revision += i64::from(!freed);
        self.give(None, now);
        let given = self.facts.len() > facts;
        if given {
            self.changed = true;
        } else {
            self.event.revision = revision;
        }
        !freed && given
    }

    fn lapse(&mut self, now: DateTime<Utc>) {
        let mut due: Vec<(DateTime<Utc>, i64)> = Vec::new();
        for join in self.joins.values().filter(|it| it.status != JoinStatus::Ended) {
            due.extend(join.due.and_then(|due| due.at).filter(|at| *at <= now).map(|at| (at, join.line_no)));
        }
        due.sort_unstable();
        for (_, line_no) in due {
            let Some(what) = self.joins.get(&line_no).and_then(|it| it.due).map(|due| due.what) else { continue };
            let user_id = self.joins[&line_no].user_id;
            self.end(line_no, what.reason(), None, None, now);
            self.note(None, Action::Lapsed, Some(user_id), serde_json::json!({ "of": what }), now);
        }
        for invitation in self.invitations.values_mut() {
            if invitation.reserved > 0 && invitation.kept_until(self.event.starts_at) <= now {
                self.event.reserved -= std::mem::take(&mut invitation.reserved);
                self.used.insert(invitation.code.clone());
            }
        }
        let joins = self.joins.values().filter_map(|it| it.due?.at);
        let starts_at = self.event.starts_at;
        let kept = self.invitations.values().filter(|it| it.reserved > 0);
        let reserved = kept.map(|it| it.kept_until(starts_at));
        self.event.due_at = joins.chain(reserved).chain(self.next_due).min();
    }

    /// Gives what is free. In order of arrival; a party that does not fit may be passed by smaller ones behind it as often as the rules say.
    /// `newcomer` is who came just now: they are here, and need no offer.
    fn give(&mut self, newcomer: Option<i64>, now: DateTime<Utc>) {
        let phase = self.event.phase(now);
        match phase {
            Phase::Closed(_) => return,
            Phase::OpenClaim => {
                if let Some(line_no) = newcomer {
                    self.give_to(line_no, Way::Claim, false, now);
                }
                return;
            }
            Phase::Automatic | Phase::Offers => {}
        }
        let passes = self.event.registration.passes;
        let mut ahead: Vec<i64> = Vec::new();
        let mut after = 0;
        while self.event.room(now).is_none_or(|room| room > 0) && ahead.len() <= LOOK_AHEAD {
            let Some(line_no) = self.line.range(after + 1..).next().copied().filter(|it| *it <= self.horizon) else {
                break;
            };
            after = line_no;
            let join = &self.joins[&line_no];
            if self.event.is_hopeless(join.at_least) {
                continue; // keeps nobody waiting
            }
            let Some(fitting) = self.event.fitting(join.size, join.at_least, now) else {
                if join.passed >= passes {
                    break;
                }
                ahead.push(line_no);
                continue;
            };
            let is_new = newcomer == Some(line_no);
            if phase == Phase::Offers && !is_new {
                if self.event.offered >= OFFERED_AT_ONCE && self.event.capacity.is_some() {
                    break;
                }
                self.offer(line_no, fitting, now);
            } else {
                self.confirm(line_no, fitting, if is_new { Way::Direct } else { Way::Line }, !is_new, now);
            }
            if self.pass(&ahead, line_no, now) {
                break;
            }
        }
    }

    fn give_to(&mut self, line_no: i64, way: Way, promoted: bool, now: DateTime<Utc>) {
        let Some(join) = self.joins.get(&line_no) else { return };
        if let Some(fitting) = self.event.fitting(join.size, join.at_least, now) {
            self.confirm(line_no, fitting, way, promoted, now);
        }
    }

    /// Counts that somebody went before these; `true` if that must not happen to one of them again.
    fn pass(&mut self, ahead: &[i64], by: i64, now: DateTime<Utc>) -> bool {
        let mut enough = false;
        for line_no in ahead {
            let Some(join) = self.joins.get_mut(line_no) else { continue };
            join.passed += 1;
            enough |= join.passed >= self.event.registration.passes;
            self.dirty.insert(*line_no);
            let user_id = join.user_id;
            self.note(None, Action::Passed, Some(user_id), serde_json::json!({ "by_arrival": by }), now);
        }
        enough
    }

    fn offer(&mut self, line_no: i64, people: i32, now: DateTime<Utc>) {
        let revision = self.event.revision;
        let until = self.event.offered_until(now);
        let Some(join) = self.joins.get_mut(&line_no) else { return };
        self.line.remove(&line_no);
        self.event.release(join.status, join.size);
        shrink(join, people);
        join.status = JoinStatus::Offered;
        join.due = Some(Due { at: Some(until), what: DueFor::Offer });
        join.offered_at = Some(now);
        join.given_revision = Some(revision);
        self.event.take(JoinStatus::Offered, people);
        self.event.expect(until);
        self.dirty.insert(line_no);
        let fact = JoinOffered {
            join_id: join.id,
            event_id: self.event.id,
            user_id: join.user_id,
            party_size: people,
            offered_until: until,
            decided_at: now,
            places: self.event.places(),
        };
        let user_id = join.user_id;
        self.facts.push(Fact::Offered(fact));
        self.note(None, Action::Offered, Some(user_id), serde_json::json!({ "until": until }), now);
    }

    fn confirm(&mut self, line_no: i64, people: i32, way: Way, promoted: bool, now: DateTime<Utc>) {
        let revision = self.event.revision;
        let Some(join) = self.joins.get_mut(&line_no) else { return };
        self.line.remove(&line_no);
        self.event.release(join.status, join.size);
        shrink(join, people);
        if join.status != JoinStatus::Offered {
            join.given_revision = Some(revision); // an offer was given when it was made
        }
        join.status = JoinStatus::Confirmed;
        join.confirmed = Some((now, revision));
        (join.way, join.promoted) = (Some(way), promoted);
        let owes = way != Way::Door && !join.answers.suffice(&self.event.registration.questions);
        let answers_due = owes.then(|| self.event.answers_until(now));
        join.due = answers_due.map(|at| Due { at: Some(at), what: DueFor::Answers });
        self.event.take(JoinStatus::Confirmed, people);
        if let Some(at) = answers_due {
            self.event.expect(at);
        }
        self.dirty.insert(line_no);
        self.facts.push(Fact::Confirmed(JoinConfirmed {
            join_id: join.id,
            event_id: self.event.id,
            user_id: join.user_id,
            party_size: people,
            promoted,
            decided_at: now,
            places: self.event.places(),
            ticket: None, // whoever has the key adds it
            answers_due,
        }));
        if join.leave_other_lines {
            self.facts.push(Fact::Preferred(PlacePreferred { event_id: self.event.id, user_id: join.user_id }));
        }
    }

    /// Ends a join; what it held is free, but for the places of those who are inside: those are used up. Never refused.
    fn end(&mut self, line_no: i64, reason: EndReason, by: Option<UserId>, words: Option<String>, now: DateTime<Utc>) {
        let Some(join) = self.joins.get_mut(&line_no) else { return };
        let was_confirmed = join.status == JoinStatus::Confirmed;
        self.event.release(join.status, join.size);
        self.event.used += join.inside;
        self.line.remove(&line_no);
        self.of.remove(&join.user_id);
        join.status = JoinStatus::Ended;
        join.due = None;
        join.end = Some(End { at: now, reason, by });
        self.dirty.insert(line_no);
        self.facts.push(Fact::Ended(JoinEnded {
            join_id: join.id,
            event_id: self.event.id,
            user_id: join.user_id,
            was_confirmed,
            reason,
            decided_at: now,
            places: self.event.places(),
            words,
        }));
    }

    /// Another change of the event.
    fn bump(&mut self) {
        self.event.revision += 1;
        self.changed = true;
    }

    fn note(
        &mut self,
        actor: Option<UserId>,
        action: Action,
        user_id: Option<UserId>,
        details: Value,
        now: DateTime<Utc>,
    ) {
        let revision = self.event.revision;
        self.decisions.push(Decision { revision, at: now, actor, action, user_id, details });
    }

    /// What is told of the decisions since the last call, in order.
    pub fn told(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.facts)
    }

    /// What has to be written down.
    pub fn close(self) -> Closing {
        let Self { mut event, joins, dirty, changed, decisions, invitations, used, made, .. } = self;
        event.shrink_overbooking();
        let joins = joins.into_values().filter(|it| dirty.contains(&it.line_no)).collect();
        let invitations = invitations.into_values().filter(|it| used.contains(&it.code)).collect();
        Closing { event, changed, joins, decisions, invitations, made }
    }
}

/// What has to be written down of a book.
#[derive(Debug)]
pub struct Closing {
    /// The event.
    pub event: Event,
    /// Whether anything has changed at all.
    pub changed: bool,
    /// Joins that were made or have changed.
    pub joins: Vec<Join>,
    /// Decisions, in order.
    pub decisions: Vec<Decision>,
    /// Invitations that have changed.
    pub invitations: Vec<Invitation>,
    /// Invitations that were made: what, by whom, when.
    pub made: Vec<(NewInvitation, UserId, DateTime<Utc>)>,
}

/// A party that comes in parts has got one of them.
fn shrink(join: &mut Join, people: i32) {
    if people < join.size {
        join.asked_size = Some(join.size);
        join.size = people;
        join.at_least = join.at_least.min(people);
    }
}
