//! The mapping file: which column or field of another system's file is what, and what its words
//! mean here. It is checked whole before the first record is read.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, ensure};
use domain::case::{Channel, Standing, is_source, language};
use serde::Deserialize;

use super::times::Times;

/// The largest mapping file, in bytes: a few hundred words.
const MAPPING_BYTES_MAX: u64 = 262_144;

/// What an entry of a history is to the customer.
pub const KINDS: [&str; 3] = ["public", "internal", "skip"];

/// How the file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// RFC 4180; cells may hold line breaks.
    Csv,
    /// Fields between tabs, no quotes.
    Tsv,
    /// One array of objects, or one object on each line.
    Json,
}

/// A mapping file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Names the other system: with its ids it tells what was imported before.
    pub source: String,
    /// How the file is written; otherwise its name tells.
    pub format: Option<Shape>,
    /// Whether customers and webhooks are told of the cases, as of new ones.
    #[serde(default)]
    pub tell: bool,
    /// How times are written.
    pub time: Times,
    /// What is what.
    pub columns: Columns,
    /// Where a JSON record holds what was said later.
    pub history: Option<History>,
}

/// What is what of a case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The id there.
    pub id: Cell,
    /// Our reference of the payment.
    pub refid: Option<Cell>,
    /// The payment system's reference of the payment.
    pub trxid: Option<Cell>,
    /// When it was received.
    pub received: Cell,
    /// Where it stands.
    pub status: Cell,
    /// Since when.
    pub moved: Option<Cell>,
    /// What the customer wrote.
    pub says: Option<Cell>,
    /// A word for what is wrong.
    pub category: Option<Cell>,
    /// Whom to tell.
    pub to: Option<Cell>,
    /// Who gets a copy.
    pub cc: Option<Cell>,
    /// How it came.
    pub channel: Option<Cell>,
    /// The queue.
    pub queue: Option<Cell>,
    /// Who works it.
    pub assignee: Option<Cell>,
    /// The institution's reference of the customer.
    pub customer: Option<Cell>,
    /// The customer's language.
    pub language: Option<Cell>,
}

/// What was said later.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// The field that holds the list.
    pub list: String,
    /// When an entry was written.
    pub at: Cell,
    /// Who wrote it.
    pub who: Option<Cell>,
    /// What.
    pub text: Cell,
    /// The kind of text; HTML is made plain when the word `html` stands in it.
    pub content_type: Option<Cell>,
    /// One of [`KINDS`], by its values.
    pub kind: Cell,
    /// Whether the first public entry is what the customer wrote.
    #[serde(default)]
    pub first_is_report: bool,
}

/// One column, several, or a table about one.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Written {
    One(String),
    Many(Vec<String>),
    Full(Full),
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Full {
    #[serde(default)]
    column: Names,
    values: Option<BTreeMap<String, String>>,
    otherwise: Option<String>,
    fixed: Option<String>,
    #[serde(default)]
    keep: bool,
    #[serde(default)]
    cut: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(untagged)]
enum Names {
    #[default]
    None,
    One(String),
    Many(Vec<String>),
}

/// Where a value comes from, and what it means.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "Written")]
pub struct Cell {
    /// The columns, or fields of JSON with dots between.
    pub columns: Vec<String>,
    /// What their words mean here; with it, any other word is a rejection.
    pub values: Option<BTreeMap<String, String>>,
    /// What any other word means.
    pub otherwise: Option<String>,
    /// Whether any other word stays as it is.
    pub keep: bool,
    /// What stands everywhere.
    pub fixed: Option<String>,
    /// Whether a text that is too long is cut, and not rejected.
    pub cut: bool,
}

impl From<Written> for Cell {
    fn from(written: Written) -> Self {
        let full = match written {
            Written::One(name) => Full { column: Names::One(name), ..Full::default() },
            Written::Many(names) => Full { column: Names::Many(names), ..Full::default() },
            Written::Full(full) => full,
        };
        let columns = match full.column {
            Names::None => Vec::new(),
            Names::One(name) => vec![name],
            Names::Many(names) => names,
        };
        let Full { values, otherwise, fixed, keep, cut, .. } = full;
        Self { columns, values, otherwise, fixed, keep, cut }
    }
}

impl Cell {
    /// Every word that this cell may come to, as far as the mapping file tells.
    fn words(&self) -> impl Iterator<Item = &String> {
        self.values.iter().flat_map(BTreeMap::values).chain(&self.otherwise).chain(&self.fixed)
    }

