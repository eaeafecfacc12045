//! Files as people make them, good and bad, through both readers; the samples of the docs among
//! them.

use std::io::Cursor;

use super::*;

const HEADER: &str = "refid,trxid,product,account,amount_minor,currency,status,status_at,\
                      created_at,provider,payer_ref\n";

fn open(format: Format, bytes: &[u8]) -> Result<TransactionsFile, FileError> {
    let from = Box::new(Cursor::new(bytes.to_vec()));
    TransactionsFile::read(Path::new("t"), format, from, Some(bytes.len() as u64))
}

fn all(format: Format, bytes: &[u8]) -> Vec<Record> {
    let mut file = open(format, bytes).expect("opened");
    let mut records = Vec::new();
    while let Some(record) = file.next_record().expect("read") {
        records.push(record);
    }
    assert_eq!(file.bytes_read(), bytes.len() as u64, "all bytes are behind us");
    records
}

/// Each record in short: `7 A-1` for a row, `7! reason` for a rejection.
fn told(format: Format, bytes: &[u8]) -> Vec<String> {
    all(format, bytes)
        .into_iter()
        .map(|record| match record {
            Record::Row(row) => format!("{} {}", row.origin.line, row.payment.refid),
            Record::Rejected(no) => format!("{}! {}", no.line, no.reason),
        })
        .collect()
}

fn row(refid: &str) -> String {
    format!(
        "{refid},T-{refid},TNB,220001234513,98765,MYR,successful,2026-01-05T10:11:12Z,\
         2026-01-05T10:11:02.5+08:00,Tenaga,cust-1\n"
    )
}

fn csv(rows: &str) -> Vec<u8> {
    format!("{HEADER}{rows}").into_bytes()
}

#[test]
fn the_samples_of_the_documentation_read_and_say_the_same() {
    let docs = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs"));
    let mut seen = Vec::new();
    for name in ["samples/transactions.csv", "samples/transactions.jsonl"] {
        let mut file = TransactionsFile::open(&docs.join(name), None).expect(name);
        let mut payments = Vec::new();
        while let Some(record) = file.next_record().expect(name) {
            match record {
                Record::Row(row) => payments.push(row.payment),
                Record::Rejected(no) => panic!("{name}, line {}: {}", no.line, no.reason),
            }
        }
        seen.push(payments);
    }
    assert!(seen[0].len() >= 5);
    assert_eq!(seen[0], seen[1]);
    let page = std::fs::read_to_string(docs.join("import.md")).expect("the page");
    for column in columns::COLUMNS {
        assert!(page.contains(&format!("`{column}`")), "docs/import.md lacks {column}");
    }
}

#[test]
fn every_column_lands_in_its_place() {
    let Record::Row(row) = all(Format::Csv, &csv(&row("A-1"))).remove(0) else { panic!("a row") };
    let payment = row.payment;
    assert_eq!((payment.refid.as_str(), payment.trxid.as_str()), ("A-1", "T-A-1"));
    assert_eq!((payment.product.as_str(), payment.account.as_str()), ("TNB", "220001234513"));
    assert_eq!((payment.amount_minor, payment.currency.as_str()), (98_765, "MYR"));
    assert_eq!(payment.status_at.millis(), 1_767_607_872_000);
    assert_eq!(payment.created_at.millis(), 1_767_579_062_500);
    assert_eq!((payment.provider.as_str(), payment.payer_ref.as_str()), ("Tenaga", "cust-1"));
    assert_eq!((row.origin.line, row.origin.raw.ends_with("cust-1")), (2, true));
}

