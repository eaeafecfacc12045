//! Calls out: letters by mail, events by webhook, and every other request to the outside. It works
//! from committed rows only and must never decide what is told; it may not import the store or a
//! dialect.

pub mod guard;
pub mod letter;
pub mod schedule;
pub mod webhook;

#[cfg(test)]
#[path = "../../teststand/src/receivers.rs"]
pub mod receivers;
#[cfg(test)]
mod testing;
