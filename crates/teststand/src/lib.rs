//! Placeholder.
pub mod receivers;
