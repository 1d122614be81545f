//! Accounts over HTTP on a real Postgres.

mod admin;
mod farewell;
mod housekeeping;
mod keys;
mod quick_join;
mod sessions;
mod sign_up;
mod support;
mod throttling;
