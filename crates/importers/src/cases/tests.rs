//! The worked examples of the documentation, and records as people's systems really write them,
//! good and bad, through the mapping.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use domain::Instant;
use domain::case::{Archived, Channel};

use super::*;

/// 2026-03-01T10:00:00Z.
const NOW: Instant = Instant::from_seconds(1_772_359_200);

const MAPPING: &str = r#"
source = "old-desk"
[time]
format = "%Y-%m-%d"
zone = "UTC"
[columns]
id = "no"
received = "came"
says = "text"
category = "what"
to = "mail"
channel = { column = "by", values = { call = "phone" }, otherwise = "web" }
[columns.status]
column = "state"
values = { new = "received", done = "closed settled upheld" }
"#;

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/samples/import")
}

fn all(mut file: CaseFile, mapping: &Mapping) -> Vec<Result<Archived, String>> {
    let mut cases = Vec::new();
    while let Some(item) = file.next_item().expect("read") {
        cases.push(match item {
            Item::Record(record) => {
                let line = record.line;
                archived(record.fields(), mapping, NOW).map_err(|why| format!("{line}! {why}"))
            }
            Item::Rejected(no) => Err(format!("{}! {}", no.line, no.reason)),
        });
    }
    cases
}

fn of(text: &str, shape: Shape, mapping: &str) -> Vec<Result<Archived, String>> {
    let mapping = Mapping::read(mapping).expect("a mapping");
    let from = Box::new(Cursor::new(text.as_bytes().to_vec()));
    all(CaseFile::of(from, shape, &mapping).expect("opened"), &mapping)
}

fn sample(file: &str, mapping: &str) -> Vec<Archived> {
    let mapping = Mapping::open(&samples().join(mapping)).expect(mapping);
    let file = CaseFile::open(&samples().join(file), &mapping).expect(file);
    all(file, &mapping).into_iter().map(|one| one.expect("a case")).collect()
}

#[test]
fn the_public_complaints_read() {
    let cases = sample("cfpb.csv", "cfpb.toml");
    assert_eq!(cases.len(), 3);
    assert!(cases[0].says.contains("\nThe app says \"successful\""), "{}", cases[0].says);
    assert_eq!(cases[0].standing.outcome, Some(domain::case::Outcome::Upheld));
    assert_eq!(cases[0].received_at.millis(), 1_767_589_200_000, "midnight in New York");
    assert_eq!((cases[1].channel, cases[1].says.as_str()), (Channel::Phone, ""));
    assert_eq!(cases[1].category.chars().count(), 64, "cut");
    assert_eq!(cases[2].channel, Channel::Letter);
}

#[test]
fn a_request_tracker_spreadsheet_reads() {
    let cases = sample("request-tracker.tsv", "request-tracker.toml");
    assert_eq!(cases.len(), 3);
    assert_eq!(cases[0].says, "Bill \"paid\" but still open");
    assert_eq!(cases[0].addresses, ["bob@example.com", "eve@example.com"]);
    assert_eq!(cases[0].received_at.millis(), 1_767_607_872_000);
    assert_eq!(cases[0].moved_at.map(Instant::millis), Some(1_767_747_600_000));
    assert!(cases[0].payment.is_some() && cases[1].payment.is_none());
    assert_eq!((cases[0].assignee.as_str(), cases[1].assignee.as_str()), ("asha", ""));
}

#[test]
fn tickets_with_their_histories_read() {
    let cases = sample("request-tracker.jsonl", "request-tracker-rest.toml");
    assert_eq!(cases.len(), 2);
    assert_eq!(cases[0].says, "Top-up not received\n\nI topped up my phone and nothing came.");
    let told: Vec<_> = cases[0].history.iter().map(|one| (one.public, one.text.as_str())).collect();
    let wanted = [
        (false, "asha:\nThe provider says it was booked late."),
        (true, "asha:\nIt is there now, sorry for the wait."),
    ];
    assert_eq!(told, wanted);
    assert_eq!((cases[0].queue.as_str(), cases[1].moved_at), ("Payments", None));
    assert_eq!(cases[1].addresses, ["fay@example.com", "gus@example.com"]);

    let cases = sample("zammad.json", "zammad.toml");
    assert_eq!(cases.len(), 2);
    assert_eq!(
        cases[0].says,
        "PIN does not work\n\nThe PIN of my voucher is refused.\nHal & family"
    );
    assert_eq!(cases[0].history[1].text, "Asha:\nA new PIN is on its way.\nAsha");
    assert_eq!((cases[0].external_id.as_str(), cases[0].channel), ("12", Channel::Email));
    assert_eq!((cases[1].assignee.as_str(), cases[1].channel), ("", Channel::Phone));
}

