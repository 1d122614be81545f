//! What every role stands on: settings, database, messages between roles, refusals, identity, health, the life of a process.
//!
//! A role is three lists — HTTP routes, message consumers, periodic jobs ([`role`]) — over one schema ([`db`]). It hears of other
//! roles only by messages ([`outbox`], [`bus`]).

pub mod broadcast;
pub mod bus;
pub mod cluster;
pub mod config;
pub mod db;
pub mod gather;
pub mod health;
pub mod http;
pub mod identity;
pub mod lifecycle;
pub mod limiter;
pub mod metrics;
pub mod ops;
pub mod outbox;
pub mod problem;
pub mod random;
pub mod role;
pub mod signing;
pub mod telemetry;
pub mod trace;

mod clock;

pub use clock::Clock;

/// An error with its causes, on one line.
pub fn chain<'a>(error: &'a (dyn std::error::Error + 'static)) -> impl std::fmt::Display + 'a {
    struct Chain<'a>(&'a (dyn std::error::Error + 'static));
    impl std::fmt::Display for Chain<'_> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{}", self.0)?;
            let mut last = self.0.to_string();
            let mut cause = self.0.source();
            while let Some(error) = cause {
                let text = error.to_string();
                if !last.contains(&text) {
                    write!(f, ": {text}")?;
                }
                last = text;
                cause = error.source();
            }
            Ok(())
        }
    }
    Chain(error)
}
