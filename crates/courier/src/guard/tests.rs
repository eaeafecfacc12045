//! The guard under attack: URLs that disguise where they lead, names that change their mind,
//! receivers that redirect, hang, drip and drown.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::addresses::Ground;
use super::*;
use teststand::receivers::{HttpReceiver, Reply};

/// A resolver that says what it is told to, in turn.
#[derive(Default)]
struct Lying {
    answers: Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>,
}

impl Lying {
    fn about(host: &str, turns: &[&[&str]]) -> Arc<Self> {
        let parse = |texts: &&[&str]| texts.iter().map(|t| t.parse().expect("an IP")).collect();
        let turns = turns.iter().map(parse).collect();
        Arc::new(Self { answers: Mutex::new(HashMap::from([(host.to_owned(), turns)])) })
    }
}

impl LookUp for Lying {
    fn look_up(&self, host: &str) -> LookingUp {
        let mut answers = self.answers.lock().expect("no panic while locked");
        let said = answers.get_mut(host).and_then(|turns| {
            if turns.len() > 1 { turns.pop_front() } else { turns.front().cloned() }
        });
        let said = said.ok_or_else(|| io::Error::other("no such host"));
        Box::pin(async move { said })
    }
}

fn guard(allow: &[&str], look_up: Arc<dyn LookUp>) -> Guard {
    let allow = allow.iter().map(|rule| rule.parse().expect("a rule")).collect();
    let settings = GuardSettings { allow, roots: Roots::None, ..GuardSettings::default() };
    Guard::open_with(&settings, look_up).expect("a client")
}

fn strict() -> Guard {
    guard(&[], Arc::new(SystemLookUp))
}

fn post(url: &str, within: Duration) -> Call<'_> {
    Call {
        method: Method::POST,
        url,
        headers: HeaderMap::new(),
        body: b"{}".to_vec(),
        within,
        answer_bytes_max: 1_000,
    }
}

const SOON: Duration = Duration::from_secs(5);

#[test]
fn urls_are_judged_by_where_they_lead_however_they_are_spelt() {
    let guard = strict();
    let address = |text: &str, ground| {
        Err(Refused::Address { address: text.parse().expect("an IP"), ground })
    };
    let loopback = || address("127.0.0.1", Ground::Loopback);
    let metadata = || address("169.254.169.254", Ground::Metadata);
    for (url, judged) in [
        ("https://hooks.example/in?x=1", Ok(())),
        ("http://hooks.example:8080/", Ok(())),
        ("https://93.184.215.14/", Ok(())),
        ("https://[2606:4700:4700::1111]/", Ok(())),
        ("http://127.0.0.1/", loopback()),
        ("http://127.1/", loopback()),
        ("http://2130706433/", loopback()),
        ("http://0x7f000001/", loopback()),
        ("http://0x7f.1/", loopback()),
        ("http://0177.0.0.1/", loopback()),
        ("http://017700000001/", loopback()),
        ("http://127.0.0.1./", loopback()),
        ("http://%31%32%37.0.0.1/", loopback()),
        ("http://\u{ff11}\u{ff12}\u{ff17}.0.0.1/", loopback()),
        ("http://127\u{3002}0\u{3002}0\u{3002}1/", loopback()),
        ("http:/\\127.0.0.1/", loopback()),
        ("http:127.0.0.1/", loopback()),
        ("http://0/", address("0.0.0.0", Ground::Unspecified)),
        ("http://10.0.0.1/", address("10.0.0.1", Ground::Private)),
        ("http://169.254.169.254/latest/meta-data/", metadata()),
        ("http://0xa9fea9fe/", metadata()),
        ("http://[::1]/", address("::1", Ground::Loopback)),
        ("http://[0:0:0:0:0:0:0:1]/", address("::1", Ground::Loopback)),
        ("http://[::ffff:127.0.0.1]/", address("::ffff:127.0.0.1", Ground::EmbeddedV4)),
        ("http://[::ffff:7f00:1]/", address("::ffff:127.0.0.1", Ground::EmbeddedV4)),
        ("http://[::127.0.0.1]/", address("::127.0.0.1", Ground::EmbeddedV4)),
        ("http://[64:ff9b::a00:1]/", address("64:ff9b::a00:1", Ground::EmbeddedV4)),
        ("http://[2002:7f00:1::]/", address("2002:7f00:1::", Ground::EmbeddedV4)),
        ("http://[fe80::1]/", address("fe80::1", Ground::LinkLocal)),
        ("ftp://hooks.example/", Err(Refused::Scheme { scheme: "ftp".into() })),
        ("file:///etc/passwd", Err(Refused::Scheme { scheme: "file".into() })),
        ("gopher://hooks.example/", Err(Refused::Scheme { scheme: "gopher".into() })),
        ("unix:/run/docker.sock", Err(Refused::Scheme { scheme: "unix".into() })),
        ("http://me@hooks.example/", Err(Refused::Userinfo)),
        ("http://me:word@hooks.example/", Err(Refused::Userinfo)),
        ("http://hooks.example@127.0.0.1/", Err(Refused::Userinfo)),
        ("http://hooks.example:25/", Err(Refused::Port { port: 25 })),
        ("https://hooks.example:22/", Err(Refused::Port { port: 22 })),
        ("http://", Err(Refused::UrlUnread)),
        ("hooks.example/in", Err(Refused::UrlUnread)),
        ("", Err(Refused::UrlUnread)),
        ("http://[fe80::1%25eth0]/", Err(Refused::UrlUnread)),
        ("http://256.1.1.1/", Err(Refused::UrlUnread)),
        ("http://a b/", Err(Refused::UrlUnread)),
    ] {
        assert_eq!(guard.check(url).map(|_| ()), judged, "{url}");
    }
    let long = format!("https://hooks.example/{}", "x".repeat(URL_BYTES_MAX));
    assert_eq!(guard.check(&long).err(), Some(Refused::UrlTooLong));
}

