//! An installation that is measured: a directory, perhaps a schema on PostgreSQL, an account with a
//! key and a token, made by the commands that operators use. It looks behind the program's back
//! only to say whether what was acknowledged is there.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use desk::Desk;
use domain::Instant;
use serde_json::Value as Json;
use store::engine::{Db, EngineKind, Place, Stmt, Value};
use tempfile::TempDir;
use vault::keyring::Keyring;

use crate::Plan;
use crate::caller::{Caller, millis_now};
use crate::load::CaseMark;
use crate::programs::Mixed;
use crate::server::{self, Server};

/// Cases read at once when what was acknowledged is looked for.
const CASES_AT_ONCE: i64 = 50_000;

/// Messages that are set aside at once.
const MESSAGES_AT_ONCE: i64 = 20_000;

/// An installation.
pub struct House {
    plan: Plan,
    program: PathBuf,
    scratch: TempDir,
    /// PostgreSQL's address, with the schema, and the address without.
    postgres: Option<(String, String, String)>,
    /// Its account.
    pub caller: Arc<Caller>,
}

/// The machine's clock.
struct Clock;

impl desk::Clock for Clock {
    fn now(&self) -> Instant {
        Instant::from_millis(millis_now())
    }
}

/// Where databases are made: on a disk, not in memory.
///
/// # Errors
/// It cannot be made.
pub fn scratch(plan: &Plan) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let beside = own.parent().unwrap_or(Path::new(".")).join("measured");
    let folder = plan.dir.clone().unwrap_or(beside);
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

impl House {
    /// Makes one on this engine.
    ///
    /// # Errors
    /// A command of the program fails.
    pub async fn new(plan: &Plan, kind: EngineKind) -> anyhow::Result<Self> {
        let own = std::env::current_exe()?;
        let program = plan.redress.clone().unwrap_or(own.with_file_name("redress"));
        ensure!(program.exists(), "{} is not there", program.display());
        let scratch = tempfile::tempdir_in(scratch(plan)?)?;
        let postgres = match kind {
            EngineKind::Sqlite => None,
            EngineKind::Postgres => Some(schema(plan).await?),
        };
        let caller = Arc::new(Caller::new(String::new(), Vec::new(), String::new()));
        let mut house = Self { plan: plan.clone(), program, scratch, postgres, caller };
        house.run(&["tenant", "add", "acme", "--email", "ops@acme.example"])?;
        let scope = ["--tenant", "acme", "--env", "production", "--json"];
        let key = house.json(&[&["key", "add"], &scope[..]].concat())?;
        let who = ["--role", "agent", "--name", "ann"];
        let token = house.json(&[&["token", "add"], &scope[..], &who].concat())?;
        let secret = STANDARD.decode(text(&key, "secret")?)?;
        house.caller =
            Arc::new(Caller::new(text(&key, "api_key")?, secret, text(&token, "token")?));
        Ok(house)
    }

