//! A record becomes a case by the mapping, field by field. Every rule that files of payments and
//! requests have holds here too; the first field that breaks one is named.

use domain::Instant;
use domain::address::Address;
use domain::case::{
    ARCHIVED_ENTRIES_MAX, Archived, CUSTOMER_CHARS_MAX, Channel, Entry, PaymentRef, Standing,
    is_external_id,
};
use domain::payment::columns::{is_reference, shown};

use super::mapping::{Cell, History, Mapping};
use super::plain_text;
use super::records::Fields;

/// Longest complaint, in characters: fifty pages.
const SAYS_CHARS_MAX: usize = 100_000;

/// Longest word for what is wrong, in characters, as for a report.
const CATEGORY_CHARS_MAX: usize = 64;

/// Longest name of a queue or person, in characters: an address has at most 254.
const NAME_CHARS_MAX: usize = 254;

/// Addresses of one case.
const ADDRESSES_MAX: usize = 10;

/// The case that a record speaks of. Nothing in it lies behind `now`.
///
/// # Errors
/// The field to blame, and why, in a sentence.
pub fn archived(fields: Fields<'_>, map: &Mapping, now: Instant) -> Result<Archived, String> {
    let c = &map.columns;
    let required = |name, cell| match text(fields, name, cell, " ")? {
        text if text.is_empty() => Err(bad(name, cell, "it is empty")),
        text => Ok(text),
    };
    let optional = |name, cell: &Option<Cell>, between| {
        cell.as_ref().map_or(Ok(String::new()), |cell| text(fields, name, cell, between))
    };
    let time = |name, cell| {
        let text = required(name, cell)?;
        past(map.time.read(&text), now).map_err(|why| bad(name, cell, why))
    };
    let standing = Standing::parse(&required("status", &c.status)?);
    let channel = match optional("channel", &c.channel, " ")? {
        word if word.is_empty() => Channel::Import,
        word => Channel::parse(&word)
            .ok_or_else(|| format!("channel: `{}` is no channel", shown(&word)))?,
    };
    let moved_at = match &c.moved {
        Some(cell) if !text(fields, "moved", cell, " ")?.is_empty() => Some(time("moved", cell)?),
        _ => None,
    };
    let mut case = Archived {
        source: map.source.clone(),
        external_id: external_id(&required("id", &c.id)?)?,
        payment: payment(&optional("refid", &c.refid, " ")?, &optional("trxid", &c.trxid, " ")?)?,
        channel,
        received_at: time("received", &c.received)?,
        addresses: addresses(&optional("to", &c.to, ",")?, &optional("cc", &c.cc, ",")?)?,
        customer: line("customer", &c.customer, fields, CUSTOMER_CHARS_MAX)?,
        language: language(&optional("language", &c.language, " ")?)?,
        says: long("says", optional("says", &c.says, "\n\n")?, cuts(&c.says))?,
        category: line("category", &c.category, fields, CATEGORY_CHARS_MAX)?,
        queue: line("queue", &c.queue, fields, NAME_CHARS_MAX)?,
        assignee: line("assignee", &c.assignee, fields, NAME_CHARS_MAX)?,
        standing: standing.map_err(|why| bad("status", &c.status, why))?,
        moved_at,
        history: Vec::new(),
        tell: map.tell,
    };
    if let Some(history) = &map.history {
        entries(&mut case, fields, map, history, now)?;
    }
    Ok(case)
}

/// A sentence that names our field and theirs.
fn bad(name: &str, cell: &Cell, why: impl AsRef<str>) -> String {
    match cell.columns.join(", ") {
        columns if columns.is_empty() || columns == name => format!("{name}: {}", why.as_ref()),
        columns => format!("{name} ({columns}): {}", why.as_ref()),
    }
}

fn cuts(cell: &Option<Cell>) -> bool {
    cell.as_ref().is_some_and(|cell| cell.cut)
}

/// What a cell comes to: its columns' texts, `between` between them, in the mapping's words.
fn text(fields: Fields<'_>, name: &str, cell: &Cell, between: &str) -> Result<String, String> {
    if let Some(fixed) = &cell.fixed {
        return Ok(fixed.clone());
    }
    // Several words together name one meaning: their places count.
    let between = if cell.values.is_some() { "/" } else { between };
    let mut texts = Vec::new();
    for column in &cell.columns {
        let found = fields.texts(column).map_err(|why| bad(name, cell, why))?;
        texts.extend(found.into_iter().map(|text| text.trim().to_owned()));
    }
    if cell.values.is_none() {
        texts.retain(|text| !text.is_empty());
    }
    let text = texts.join(between);
    if text.contains('\0') {
        return Err(bad(name, cell, "the character U+0000 is not allowed"));
    }
    let Some(values) = &cell.values else { return Ok(text) };
    match (values.get(&text), &cell.otherwise) {
        (Some(word), _) | (None, Some(word)) => Ok(word.clone()),
        (None, None) if text.is_empty() || cell.keep => Ok(text),
        (None, None) => {
            let known = values.keys().map(String::as_str).collect::<Vec<_>>().join("`, `");
            let why = format!("`{}` is not in the mapping file, which has `{known}`", shown(&text));
            Err(bad(name, cell, why))
        }
    }
}

fn past(read: Result<Instant, String>, now: Instant) -> Result<Instant, String> {
    read.and_then(|at| match at.is_to_come(now) {
        true => Err("it lies in the future".to_owned()),
        false => Ok(at.min(now)),
    })
}