#[test]
fn marks_line_ends_blanks_and_quoted_newlines() {
    let crlf = |text: String| text.replace('\n', "\r\n");
    let marked = [b"\xef\xbb\xbf".to_vec(), csv(&row("A-1"))].concat();
    assert_eq!(told(Format::Csv, &marked), ["2 A-1"]);
    let text = crlf(format!("\n{HEADER}{}\n  \n{}", row("A-1"), row("A-2")));
    assert_eq!(told(Format::Csv, text.as_bytes()), ["3 A-1", "6 A-2"]);
    let no_end = csv(row("A-1").trim_end());
    assert_eq!(told(Format::Csv, &no_end), ["2 A-1"]);
    let quoted = row("A-1").replace("Tenaga", "\"Tenaga, \"\"N\"\"\"");
    let records = all(Format::Csv, &csv(&quoted));
    assert!(matches!(&records[0], Record::Row(row) if row.payment.provider == "Tenaga, \"N\""));
    // No cell may hold a line break: both lines of such a record are rejected, and no other.
    let two = format!("{}{}", row("A-1").replace("Tenaga", "\"Ten\r\naga\""), row("A-2"));
    let told = told(Format::Csv, &csv(&two));
    assert!(told[0].starts_with("2! a quote is opened and not closed"), "{told:?}");
    assert!(told[1].starts_with("3! it has 2 columns"), "{told:?}");
    assert_eq!(told[2], "4 A-2");
}

#[test]
fn headers_that_are_refused() {
    #[rustfmt::skip]
    let cases: [(&str, &str); 9] = [
        ("", "empty"),
        ("\n\n", "empty"),
        ("refid,product\n", "lacks account, amount_minor"),
        ("refid,refid\n", "`refid` comes twice"),
        ("refid,amount\n", "`amount` is unknown; the columns are refid"),
        ("refid,tenant\n", "say --tenant and --env"),
        ("refid,Environment\n", "say --tenant and --env"),
        ("refid;trxid;product\n", "is unknown"),
        ("refid\rA-1\r", "carriage return"),
    ];
    for (text, wanted) in cases {
        let why = open(Format::Csv, text.as_bytes()).expect_err(text).to_string();
        assert!(why.contains(wanted), "{text:?}: {why}");
        assert!(why.contains("line "), "{why}");
    }
    assert!(open(Format::Csv, b"refid,\xff\n").is_err());
    assert!(open(Format::Csv, &vec![b'a'; RECORD_BYTES_MAX + 1]).is_err());
    // Optional columns may be left out, and the order is free.
    let text = "status,refid,product,account,amount_minor,currency,status_at,created_at\n\
                Succesful,A-1,D,0101234567,1000,MYR,2026-01-05T10:11:12Z,2026-01-05T10:11:12Z\n";
    assert_eq!(told(Format::Csv, text.as_bytes()), ["2 A-1"]);
}

#[test]
fn a_cell_that_does_not_read_rejects_its_row_by_column() {
    #[rustfmt::skip]
    let cases: [(&str, &str, &str); 27] = [
        ("A-1", "", "refid: it is empty"),
        ("A-1", "A 1", "refid: ' ' is not allowed"),
        ("A-1", "É-1", "refid: 'É' is not allowed"),
        ("TNB", &"P".repeat(33), "product: it has 33 characters, at most 32"),
        ("220001234513", " 22", "account: it begins or ends with a space"),
        ("220001234513", "2\u{7}2", "account: the control character"),
        ("98765", "", "amount_minor: it is empty"),
        ("98765", "0", "amount_minor: `0` is not a whole number"),
        ("98765", "-1", "amount_minor: `-1`"),
        ("98765", "+1", "amount_minor: `+1`"),
        ("98765", "123.45", "amount_minor: `123.45`"),
        ("98765", "1e3", "amount_minor: `1e3`"),
        ("98765", "1_000", "amount_minor: `1_000`"),
        ("98765", "٣", "amount_minor: `٣`"),
        ("98765", "9223372036854775808", "amount_minor: `9223372036854775808`"),
        ("MYR", "myr", "currency: `myr`"),
        ("MYR", "RM", "currency: `RM`"),
        ("successful", "done", "status: `done` is unknown"),
        ("successful", "", "status: it is empty"),
        ("2026-01-05T10:11:12Z", "2026-01-05 10:11:12", "status_at: `2026-01-05 10:11:12` has no"),
        ("2026-01-05T10:11:12Z", "2026-02-30T10:11:12Z", "status_at: `2026-02-30T10:11:12Z`"),
        ("2026-01-05T10:11:12Z", "1767607872", "status_at: `1767607872` is not"),
        ("2026-01-05T10:11:12Z", "2026-01-05T10:11Z", "status_at:"),
        ("2026-01-05T10:11:12Z", "2026-01-05T10:11:12+0800", "status_at:"),
        ("2026-01-05T10:11:12Z", "1999-12-31T23:59:59Z", "status_at: `1999-12-31T23:59:59Z`"),
        ("2026-01-05T10:11:12Z", "2026-01-05T02:11:02Z", "status_at: it is before created_at"),
        ("cust-1", "cust-1,extra", "it has 12 columns, but the header has 11"),
    ];
    for (from, to, wanted) in cases {
        let told = told(Format::Csv, &csv(&row("A-1").replacen(from, to, 1)));
        assert!(told.len() == 1 && told[0].starts_with(&format!("2! {wanted}")), "{to}: {told:?}");
    }
}

