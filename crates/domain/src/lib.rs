//! What is so and what follows: cases, payments, histories, refusals. Read it in this order:
//! `scope` and `actor` (who), `payment` and `case` (what), `case::decide` (what follows), `changes`
//! and `refusal` (what comes out). Nothing here does I/O, waits, logs, or knows a wire or a
//! database; time and dice are arguments.

pub mod account;
pub mod actor;
pub mod address;
pub mod admin;
pub mod audit;
pub mod case;
pub mod chain;
pub mod changes;
pub mod dice;
pub mod evidence;
mod hex;
pub mod ids;
pub mod job;
pub mod message;
pub mod names;
pub mod payment;
pub mod refusal;
pub mod scope;
pub mod search;
pub mod time;

pub use actor::{Actor, Right, Rights, Role};
pub use dice::Dice;
pub use hex::hex;
pub use refusal::Refusal;
pub use scope::{Env, Scope, TenantId};
pub use time::{Instant, Millis};
