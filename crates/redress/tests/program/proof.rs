//! What is promised, shown on the real program: it is killed under load, alone and as one of
//! three; its disk loses what a power cut would take, or is full; whom it calls hangs.
//! `docs/proof.md` says what each of these shows and what it cannot show.
//! Nothing here may look away: what was acknowledged is noted by the client that was told so.

mod cluster;
mod disk;
mod full;
mod hang;
mod kill;
mod load;
mod nodes;
mod power;
mod rolling;
mod shim;
mod standby;
mod together;
mod witness;

use std::time::{SystemTime, UNIX_EPOCH};

use teststand::dice::Seeded;

/// Whether hours may be spent.
fn long() -> bool {
    std::env::var("REDRESS_LONG").is_ok_and(|value| value == "1")
}

/// Dice of this run. The seed is told, and `REDRESS_SEED` repeats it as far as two processes can be
/// repeated: the choices are the same, the instants are not.
#[expect(clippy::disallowed_methods, reason = "every run shall choose anew")]
fn dice(what: &str) -> Seeded {
    let given = std::env::var("REDRESS_SEED").ok().and_then(|text| text.parse().ok());
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let seed = given.unwrap_or(u64::try_from(since.as_micros()).expect("microseconds"));
    eprintln!("{what}: REDRESS_SEED={seed}");
    Seeded::new(seed)
}