    /// Whether nothing but words of the mapping file can come of it.
    const fn is_closed(&self) -> bool {
        (self.values.is_some() && !self.keep) || self.fixed.is_some()
    }

    fn check(&self, name: &str) -> anyhow::Result<()> {
        let one = self.columns.is_empty() == self.fixed.is_some();
        ensure!(one, "`{name}` needs a `column`, or a `fixed` value, and not both");
        let open = (self.otherwise.is_some() || self.keep) && self.values.is_none();
        ensure!(!open, "`{name}`: `otherwise` and `keep` say nothing without `values`");
        let both = self.otherwise.is_some() && self.keep;
        ensure!(!both, "`{name}`: `otherwise` and `keep` contradict each other");
        Ok(())
    }
}

impl Mapping {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// It cannot be read, or says what cannot be; the key is named.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let about = std::fs::metadata(path).with_context(|| format!("cannot read {shown}"))?;
        ensure!(about.len() <= MAPPING_BYTES_MAX, "{shown} is too large to be a mapping file");
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
        Self::read(&text).with_context(|| format!("{shown} is no mapping that can be used"))
    }

    /// As [`Mapping::open`], from its text.
    ///
    /// # Errors
    /// As there.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let mapping: Self = toml::from_str(text)?;
        let rule = "1 to 32 lower case letters, digits and hyphens";
        ensure!(is_source(&mapping.source), "`source` must have {rule}");
        mapping.time.check()?;
        for (name, cell) in mapping.cells() {
            cell.check(name)?;
        }
        mapping.check_words()?;
        if mapping.history.is_some() {
            let table = matches!(mapping.format, Some(Shape::Csv | Shape::Tsv));
            ensure!(!table, "`history` is read from JSON only");
        }
        Ok(mapping)
    }

    /// Every cell of the case with its name; those of the history's entries with theirs.
    fn cells(&self) -> Vec<(&'static str, &Cell)> {
        let c = &self.columns;
        let h = self.history.as_ref();
        [
            ("id", Some(&c.id)),
            ("refid", c.refid.as_ref()),
            ("trxid", c.trxid.as_ref()),
            ("received", Some(&c.received)),
            ("status", Some(&c.status)),
            ("moved", c.moved.as_ref()),
            ("says", c.says.as_ref()),
            ("category", c.category.as_ref()),
            ("to", c.to.as_ref()),
            ("cc", c.cc.as_ref()),
            ("channel", c.channel.as_ref()),
            ("queue", c.queue.as_ref()),
            ("assignee", c.assignee.as_ref()),
            ("customer", c.customer.as_ref()),
            ("language", c.language.as_ref()),
            ("history.at", h.map(|h| &h.at)),
            ("history.who", h.and_then(|h| h.who.as_ref())),
            ("history.text", h.map(|h| &h.text)),
            ("history.content_type", h.and_then(|h| h.content_type.as_ref())),
            ("history.kind", h.map(|h| &h.kind)),
        ]
        .into_iter()
        .filter_map(|(name, cell)| Some((name, cell?)))
        .collect()
    }

    /// The columns that a table must have.
    pub fn columns_named(&self) -> impl Iterator<Item = &String> {
        let cells = self.cells().into_iter();
        cells.filter(|(name, _)| !name.starts_with("history.")).flat_map(|(_, cell)| &cell.columns)
    }

    /// The words of the mapping file must be words of ours.
    fn check_words(&self) -> anyhow::Result<()> {
        let c = &self.columns;
        ensure!(c.id.fixed.is_none(), "`id` cannot be the same everywhere");
        ensure!(c.status.is_closed(), "`status` needs `values`: what each word there means here");
        for word in c.status.words() {
            Standing::parse(word).map_err(|why| anyhow::anyhow!("`status`: {why}"))?;
        }
        for word in c.channel.iter().flat_map(Cell::words) {
            let words = Channel::ALL.iter().map(|one| one.word()).collect::<Vec<_>>().join(", ");
            ensure!(Channel::parse(word).is_some(), "`channel`: `{word}` is none of {words}");
        }
        for word in c.language.iter().flat_map(Cell::words) {
            ensure!(
                word.is_empty() || language(word).is_some(),
                "`language`: `{word}` is no BCP 47 tag"
            );
        }
        if let Some(history) = &self.history {
            let words = KINDS.join(", ");
            ensure!(history.kind.is_closed(), "`history.kind` needs `values`: {words}");
            for word in history.kind.words() {
                let known = KINDS.contains(&word.as_str());
                ensure!(known, "`history.kind`: `{word}` is none of {words}");
            }
        }
        Ok(())
    }
}
