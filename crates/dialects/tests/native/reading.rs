//! What readers leave behind and what they do not get: searches, exports and lists stand in the
//! log of reads with their filter, and whoever may not read personal data gets a case, a payment
//! and their lists without them.

use domain::payment::PaymentStatus;
use domain::{Millis, Role};
use http::StatusCode;
use serde_json::{Value, json};
use teststand::engines::BOTH;

use crate::support::House;

/// Words of the customer that must not be seen.
const SAYS: &str = "the voucher of my aunt";

async fn get(house: &House, token: &str, path: &str) -> Value {
    let answer = house.ask(token, "GET", &format!("/api/v1/{path}"), &[], None).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {answer:?}");
    answer.json()
}

/// A house with one indexed, sealed and numbered case, and its id.
async fn house(kind: store::engine::EngineKind) -> (House, String) {
    let house = House::new(kind).await;
    let scope = house.world.scope;
    house.world.pay(scope, "A-1", PaymentStatus::Successful).await;
    let case = house.report(scope, "A-1", SAYS).await;
    let desk = &house.world.desk;
    while desk.seal_once().await.expect("a seal").is_some() {}
    while desk.index_once().await.expect("a step") > 0 {}
    while desk.number_feed_once().await.expect("numbers") > 0 {}
    (house, case.as_str().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_exports_and_lists_stand_in_the_log() {
    for kind in BOTH {
        let (house, case) = house(kind).await;
        let scope = house.world.scope;
        let reader = house.token(scope, Role::Compliance, "carl").await;
        let auditor = house.token(scope, Role::Auditor, "otto").await;
        for _ in 0..2 {
            get(&house, &reader, "search?q=voucher+aunt&stage=received&facets=true").await;
            get(&house, &reader, "search").await;
            get(&house, &reader, "export/transactions").await;
            get(&house, &reader, "export/cases?limit=1").await;
            get(&house, &reader, "transactions?account=220001234513&status=successful").await;
            get(&house, &reader, "transactions/A-1").await;
            get(&house, &reader, &format!("cases/{case}")).await;
        }
        let log = async |filter: &str| {
            let rows = get(&house, &auditor, &format!("admin/reads?by=carl{filter}")).await;
            let mut rows: Vec<String> = rows["reads"]
                .as_array()
                .unwrap_or_else(|| panic!("no rows: {rows}"))
                .iter()
                .map(|row| format!("{} {}", row["view"], row["subject"]).replace('"', ""))
                .collect();
            rows.sort_unstable();
            rows
        };
        let wanted = [
            format!("case {case}"),
            "export cases".into(),
            "export transactions".into(),
            "payment A-1".into(),
            "payments account=220001234513 status=successful".into(),
            "search all".into(),
            "search voucher aunt stage=received".into(),
        ];
        assert_eq!(log("").await, wanted, "{kind:?}");
        // A job says by its rows whom its filter fits.
        let agent = house.token(scope, Role::Agent, "ann").await;
        let filter = json!({ "customer": "C-77" });
        let job = json!({ "act": "comment", "with": { "says": "Looked at." }, "filter": filter });
        let job = Some(job.to_string());
        let asked = house.ask(&agent, "POST", "/api/v1/jobs", &[], job.as_deref()).await;
        assert_eq!(asked.status, StatusCode::ACCEPTED, "{asked:?}");
        let reads = get(&house, &auditor, "admin/reads?by=ann").await;
        assert_eq!(reads["reads"][0]["subject"], "customer=C-77", "{reads}");
        assert_eq!(log("&view=payments").await, wanted[4..5], "{kind:?}");
        house.world.clock.tick(Millis::minutes(1));
        get(&house, &reader, "search").await;
        assert_eq!(log("&view=search&subject=all").await.len(), 2, "{kind:?}");
    }
}

/// An account that seals what its customers write does not keep it in the log of who searched.
#[tokio::test(flavor = "multi_thread")]
async fn searched_words_are_withheld_where_stories_are_sealed() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let reader = house.token(house.other, Role::Compliance, "carl").await;
        let auditor = house.token(house.other, Role::Auditor, "otto").await;
        for (query, subject) in [
            ("q=aunt+at+the+clinic&stage=received", "q=(withheld) stage=received"),
            ("q=aunt", "q=(withheld)"),
            ("category=illness&refid=A-1", "refid=A-1 category=(withheld)"),
            ("q=+", "all"),
        ] {
            house.world.clock.tick(Millis::minutes(1));
            get(&house, &reader, &format!("search?{query}")).await;
            while house.world.desk.write_reads_behind().await.expect("written") > 0 {}
            let log = get(&house, &auditor, "admin/reads?by=carl&limit=1").await;
            assert_eq!(log["reads"][0]["subject"], subject, "{query} on {kind:?}");
        }
        let log = get(&house, &auditor, "admin/reads?by=carl").await.to_string();
        assert!(!log.contains("aunt") && !log.contains("illness"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_personal_without_the_right_to_it() {
    for kind in BOTH {
        let (house, case) = house(kind).await;
        let scope = house.world.scope;
        let (whole, narrow) = tokens(&house).await;
        let client = house.token(scope, Role::Client, "app").await;
        let told = get(&house, &whole, &format!("cases/{case}")).await;
        let secrets = [
            SAYS.to_owned(),
            told["addresses"][0].as_str().expect("an address").to_owned(),
            told["transaction"]["account"].as_str().expect("an account").to_owned(),
        ];
        let (one, address) = (format!("cases/{case}"), secrets[1].replace('@', "%40"));
        let paths = [
            one.clone(),
            format!("{one}/timeline"),
            "cases".into(),
            "cases?refid=A-1".into(),
            "transactions".into(),
            "transactions/A-1".into(),
            "search?q=A-1".into(),
            "export/transactions".into(),
            "export/cases".into(),
        ];
        let shown = |answer: &Value| secrets.iter().filter(|one| names(answer, one)).count();
        let mut seen = 0;
        for path in &paths {
            let (all, less) = (get(&house, &whole, path).await, get(&house, &narrow, path).await);
            seen += shown(&all);
            assert_eq!(shown(&less), 0, "{path} on {kind:?}: {less}");
            assert!(names(&all, "A-1") == names(&less, "A-1"), "{path}: {less}");
        }
        // What may not be shown is not found either: a guess that hits would tell.
        let guess = format!("search?q={address}");
        assert!(names(&get(&house, &whole, &guess).await, "A-1"), "{kind:?}");
        assert_eq!(get(&house, &narrow, &guess).await["found"], json!([]), "{kind:?}");
        for filter in [format!("search?account={}", secrets[2]), "cases?customer=C".to_owned()] {
            let path = format!("/api/v1/{filter}");
            let answer = house.ask(&narrow, "GET", &path, &[], None).await;
            assert_eq!(answer.code(), "not-allowed", "{filter}");
        }
        assert!(seen >= 7, "the paths show too little for a test: {seen}");
        // Null where there was something; and a program sees what it sent.
        let less = get(&house, &narrow, &one).await;
        assert_eq!((&less["customer"], &less["addresses"]), (&Value::Null, &json!([])));
        assert_eq!(less["transaction"]["account"], Value::Null);
        assert_eq!(less["transaction"]["payer_ref"], Value::Null);
        // Who may not read transactions finds none in a case either.
        let rights =
            json!({ "name": "cases", "role": "agent", "rights": ["read-cases"] }).to_string();
        let path = "/api/v1/admin/tokens";
        let made = house.ask(&whole, "POST", path, &[], Some(&rights)).await.json();
        let cases = made["secret"].as_str().expect("a token");
        assert_eq!(get(&house, cases, &one).await["transaction"], Value::Null);
        let own = get(&house, &client, "transactions/A-1").await;
        assert_eq!(own["account"].as_str(), Some(secrets[2].as_str()));
    }
}

fn names(answer: &Value, text: &str) -> bool {
    answer.to_string().contains(text)
}

/// One with all rights of an administrator, and one with all but that to personal data.
async fn tokens(house: &House) -> (String, String) {
    let root = house.token(house.world.scope, Role::Administrator, "root").await;
    let mut rights: Vec<Value> =
        get(house, &root, "me").await["rights"].as_array().expect("rights").clone();
    rights.retain(|right| right != "read-personal");
    let body = json!({ "name": "narrow", "role": "administrator", "rights": rights }).to_string();
    let key = [("idempotency-key", "narrow-1")];
    let made = house.ask(&root, "POST", "/api/v1/admin/tokens", &key, Some(&body)).await;
    assert_eq!(made.status, StatusCode::OK, "{made:?}");
    (root, made.json()["secret"].as_str().expect("a token").to_owned())
}
