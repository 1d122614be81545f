//! `media`: pictures of events.
//!
//! Today that is the cover art, which is computed from an event's category and id and stored nowhere. No tables, no messages
//! in or out.

mod api;
pub mod cover;

pub use api::routes;
