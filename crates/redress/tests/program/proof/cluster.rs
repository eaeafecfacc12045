//! A PostgreSQL of a test's own, which may be crashed, restarted and filled: on a private socket,
//! durable as in earnest, gone with the test. It must never be one that others use.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Folders of the server's programs, which distributions keep out of PATH; newest last.
const FOLDERS: [&str; 2] = ["/usr/lib/postgresql", "/usr"];

/// How long the server may take to start or stop, in seconds.
const WAIT_S: &str = "60";

/// How a server is stopped.
#[derive(Clone, Copy, Debug)]
pub enum Stop {
    /// As by SIGQUIT: every connection ends at once, and the next start recovers from the log.
    Crash,
    /// As a service manager does: transactions are undone, connections end, all is written.
    Orderly,
}

/// One server. It ends when dropped.
pub struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    /// Whom it runs as, when the test is root: the server refuses that.
    owner: Option<(u32, u32)>,
    variables: Vec<(String, String)>,
}

impl Cluster {
    /// Makes one and starts it.
    pub fn start() -> Self {
        Self::with(&[], None)
    }

    /// The same with variables for a library that lets the disk of this folder be full.
    pub fn start_filling(variables: &[(&str, &str)], folder: &str) -> Self {
        Self::with(variables, Some(folder))
    }

    fn with(variables: &[(&str, &str)], filling: Option<&str>) -> Self {
        // The path of a socket has 107 bytes at most.
        let folder = tempfile::Builder::new().prefix("redress-pg.").tempdir_in("/tmp");
        let folder = folder.expect("a folder");
        let owner = owner_if_root();
        if let Some((user, group)) = owner {
            std::os::unix::fs::chown(folder.path(), Some(user), Some(group)).expect("given away");
        }
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let mut variables: Vec<(String, String)> = variables.collect();
        if let Some(below) = filling {
            let below = folder.path().join("data").join(below);
            variables.push(("FULL_UNDER".to_owned(), below.display().to_string()));
        }
        let cluster = Self { folder, programs: programs(), owner, variables };
        let data = cluster.data();
        let data = data.to_str().expect("a path");
        let like = ["-U", "redress", "-A", "trust", "--encoding=UTF8", "--locale=C"];
        cluster.run("initdb", &[&["-D", data], &like[..]].concat());
        cluster.begin();
        cluster
    }

    /// Where its files are.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// How to reach it.
    pub fn url(&self) -> String {
        format!("host={} user=redress dbname=postgres", self.folder.path().display())
    }

    /// Starts it after a stop.
    pub fn begin(&self) {
        let place = self.folder.path().display();
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories='{place}' -c max_connections=60 \
             -c log_lock_waits=on"
        );
        let log = self.folder.path().join("log");
        let log = log.to_str().expect("a path");
        self.control(&["-l", log, "-o", &options, "start"]);
    }

    /// Stops it.
    pub fn end(&self, how: Stop) {
        let mode = match how {
            Stop::Crash => "immediate",
            Stop::Orderly => "fast",
        };
        self.control(&["-m", mode, "stop"]);
    }

    fn control(&self, args: &[&str]) {
        let data = self.data();
        let data = data.to_str().expect("a path");
        self.run("pg_ctl", &[&["-D", data, "-w", "-s", "-t", WAIT_S], args].concat());
    }

    fn run(&self, program: &str, args: &[&str]) {
        let mut command = Command::new(self.programs.join(program));
        command.args(args).current_dir("/").stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        let status = command.status().expect("it starts");
        assert!(status.success(), "{program} {args:?}: {status}; {}", self.log());
    }

    /// What it wrote last.
    pub fn log(&self) -> String {
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        log.lines().rev().take(20).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.data().join("postmaster.pid").exists() {
            self.end(Stop::Crash);
        }
    }
}

/// Whom a server runs as, when the test is root.
pub fn owner_if_root() -> Option<(u32, u32)> {
    rustix::process::geteuid().is_root().then(owner)
}

/// The programs of the newest server that is installed.
pub fn programs() -> PathBuf {
    let mut found: Vec<PathBuf> = Vec::new();
    for folder in FOLDERS {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        found.extend(entries.map(|entry| entry.expect("an entry").path().join("bin")));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    found.extend(std::env::split_paths(&path));
    let whole = |bin: &PathBuf| ["initdb", "pg_ctl", "postgres"].iter().all(|p| is_file(bin, p));
    let newest = found.into_iter().filter(whole).max_by_key(|bin| version(bin));
    newest.expect("PostgreSQL's initdb, pg_ctl and postgres: run ./test, which installs them")
}

fn is_file(bin: &Path, program: &str) -> bool {
    bin.join(program).is_file()
}

/// The major version, as far as the folder says.
fn version(bin: &Path) -> u32 {
    let name = bin.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    name.and_then(|name| name.trim_start_matches("pgsql-").parse().ok()).unwrap_or(0)
}

/// The user of the package, or the one that `./test` makes.
fn owner() -> (u32, u32) {
    let id = |what: &str, user: &str| -> Option<u32> {
        let said = Command::new("id").args([what, user]).output().ok()?;
        String::from_utf8(said.stdout).ok()?.trim().parse().ok()
    };
    let known = ["postgres", "redress-test"].into_iter();
    let mut known = known.filter_map(|user| Some((id("-u", user)?, id("-g", user)?)));
    known.next().expect("a user for PostgreSQL, which root cannot run: `useradd redress-test`")
}
