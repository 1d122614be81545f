//! This slice refuses nothing of its own.

use platform::problem::Code;

/// No refusals beyond the platform's.
pub const CODES: &[&Code] = &[];
