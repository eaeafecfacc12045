//! The courier over a real outbox, to receivers that fail by plan.

use std::sync::atomic::Ordering::Relaxed;

use desk::admin::AdminOrder;
use desk::execute::Order;
use domain::admin::{AdminAct, SettingKey};
use domain::case::{Command, PaymentRef, Report};
use domain::changes::Outcome;
use domain::ids::CaseId;
use domain::payment::PaymentStatus;
use domain::{Role, Scope};
use mail_parser::MessageParser;
use store::engine::EngineKind;
use teststand::engines::BOTH;
use teststand::receivers::{HttpReceiver, HttpRequest, Reply, SmtpPlan, SmtpReceiver};
use teststand::world::World;
use tokio::task::JoinHandle;

use super::*;
use crate::email::{Folder, Mailbox, Smtp, SmtpSettings, TlsPolicy};
use crate::guard::{GuardSettings, Roots};
use crate::testing::Lines;
use crate::webhook::{SigningKey, signatures};

const MANY: Caps = Caps { per_address: 1_000_000, per_key: 1_000_000 };

fn tools(transport: Transport, caps: Caps) -> Tools {
    let allow = vec!["loopback".parse().expect("a rule")];
    let settings = GuardSettings { allow, roots: Roots::None, ..GuardSettings::default() };
    let from = Mailbox::parse("Redress <help@redress.example>").expect("a mailbox");
    Tools {
        guard: Guard::open(&settings).expect("a client"),
        webhook_timeout: Duration::from_secs(8),
        letters: Letters::built_in().expect("the letters parse"),
        transport,
        sender: Sender { from, reply_to: None },
        caps,
    }
}

fn smtp(server: &SmtpReceiver) -> Transport {
    let settings = SmtpSettings {
        host: "127.0.0.1".into(),
        port: server.port(),
        tls: TlsPolicy::Off,
        roots: None,
        login: None,
        timeout: Duration::from_secs(2),
    };
    Transport::Smtp(Box::new(Smtp::open(settings).expect("a transport")))
}

/// A courier at work; it is stopped before its world ends.
struct Running {
    courier: Arc<Courier>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    fn start(world: &World, transport: Transport, caps: Caps) -> Self {
        let courier = Courier::new(world.desk.clone(), tools(transport, caps));
        let stop = CancellationToken::new();
        let task = tokio::spawn(Arc::clone(&courier).run(stop.clone()));
        Self { courier, stop, task }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.expect("it ends well");
    }
}

async fn report(world: &World, scope: Scope, refid: &str, addresses: &[&str]) -> CaseId {
    world.pay(scope, refid, PaymentStatus::Successful).await;
    let report = Report {
        payment: PaymentRef::Refid(refid.into()),
        addresses: addresses.iter().map(|text| (*text).to_owned()).collect(),
        says: "My <b>secret</b> story http://evil.example".into(),
        category: String::new(),
    };
    let by = domain::Actor::new(scope, Role::Client, "key-1");
    let order = Order { by, command: Command::Report(report), key: None, nonce: None };
    match world.desk.execute(&order).await.expect("a case").outcome {
        Outcome::Reported { case, .. } => case,
        other => panic!("{other:?}"),
    }
}

/// Waits until nothing waits in the outbox; the clock stands still meanwhile.
async fn settled(world: &World) {
    until("the outbox is empty", async || {
        world.desk.waiting_messages().await.expect("a count") == 0
    })
    .await;
}

async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..600 {
        if holds().await {
            return;
        }
        sleep(Duration::from_millis(25)).await;
    }
    panic!("waited in vain until {what}");
}

async fn tries(world: &World, case: &CaseId, channel: &str) -> Vec<(String, String)> {
    let told = store::read::outbox::told(&world.db, world.scope, case).await.expect("a list");
    let of_channel = told.into_iter().filter(|told| told.channel == channel);
    of_channel.flat_map(|told| told.tries).map(|one| (one.result, one.detail)).collect()
}

fn is_signed(request: &HttpRequest, secret: &str) -> bool {
    let seconds = request.header("webhook-timestamp").and_then(|text| text.parse().ok());
    let id = request.header("webhook-id").unwrap_or_default();
    let keys = [SigningKey::parse(secret).expect("a key")];
    let wanted = signatures(&keys, id, seconds.unwrap_or_default(), &request.body);
    request.header("webhook-signature") == Some(wanted.as_str())
}

