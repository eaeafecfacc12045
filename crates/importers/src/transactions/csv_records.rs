//! CSV (RFC 4180): a header line, then one record a line. No column may hold a line break, so a
//! quote that the line does not close costs that line and never the good rows behind it.

use std::io;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord};

use super::columns::{self, COLUMNS, Cell, Cells, OPTIONAL};
use super::lines::{self, Line, Lines};
use super::{FileError, Record, Row};

/// What is said of a quote that the end of its line does not close.
const UNCLOSED: &str =
    "a quote is opened and not closed on this line; no cell may hold a line break";

/// The records of one file.
pub struct CsvRecords {
    lines: Lines,
    /// For each place in a record, the column that stands there.
    header: Vec<usize>,
    bytes_read: u64,
}

impl CsvRecords {
    /// Reads the header.
    ///
    /// # Errors
    /// There is none, or a column is unknown, missing or there twice.
    pub fn open(path: &Path, mut lines: Lines) -> Result<Self, FileError> {
        let fault = |why| FileError::Io { path: path.to_owned(), why };
        let (mut first, mut number, mut bytes_read) = (None, 1, 0);
        while let Some(line) = lines.next_line().map_err(fault)? {
            (number, bytes_read) = (line.number, line.end);
            if !lines::is_blank(&line.bytes) {
                first = Some(line);
                break;
            }
        }
        let header = match first {
            None => Err("the file is empty; it must begin with a line of column names".to_owned()),
            Some(line) => header(&line),
        };
        let named = |why| FileError::Header { path: path.to_owned(), line: number, why };
        let header = header.map_err(named)?;
        Ok(Self { header, bytes_read, lines })
    }

    /// The next record; blank lines are passed over.
    ///
    /// # Errors
    /// The machine stops reading.
    pub fn next_record(&mut self) -> io::Result<Option<Record>> {
        while let Some(line) = self.lines.next_line()? {
            self.bytes_read = line.end;
            if !lines::is_blank(&line.bytes) {
                return Ok(Some(self.record(&line)));
            }
        }
        Ok(None)
    }

    /// Bytes of the file behind the records given out.
    pub const fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    fn record(&self, line: &Line) -> Record {
        if line.too_long {
            let reason = lines::too_long_reason();
            return Record::Rejected(lines::rejected(line.number, reason, &line.bytes));
        }
        let (number, bytes) = (line.number, &line.bytes);
        match self.payment(bytes) {
            Ok(payment) => Record::Row(Row { payment, origin: lines::origin(line) }),
            Err(reason) => Record::Rejected(lines::rejected(number, reason, bytes)),
        }
    }

    fn payment(&self, bytes: &[u8]) -> Result<domain::payment::Payment, String> {
        let mut quotes = Quotes::default();
        quotes.pass(bytes);
        if quotes.open() {
            return Err(UNCLOSED.to_owned());
        }
        let fields = fields(bytes)?;
        if fields.len() != self.header.len() {
            let (is, wanted) = (fields.len(), self.header.len());
            return Err(format!("it has {is} columns, but the header has {wanted}"));
        }
        let mut cells: Cells<'_> = [Cell::Absent; COLUMNS.len()];
        for (place, field) in self.header.iter().zip(&fields) {
            cells[*place] = Cell::Text(field);
        }
        columns::payment(&cells)
    }
}

/// The column of each place, from the header line.
fn header(line: &Line) -> Result<Vec<usize>, String> {
    if line.too_long {
        return Err(format!("the header {}", lines::too_long_reason()));
    }
    let mut places = Vec::new();
    for name in &fields(&line.bytes)? {
        let place = columns::place_of(name.trim())?;
        if places.contains(&place) {
            return Err(format!("the column `{}` comes twice", COLUMNS[place]));
        }
        places.push(place);
    }
    let missing: Vec<_> = COLUMNS
        .iter()
        .enumerate()
        .filter(|(place, column)| !places.contains(place) && !OPTIONAL.contains(column))
        .map(|(_, column)| *column)
        .collect();
    match missing.is_empty() {
        true => Ok(places),
        false => Err(format!("the header lacks {}", missing.join(", "))),
    }
}

