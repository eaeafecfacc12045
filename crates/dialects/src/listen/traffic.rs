//! What happened to connections, counted. Read by whoever exports metrics; nothing here decides.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The client closed it, or asked us to after its last request.
    Done,
    /// The TLS handshake failed or took too long.
    Handshake,
    /// The first byte, or the first head's end, did not come in time.
    SlowStart,
    /// A later head did not come in time.
    SlowHead,
    /// Nothing happened for too long.
    Idle,
    /// It grew too old.
    Aged,
    /// The network or the protocol failed.
    Failed,
    /// The program stopped and it was done.
    Drained,
    /// The program stopped and it was not done in time.
    Cut,
}

impl Ended {
    /// All, in the order of their counters.
    pub const ALL: [Self; 9] = [
        Self::Done,
        Self::Handshake,
        Self::SlowStart,
        Self::SlowHead,
        Self::Idle,
        Self::Aged,
        Self::Failed,
        Self::Drained,
        Self::Cut,
    ];

    /// The word in metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Handshake => "handshake",
            Self::SlowStart => "slow_start",
            Self::SlowHead => "slow_head",
            Self::Idle => "idle",
            Self::Aged => "aged",
            Self::Failed => "failed",
            Self::Drained => "drained",
            Self::Cut => "cut",
        }
    }
}

/// Counters since the start of the program.
#[derive(Debug, Default)]
pub struct Traffic {
    accepted: AtomicU64,
    requests: AtomicU64,
    full: AtomicU64,
    ended: [AtomicU64; Ended::ALL.len()],
}

impl Traffic {
    /// Connections taken.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Relaxed)
    }

    /// Connections that ended in this way.
    pub fn ended(&self, how: Ended) -> u64 {
        self.ended[how as usize].load(Relaxed)
    }

    /// Connections there now.
    pub fn open(&self) -> u64 {
        let ended: u64 = self.ended.iter().map(|count| count.load(Relaxed)).sum();
        self.accepted().saturating_sub(ended)
    }

    /// Requests begun.
    pub fn requests(&self) -> u64 {
        self.requests.load(Relaxed)
    }

    /// Times the loop waited because every place was taken.
    pub fn times_full(&self) -> u64 {
        self.full.load(Relaxed)
    }

    pub(super) fn accept(&self) {
        self.accepted.fetch_add(1, Relaxed);
    }

    pub(super) fn request(&self) {
        self.requests.fetch_add(1, Relaxed);
    }

    pub(super) fn full(&self) {
        self.full.fetch_add(1, Relaxed);
    }

    pub(super) fn end(&self, how: Ended) {
        self.ended[how as usize].fetch_add(1, Relaxed);
    }
}
