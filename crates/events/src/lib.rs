//! `events`

pub mod import;