#[tokio::test]
async fn a_report_is_told_by_mail_and_by_webhook_on_both_engines() {
    for kind in BOTH {
        let world = World::new(kind, 1).await;
        let (server, receiver) =
            (SmtpReceiver::start(SmtpPlan::default()).await, HttpReceiver::always(204).await);
        let url = receiver.url("/hook");
        let (_, secret) = world.desk.add_endpoint(world.scope, &url, None).await.expect("one");
        let running = Running::start(&world, smtp(&server), MANY);
        let case = report(&world, world.scope, "A-1", &["ann@b.example", "c@d.example"]).await;
        settled(&world).await;
        let mails = server.mails();
        assert_eq!(mails.len(), 1, "{kind:?}");
        assert_eq!(mails[0].to, ["ann@b.example", "c@d.example", "desk@example.test"]);
        let mail = MessageParser::default().parse(&mails[0].data).expect("a mail");
        let text = mail.body_text(0).expect("a text").into_owned();
        assert!(text.contains(case.as_str()) && text.contains("MYR 12.00"), "{text}");
        let whole = String::from_utf8_lossy(&mails[0].data).into_owned();
        for never in ["secret", "evil.example", "220001234513"] {
            assert!(!whole.contains(never), "{never} stands in the mail");
        }
        let requests = receiver.requests();
        assert_eq!(requests.len(), 1, "{kind:?}");
        assert!(is_signed(&requests[0], secret.reveal()));
        let body: serde_json::Value = serde_json::from_slice(&requests[0].body).expect("JSON");
        assert_eq!(body["type"], "case.opened");
        assert_eq!(
            (&body["data"]["case"], &body["data"]["refid"]),
            (&case.as_str().into(), &"A-1".into())
        );
        assert_eq!(running.courier.counts().done.load(Relaxed), 2);
        running.stop().await;
    }
}

#[tokio::test]
async fn a_failed_delivery_is_repeated_with_its_id_until_it_is_taken() {
    let world = World::new(EngineKind::Sqlite, 2).await;
    let plan = vec![Reply::status(500), Reply::Reset, Reply::status(301), Reply::status(404)];
    let receiver = HttpReceiver::start(plan, Reply::status(200)).await;
    let url = receiver.url("/hook");
    let (_, secret) = world.desk.add_endpoint(world.scope, &url, None).await.expect("one");
    let running = Running::start(&world, Transport::Off, MANY);
    let case = report(&world, world.scope, "A-1", &[]).await;
    for count in 1..=5 {
        until("it was tried", async || tries(&world, &case, "webhook").await.len() >= count).await;
        world.clock.tick(Millis::minutes(12));
    }
    settled(&world).await;
    let requests = receiver.requests();
    assert_eq!(requests.len(), 5);
    assert!(requests.iter().all(|request| is_signed(request, secret.reveal())));
    let same = |name: &str| {
        let first = requests[0].header(name);
        requests.iter().all(|request| request.header(name) == first)
    };
    assert!(same("webhook-id") && !same("webhook-timestamp") && !same("webhook-signature"));
    assert!(requests.iter().all(|request| request.body == requests[0].body));
    let tries = tries(&world, &case, "webhook").await;
    let results: Vec<&str> = tries.iter().map(|(result, _)| result.as_str()).collect();
    assert_eq!(results, ["again", "again", "again", "again", "done"], "{tries:?}");
    running.stop().await;
}

#[tokio::test]
async fn staging_sends_webhooks_to_its_own_endpoints_and_no_mail() {
    let world = World::new(EngineKind::Sqlite, 3).await;
    let staging = Scope::new(world.scope.tenant(), domain::Env::Staging);
    let (server, ours, theirs) = (
        SmtpReceiver::start(SmtpPlan::default()).await,
        HttpReceiver::always(200).await,
        HttpReceiver::always(200).await,
    );
    world.desk.add_endpoint(staging, &ours.url("/"), None).await.expect("one");
    world.desk.add_endpoint(world.scope, &theirs.url("/"), None).await.expect("one");
    let running = Running::start(&world, smtp(&server), MANY);
    report(&world, staging, "A-1", &["ann@b.example"]).await;
    settled(&world).await;
    assert_eq!((ours.requests().len(), theirs.requests().len()), (1, 0));
    assert_eq!(server.connections(), 0);
    running.stop().await;
}