#[test]
fn what_the_mapping_does_not_know_is_refused_by_name() {
    let head = "no,came,text,what,mail,by,state\n";
    for (row, reason) in [
        ("1,2026-01-05,x,y,a@b.example,call,odd", "status (state): `odd` is not in the mapping"),
        ("1,2026-01-05,x,y,,call,", "status (state): it is empty"),
        (",2026-01-05,x,y,,call,new", "id (no): it is empty"),
        ("1,,x,y,,call,new", "received (came): it is empty"),
        ("1,05/01/2026,x,y,,call,new", "received (came): `05/01/2026` is not a time as"),
        ("1,2026-03-02,x,y,,call,new", "received (came): it lies in the future"),
        ("1,2026-01-05,x,y,nobody,call,new", "to: `nobody`"),
        ("1,2026-01-05,x,\"a\nb\",,call,new", "category (what): the character "),
        ("\u{e9},2026-01-05,x,y,,call,new", "id: it must have"),
        ("1,2026-01-05,x,y,,call", "it has 6 columns"),
        ("1,2026-01-05,\"x,y,,call,new", "a quote is opened and not closed"),
    ] {
        let told = of(&format!("{head}{row}\n"), Shape::Csv, MAPPING);
        let [Err(why)] = &told[..] else { panic!("{row}: {told:?}") };
        assert!(why.starts_with("2! ") && why.contains(reason), "{row}: {why}");
    }
    let long = format!("1,2026-01-05,x,{},,call,new", "y".repeat(65));
    assert!(of(&format!("{head}{long}\n"), Shape::Csv, MAPPING)[0].is_err());
    let good =
        of(&format!("{head}\n1,2026-01-05,x,y,A <a@b.example>,pigeon,new\n"), Shape::Csv, MAPPING);
    let case = good[0].as_ref().expect("a case");
    assert_eq!((case.channel, case.addresses.join(",")), (Channel::Web, "a@b.example".to_owned()));
}

#[test]
fn json_of_any_kind_is_a_record_or_a_rejection() {
    let row = r#"{"no":7,"came":"2026-01-05","state":"new","text":["a","b"]}"#;
    for text in [format!("{row}\n"), format!("\u{feff}[\n{row}]"), format!(" \n\n{row}")] {
        let told = of(&text, Shape::Json, MAPPING);
        let case = told[0].as_ref().expect("a case");
        assert_eq!((case.external_id.as_str(), case.says.as_str()), ("7", "a\n\nb"));
    }
    for (text, reason) in [
        ("[1]", "1! it is no JSON object"),
        ("[{\"no\":1", "1! it is not JSON"),
        ("{\"no\":\n{}", "1! it is not JSON"),
        (r#"{"no":{"x":1},"came":"2026-01-05","state":"new"}"#, "1! id (no): an object stands"),
        (r#"{"no":"a\u0000","came":"2026-01-05","state":"new"}"#, "1! id (no): the character U+0"),
    ] {
        let told = of(text, Shape::Json, MAPPING);
        let Err(why) = &told[0] else { panic!("{text}: {told:?}") };
        assert!(why.starts_with(reason), "{text}: {why}");
    }
}

#[test]
fn a_mapping_that_cannot_work_is_refused_before_anything_is_read() {
    assert!(Mapping::read(MAPPING).is_ok());
    for (was, is, reason) in [
        ("\"old-desk\"", "\"Old Desk\"", "`source`"),
        ("zone = \"UTC\"", "zone = \"Moon\"", "`time.zone`"),
        ("zone = \"UTC\"", "", "`time.zone`"),
        ("\"closed settled upheld\"", "\"closed settled\"", "needs its outcome"),
        ("\"received\"", "\"begun\"", "`begun ` is no stage"),
        ("values = { new", "keep = true\nvalues = { new", "`status` needs"),
        ("\"phone\"", "\"pigeon\"", "`pigeon` is none of"),
        ("to = \"mail\"", "to = {}", "`to` needs a `column`"),
        ("to = \"mail\"", "to = { column = \"mail\", otherwise = \"x\" }", "`otherwise`"),
        ("to = \"mail\"", "too = \"mail\"", "too"),
        ("id = \"no\"", "id = { fixed = \"1\" }", "`id`"),
    ] {
        assert!(MAPPING.contains(was), "{was}");
        let why = Mapping::read(&MAPPING.replacen(was, is, 1)).expect_err(is);
        let why = format!("{why:#}");
        assert!(why.contains(reason), "{is}: {why}");
    }
    let mapping = Mapping::read(MAPPING).expect("a mapping");
    let from = |text: &str| Box::new(Cursor::new(text.as_bytes().to_vec()));
    for (text, reason) in [
        ("", "empty"),
        ("no,came,text,what,mail,by\n", "no column `state`"),
        ("no,came,text,what,mail,by,state,no\n", "`no` comes twice"),
    ] {
        let why = CaseFile::of(from(text), Shape::Csv, &mapping).err().expect(text).to_string();
        assert!(why.contains(reason), "{text}: {why}");
    }
}
