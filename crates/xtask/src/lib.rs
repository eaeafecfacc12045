//! What the house checks about itself, for the command `cargo xtask` and for the test that calls
//! the same functions. It reads the checkout and reports; it never changes a file.

pub mod bans;
pub mod bench;
pub mod fuzz;
pub mod outside;
pub mod tidy;
