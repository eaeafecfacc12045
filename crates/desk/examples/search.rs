//! How long a search takes among many cases, by the road of the desk: index, cases, excerpts.
//! `cargo run --release -p desk --example search -- [sqlite|postgres] [CASES]`. PostgreSQL is the
//! server that `REDRESS_TEST_POSTGRES` names; texts are stretches of the narratives that
//! `REDRESS_TEST_DATA` names, or of our own sentences. SQLite's file stands in `TMPDIR`.

use std::time::{Duration, Instant};

use desk::search::SearchAsk;
use domain::case::{Case, Channel, Outcome, ReportContent, Stage};
use domain::chain::{Content, Head, Note};
use domain::changes::{Change, Changes, KeptContent};
use domain::ids::CaseId;
use domain::payment::PaymentStatus;
use domain::search::Field;
use domain::{Actor, Millis, Role};
use store::engine::EngineKind;
use teststand::dice::Seeded;
use teststand::narratives::narratives;
use teststand::world::{World, payment};

/// Cases written with one commit.
const CASES_AT_ONCE: usize = 2_000;

/// Between the opening of two cases: two million in eight months.
const BETWEEN: Millis = Millis(10_000);

/// Times each question is asked.
const ASKED: usize = 100;

const PROVIDERS: [&str; 7] = ["tnb", "maxis", "celcom", "digi", "unifi", "air-selangor", "astro"];

fn text(words: &[Vec<String>], dice: &mut Seeded) -> String {
    let from = &words[dice.below(words.len())];
    let length = 20 + dice.below(40);
    let start = dice.below(from.len());
    from[start..from.len().min(start + length)].join(" ")
}

/// The changes that open one case with a report, some of them moved on.
fn opened(world: &World, number: usize, words: &[Vec<String>], dice: &mut Seeded) -> [Change; 3] {
    let at = world.desk.now();
    let mut pay = payment(&format!("R-{number:07}"), PaymentStatus::Successful, at);
    pay.provider = PROVIDERS[dice.below(PROVIDERS.len())].to_owned();
    pay.account = format!("22000{:07}", dice.below(10_000_000));
    let stage = match dice.below(10) {
        0 => Stage::Received,
        1 | 2 => Stage::Open,
        3..=6 => Stage::Resolved { outcome: Outcome::Upheld },
        _ => Stage::Resolved { outcome: Outcome::Rejected },
    };
    let address = format!("buyer{}@example.test", dice.below(1_000_000));
    let mut case = Case {
        id: CaseId::new(at, dice),
        scope: world.scope,
        version: 1,
        stage,
        stage_at: at,
        opened_at: at,
        channel: [Channel::App, Channel::Phone, Channel::Letter][dice.below(3)],
        received_at: at,
        taken_by: String::new(),
        customer: String::new(),
        language: String::new(),
        outcome: None,
        refid: pay.refid.clone(),
        earlier: None,
        addresses: vec![address.clone()],
        through: "app".to_owned(),
        queue: format!("team-{}", dice.below(40)),
        assignee: String::new(),
        proposal: None,
        head: Head::START,
    };
    let says = text(words, dice);
    let report = format!("to: {address}\ncategory: \n\n{says}");
    assert!(ReportContent::read(&report).is_some(), "a report reads");
    let content = Content::new(report, dice);
    let note = Note {
        case: case.id.clone(),
        seq: 1,
        at,
        actor: "app".into(),
        act: "report".into(),
        fact: String::new(),
        content: content.digest(),
        previous: [0; 32],
    };
    case.head = note.head();
    let content = Some(KeptContent::Plain(content));
    [
        Change::PaymentNew(Box::new(pay)),
        Change::CaseOpened(Box::new(case)),
        Change::Noted { note, content },
    ]
}

async fn fill(world: &World, cases: usize, words: &[Vec<String>], dice: &mut Seeded) {
    let began = Instant::now();
    let mut number = 0;
    while number < cases {
        let mut changes = Changes::none(world.scope, world.desk.now());
        for _ in 0..CASES_AT_ONCE.min(cases - number) {
            world.clock.tick(BETWEEN);
            changes.list.extend(opened(world, number, words, dice));
            number += 1;
        }
        store::bulk::commit(&world.db, changes).await.expect("cases are written");
    }
    let took = began.elapsed();
    println!("{cases} cases written in {took:.0?}");
    let began = Instant::now();
    let by = Actor::operator(world.scope);
    world.desk.rebuild_search(&by, None).await.expect("a rebuild begins");
    let mut said = 0;
    while world.desk.search_progress(&by).await.expect("progress").building {
        world.desk.index_once().await.expect("a step");
        let walked = world.desk.search_progress(&by).await.expect("progress").walked.unwrap_or(0);
        if walked >= said + 200_000 {
            said = walked;
            println!("  {walked} indexed after {:.0?}", began.elapsed());
        }
    }
    let took = began.elapsed();
    let rate = cases as f64 / took.as_secs_f64();
    println!("indexed in {took:.0?}: {rate:.0} cases/s");
}

