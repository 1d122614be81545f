//! `bff`
