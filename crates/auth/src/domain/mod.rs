//! Pure rules: what an address and a password are, and what a quick join asks for.

mod email;
mod password;
mod quick_join;

pub use email::Email;
pub use password::Password;
pub use quick_join::{Answer, Answers, Intention, PartySize};

use platform::http::Line;

/// As shown to others.
pub type DisplayName = Line<60>;
