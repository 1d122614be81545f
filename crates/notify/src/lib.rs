//! `notify`
