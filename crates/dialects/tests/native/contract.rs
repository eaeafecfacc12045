//! The document that outsiders read says what the router does.

use std::collections::BTreeSet;

use dialects::native::{self, all_routes};
use domain::Role;
use domain::case::{Act, Channel, CloseReason, Outcome, Party, Remedy, StageName, Tie};
use domain::job::in_bulk;
use domain::payment::PaymentStatus;
use domain::payment::columns::{COLUMNS, OPTIONAL};
use serde_json::Value;
use store::engine::EngineKind;

use crate::support::House;

fn document() -> Value {
    serde_json::from_str(native::document()).expect("the document is JSON")
}

/// Set `REDRESS_ACCEPT=1` to write the file anew from the parts.
#[test]
fn the_file_is_what_is_served() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/native/openapi.json");
    if std::env::var_os("REDRESS_ACCEPT").is_some() {
        std::fs::write(path, native::document()).expect("the file can be written");
    }
    let file = std::fs::read_to_string(path).expect("the file");
    assert!(file == native::document(), "run this test with REDRESS_ACCEPT=1 and look at the diff");
}

#[test]
fn its_paths_are_the_routers() {
    let document = document();
    let mut theirs = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let open = operation["security"].as_array().is_some_and(Vec::is_empty);
            theirs.insert((method.to_uppercase(), path.clone(), open));
        }
    }
    let ours: BTreeSet<(String, String, bool)> = all_routes()
        .map(|route| (route.method.to_owned(), route.path.to_owned(), route.open))
        .collect();
    assert_eq!(theirs, ours);
}

#[test]
fn every_act_of_the_domain_has_its_route() {
    let acts: BTreeSet<String> =
        Act::ALL.iter().map(|act| format!("/api/v1/cases/{{id}}/{}", act.word())).collect();
    let routes: BTreeSet<String> = all_routes()
        .filter(|route| route.method == "POST" && route.path.starts_with("/api/v1/cases/"))
        .filter(|route| !route.path.ends_with("/evidence"))
        .map(|route| route.path.to_owned())
        .collect();
    assert_eq!(routes, acts);
}

#[test]
fn its_words_are_the_domains() {
    let document = document();
    let words = |place: &str| -> Vec<String> {
        let list = document.pointer(&format!("/components/schemas/{place}/enum"));
        let list = list.and_then(Value::as_array).unwrap_or_else(|| panic!("no words: {place}"));
        list.iter().map(|word| word.as_str().expect("a word").to_owned()).collect()
    };
    let ours = |words: &[&str]| -> Vec<String> { words.iter().map(ToString::to_string).collect() };
    let stages: Vec<&str> = StageName::ALL.iter().map(|one| one.word()).collect();
    assert_eq!(words("Case/properties/stage"), ours(&stages));
    assert_eq!(words("Acted/properties/stage"), ours(&stages));
    let parties: Vec<&str> = Party::ALL.iter().map(|one| one.word()).collect();
    assert_eq!(words("Wait/properties/on"), ours(&parties));
    let outcomes: Vec<&str> = Outcome::ALL.iter().map(|one| one.word()).collect();
    assert_eq!(words("Resolve/properties/outcome"), ours(&outcomes));
    let reasons: Vec<&str> = CloseReason::ALL.iter().map(|one| one.word()).collect();
    assert_eq!(words("Close/properties/reason"), ours(&reasons));
    let channels: Vec<&str> = Channel::ALL.iter().map(|one| one.word()).collect();
    assert_eq!(words("Case/properties/channel"), ours(&channels));
    let by_hand: Vec<&str> = Channel::BY_HAND.iter().map(|one| one.word()).collect();
    assert_eq!(words("OpenCase/properties/channel"), ours(&by_hand));
    let ties: Vec<&str> = Tie::ALL.iter().map(|one| one.word()).collect();
    assert_eq!(words("Link/properties/kind"), ours(&ties));
    let acts = Act::ALL.iter().filter(|act| in_bulk(**act));
    let acts: Vec<&str> = acts.map(|act| act.word()).collect();
    assert_eq!(words("AskJob/properties/act"), ours(&acts));
    let remedies: Vec<&str> = Remedy::ALL.iter().map(|one| one.word()).collect();
    assert_eq!(words("Propose/properties/remedy"), ours(&remedies));
    let statuses: Vec<&str> = PaymentStatus::ALL.iter().map(|one| one.word()).collect();
    assert_eq!(words("Transaction/properties/status"), ours(&statuses));
}

#[test]
fn its_columns_are_the_imports() {
    let document = document();
    let row = &document["components"]["schemas"]["TransactionRow"];
    let names = |value: &Value| -> BTreeSet<String> {
        let list = value.as_array().expect("a list").iter();
        list.map(|name| name.as_str().expect("a name").to_owned()).collect()
    };
    let columns: BTreeSet<String> =
        row["properties"].as_object().expect("columns").keys().cloned().collect();
    assert_eq!(columns, COLUMNS.iter().map(ToString::to_string).collect());
    let needed = COLUMNS.iter().filter(|column| !OPTIONAL.contains(column));
    assert_eq!(names(&row["required"]), needed.map(ToString::to_string).collect());
}

