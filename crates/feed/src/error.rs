//! This slice refuses nothing of its own: bad parameters are the platform's `validation_failed`.

use platform::problem::Code;

/// No refusals beyond the platform's.
pub const CODES: &[&Code] = &[];
