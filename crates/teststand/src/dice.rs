//! Dice from a seed: the same seed gives the same bytes, on every machine. Never for secrets.

use domain::Dice;

/// A generator by splitmix64.
#[derive(Clone, Debug)]
pub struct Seeded(u64);

impl Seeded {
    /// Dice that start at `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which must not be zero.
    pub fn below(&mut self, end: usize) -> usize {
        let wide = u64::try_from(end).unwrap_or(u64::MAX);
        usize::try_from(self.next() % wide).unwrap_or(0)
    }
}

impl Dice for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let block = self.next().to_le_bytes();
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}
