//! The records of a file, one at a time: rows of a table whose cells may hold line breaks, or JSON
//! objects, on lines of their own or in one array. A record that is too long is a rejection.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use csv::StringRecord;
use domain::payment::columns::shown;
use serde_json::Value;

use super::json_array::Members;
use super::mapping::{Mapping, Shape};
use crate::transactions::Rejected;
use crate::transactions::csv_records::Quotes;
use crate::transactions::lines::{self, Line, Lines};

/// The longest row of a table, in bytes: ten times the longest complaint that people write.
const ROW_BYTES_MAX: usize = 1 << 20;

/// The longest JSON object, in bytes: a ticket with some hundred mails in it.
const OBJECT_BYTES_MAX: usize = 8 << 20;

/// How much is read at once.
const BUFFER_BYTES: usize = 65_536;

/// One record.
pub struct CaseRecord {
    /// The line it begins on, from 1.
    pub line: u64,
    /// As it stood, for the side file.
    pub raw: String,
    body: Body,
}

enum Body {
    Row(Arc<StringRecord>, StringRecord),
    Tree(Value),
}

/// Where values are looked up: a record, or an entry of its history.
#[derive(Clone, Copy)]
pub enum Fields<'a> {
    /// A header and the cells under it.
    Row(&'a StringRecord, &'a StringRecord),
    /// A JSON value.
    Tree(&'a Value),
}

impl CaseRecord {
    /// Its fields.
    pub fn fields(&self) -> Fields<'_> {
        match &self.body {
            Body::Row(header, cells) => Fields::Row(header, cells),
            Body::Tree(value) => Fields::Tree(value),
        }
    }

    /// It as a rejection.
    pub fn refused(self, reason: String) -> Rejected {
        Rejected { line: self.line, reason, raw: self.raw }
    }
}

impl<'a> Fields<'a> {
    /// The texts under a name, in order; none when there is nothing. Lists give one for each of
    /// their members.
    ///
    /// # Errors
    /// Something else than text, numbers and yes or no stands there.
    pub fn texts(self, name: &str) -> Result<Vec<String>, String> {
        match self {
            Self::Row(header, cells) => {
                let place = header.iter().position(|one| one == name);
                let cell = place.and_then(|place| cells.get(place)).unwrap_or("");
                Ok(vec![cell.to_owned()])
            }
            Self::Tree(value) => {
                let mut texts = Vec::new();
                for found in walk(value, name) {
                    match found {
                        Value::Null => {}
                        Value::String(text) => texts.push(text.clone()),
                        Value::Number(number) => texts.push(number.to_string()),
                        Value::Bool(flag) => texts.push(flag.to_string()),
                        _ => return Err("an object stands where a text should".to_owned()),
                    }
                }
                Ok(texts)
            }
        }
    }

    /// The members of the list under a name.
    pub fn list(self, name: &str) -> Vec<Fields<'a>> {
        match self {
            Self::Row(..) => Vec::new(),
            Self::Tree(value) => walk(value, name).into_iter().map(Fields::Tree).collect(),
        }
    }
}

