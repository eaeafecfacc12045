//! Every filter of the list of cases walks the index that was made for it, in order, on both
//! engines: a page is as long as a page, however many cases there are. What the engines say of
//! their plans is read, since a clock in a test says little.

use domain::case::{CaseFilter, Channel, Outcome, Party, Sort, Span, StageName};
use domain::{Env, Scope, TenantId};
use store::engine::{Db, EngineKind, Place};
use store::migrate::MIGRATIONS;
use store::read::listing::question;
use teststand::engines::{BOTH, fresh, fresh_postgres};
use teststand::world::BEGINNING;

/// A filter, and the index it walks.
fn filters() -> Vec<(CaseFilter, &'static str)> {
    let none = CaseFilter::default;
    let text = |text: &str| Some(text.to_owned());
    let span = Span { from: Some(BEGINNING), to: None };
    let open = Some(StageName::Open);
    vec![
        (none(), "cases_opened"),
        (CaseFilter { opened: span, ..none() }, "cases_opened"),
        (CaseFilter { received: span, ..none() }, "cases_received"),
        (CaseFilter { stage: open, ..none() }, "cases_stage"),
        (CaseFilter { stage: Some(StageName::Received), ..none() }, "cases_open"),
        (CaseFilter { stage: Some(StageName::Closed), ..none() }, "cases_opened"),
        (CaseFilter { waiting_on: Some(Party::Customer), ..none() }, "cases_waiting"),
        (CaseFilter { outcome: Some(Outcome::Upheld), ..none() }, "cases_outcome"),
        (CaseFilter { queue: text("q"), ..none() }, "cases_queue"),
        (CaseFilter { queue: text("q"), stage: open, ..none() }, "cases_queue_open"),
        (CaseFilter { assignee: text("ann"), ..none() }, "cases_assignee"),
        (CaseFilter { assignee: text(""), ..none() }, "cases_opened"),
        (CaseFilter { assignee: text(""), stage: open, ..none() }, "cases_stage"),
        (CaseFilter { queue: text("intake"), ..none() }, "cases_opened"),
        (CaseFilter { channel: Some(Channel::App), ..none() }, "cases_opened"),
        (CaseFilter { assignee: text("ann"), stage: open, ..none() }, "cases_assignee_open"),
        (
            CaseFilter { assignee: text(""), queue: text("q"), stage: open, ..none() },
            "cases_queue_open",
        ),
        (CaseFilter { channel: Some(Channel::Letter), ..none() }, "cases_channel"),
        (CaseFilter { customer: text("C"), queue: text("q"), ..none() }, "cases_customer"),
        (CaseFilter { language: text("ms"), ..none() }, "cases_language"),
    ]
}

/// A database whose planner, without any rows to count, is held to indexes.
async fn place(kind: EngineKind, dir: &std::path::Path) -> Place {
    match kind {
        EngineKind::Sqlite => fresh(kind, dir).await,
        EngineKind::Postgres => {
            let held = "-c enable_seqscan=off -c enable_bitmapscan=off -c enable_sort=off";
            let url = fresh_postgres().await;
            Place::postgres(url.replace("options='", &format!("options='{held} ")))
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_walks_its_own_index_in_order() {
    for kind in BOTH {
        let dir = tempfile::tempdir().expect("a directory");
        let db = Db::open(&place(kind, dir.path()).await).await.expect("it opens");
        db.migrate(MIGRATIONS, BEGINNING).await.expect("the schema is built");
        for (filter, index) in filters() {
            for sort in [Sort::Newest, Sort::Oldest] {
                let scope = Scope::new(TenantId(1), Env::Production);
                let (text, values) = question(scope, &filter, sort, 50);
                let (explain, place, sorts) = match kind {
                    EngineKind::Sqlite => ("EXPLAIN QUERY PLAN", 3, "TEMP B-TREE"),
                    EngineKind::Postgres => ("EXPLAIN", 0, "Sort"),
                };
                let sql: &'static str = Box::leak(format!("{explain} {text}").into_boxed_str());
                let rows = db.rows(sql, values).await.expect("a plan");
                let plan: Vec<&str> =
                    rows.iter().map(|row| row.text(place).expect("a line")).collect();
                let plan = plan.join("\n");
                let about = format!("{filter:?} {sort:?} on {kind:?}:\n{plan}");
                let words: Vec<&str> = plan.split_whitespace().collect();
                // Of two filters PostgreSQL takes the rarer one, by what it counted.
                let free = kind == EngineKind::Postgres && filter.queue.is_some();
                assert!(free || words.contains(&index), "not by {index}: {about}");
                assert!(!plan.contains(sorts), "sorted: {about}");
            }
        }
    }
}
