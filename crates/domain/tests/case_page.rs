//! Reads `docs/case.md` and holds the code to it.

use domain::case::{
    Act, Ask, Channel, CloseReason, LinkKind, Outcome, Party, Remedy, Stage, StageName, Tie,
    next_stage,
};
use domain::ids::CaseId;

fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/case.md");
    std::fs::read_to_string(path).expect("docs/case.md is there")
}

/// The cells of the table under `heading`, without its head and rule.
fn table(heading: &str) -> Vec<Vec<String>> {
    let page = page();
    let (_, after) = page.split_once(&format!("\n{heading}\n")).expect(heading);
    let lines = after.lines().skip_while(|line| !line.starts_with('|'));
    let rows: Vec<Vec<String>> = lines
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().into()).collect())
        .collect();
    assert!(rows.len() > 2, "{heading}: a table with rows");
    rows[2..].to_vec()
}

/// The words between backticks.
fn words(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_stages_and_their_facts_are_the_ones_on_the_page() {
    let rows = table("## Stages");
    let names: Vec<&str> = rows.iter().flat_map(|row| words(&row[0])).collect();
    let ours: Vec<&str> = StageName::ALL.iter().map(|stage| stage.word()).collect();
    assert_eq!(names, ours);
    let facts = |row: usize| words(&rows[row][1]);
    assert_eq!(facts(2), Party::ALL.iter().map(|one| one.word()).collect::<Vec<_>>());
    assert_eq!(facts(3), Outcome::ALL.iter().map(|one| one.word()).collect::<Vec<_>>());
    assert_eq!(facts(4), CloseReason::ALL.iter().map(|one| one.word()).collect::<Vec<_>>());
    let remedies = table("## Acts that need a second person");
    let remedies: Vec<&str> = remedies.iter().flat_map(|row| words(&row[0])).collect();
    assert_eq!(remedies, Remedy::ALL.iter().map(|one| one.word()).collect::<Vec<_>>());
}

#[test]
fn channels_and_links_are_the_ones_on_the_page() {
    let firsts = |heading| -> Vec<String> {
        let rows = table(heading);
        rows.iter().flat_map(|row| words(&row[0])).map(str::to_owned).collect()
    };
    let channels: Vec<&str> = Channel::ALL.iter().map(|one| one.word()).collect();
    assert_eq!(firsts("## How a case comes"), channels);
    let links: Vec<&str> = LinkKind::ALL.iter().map(|one| one.word()).collect();
    assert_eq!(firsts("## Links"), links);
    let rows = table("## Links");
    let on_page: Vec<&str> = rows.iter().flat_map(|row| words(&row[1])).collect();
    let ties: Vec<&str> = Tie::ALL.iter().map(|one| one.word()).collect();
    assert_eq!(on_page, ties);
}

fn a_stage(name: StageName) -> Stage {
    match name {
        StageName::Received => Stage::Received,
        StageName::Open => Stage::Open,
        StageName::Waiting => Stage::Waiting { on: Party::Network },
        StageName::Resolved => Stage::Resolved { outcome: Outcome::Rejected },
        StageName::Closed => Stage::Closed { reason: CloseReason::Settled },
    }
}

fn an_ask(act: Act) -> Ask {
    match act {
        Act::Start => Ask::Start,
        Act::Wait => Ask::Wait { on: Party::Customer },
        Act::Resume => Ask::Resume,
        Act::Comment => Ask::Comment { to_customer: false },
        Act::Assign => Ask::Assign { queue: Some("q".into()), person: None },
        Act::Resolve => Ask::Resolve { outcome: Outcome::Upheld },
        Act::Close => Ask::Close { reason: CloseReason::Withdrawn },
        Act::Reopen => Ask::Reopen,
        Act::Propose => Ask::Propose { remedy: Remedy::Refund },
        Act::Approve => Ask::Approve,
        Act::Decline => Ask::Decline,
        Act::Take => Ask::Take,
        Act::Link => Ask::Link { tie: Tie::Related, other: a_case() },
        Act::Unlink => Ask::Unlink { tie: Tie::Related, other: a_case() },
        Act::Merge => Ask::Merge { into: a_case(), carry_addresses: false },
        Act::Split => Ask::Split { payment: None, category: String::new() },
    }
}

fn a_case() -> CaseId {
    CaseId::parse("cs_00000000000000000000000000").expect("an id")
}

#[test]
fn every_pair_of_stage_and_act_leads_where_the_page_says() {
    let rows = table("## Acts");
    let acts: Vec<&str> = rows.iter().flat_map(|row| words(&row[0])).collect();
    assert_eq!(acts, Act::ALL.iter().map(|act| act.word()).collect::<Vec<_>>());
    for (row, act) in rows.iter().zip(Act::ALL) {
        assert_eq!(row.len(), 1 + StageName::ALL.len(), "{}", act.word());
        for (cell, stage) in row[1..].iter().zip(StageName::ALL) {
            let before = a_stage(*stage);
            let after = next_stage(before, &an_ask(*act));
            let said = match after {
                None => "-",
                Some(after) if after == before => "stays",
                Some(after) => after.name().word(),
            };
            assert_eq!(said, cell, "{} when {}", act.word(), stage.word());
        }
    }
}
