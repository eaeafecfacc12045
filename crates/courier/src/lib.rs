//! Calls out: letters by mail, events by webhook, and every other request to the outside. It works
//! from committed rows only and must never decide what is told; it may not import the store or a
//! dialect.

pub mod email;
pub mod event;
pub mod guard;
pub mod letter;
pub mod schedule;
pub mod sweep;
pub mod webhook;

#[cfg(test)]
mod testing;