/// The fields of one record.
fn fields(bytes: &[u8]) -> Result<StringRecord, String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|why| format!("byte {} is not UTF-8", why.valid_up_to() + 1))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    // Nearly all records have no quotes, and setting a reader up costs more than reading one.
    if !text.contains(['"', '\r']) {
        return Ok(StringRecord::from(text.split(',').collect::<Vec<_>>()));
    }
    let mut reader = plain().buffer_capacity(bytes.len()).from_reader(text.as_bytes());
    let mut records = reader.records();
    let unread = |why: csv::Error| format!("it is not CSV: {why}");
    let first = records.next().unwrap_or_else(|| Ok(StringRecord::new())).map_err(unread)?;
    match records.next() {
        None => Ok(first),
        Some(_) => Err("a carriage return stands alone; lines end in LF or CR LF".to_owned()),
    }
}

/// The reader: it knows nothing of headers and widths, which are checked here with better words.
fn plain() -> ReaderBuilder {
    let mut reader = ReaderBuilder::new();
    reader.has_headers(false).flexible(true);
    reader
}

/// Whether a quote is open, as the reader of the fields sees it: a quote opens only at the start
/// of a field, and two in a row inside stand for one.
#[derive(Default)]
pub enum Quotes {
    /// A field may begin.
    #[default]
    FieldStart,
    /// Inside a field without quotes.
    Unquoted,
    /// Inside quotes.
    Quoted,
    /// Behind a quote that ends them, unless another follows.
    MaybeClosed,
}

impl Quotes {
    /// Goes on over these bytes.
    pub fn pass(&mut self, bytes: &[u8]) {
        for byte in bytes {
            *self = match (&self, byte) {
                (Self::Quoted, b'"') => Self::MaybeClosed,
                (Self::Quoted, _) | (Self::FieldStart | Self::MaybeClosed, b'"') => Self::Quoted,
                (_, b',' | b'\r' | b'\n') => Self::FieldStart,
                _ => Self::Unquoted,
            };
        }
    }

    /// Whether a quote is open.
    pub const fn open(&self) -> bool {
        matches!(self, Self::Quoted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open_after(text: &str) -> bool {
        let mut quotes = Quotes::default();
        quotes.pass(text.as_bytes());
        quotes.open()
    }

    #[test]
    fn quotes_open_and_close_as_the_reader_sees_them() {
        for text in ["", "a,b\n", "\"a\"\n", "\"a\"\"b\"\n", "a\"b\n", "\"a\"x\"y\n", "\"\"\n"] {
            assert!(!open_after(text), "{text}");
        }
        for text in ["\"", "\"a\n", "a,\"b\n", "\"a\"\"\n", "\"a,\nb,", "\"\"\"\n"] {
            assert!(open_after(text), "{text}");
        }
    }

    proptest::proptest! {
        /// Where the scan says that no quote is open, the reader makes exactly one record of it.
        #[test]
        fn the_scan_agrees_with_the_reader(text in "[a\",]{0,12}") {
            let two = format!("{text}\nz\n");
            let mut reader = plain().from_reader(two.as_bytes());
            let records: Vec<_> = reader.records().map(|record| record.expect("UTF-8")).collect();
            let apart = records.last().is_some_and(|last| last == vec!["z"]);
            if !text.is_empty() {
                proptest::prop_assert_eq!(!open_after(&format!("{text}\n")), apart);
            }
        }

        /// The short way and the reader agree on records without quotes.
        #[test]
        fn the_short_way_agrees_with_the_reader(text in "[a ,]{1,12}") {
            let mut reader = plain().from_reader(text.as_bytes());
            let record = reader.records().next().expect("one").expect("UTF-8");
            proptest::prop_assert_eq!(fields(text.as_bytes()).expect("fields"), record);
        }
    }
}
