//! Keeps files: takes them as they come, judges them, asks the scanner, puts them down sealed and
//! durable, and gives them back. Reading order: [`judge`] (what a file is), [`intake`] (how it
//! comes), [`scan`] and [`place`] (the two ports), [`cabinet`] (all of them together). It must
//! never hold a whole file in memory, use a sender's name as a path, or write plain bytes down.

pub mod cabinet;
pub mod fault;
pub mod intake;
pub mod judge;
pub mod place;
pub mod preview;
pub mod scan;

pub use cabinet::{Cabinet, NotKept, OnScannerDown, Settings};
pub use fault::Fault;
pub use intake::{Batch, Spooled, Ticket, Upload};
pub use judge::{FileFault, Refused, Rules, Said};
