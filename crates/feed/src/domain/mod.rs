//! Pure rules: words and languages, questions, typos, trending, distances.

pub mod around;
pub mod question;
pub mod trend;
pub mod typos;
pub mod words;
