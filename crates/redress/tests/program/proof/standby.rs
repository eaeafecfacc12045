//! A standby that takes over, by an existing tool: three PostgreSQL servers under Patroni, which
//! keeps its own agreement (raft), with synchronous commit. The machine of the primary goes away
//! under load, again and again; nothing acknowledged is lost. Only in a long run, since Patroni
//! waits 20 seconds before it believes that a primary is gone.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use teststand::receivers::HttpReceiver;

use super::super::support::{Place, Running, client};
use super::cluster;
use super::load::{Outsider, install};
use super::shim;
use super::witness::{Seen, drained, look, settle};

/// Names Patroni's program, which `./test --long` installs.
const PATRONI: &str = "REDRESS_TEST_PATRONI";

/// Servers, and nodes of ours.
const SERVERS: usize = 3;
const NODES: usize = 2;

/// Times that a primary is lost.
const FAILOVERS: u32 = 5;

/// Payments for all of them.
const PAYMENTS: u32 = 30_000;

/// Reports that are taken when a standby has taken over: one alone may be an answer that was late.
const BACK: usize = 30;

/// How long an answer is waited for.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// How long servers may take to agree, to be copied, and to take over.
const PATIENCE: Duration = Duration::from_secs(120);

/// Longer than a message is leased, in seconds, for the last look at what was told.
const AHEAD_S: &str = "100";

/// One server with its Patroni.
struct Server {
    config: PathBuf,
    data: PathBuf,
    log: PathBuf,
    rest: u16,
    port: u16,
    patroni: Option<Child>,
}

/// All of them.
struct Standby {
    folder: TempDir,
    servers: Vec<Server>,
    owner: Option<(u32, u32)>,
    program: PathBuf,
    http: reqwest::Client,
}

/// A port that is free now.
fn port() -> u16 {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    free.local_addr().expect("its address").port()
}

/// What Patroni of one server is told. The waits are its least.
fn told(number: usize, folder: &Path, rest: u16, port: u16, raft: &[u16]) -> String {
    let folder = folder.display();
    let programs = cluster::programs();
    let programs = programs.display();
    let others = raft.iter().enumerate().filter(|(other, _)| *other != number);
    let others: Vec<_> = others.map(|(_, port)| format!("'127.0.0.1:{port}'")).collect();
    let (others, own) = (others.join(", "), raft[number]);
    format!(
        "scope: redress
name: server{number}
restapi: {{listen: '127.0.0.1:{rest}', connect_address: '127.0.0.1:{rest}'}}
raft:
  data_dir: {folder}/raft{number}
  self_addr: 127.0.0.1:{own}
  partner_addrs: [{others}]
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 2
    retry_timeout: 5
    synchronous_mode: true
    synchronous_mode_strict: true
    postgresql:
      use_pg_rewind: true
      parameters: {{max_connections: 60, synchronous_commit: 'on', wal_log_hints: 'on'}}
  initdb: [encoding: UTF8, locale: C]
postgresql:
  listen: 127.0.0.1:{port}
  connect_address: 127.0.0.1:{port}
  data_dir: {folder}/data{number}
  bin_dir: {programs}
  pgpass: {folder}/pass{number}
  authentication:
    superuser: {{username: redress, password: of-a-test}}
    replication: {{username: copies, password: of-a-test}}
    rewind: {{username: rewinds, password: of-a-test}}
  parameters: {{unix_socket_directories: '{folder}'}}
  pg_hba:
  - local all all trust
  - host all all 127.0.0.1/32 trust
  - host replication all 127.0.0.1/32 trust
"
    )
}

