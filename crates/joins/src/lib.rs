//! `joins`
