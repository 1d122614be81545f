//! What people ask for themselves.

use chrono::{DateTime, Utc};
use contracts::{
    JoinId, UserId,
    joins::{EndReason, JoinRequested, JoinWaitlisted},
    registration::Access,
};
use serde::Serialize;

use super::{Book, Fact};
use crate::domain::{
    Answers, Claim, Claimant, DueFor, InvitationCode, Join, JoinStatus, PartySize, Phase, Refusal, Way,
};

/// Somebody comes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Given {
    /// Who.
    pub user_id: UserId,
    /// Whether their address has been proven. Not a part of what was asked for.
    #[serde(skip)]
    pub verified: bool,
    /// Together with their guests.
    pub party: PartySize,
    /// The smallest part of the party that would come.
    pub at_least: PartySize,
    /// As guests are called, as far as they are named.
    pub guests: Vec<String>,
    /// To the organiser's questions.
    pub answers: Answers,
    /// The code of an invitation.
    pub invitation: Option<InvitationCode>,
    /// Whether other lines are left once this is a place.
    pub leave_other_lines: bool,
}

impl Given {
    /// Whether nothing is said but how many come.
    pub fn is_plain(&self) -> bool {
        self.at_least == self.party
            && self.guests.is_empty()
            && self.answers.is_empty()
            && self.invitation.is_none()
            && !self.leave_other_lines
    }
}

/// What a claim came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Which join.
    pub id: JoinId,
    /// A place, a place in the line, or a request.
    pub status: JoinStatus,
    /// How far from the head of the line, which is 1; `None` outside of it.
    pub position: Option<i32>,
    /// How many people it is for.
    pub size: i32,
}

impl Book {
    /// Somebody comes. They are put at the end of the line; then what is free is given. So nobody is overtaken, and whoever comes to an empty
    /// line with room has a place at once.
    ///
    /// # Errors
    /// The first gate that refuses. Nothing has changed then.
    pub fn join(&mut self, given: &Given, now: DateTime<Utc>) -> Result<Placed, Refusal> {
        self.settle(now);
        let (size, at_least) = (given.party.get(), given.at_least.get().min(given.party.get()));
        let invitation = given.invitation.as_ref().map(|code| self.invitations.get(code).filter(|it| it.is_good(now)));
        let by = Claimant::Newcomer {
            verified: given.verified,
            already_in: self.of.contains_key(&given.user_id),
            banned: self.banned.contains(&given.user_id),
            invited: invitation.map(|it| it.is_some()),
        };
        self.event.gates(&Claim { at_least, size, answers: &given.answers, by }, now)?;
        let invitation = invitation.flatten().cloned();
        self.bump();
        let line_no = self.arrive();
        let needs_approval = self.event.registration.access == Access::Approval && invitation.is_none();
        let join = Join {
            id: JoinId::new(now),
            user_id: given.user_id,
            line_no,
            written_as: None,
            status: if needs_approval { JoinStatus::Pending } else { JoinStatus::Waitlisted },
            size,
            at_least,
            asked_size: None,
            guests: given.guests.clone(),
            answers: given.answers.clone(),
            invitation: invitation.as_ref().map(|it| it.id),
            leave_other_lines: given.leave_other_lines,
            passed: 0,
            due: None,
            joined_at: now,
            offered_at: None,
            confirmed: None,
            given_revision: None,
            way: None,
            promoted: false,
            kept_at: None,
            inside: 0,
            end: None,
        };
        self.event.take(join.status, size);
        self.dirty.insert(line_no);
        self.load(join);
        if needs_approval {
            self.tell_request(line_no, now);
        } else if invitation.is_some_and(|it| self.use_invitation(&it.code, line_no, now)) {
            self.give(None, now); // what the invited did not need
        } else {
            self.give(Some(line_no), now);
            self.tell_waiting(line_no, now);
        }
        Ok(self.placed(line_no))
    }

    /// Accepts an offer; or, shortly before the start, claims what is free.
    ///
    /// # Errors
    /// If there is nothing to claim.
    pub fn claim(&mut self, user_id: UserId, now: DateTime<Utc>) -> Result<Placed, Refusal> {
        self.settle(now);
        let join = self.live(user_id).ok_or(Refusal::NotIn)?;
        let (line_no, status, size) = (join.line_no, join.status, join.size);
        let claim = Claim { at_least: join.at_least, size: join.size, answers: &join.answers, by: Claimant::Waiting };
        self.event.gates(&claim, now)?;
        match status {
            JoinStatus::Offered => {
                self.bump();
                self.confirm(line_no, size, Way::Offer, true, now);
            }
            JoinStatus::Waitlisted
                if self.event.phase(now) == Phase::OpenClaim
                    && self.event.fitting(size, join.at_least, now).is_some() =>
            {
                self.bump();
                self.give_to(line_no, Way::Claim, true, now);
            }
            JoinStatus::Confirmed => return Err(Refusal::AlreadyIn),
            JoinStatus::Waitlisted | JoinStatus::Pending | JoinStatus::Ended => return Err(Refusal::NothingToClaim),
        }
        self.give(None, now);
        Ok(self.placed(line_no))
    }