#[tokio::test]
async fn receivers_that_hang_do_not_hold_up_the_others() {
    let world = World::new(EngineKind::Sqlite, 4).await;
    let hanging = HttpReceiver::start(Vec::new(), Reply::Hang).await;
    let mail =
        SmtpReceiver::start(SmtpPlan { hang_at: Some("EHLO".into()), ..SmtpPlan::default() }).await;
    let healthy = HttpReceiver::always(200).await;
    for n in 0..20 {
        let url = hanging.url(&format!("/{n}"));
        world.desk.add_endpoint(world.scope, &url, None).await.expect("one");
    }
    world.desk.add_endpoint(world.scope, &healthy.url("/"), None).await.expect("one");
    let running = Running::start(&world, smtp(&mail), MANY);
    for n in 0..20 {
        report(&world, world.scope, &format!("A-{n}"), &["ann@b.example"]).await;
    }
    // The hanging ones take eight seconds each; the healthy one is not to wait for any of them.
    let waiting = timeout(Duration::from_secs(7), healthy.wait_for(20)).await;
    assert!(waiting.is_ok(), "only {} came", healthy.requests().len());
    assert!(hanging.open_max() <= 20, "one at a time to a place nobody knows yet");
    running.task.abort();
}

#[tokio::test]
async fn a_mail_goes_to_those_who_can_have_it_and_later_to_those_who_could_not() {
    let world = World::new(EngineKind::Sqlite, 5).await;
    let rcpt = vec![
        ("c@d.example".to_owned(), "450 4.2.0 greylisted".to_owned()),
        ("no@d.example".to_owned(), "550 5.1.1 nobody".to_owned()),
    ];
    let server = SmtpReceiver::start(SmtpPlan { rcpt, ..SmtpPlan::default() }).await;
    let running = Running::start(&world, smtp(&server), MANY);
    let addresses = ["ann@b.example", "c@d.example", "no@d.example"];
    let case = report(&world, world.scope, "A-1", &addresses).await;
    until("it was tried", async || tries(&world, &case, "mail").await.len() == 1).await;
    world.clock.tick(Millis::minutes(2));
    settled(&world).await;
    let mails = server.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].to, ["ann@b.example", "desk@example.test"]);
    assert_eq!(mails[1].to, ["c@d.example"]);
    assert_eq!(mails[0].data, mails[1].data);
    let tries = tries(&world, &case, "mail").await;
    assert_eq!((tries[0].0.as_str(), tries[1].0.as_str()), ("again", "done"), "{tries:?}");
    assert!(
        tries[0].1.contains("refused for 1 of 4") && tries[0].1.contains("not yet taken for 1")
    );
    running.stop().await;
}

#[tokio::test]
async fn what_is_over_the_caps_goes_to_the_account_alone_and_never_waits() {
    let world = World::new(EngineKind::Sqlite, 6).await;
    let server = SmtpReceiver::start(SmtpPlan::default()).await;
    let running = Running::start(&world, smtp(&server), Caps { per_address: 2, per_key: 7 });
    let mut told = Vec::new();
    for (refid, named) in [
        ("A-0", vec!["ann@b.example"]),
        ("A-1", vec!["Ann+shop@b.example"]),
        ("A-2", vec!["ann@b.example", "eve@b.example"]),
        ("A-3", vec!["ann+3@b.example"]),
        // As a reader along she is left out, and the one it is for has it.
        ("B-1", vec!["bob@b.example", "ANN+4@b.example"]),
        ("E-1", vec!["eve@b.example"]),
        ("E-2", vec!["eve@b.example"]),
        // Here the key has caused seven.
        ("B-2", vec!["bob@b.example"]),
    ] {
        let case = report(&world, world.scope, refid, &named).await;
        settled(&world).await;
        let tries = tries(&world, &case, "mail").await;
        assert_eq!((tries.len(), tries[0].0.as_str()), (1, "done"), "{refid}: {tries:?}");
        told.push(tries[0].1.clone());
    }
    let mails = server.mails();
    let to: Vec<String> = mails.iter().map(|mail| mail.to.join(" ")).collect();
    assert_eq!(
        to,
        [
            "ann@b.example desk@example.test",
            "Ann+shop@b.example desk@example.test",
            "desk@example.test",
            "desk@example.test",
            "bob@b.example desk@example.test",
            "eve@b.example desk@example.test",
            "eve@b.example desk@example.test",
            "desk@example.test",
        ]
    );
    for (n, said) in [(2, "the first had"), (3, "the first had"), (4, "1 left"), (7, "their key")] {
        assert!(told[n].contains(said) && !told[n].contains('@'), "{}", told[n]);
        let headers = String::from_utf8_lossy(&mails[n].data).to_ascii_lowercase();
        assert!(!headers.contains("ann"), "she does not stand in the headers either");
    }
    // A key over its cap uses up nobody's own.
    let quota = world.desk.use_quota("mail to", "bob@b.example", 2).await.expect("an answer");
    assert!(quota, "bob had one");
    running.stop().await;
}

