use chrono::{DateTime, Utc};
use contracts::registration::Access;

use super::{Answers, Closed, Event, Fault};

/// Somebody wants places.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The smallest number that would do.
    pub at_least: i32,
    /// All who would come.
    pub size: i32,
    /// To the organiser's questions.
    pub answers: &'a Answers,
    /// On what ground.
    pub by: Claimant,
}

/// On what ground places are claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimant {
    /// Somebody who comes now.
    Newcomer {
        /// Whether their address has been proven.
        verified: bool,
        /// Whether they have a place, stand in the line, or have asked for a place already.
        already_in: bool,
        /// Whether the organiser does not want them.
        banned: bool,
        /// Whether they have an invitation: `None` is none, `Some(false)` one that is not good (any more).
        invited: Option<bool>,
    },
    /// Somebody who passed the gates on arrival, and whose turn it is.
    Waiting,
    /// Somebody whom the organiser approves.
    Approved {
        /// Whether the organiser does not want them.
        banned: bool,
    },
}

/// Why a claim got nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody can join.
    NotOpen(Closed),
    /// Registration has not begun.
    NotYet(DateTime<Utc>),
    /// Registration is over.
    NoMore(DateTime<Utc>),
    /// The person's address has not been proven.
    Unverified,
    /// The organiser does not want the person.
    Banned,
    /// The person is in already.
    AlreadyIn,
    /// The organiser's limit.
    PartyAboveLimit {
        /// People.
        limit: i32,
    },
    /// There will never be as many places.
    PartyTooLarge {
        /// All places of the event.
        capacity: i32,
    },
    /// Only the invited can come.
    InvitationNeeded,
    /// The invitation is not good (any more).
    InvitationSpent,
    /// The time until which an invitation is to be good has passed.
    Expired(DateTime<Utc>),
    /// Answers are missing, or will not do.
    Answers(Vec<Fault>),
    /// There is no room for whom the organiser chose.
    Full {
        /// Free places.
        room: i32,
    },
    /// More places are taken than the organiser wants to leave.
    BelowTaken {
        /// Places.
        taken: i32,
    },
    /// Unused places are kept for those who have them until then.
    NotYetAtDoor(DateTime<Utc>),
    /// Nothing was offered, or not any more, and nothing is free.
    NothingToClaim,
    /// The person is not in.
    NotIn,
    /// The person does not wait for an approval.
    NotPending,
    /// The person still waits for an approval.
    NotApproved,
}

impl Event {
    /// Whether a claim may come to the question of room: the one set of gates, in one order, so that everybody hears the same reason first.
    ///
    /// # Errors
    /// The first gate that refuses.
    pub fn gates(&self, claim: &Claim<'_>, now: DateTime<Utc>) -> Result<(), Refusal> {
        self.is_open(now)?;
        self.is_within_window(claim.by, now)?;
        is_welcome(claim.by)?;
        self.is_fit(claim)?;
        self.is_invited(claim.by)?;
        self.has_answered(claim)
    }

    fn is_open(&self, now: DateTime<Utc>) -> Result<(), Refusal> {
        self.closed(now).map_or(Ok(()), |closed| Err(Refusal::NotOpen(closed)))
    }

    fn is_within_window(&self, by: Claimant, now: DateTime<Utc>) -> Result<(), Refusal> {
        if !matches!(by, Claimant::Newcomer { .. }) {
            return Ok(()); // they came in time
        }
        match (self.registration.opens_at, self.registration.closes_at) {
            (Some(opens), _) if now < opens => Err(Refusal::NotYet(opens)),
            (_, Some(closes)) if closes <= now => Err(Refusal::NoMore(closes)),
            _ => Ok(()),
        }
    }

