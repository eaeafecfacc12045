//! A directory, the commands on it, a server that runs on it and always ends.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// How long a server may take to end; it is asked politely.
const END_MAX: Duration = Duration::from_secs(30);

/// A payment that can be reported and one that cannot, in every installation made here.
pub const PAYMENTS: &str = "refid,trxid,product,account,amount_minor,currency,status,status_at,\
created_at,provider,payer_ref
R-1,T-1,TNB,220001234513,1250,MYR,successful,2026-01-05T10:11:12Z,2026-01-05T10:11:10Z,tnb,
R-2,T-2,TNB,220001234513,1250,MYR,failed,2026-01-05T10:11:12Z,2026-01-05T10:11:10Z,tnb,
R-3,T-3,TNB,220001234513,1250,MYR,successful,2026-01-05T10:11:12Z,2026-01-05T10:11:10Z,tnb,
";

/// What a command said and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// A place for one installation.
pub struct Place {
    scratch: TempDir,
    variables: Vec<(String, String)>,
    /// Another program than the one that was just built.
    program: Option<PathBuf>,
}

impl Place {
    pub fn new() -> Self {
        Self {
            scratch: tempfile::tempdir().expect("a directory"),
            variables: Vec::new(),
            program: None,
        }
    }

    /// The same with the database on PostgreSQL.
    pub async fn on_postgres() -> Self {
        let url = teststand::engines::fresh_postgres().await;
        Self::new().set("REDRESS_STORAGE_ENGINE", "postgres").set("REDRESS_STORAGE_URL", &url)
    }

    /// Sets a variable for every command from now on.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Forgets where the database is, as a service does that was told nothing of it.
    pub fn without_storage(mut self) -> Self {
        self.variables.retain(|(name, _)| !name.starts_with("REDRESS_STORAGE_"));
        self
    }

    /// Runs this program from now on, or the one that was just built.
    pub fn by(mut self, program: Option<PathBuf>) -> Self {
        self.program = program;
        self
    }

    /// What a variable was set to.
    pub fn variable(&self, name: &str) -> Option<String> {
        let last = self.variables.iter().rev().find(|(known, _)| known == name);
        last.map(|(_, value)| value.clone())
    }

    pub fn dir(&self) -> PathBuf {
        self.scratch.path().join("data")
    }

    /// A second place on the same database, with the same keys and variables: another node.
    pub fn beside(&self) -> Self {
        let scratch = tempfile::tempdir().expect("a directory");
        let variables = self.variables.clone();
        let node = Self { scratch, variables, program: self.program.clone() };
        let keys = node.dir().join("keys");
        std::fs::create_dir_all(&keys).expect("a directory");
        for path in [node.dir(), keys.clone()] {
            private(&path, 0o700);
        }
        for key in std::fs::read_dir(self.dir().join("keys")).expect("keys") {
            let key = key.expect("a key");
            std::fs::copy(key.path(), keys.join(key.file_name())).expect("copied");
            private(&keys.join(key.file_name()), 0o600);
        }
        node
    }

