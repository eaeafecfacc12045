//! For tests only: engines, a clock that is set by hand, seeded dice, receivers that fail by plan,
//! and a reader of stories. Nothing that is shipped may import it.

pub mod dice;
pub mod engines;
pub mod narratives;
pub mod receivers;
pub mod schema;
pub mod story;
pub mod world;
