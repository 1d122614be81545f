//! What only shows when the roles work together: the whole server in this process, or the binary in processes of its own, on a real
//! Postgres.

mod access;
mod accounts;
mod bad_input;
mod commands;
mod crash;
mod door;
mod drop;
mod journey;
mod outage;
mod stress;
mod support;
mod telemetry;
