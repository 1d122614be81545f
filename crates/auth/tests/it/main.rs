//! Accounts over HTTP on a real Postgres.

mod sessions;
mod sign_up;
mod support;
mod throttling;
