//! Who gets a place. Pure: the caller has locked the event's row, loads what a decision depends on into a [`Book`], and writes down what
//! the book has decided.

mod answers;
mod book;
mod event;
mod gates;
mod join;
mod key;

pub use answers::{Answers, Fault};
pub use book::{Action, Book, Closing, Decision, Fact, Given, NewInvitation, Placed, Wanted};
pub use event::{Closed, Event, Phase};
pub use gates::{Claim, Claimant, Refusal};
pub use join::{Due, DueFor, End, Invitation, Join, JoinStatus, Way};
pub use key::{IdempotencyKey, InvitationCode, PartySize};