fn external_id(text: &str) -> Result<String, String> {
    let rule = "it must have 1 to 128 visible ASCII characters; spaces may stand inside";
    if is_external_id(text) { Ok(text.to_owned()) } else { Err(format!("id: {rule}")) }
}

fn payment(refid: &str, trxid: &str) -> Result<Option<PaymentRef>, String> {
    for (name, text) in [("refid", refid), ("trxid", trxid)] {
        if !text.is_empty() && !is_reference(text) {
            let rule = "it must have 1 to 64 visible ASCII characters without spaces";
            return Err(format!("{name}: {rule}"));
        }
    }
    Ok(match (refid, trxid) {
        ("", "") => None,
        ("", trxid) => Some(PaymentRef::Trxid(trxid.to_owned())),
        (refid, _) => Some(PaymentRef::Refid(refid.to_owned())),
    })
}

/// Addresses between commas or semicolons, alone or as `Name <address>`.
fn addresses(to: &str, cc: &str) -> Result<Vec<String>, String> {
    let mut found: Vec<String> = Vec::new();
    for (name, list) in [("to", to), ("cc", cc)] {
        for part in list.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()) {
            let inside = part.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>'));
            let address = inside.unwrap_or(part);
            let address = Address::parse(address)
                .map_err(|why| format!("{name}: `{}`: {why}", shown(address)))?;
            if !found.iter().any(|one| one == address.as_str()) {
                found.push(address.as_str().to_owned());
            }
        }
        if found.len() > ADDRESSES_MAX {
            return Err(format!("{name}: more than {ADDRESSES_MAX} addresses"));
        }
    }
    Ok(found)
}

fn language(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let unread = || format!("language: `{}` is no BCP 47 tag, as ms or en-GB", shown(text));
    domain::case::language(text).ok_or_else(unread)
}

/// A text on one line.
fn line(
    name: &str,
    cell: &Option<Cell>,
    fields: Fields<'_>,
    chars_max: usize,
) -> Result<String, String> {
    let Some(cell) = cell else { return Ok(String::new()) };
    let text = text(fields, name, cell, " ")?;
    if let Some(c) = text.chars().find(|c| c.is_control() || domain::names::is_unseen(*c)) {
        return Err(bad(name, cell, format!("the character {c:?} is not allowed")));
    }
    short(name, text, cell.cut, chars_max)
}

fn long(name: &str, text: String, cut: bool) -> Result<String, String> {
    short(name, text, cut, SAYS_CHARS_MAX)
}

fn short(name: &str, text: String, cut: bool, chars_max: usize) -> Result<String, String> {
    match text.chars().count() {
        count if count <= chars_max => Ok(text),
        _ if cut => Ok(text.chars().take(chars_max).collect::<String>().trim_end().to_owned()),
        count => Err(format!(
            "{name}: it has {count} characters, at most {chars_max} are allowed; `cut = true` in \
             the mapping file cuts it"
        )),
    }
}

/// What was said later, by time.
fn entries(
    case: &mut Archived,
    fields: Fields<'_>,
    map: &Mapping,
    history: &History,
    now: Instant,
) -> Result<(), String> {
    let list = fields.list(&history.list);
    if list.len() > ARCHIVED_ENTRIES_MAX {
        let count = list.len();
        return Err(format!("history: {count} entries, at most {ARCHIVED_ENTRIES_MAX} are taken"));
    }
    let mut said = Vec::new();
    for (number, fields) in (1..).zip(list) {
        let entry = entry(fields, map, history, now);
        said.extend(entry.map_err(|why| format!("history, entry {number}, {why}"))?);
    }
    said.sort_by_key(|one| one.at);
    let first = said.iter().position(|one| one.public).filter(|_| history.first_is_report);
    if let Some(place) = first {
        let says = [std::mem::take(&mut case.says), said.remove(place).text];
        let says = says.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>();
        case.says = long("says", says.join("\n\n"), cuts(&map.columns.says))?;
    }
    case.history = said.into_iter().map(SaidThere::entry).collect();
    Ok(())
}

/// An entry before it is known whether it is the report.
struct SaidThere {
    at: Instant,
    public: bool,
    who: String,
    text: String,
}

impl SaidThere {
    /// Who wrote it stands with the text: both are personal, and go together.
    fn entry(self) -> Entry {
        let Self { at, public, who, text } = self;
        let text = if who.is_empty() { text } else { format!("{who}:\n{text}") };
        Entry { at, public, text }
    }
}

/// One entry; nothing when it shall be passed over or says nothing.
fn entry(
    fields: Fields<'_>,
    map: &Mapping,
    history: &History,
    now: Instant,
) -> Result<Option<SaidThere>, String> {
    let public = match text(fields, "kind", &history.kind, " ")?.as_str() {
        "public" => true,
        "internal" => false,
        "skip" => return Ok(None),
        _ => return Err(bad("kind", &history.kind, "it is empty")),
    };
    let at = past(map.time.read(&text(fields, "at", &history.at, " ")?), now);
    let at = at.map_err(|why| bad("at", &history.at, why))?;
    let kind = history.content_type.as_ref();
    let kind = kind.map_or(Ok(String::new()), |cell| text(fields, "content_type", cell, " "))?;
    let said = text(fields, "text", &history.text, "\n\n")?;
    let said = if kind.contains("html") { plain_text::of_html(&said) } else { said };
    let said = long("text", said, history.text.cut)?;
    let who = line("who", &history.who, fields, NAME_CHARS_MAX)?;
    Ok((!said.is_empty()).then_some(SaidThere { at, public, who, text: said }))
}
