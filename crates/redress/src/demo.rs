//! What only the demo has: its payments, made up the same way each time, and the file that tells
//! clients how to get in. Nothing here is used by a real installation.

pub mod manifest;
pub mod products;
pub mod seeded;
pub mod setup;
pub mod transactions;