#[test]
fn its_references_lead_somewhere() {
    fn walk<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|inner| walk(inner, found));
            }
            Value::Array(list) => list.iter().for_each(|inner| walk(inner, found)),
            _ => {}
        }
    }
    let document = document();
    let mut references = Vec::new();
    walk(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let place = reference.strip_prefix('#').expect("a place in the document");
        assert!(document.pointer(place).is_some(), "{reference}");
    }
}

/// Whoever reads it learns of every operation what it does, who may, what it looks like, and what
/// can go wrong.
#[test]
fn every_operation_says_all() {
    let document = document();
    let tags = document["tags"].as_array().expect("tags");
    let tags: BTreeSet<&str> = tags.iter().filter_map(|tag| tag["name"].as_str()).collect();
    let mut names = BTreeSet::new();
    for route in all_routes() {
        let operation = &document["paths"][route.path][route.method.to_ascii_lowercase()];
        let about = format!("{} {}", route.method, route.path);
        let name = operation["operationId"].as_str().expect("a name");
        assert!(names.insert(name.to_owned()), "{about}: {name} comes twice");
        for word in ["summary", "description"] {
            assert!(operation[word].is_string(), "{about} has no {word}");
        }
        let tag = operation["tags"][0].as_str().expect("a tag");
        assert!(tags.contains(tag), "{about}: the tag {tag:?} is not told at the top");
        for parameter in operation["parameters"].as_array().expect("parameters") {
            let parameter = resolved(&document, parameter);
            assert!(parameter["description"].is_string(), "{about}: {parameter}");
        }
        if route.right.is_some() {
            assert!(!operation["x-problems"].as_array().expect("codes").is_empty(), "{about}");
        }
        assert!(operation["responses"]["429"].is_object(), "{about}");
    }
}

fn resolved<'v>(document: &'v Value, value: &'v Value) -> &'v Value {
    match value["$ref"].as_str() {
        Some(place) => document.pointer(&place[1..]).expect("a place in the document"),
        None => value,
    }
}

/// Every body has an example, of what is sent and of what is answered, and each fits its schema.
#[test]
fn its_examples_are_as_its_schemas() {
    let document = document();
    let mut count = 0;
    let mut check = |about: &str, content: &Value| {
        for (kind, one) in content.as_object().into_iter().flatten() {
            if !kind.ends_with("json") {
                continue;
            }
            assert!(one.get("example").is_some(), "{about}: no example");
            let complaints =
                teststand::schema::complaints(&document, &one["schema"], &one["example"]);
            assert!(complaints.is_empty(), "{about}: {complaints:?}");
            count += 1;
        }
    };
    for route in all_routes() {
        let operation = &document["paths"][route.path][route.method.to_ascii_lowercase()];
        let about = format!("{} {}", route.method, route.path);
        check(&about, &operation["requestBody"]["content"]);
        for (status, response) in operation["responses"].as_object().expect("answers") {
            if route.path.contains('{') && response["$ref"] == "#/components/responses/NotFound" {
                continue;
            }
            check(&format!("{about} {status}"), &resolved(&document, response)["content"]);
        }
    }
    assert!(count > 100, "{count}");
}

/// Each answer has the fields that its schema requires and no others.
#[tokio::test(flavor = "multi_thread")]
async fn its_answers_have_the_fields_it_promises() {
    let document = document();
    let schema = |name: &str| document["components"]["schemas"][name].clone();
    let check = |name: &str, answer: &Value| {
        let schema = schema(name);
        let fields = answer.as_object().unwrap_or_else(|| panic!("{name}: {answer}"));
        for needed in schema["required"].as_array().expect("a list") {
            assert!(fields.contains_key(needed.as_str().expect("a name")), "{name}: {needed}");
        }
        for field in fields.keys() {
            assert!(schema["properties"][field].is_object(), "{name}: {field} is not promised");
        }
    };
    let house = House::new(EngineKind::Sqlite).await;
    let scope = house.world.scope;
    house.world.pay(scope, "A-1", PaymentStatus::Successful).await;
    let case = house.report(scope, "A-1", "gone").await;
    let token = house.token(scope, Role::Administrator, "root").await;
    let get = async |path: &str| house.ask(&token, "GET", path, &[], None).await.json();
    check("Transaction", &get("/api/v1/transactions/A-1").await);
    let one = get(&format!("/api/v1/cases/{case}")).await;
    check("Case", &one);
    check("Transaction", &one["transaction"]);
    let list = get("/api/v1/cases").await;
    check("Cases", &list);
    check("ListedCase", &list["cases"][0]);
    let timeline = get(&format!("/api/v1/cases/{case}/timeline")).await;
    check("Timeline", &timeline);
    for entry in timeline["entries"].as_array().expect("entries") {
        let name = if entry["kind"] == "note" { "NoteEntry" } else { "ToldEntry" };
        check(name, entry);
    }
    let path = format!("/api/v1/cases/{case}/start");
    check("Acted", &house.ask(&token, "POST", &path, &[], None).await.json());
    check("Problem", &house.ask(&token, "POST", &path, &[], None).await.json());
    check("Problem", &get("/api/v1/cases?limit=0").await);
}