#[tokio::test]
async fn a_repeated_mail_goes_to_nobody_whom_the_caps_left_out() {
    let world = World::new(EngineKind::Sqlite, 10).await;
    let rcpt = vec![("desk@example.test".to_owned(), "450 4.2.0 greylisted".to_owned())];
    let server = SmtpReceiver::start(SmtpPlan { rcpt, ..SmtpPlan::default() }).await;
    let running = Running::start(&world, smtp(&server), Caps { per_address: 0, per_key: 9 });
    let case = report(&world, world.scope, "A-1", &["ann@b.example"]).await;
    until("it was tried", async || tries(&world, &case, "mail").await.len() == 1).await;
    world.clock.tick(Millis::minutes(2));
    settled(&world).await;
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, ["desk@example.test"]);
    running.stop().await;
}

#[tokio::test]
async fn a_deaf_endpoint_and_each_failed_mail_are_one_line_that_names_nobody() {
    let lines = Lines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let world = World::new(EngineKind::Sqlite, 11).await;
    let rcpt = vec![
        ("ann@b.example".to_owned(), "550 5.1.1 <ann@b.example> is nobody".to_owned()),
        ("desk@example.test".to_owned(), "550 5.1.1 no".to_owned()),
    ];
    let server = SmtpReceiver::start(SmtpPlan { rcpt, ..SmtpPlan::default() }).await;
    let busy = vec![Reply::status(503), Reply::status(503)];
    let receiver = HttpReceiver::start(busy, Reply::status(200)).await;
    let url = receiver.url("/token-in-path");
    let (endpoint, _) = world.desk.add_endpoint(world.scope, &url, None).await.expect("one");
    let running = Running::start(&world, smtp(&server), MANY);
    let case = report(&world, world.scope, "A-1", &["ann@b.example"]).await;
    for channel in ["mail", "webhook"] {
        until("it was tried", async || tries(&world, &case, channel).await.len() == 1).await;
    }
    world.clock.tick(Millis::minutes(12));
    until("it was tried again", async || tries(&world, &case, "webhook").await.len() == 2).await;
    world.clock.tick(Millis::hours(3));
    settled(&world).await;
    running.stop().await;
    let lines = lines.of("courier::delivery");
    assert_eq!(lines.len(), 3, "{lines:?}");
    let find = |level: &str| lines.iter().find(|line| line.starts_with(level)).expect("a line");
    let (mail, hook) = (find("ERROR"), find("WARN"));
    assert!(mail.contains("given up") && mail.contains("smtp") && mail.contains("msg_"), "{mail}");
    assert!(hook.contains("answered 503") && hook.contains(endpoint.as_str()), "{hook}");
    let again = find("INFO");
    assert!(again.contains("takes events again") && again.contains("in_a_row=2"), "{again}");
    for never in ["ann@", "desk@", "token-in-path", "secret"] {
        assert!(!lines.iter().any(|line| line.contains(never)), "{lines:?}");
    }
}

#[tokio::test]
async fn what_a_crash_left_is_sent_when_its_lease_has_ended() {
    let mut world = World::new(EngineKind::Sqlite, 7).await;
    let home = tempfile::tempdir().expect("a folder");
    let hanging = HttpReceiver::start(vec![Reply::Hang], Reply::status(200)).await;
    world.desk.add_endpoint(world.scope, &hanging.url("/"), None).await.expect("one");
    let folder = || Transport::Folder(Folder::open(home.path()).expect("a folder"));
    let running = Running::start(&world, folder(), MANY);
    report(&world, world.scope, "A-1", &["ann@b.example"]).await;
    hanging.wait_for(1).await;
    running.task.abort();
    drop(running);
    world.restart().await;
    let running = Running::start(&world, folder(), MANY);
    sleep(Duration::from_millis(300)).await;
    assert_eq!(hanging.requests().len(), 1, "the lease is still the other's");
    world.clock.tick(LEASE);
    settled(&world).await;
    let requests = hanging.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].header("webhook-id"), requests[1].header("webhook-id"));
    let mails = std::fs::read_dir(home.path()).expect("a folder").count();
    assert_eq!(mails, 2, "one mail with its envelope");
    running.stop().await;
}

