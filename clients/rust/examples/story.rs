//! The client's story, told to a running server: payments in, one read, its case found, acted on
//! under a key and a version, its timeline read; a case opened by hand, acted on, searched for and
//! exported; and a "no" understood by its code.

use std::process::ExitCode;
use std::time::Duration;
use std::{env, thread};

use redress_client::plain::Plain;
use redress_client::{
    Client, Comment, Error, ExportCasesQuery, GetTimelineQuery, Import, ListCasesQuery, OpenCase,
    OpenCaseChannel, Says, SearchQuery, TransactionRow, Wait, WaitOn, Write,
};

/// Times a list is asked, and the wait between: what is new is found and exported within seconds.
const TRIES: u32 = 100;
const AGAIN: Duration = Duration::from_millis(200);

fn main() -> ExitCode {
    let said = |name: &str| env::var(name).unwrap_or_else(|_| panic!("story: set {name}"));
    let transport = Plain::new(&said("REDRESS_BASE_URL")).expect("the base");
    let client = Client::new(transport, said("REDRESS_TOKEN"));
    let (mut passed, mut failed) = (0, 0);
    let mut step = |name: &str, good: Result<bool, Error>| match good {
        Ok(true) => {
            passed += 1;
            println!("PASS rust: {name}");
        }
        Ok(false) => {
            failed += 1;
            println!("FAIL rust: {name}");
        }
        Err(why) => {
            failed += 1;
            println!("FAIL rust: {name}: {why} {why:?}");
        }
    };
    let refid = said("REDRESS_REFID");
    step("payments are brought in once for a key", imports(&client));
    step("a payment is read", client.get_transaction(&refid).map(|one| one.body.refid == refid));
    step("the case is found, acted on, and told", acts(&client, &refid));
    match opened(&client) {
        Err(why) => step("a case is opened by hand, once for a key", Err(why)),
        Ok(None) => step("a case is opened by hand, once for a key", Ok(false)),
        Ok(Some(id)) => {
            step("a case is opened by hand, once for a key", Ok(true));
            step("what was said is in its timeline", told(&client, &id));
            step("it is found by what was said", found(&client, &id));
            step("its changes are exported", exported(&client, &id));
        }
    }
    step("a no has a code", refused(&client));
    println!("{passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn imports(client: &Client<Plain>) -> Result<bool, Error> {
    let row = TransactionRow {
        refid: "RUST-1".into(),
        trxid: None,
        product: "TNB".into(),
        account: "220001234513".into(),
        amount_minor: 1250,
        currency: "MYR".into(),
        status: "successful".into(),
        status_at: "2026-01-05T10:12:00Z".into(),
        created_at: "2026-01-05T10:11:12Z".into(),
        provider: None,
        payer_ref: None,
    };
    let body = Import { transactions: vec![row] };
    let how = Write { key: Some("rust-import"), version: None };
    let first = client.import_transactions(&body, &how)?;
    let again = client.import_transactions(&body, &how)?;
    Ok(first.body.new == 1 && again.body == first.body && again.replayed && !first.replayed)
}

fn acts(client: &Client<Plain>, refid: &str) -> Result<bool, Error> {
    let query = ListCasesQuery { refid: Some(refid.into()), ..ListCasesQuery::default() };
    let found = client.list_cases(&query)?.body.cases;
    let [case] = found.as_slice() else { return Ok(false) };
    let read = client.get_case(&case.id)?;
    let how = Write { key: Some("rust-start"), version: read.version.as_deref() };
    let started = client.start_case(&case.id, &Says { says: Some("Mine.".into()) }, &how)?;
    let how = Write { key: None, version: started.version.as_deref() };
    let wait = Wait { on: WaitOn::Provider, says: None };
    let waits = client.wait_case(&case.id, &wait, &how)?.body;
    let told = client.get_timeline(&case.id, &GetTimelineQuery::default())?.body;
    let stale = client.resume_case(&case.id, &Says::default(), &how).expect_err("moved on");
    Ok(waits.fact.as_deref() == Some("provider")
        && told.entries.len() >= 3
        && stale.code() == Some("stale"))
}

/// The id of the new case.
fn opened(client: &Client<Plain>) -> Result<Option<String>, Error> {
    let body = OpenCase {
        channel: OpenCaseChannel::Phone,
        says: Some("The ochre meter shows nothing.".into()),
        customer: Some("RUST-7".into()),
        language: Some("en".into()),
        acknowledge: None,
        addresses: None,
        category: None,
        received_at: None,
        refid: None,
        taken_by: None,
        trxid: None,
    };
    let how = Write { key: Some("rust-open"), version: None };
    let first = client.open_case(&body, &how)?;
    let again = client.open_case(&body, &how)?;
    let once = again.replayed && !first.replayed && again.body == first.body;
    Ok(once.then_some(first.body.id))
}

fn told(client: &Client<Plain>, id: &str) -> Result<bool, Error> {
    let read = client.get_case(id)?;
    let how = Write { key: None, version: read.version.as_deref() };
    client.start_case(id, &Says::default(), &how)?;
    let body = Comment { says: "Somebody goes and looks.".into(), to_customer: None };
    client.comment_case(id, &body, &Write::default())?;
    let told = client.get_timeline(id, &GetTimelineQuery::default())?.body;
    let said = format!("{:?}", told.entries);
    Ok(told.case == id && said.contains("ochre meter") && said.contains("goes and looks"))
}

fn found(client: &Client<Plain>, id: &str) -> Result<bool, Error> {
    let query = SearchQuery { q: Some("ochre meters".into()), ..SearchQuery::default() };
    for _ in 0..TRIES {
        let page = client.search(&query)?.body;
        if let [one] = page.found.as_slice() {
            return Ok(one.case.id == id);
        }
        thread::sleep(AGAIN);
    }
    Ok(false)
}

/// All changes from the beginning, by small pages, until the last one is there.
fn exported(client: &Client<Plain>, id: &str) -> Result<bool, Error> {
    let mut query = ExportCasesQuery { cursor: None, limit: Some(2) };
    let mut acts = Vec::new();
    for _ in 0..TRIES {
        let page = client.export_cases(&query)?.body;
        acts.extend(page.rows.into_iter().filter(|row| row.case == id).map(|row| row.act));
        query.cursor = Some(page.next);
        if acts.len() >= 3 {
            break;
        }
        if !page.more {
            thread::sleep(AGAIN);
        }
    }
    Ok(acts == ["open", "start", "comment"])
}

fn refused(client: &Client<Plain>) -> Result<bool, Error> {
    match client.get_case("cs_00000000000000000000000000") {
        Err(Error::Problem(problem)) => Ok(problem.code == "case-unknown" && problem.status == 404),
        Err(other) => Err(other),
        Ok(_) => Ok(false),
    }
}
