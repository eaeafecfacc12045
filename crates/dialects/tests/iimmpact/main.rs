//! The IIMMPACT dialect through the whole router, on both engines.

mod bodies;
mod hosts;
mod nonces;
mod properties;
mod report;
mod signatures;
mod sockets;
mod support;
mod tokens;
