//! Whoever we call may hang: endpoints that accept and never answer, that never take the
//! connection, that drip one byte after another, and a mail server that falls silent. Reports are
//! taken as fast and as surely as beside receivers that are well; the two are measured in turns.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use teststand::receivers::{HttpReceiver, Reply, SmtpPlan, SmtpReceiver};
use tokio::task::JoinSet;

use super::super::support::{Place, Running};
use super::load::{Outsider, Said, install};

/// Turns, reports in each, and how many of them at once.
const TURNS: u32 = 8;
const REPORTS: u32 = 48;
const AT_ONCE: u32 = 8;

/// Times as long as beside receivers that are well, and what a busy machine adds to either.
const SLOWER_MAX: u32 = 3;
const NOISE: Duration = Duration::from_millis(150);

/// A server with what it took, as its clients saw it.
struct Side {
    place: Place,
    outside: Outsider,
    running: Running,
    waits: Vec<Duration>,
    next: u32,
}

impl Side {
    fn new(place: Place, hooks: &[String], mark: u64) -> Self {
        let place = place.set("REDRESS_WEBHOOKS_ALLOW", "127.0.0.1");
        let payments = TURNS * REPORTS;
        let credentials = install(&place, &hooks[0], payments, |_| {});
        for hook in &hooks[1..] {
            let scope = ["--tenant", "acme", "--env", "production"];
            place.ok(&[&["webhook", "add", "--url", hook], &scope[..]].concat());
        }
        let running = place.start(&["serve"]);
        let outside = Outsider::new(&credentials, mark, payments).at(&running.url);
        Self { place, outside, running, waits: Vec::new(), next: 0 }
    }

    /// One turn; every report must be taken.
    async fn turn(&mut self) {
        let mut tasks = JoinSet::new();
        for client in 0..AT_ONCE {
            let (outside, first) = (self.outside.clone(), self.next + client);
            tasks.spawn(async move {
                let mut waits = Vec::new();
                for number in (first..).step_by(AT_ONCE as usize).take(per_client()) {
                    let since = Instant::now();
                    let said = outside.report(number, &format!("key-{number}")).await;
                    waits.push(since.elapsed());
                    assert!(matches!(said, Said::Taken(_)), "R-{number}: {said:?}");
                }
                waits
            });
        }
        while let Some(waits) = tasks.join_next().await {
            self.waits.extend(waits.expect("a client"));
        }
        self.next += REPORTS;
    }

    /// The wait that so many of a hundred stay within.
    fn within(&mut self, percent: usize) -> Duration {
        self.waits.sort_unstable();
        self.waits[(self.waits.len() * percent / 100).min(self.waits.len() - 1)]
    }
}

fn per_client() -> usize {
    usize::try_from(REPORTS / AT_ONCE).expect("a few")
}

/// Those that hang.
struct Hanging {
    silent: HttpReceiver,
    drips: HttpReceiver,
    drips_head: HttpReceiver,
    /// Connections are made by the system; nobody takes them.
    never: TcpListener,
    mail: SmtpReceiver,
}

impl Hanging {
    async fn new() -> Self {
        let drop_every = Duration::from_millis(100);
        let mail = SmtpPlan { hang_at: Some("MAIL".to_owned()), ..SmtpPlan::default() };
        Self {
            silent: HttpReceiver::start(Vec::new(), Reply::Hang).await,
            drips: HttpReceiver::start(Vec::new(), Reply::Drip(drop_every)).await,
            drips_head: HttpReceiver::start(Vec::new(), Reply::DripHead(drop_every)).await,
            never: TcpListener::bind("127.0.0.1:0").expect("a port"),
            mail: SmtpReceiver::start(mail).await,
        }
    }

    fn hooks(&self) -> Vec<String> {
        let never = self.never.local_addr().expect("its address");
        let urls = [&self.silent, &self.drips, &self.drips_head].map(|one| one.url("/hook"));
        urls.into_iter().chain([format!("http://{never}/hook")]).collect()
    }
}

fn mailing(place: Place, server: &SmtpReceiver) -> Place {
    place
        .set("REDRESS_MAIL_TRANSPORT", "smtp")
        .set("REDRESS_MAIL_SMTP_HOST", "127.0.0.1")
        .set("REDRESS_MAIL_SMTP_PORT", &server.port().to_string())
        .set("REDRESS_MAIL_SMTP_TLS", "off")
}

async fn compare(engine: &str, place: Place, other: Place) {
    let well = HttpReceiver::always(200).await;
    let mail = SmtpReceiver::start(SmtpPlan::default()).await;
    let hanging = Hanging::new().await;
    let hooks = vec![well.url("/hook")];
    let mut beside_well = Side::new(mailing(place, &mail), &hooks, 1);
    let mut beside_hanging = Side::new(mailing(other, &hanging.mail), &hanging.hooks(), 2);
    for _ in 0..TURNS {
        beside_well.turn().await;
        beside_hanging.turn().await;
    }
    assert!(!hanging.silent.requests().is_empty(), "nothing hung there");
    assert!(!hanging.drips.requests().is_empty() && !hanging.drips_head.requests().is_empty());
    assert!(hanging.mail.connections() > 0 && hanging.mail.mails().is_empty(), "mail went out");
    for percent in [50, 99] {
        let (good, bad) = (beside_well.within(percent), beside_hanging.within(percent));
        eprintln!("{engine}, within {percent} of 100: {good:?}, beside those that hang {bad:?}");
        assert!(bad <= good * SLOWER_MAX + NOISE, "{engine}: {bad:?} against {good:?}");
    }
    for side in [beside_well, beside_hanging] {
        // Without a word: an orderly end waits for what is under way.
        drop(side.running);
        side.place.ends(0, &["audit", "verify"], &["nothing is wrong"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hangs_slows_no_report_on_sqlite() {
    compare("SQLite", Place::new(), Place::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hangs_slows_no_report_on_postgres() {
    compare("PostgreSQL", Place::on_postgres().await, Place::on_postgres().await).await;
}
