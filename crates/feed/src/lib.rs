//! `feed`
