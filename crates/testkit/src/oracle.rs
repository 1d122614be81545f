//! The rules once more, in the plainest way: one list of people in order of arrival, gone through again for each question. Too slow for the
//! real thing, and too simple to be wrong.
#![expect(missing_docs, reason = "the words are those of the engine")]
#![expect(clippy::missing_panics_doc, clippy::missing_errors_doc, reason = "for tests")]

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{events::EventStatus, registration::Access};
use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Pending,
    Waitlisted,
    Offered,
    Confirmed,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Waitlisted => "waitlisted",
            Self::Offered => "offered",
            Self::Confirmed => "confirmed",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DueFor {
    Offer,
    Answers,
    Reconfirmation,
}

impl DueFor {
    pub fn name(self) -> &'static str {
        match self {
            Self::Offer => "offer",
            Self::Answers => "answers",
            Self::Reconfirmation => "reconfirmation",
        }
    }
}

/// Somebody who is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub who: usize,
    pub size: i32,
    pub at_least: i32,
    pub status: Status,
    pub passed: i32,
    /// What they have to do, and by when; without an instant while the event is not public.
    pub due: Option<(Option<DateTime<Utc>>, DueFor)>,
    /// Whether they have answered the one question that there may be.
    pub answered: bool,
    /// How many of them are inside, and whether anybody ever was.
    pub inside: i32,
    pub arrived: bool,
}

impl Member {
    fn is_in_time(&self, now: DateTime<Utc>) -> bool {
        self.due.and_then(|(at, _)| at).is_none_or(|at| at > now)
    }
}

#[derive(Clone, Debug)]
pub struct Invitation {
    pub uses_left: i32,
    pub reserved: i32,
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked: bool,
}

impl Invitation {
    fn is_good(&self, now: DateTime<Utc>) -> bool {
        self.uses_left > 0 && !self.revoked && self.expires_at.is_none_or(|end| end > now)
    }
}

/// One event, with whoever is in, in order of arrival.
#[derive(Clone, Debug)]
pub struct Oracle {
    pub now: DateTime<Utc>,
    pub status: EventStatus,
    pub capacity: Option<i32>,
    /// The capacity, until when, and for how many wishes it stands.
    pub hold: Option<(i32, DateTime<Utc>, i32)>,
    pub starts_at: DateTime<Utc>,
    pub access: Access,
    pub party_limit: i32,
    pub opens_at: Option<DateTime<Utc>>,
    pub closes_at: Option<DateTime<Utc>>,
    pub passes: i32,
    pub offer_hours: i64,
    pub offer_minutes: i64,
    pub asks: bool,
    pub reconfirm_hours: Option<i64>,
    pub reconfirm_asked: bool,
    pub members: Vec<Member>,
    pub banned: Vec<usize>,
    pub invitations: Vec<Invitation>,
    /// Places of people who were inside when their join ended.
    pub used: i32,
}

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    pub who: usize,
    pub size: i32,
    pub at_least: i32,
    pub answered: bool,
    /// Which of the invitations; one that does not exist is not good.
    pub invitation: Option<usize>,
}

type Refused = &'static str;

impl Oracle {
    /// An event that has just been published, with the rules that most events have.
    pub fn new(now: DateTime<Utc>, capacity: Option<i32>, starts_at: DateTime<Utc>) -> Self {
        Self {
            now,
            status: EventStatus::Published,
            capacity,
            hold: None,
            starts_at,
            access: Access::Open,
            party_limit: 10,
            opens_at: None,
            closes_at: None,
            passes: 3,
            offer_hours: 24,
            offer_minutes: 120,
            asks: false,
            reconfirm_hours: None,
            reconfirm_asked: false,
            members: Vec::new(),
            banned: Vec::new(),
            invitations: Vec::new(),
            used: 0,
        }
    }

    pub fn places(&self) -> Value {
        json!({ "capacity": self.capacity, "confirmed": self.people(Status::Confirmed), "waitlisted": self.people(Status::Waitlisted), "held": self.held() })
    }

