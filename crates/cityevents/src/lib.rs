//! Puts the roles together: command line, composition, servers.

pub mod app;
pub mod cli;
mod commands;
pub mod database;
pub mod description;
