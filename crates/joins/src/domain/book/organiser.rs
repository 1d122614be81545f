//! What organisers decide.

use chrono::{DateTime, Utc};
use contracts::{
    UserId,
    events::{EventSnapshot, TimeAndPlace},
    joins::{EndReason, PlacesChanged},
};
use serde_json::json;
use uuid::Uuid;

use super::{Action, Book, Fact, HOLD, Wanted};
use crate::domain::{Claim, Claimant, Closed, Event, InvitationCode, Join, JoinStatus, Placed, Refusal, Way};

/// An invitation to be made.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct NewInvitation {
    /// Which. Chosen anew for each request, so no part of what was asked for.
    #[serde(skip)]
    pub id: Uuid,
    /// What the invited will know. Likewise.
    #[serde(skip)]
    pub code: InvitationCode,
    /// How the organiser calls it.
    pub label: String,
    /// Parties that may come by it.
    pub uses: i32,
    /// Places that are kept for them.
    pub reserved: i32,
    /// The first instant at which it is too late.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Book {
    /// Approves a request: from now on it counts as an arrival like any other.
    ///
    /// # Errors
    /// If there is no request, or a gate refuses.
    pub fn approve(&mut self, user_id: UserId, actor: UserId, now: DateTime<Utc>) -> Result<Placed, Refusal> {
        self.settle(now);
        let join = self.live(user_id).ok_or(Refusal::NotIn)?;
        if join.status != JoinStatus::Pending {
            return Err(Refusal::NotPending);
        }
        let by = Claimant::Approved { banned: self.banned.contains(&user_id) };
        let claim = Claim { at_least: join.at_least, size: join.size, answers: &join.answers, by };
        self.event.gates(&claim, now)?;
        self.bump();
        let line_no = self.queue_up(user_id);
        self.note(Some(actor), Action::Approved, Some(user_id), json!({}), now);
        self.give(Some(line_no), now);
        self.tell_waiting(line_no, now);
        Ok(self.placed(line_no))
    }

    /// A request becomes a place in the line: the arrival is now.
    fn queue_up(&mut self, user_id: UserId) -> i64 {
        let line_no = self.arrive();
        if let Some(mut join) = self.of.get(&user_id).and_then(|old| self.joins.remove(old)) {
            self.dirty.remove(&join.line_no);
            join.line_no = line_no;
            join.status = JoinStatus::Waitlisted;
            self.event.take(JoinStatus::Waitlisted, join.size);
            self.load(join);
            self.dirty.insert(line_no);
        }
        line_no
    }

    /// Does not approve a request.
    ///
    /// # Errors
    /// If there is none.
    pub fn reject(
        &mut self,
        user_id: UserId,
        words: Option<String>,
        actor: UserId,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        self.settle(now);
        let join = self.live(user_id).ok_or(Refusal::NotIn)?;
        if join.status != JoinStatus::Pending {
            return Err(Refusal::NotPending);
        }
        let line_no = join.line_no;
        self.bump();
        self.end(line_no, EndReason::Rejected, Some(actor), words, now);
        self.note(Some(actor), Action::Rejected, Some(user_id), json!({}), now);
        Ok(())
    }

    /// Takes somebody off the list; what they held goes to the line.
    ///
    /// # Errors
    /// If they are not in.
    pub fn remove(
        &mut self,
        user_id: UserId,
        words: Option<String>,
        actor: UserId,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        self.settle(now);
        let line_no = self.live(user_id).ok_or(Refusal::NotIn)?.line_no;
        self.bump();
        self.end(line_no, EndReason::Removed, Some(actor), words, now);
        self.note(Some(actor), Action::Removed, Some(user_id), json!({}), now);
        self.give(None, now);
        Ok(())
    }

    /// Does not want somebody at this event any more; whatever they held goes to the line. Twice is as good as once.
    pub fn ban(&mut self, user_id: UserId, words: Option<String>, actor: UserId, now: DateTime<Utc>) {
        self.settle(now);
        if !self.banned.insert(user_id) {
            return;
        }
        self.bump();
        self.event.banned += 1;
        if let Some(line_no) = self.live(user_id).map(|it| it.line_no) {
            self.end(line_no, EndReason::Banned, Some(actor), words, now);
        }
        self.note(Some(actor), Action::Banned, Some(user_id), json!({}), now);
        self.give(None, now);
    }

    /// Wants somebody again.
    pub fn unban(&mut self, user_id: UserId, actor: UserId, now: DateTime<Utc>) {
        self.settle(now);
        if !self.banned.remove(&user_id) {
            return;
        }
        self.bump();
        self.event.banned -= 1;
        self.note(Some(actor), Action::Unbanned, Some(user_id), json!({}), now);
    }

    /// Gives somebody who waits, or has asked, a place out of turn; above the capacity only if `exceed` says so.
    ///
    /// # Errors
    /// If they do not wait, a gate refuses, or there is no room.
    pub fn pick(
        &mut self,
        user_id: UserId,
        exceed: bool,
        actor: UserId,
        now: DateTime<Utc>,
    ) -> Result<Placed, Refusal> {
        self.settle(now);
        let join = self.live(user_id).ok_or(Refusal::NotIn)?;
        if join.status == JoinStatus::Confirmed {
            return Err(Refusal::AlreadyIn);
        }
        let by = Claimant::Approved { banned: self.banned.contains(&user_id) };
        let (line_no, size) = (join.line_no, join.size);
        // Above the capacity, it is no question what would ever fit.
        let at_least = if exceed { 0 } else { size };
        self.event.gates(&Claim { at_least, size, answers: &join.answers, by }, now)?;
        let own = if join.status == JoinStatus::Offered { size } else { 0 };
        let room = self.event.room(now).map_or(i32::MAX, |room| room.saturating_add(own));
        if room < size && !exceed {
            return Err(Refusal::Full { room: room.max(0) });
        }
        self.bump();
        let line_no = if join_is_pending(self, line_no) { self.queue_up(user_id) } else { line_no };
        let before = self.event.excess();
        self.confirm(line_no, size, Way::Picked, true, now);
        self.event.overbooked = self.event.excess();
        let exceeded = self.event.overbooked - before;
        let details = json!({ "exceeded": exceeded.max(0), "overbooked": self.event.overbooked });
        self.note(Some(actor), Action::Picked, Some(user_id), details, now);
        self.give(None, now);
        Ok(self.placed(line_no))
    }

    /// Lets somebody of the line in at the door, a quarter of an hour after the start, as many of the party as it goes. If nothing is free,
    /// those who have not come give up their places, whoever arrived last first.
    ///
    /// # Errors
    /// If it is too early or over, they do not wait, or everybody is there.
    pub fn walk_in(&mut self, user_id: UserId, actor: UserId, now: DateTime<Utc>) -> Result<Placed, Refusal> {
        self.settle(now);
        let from = self.event.walk_ins_from();
        match self.event.closed(now) {
            Some(Closed::Started) if self.event.ends_at <= now => return Err(Refusal::NotOpen(Closed::Started)),
            Some(Closed::Started) if from <= now => {}
            Some(Closed::Started) | None => return Err(Refusal::NotYetAtDoor(from)),
            Some(closed) => return Err(Refusal::NotOpen(closed)),
        }
        let join = self.live(user_id).ok_or(Refusal::NotIn)?;
        match join.status {
            JoinStatus::Waitlisted => {}
            JoinStatus::Pending => return Err(Refusal::NotApproved),
            JoinStatus::Offered | JoinStatus::Confirmed | JoinStatus::Ended => return Err(Refusal::AlreadyIn),
        }
        let (line_no, size, at_least) = (join.line_no, join.size, join.at_least);
        let room = self.event.room(now).unwrap_or(size);
        let fitting = (at_least..=size).rev().find_map(|people| Some((people, self.absent(people - room)?)));
        let (people, absent) = fitting.ok_or(Refusal::Full { room: room.max(0) })?;
        self.bump();
        for line_no in absent {
            self.end(line_no, EndReason::NoShow, Some(actor), None, now);
        }
        self.confirm(line_no, people, Way::Door, true, now);
        self.note(Some(actor), Action::WalkedIn, Some(user_id), json!({}), now);
        self.tell_places();
        Ok(self.placed(line_no))
    }

    /// Whose places are unused, so that these many people fit; `None` if they are not enough. Whoever arrived last first, but no party that
    /// is larger than what is missing as long as smaller ones do, and none that is not needed.
    fn absent(&self, mut missing: i32) -> Option<Vec<i64>> {
        let unused = || {
            let joins = self.joins.values().rev();
            joins.filter(|it| self.absent.contains(&it.line_no) && it.status == JoinStatus::Confirmed)
        };
        let mut absent = Vec::new();
        for join in unused() {
            if join.size <= missing {
                missing -= join.size;
                absent.push(join);
            }
        }
        if missing > 0 {
            let is_large = |it: &&Join| it.size >= missing && absent.iter().all(|other| other.line_no != it.line_no);
            let large = unused().filter(is_large).min_by_key(|it| it.size)?;
            let mut spare = large.size - missing;
            let mut needed = vec![large];
            for join in absent.into_iter().rev() {
                if join.size > spare {
                    needed.push(join);
                } else {
                    spare -= join.size; // the first to arrive keep their places
                }
            }
            absent = needed;
        }
        Some(absent.into_iter().map(|it| it.line_no).collect())
    }

    /// Keeps places for the invited, but none that wait for somebody in the line.
    ///
    /// # Errors
    /// If fewer are free, or there will be none.
    pub fn invite(&mut self, it: &NewInvitation, actor: UserId, now: DateTime<Utc>) -> Result<(), Refusal> {
        self.settle(now);
        if let Some(closed) = self.event.closed(now)
            && (it.reserved > 0 || closed == Closed::Cancelled)
        {
            return Err(Refusal::NotOpen(closed)); // nobody could come by it
        }
        if let Some(at) = it.expires_at.filter(|at| *at <= now) {
            return Err(Refusal::Expired(at));
        }
        let room = if self.is_awaited(now) { Some(0) } else { self.event.room(now) };
        if let Some(room) = room
            && it.reserved > 0
            && it.reserved > room
        {
            return Err(Refusal::Full { room: room.max(0) });
        }
        self.bump();
        self.event.reserved += it.reserved;
        if it.reserved > 0 {
            let starts_at = self.event.starts_at;
            self.event.expect(it.expires_at.map_or(starts_at, |end| end.min(starts_at)));
        }
        let details = json!({ "invitation": it.id, "uses": it.uses, "reserved": it.reserved });
        self.note(Some(actor), Action::Invited, None, details, now);
        self.made.push((it.clone(), actor, now));
        if it.reserved > 0 {
            self.tell_places();
        }
        Ok(())
    }

    /// Whether whatever is free waits for somebody in the line.
    fn is_awaited(&self, now: DateTime<Utc>) -> bool {
        self.event.is_held_up(now)
            && self.line.iter().any(|line_no| !self.event.is_hopeless(self.joins[line_no].at_least))
    }

    /// How many places this invitation keeps.
    pub fn reserved_by(&self, code: &InvitationCode) -> i32 {
        self.invitations.get(code).map_or(0, |it| it.reserved)
    }

    /// Takes an invitation back; the places that it kept go to the line.
    ///
    /// # Errors
    /// If it is not known.
    pub fn revoke(&mut self, code: &InvitationCode, actor: UserId, now: DateTime<Utc>) -> Result<(), Refusal> {
        self.settle(now);
        let Some(invitation) = self.invitations.get_mut(code) else { return Err(Refusal::InvitationSpent) };
        if invitation.revoked_at.is_some() {
            return Ok(());
        }
        invitation.revoked_at = Some(now);
        let (id, reserved) = (invitation.id, std::mem::take(&mut invitation.reserved));
        self.used.insert(code.to_owned());
        self.bump();
        self.event.reserved -= reserved;
        self.note(Some(actor), Action::InvitationRevoked, None, json!({ "invitation": id }), now);
        self.tell_places();
        self.give(None, now);
        Ok(())
    }

    /// Agrees to a lower capacity before it is saved elsewhere: from now on, for a while, no place above it is given.
    ///
    /// # Errors
    /// If more places are taken.
    pub fn hold(&mut self, capacity: i32, now: DateTime<Utc>) -> Result<(), Refusal> {
        self.settle(now);
        self.event.hold(capacity, now, now + HOLD).map_err(|taken| Refusal::BelowTaken { taken })?;
        self.bump();
        Ok(())
    }

    /// That somebody who was inside when their join ended had come, was a mistake: their place is free.
    pub fn free_used(&mut self, people: i32, now: DateTime<Utc>) {
        self.settle(now);
        let people = people.min(self.event.used);
        if people > 0 {
            self.bump();
            self.event.used -= people;
            self.give(None, now);
            self.tell_places();
        }
    }

    /// The change that a hold was made for has been refused elsewhere.
    pub fn release_hold(&mut self, capacity: i32, now: DateTime<Utc>) {
        self.settle(now);
        if self.event.withdraw_hold(capacity) {
            self.bump();
            self.give(None, now);
        }
    }

    /// How much has to be known before the organiser's decision is taken over.
    pub fn wanted_for(&self, snapshot: &EventSnapshot, now: DateTime<Utc>) -> Wanted {
        let mut then = self.event.clone();
        then.apply(snapshot, None, now);
        Book::new(then).wanted(1, now)
    }

    /// Takes over what the organiser decided about the event itself, and gives accordingly. `None`, and nothing changed, if it is not news.
    /// Otherwise the event as it was before.
    pub fn apply(
        &mut self,
        snapshot: &EventSnapshot,
        moved: Option<&TimeAndPlace>,
        overbooking_accepted: bool,
        now: DateTime<Utc>,
    ) -> Option<Event> {
        let before = self.event.clone();
        if !self.event.apply(snapshot, moved, now) {
            return None;
        }
        self.bump();
        if self.event.capacity != before.capacity {
            let (from, to, overbooked) = (before.capacity, self.event.capacity, self.event.overbooked);
            let details = json!({ "from": from, "to": to, "overbooked": overbooked, "accepted": overbooking_accepted });
            self.note(None, Action::CapacityChanged, None, details, now);
        }
        self.settle(now);
        self.give(None, now);
        if self.event.places() != before.places() || self.event.status != before.status {
            self.tell_places();
        }
        Some(before)
    }

    pub(super) fn tell_places(&mut self) {
        let fact = PlacesChanged { event_id: self.event.id, places: self.event.places() };
        self.facts.push(Fact::Places(fact));
    }
}

fn join_is_pending(book: &Book, line_no: i64) -> bool {
    book.joins.get(&line_no).is_some_and(|it| it.status == JoinStatus::Pending)
}