#[tokio::test]
async fn whoever_was_stopped_until_its_lease_is_nearly_over_sends_nothing() {
    let world = World::new(EngineKind::Sqlite, 9).await;
    let home = tempfile::tempdir().expect("a folder");
    let receiver = HttpReceiver::always(200).await;
    world.desk.add_endpoint(world.scope, &receiver.url("/"), None).await.expect("one");
    report(&world, world.scope, "A-1", &["ann@b.example"]).await;
    let folder = Transport::Folder(Folder::open(home.path()).expect("a folder"));
    let courier = Courier::new(world.desk.clone(), tools(folder, MANY));
    let mut held = Vec::new();
    for message in world.desk.claim(64, LEASE).await.expect("a claim") {
        match place_of(&message) {
            Place::Spread => assert_eq!(courier.errand(message).await, (How::Well, true)),
            _ => held.push(message),
        }
    }
    held.extend(world.desk.claim(64, LEASE).await.expect("the delivery"));
    world.clock.tick(Millis::seconds(45));
    for message in held {
        assert_eq!(courier.errand(message).await, (How::NotTried, false));
    }
    assert!(receiver.requests().is_empty());
    assert_eq!(std::fs::read_dir(home.path()).expect("a folder").count(), 0);
    // Nothing was lost by it: the lease ends by itself.
    world.clock.tick(LEASE);
    let folder = Transport::Folder(Folder::open(home.path()).expect("a folder"));
    let running = Running::start(&world, folder, MANY);
    settled(&world).await;
    assert_eq!(receiver.requests().len(), 1);
    running.stop().await;
}

#[tokio::test]
async fn what_our_database_kept_from_being_sent_does_not_wait_for_its_lease() {
    for kind in BOTH {
        let world = World::new(kind, 12).await;
        let home = tempfile::tempdir().expect("a folder");
        let receiver = HttpReceiver::always(200).await;
        world.desk.add_endpoint(world.scope, &receiver.url("/"), None).await.expect("one");
        let away = [
            "ALTER TABLE settings RENAME TO settings_away",
            "ALTER TABLE webhook_endpoints RENAME TO webhook_endpoints_away",
        ];
        let back = [
            "ALTER TABLE settings_away RENAME TO settings",
            "ALTER TABLE webhook_endpoints_away RENAME TO webhook_endpoints",
        ];
        let change = async |tables: [&'static str; 2]| {
            let all = tables.map(|sql| store::engine::Stmt::any(sql, Vec::new())).to_vec();
            world.db.commit(all).await.expect("the tables change");
        };
        report(&world, world.scope, "A-1", &["ann@b.example"]).await;
        world.clock.tick(Millis::seconds(6)); // What the account has set is not believed any more.
        change(away).await;
        let folder = Transport::Folder(Folder::open(home.path()).expect("a folder"));
        let courier = Courier::new(world.desk.clone(), tools(folder, MANY));
        let claimed = world.desk.claim(64, LEASE).await.expect("a claim");
        assert_eq!(claimed.len(), 2, "a mail and an event");
        for message in claimed {
            assert_eq!(courier.errand(message).await, (How::NotTried, false));
        }
        change(back).await;
        world.clock.tick(NOT_BEGUN_WAIT);
        let folder = Transport::Folder(Folder::open(home.path()).expect("a folder"));
        let running = Running::start(&world, folder, MANY);
        settled(&world).await;
        assert_eq!(receiver.requests().len(), 1, "{kind:?}");
        assert_eq!(std::fs::read_dir(home.path()).expect("a folder").count(), 2, "{kind:?}");
        running.stop().await;
    }
}

#[tokio::test]
async fn stopping_gives_back_what_was_not_begun() {
    let world = World::new(EngineKind::Sqlite, 8).await;
    let slow = Reply::Late(Duration::from_millis(700), 200);
    let receiver = HttpReceiver::start(Vec::new(), slow).await;
    world.desk.add_endpoint(world.scope, &receiver.url("/"), None).await.expect("one");
    let running = Running::start(&world, Transport::Off, MANY);
    for n in 0..10 {
        report(&world, world.scope, &format!("A-{n}"), &[]).await;
    }
    receiver.wait_for(1).await;
    sleep(Duration::from_millis(200)).await;
    running.stop().await;
    let before = receiver.requests().len();
    assert!(before < 10, "{before}");
    // Nobody waits for a lease: the clock stands still.
    let running = Running::start(&world, Transport::Off, MANY);
    settled(&world).await;
    assert_eq!(receiver.requests().len(), 10);
    running.stop().await;
}

