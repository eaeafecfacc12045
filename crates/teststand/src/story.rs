//! Reads a story: one act a line, what follows behind `->`. All stories go through `tell`, which
//! writes down what happened; a test compares it with the page.
//!
//! ```text
//! tick 1h
//! payment A-1 successful
//! report app A-1 -> case 1 received; queued acknowledge-1, event-1
//! act agent ann 1 resolve upheld -> resolved v2; queued event-1
//! open agent ann letter refid A-2 received 3d -> case 2; queued acknowledge-1, event-1
//! act agent ann 2 merge 1 -> closed v2; queued event-1
//! take agent ann intake -> open v2; queued event-1
//! ```

use std::fmt::Write as _;

use desk::Failure;
use desk::execute::Order;
use domain::case::{
    ActOrder, Ask, ByHand, Channel, CloseReason, Command, Outcome as Verdict, Party, PaymentRef,
    Remedy, Report, Tie,
};
use domain::changes::{Nonce, Outcome};
use domain::ids::CaseId;
use domain::payment::PaymentStatus;
use domain::{Env, Millis, Role, Scope};

use crate::world::World;

/// Tells a story in a world and gives the page as it should read.
pub async fn tell(world: &mut World, page: &str) -> String {
    let mut told = String::new();
    let mut cases: Vec<CaseId> = Vec::new();
    for line in page.lines() {
        let act = line.split("->").next().unwrap_or_default().trim();
        if act.is_empty() || act.starts_with('#') {
            let _ = writeln!(told, "{line}");
            continue;
        }
        match step(world, &mut cases, act).await {
            None => {
                let _ = writeln!(told, "{act}");
            }
            Some(followed) => {
                let _ = writeln!(told, "{act} -> {followed}");
            }
        }
    }
    told
}

async fn step(world: &mut World, cases: &mut Vec<CaseId>, act: &str) -> Option<String> {
    let words: Vec<&str> = act.split_whitespace().collect();
    match words.as_slice() {
        ["tick", time] => {
            world.clock.tick(length(time));
            None
        }
        ["restart"] => {
            world.restart().await;
            None
        }
        ["payment", refid, status, rest @ ..] => {
            let status = PaymentStatus::parse(status).expect("a status");
            world.pay(scope(world, rest), refid, status).await;
            None
        }
        ["report", by, reference, rest @ ..] => {
            let order = report(world, by, reference, rest);
            Some(carried_out(world, cases, &order).await)
        }
        ["act", role, name, case, act, rest @ ..] => {
            let number: usize = case.parse().expect("the number of a case");
            let ask = ask(cases, act, rest);
            if let Ask::Assign { queue: Some(queue), .. } = &ask {
                world.queue(queue).await;
            }
            let order = ActOrder {
                case: cases[number - 1].clone(),
                ask,
                says: option(rest, "says").unwrap_or_default().into(),
                version: option(rest, "version").map(|text| text.parse().expect("a version")),
            };
            let order = Order {
                by: world.actor(Role::parse(role).expect("a role"), name),
                command: Command::Act(order),
                key: option(rest, "key").map(str::to_owned),
                nonce: None,
            };
            Some(carried_out(world, cases, &order).await)
        }
        ["open", role, name, channel, rest @ ..] => {
            let by = world.actor(Role::parse(role).expect("a role"), name);
            let command = Command::Open(by_hand(world, channel, rest));
            let order = Order { by, command, key: None, nonce: None };
            Some(carried_out(world, cases, &order).await)
        }
        ["take", role, name, queue] => {
            let by = world.actor(Role::parse(role).expect("a role"), name);
            let command = Command::TakeNext { queue: (*queue).to_owned() };
            let order = Order { by, command, key: None, nonce: None };
            Some(carried_out(world, cases, &order).await)
        }
        ["audit"] => {
            while world.desk.seal_once().await.expect("a seal").is_some() {}
            let found = world.desk.verify_audit(None, &mut |_| ()).await.expect("an audit");
            Some(format!("{} notes, {} flaws {:?}", found.notes, found.flaws, found.listed))
        }
        other => panic!("no such line in a story: {other:?}"),
    }
}

/// The word behind `name`, when it is among the words.
fn option<'a>(words: &[&'a str], name: &str) -> Option<&'a str> {
    let place = words.iter().position(|word| *word == name)?;
    words.get(place + 1).copied()
}

fn scope(world: &World, words: &[&str]) -> Scope {
    if words.contains(&"staging") {
        return Scope::new(world.scope.tenant(), Env::Staging);
    }
    world.scope
}

fn length(text: &str) -> Millis {
    let (number, unit) = text.split_at(text.len() - 1);
    let number: i64 = number.parse().expect("a number before the unit");
    match unit {
        "s" => Millis::seconds(number),
        "m" => Millis::minutes(number),
        "h" => Millis::hours(number),
        "d" => Millis::days(number),
        other => panic!("no such unit of time: {other}"),
    }
}

