//! Who gets a place. Pure: the caller has locked the event's row, and writes down what is decided here.

use std::{collections::VecDeque, fmt};

use chrono::{DateTime, Utc};
use contracts::{
    EventId, JoinId, UserId,
    events::{EventSnapshot, EventStatus},
    joins::Places,
};
use serde::{Deserialize, Serialize};

/// Where a join is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum JoinStatus {
    /// Has a place.
    Confirmed,
    /// Stands in the line.
    Waitlisted,
    /// Gave it up, or lost it.
    Ended,
}

/// A person and their guests: 1 to 10 people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64")]
pub struct PartySize(i32);

impl PartySize {
    /// The largest party.
    pub const MAX: i32 = 10;

    /// People.
    pub fn get(self) -> i32 {
        self.0
    }
}

impl Default for PartySize {
    fn default() -> Self {
        Self(1)
    }
}

/// The number is not a party's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number from 1 to {max}", max = PartySize::MAX)]
pub struct NoPartySize;

impl TryFrom<i64> for PartySize {
    type Error = NoPartySize;

    fn try_from(people: i64) -> Result<Self, NoPartySize> {
        match i32::try_from(people) {
            Ok(people @ 1..=Self::MAX) => Ok(Self(people)),
            _ => Err(NoPartySize),
        }
    }
}

/// What the caller calls its request by, to be able to repeat it: 1 to 200 visible ASCII characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// `None` if the text is no key.
    pub fn parse(text: &str) -> Option<Self> {
        let whole = (1..=200).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        whole.then(|| Self(text.to_owned()))
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Keys are chosen by clients, who may put anything into them: logs do not show them.
impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey(…)")
    }
}

/// An event as far as its places are concerned. Between locking and saving the row, this is the only state there is.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
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
    /// People who have a place.
    pub confirmed: i32,
    /// People in the line.
    pub waitlisted: i32,
    /// Parties in the line.
    pub line_length: i32,
    /// People above the capacity who keep the place that they had before it was lowered.
    pub overbooked: i32,
    /// A lower capacity that the organiser is about to save.
    pub capacity_hold: Option<i32>,
    /// When the hold lapses.
    pub hold_until: Option<DateTime<Utc>>,
    /// What the next arrival gets.
    pub next_line_no: i64,
    /// Grows with every change.
    pub revision: i64,
}

/// A person's place, or place in the line.
#[derive(Clone, Copy, Debug)]
pub struct Live {
    /// Which join.
    pub id: JoinId,
    /// When they arrived.
    pub line_no: i64,
    /// Confirmed or waitlisted.
    pub status: JoinStatus,
    /// Together with their guests.
    pub party_size: PartySize,
}

/// Somebody in the line.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    /// Which join.
    pub id: JoinId,
    /// Who.
    pub user_id: UserId,
    /// When they arrived.
    pub line_no: i64,
    /// Together with their guests.
    pub party_size: PartySize,
}

/// Somebody who came up from the line.
#[derive(Clone, Copy, Debug)]
pub struct Promoted {
    /// Who they were in the line.
    pub waiting: Waiting,
    /// How full the event was after it.
    pub places: Places,
}

/// Somebody wants places.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// How many.
    pub party: PartySize,
    /// Who wants them.
    pub by: Claimant,
}

/// On what ground places are claimed.
#[derive(Clone, Copy, Debug)]
pub enum Claimant {
    /// Somebody who comes now.
    Newcomer {
        /// Whether their address has been proven.
        verified: bool,
        /// Whether they have a place or stand in the line already.
        already_in: bool,
        /// Whether anybody waits who could ever fit: a newcomer waits behind them.
        behind: bool,
    },
    /// Whoever is first in the line.
    Head {
        /// When they arrived.
        line_no: i64,
    },
}

/// What a claim got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// When they arrived.
    pub line_no: i64,
    /// `None` is a place; otherwise how far from the head of the line, which is 1.
    pub position: Option<i32>,
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