    fn command(&self, mut command: Command) -> Command {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("REDRESS_") {
                command.env_remove(name);
            }
        }
        command.env("REDRESS_LOG_LEVEL", &self.plan.log);
        command.env("REDRESS_MAIL_TRANSPORT", &self.plan.mail);
        if let Some((url, ..)) = &self.postgres {
            command.env("REDRESS_STORAGE_ENGINE", "postgres").env("REDRESS_STORAGE_URL", url);
        }
        command.arg("--dir").arg(self.dir());
        command
    }

    fn run(&self, args: &[&str]) -> anyhow::Result<String> {
        let output = self.command(Command::new(&self.program)).args(args).output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complained = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{args:?}: {said} {complained}");
        Ok(said)
    }

    fn json(&self, args: &[&str]) -> anyhow::Result<Json> {
        Ok(serde_json::from_str(&self.run(args)?)?)
    }

    fn dir(&self) -> PathBuf {
        self.scratch.path().join("data")
    }

    /// Starts the program on it.
    ///
    /// # Errors
    /// It does not start.
    pub fn serve(&self) -> anyhow::Result<Server> {
        let metrics = server::free_port()?;
        let mut command = self.command(server::command(&self.plan, &self.program));
        command.env("REDRESS_METRICS_LISTEN", metrics.to_string());
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        Server::start(command, Some(metrics))
    }

    /// Starts a program that is compared with, on the same account.
    ///
    /// # Errors
    /// It does not start.
    pub fn serve_other(&self, args: &[&str]) -> anyhow::Result<Server> {
        let mut command = server::command(&self.plan, &std::env::current_exe()?);
        command.args(args);
        command.env("MEASURE_KEY", &self.caller.key);
        command.env("MEASURE_SECRET", STANDARD.encode(&self.caller.secret));
        command.env("MEASURE_SCOPE", crate::programs::scope().number().to_string());
        if let Some((url, ..)) = &self.postgres {
            command.env("MEASURE_POSTGRES", url);
        }
        Server::start(command, None)
    }

    /// The database, while nothing else runs on it.
    ///
    /// # Errors
    /// It does not open.
    pub async fn db(&self) -> anyhow::Result<Db> {
        let place = match &self.postgres {
            None => Place::sqlite(self.dir().join("redress.db")),
            Some((url, ..)) => Place::postgres(url.clone()),
        };
        Ok(Db::open(&place).await?)
    }

    /// A desk over it.
    ///
    /// # Errors
    /// It does not open.
    pub async fn desk(&self) -> anyhow::Result<Desk> {
        let keys = Arc::new(Keyring::open(&self.dir().join("keys"))?);
        Ok(Desk::new(self.db().await?, keys, Arc::new(Clock), Box::new(Mixed::new())))
    }

    /// Looks for every case that was acknowledged; how many are not there.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn missing(&self, taken: &[CaseMark]) -> anyhow::Result<usize> {
        let sql = "SELECT id FROM cases WHERE id > ?1 ORDER BY id LIMIT ?2";
        let db = self.db().await?;
        let mut wanted = taken.to_vec();
        wanted.sort_unstable();
        let before = wanted.len();
        wanted.dedup();
        ensure!(wanted.len() == before, "one case was given to two reports");
        let (mut last, mut found) = (String::new(), 0);
        loop {
            let rows = db.rows(sql, vec![last.as_str().into(), CASES_AT_ONCE.into()]).await?;
            let Some(end) = rows.last() else { break };
            last = end.text(0)?.to_owned();
            for row in &rows {
                let mark = row.text(0)?.as_bytes().get(3..).and_then(|mark| mark.try_into().ok());
                let mark: CaseMark = mark.context("a case's id")?;
                found += usize::from(wanted.binary_search(&mark).is_ok());
            }
        }
        Ok(wanted.len() - found)
    }

    /// Sets all messages aside as sent: a backlog of millions would be measured instead.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn set_messages_aside(&self) -> anyhow::Result<()> {
        let sql = "UPDATE outbox SET state = 1 WHERE state = 0 AND id IN (SELECT id FROM outbox
                   WHERE state = 0 ORDER BY due, id LIMIT ?1) RETURNING id";
        let db = self.db().await?;
        loop {
            let values: Vec<Value> = vec![MESSAGES_AT_ONCE.into()];
            let done = db.bulk(None, vec![Stmt::any(sql, values)]).await?;
            if done.first().is_none_or(Vec::is_empty) {
                return Ok(());
            }
        }
    }

    /// Write-ahead syncs that PostgreSQL counted so far.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn postgres_syncs(&self) -> anyhow::Result<u64> {
        if self.postgres.is_none() {
            return Ok(0);
        }
        let sql = "SELECT CAST(wal_sync AS BIGINT) FROM pg_stat_wal";
        let row = self.db().await?.one(sql, vec![]).await?.context("its statistics")?;
        Ok(u64::try_from(row.int(0)?)?)
    }

    /// What durability rests on, read back.
    ///
    /// # Errors
    /// One setting is not sound.
    pub async fn durability(&self) -> anyhow::Result<String> {
        let settings = self.db().await?.durability().await?;
        if let Some(wrong) = settings.iter().find(|setting| !setting.sound) {
            bail!("{} is {}: no figure without durability", wrong.name, wrong.value);
        }
        let said: Vec<String> =
            settings.iter().map(|one| format!("{} {}", one.name, one.value)).collect();
        Ok(said.join(", "))
    }

    /// Takes the schema away; the directory goes by itself.
    ///
    /// # Errors
    /// PostgreSQL does not answer.
    pub async fn remove(self) -> anyhow::Result<()> {
        let Some((_, server, name)) = &self.postgres else { return Ok(()) };
        let db = Db::open(&Place::postgres(server.clone())).await?;
        let sql: &'static str = format!("DROP SCHEMA {name} CASCADE").leak();
        db.commit(vec![Stmt::any(sql, vec![])]).await?;
        Ok(())
    }
}

/// A new schema on the server: its address, the server's, its name.
async fn schema(plan: &Plan) -> anyhow::Result<(String, String, String)> {
    let server = plan.postgres.clone().context("--postgres names the server")?;
    let name = format!("measured_{}_{}", std::process::id(), millis_now());
    let db = Db::open(&Place::postgres(server.clone())).await?;
    let sql: &'static str = format!("CREATE SCHEMA {name}").leak();
    db.commit(vec![Stmt::any(sql, vec![])]).await?;
    Ok((format!("{server} options='-c search_path={name}'"), server, name))
}

fn text(value: &Json, name: &str) -> anyhow::Result<String> {
    Ok(value[name].as_str().context("a text")?.to_owned())
}