    /// Leaves: gives up a place, an offer, a place in the line, or a request. Works for whoever is in, whatever the event is like.
    ///
    /// # Errors
    /// If the person is not in.
    pub fn leave(&mut self, user_id: UserId, now: DateTime<Utc>) -> Result<JoinId, Refusal> {
        self.settle(now);
        let join = self.live(user_id).ok_or(Refusal::NotIn)?;
        let (id, line_no) = (join.id, join.line_no);
        let reason = if join.status == JoinStatus::Offered { EndReason::Declined } else { EndReason::Left };
        self.bump();
        self.end(line_no, reason, None, None, now);
        self.give(None, now);
        Ok(id)
    }

    /// Says that one still comes.
    ///
    /// # Errors
    /// If the person is not in.
    pub fn keep(&mut self, user_id: UserId, now: DateTime<Utc>) -> Result<(), Refusal> {
        self.settle(now);
        let line_no = self.live(user_id).ok_or(Refusal::NotIn)?.line_no;
        self.bump();
        self.dirty.insert(line_no);
        if let Some(join) = self.joins.get_mut(&line_no) {
            join.kept_at = Some(now);
            join.due = join.due.filter(|due| due.what != DueFor::Reconfirmation);
        }
        Ok(())
    }

    /// Answers the organiser's questions (again).
    ///
    /// # Errors
    /// If the person is not in, or the answers will not do.
    pub fn answer(&mut self, user_id: UserId, answers: &Answers, now: DateTime<Utc>) -> Result<(), Refusal> {
        self.settle(now);
        let line_no = self.live(user_id).ok_or(Refusal::NotIn)?.line_no;
        let faults = answers.faults(&self.event.registration.questions);
        if !faults.is_empty() {
            return Err(Refusal::Answers(faults));
        }
        self.bump();
        self.dirty.insert(line_no);
        if let Some(join) = self.joins.get_mut(&line_no) {
            join.answers = answers.clone();
            join.due = join.due.filter(|due| due.what != DueFor::Answers);
        }
        Ok(())
    }

    /// Leaves the line; whoever has a place by now keeps it.
    pub fn leave_line(&mut self, user_id: UserId, now: DateTime<Utc>) {
        self.settle(now);
        let waits = self.live(user_id).is_some_and(|it| it.status != JoinStatus::Confirmed);
        if waits && self.leave(user_id, now).is_ok() {
            self.tell_places();
        }
    }

    /// The account does not exist any more.
    pub fn forget(&mut self, user_id: UserId, now: DateTime<Utc>) {
        self.settle(now);
        let Some(line_no) = self.live(user_id).map(|it| it.line_no) else { return };
        self.bump();
        self.end(line_no, EndReason::AccountDeleted, None, None, now);
        self.give(None, now);
        self.tell_places();
    }

    pub(super) fn arrive(&mut self) -> i64 {
        let line_no = self.event.next_line_no;
        self.event.next_line_no += 1;
        line_no
    }

    /// Uses an invitation; `true` if it came with a place. If too few are kept for the whole party, free places are added, unless somebody
    /// else waits for them. What it kept beyond its last use is kept for nobody, and free.
    fn use_invitation(&mut self, code: &InvitationCode, line_no: i64, now: DateTime<Utc>) -> bool {
        let (Some(invitation), Some(join)) = (self.invitations.get_mut(code), self.joins.get(&line_no)) else {
            return false;
        };
        self.used.insert(code.clone());
        invitation.uses_left -= 1;
        let before = invitation.reserved;
        let waits = |other: &i64| *other != line_no && !self.event.is_hopeless(self.joins[other].at_least);
        let is_first = self.event.phase(now) == Phase::OpenClaim || !self.line.iter().any(waits);
        let free = if is_first { self.event.room(now).map_or(i32::MAX, |room| room.max(0)) } else { 0 };
        let people = join.size.min(before.saturating_add(free));
        let suffices = before > 0 && people >= join.at_least;
        if suffices {
            invitation.reserved -= people.min(before);
        }
        if invitation.uses_left == 0 {
            invitation.reserved = 0;
        }
        self.event.reserved -= before - invitation.reserved;
        if suffices {
            self.confirm(line_no, people, Way::Invited, false, now);
        }
        suffices
    }

    pub(super) fn tell_waiting(&mut self, line_no: i64, now: DateTime<Utc>) {
        let Some(join) = self.joins.get(&line_no).filter(|it| it.status == JoinStatus::Waitlisted) else { return };
        self.facts.push(Fact::Waitlisted(JoinWaitlisted {
            join_id: join.id,
            event_id: self.event.id,
            user_id: join.user_id,
            party_size: join.size,
            position: self.event.line_length,
            decided_at: now,
            places: self.event.places(),
        }));
    }

    fn tell_request(&mut self, line_no: i64, now: DateTime<Utc>) {
        let Some(join) = self.joins.get(&line_no) else { return };
        self.facts.push(Fact::Requested(JoinRequested {
            join_id: join.id,
            event_id: self.event.id,
            user_id: join.user_id,
            party_size: join.size,
            decided_at: now,
        }));
    }

    /// How it stands with whoever arrived last, or has a place.
    pub(super) fn placed(&self, line_no: i64) -> Placed {
        let join = &self.joins[&line_no];
        let position = (join.status == JoinStatus::Waitlisted).then_some(self.event.line_length);
        Placed { id: join.id, status: join.status, position, size: join.size }
    }
}
