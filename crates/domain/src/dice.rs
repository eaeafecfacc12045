//! Where randomness comes from: an argument, never a call to the machine. The same seed gives the
//! same ids, so a story can be told twice.

/// A source of random bytes. Only the binary owns one that asks the machine.
pub trait Dice: Send {
    /// Fills `bytes` wholly.
    fn fill(&mut self, bytes: &mut [u8]);
}

impl<D: Dice + ?Sized> Dice for &mut D {
    fn fill(&mut self, bytes: &mut [u8]) {
        (**self).fill(bytes);
    }
}

impl<D: Dice + ?Sized> Dice for Box<D> {
    fn fill(&mut self, bytes: &mut [u8]) {
        (**self).fill(bytes);
    }
}
