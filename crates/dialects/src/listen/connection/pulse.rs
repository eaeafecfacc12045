//! What a connection last did, and whether it may go on. Written by its reads, writes and requests,
//! read by its watch. This is the machine's monotonic time, which no case ever sees.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

use tokio::time::{Duration, Instant};

use crate::listen::{Ended, Limits};

/// No head is being read.
const NEVER: u64 = 0;

/// Times are milliseconds since the connection was opened, plus one so that zero is free.
#[derive(Debug)]
pub(super) struct Pulse {
    opened: Instant,
    last_byte: AtomicU64,
    /// When the first byte of the head now being read came, or [`NEVER`].
    head_since: AtomicU64,
    requests: AtomicU64,
    under_way: AtomicU32,
    multiplexed: AtomicBool,
}

/// What the watch should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Keep,
    Part(Ended),
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self {
            opened: Instant::now(),
            last_byte: AtomicU64::new(NEVER),
            head_since: AtomicU64::new(NEVER),
            requests: AtomicU64::new(0),
            under_way: AtomicU32::new(0),
            multiplexed: AtomicBool::new(false),
        }
    }

    pub(super) fn read(&self) {
        let now = self.now();
        self.last_byte.store(now, Relaxed);
        if !self.is_busy() && self.head_since.load(Relaxed) == NEVER {
            self.head_since.store(now, Relaxed);
        }
    }

    pub(super) fn wrote(&self) {
        self.last_byte.store(self.now(), Relaxed);
    }

    /// A request's head is complete; it is under way until what is returned is dropped.
    pub(super) fn request(self: &Arc<Self>, multiplexed: bool) -> UnderWay {
        self.requests.fetch_add(1, Relaxed);
        self.under_way.fetch_add(1, Relaxed);
        self.head_since.store(NEVER, Relaxed);
        self.multiplexed.store(multiplexed, Relaxed);
        UnderWay(Arc::clone(self))
    }

    /// Whether a request is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.under_way.load(Relaxed) > 0
    }

    /// Whether no byte came or went for so long.
    pub(super) fn is_quiet_for(&self, span: Duration) -> bool {
        let last = self.last_byte.load(Relaxed);
        Duration::from_millis(self.now().saturating_sub(last)) >= span
    }

    pub(super) fn judge(&self, limits: &Limits) -> Verdict {
        let now = self.now();
        let past =
            |since: u64, limit: Duration| Duration::from_millis(now - since.min(now)) > limit;
        if self.is_busy() {
            // The handler has a time limit of its own; age alone ends what keeps on asking.
            return if past(1, limits.age) { Verdict::Part(Ended::Aged) } else { Verdict::Keep };
        }
        let (last_byte, head_since) = (self.last_byte.load(Relaxed), self.head_since.load(Relaxed));
        if self.requests.load(Relaxed) == 0 {
            let limit = if last_byte == NEVER {
                limits.first_byte
            } else {
                limits.first_byte + limits.head
            };
            if past(1, limit) || head_since != NEVER && past(head_since, limits.head) {
                return Verdict::Part(Ended::SlowStart);
            }
            return Verdict::Keep;
        }
        // On HTTP/2 bytes between requests are seldom a head: windows and pings, mostly.
        if !self.multiplexed.load(Relaxed) && head_since != NEVER && past(head_since, limits.head) {
            return Verdict::Part(Ended::SlowHead);
        }
        if past(last_byte, limits.idle) {
            return Verdict::Part(Ended::Idle);
        }
        if past(1, limits.age) { Verdict::Part(Ended::Aged) } else { Verdict::Keep }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1
    }
}

/// A request under way.
pub(super) struct UnderWay(Arc<Pulse>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Relaxed);
    }
}
