//! Cases of an earlier release after the update: what they did not say is filled in from what they
//! did, so that their rows still are what their histories say.

use store::engine::{Db, Stmt};
use store::migrate::MIGRATIONS;
use teststand::engines::{BOTH, fresh};
use teststand::world::BEGINNING;

/// Steps of the schema before cases said how they came.
const BEFORE: usize = 2;

const CASE: &str = "INSERT INTO cases (id, scope, version, stage, stage_fact, stage_at, opened_at,
 refid, slot, addresses, through, queue, assignee, head_seq, head_digest)
 VALUES (?1, 3, 1, ?2, ?3, 9, 5, ?1, ?4, '', 'app', 'intake', '', 1, ?5)";

const NOTE: &str =
    "INSERT INTO notes (case_id, seq, at, actor, act, fact, content_digest, previous,
 digest, sealed, seal) VALUES (?1, ?2, 5, 'ann', ?3, ?4, ?5, ?5, ?5, 0, 0)";

/// Id, stage, its fact, what was done after the report; and the outcome that it has.
type Old = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const MEMBER: &str = "INSERT INTO members (id, scope, email, name, role, version, created_at)
 VALUES (?1, 3, ?2, '', 'agent', 1, ?3)";

const KEY: &str = "INSERT INTO api_keys (id, scope, secret, label, created_at)
 VALUES (?1, 3, ?2, ?3, ?4)";

const IN_QUEUE: &str = "UPDATE cases SET queue = ?2 WHERE id = ?1";

const CASES: [(Old, &str); 5] = [
    (("a", "received", "", &[]), ""),
    (("b", "resolved", "upheld", &[("resolve", "rejected"), ("resolve", "upheld")]), "upheld"),
    (("c", "closed", "settled", &[("resolve", "rejected"), ("close", "settled")]), "rejected"),
    (("d", "open", "", &[("resolve", "rejected"), ("reopen", "")]), ""),
    (("e", "closed", "withdrawn", &[("resolve", "upheld"), ("reopen", ""), ("close", "x")]), ""),
];

#[tokio::test(flavor = "multi_thread")]
async fn old_cases_say_what_new_ones_say() {
    for kind in BOTH {
        let dir = tempfile::tempdir().expect("a directory");
        let db = Db::open(&fresh(kind, dir.path()).await).await.expect("it opens");
        db.migrate(&MIGRATIONS[..BEFORE], BEGINNING).await.expect("the old schema");
        let mut batch = Vec::new();
        for ((id, stage, fact, notes), _) in CASES {
            let slot = i64::from(stage == "closed") * 9;
            let digest = [0_u8; 32];
            let values =
                vec![id.into(), stage.into(), fact.into(), slot.into(), digest.as_slice().into()];
            batch.push(Stmt::any(CASE, values));
            for ((act, fact), seq) in [&("report", "")].into_iter().chain(notes).zip(1_i64..) {
                let digest = digest.as_slice().into();
                let values = vec![id.into(), seq.into(), (*act).into(), (*fact).into(), digest];
                batch.push(Stmt::any(NOTE, values));
            }
        }
        db.commit(batch).await.expect("old rows");
        db.migrate(MIGRATIONS, BEGINNING).await.expect("the update");
        let sql = "SELECT id, channel, received_at, outcome FROM cases ORDER BY id";
        let rows = db.rows(sql, vec![]).await.expect("rows");
        for (row, ((id, ..), outcome)) in rows.iter().zip(CASES) {
            let told = (row.text(0).expect("an id"), row.text(1).expect("a channel"));
            assert_eq!(told, (id, "app"), "{kind:?}");
            let told = (row.int(2).expect("a time"), row.text(3).expect("an outcome"));
            assert_eq!(told, (5, outcome), "{id} on {kind:?}");
        }
        assert_eq!(rows.len(), CASES.len());
    }
}

/// Names that were given twice are nobody's problem at the update: the first one has them. Queues
/// that cases stand in are written down.
#[tokio::test(flavor = "multi_thread")]
async fn old_names_and_queues_are_written_down() {
    for kind in BOTH {
        let dir = tempfile::tempdir().expect("a directory");
        let db = Db::open(&fresh(kind, dir.path()).await).await.expect("it opens");
        db.migrate(&MIGRATIONS[..BEFORE], BEGINNING).await.expect("the old schema");
        let mut batch = Vec::new();
        for (id, email, at) in [("m2", "Ann@a.example", 2), ("m1", "ann@a.example", 1)] {
            batch.push(Stmt::any(MEMBER, vec![id.into(), email.into(), i64::into(at)]));
        }
        for (id, label) in [("k1", "Shop"), ("k2", "shop"), ("k3", ""), ("k4", "ann@a.example")] {
            let values = vec![id.into(), [0_u8].as_slice().into(), label.into(), 1.into()];
            batch.push(Stmt::any(KEY, values));
        }
        let digest = [0_u8; 32];
        for (id, queue) in [("a", "intake"), ("b", "Credit card"), ("c", "Credit card")] {
            let digest = digest.as_slice().into();
            let values = vec![id.into(), "open".into(), "".into(), 0.into(), digest];
            batch.push(Stmt::any(CASE, values));
            batch.push(Stmt::any(IN_QUEUE, vec![id.into(), queue.into()]));
        }
        db.commit(batch).await.expect("old rows");
        db.migrate(MIGRATIONS, BEGINNING).await.expect("the update");
        let texts = async |sql| {
            let rows = db.rows(sql, vec![]).await.expect("rows");
            let text = |row: &store::engine::Row, place| row.text(place).expect("text").to_owned();
            let pair = |row: &store::engine::Row| format!("{} {}", text(row, 0), text(row, 1));
            rows.iter().map(pair).collect::<Vec<_>>()
        };
        let names = texts("SELECT folded, holder FROM names ORDER BY folded").await;
        assert_eq!(names, ["ann@a.example m1", "shop k1"], "{kind:?}");
        let queues = texts("SELECT name, label FROM queues ORDER BY name").await;
        assert_eq!(queues, ["Credit card Credit card"], "{kind:?}");
    }
}