    fn people(&self, status: Status) -> i32 {
        self.members.iter().filter(|it| it.status == status).map(|it| it.size).sum()
    }

    fn held(&self) -> i32 {
        self.people(Status::Offered) + self.invitations.iter().map(|it| it.reserved).sum::<i32>() + self.used
    }

    fn taken(&self) -> i32 {
        self.people(Status::Confirmed) + self.held()
    }

    /// Places that can be given; as good as infinitely many without a limit.
    fn room(&self) -> i32 {
        let held = self.hold.filter(|(_, until, _)| *until > self.now).map(|(capacity, ..)| capacity);
        [self.capacity, held].into_iter().flatten().min().map_or(i32::MAX, |limit| limit - self.taken())
    }

    pub fn position(&self, who: usize) -> Option<usize> {
        self.members.iter().filter(|it| it.status == Status::Waitlisted).position(|it| it.who == who).map(|n| n + 1)
    }

    pub fn member(&self, who: usize) -> Option<&Member> {
        self.members.iter().find(|it| it.who == who)
    }

    /// As somebody is told now, whether or not anything was decided since.
    pub fn seen(&self, who: usize) -> Option<&Member> {
        self.member(who).filter(|it| it.is_in_time(self.now))
    }

    fn cutoff(&self) -> DateTime<Utc> {
        self.starts_at - TimeDelta::hours(self.offer_hours)
    }

    fn open_claim(&self) -> DateTime<Utc> {
        self.cutoff().max(self.starts_at - TimeDelta::minutes(self.offer_minutes))
    }

    fn is_open(&self) -> bool {
        self.status == EventStatus::Published && self.now < self.starts_at
    }

    fn is_claimed_openly(&self) -> bool {
        self.is_open() && self.now >= self.open_claim()
    }

    /// What is over is over.
    pub fn settle(&mut self) {
        let now = self.now;
        if self.hold.is_some_and(|(_, until, _)| until <= now) {
            self.hold = None;
        }
        self.members.retain(|it| it.is_in_time(now));
        for invitation in &mut self.invitations {
            if self.starts_at <= now || invitation.expires_at.is_some_and(|end| end <= now) {
                invitation.reserved = 0;
            }
        }
        self.give(None);
    }