fn ask(text: &str) -> SearchAsk {
    let text = (!text.is_empty()).then(|| text.to_owned());
    let (from, to, after) = (None, None, None);
    SearchAsk { text, fields: Vec::new(), from, to, after, limit: 20, facets: false }
}

type Asked = Box<dyn FnMut(&mut Seeded) -> SearchAsk>;

/// The kinds of questions, each with a way to make one.
fn kinds(cases: usize, words: Vec<Vec<String>>, world: &World) -> Vec<(&'static str, Asked)> {
    let any = |words: Vec<Vec<String>>| {
        move |dice: &mut Seeded| {
            let from = &words[dice.below(words.len())];
            from[dice.below(from.len())].clone()
        }
    };
    let (one, two, three) = (any(words.clone()), any(words.clone()), any(words.clone()));
    let now = world.desk.now();
    let spread = i64::try_from(cases).expect("a count") * BETWEEN.0;
    let reference = move |dice: &mut Seeded| format!("R-{:07}", dice.below(cases));
    let common = ["payment", "the", "account", "charged", "credit"];
    let rare = ["forgery", "llama", "telegram", "zimbabwe", "xylophone", "reembolso", "विफल"];
    let pick =
        |list: &'static [&'static str]| move |dice: &mut Seeded| list[dice.below(list.len())];
    let (common, rare) = (pick(Box::leak(Box::new(common))), pick(Box::leak(Box::new(rare))));
    let facets = |ask: SearchAsk| SearchAsk { facets: true, ..ask };
    vec![
        ("any word of the texts", Box::new(move |d| ask(&format!("{} ", one(d))))),
        ("a common word", Box::new(move |d| ask(&format!("{} ", common(d))))),
        ("a rare word", Box::new(move |d| ask(&format!("{} ", rare(d))))),
        ("two words", Box::new(move |d| ask(&format!("{} {} ", two(d), two(d))))),
        (
            "three words and a beginning",
            Box::new(move |d| ask(&format!("{} {} {} pa", three(d), three(d), three(d)))),
        ),
        ("a beginning of two letters", Box::new(move |d| ask(["re", "ch", "pa"][d.below(3)]))),
        ("a reference", Box::new(move |d| ask(&reference(d)))),
        ("the beginning of a reference", Box::new(move |d| ask(&reference(d)[..7]))),
        (
            "a mail address",
            Box::new(move |d| ask(&format!("buyer{}@example.test", d.below(1_000_000)))),
        ),
        (
            "an account",
            Box::new(move |d| {
                let account = format!("22000{:07}", d.below(10_000_000));
                SearchAsk { fields: vec![(Field::Account, account)], ..ask("") }
            }),
        ),
        (
            "a queue and a stage",
            Box::new(move |d| {
                let queue = format!("team-{}", d.below(40));
                let fields = vec![(Field::Queue, queue), (Field::Stage, "received".into())];
                SearchAsk { fields, ..ask("") }
            }),
        ),
        (
            "a common word in a queue",
            Box::new(move |d| {
                let fields = vec![(Field::Queue, format!("team-{}", d.below(40)))];
                SearchAsk { fields, ..ask("payment ") }
            }),
        ),
        (
            "a common word in an old day",
            Box::new(move |d| {
                let back = spread / 1_000 * i64::try_from(d.below(900) + 90).expect("a number");
                let from = now.plus(Millis(-back));
                let to = from.plus(Millis::days(1));
                SearchAsk { from: Some(from), to: Some(to), ..ask("payment ") }
            }),
        ),
        ("all cases, counted", Box::new(move |_| facets(ask("")))),
        ("a common word, counted", Box::new(move |d| facets(ask(&format!("{} ", common(d)))))),
        ("a rare word, counted", Box::new(move |d| facets(ask(&format!("{} ", rare(d)))))),
    ]
}

async fn measure(world: &World, by: &Actor, name: &str, make: &mut Asked, dice: &mut Seeded) {
    let (mut times, mut found) = (Vec::with_capacity(ASKED), 0);
    for _ in 0..ASKED {
        let ask = make(dice);
        let began = Instant::now();
        let answer = world.desk.search(by, &ask).await.expect("an answer");
        times.push(began.elapsed());
        found += answer.counts.map_or(answer.found.len(), |counts| counts.count);
    }
    times.sort();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    let (median, p99, found) = (millis(at(50)), millis(at(99)), found / ASKED);
    println!("| {name} | {median:.1} | {p99:.1} | {found} |");
}

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let kind = match args.get(1).map(String::as_str) {
        Some("postgres") => EngineKind::Postgres,
        _ => EngineKind::Sqlite,
    };
    let cases = args.get(2).map_or(100_000, |n| n.parse().expect("a number"));
    let words: Vec<Vec<String>> = narratives(20_000)
        .iter()
        .map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .filter(|words| !words.is_empty())
        .collect();
    let (world, mut dice) = (World::new(kind, 1).await, Seeded::new(7));
    fill(&world, cases, &words, &mut dice).await;
    let by = world.actor(Role::Agent, "bench");
    println!("| question | median ms | p99 ms | found |\n| --- | --- | --- | --- |");
    for (name, mut make) in kinds(cases, words, &world) {
        measure(&world, &by, name, &mut make, &mut dice).await;
    }
}
