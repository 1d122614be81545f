//! Lists and search over HTTP on a real Postgres.

mod indexing;
mod lists;
mod search;
mod support;
