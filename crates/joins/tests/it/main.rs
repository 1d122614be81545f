//! The joins role over HTTP and SQL.

mod api;
mod audit;
mod capacity;
mod concurrency;
mod desk;
mod door;
mod engine;
mod idempotency;
mod joining;
mod lists;
mod model;
mod news;
mod support;
mod trouble;
