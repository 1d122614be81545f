//! What roles say to each other: identifiers, shared vocabulary and versioned message payloads.
//!
//! Nothing here does I/O. A role never imports another role's crate; this crate is all that they share.

mod category;
mod ids;
mod message;

pub mod auth;
pub mod events;
pub mod joins;
pub mod registration;

pub use category::{Category, UnknownCategory};
pub use ids::{EventId, JoinId, MessageId, SessionId, UserId};
pub use message::Payload;