/// What stands under a name, or under each name between dots; lists are gone into.
fn walk<'a>(value: &'a Value, name: &str) -> Vec<&'a Value> {
    match value {
        Value::Array(members) => members.iter().flat_map(|one| walk(one, name)).collect(),
        _ if name.is_empty() => vec![value],
        Value::Object(fields) => match (fields.get(name), name.split_once('.')) {
            (Some(found), _) => walk(found, ""),
            (None, Some((first, rest))) => {
                fields.get(first).map_or_else(Vec::new, |inner| walk(inner, rest))
            }
            (None, None) => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// What comes next in a file.
pub enum Item {
    /// A record.
    Record(CaseRecord),
    /// What is none.
    Rejected(Rejected),
}

/// A file being read.
pub struct CaseFile {
    records: Records,
    bytes_total: Option<u64>,
}

enum Records {
    Table { lines: Lines, header: Arc<StringRecord>, shape: Shape, bytes_read: u64 },
    JsonLines { lines: Lines, bytes_read: u64 },
    JsonArray(Box<Members>),
}

impl CaseFile {
    /// Opens the file, and reads its header where there is one.
    ///
    /// # Errors
    /// It cannot be read, its shape is not known, or its header lacks a column of the mapping.
    pub fn open(path: &Path, mapping: &Mapping) -> anyhow::Result<Self> {
        let shown = path.display();
        let shape = mapping.format.or_else(|| shape_of(path)).with_context(|| {
            format!("{shown}: say in the mapping how it is written: format = \"csv\", tsv or json")
        })?;
        let file = File::open(path).with_context(|| format!("cannot read {shown}"))?;
        let about = file.metadata().with_context(|| format!("cannot read {shown}"))?;
        ensure!(!about.is_dir(), "{shown} is a folder");
        let bytes_total = about.is_file().then_some(about.len());
        let records = Self::read(Box::new(file), shape, mapping);
        Ok(Self { records: records.with_context(|| shown.to_string())?, bytes_total })
    }

    /// Reads from anything.
    ///
    /// # Errors
    /// As [`CaseFile::open`].
    pub fn of(from: Box<dyn Read + Send>, shape: Shape, mapping: &Mapping) -> anyhow::Result<Self> {
        Ok(Self { records: Self::read(from, shape, mapping)?, bytes_total: None })
    }

    fn read(
        from: Box<dyn Read + Send>,
        shape: Shape,
        mapping: &Mapping,
    ) -> anyhow::Result<Records> {
        if shape == Shape::Json {
            let mut from = BufReader::with_capacity(BUFFER_BYTES, from);
            let begins = from.fill_buf()?;
            let begins = begins.strip_prefix(b"\xef\xbb\xbf").unwrap_or(begins);
            return Ok(match begins.iter().find(|byte| !byte.is_ascii_whitespace()) {
                Some(b'[') => Records::JsonArray(Box::new(Members::new(from, OBJECT_BYTES_MAX))),
                _ => Records::JsonLines {
                    lines: Lines::up_to(OBJECT_BYTES_MAX, Box::new(from)),
                    bytes_read: 0,
                },
            });
        }
        ensure!(mapping.history.is_none(), "`history` is read from JSON only");
        let mut lines = Lines::up_to(ROW_BYTES_MAX, from);
        let first = next_row(&mut lines, shape)?;
        let Some(row) = first else { bail!("the file is empty; it must begin with column names") };
        let header = cells(&row.bytes, shape).map_err(anyhow::Error::msg)?;
        let header: StringRecord = header.iter().map(str::trim).collect();
        for name in mapping.columns_named() {
            let count = header.iter().filter(|one| one == name).count();
            let (name, all) = (shown(name), header.iter().collect::<Vec<_>>().join(", "));
            ensure!(count > 0, "line 1: there is no column `{name}`; there are {all}");
            ensure!(count == 1, "line 1: the column `{name}` comes twice");
        }
        let bytes_read = row.end;
        Ok(Records::Table { lines, header: Arc::new(header), shape, bytes_read })
    }

    /// The next record, or nothing at the end.
    ///
    /// # Errors
    /// The machine stops reading.
    pub fn next_item(&mut self) -> io::Result<Option<Item>> {
        match &mut self.records {
            Records::Table { lines, header, shape, bytes_read } => {
                let Some(row) = next_row(lines, *shape)? else { return Ok(None) };
                *bytes_read = row.end;
                Ok(Some(row.item(header, *shape)))
            }
            Records::JsonLines { lines, bytes_read } => {
                while let Some(line) = lines.next_line()? {
                    *bytes_read = line.end;
                    if !lines::is_blank(&line.bytes) {
                        return Ok(Some(object(&line)));
                    }
                }
                Ok(None)
            }
            Records::JsonArray(members) => Ok(members.next_member()?.as_ref().map(object)),
        }
    }

    /// Bytes of the file behind the records given out so far.
    pub fn bytes_read(&self) -> u64 {
        match &self.records {
            Records::Table { bytes_read, .. } | Records::JsonLines { bytes_read, .. } => {
                *bytes_read
            }
            Records::JsonArray(members) => members.bytes_read(),
        }
    }

    /// Bytes of the whole file, when it has a length.
    pub const fn bytes_total(&self) -> Option<u64> {
        self.bytes_total
    }
}

/// The shape that a file's name promises.
fn shape_of(path: &Path) -> Option<Shape> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "csv" => Some(Shape::Csv),
        "tsv" => Some(Shape::Tsv),
        "json" | "jsonl" | "ndjson" => Some(Shape::Json),
        _ => None,
    }
}

