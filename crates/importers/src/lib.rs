//! Reads the files that other systems write: payments as CSV or JSON Lines, cases by a mapping
//! file, one record at a time and in memory that does not grow with the file. What is no row is a
//! rejection with its line and reason. It must never know whose rows they are, nor store anything.

pub mod cases;
pub mod transactions;