#[tokio::test]
async fn names_are_judged_inside_the_resolver() {
    let receiver = HttpReceiver::always(200).await;
    for (addresses, ground) in [
        (&["127.0.0.1"][..], Ground::Loopback),
        (&["10.0.0.1", "127.0.0.1"], Ground::Loopback),
        (&["169.254.169.254"], Ground::Metadata),
        (&["::1"], Ground::Loopback),
        (&["::ffff:127.0.0.1"], Ground::EmbeddedV4),
        (&["0.0.0.0"], Ground::Unspecified),
    ] {
        let guard = guard(&[], Lying::about("evil.example", &[addresses]));
        let url = format!("http://evil.example:{}/", receiver.port());
        let refused = Refused::Name { host: "evil.example".into(), ground };
        let got = guard.call(post(&url, SOON)).await.err();
        assert_eq!(got, Some(CallError::Refused(refused)), "{addresses:?}");
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn the_machines_own_names_lead_nowhere() {
    let receiver = HttpReceiver::always(200).await;
    for host in ["localhost", "LOCALHOST", "localhost."] {
        let url = format!("http://{host}:{}/", receiver.port());
        let got = strict().call(post(&url, SOON)).await.err();
        // Some machines do not know the name with a dot, which is as good.
        let refused = matches!(&got, Some(CallError::Refused(Refused::Name { .. })));
        assert!(refused || (host.ends_with('.') && got.is_some()), "{host}: {got:?}");
    }
    assert_eq!(receiver.connections(), 0);
}

/// The name is good when it is looked at and bad when it is dialled: the classic. Here every look
/// is the dialling one, so the second turn is judged like the first.
#[tokio::test]
async fn a_name_that_changes_its_mind_is_judged_each_time() {
    let receiver = HttpReceiver::always(200).await;
    let turns: &[&[&str]] = &[&["192.0.2.1"], &["127.0.0.1"], &["169.254.169.254"]];
    let guard = guard(&[], Lying::about("rebind.example", turns));
    let url = format!("http://rebind.example:{}/", receiver.port());
    for ground in [Ground::Documentation, Ground::Loopback, Ground::Metadata] {
        guard.check(&url).expect("its text is harmless");
        let refused = Refused::Name { host: "rebind.example".into(), ground };
        let got = guard.call(post(&url, SOON)).await.err();
        assert_eq!(got, Some(CallError::Refused(refused)));
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn rules_open_what_they_name_and_nothing_beside_it() {
    let receiver = HttpReceiver::always(200).await;
    let other = HttpReceiver::always(200).await;
    let (port, other_port) = (receiver.port(), other.port());
    let lying = || Lying::about("hooks.internal", &[&["127.0.0.1"]]);
    let (named, here) = (format!("hooks.internal:{port}"), format!("loopback:{port}"));
    for (rules, url, reached) in [
        (&[][..], format!("http://hooks.internal:{port}/"), false),
        (&[named.as_str()], format!("http://hooks.internal:{port}/"), true),
        (&[&named], format!("http://HOOKS.internal:{port}/"), true),
        (&[&named], format!("http://hooks.internal:{other_port}/"), false),
        (&[&named], format!("http://127.0.0.1:{port}/"), false),
        (&[&here], format!("http://127.0.0.1:{port}/"), true),
        (&[&here], format!("http://127.0.0.1:{other_port}/"), false),
        (&[&here], format!("http://hooks.internal:{port}/"), false),
        (&["127.0.0.0/8"], format!("http://hooks.internal:{port}/"), true),
        (&["127.0.0.0/8"], format!("http://127.0.0.1:{other_port}/"), true),
        (&["10.0.0.0/8"], format!("http://127.0.0.1:{port}/"), false),
    ] {
        let got = guard(rules, lying()).call(post(&url, SOON)).await;
        assert_eq!(got.is_ok(), reached, "{rules:?} {url}: {got:?}");
    }
    let local = guard(&[&here], Arc::new(SystemLookUp));
    let answer = local.call(post(&format!("http://localhost:{port}/"), SOON)).await;
    assert_eq!(answer.expect("an answer").status, 200);
}

#[tokio::test]
async fn a_mixed_answer_is_dialled_at_its_public_addresses_only() {
    let receiver = HttpReceiver::always(200).await;
    // 192.0.2.1 stands for the public one here: the rule lets it through, nobody is there.
    let mixed = Lying::about("mixed.example", &[&["127.0.0.1", "192.0.2.1"]]);
    let guard = guard(&["192.0.2.0/24"], mixed);
    let url = format!("http://mixed.example:{}/", receiver.port());
    let got = guard.call(post(&url, Duration::from_millis(300))).await.err();
    assert!(matches!(got, Some(CallError::Failed(_))), "{got:?}");
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn redirects_are_answers_and_lead_nowhere() {
    let prey = HttpReceiver::always(200).await;
    let location = prey.url("/secret");
    for status in [301, 302, 303, 307, 308] {
        let reply = Reply::with_header(status, "Location", &location);
        let receiver = HttpReceiver::start(Vec::new(), reply).await;
        let guard = guard(&[&format!("loopback:{}", receiver.port())], Arc::new(SystemLookUp));
        let answer = guard.call(post(&receiver.url("/"), SOON)).await.expect("an answer");
        assert_eq!(answer.status, status);
    }
    assert_eq!(prey.connections(), 0);
}

#[tokio::test]
async fn no_receiver_takes_more_time_or_memory_than_it_is_given() {
    // Only who never answers is given little time: the others are judged by what they say, and a
    // busy machine may need a while to hear it.
    let short = Duration::from_millis(300);
    let tick = Duration::from_millis(20);
    let timed_out = Err(Failing::TimedOut);
    for (reply, expected) in [
        (Reply::Hang, timed_out),
        (Reply::DripHead(tick), timed_out),
        (Reply::Late(Duration::from_secs(60), 200), timed_out),
        (Reply::Reset, Err(Failing::Broken)),
        (Reply::HalfHead, Err(Failing::Broken)),
        (Reply::Noise, Err(Failing::Broken)),
        (Reply::Huge(50_000_000), Ok((200, 1_000, false))),
        (Reply::Huge(1_001), Ok((200, 1_000, false))),
        (Reply::Huge(1_000), Ok((200, 1_000, true))),
        (Reply::status(204), Ok((204, 0, true))),
        (Reply::status(500), Ok((500, 0, true))),
    ] {
        let receiver = HttpReceiver::start(Vec::new(), reply.clone()).await;
        let guard = guard(&[&format!("loopback:{}", receiver.port())], Arc::new(SystemLookUp));
        let given = if expected == timed_out { short } else { SOON };
        let begun = Instant::now();
        let got = guard.call(post(&receiver.url("/in"), given)).await;
        assert!(begun.elapsed() < Duration::from_secs(30), "{reply:?} took {:?}", begun.elapsed());
        let got = match got {
            Ok(answer) => Ok((answer.status, answer.body.len(), answer.complete)),
            Err(CallError::Failed(failed)) => Err(failed.what),
            Err(CallError::Refused(why)) => panic!("{why}"),
        };
        assert_eq!(got, expected, "{reply:?}");
    }
}

#[tokio::test]
async fn a_body_that_drips_is_cut_and_its_status_kept() {
    let receiver = HttpReceiver::start(Vec::new(), Reply::Drip(Duration::from_millis(20))).await;
    let guard = guard(&[&format!("loopback:{}", receiver.port())], Arc::new(SystemLookUp));
    let begun = Instant::now();
    let call = post("", Duration::from_millis(300));
    let url = receiver.url("/");
    let answer = guard.call(Call { url: &url, ..call }).await.expect("a status came");
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!((answer.status, answer.complete), (200, false));
    assert!(!answer.body.is_empty() && answer.body.len() < 100, "{}", answer.body.len());
}

#[tokio::test]
async fn what_was_sent_is_what_arrives_and_failures_keep_urls_to_themselves() {
    let receiver = HttpReceiver::always(200).await;
    let guard = guard(&[&format!("loopback:{}", receiver.port())], Arc::new(SystemLookUp));
    let url = receiver.url("/in?key=1");
    let mut call = post(&url, SOON);
    call.headers.insert("webhook-id", HeaderValue::from_static("msg_1"));
    guard.call(call).await.expect("an answer");
    let request = receiver.requests().pop().expect("a request");
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/in?key=1"));
    assert_eq!(request.body, b"{}");
    assert_eq!(request.header("webhook-id"), Some("msg_1"));
    assert_eq!(request.header("content-length"), Some("2"));
    assert!(request.header("user-agent").is_some_and(|name| name.starts_with("Redress/")));
    for absent in ["referer", "cookie", "authorization", "accept-encoding"] {
        assert_eq!(request.header(absent), None, "{absent}");
    }
    let gone = HttpReceiver::always(200).await;
    let url = format!("http://127.0.0.1:{}/hook/s3cr3t", gone.port());
    let guard = self::guard(&[&format!("loopback:{}", gone.port())], Arc::new(SystemLookUp));
    drop(gone);
    tokio::task::yield_now().await;
    let why = guard.call(post(&url, SOON)).await.expect_err("nobody is there");
    assert!(matches!(&why, CallError::Failed(f) if f.what == Failing::Connect), "{why:?}");
    assert!(!format!("{why} {why:?}").contains("s3cr3t"));
}

#[tokio::test]
async fn an_unknown_name_is_told_from_a_broken_line() {
    let guard = guard(&[], Arc::new(Lying::default()));
    let why = guard.call(post("https://nobody.example/", SOON)).await.expect_err("no such name");
    assert!(matches!(&why, CallError::Failed(f) if f.what == Failing::Name), "{why:?}");
    let nothing = self::guard(&[], Lying::about("empty.example", &[&[]]));
    let why = nothing.call(post("https://empty.example/", SOON)).await.expect_err("no address");
    assert!(matches!(&why, CallError::Failed(f) if f.what == Failing::Name), "{why:?}");
}

#[tokio::test]
async fn a_receiver_without_trust_is_not_told_anything() {
    let key = include_bytes!("../../tests/tls/localhost.key");
    let chain = include_bytes!("../../tests/tls/localhost.pem");
    let receiver = crate::testing::tls_once(chain, key).await;
    let rule = format!("loopback:{}", receiver.port);
    let url = format!("https://localhost:{}/", receiver.port);
    let allow = vec![rule.parse().expect("a rule")];
    let authority = include_bytes!("../../tests/tls/authority.pem").to_vec();
    for (roots, trusted) in [(Roots::None, false), (Roots::Bundle(authority), true)] {
        let guard =
            Guard::open(&GuardSettings { allow: allow.clone(), roots, ..GuardSettings::default() })
                .expect("a client");
        match guard.call(post(&url, SOON)).await {
            Ok(answer) => assert!(trusted && answer.status == 200, "{answer:?}"),
            Err(CallError::Failed(why)) => assert!(!trusted && why.what == Failing::Tls, "{why}"),
            Err(CallError::Refused(why)) => panic!("{why}"),
        }
    }
}

#[test]
fn broken_bundles_say_so() {
    for pem in [&b""[..], b"nonsense"] {
        let settings =
            GuardSettings { roots: Roots::Bundle(pem.to_vec()), ..GuardSettings::default() };
        assert!(matches!(Guard::open(&settings), Err(OpenError::BundleEmpty)), "{pem:?}");
    }
    let pem = b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n".to_vec();
    let settings = GuardSettings { roots: Roots::Bundle(pem), ..GuardSettings::default() };
    assert!(Guard::open(&settings).is_err());
}

/// The store is looked up through variables, which a test cannot set for itself; so the test
/// starts itself again with a store that is not there.
#[test]
fn a_machine_without_authorities_is_told_what_to_do() {
    const MARK: &str = "REDRESS_TEST_WITHOUT_AUTHORITIES";
    if std::env::var_os(MARK).is_some() {
        let why = Guard::open(&GuardSettings::default()).expect_err("there are no authorities");
        assert!(why.to_string().contains("ca-certificates"), "{why}");
        return;
    }
    let this = std::env::current_exe().expect("a test has a path");
    let run = std::process::Command::new(this)
        .args(["--exact", "guard::tests::a_machine_without_authorities_is_told_what_to_do"])
        .env(MARK, "1")
        .env("SSL_CERT_FILE", "/nonexistent")
        .env("SSL_CERT_DIR", "/nonexistent")
        .output()
        .expect("the test can be started again");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
    assert!(String::from_utf8_lossy(&run.stdout).contains("1 passed"));
}
