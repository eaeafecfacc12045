//! For tests only: engines, a clock that is set by hand, seeded dice, faults and receivers by plan,
//! and a reader of stories. Nothing that is shipped may import it.

pub mod dice;
pub mod engines;
pub mod faults;
pub mod narratives;
pub mod receivers;
pub mod schema;
pub mod story;
pub mod world;