#[tokio::test]
async fn a_receiver_that_wants_no_more_and_one_that_is_gone_are_given_up() {
    let world = World::new(EngineKind::Sqlite, 9).await;
    let receiver = HttpReceiver::always(410).await;
    world.desk.add_endpoint(world.scope, &receiver.url("/"), None).await.expect("one");
    world.desk.add_endpoint(world.scope, "http://10.0.0.1/", None).await.expect("one");
    let running = Running::start(&world, Transport::Off, MANY);
    let case = report(&world, world.scope, "A-1", &[]).await;
    let tries = async || tries(&world, &case, "webhook").await;
    until("both were tried", async || tries().await.len() == 2).await;
    // Three days, and some.
    for _ in 0..100 {
        if world.desk.waiting_messages().await.expect("a count") == 0 {
            break;
        }
        world.clock.tick(Millis::hours(14));
        world.desk.outbox_grew().notify_waiters();
        sleep(Duration::from_millis(100)).await;
    }
    let tries = tries().await;
    let given_up: Vec<&str> =
        tries.iter().filter(|(r, _)| r == "given-up").map(|(_, said)| said.as_str()).collect();
    assert_eq!(given_up.len(), 2, "{tries:?}");
    assert!(given_up.iter().any(|said| said.contains("410")));
    assert!(given_up.iter().any(|said| said.contains("10.0.0.1 is a private address")));
    assert_eq!(receiver.requests().len(), 1);
    assert_eq!(tries.len(), 1 + 15);
    running.stop().await;
}

/// What an account sets for itself: its mails, the secret its endpoint had before, and an event
/// that only tries the endpoint.
#[tokio::test]
async fn an_accounts_own_settings_reach_mails_and_webhooks() {
    for kind in BOTH {
        let world = World::new(kind, 1).await;
        let (server, receiver) =
            (SmtpReceiver::start(SmtpPlan::default()).await, HttpReceiver::always(204).await);
        let act = async |act: AdminAct| {
            let order = AdminOrder::new(domain::Actor::operator(world.scope), act);
            match world.desk.administer(&order).await {
                Ok(done) => done.secret.map(|one| one.reveal().to_owned()).unwrap_or_default(),
                Err(failure) => panic!("{failure:?}"),
            }
        };
        let set = |key, value: &str| AdminAct::SettingSet { key, value: value.to_owned() };
        act(set(SettingKey::SenderName, "Acme Pay")).await;
        act(set(SettingKey::SupportAddress, "help@acme.example")).await;
        let added = world.desk.add_endpoint(world.scope, &receiver.url("/hook"), None).await;
        let (id, old) = added.expect("one");
        let old = old.reveal().to_owned();
        let new = act(AdminAct::EndpointRotate { id: id.clone(), hours: 1 }).await;
        act(AdminAct::EndpointTest { id }).await;
        let running = Running::start(&world, smtp(&server), MANY);
        report(&world, world.scope, "A-1", &["ann@b.example"]).await;
        settled(&world).await;
        let mails = server.mails();
        let whole = String::from_utf8_lossy(&mails[0].data).into_owned();
        assert!(whole.contains("Acme Pay") && whole.contains("Reply-To: help@acme.example"));
        let posted = receiver.requests();
        let pings: Vec<_> = posted
            .iter()
            .filter(|one| String::from_utf8_lossy(&one.body).starts_with(r#"{"type":"ping""#))
            .collect();
        assert_eq!((pings.len(), posted.len()), (1, 2));
        for one in &posted {
            let signed = one.header("webhook-signature").expect("signed");
            assert_eq!(signed.split(' ').count(), 2, "both secrets sign");
            let seconds = one.header("webhook-timestamp").and_then(|text| text.parse().ok());
            let keys = [&new, &old].map(|one| SigningKey::parse(one).expect("a key"));
            let id = one.header("webhook-id").unwrap_or_default();
            assert_eq!(signed, signatures(&keys, id, seconds.unwrap_or_default(), &one.body));
        }
        act(set(SettingKey::Acknowledgement, "off")).await;
        let case = report(&world, world.scope, "A-2", &["ann@b.example"]).await;
        settled(&world).await;
        assert_eq!(server.mails().len(), 1, "this mail is switched off");
        let told = tries(&world, &case, "mail").await;
        assert!(told[0].1.contains("switched this mail off"), "{told:?}");
        running.stop().await;
    }
}
