//! Listens: HTTP in, commands to the desk, answers out. Each protocol has a folder of its own and
//! is the only one to know its wire; the files here are what they share. It must never write SQL,
//! call out, or decide what the domain decides.

pub mod body;
pub mod listen;
pub mod rate;
pub mod signature;