impl Standby {
    fn start() -> Self {
        let program = std::env::var_os(PATRONI).map(PathBuf::from);
        let program = program.expect("REDRESS_TEST_PATRONI: ./test --long installs it");
        let folder = tempfile::Builder::new().prefix("redress-standby.").tempdir_in("/tmp");
        let folder = folder.expect("a folder");
        let owner = cluster::owner_if_root();
        if let Some((user, group)) = owner {
            std::os::unix::fs::chown(folder.path(), Some(user), Some(group)).expect("given away");
        }
        let raft: Vec<u16> = (0..SERVERS).map(|_| port()).collect();
        let server = |number| {
            let (rest, port) = (port(), port());
            let path = |what: &str| folder.path().join(format!("{what}{number}"));
            let text = told(number, folder.path(), rest, port, &raft);
            std::fs::write(path("patroni"), text).expect("written");
            let (config, data, log) = (path("patroni"), path("data"), path("log"));
            Server { config, data, log, rest, port, patroni: None }
        };
        let servers = (0..SERVERS).map(server).collect();
        let mut standby = Self { folder, servers, owner, program, http: client(None) };
        (0..SERVERS).for_each(|number| standby.begin(number));
        standby
    }

    /// Starts a server, anew after it was lost.
    fn begin(&mut self, number: usize) {
        let server = &mut self.servers[number];
        let log = std::fs::File::options().create(true).append(true).open(&server.log);
        let log = log.expect("a log");
        let mut command = Command::new(&self.program);
        command.arg(&server.config).current_dir("/").stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a log")).stderr(log);
        command.env("PATH", "/usr/bin:/bin").env("HOME", self.folder.path());
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        server.patroni = Some(command.spawn().expect("Patroni starts"));
    }

    /// The machine of a server goes away: SIGKILL for all that ran there.
    fn lose(&mut self, number: usize) {
        let server = &mut self.servers[number];
        let mut patroni = server.patroni.take().expect("it runs");
        let all = children(patroni.id());
        patroni.kill().expect("it is there");
        patroni.wait().expect("our child");
        let postgres = std::fs::read_to_string(server.data.join("postmaster.pid"));
        let postgres = postgres.ok().and_then(|text| text.lines().next()?.parse().ok());
        let workers = postgres.map(children).unwrap_or_default();
        for id in all.into_iter().chain(postgres).chain(workers) {
            let id = i32::try_from(id).ok().and_then(Pid::from_raw);
            let _ = id.map(|id| kill_process(id, Signal::KILL));
        }
    }

    /// What Patroni knows of everyone, asked of one that runs.
    async fn members(&self) -> Vec<Value> {
        for server in self.servers.iter().filter(|server| server.patroni.is_some()) {
            let url = format!("http://127.0.0.1:{}/cluster", server.rest);
            let Ok(answer) = self.http.get(url).timeout(ANSWER_MAX).send().await else { continue };
            let Ok(text) = answer.text().await else { continue };
            let said: Value = serde_json::from_str(&text).unwrap_or_default();
            if let Some(members) = said["members"].as_array() {
                return members.clone();
            }
        }
        Vec::new()
    }