    fn give(&mut self, newcomer: Option<usize>) {
        if !self.is_open() {
            return;
        }
        if self.is_claimed_openly() {
            if let Some(member) = self.members.iter().position(|it| Some(it.who) == newcomer)
                && self.members[member].at_least <= self.room()
            {
                self.confirm(member);
            }
            return;
        }
        // Again and again: who is the first for whom there is room, and may those before them be passed?
        'again: loop {
            let room = self.room();
            if room <= 0 {
                return;
            }
            let mut too_large = Vec::new();
            for index in 0..self.members.len() {
                let it = &self.members[index];
                if it.status != Status::Waitlisted || self.capacity.is_some_and(|capacity| it.at_least > capacity) {
                    continue;
                }
                if it.at_least > room {
                    if it.passed >= self.passes {
                        return;
                    }
                    too_large.push(index);
                    continue;
                }
                if self.now >= self.cutoff() && newcomer != Some(it.who) {
                    if self.people(Status::Offered) >= 20 && self.capacity.is_some() {
                        return;
                    }
                    self.offer(index);
                } else {
                    self.confirm(index);
                }
                for passed in too_large {
                    self.members[passed].passed += 1;
                }
                continue 'again;
            }
            return;
        }
    }

    fn offer(&mut self, index: usize) {
        let (room, until) = (self.room(), self.now + TimeDelta::minutes(self.offer_minutes));
        let member = &mut self.members[index];
        member.size = member.size.min(room);
        member.at_least = member.at_least.min(member.size);
        member.status = Status::Offered;
        member.due = Some((Some(until.min(self.starts_at)), DueFor::Offer));
    }

    fn confirm(&mut self, index: usize) {
        let room = if self.members[index].status == Status::Waitlisted { self.room() } else { i32::MAX };
        let member = &mut self.members[index];
        if member.at_least <= room {
            member.size = member.size.min(room);
            member.at_least = member.at_least.min(member.size);
        }
        member.status = Status::Confirmed;
        let owes = self.asks && !member.answered;
        member.due = owes.then(|| (Some((self.now + TimeDelta::hours(24)).min(self.starts_at)), DueFor::Answers));
    }

    /// # Errors
    /// The code by which it is refused.
    pub fn join(&mut self, it: &Join) -> Result<Status, Refused> {
        self.settle();
        let invitation = it.invitation.map(|n| self.invitations.get(n).is_some_and(|it| it.is_good(self.now)));
        self.check_open()?;
        if self.opens_at.is_some_and(|at| self.now < at) {
            return Err("registration_not_open");
        }
        if self.closes_at.is_some_and(|at| at <= self.now) {
            return Err("registration_closed");
        }
        if self.banned.contains(&it.who) {
            return Err("banned");
        }
        if self.member(it.who).is_some() {
            return Err("already_joined");
        }
        if it.size > self.party_limit {
            return Err("party_above_limit");
        }
        self.check_capacity(it.at_least)?;
        if invitation == Some(false) {
            return Err("invitation_spent");
        }
        if self.access == Access::Invitation && invitation.is_none() {
            return Err("invitation_needed");
        }
        if self.asks && !it.answered || !self.asks && it.answered {
            return Err("validation_failed");
        }
        let pending = self.access == Access::Approval && invitation.is_none();
        self.members.push(Member {
            who: it.who,
            size: it.size,
            at_least: it.at_least,
            status: if pending { Status::Pending } else { Status::Waitlisted },
            passed: 0,
            due: None,
            answered: it.answered,
            inside: 0,
            arrived: false,
        });
        let waits = |other: &Member| other.status == Status::Waitlisted && other.who != it.who;
        let hopes = |other: &Member| self.capacity.is_none_or(|all| other.at_least <= all);
        let others_wait = self.members.iter().any(|other| waits(other) && hopes(other));
        let free = if others_wait && !self.is_claimed_openly() { 0 } else { self.room().max(0) };
        let kept = it.invitation.filter(|_| !pending).map(|n| &mut self.invitations[n]);
        let mut from_reserve = false;
        if let Some(invitation) = kept {
            invitation.uses_left -= 1;
            let people = it.size.min(invitation.reserved.saturating_add(free));
            if invitation.reserved > 0 && people >= it.at_least {
                invitation.reserved -= people.min(invitation.reserved);
                let member = self.members.last_mut().unwrap();
                (member.size, member.status) = (people, Status::Confirmed);
                member.at_least = member.at_least.min(people);
                from_reserve = true;
            }
            if self.invitations[it.invitation.unwrap()].uses_left == 0 {
                self.invitations[it.invitation.unwrap()].reserved = 0;
            }
        }
        if !pending {
            self.give((!from_reserve).then_some(it.who));
        }
        Ok(self.member(it.who).unwrap().status)
    }

    fn check_open(&self) -> Result<(), Refused> {
        if self.is_open() { Ok(()) } else { Err("event_not_open") }
    }

    fn check_capacity(&self, at_least: i32) -> Result<(), Refused> {
        match self.capacity {
            Some(0) if at_least > 0 => Err("no_places"),
            Some(capacity) if at_least > capacity => Err("party_too_large"),
            _ => Ok(()),
        }
    }

    fn index(&self, who: usize) -> Result<usize, Refused> {
        self.members.iter().position(|it| it.who == who).ok_or("not_joined")
    }

    pub fn claim(&mut self, who: usize) -> Result<Status, Refused> {
        self.settle();
        let index = self.index(who)?;
        self.check_open()?;
        match self.members[index].status {
            Status::Offered => self.confirm(index),
            Status::Waitlisted if self.is_claimed_openly() && self.members[index].at_least <= self.room() => {
                self.confirm(index);
            }
            Status::Confirmed => return Err("already_joined"),
            _ => return Err("nothing_to_claim"),
        }
        self.give(None);
        Ok(Status::Confirmed)
    }

    pub fn leave(&mut self, who: usize) -> Result<(), Refused> {
        self.settle();
        let index = self.index(who)?;
        self.used += self.members.remove(index).inside;
        self.give(None);
        Ok(())
    }

    pub fn keep(&mut self, who: usize) -> Result<(), Refused> {
        self.settle();
        let index = self.index(who)?;
        self.members[index].due = self.members[index].due.filter(|(_, what)| *what != DueFor::Reconfirmation);
        Ok(())
    }

    pub fn answer(&mut self, who: usize) -> Result<(), Refused> {
        self.settle();
        let index = self.index(who)?;
        if !self.asks {
            return Err("validation_failed");
        }
        self.members[index].answered = true;
        self.members[index].due = self.members[index].due.filter(|(_, what)| *what != DueFor::Answers);
        Ok(())
    }

    pub fn approve(&mut self, who: usize) -> Result<Status, Refused> {
        self.settle();
        let index = self.index(who)?;
        if self.members[index].status != Status::Pending {
            return Err("not_pending");
        }
        self.check_open()?;
        self.check_capacity(self.members[index].at_least)?;
        let mut member = self.members.remove(index);
        member.status = Status::Waitlisted;
        self.members.push(member);
        self.give(Some(who));
        Ok(self.member(who).unwrap().status)
    }

    pub fn reject(&mut self, who: usize) -> Result<(), Refused> {
        self.settle();
        let index = self.index(who)?;
        if self.members[index].status != Status::Pending {
            return Err("not_pending");
        }
        self.members.remove(index);
        Ok(())
    }

    pub fn remove(&mut self, who: usize) -> Result<(), Refused> {
        self.leave(who)
    }

    pub fn ban(&mut self, who: usize) {
        self.settle();
        if self.banned.contains(&who) {
            return;
        }
        self.banned.push(who);
        self.used += self.member(who).map_or(0, |it| it.inside);
        self.members.retain(|it| it.who != who);
        self.give(None);
    }

    pub fn unban(&mut self, who: usize) {
        self.settle();
        self.banned.retain(|it| *it != who);
    }

    pub fn pick(&mut self, who: usize, exceed: bool) -> Result<Status, Refused> {
        self.settle();
        let index = self.index(who)?;
        let member = self.members[index].clone();
        if member.status == Status::Confirmed {
            return Err("already_joined");
        }
        self.check_open()?;
        if !exceed {
            self.check_capacity(member.size)?;
        }
        let own = if member.status == Status::Offered { member.size } else { 0 };
        if self.room().saturating_add(own) < member.size && !exceed {
            return Err("event_full");
        }
        if member.status == Status::Pending {
            let member = self.members.remove(index);
            self.members.push(member);
        }
        let asks = self.asks;
        let due = (self.now + TimeDelta::hours(24)).min(self.starts_at);
        let member = self.members.iter_mut().find(|it| it.who == who).unwrap();
        member.status = Status::Confirmed;
        member.due = (asks && !member.answered).then_some((Some(due), DueFor::Answers));
        self.give(None);
        Ok(Status::Confirmed)
    }

    pub fn invite(&mut self, uses: i32, reserved: i32, expires_at: Option<DateTime<Utc>>) -> Result<(), Refused> {
        self.settle();
        if self.status == EventStatus::Cancelled || reserved > 0 && !self.is_open() {
            return Err("event_not_open");
        }
        // What is free may wait for somebody in the line.
        let waits = |it: &Member| it.status == Status::Waitlisted && self.capacity.is_none_or(|all| it.at_least <= all);
        let awaited = self.is_open() && !self.is_claimed_openly() && self.members.iter().any(waits);
        if reserved > 0 && (awaited || reserved > self.room()) {
            return Err("event_full");
        }
        self.invitations.push(Invitation { uses_left: uses, reserved, expires_at, revoked: false });
        Ok(())
    }

    pub fn revoke(&mut self, n: usize) {
        self.settle();
        let invitation = &mut self.invitations[n];
        (invitation.revoked, invitation.reserved) = (true, 0);
        self.give(None);
    }

    /// The organiser changed something about the event.
    pub fn edited(&mut self) {
        if self.hold.map(|(capacity, ..)| Some(capacity)) == Some(self.capacity) {
            self.hold = None;
        }
        if self.status == EventStatus::Cancelled {
            self.members.clear();
            self.used = 0;
            for invitation in &mut self.invitations {
                (invitation.reserved, invitation.revoked) = (0, true);
            }
        } else {
            self.settle();
            let (starts_at, asks, asked) = (self.starts_at, self.asks, self.reconfirm_asked);
            let offered_until = self.now + TimeDelta::minutes(self.offer_minutes);
            let (answers_until, half) = (self.now + TimeDelta::hours(24), (starts_at - self.now) / 2);
            for member in &mut self.members {
                // Nobody can be too late while the event is not public; then the time begins anew.
                match (self.status, member.due) {
                    (EventStatus::Draft, Some((_, what))) => member.due = Some((None, what)),
                    (EventStatus::Published, Some((None, what))) => {
                        let at = match what {
                            DueFor::Offer => offered_until,
                            DueFor::Answers => answers_until,
                            DueFor::Reconfirmation => self.now + half,
                        };
                        member.due = Some((Some(at), what));
                    }
                    _ => {}
                }
            }
            for member in &mut self.members {
                let answered = !asks || member.answered;
                member.due = member.due.filter(|(_, what)| match what {
                    DueFor::Answers => !answered,
                    DueFor::Reconfirmation => asked,
                    DueFor::Offer => true,
                });
                member.due = member.due.map(|(at, what)| (at.map(|at| at.min(starts_at)), what));
            }
        }
    }

    pub fn hold(&mut self, capacity: i32) -> Result<(), Refused> {
        self.settle();
        if self.taken() > capacity {
            return Err("capacity_below_confirmed");
        }
        let until = self.now + TimeDelta::seconds(30);
        let (held, _, wishes) = self.hold.unwrap_or((capacity, until, 0));
        self.hold = Some((held.min(capacity), until, wishes + 1));
        Ok(())
    }

    /// The change that was agreed to was refused elsewhere.
    pub fn release(&mut self, capacity: i32) {
        self.settle();
        if self.hold.is_some_and(|(held, _, wishes)| held == capacity && wishes == 1) {
            self.hold = None;
            self.give(None);
        }
    }

    /// All of a party come in, or go out; whether there was anybody to come or go.
    pub fn scan(&mut self, who: usize, comes: bool) -> bool {
        let now = self.now;
        let Some(it) = self.members.iter_mut().find(|it| it.who == who && it.status == Status::Confirmed) else {
            return false;
        };
        let people = if comes { it.size } else { 0 };
        if it.inside == people || !it.is_in_time(now) {
            return false;
        }
        it.inside = people;
        if comes {
            (it.arrived, it.due) = (true, None);
        }
        true
    }

    /// The clock's own doing: everybody with a place is asked, once, when it is time.
    pub fn ask_to_reconfirm(&mut self) {
        let Some(hours) = self.reconfirm_hours else { return };
        if !self.is_open() || self.reconfirm_asked || self.now < self.starts_at - TimeDelta::hours(hours) {
            return;
        }
        self.reconfirm_asked = true;
        let by = self.now + (self.starts_at - self.now) / 2;
        for member in
            self.members.iter_mut().filter(|it| it.status == Status::Confirmed && it.due.is_none() && !it.arrived)
        {
            member.due = Some((Some(by), DueFor::Reconfirmation));
        }
    }
}
