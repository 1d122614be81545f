//! Refusals of this slice.

use platform::{db, problem::Problem};

use crate::domain::{Closed, Refusal};

platform::codes! {
    ALREADY_JOINED = "already_joined", CONFLICT, "You are already in.", "Read your place or your position in the line; to change the party, leave and join again.";
    NOT_JOINED = "not_joined", CONFLICT, "You are not in.", "There is nothing to leave.";
    EVENT_NOT_OPEN = "event_not_open", CONFLICT, "Nobody can join this event.", "Look at the event's page: it is not public, was cancelled, or has started.";
    NO_PLACES = "no_places", CONFLICT, "The event gives out no places.", "Look at the event's page: it may say how to come without one.";
    PARTY_TOO_LARGE = "party_too_large", CONFLICT, "The event has fewer places than your party.", "Come with fewer people.";
    CAPACITY_BELOW_CONFIRMED = "capacity_below_confirmed", CONFLICT, "More people have a place than that.", "Choose a higher capacity, or accept the overbooking explicitly.";
    EMAIL_NOT_VERIFIED = "email_not_verified", FORBIDDEN, "Your e-mail address is not verified yet.", "Open the link in the mail that you got, or ask for a new one.";
    IDEMPOTENCY_KEY_MISSING = "idempotency_key_missing", UNPROCESSABLE_ENTITY, "Say by which key you would repeat this request.", "Send `Idempotency-Key` with a new random value, and the same value when you repeat the request.";
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "This key was used for another request.", "Send a new random value for each new request.";
}

/// The header that carries the key.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

impl Refusal {
    /// The refusal as it is told; `None` of the codes changes.
    pub fn problem(self) -> Problem {
        match self {
            Self::NotOpen(Closed::Draft) => {
                Problem::new(EVENT_NOT_OPEN).detail("The event is not public at the moment.")
            }
            Self::NotOpen(Closed::Cancelled) => Problem::new(EVENT_NOT_OPEN).detail("The event was cancelled."),
            Self::NotOpen(Closed::Started) => Problem::new(EVENT_NOT_OPEN).detail("The event has started."),
            Self::Unverified => Problem::new(EMAIL_NOT_VERIFIED),
            Self::AlreadyIn => Problem::new(ALREADY_JOINED),
            Self::PartyTooLarge { capacity: 0 } => Problem::new(NO_PLACES),
            Self::PartyTooLarge { capacity } => {
                Problem::new(PARTY_TOO_LARGE).detail(format!("The event has {capacity} places in all."))
            }
        }
    }
}

/// The key belongs to another request of the same person.
pub fn key_reused() -> Problem {
    Problem::new(IDEMPOTENCY_KEY_REUSED).field(IDEMPOTENCY_KEY, "reused", "was used for another request")
}

/// More people than a moment can serve want a place at once.
pub fn too_busy() -> Problem {
    Problem::unavailable()
        .retry_after(2)
        .detail("Too many people are joining at this moment. Repeat the request with the same idempotency key.")
}

/// What went wrong while something was being written. Whether a transaction whose connection died had committed is not known: the
/// retry under the same key finds out.
pub fn unsettled(error: sqlx::Error) -> Problem {
    if is_locked(&error) {
        return too_busy();
    }
    let unavailable = db::is_unavailable(&error);
    let problem = Problem::from(error);
    if unavailable {
        problem.detail("Whether it went through is not known. Repeat the request with the same idempotency key: the answer will tell.")
    } else {
        problem
    }
}

/// Whether somebody else held a lock for too long.
pub fn is_locked(error: &sqlx::Error) -> bool {
    const LOCK_NOT_AVAILABLE: &str = "55P03";
    matches!(error, sqlx::Error::Database(database) if database.code().as_deref() == Some(LOCK_NOT_AVAILABLE))
}
