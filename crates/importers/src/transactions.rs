//! Files of payments, read one record at a time: CSV and JSON Lines into typed rows, and what is
//! no row into a rejection with its line and a reason that names the column. Memory does not grow
//! with the file. Nothing here knows whose payments they are, or what is stored of them already.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use domain::payment::Payment;

pub use rejects::RejectsFile;

mod columns;
pub mod csv_records;
mod jsonl_records;
pub mod lines;
mod rejects;

/// The longest record, in bytes. A row of ours has some 200; one this long is a broken quote or
/// another kind of file, and must not fill memory.
pub const RECORD_BYTES_MAX: usize = 65_536;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180 with a header line.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

impl Format {
    /// Reads `csv` or `jsonl`.
    ///
    /// # Errors
    /// A sentence that names both.
    pub fn parse(word: &str) -> Result<Self, String> {
        match word {
            "csv" => Ok(Self::Csv),
            "jsonl" => Ok(Self::JsonLines),
            _ => Err("the formats are `csv` and `jsonl`".to_owned()),
        }
    }

    /// The format that a file's name promises.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

/// A record that is no row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The line it begins on, from 1.
    pub line: u64,
    /// Why, naming the column where one is to blame.
    pub reason: String,
    /// The record as it stood, without its line break; cut when long, mended when not UTF-8.
    pub raw: String,
}

/// One record of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A row that reads well.
    Row(Row),
    /// One that does not.
    Rejected(Rejected),
}

/// A row that reads well; what is stored may still refuse it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it says.
    pub payment: Payment,
    /// Where it stands.
    pub origin: Origin,
}

/// Where a row stands, for the side file should it be refused later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The line it begins on, from 1.
    pub line: u64,
    /// The record as it stood.
    pub raw: String,
}

impl Origin {
    /// The row as a rejection, for the reason that the store gave.
    pub fn refused(self, reason: String) -> Rejected {
        Rejected { line: self.line, reason, raw: self.raw }
    }
}

/// Why a whole file is not read. Nothing was imported when one of the first two comes.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The header is not what it must be.
    #[error("{path}, line {line}: {why}")]
    Header {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// What is wrong and what would be right.
        why: String,
    },
    /// Neither the name nor a flag tells the format.
    #[error("{path}: the name ends neither in .csv nor in .jsonl; say which it is with --format")]
    FormatUnknown {
        /// The file.
        path: PathBuf,
    },
    /// The machine refused.
    #[error("cannot read {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        why: io::Error,
    },
}

/// A file being read.
pub struct TransactionsFile {
    path: PathBuf,
    records: Records,
    bytes_total: Option<u64>,
}

enum Records {
    Csv(Box<csv_records::CsvRecords>),
    JsonLines(Box<jsonl_records::JsonRecords>),
}

impl fmt::Debug for TransactionsFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransactionsFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl TransactionsFile {
    /// Opens `path` (`-` is standard input) and reads the header where there is one.
    ///
    /// # Errors
    /// The file cannot be read, its format is not known, or its header is not one of ours.
    pub fn open(path: &Path, format: Option<Format>) -> Result<Self, FileError> {
        let named = || FileError::FormatUnknown { path: path.to_owned() };
        let format = format.or_else(|| Format::of(path)).ok_or_else(named)?;
        if path.as_os_str() == "-" {
            return Self::read(path, format, Box::new(io::stdin()), None);
        }
        let fault = |why| FileError::Io { path: path.to_owned(), why };
        let file = File::open(path).map_err(fault)?;
        let about = file.metadata().map_err(fault)?;
        if about.is_dir() {
            return Err(fault(io::ErrorKind::IsADirectory.into()));
        }
        // A pipe has no length to compare progress with.
        let bytes_total = about.is_file().then_some(about.len());
        Self::read(path, format, Box::new(file), bytes_total)
    }

    /// Reads from anything, under the name `path`.
    ///
    /// # Errors
    /// As [`TransactionsFile::open`].
    pub fn read(
        path: &Path,
        format: Format,
        from: Box<dyn Read + Send>,
        bytes_total: Option<u64>,
    ) -> Result<Self, FileError> {
        let lines = lines::Lines::new(from);
        let records = match format {
            Format::Csv => Records::Csv(Box::new(csv_records::CsvRecords::open(path, lines)?)),
            Format::JsonLines => {
                Records::JsonLines(Box::new(jsonl_records::JsonRecords::open(lines)))
            }
        };
        Ok(Self { path: path.to_owned(), records, bytes_total })
    }

    /// The next record, or nothing at the end.
    ///
    /// # Errors
    /// The machine stops reading; what came before was read well.
    pub fn next_record(&mut self) -> Result<Option<Record>, FileError> {
        let record = match &mut self.records {
            Records::Csv(records) => records.next_record(),
            Records::JsonLines(records) => records.next_record(),
        };
        record.map_err(|why| FileError::Io { path: self.path.clone(), why })
    }

    /// Bytes of the file behind the records given out so far.
    pub fn bytes_read(&self) -> u64 {
        match &self.records {
            Records::Csv(records) => records.bytes_read(),
            Records::JsonLines(records) => records.bytes_read(),
        }
    }

    /// Bytes of the whole file, when it has a length.
    pub const fn bytes_total(&self) -> Option<u64> {
        self.bytes_total
    }
}

#[cfg(test)]
mod tests;
