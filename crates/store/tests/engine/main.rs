//! The two engines, held to the same promises by one suite. SQLite needs nothing; PostgreSQL is
//! the server that `REDRESS_TEST_POSTGRES` names, and without one its half fails and says so.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops here")]

mod both;
mod copy;
mod found;
mod migrate;
mod support;
mod trouble;
