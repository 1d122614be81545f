//! `events`