    /// Waits until one leads, all follow, and a commit waits for one of them; who leads.
    async fn well(&self) -> usize {
        let since = Instant::now();
        loop {
            let members = self.members().await;
            let role = |role: &str| members.iter().filter(|one| one["role"] == role).count();
            let streaming = |one: &&Value| one["state"] == "streaming";
            let following = members.iter().filter(streaming).count();
            if role("leader") == 1 && role("sync_standby") >= 1 && following == SERVERS - 1 {
                let leader = members.iter().find(|one| one["role"] == "leader");
                let name = leader.and_then(|one| one["name"].as_str()).expect("a name");
                return name.trim_start_matches("server").parse().expect("a number");
            }
            let logs = || self.servers.iter().map(|server| tail(&server.log)).collect::<String>();
            assert!(since.elapsed() < PATIENCE, "not well: {members:?}\n{}", logs());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// All servers, of which the one that takes writes is asked.
    fn url(&self) -> String {
        let ports: Vec<_> = self.servers.iter().map(|server| server.port.to_string()).collect();
        let hosts = ["127.0.0.1"; SERVERS].join(",");
        let ports = ports.join(",");
        format!(
            "host={hosts} port={ports} user=redress dbname=postgres \
             target_session_attrs=read-write"
        )
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        for number in 0..SERVERS {
            if self.servers[number].patroni.is_some() {
                self.lose(number);
            }
        }
    }
}

fn tail(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let from = text.len().saturating_sub(2_000);
    text.get(from..).unwrap_or_default().to_owned()
}

/// The processes that this one started.
fn children(id: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{id}/task"));
    let tasks = tasks.into_iter().flatten().filter_map(Result::ok);
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| list.split(' ').filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// A primary is lost under load; how long no report was taken.
async fn fail_over(standby: &mut Standby, outside: &Outsider) -> Duration {
    let leader = standby.well().await;
    let over = Arc::new(AtomicBool::new(false));
    let load = tokio::spawn({
        let (outside, over) = (outside.clone(), Arc::clone(&over));
        async move { outside.load(&over).await }
    });
    tokio::time::sleep(Duration::from_secs(2)).await;
    standby.lose(leader);
    let lost = Instant::now();
    // What was on its way is answered or cut off.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let before = outside.ledger().taken.len();
    while outside.ledger().taken.len() < before + BACK {
        assert!(lost.elapsed() < PATIENCE, "nobody takes over");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let waited = lost.elapsed();
    tokio::time::sleep(Duration::from_secs(2)).await;
    over.store(true, Ordering::Relaxed);
    load.await.expect("the load");
    standby.begin(leader);
    waited
}

fn serve(places: &[Place], outside: &Outsider, variables: &[(&str, &str)]) -> Vec<Running> {
    let start = |place: &Place| place.start_with(&["serve"], variables);
    let running: Vec<Running> = places.iter().map(start).collect();
    outside.ask(running.iter().map(|one| one.url.clone()).collect());
    running
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_takes_over_and_nothing_acknowledged_is_lost() {
    if !super::long() {
        eprintln!("three servers under Patroni: ./test --long");
        return;
    }
    let mut standby = Standby::start();
    standby.well().await;
    let receiver = HttpReceiver::always(200).await;
    let place = Place::new()
        .set("REDRESS_STORAGE_ENGINE", "postgres")
        .set("REDRESS_STORAGE_URL", &standby.url())
        .set("REDRESS_WEBHOOKS_ALLOW", "127.0.0.1");
    let credentials = install(&place, &receiver.url("/hook"), PAYMENTS, |_| {});
    let outside = Outsider::new(&credentials, 1, PAYMENTS).rough(ANSWER_MAX);
    let mut places = vec![place];
    (1..NODES).for_each(|_| places.push(places[0].beside()));
    let running = serve(&places, &outside, &[]);
    let (mut waits, mut seen) = (Vec::new(), Seen::default());
    for _ in 0..FAILOVERS {
        waits.push(fail_over(&mut standby, &outside).await);
        eprintln!("no report was taken for {:?}", waits.last());
        standby.well().await;
        settle(&outside).await;
        look(&outside, &mut seen).await;
        places[0].ends(0, &["audit", "verify"], &["nothing is wrong"]);
    }
    drop(running);
    // What was claimed when a server went is sent when its lease is over.
    let library = shim::library();
    let ahead = [("LD_PRELOAD", library.as_str()), ("SHIM_AHEAD_S", AHEAD_S)];
    let running = serve(&places, &outside, &ahead);
    let mails: Vec<_> = places.iter().map(|place| place.dir().join("mail")).collect();
    let repeats = drained(&outside, &receiver, &mails).await;
    drop(running);
    places[0].ends(0, &["audit", "verify"], &["nothing is wrong"]);
    eprintln!(
        "{FAILOVERS} primaries lost: {} reports and {} acts, all there; no report was taken for \
         {waits:?}; {} events repeated",
        seen.payments.len(),
        seen.acts,
        repeats.events.len()
    );
}