    fn is_fit(&self, claim: &Claim<'_>) -> Result<(), Refusal> {
        let limit = self.registration.party_limit;
        if matches!(claim.by, Claimant::Newcomer { .. }) && claim.size > limit {
            return Err(Refusal::PartyAboveLimit { limit });
        }
        match self.capacity {
            Some(capacity) if claim.by != Claimant::Waiting && claim.at_least > capacity => {
                Err(Refusal::PartyTooLarge { capacity })
            }
            _ => Ok(()),
        }
    }

    fn is_invited(&self, by: Claimant) -> Result<(), Refusal> {
        match by {
            Claimant::Newcomer { invited: Some(false), .. } => Err(Refusal::InvitationSpent),
            Claimant::Newcomer { invited: None, .. } if self.registration.access == Access::Invitation => {
                Err(Refusal::InvitationNeeded)
            }
            _ => Ok(()),
        }
    }

    fn has_answered(&self, claim: &Claim<'_>) -> Result<(), Refusal> {
        if !matches!(claim.by, Claimant::Newcomer { .. }) {
            return Ok(()); // questions that were added since are asked after the place
        }
        let faults = claim.answers.faults(&self.registration.questions);
        if faults.is_empty() { Ok(()) } else { Err(Refusal::Answers(faults)) }
    }
}

fn is_welcome(by: Claimant) -> Result<(), Refusal> {
    match by {
        Claimant::Newcomer { verified: false, .. } => Err(Refusal::Unverified),
        Claimant::Newcomer { banned: true, .. } | Claimant::Approved { banned: true } => Err(Refusal::Banned),
        Claimant::Newcomer { already_in: true, .. } => Err(Refusal::AlreadyIn),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use contracts::{
        events::EventStatus,
        registration::{Question, QuestionKind},
    };

    use super::{super::event::tests::*, *};

    #[test]
    fn the_gates_come_in_order() {
        let mut it = event(Some(2));
        let question = Question {
            id: "meal".to_owned(),
            kind: QuestionKind::Text,
            label: "Meal?".to_owned(),
            required: true,
            options: vec![],
        };
        it.registration.questions = vec![question];
        it.registration.party_limit = 3;
        it.registration.access = Access::Invitation;
        it.registration.opens_at = Some(noon() + TimeDelta::hours(1));
        it.starts_at = noon();
        it.status = EventStatus::Cancelled;
        // The worst claim; then, one after the other, what stands in its way is mended.
        let (mut size, mut verified, mut banned, mut already_in, mut invited) = (4, false, true, true, None);
        let answers = Answers::default();
        let mut now = noon();
        let mut reasons = Vec::new();
        for step in 0..12 {
            match step {
                1 => it.status = EventStatus::Published,
                2 => it.starts_at = noon() + TimeDelta::days(1),
                3 => {
                    now = noon() + TimeDelta::hours(2);
                    it.registration.closes_at = Some(now);
                }
                4 => now = noon() + TimeDelta::hours(1),
                5 => verified = true,
                6 => banned = false,
                7 => already_in = false,
                8 => size = 3,
                9 => size = 2,
                10 => invited = Some(false),
                11 => invited = Some(true),
                _ => {}
            }
            let by = Claimant::Newcomer { verified, already_in, banned, invited };
            reasons.push(it.gates(&Claim { at_least: size, size, answers: &answers, by }, now).unwrap_err());
        }
        let missing = Fault { question: "meal".to_owned(), missing: true, detail: "needs an answer".to_owned() };
        assert_eq!(
            reasons,
            [
                Refusal::NotOpen(Closed::Cancelled),
                Refusal::NotOpen(Closed::Started),
                Refusal::NotYet(noon() + TimeDelta::hours(1)),
                Refusal::NoMore(noon() + TimeDelta::hours(2)),
                Refusal::Unverified,
                Refusal::Banned,
                Refusal::AlreadyIn,
                Refusal::PartyAboveLimit { limit: 3 },
                Refusal::PartyTooLarge { capacity: 2 },
                Refusal::InvitationNeeded,
                Refusal::InvitationSpent,
                Refusal::Answers(vec![missing]),
            ]
        );
    }
}