/// A row of a table, of one line or of several.
struct WholeRow {
    line: u64,
    last: u64,
    bytes: Vec<u8>,
    end: u64,
    broken: Option<String>,
}

fn next_row(lines: &mut Lines, shape: Shape) -> io::Result<Option<WholeRow>> {
    let first = loop {
        match lines.next_line()? {
            Some(line) if lines::is_blank(&line.bytes) => {}
            Some(line) => break line,
            None => return Ok(None),
        }
    };
    let Line { number, bytes, too_long, end } = first;
    let broken = too_long.then(|| format!("the record is longer than {ROW_BYTES_MAX} bytes"));
    let mut row = WholeRow { line: number, last: number, bytes, end, broken };
    let mut quotes = Quotes::default();
    if shape == Shape::Csv {
        quotes.pass(&row.bytes);
    }
    while quotes.open() && row.broken.is_none() {
        let Some(line) = lines.next_line()? else {
            row.broken = Some("a quote is opened and not closed until the end".to_owned());
            break;
        };
        quotes.pass(&line.bytes);
        (row.last, row.end) = (line.number, line.end);
        if row.bytes.len() + line.bytes.len() > ROW_BYTES_MAX || line.too_long {
            let (from, to) = (row.line, row.last);
            row.broken = Some(format!(
                "a quote is opened and not closed within {ROW_BYTES_MAX} bytes; lines {from} to \
                 {to} are rejected with it"
            ));
        }
        row.bytes.extend_from_slice(&line.bytes);
    }
    Ok(Some(row))
}

impl WholeRow {
    fn item(self, header: &Arc<StringRecord>, shape: Shape) -> Item {
        let rejected =
            |reason: String| Item::Rejected(lines::rejected(self.line, reason, &self.bytes));
        if let Some(reason) = self.broken {
            return rejected(reason);
        }
        match cells(&self.bytes, shape) {
            Ok(cells) if cells.len() == header.len() => Item::Record(CaseRecord {
                line: self.line,
                raw: lines::raw(&self.bytes),
                body: Body::Row(Arc::clone(header), cells),
            }),
            Ok(cells) => {
                let (is, wanted) = (cells.len(), header.len());
                rejected(format!("it has {is} columns, but the header has {wanted}"))
            }
            Err(reason) => rejected(reason),
        }
    }
}

/// The cells of one row.
fn cells(bytes: &[u8], shape: Shape) -> Result<StringRecord, String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|why| format!("byte {} is not UTF-8", why.valid_up_to() + 1))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if shape == Shape::Tsv {
        return Ok(text.split('\t').collect());
    }
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader.has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = reader.records();
    let unread = |why: csv::Error| format!("it is not CSV: {why}");
    let first = records.next().unwrap_or_else(|| Ok(StringRecord::new())).map_err(unread)?;
    match records.next() {
        None => Ok(first),
        Some(_) => Err("a carriage return stands alone; lines end in LF or CR LF".to_owned()),
    }
}

/// The JSON object in these bytes.
fn object(line: &Line) -> Item {
    let rejected = |reason: &str| Item::Rejected(lines::rejected(line.number, reason, &line.bytes));
    if line.too_long {
        return rejected(&format!("the record is longer than {OBJECT_BYTES_MAX} bytes"));
    }
    match serde_json::from_slice::<Value>(&line.bytes) {
        Ok(value @ Value::Object(_)) => Item::Record(CaseRecord {
            line: line.number,
            raw: lines::raw(&line.bytes),
            body: Body::Tree(value),
        }),
        Ok(_) => rejected("it is no JSON object"),
        Err(why) => {
            let said = why.to_string();
            rejected(&format!("it is not JSON: {}", said.split(" at line ").next().unwrap_or("")))
        }
    }
}
