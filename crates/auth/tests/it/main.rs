//! Accounts over HTTP on a real Postgres.

mod admin;
mod housekeeping;
mod keys;
mod sessions;
mod sign_up;
mod support;
mod throttling;
