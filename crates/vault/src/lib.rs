//! Keeps secrets: sealing at rest, hashing of credentials, signatures, tokens. Reading order:
//! [`keyring`] holds the keys, every other module does one thing with them. It must never ask the
//! clock or the machine's dice (both are arguments), never open a socket, never print a secret.

pub mod audit_seal;
pub mod digest;
pub mod hmac;
pub mod jwt;
pub mod keyring;
pub mod parcel;
pub mod password;
pub mod seal;
pub mod secret;
pub mod stream;

#[cfg(test)]
mod testing;

pub use keyring::{Keyring, KeyringError};
pub use secret::Secret;
