//! The role over HTTP, on a real database.

mod import;
mod input;
mod life;
mod lists;
mod messages;
mod registration;
mod rights;
mod time;
mod world;
