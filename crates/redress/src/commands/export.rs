//! `export`: what changed behind a cursor, as JSON Lines or CSV on standard output, and the cursor
//! for the next time on standard error. A cell of a CSV that a spreadsheet would calculate is
//! written with an apostrophe before it.

use std::io::{self, Write};

use anyhow::{Context, bail};
use desk::export::{Cell, Feed, NoExport, ROWS_MAX};
use desk::{Desk, Failure};
use domain::Instant;
use domain::actor::Actor;
use serde_json::{Map, Value};

use super::{Outcome, scope};
use crate::cli::{ExportArgs, ExportFormat};
use crate::wiring::{Wanted, Way, explained};

/// Runs the command.
///
/// # Errors
/// The cursor is not one of this account and feed; the database or standard output cannot be used.
pub async fn run(way: &Way, args: &ExportArgs) -> anyhow::Result<Outcome> {
    let house = way.open(Wanted::Existing).await?;
    let by = Actor::operator(scope(&house.desk, &args.tenant, args.env).await?);
    brought_up(&house.desk).await.map_err(explained)?;
    match written(&house.desk, &by, args).await {
        // Whoever reads may stop reading, as `head` does. No cursor is told: it would be behind
        // rows that nobody saw.
        Err(why) if is_gone(&why) => Ok(Outcome::Done),
        Err(why) => Err(why),
        Ok(cursor) => {
            eprintln!("next: {cursor}");
            Ok(Outcome::Done)
        }
    }
}

/// Seals and numbers what was committed, as a server does each second: what was imported where none
/// ever ran would otherwise be left out, and nobody told.
async fn brought_up(desk: &Desk) -> Result<(), Failure> {
    while desk.seal_once().await?.is_some() {}
    while desk.number_feed_once().await? > 0 {}
    Ok(())
}

/// Whether nobody reads what is written any more.
fn is_gone(why: &anyhow::Error) -> bool {
    let broken = |why: &io::Error| why.kind() == io::ErrorKind::BrokenPipe;
    why.chain().any(|cause| {
        let csv = cause.downcast_ref::<csv::Error>().map(csv::Error::kind);
        matches!(csv, Some(csv::ErrorKind::Io(why)) if broken(why))
            || cause.downcast_ref::<io::Error>().is_some_and(broken)
    })
}

/// Writes all rows, page by page; the cursor behind them.
async fn written(desk: &Desk, by: &Actor, args: &ExportArgs) -> anyhow::Result<String> {
    let mut out = Sheet::new(args.feed, args.format, io::stdout().lock())?;
    let mut cursor = args.since.clone();
    loop {
        let page = desk.export(by, args.feed, cursor.as_deref(), ROWS_MAX).await;
        let page = match page {
            Ok(page) => page,
            Err(NoExport::Failed(failure)) => return Err(explained(failure)),
            Err(NoExport::BadCursor) => bail!(
                "--since is no cursor of these {}; give what an earlier export said",
                args.feed.word()
            ),
        };
        for row in page.rows {
            out.row(row).context("writing the rows")?;
        }
        cursor = Some(page.next);
        if !page.more {
            break;
        }
    }
    out.finish().context("writing the rows")?;
    Ok(cursor.unwrap_or_default())
}

/// Where rows go.
enum Sheet<W: Write> {
    Lines(Feed, W),
    Csv(Box<csv::Writer<W>>),
}

impl<W: Write> Sheet<W> {
    fn new(feed: Feed, format: ExportFormat, out: W) -> anyhow::Result<Self> {
        match format {
            ExportFormat::Jsonl => Ok(Self::Lines(feed, out)),
            ExportFormat::Csv => {
                let mut writer = csv::Writer::from_writer(out);
                writer.write_record(feed.columns()).context("writing the names of the columns")?;
                Ok(Self::Csv(Box::new(writer)))
            }
        }
    }

    fn row(&mut self, cells: Vec<Cell>) -> anyhow::Result<()> {
        match self {
            Self::Lines(feed, out) => {
                let mut row = Map::new();
                for (name, cell) in feed.columns().iter().zip(cells) {
                    row.insert((*name).to_owned(), value(cell));
                }
                writeln!(out, "{}", Value::Object(row))?;
            }
            Self::Csv(writer) => writer.write_record(cells.into_iter().map(text))?,
        }
        Ok(())
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Lines(_, mut out) => out.flush(),
            Self::Csv(mut writer) => writer.flush(),
        }
    }
}

fn value(cell: Cell) -> Value {
    match cell {
        Cell::None => Value::Null,
        Cell::Text(text) => text.into(),
        Cell::Int(number) => number.into(),
        Cell::Time(at) => time(at).into(),
    }
}

fn text(cell: Cell) -> String {
    match cell {
        Cell::None => String::new(),
        Cell::Text(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => {
            format!("'{text}")
        }
        Cell::Text(text) => text,
        Cell::Int(number) => number.to_string(),
        Cell::Time(at) => time(at),
    }
}

fn time(at: Instant) -> String {
    match jiff::Timestamp::from_millisecond(at.millis()) {
        Ok(time) => format!("{time:.3}"),
        Err(_) => at.millis().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_calculates_nothing() {
        let mut out = Vec::new();
        let mut sheet = Sheet::new(Feed::Events, ExportFormat::Csv, &mut out).expect("a sheet");
        let cells = ["=1+1", "+6", "-2", "@x", "a,b", "\"", "", "plain"];
        let mut row: Vec<Cell> = cells.iter().map(|text| Cell::Text((*text).into())).collect();
        row.push(Cell::Int(-7));
        sheet.row(row).expect("a row");
        sheet.finish().expect("an end");
        let text = String::from_utf8(out).expect("text");
        let last = text.lines().last().expect("a line");
        assert_eq!(last, "'=1+1,'+6,'-2,'@x,\"a,b\",\"\"\"\",,plain,-7");
    }
}
