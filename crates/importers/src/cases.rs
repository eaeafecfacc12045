//! Files of cases that other systems write: tables and JSON of any shape, read one record at a time
//! by a mapping file that says what is what. Memory does not grow with the file. What a mapping
//! does not know is a rejection that names the field; nothing is guessed.

mod convert;
mod json_array;
mod mapping;
mod plain_text;
mod records;
mod times;

pub use convert::archived;
pub use mapping::{Mapping, Shape};
pub use records::{CaseFile, Item};

#[cfg(test)]
mod tests;