    /// A file beside the directory.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.scratch.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("a path").to_owned()
    }

    fn command(&self, args: &[&str]) -> Command {
        let built = Path::new(env!("CARGO_BIN_EXE_redress"));
        let mut command = Command::new(self.program.as_deref().unwrap_or(built));
        // Whoever runs the tests may have settings of his own.
        let own = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        for name in own.filter(|name| name.starts_with("REDRESS_")) {
            command.env_remove(name);
        }
        command.env("REDRESS_LOG_LEVEL", "error");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.arg("--dir").arg(self.dir()).args(args).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Said {
        ended(&mut self.command(args))
    }

    /// Runs a command, reads one line of what it says, and no more; that line, and how it ended.
    pub fn run_read_once(&self, args: &[&str]) -> (String, Said) {
        let mut command = self.command(args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("its output");
        BufReader::new(out).read_line(&mut line).expect("a line");
        (line, said(child.wait_with_output().expect("it ends")))
    }

    /// The same with variables, as `NAME=value`, for this one run.
    pub fn run_with(&self, args: &[&str], variables: &[String]) -> Said {
        let split = variables.iter().filter_map(|one| one.split_once('='));
        ended(self.command(args).envs(split))
    }

    /// Starts a command that reads `input`, and lets it run.
    pub fn begin(&self, args: &[&str], input: Stdio) -> Child {
        let mut command = self.command(args);
        command.stdin(input).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("the program starts")
    }

    /// Runs a command that must work.
    pub fn ok(&self, args: &[&str]) -> String {
        let said = self.run(args);
        assert_eq!(said.code, 0, "{args:?}: {said:?}");
        said.out
    }

    /// Runs a command that must end with this code and say all of these words.
    pub fn ends(&self, code: i32, args: &[&str], words: &[&str]) {
        let said = self.run(args);
        assert_eq!(said.code, code, "{args:?}: {said:?}");
        let all = format!("{}{}", said.out, said.err);
        for word in words {
            assert!(all.contains(word), "{args:?}: {word:?} is not in {all}");
        }
    }

    pub fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.ok(args)).expect("a --json answer is JSON")
    }

    /// An account with three payments, a key and a token, made by the commands that operators use.
    pub fn installed(self) -> Installed {
        self.ok(&["tenant", "add", "acme", "--email", "ops@acme.example"]);
        let file = self.file("payments.csv", PAYMENTS);
        let scope = ["--tenant", "acme", "--env", "production"];
        self.ok(&[&["import", "transactions", &file], &scope[..]].concat());
        let key = self.json(&[&["key", "add", "--json"], &scope[..]].concat());
        let who = ["--role", "agent", "--name", "ann@acme.example", "--json"];
        let token = self.json(&[&["token", "add"], &scope[..], &who].concat());
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let api_key = text(&key["api_key"]);
        let place = self
            .set("REDRESS_API_KEY", &api_key)
            .set("REDRESS_API_SECRET", &text(&key["secret"]))
            .set("REDRESS_TOKEN", &text(&token["token"]));
        Installed { place, api_key }
    }

    /// Starts `serve` or `demo` on a free port, and waits until it listens.
    pub fn start(&self, args: &[&str]) -> Running {
        self.start_with(args, &[])
    }

    /// The same with variables for this one start.
    pub fn start_with(&self, args: &[&str], variables: &[(&str, &str)]) -> Running {
        let mut command = self.command(args);
        command.envs(variables.iter().copied());
        Self::listening(command)
    }

    /// The same, its log going into a file.
    pub fn start_logging(&self, variables: &[(&str, &str)], log: &Path) -> Running {
        let mut command = self.command(&["serve"]);
        let log = std::fs::File::options().create(true).append(true).open(log);
        command.envs(variables.iter().copied()).stderr(log.expect("a log"));
        Self::listening(command)
    }

    fn listening(mut command: Command) -> Running {
        command.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let said = loop {
            let line = lines.next().expect("it says where it listens").expect("a line");
            if let Some((_, url)) = line.split_once("redress listens on ") {
                break url.trim().to_owned();
            }
        };
        std::thread::spawn(move || lines.for_each(drop));
        Running { child, url: said }
    }
}

fn ended(command: &mut Command) -> Said {
    said(command.output().expect("the program starts"))
}

fn said(output: Output) -> Said {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Said {
        code: output.status.code().expect("it ends by itself"),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// An installation with an account.
pub struct Installed {
    pub place: Place,
    pub api_key: String,
}

impl Installed {
    /// Reports on a payment through the running server.
    pub fn report(&self, running: &Running, refid: &str) -> Said {
        let args = ["report", "--url", &running.url, "--refid", refid, "--says", "Not credited"];
        self.place.run(&[&args[..], &["--email", "buyer@example.test"]].concat())
    }
}

/// A server that runs.
pub struct Running {
    child: Child,
    pub url: String,
}

impl Running {
    /// Asks it to read its certificate again.
    pub fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).expect("a process");
        let id = Pid::from_raw(id).expect("a process");
        kill_process(id, signal).expect("it is there to be asked");
    }

    /// Waits until it has ended by itself and gives its exit code.
    pub fn ended(mut self, patience: Duration) -> i32 {
        let since = Instant::now();
        while since.elapsed() < patience {
            if let Some(status) = self.child.try_wait().expect("our child") {
                return status.code().expect("it ends by itself");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it does not end");
    }

    /// Asks it to end and gives its exit code.
    pub fn stop(self) -> i32 {
        self.signal(Signal::TERM);
        self.ended(END_MAX)
    }
}

impl Drop for Running {
    /// Ends it as a crash does, without a word: SIGKILL.
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Sets who may do what with a file.
pub fn private(path: &Path, mode: u32) {
    let mode = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(path, mode).expect("its mode is set");
}

/// Waits until something holds.
pub fn until(what: &str, patience: Duration, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < patience, "still not: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The only case id in a text.
pub fn case_of(text: &str) -> String {
    let at = text.find("cs_").expect("it names a case");
    text[at..at + 29].to_owned()
}

/// The mails that were written, whole.
pub fn mails(dir: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(dir.join("mail")) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mails = paths.filter(|path| path.extension().is_some_and(|end| end == "eml"));
    mails.map(|path| std::fs::read_to_string(path).expect("a mail")).collect()
}

/// An HTTP client for what is on this machine.
#[expect(clippy::disallowed_methods, reason = "a test calls its own server on loopback")]
pub fn client(authority: Option<&Path>) -> reqwest::Client {
    let roots = authority.map(|path| {
        let pem = std::fs::read(path).expect("an authority");
        reqwest::Certificate::from_pem(&pem).expect("a certificate")
    });
    let builder = reqwest::Client::builder().no_proxy().tls_certs_only(roots);
    builder.build().expect("a client")
}
