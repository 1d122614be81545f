use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    EventId, UserId,
    events::{EventSnapshot, EventStatus, TimeAndPlace},
    joins::Places,
    registration::Registration,
};

use super::JoinStatus;

/// How long somebody who came up from the line has for answers that are owed.
const ANSWER_TIME: TimeDelta = TimeDelta::hours(24);

/// An event as far as its places are concerned. Between locking and saving the row, this is the only state there is.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Event {
    /// Which event.
    pub id: EventId,
    /// Of the organiser's data.
    pub version: i64,
    /// Whose event.
    pub organiser_id: UserId,
    /// Where it is in its life.
    pub status: EventStatus,
    /// `None` is unlimited.
    pub capacity: Option<i32>,
    /// Until then people may join.
    pub starts_at: DateTime<Utc>,
    /// From then on it is a thing of the past.
    pub ends_at: DateTime<Utc>,
    /// The organiser's rules.
    #[sqlx(json)]
    pub registration: Registration,
    /// People who have a place.
    pub confirmed: i32,
    /// People in the line.
    pub waitlisted: i32,
    /// Parties in the line.
    pub line_length: i32,
    /// People for whom an offer holds a place.
    pub offered: i32,
    /// Places that are kept for the invited.
    pub reserved: i32,
    /// People who were inside when their join ended: places that are used up, and not given again.
    pub used: i32,
    /// People above the capacity who keep what they had before it was lowered, or were let in all the same.
    pub overbooked: i32,
    /// A lower capacity that the organiser is about to save.
    pub capacity_hold: Option<i32>,
    /// When the hold lapses.
    pub hold_until: Option<DateTime<Utc>>,
    /// How many wishes it stands for.
    pub capacity_holds: i32,
    /// What the next arrival gets.
    pub next_line_no: i64,
    /// Grows with every change.
    pub revision: i64,
    /// Not later than the first deadline of its joins and reservations.
    pub due_at: Option<DateTime<Utc>>,
    /// People who are banned.
    pub banned: i32,
    /// The last change of time or place.
    pub moved_at: Option<DateTime<Utc>>,
    /// When everybody was asked whether they still come.
    pub reconfirm_asked_at: Option<DateTime<Utc>>,
}

/// How free places are given away at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// To the line, by themselves.
    Automatic,
    /// To the line, by offers that want to be accepted.
    Offers,
    /// To whoever claims them first.
    OpenClaim,
    /// Not at all.
    Closed(Closed),
}

/// Why nobody can join an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// Not public (any more).
    Draft,
    /// Will not take place.
    Cancelled,
    /// Has begun.
    Started,
}

impl Event {
    /// An event that nobody has joined yet.
    pub fn new(snapshot: &EventSnapshot) -> Self {
        Self {
            id: snapshot.id,
            version: snapshot.version,
            organiser_id: snapshot.organiser_id,
            status: snapshot.status,
            capacity: snapshot.capacity,
            starts_at: snapshot.starts_at,
            ends_at: snapshot.ends_at,
            registration: snapshot.registration.clone(),
            confirmed: 0,
            waitlisted: 0,
            line_length: 0,
            offered: 0,
            reserved: 0,
            used: 0,
            overbooked: 0,
            capacity_hold: None,
            hold_until: None,
            capacity_holds: 0,
            next_line_no: 1,
            revision: 0,
            due_at: None,
            banned: 0,
            moved_at: None,
            reconfirm_asked_at: None,
        }
    }

    /// As others may know it.
    pub fn places(&self) -> Places {
        Places {
            capacity: self.capacity,
            confirmed: self.confirmed,
            waitlisted: self.waitlisted,
            held: self.offered + self.reserved + self.used,
        }
    }

    /// Why nobody can join; `None` while they can.
    pub fn closed(&self, now: DateTime<Utc>) -> Option<Closed> {
        match self.status {
            EventStatus::Draft => Some(Closed::Draft),
            EventStatus::Cancelled => Some(Closed::Cancelled),
            EventStatus::Published => (self.starts_at <= now).then_some(Closed::Started),
        }
    }

    /// How free places are given away at this moment.
    pub fn phase(&self, now: DateTime<Utc>) -> Phase {
        if let Some(closed) = self.closed(now) {
            Phase::Closed(closed)
        } else if now < self.registration.cutoff(self.starts_at) {
            Phase::Automatic
        } else if now < self.registration.open_claim(self.starts_at) {
            Phase::Offers
        } else {
            Phase::OpenClaim
        }
    }

    /// From then on, places that nobody has used go to those who wait at the door.
    pub fn walk_ins_from(&self) -> DateTime<Utc> {
        self.starts_at + TimeDelta::minutes(15)
    }

