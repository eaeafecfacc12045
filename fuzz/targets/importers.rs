//! Files of payments and of cases: every record is a row or a rejection with a line and a reason,
//! the same one however the file is cut into reads, and the reader always comes to its end.

#![no_main]

use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::LazyLock;

use domain::Instant;
use importers::cases::{self, CaseFile, Item, Mapping, Shape};
use importers::transactions::{Format, Record, TransactionsFile};
use libfuzzer_sys::fuzz_target;

const NOW: Instant = Instant::from_seconds(1_772_359_200);

/// The worked examples that users begin with.
static MAPPINGS: LazyLock<[(Shape, Mapping); 4]> = LazyLock::new(|| {
    let read = |text| Mapping::read(text).expect("a worked example");
    [
        (Shape::Csv, read(include_str!("../../docs/samples/import/cfpb.toml"))),
        (Shape::Tsv, read(include_str!("../../docs/samples/import/request-tracker.toml"))),
        (Shape::Json, read(include_str!("../../docs/samples/import/request-tracker-rest.toml"))),
        (Shape::Json, read(include_str!("../../docs/samples/import/zammad.toml"))),
    ]
});

fuzz_target!(|input: &[u8]| {
    let Some((first, file)) = input.split_first() else { return };
    match first % 6 {
        0 => payments(Format::Csv, file),
        1 => payments(Format::JsonLines, file),
        other => brought(&MAPPINGS[usize::from(other) - 2], file),
    }
});

/// One byte at a time, as a slow pipe gives them.
struct Slow(Cursor<Vec<u8>>);

impl Read for Slow {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = into.len().min(1);
        self.0.read(&mut into[..most])
    }
}

fn payments(format: Format, file: &[u8]) {
    let whole = rows(format, Box::new(Cursor::new(file.to_vec())));
    let slow = rows(format, Box::new(Slow(Cursor::new(file.to_vec()))));
    assert_eq!(whole, slow, "the same file cut otherwise");
}

fn rows(format: Format, from: Box<dyn Read + Send>) -> Option<Vec<String>> {
    let mut file = TransactionsFile::read(Path::new("fuzzed"), format, from, None).ok()?;
    let mut said = Vec::new();
    while let Some(record) = file.next_record().expect("memory can be read") {
        said.push(match record {
            Record::Row(row) => format!("{:?}", row.payment),
            Record::Rejected(rejected) => {
                assert!(rejected.line > 0 && !rejected.reason.is_empty(), "{rejected:?}");
                format!("{rejected:?}")
            }
        });
    }
    Some(said)
}

fn brought((shape, mapping): &(Shape, Mapping), file: &[u8]) {
    let Ok(mut file) = CaseFile::of(Box::new(Cursor::new(file.to_vec())), *shape, mapping) else {
        return;
    };
    while let Some(item) = file.next_item().expect("memory can be read") {
        if let Item::Record(record) = item {
            // A sentence for whoever brought the file, or a case.
            if let Err(reason) = cases::archived(record.fields(), mapping, NOW) {
                assert!(!reason.is_empty());
            }
        }
    }
}
