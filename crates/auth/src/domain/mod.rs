//! Pure rules: what an address and a password are.

mod email;
mod password;

pub use email::Email;
pub use password::Password;

use platform::http::Line;

/// As shown to others.
pub type DisplayName = Line<60>;