    /// Until when an offer that is made now can be accepted.
    pub fn offered_until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        (now + TimeDelta::minutes(self.registration.offer_minutes.into())).min(self.starts_at)
    }

    /// Until when owed answers can be given that are asked for now.
    pub fn answers_until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        (now + ANSWER_TIME).min(self.starts_at)
    }

    /// Until when people can say that they still come if they are asked now: half of the time that is left.
    pub fn reconfirmed_until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + (self.starts_at - now) / 2
    }

    /// Places that are not to be had: given, offered, reserved or used up.
    pub fn taken(&self) -> i32 {
        self.confirmed + self.offered + self.reserved + self.used
    }

    /// Free places; negative when overbooked, `None` when unlimited.
    pub fn room(&self, now: DateTime<Utc>) -> Option<i32> {
        let held = self.capacity_hold.filter(|_| self.hold_until.is_some_and(|until| until > now));
        let limit = match (self.capacity, held) {
            (Some(capacity), Some(held)) => Some(capacity.min(held)),
            (capacity, held) => capacity.or(held),
        };
        limit.map(|limit| limit - self.taken())
    }

    /// How many of a party can have places now: all, or as many as there are if the party comes in parts; `None` if it does not fit.
    pub fn fitting(&self, size: i32, at_least: i32, now: DateTime<Utc>) -> Option<i32> {
        let Some(room) = self.room(now) else { return Some(size) };
        (room >= at_least).then(|| size.min(room))
    }

    /// Whether a party can never have places, however many free.
    pub fn is_hopeless(&self, at_least: i32) -> bool {
        self.capacity.is_some_and(|capacity| at_least > capacity)
    }

    /// Whether places are free although people wait for them to be given.
    pub fn is_held_up(&self, now: DateTime<Utc>) -> bool {
        matches!(self.phase(now), Phase::Automatic | Phase::Offers)
            && self.line_length > 0
            && self.room(now).is_none_or(|room| room > 0)
    }

    /// Takes up places, or a place in the line.
    pub(super) fn take(&mut self, status: JoinStatus, people: i32) {
        match status {
            JoinStatus::Confirmed => self.confirmed += people,
            JoinStatus::Offered => self.offered += people,
            JoinStatus::Waitlisted => {
                self.waitlisted += people;
                self.line_length += 1;
            }
            JoinStatus::Pending | JoinStatus::Ended => {}
        }
    }

    /// Gives them up. Never refused.
    pub(super) fn release(&mut self, status: JoinStatus, people: i32) {
        match status {
            JoinStatus::Confirmed => self.confirmed -= people,
            JoinStatus::Offered => self.offered -= people,
            JoinStatus::Waitlisted => {
                self.waitlisted -= people;
                self.line_length -= 1;
            }
            JoinStatus::Pending | JoinStatus::Ended => {}
        }
    }

    /// The allowance shrinks with the excess: it can be neither saved up nor used again.
    pub(super) fn shrink_overbooking(&mut self) {
        self.overbooked = self.overbooked.min(self.excess());
    }

    /// People above the capacity.
    pub(super) fn excess(&self) -> i32 {
        self.capacity.map_or(0, |capacity| (self.taken() - capacity).max(0))
    }

    /// Everybody is out.
    pub fn clear(&mut self) {
        (self.confirmed, self.waitlisted, self.line_length) = (0, 0, 0);
        (self.offered, self.reserved, self.used, self.overbooked) = (0, 0, 0, 0);
        self.due_at = None;
    }

    /// A deadline was set.
    pub fn expect(&mut self, due_at: DateTime<Utc>) {
        self.due_at = Some(self.due_at.map_or(due_at, |first| first.min(due_at)));
    }

    /// Takes over what the organiser decided. `false`, and nothing changed, if it is not news.
    pub(super) fn apply(&mut self, snapshot: &EventSnapshot, moved: Option<&TimeAndPlace>, now: DateTime<Utc>) -> bool {
        if snapshot.version <= self.version {
            return false;
        }
        if moved.is_some() {
            self.moved_at = Some(now);
        }
        if snapshot.starts_at != self.starts_at || snapshot.registration.reconfirm_hours.is_none() {
            self.reconfirm_asked_at = None;
        }
        self.version = snapshot.version;
        self.organiser_id = snapshot.organiser_id;
        self.status = snapshot.status;
        self.capacity = snapshot.capacity;
        self.starts_at = snapshot.starts_at;
        self.ends_at = snapshot.ends_at;
        self.registration = snapshot.registration.clone();
        // Only the change that the hold was made for ends it: an older message may still have been on its way.
        if self.capacity_hold == snapshot.capacity {
            self.release_hold();
        }
        self.overbooked = self.excess();
        true
    }

    /// Agrees to a capacity that the organiser is about to save. Of two such wishes the smaller counts, whichever will be saved.
    ///
    /// # Errors
    /// The number of places that are taken, if they are more.
    pub fn hold(&mut self, capacity: i32, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<(), i32> {
        if self.taken() > capacity {
            return Err(self.taken());
        }
        self.drop_lapsed_hold(now);
        self.capacity_holds += 1;
        self.capacity_hold = Some(self.capacity_hold.map_or(capacity, |held| held.min(capacity)));
        self.hold_until = Some(until);
        Ok(())
    }

    /// Ends the hold of a change that was refused elsewhere; `true` if it did. Not if it stands for other wishes as well: then it lapses.
    pub fn withdraw_hold(&mut self, capacity: i32) -> bool {
        let held = self.capacity_hold == Some(capacity) && self.capacity_holds == 1;
        if held {
            self.release_hold();
        }
        held
    }

    /// Ends a hold whose change never came; `true` if there was one, and the places that it kept are free.
    pub fn drop_lapsed_hold(&mut self, now: DateTime<Utc>) -> bool {
        let lapsed = self.hold_until.is_some_and(|until| until <= now);
        if lapsed {
            self.release_hold();
        }
        lapsed
    }

    fn release_hold(&mut self) {
        (self.capacity_hold, self.hold_until, self.capacity_holds) = (None, None, 0);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use uuid::Uuid;

    use super::*;

    pub fn noon() -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_920_000, 0).unwrap()
    }

    /// It starts in ten days.
    pub fn event(capacity: Option<i32>) -> Event {
        Event {
            id: EventId(Uuid::nil()),
            version: 1,
            organiser_id: UserId(Uuid::nil()),
            status: EventStatus::Published,
            capacity,
            starts_at: noon() + TimeDelta::days(10),
            ends_at: noon() + TimeDelta::days(11),
            registration: Registration::default(),
            confirmed: 0,
            waitlisted: 0,
            line_length: 0,
            offered: 0,
            reserved: 0,
            used: 0,
            overbooked: 0,
            capacity_hold: None,
            hold_until: None,
            capacity_holds: 0,
            next_line_no: 1,
            revision: 0,
            due_at: None,
            banned: 0,
            moved_at: None,
            reconfirm_asked_at: None,
        }
    }

    #[test]
    fn the_phases_follow_each_other_at_their_instants() {
        let it = event(Some(1));
        let before = |time: TimeDelta| it.phase(it.starts_at - time);
        assert_eq!(before(TimeDelta::hours(24) + TimeDelta::seconds(1)), Phase::Automatic);
        assert_eq!(before(TimeDelta::hours(24)), Phase::Offers);
        assert_eq!(before(TimeDelta::hours(2) + TimeDelta::seconds(1)), Phase::Offers);
        assert_eq!(before(TimeDelta::hours(2)), Phase::OpenClaim);
        assert_eq!(before(TimeDelta::zero()), Phase::Closed(Closed::Started));
    }

    #[test]
    fn without_offers_places_are_given_until_the_start() {
        let mut it = event(Some(1));
        it.registration.offer_hours = 0;
        assert_eq!(it.phase(it.starts_at - TimeDelta::seconds(1)), Phase::Automatic);
        (it.registration.offer_hours, it.registration.offer_minutes) = (1, 120);
        assert_eq!(it.phase(it.starts_at - TimeDelta::minutes(61)), Phase::Automatic);
        assert_eq!(it.phase(it.starts_at - TimeDelta::minutes(60)), Phase::OpenClaim);
    }

    #[test]
    fn a_hold_keeps_places_back_until_it_lapses() {
        let until = noon() + TimeDelta::seconds(30);
        let mut it = event(Some(2));
        it.take(JoinStatus::Confirmed, 1);
        assert_eq!(it.hold(0, noon(), until), Err(1));
        it.hold(1, noon(), until).unwrap();
        it.hold(2, noon(), until).unwrap();
        assert_eq!(it.capacity_hold, Some(1), "the smaller of two wishes counts");
        assert_eq!((it.room(noon()), it.room(until)), (Some(0), Some(1)));
        assert!(!it.drop_lapsed_hold(noon()));
        assert!(it.drop_lapsed_hold(until));
        assert_eq!(it.capacity_hold, None);
    }

    #[test]
    fn overbooking_shrinks_with_everyone_who_leaves_and_makes_no_room() {
        let mut it = event(Some(3));
        it.take(JoinStatus::Confirmed, 5);
        it.overbooked = it.excess();
        it.release(JoinStatus::Confirmed, 1);
        it.shrink_overbooking();
        assert_eq!((it.overbooked, it.room(noon())), (1, Some(-1)));
        it.release(JoinStatus::Confirmed, 2);
        it.shrink_overbooking();
        assert_eq!((it.overbooked, it.room(noon())), (0, Some(1)));
    }

    #[test]
    fn a_party_that_comes_in_parts_takes_what_there_is() {
        let mut it = event(Some(5));
        it.take(JoinStatus::Confirmed, 2);
        assert_eq!(it.fitting(4, 4, noon()), None);
        assert_eq!(it.fitting(4, 2, noon()), Some(3));
        assert_eq!(it.fitting(2, 1, noon()), Some(2));
        it.capacity = None;
        assert_eq!(it.fitting(4, 4, noon()), Some(4));
    }
}