#[test]
fn status_words_of_both_worlds() {
    use domain::payment::PaymentStatus::{Accepted, Failed, Processing, Refunded, Successful};
    let words = [
        ("accepted", Accepted),
        ("Processing", Processing),
        ("PENDING", Processing),
        ("Succesful", Successful),
        ("SUCCESSFUL", Successful),
        ("Failed", Failed),
        ("Refund", Refunded),
        ("refunded", Refunded),
    ];
    for (word, status) in words {
        let records = all(Format::Csv, &csv(&row("A-1").replace("successful", word)));
        assert!(matches!(&records[0], Record::Row(row) if row.payment.status == status), "{word}");
    }
}

#[test]
fn a_broken_record_costs_itself_and_no_more() {
    // A quote that is never closed.
    let rows = format!("{}{}{}", row("A-1").replacen("A-1", "\"A-1", 1), row("A-2"), row("A-3"));
    let unclosed =
        "2! a quote is opened and not closed on this line; no cell may hold a line break";
    assert_eq!(told(Format::Csv, &csv(&rows)), [unclosed, "3 A-2", "4 A-3"]);
    // A quote further down would close it and make the columns fit again: it must not.
    let quoted = |refid: &str| row(refid).replace("cust-1", "\"cust-1\"");
    let first = row("A-1").replace("cust-1", "\"cust-1");
    let rows = format!("{first}{}{}", quoted("A-2"), quoted("A-3"));
    assert_eq!(told(Format::Csv, &csv(&rows)), [unclosed, "3 A-2", "4 A-3"]);
    // The same, with more behind it than one record may hold.
    let many: String = (2..2_000).map(|number| row(&format!("A-{number}"))).collect();
    let told_many = told(Format::Csv, &csv(&format!("\"A-1,\n{many}")));
    assert_eq!((told_many.len(), told_many[1_998].as_str()), (1_999, "2000 A-1999"));
    assert!(told_many[0].contains("not closed") && told_many[1] == "3 A-2");
    // A line that is too long, not UTF-8, or of another width.
    let long = "x".repeat(RECORD_BYTES_MAX * 3);
    let mut bytes = csv(&format!("{long}\n{}", row("A-2")));
    bytes.extend_from_slice(b"\xff\xfe,1\n");
    bytes.extend_from_slice(format!("only,three,cells\n{}", row("A-3")).as_bytes());
    let told = told(Format::Csv, &bytes);
    assert!(told[0].contains("longer than 65536 bytes"), "{}", told[0]);
    assert_eq!(told[1], "3 A-2");
    assert!(told[2].contains("byte 1 is not UTF-8"), "{}", told[2]);
    assert!(told[3].contains("3 columns"), "{}", told[3]);
    assert_eq!(told[4], "6 A-3");
}

#[test]
fn what_is_kept_of_a_rejected_record_is_bounded() {
    let long = "é".repeat(RECORD_BYTES_MAX);
    let records = all(Format::Csv, &csv(&format!("{long}\n")));
    let Record::Rejected(no) = &records[0] else { panic!("rejected") };
    assert_eq!(no.raw.chars().count(), 1_000);
}

