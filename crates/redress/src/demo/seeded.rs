//! Dice that fall the same way each time: xoshiro256** (Blackman and Vigna), seeded by splitmix64.
//! For made-up data only. They are guessable, so no secret may ever come from them.

use domain::Dice;

/// Repeatable dice.
#[derive(Clone, Debug)]
pub struct Seeded([u64; 4]);

impl Seeded {
    /// The same seed, the same dice.
    pub fn new(seed: u64) -> Self {
        let mut state = seed;
        Self(std::array::from_fn(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        }))
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        let [a, b, c, d] = self.0;
        let result = b.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let (c, d) = (c ^ a, d ^ b);
        self.0 = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// A number below `bound`, which must not be 0. The slight lean towards small numbers (one in
    /// 2^64 / `bound`) is nothing to made-up data.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A number from `least` to `most`, both included.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        let span = most.abs_diff(least).saturating_add(1);
        least.saturating_add_unsigned(self.below(span))
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let place = self.below(from.len() as u64);
        &from[usize::try_from(place).unwrap_or(0)]
    }

    /// Puts them into another order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            let other = self.below(last as u64 + 1);
            things.swap(last, usize::try_from(other).unwrap_or(last));
        }
    }

    /// So many decimal digits; the first may be 0.
    pub fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + (self.below(10) as u8))).collect()
    }
}

impl Dice for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(8) {
            let random = self.next().to_le_bytes();
            part.copy_from_slice(&random[..part.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_published_generator() {
        // The first numbers from the state 1, 2, 3, 4.
        let mut dice = Seeded([1, 2, 3, 4]);
        let first: Vec<u64> = (0..4).map(|_| dice.next()).collect();
        assert_eq!(first, [11_520, 0, 1_509_978_240, 1_215_971_899_390_074_240]);
    }

    #[test]
    fn the_same_seed_falls_the_same_way() {
        let (mut one, mut same, mut other) = (Seeded::new(7), Seeded::new(7), Seeded::new(8));
        let mut bytes = [[0_u8; 13]; 3];
        one.fill(&mut bytes[0]);
        same.fill(&mut bytes[1]);
        other.fill(&mut bytes[2]);
        assert_eq!(bytes[0], bytes[1]);
        assert_ne!(bytes[0], bytes[2]);
        assert!((0..1_000).all(|_| (-3..=3).contains(&one.between(-3, 3))));
        assert_eq!(one.digits(12).len(), 12);
    }
}
