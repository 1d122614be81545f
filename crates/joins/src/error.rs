//! Refusals of this slice.

use chrono::SecondsFormat;
use platform::{
    db,
    problem::{self, Problem},
};

use crate::domain::{Closed, Refusal};

platform::codes! {
    ALREADY_JOINED = "already_joined", CONFLICT, "You are already in.", "Read your place or your position in the line; to change the party, leave and join again.";
    NOT_JOINED = "not_joined", CONFLICT, "You are not in.", "There is nothing to leave.";
    REGISTRATION_NOT_OPEN = "registration_not_open", CONFLICT, "Registration has not opened yet.", "Come back when it opens; the event's page says when.";
    REGISTRATION_CLOSED = "registration_closed", CONFLICT, "Registration has closed.", "Look at the event's page, or write to the organiser.";
    BANNED = "banned", FORBIDDEN, "The organiser has closed this event to you.", "Write to the organiser if you think that this is a mistake.";
    PARTY_ABOVE_LIMIT = "party_above_limit", CONFLICT, "Your party is larger than the organiser allows.", "Come with fewer people.";
    INVITATION_NEEDED = "invitation_needed", FORBIDDEN, "Only invited people can join this event.", "Open the link of your invitation.";
    INVITATION_SPENT = "invitation_spent", CONFLICT, "This invitation is not good any more.", "Ask the organiser for another one.";
    NOTHING_TO_CLAIM = "nothing_to_claim", CONFLICT, "There is no place for you to take at the moment.", "Keep your position in the line; you are told when a place is yours.";
    WALK_IN_TOO_EARLY = "walk_in_too_early", CONFLICT, "Unused places are still kept for those who have them.", "Wait until a quarter of an hour after the start.";
    STEWARD_LINK_SPENT = "steward_link_spent", CONFLICT, "This link is not good any more.", "Ask the organiser for another one.";
    TOO_MANY_MESSAGES = "too_many_messages", CONFLICT, "Five messages a day are enough.", "Wait until tomorrow, or say it on the event's page.";
    NOBODY_TO_WRITE_TO = "nobody_to_write_to", CONFLICT, "Nobody of that kind is in.", "Choose somebody else to write to.";
    NOT_PENDING = "not_pending", CONFLICT, "This person does not wait for an approval.", "Read the list again.";
    NOT_APPROVED = "not_approved", CONFLICT, "This person's request has not been approved.", "Ask the organiser to approve it.";
    EVENT_FULL = "event_full", CONFLICT, "There are not enough free places.", "Raise the capacity, or exceed it explicitly.";
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
            Self::NotYet(at) => Problem::new(REGISTRATION_NOT_OPEN)
                .detail(format!("It opens at {}.", at.to_rfc3339_opts(SecondsFormat::Secs, true))),
            Self::NoMore(at) => Problem::new(REGISTRATION_CLOSED)
                .detail(format!("It closed at {}.", at.to_rfc3339_opts(SecondsFormat::Secs, true))),
            Self::Banned => Problem::new(BANNED),
            Self::PartyAboveLimit { limit } => {
                Problem::new(PARTY_ABOVE_LIMIT).detail(format!("At most {limit} people can come together."))
            }
            Self::InvitationNeeded => Problem::new(INVITATION_NEEDED),
            Self::InvitationSpent => Problem::new(INVITATION_SPENT),
            Self::Expired(_) => Problem::invalid("expires_at", "must be in the future"),
            Self::Answers(faults) => {
                faults.into_iter().fold(Problem::new(problem::VALIDATION_FAILED), |problem, fault| {
                    let code = if fault.missing { "missing" } else { "invalid" };
                    problem.field(format!("answers.{}", fault.question), code, fault.detail)
                })
            }
            Self::Full { room } => Problem::new(EVENT_FULL).detail(format!("Free places: {room}.")),
            Self::BelowTaken { taken } => {
                let are = if taken == 1 { "One place is".to_owned() } else { format!("{taken} places are") };
                let detail = format!("{are} taken already.");
                Problem::new(CAPACITY_BELOW_CONFIRMED).detail(detail.clone()).field(
                    "capacity",
                    CAPACITY_BELOW_CONFIRMED.name,
                    detail,
                )
            }
            Self::NotYetAtDoor(at) => Problem::new(WALK_IN_TOO_EARLY)
                .detail(format!("From {} on.", at.to_rfc3339_opts(SecondsFormat::Secs, true))),
            Self::NothingToClaim => Problem::new(NOTHING_TO_CLAIM),
            Self::NotIn => Problem::new(NOT_JOINED),
            Self::NotPending => Problem::new(NOT_PENDING),
            Self::NotApproved => Problem::new(NOT_APPROVED),
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
    if db::is_locked(&error) {
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
