//! Reading: a SELECT and its row on one screen, a file for each thing that is read. Every finder of
//! a tenant's data takes the scope first. Nothing here writes or judges.

pub mod accounts;
pub mod admin;
pub mod audit;
pub mod cases;
pub mod evidence;
pub mod feed;
pub mod imports;
pub mod jobs;
pub mod listing;
pub mod outbox;
pub mod rows;
pub(crate) mod whole;