fn report(world: &World, by: &str, reference: &str, words: &[&str]) -> Order {
    let payment = match reference.strip_prefix("trxid:") {
        Some(trxid) => PaymentRef::Trxid(trxid.into()),
        None => PaymentRef::Refid(reference.into()),
    };
    let mut actor = world.actor(Role::Client, by);
    actor.scope = scope(world, words);
    let nonce = option(words, "nonce").map(|text| {
        let mut digest = [0; 16];
        let bytes = text.as_bytes();
        digest[..bytes.len()].copy_from_slice(bytes);
        Nonce { minute: world.desk.now().minute(), digest }
    });
    let report = Report {
        payment,
        addresses: vec!["buyer@example.test".into()],
        says: option(words, "says").unwrap_or_default().into(),
        category: String::new(),
    };
    let key = option(words, "key").map(str::to_owned);
    Order { by: actor, command: Command::Report(report), key, nonce }
}

fn by_hand(world: &World, channel: &str, words: &[&str]) -> ByHand {
    let ago = option(words, "received").map(length);
    let addresses = option(words, "to").map(str::to_owned);
    ByHand {
        channel: Channel::parse(channel).expect("a channel"),
        received_at: ago.map(|ago| world.desk.now().plus(Millis(-ago.0))),
        payment: option(words, "refid").map(|refid| PaymentRef::Refid(refid.into())),
        customer: option(words, "customer").unwrap_or_default().into(),
        addresses: addresses.into_iter().collect(),
        says: option(words, "says").unwrap_or_default().into(),
        ..ByHand::empty()
    }
}

fn ask(cases: &[CaseId], act: &str, words: &[&str]) -> Ask {
    let word = words.first().copied().unwrap_or_default();
    let case = |text: &str| cases[text.parse::<usize>().expect("a case's number") - 1].clone();
    let tied = || (Tie::parse(word).expect("a tie"), case(words[1]));
    match act {
        "take" => Ask::Take,
        "unassign" => Ask::Assign { queue: None, person: Some(String::new()) },
        "link" => {
            let (tie, other) = tied();
            Ask::Link { tie, other }
        }
        "unlink" => {
            let (tie, other) = tied();
            Ask::Unlink { tie, other }
        }
        "merge" => Ask::Merge { into: case(word), carry_addresses: words.contains(&"carry") },
        "split" => {
            let payment = option(words, "refid").map(|refid| PaymentRef::Refid(refid.into()));
            Ask::Split { payment, category: String::new() }
        }
        "start" => Ask::Start,
        "wait" => Ask::Wait { on: Party::parse(word).expect("a party") },
        "resume" => Ask::Resume,
        "comment" => Ask::Comment { to_customer: word == "to-customer" },
        "assign" => Ask::Assign { queue: Some(word.into()), person: None },
        "resolve" => Ask::Resolve { outcome: Verdict::parse(word).expect("an outcome") },
        "close" => Ask::Close { reason: CloseReason::parse(word).expect("a reason") },
        "reopen" => Ask::Reopen,
        "propose" => Ask::Propose { remedy: Remedy::parse(word).expect("a remedy") },
        "approve" => Ask::Approve,
        "decline" => Ask::Decline,
        other => panic!("no such act: {other}"),
    }
}

/// What follows from an order, in words: cases by number, then what was queued by it.
async fn carried_out(world: &World, cases: &mut Vec<CaseId>, order: &Order) -> String {
    let scope = order.by.scope;
    let mut before = Vec::new();
    for case in cases.iter() {
        before.push((case.clone(), queued(world, scope, case).await.len()));
    }
    match world.desk.execute(order).await {
        Ok(done) => {
            let again = if done.repeated { " again" } else { "" };
            let (case, words) = match done.outcome {
                Outcome::Reported { case, .. } => {
                    let number = numbered(cases, &case);
                    (case, format!("case {number}{again}"))
                }
                Outcome::Managed { .. } => panic!("a story manages nothing: {done:?}"),
                Outcome::Acted { case, version, stage } => {
                    (case, format!("{} v{version}{again}", stage.name().word()))
                }
                Outcome::Split { case, version, part, .. } => {
                    let (number, part) = (numbered(cases, &case), numbered(cases, &part));
                    (case, format!("case {number} v{version} into case {part}{again}"))
                }
                other => return format!("no outcome of a command: {other:?}"),
            };
            let before = before.iter().find(|(one, _)| *one == case).map_or(0, |(_, all)| *all);
            let all = queued(world, scope, &case).await;
            let fresh = if done.repeated { "" } else { &all[before.min(all.len())..].join(", ") };
            let fresh = if fresh.is_empty() { "nothing" } else { fresh };
            format!("{words}; queued {fresh}")
        }
        Err(Failure::Refused(refusal)) => refusal.to_string(),
        Err(Failure::Broken(fault)) => format!("BROKEN {}", fault.chain()),
    }
}

fn numbered(cases: &mut Vec<CaseId>, case: &CaseId) -> usize {
    if let Some(place) = cases.iter().position(|one| one == case) {
        return place + 1;
    }
    cases.push(case.clone());
    cases.len()
}

async fn queued(world: &World, scope: Scope, case: &CaseId) -> Vec<String> {
    let told = store::read::outbox::told(&world.db, scope, case).await.expect("what was told");
    let mut shapes: Vec<(domain::Instant, String)> =
        told.into_iter().map(|one| (one.at, one.shape)).collect();
    shapes.sort();
    shapes.into_iter().map(|(_, shape)| shape).collect()
}