fn object(refid: &str) -> String {
    format!(
        "{{\"refid\":{refid},\"product\":\"D\",\"account\":\"0101234567\",\"amount_minor\":1000,\
         \"currency\":\"MYR\",\"status\":\"failed\",\"status_at\":\"2026-01-05T10:11:12Z\",\
         \"created_at\":\"2026-01-05T10:11:12Z\",\"payer_ref\":null}}\n"
    )
}

#[test]
fn json_lines_good_and_bad() {
    let good = object("\"A-1\"");
    let with = |from: &str, to: &str| good.replacen(from, to, 1);
    #[rustfmt::skip]
    let cases: [(String, &str); 17] = [
        (good.clone(), "1 A-1"),
        (format!("\u{feff}\r\n\n{}", good.replace('\n', "\r\n")), "3 A-1"),
        (with("1000", "\"1000\""), "1 A-1"),
        (object("12345"), "1! refid: it must be text in quotes, not a number"),
        (object("null"), "1! refid: it is missing"),
        (object("[\"A-1\"]"), "1! refid: it must be text in quotes"),
        (object("{\"a\":{}}"), "1! refid: it must be text in quotes"),
        (object("true"), "1! refid: it must be text in quotes"),
        (with("1000", "10.0"), "1! amount_minor: `10.0`"),
        (with("1000", "1e3"), "1! amount_minor: `1000.0`"),
        (with("1000", "99999999999999999999999"), "1! amount_minor: `1e23`"),
        (with("{", "{\"refid\":\"B\","), "1! refid: it comes twice"),
        (with("{", "{\"env\":\"production\","), "1! the column `env` is not taken from a file"),
        (with("{", "{\"colour\":\"red\","), "1! the column `colour` is unknown"),
        ("[1]\n".into(), "1! invalid type: sequence, expected a JSON object"),
        ("{\"refid\":\n".into(), "1! it is not a JSON object on one line: EOF"),
        (format!("{} {{}}\n", good.trim_end()), "1! it is not a JSON object on one line: trailing"),
    ];
    for (text, wanted) in cases {
        let told = told(Format::JsonLines, text.as_bytes());
        assert!(told.len() == 1 && told[0].starts_with(wanted), "{text}: {told:?}");
    }
    let bytes = [b"{\"refid\":\"\xff\"}\n".to_vec(), good.into_bytes()].concat();
    let told = told(Format::JsonLines, &bytes);
    assert_eq!(told, ["1! byte 11 is not UTF-8", "2 A-1"]);
    assert!(super::tests::told(Format::JsonLines, b"").is_empty());
}

#[test]
fn deep_nesting_is_an_answer_not_a_crash() {
    let deep = format!("{{\"refid\":{}\n", "[".repeat(60_000));
    let told = told(Format::JsonLines, deep.as_bytes());
    assert!(told.len() == 1 && told[0].starts_with("1! it is not a JSON object"), "{told:?}");
}

#[test]
fn the_format_comes_from_the_name_or_the_flag() {
    assert_eq!(Format::of(Path::new("a.CSV")), Some(Format::Csv));
    assert_eq!(Format::of(Path::new("a.ndjson")), Some(Format::JsonLines));
    let refused = TransactionsFile::open(Path::new("a.txt"), None).expect_err("unknown");
    assert!(refused.to_string().contains("--format"), "{refused}");
    assert!(Format::parse("xml").is_err());
    assert!(TransactionsFile::open(Path::new("/"), Some(Format::Csv)).is_err());
}

proptest::proptest! {
    /// Whatever bytes come, each is read once, nothing panics, and lines go up.
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(0_u8..=255, 0..400)) {
        let text = [HEADER.as_bytes(), &bytes].concat();
        for (format, bytes) in [(Format::Csv, &text), (Format::JsonLines, &bytes)] {
            let mut last = 0;
            for record in all(format, bytes) {
                let line = match record {
                    Record::Row(row) => row.origin.line,
                    Record::Rejected(no) => no.line,
                };
                proptest::prop_assert!(line > last);
                last = line;
            }
        }
    }
}
