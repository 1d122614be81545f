//! What this role refuses, beyond the refusals that every role has.

use platform::problem::{self, Problem};

use crate::domain::{Refusal, TimeError};

platform::codes! {
    EMAIL_NOT_VERIFIED = "email_not_verified", FORBIDDEN, "Prove first that your address is yours.", "Follow the link in the mail, or ask for a new one.";
    WRONG_STATE = "wrong_state", CONFLICT, "The event's state does not allow that.", "Read the event again: it may have been published, withdrawn or cancelled in the meantime.";
    STARTS_IN_THE_PAST = "starts_in_the_past", CONFLICT, "The event's start has passed.", "Move the start into the future, then publish.";
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::WrongState(detail) => Self::new(WRONG_STATE).detail(detail),
            Refusal::StartsInThePast => Self::new(STARTS_IN_THE_PAST),
            Refusal::MovedIntoThePast => Self::new(problem::VALIDATION_FAILED).field(
                "starts_at_local",
                STARTS_IN_THE_PAST.name,
                "lies in the past; a public event can only move to a time to come",
            ),
            Refusal::NoDescription => Self::new(problem::VALIDATION_FAILED).field(
                "description",
                "missing",
                "must not be empty: people have to know what they come to",
            ),
        }
    }
}

impl From<TimeError> for Problem {
    fn from(error: TimeError) -> Self {
        Self::invalid(error.field(), error.to_string())
    }
}