/// Why a claim got nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody can join.
    NotOpen(Closed),
    /// The person's address has not been proven.
    Unverified,
    /// The person is in already.
    AlreadyIn,
    /// There will never be as many places.
    PartyTooLarge {
        /// All places of the event.
        capacity: i32,
    },
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
            confirmed: 0,
            waitlisted: 0,
            line_length: 0,
            overbooked: 0,
            capacity_hold: None,
            hold_until: None,
            next_line_no: 1,
            revision: 0,
        }
    }

    /// As others may know it.
    pub fn places(&self) -> Places {
        Places { capacity: self.capacity, confirmed: self.confirmed, waitlisted: self.waitlisted, held: 0 }
    }

    /// Why nobody can join; `None` while they can.
    pub fn closed(&self, now: DateTime<Utc>) -> Option<Closed> {
        match self.status {
            EventStatus::Draft => Some(Closed::Draft),
            EventStatus::Cancelled => Some(Closed::Cancelled),
            EventStatus::Published => (self.starts_at <= now).then_some(Closed::Started),
        }
    }

    /// Claims places: the only way to a place, whoever asks. The gates come in a fixed order, so that everybody hears the same reason
    /// first; room is the last one. While anybody waits, a newcomer waits behind them: nobody is overtaken.
    ///
    /// # Errors
    /// The first gate that refuses. Nothing has changed then.
    pub fn claim(&mut self, claim: &Claim, now: DateTime<Utc>) -> Result<Placement, Refusal> {
        self.gates(claim, now)?;
        let party = claim.party.get();
        let fits = self.room(now).is_none_or(|room| party <= room);
        Ok(match claim.by {
            Claimant::Newcomer { behind, .. } => {
                let line_no = self.next_line_no;
                self.next_line_no += 1;
                if fits && !behind {
                    self.confirmed += party;
                    Placement { line_no, position: None }
                } else {
                    self.line_length += 1;
                    self.waitlisted += party;
                    Placement { line_no, position: Some(self.line_length) }
                }
            }
            Claimant::Head { line_no } if fits => {
                self.line_length -= 1;
                self.waitlisted -= party;
                self.confirmed += party;
                Placement { line_no, position: None }
            }
            Claimant::Head { line_no } => Placement { line_no, position: Some(1) },
        })
    }

    /// Whether a claim may come to the question of room at all.
    ///
    /// # Errors
    /// The first gate that refuses.
    pub fn gates(&self, claim: &Claim, now: DateTime<Utc>) -> Result<(), Refusal> {
        if let Some(closed) = self.closed(now) {
            return Err(Refusal::NotOpen(closed));
        }
        let Claimant::Newcomer { verified, already_in, .. } = claim.by else {
            return Ok(()); // passed the others on arrival
        };
        if !verified {
            return Err(Refusal::Unverified);
        }
        if already_in {
            return Err(Refusal::AlreadyIn);
        }
        match self.capacity {
            Some(capacity) if claim.party.get() > capacity => Err(Refusal::PartyTooLarge { capacity }),
            _ => Ok(()),
        }
    }

    /// Gives up a place, or a place in the line. Never refused.
    pub fn release(&mut self, was: JoinStatus, party: PartySize) {
        match was {
            JoinStatus::Confirmed => {
                self.confirmed -= party.get();
                self.overbooked = self.excess();
            }
            JoinStatus::Waitlisted => {
                self.waitlisted -= party.get();
                self.line_length -= 1;
            }
            JoinStatus::Ended => {}
        }
    }

    /// Everybody is out.
    pub fn clear(&mut self) {
        (self.confirmed, self.waitlisted, self.line_length, self.overbooked) = (0, 0, 0, 0);
    }

    /// Gives free places to the line, strictly in order: a party that does not fit keeps those behind it waiting. Takes those who come up
    /// off the front of `line`, which has at least as many as [`promotable`](Self::promotable) says, without parties larger than the
    /// capacity: those can never fit.
    pub fn promote(&mut self, line: &mut VecDeque<Waiting>, now: DateTime<Utc>) -> Vec<Promoted> {
        let mut promoted = Vec::new();
        while self.promotable(now) > 0
            && let Some(waiting) = line.front().copied()
        {
            let by = Claimant::Head { line_no: waiting.line_no };
            let placement = self.claim(&Claim { party: waiting.party_size, by }, now);
            if !placement.is_ok_and(|it| it.position.is_none()) {
                break;
            }
            line.pop_front();
            promoted.push(Promoted { waiting, places: self.places() });
        }
        promoted
    }

    /// How many parties could come up from the line at most: worth reading so many.
    pub fn promotable(&self, now: DateTime<Utc>) -> i32 {
        self.promotable_after(0, now)
    }

    /// Whether places are free although people wait: the party at the head of the line is too large.
    pub fn held_up(&self, now: DateTime<Utc>) -> bool {
        self.promotable(now) > 0
    }

    /// The same as [`promotable`](Self::promotable), if `freed` more people gave up their places.
    pub fn promotable_after(&self, freed: i32, now: DateTime<Utc>) -> i32 {
        if self.closed(now).is_some() {
            return 0;
        }
        self.room(now).map_or(self.line_length, |room| self.line_length.min(room.saturating_add(freed))).max(0)
    }

    /// Takes over what the organiser decided. `false`, and nothing changed, if it is not news.
    pub fn apply(&mut self, snapshot: &EventSnapshot) -> bool {
        if snapshot.version <= self.version {
            return false;
        }
        self.version = snapshot.version;
        self.organiser_id = snapshot.organiser_id;
        self.status = snapshot.status;
        self.capacity = snapshot.capacity;
        self.starts_at = snapshot.starts_at;
        self.ends_at = snapshot.ends_at;
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
    /// The number of people who have a place, if they are more.
    pub fn hold(&mut self, capacity: i32, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<(), i32> {
        if self.confirmed > capacity {
            return Err(self.confirmed);
        }
        self.drop_lapsed_hold(now);
        self.capacity_hold = Some(self.capacity_hold.map_or(capacity, |held| held.min(capacity)));
        self.hold_until = Some(until);
        Ok(())
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
        (self.capacity_hold, self.hold_until) = (None, None);
    }

    /// Free places; negative when overbooked, `None` when unlimited.
    fn room(&self, now: DateTime<Utc>) -> Option<i32> {
        let held = self.capacity_hold.filter(|_| self.hold_until.is_some_and(|until| until > now));
        let limit = match (self.capacity, held) {
            (Some(capacity), Some(held)) => Some(capacity.min(held)),
            (capacity, held) => capacity.or(held),
        };
        limit.map(|limit| limit - self.confirmed)
    }

    fn excess(&self) -> i32 {
        self.capacity.map_or(0, |capacity| (self.confirmed - capacity).max(0))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;

    fn noon() -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_920_000, 0).unwrap()
    }

    fn event(capacity: Option<i32>) -> Event {
        Event {
            id: EventId(Uuid::nil()),
            version: 1,
            organiser_id: UserId(Uuid::nil()),
            status: EventStatus::Published,
            capacity,
            starts_at: noon() + TimeDelta::hours(1),
            ends_at: noon() + TimeDelta::hours(2),
            confirmed: 0,
            waitlisted: 0,
            line_length: 0,
            overbooked: 0,
            capacity_hold: None,
            hold_until: None,
            next_line_no: 1,
            revision: 0,
        }
    }

    fn newcomer(party: i64) -> Claim {
        Claim {
            party: party.try_into().unwrap(),
            by: Claimant::Newcomer { verified: true, already_in: false, behind: false },
        }
    }

    fn position(event: &mut Event, claim: &Claim) -> Option<i32> {
        let by = match claim.by {
            Claimant::Newcomer { verified, already_in, .. } => {
                Claimant::Newcomer { verified, already_in, behind: event.line_length > 0 }
            }
            head @ Claimant::Head { .. } => head,
        };
        event.claim(&Claim { by, ..*claim }, noon()).unwrap().position
    }

    #[test]
    fn places_are_given_until_they_are_gone_and_then_the_line_grows() {
        let mut event = event(Some(3));
        let positions: Vec<_> = [2, 1, 1, 2].map(|party| position(&mut event, &newcomer(party))).into();
        assert_eq!(positions, [None, None, Some(1), Some(2)]);
        assert_eq!(event.places(), Places { capacity: Some(3), confirmed: 3, waitlisted: 3, held: 0 });
        assert_eq!(event.next_line_no, 5);
    }

    #[test]
    fn a_newcomer_who_would_fit_waits_behind_a_party_that_does_not() {
        let mut event = event(Some(3));
        assert_eq!(position(&mut event, &newcomer(2)), None);
        assert_eq!(position(&mut event, &newcomer(2)), Some(1));
        assert_eq!(position(&mut event, &newcomer(1)), Some(2));
    }

    #[test]
    fn without_a_capacity_there_is_always_room() {
        let mut event = event(None);
        for _ in 0..100 {
            assert_eq!(position(&mut event, &newcomer(10)), None);
        }
    }

    #[test]
    fn the_gates_come_in_order() {
        let refusal = |event: &Event, verified, already_in, party: i64| {
            let by = Claimant::Newcomer { verified, already_in, behind: false };
            event.gates(&Claim { party: party.try_into().unwrap(), by }, noon()).unwrap_err()
        };
        let mut it = event(Some(2));
        assert_eq!(refusal(&it, true, false, 3), Refusal::PartyTooLarge { capacity: 2 });
        assert_eq!(refusal(&it, true, true, 3), Refusal::AlreadyIn);
        assert_eq!(refusal(&it, false, true, 3), Refusal::Unverified);
        it.starts_at = noon();
        assert_eq!(refusal(&it, false, true, 3), Refusal::NotOpen(Closed::Started));
        it.status = EventStatus::Draft;
        assert_eq!(refusal(&it, false, true, 3), Refusal::NotOpen(Closed::Draft));
        it.status = EventStatus::Cancelled;
        assert_eq!(refusal(&it, false, true, 3), Refusal::NotOpen(Closed::Cancelled));
    }

    #[test]
    fn a_refused_claim_changes_nothing() {
        let mut it = event(Some(2));
        let before = it.clone();
        it.claim(&newcomer(3), noon()).unwrap_err();
        assert_eq!(it, before);
    }

    #[test]
    fn nobody_comes_up_from_the_line_of_an_event_that_is_not_open() {
        let mut it = event(Some(1));
        position(&mut it, &newcomer(1));
        position(&mut it, &newcomer(1));
        it.release(JoinStatus::Confirmed, PartySize(1));
        assert_eq!(it.promotable(noon()), 1);
        it.status = EventStatus::Draft;
        assert_eq!(it.promotable(noon()), 0);
        let head = Claim { party: PartySize(1), by: Claimant::Head { line_no: 2 } };
        assert_eq!(it.claim(&head, noon()), Err(Refusal::NotOpen(Closed::Draft)));
    }

    #[test]
    fn overbooking_shrinks_with_everyone_who_leaves_and_gives_nobody_a_place() {
        let mut it = event(Some(5));
        for _ in 0..5 {
            position(&mut it, &newcomer(1));
        }
        it.capacity = Some(3);
        it.overbooked = it.excess();
        assert_eq!(it.overbooked, 2);
        it.release(JoinStatus::Confirmed, PartySize(1));
        assert_eq!((it.confirmed, it.overbooked), (4, 1));
        assert_eq!(position(&mut it, &newcomer(1)), Some(1));
        for _ in 0..2 {
            it.release(JoinStatus::Confirmed, PartySize(1));
        }
        assert_eq!((it.confirmed, it.overbooked, it.promotable(noon())), (2, 0, 1));
    }

    #[test]
    fn a_hold_keeps_places_back_until_it_lapses() {
        let until = noon() + TimeDelta::seconds(30);
        let mut it = event(Some(2));
        position(&mut it, &newcomer(1));
        assert_eq!(it.hold(0, noon(), until), Err(1));
        it.hold(1, noon(), until).unwrap();
        it.hold(2, noon(), until).unwrap();
        assert_eq!(it.capacity_hold, Some(1), "the smaller of two wishes counts");
        assert_eq!(position(&mut it, &newcomer(1)), Some(1));
        assert_eq!((it.promotable(noon()), it.promotable(until)), (0, 1));
        assert!(!it.drop_lapsed_hold(noon()));
        assert!(it.drop_lapsed_hold(until));
        assert_eq!(it.capacity_hold, None);
    }

    #[test]
    fn keys_are_visible_ascii() {
        for good in ["k", "8e03978e-40d5-43dd-bc93-6894a57f9324", &"x".repeat(200)] {
            assert!(IdempotencyKey::parse(good).is_some(), "{good}");
        }
        for bad in ["", " ", "a b", "ä", "a\n", &"x".repeat(201)] {
            assert!(IdempotencyKey::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_party_has_one_to_ten_people() {
        for bad in [i64::MIN, -1, 0, 11, i64::MAX] {
            assert_eq!(PartySize::try_from(bad), Err(NoPartySize), "{bad}");
        }
    }
}
