//! Lists and search over HTTP on a real Postgres.

mod lists;
mod search;
mod support;
