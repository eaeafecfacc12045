//! Servers as processes: started on the cores they are given, asked for their figures, stopped.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use crate::Plan;
use crate::load::Line;
use crate::{caller::Caller, facts};

/// How long a server may take to end when it is asked to.
const END_MAX: Duration = Duration::from_secs(60);

/// A server that runs. Dropped, it is killed.
pub struct Server {
    child: Child,
    /// Where it takes requests.
    pub address: SocketAddr,
    /// From its start until it listened.
    pub started_in: Duration,
    metrics: Option<SocketAddr>,
}

/// What the store counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Durable commits.
    pub groups: u64,
    /// Batches in them.
    pub batches: u64,
}

impl Figures {
    /// What came since `before`.
    pub const fn since(self, before: Self) -> Self {
        Self { groups: self.groups - before.groups, batches: self.batches - before.batches }
    }

    /// Batches in a group.
    pub fn group_size(self) -> f64 {
        self.batches as f64 / self.groups.max(1) as f64
    }
}

/// `program` on the cores of servers.
pub fn command(plan: &Plan, program: &std::path::Path) -> Command {
    match &plan.server_cores {
        None => Command::new(program),
        Some(cores) => {
            let mut command = Command::new("taskset");
            command.args(["-c", cores]).arg(program);
            command
        }
    }
}

/// A port that is free now.
///
/// # Errors
/// None is.
pub fn free_port() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

impl Server {
    /// Starts one that says where it listens.
    ///
    /// # Errors
    /// It ends without having said so.
    pub fn start(mut command: Command, metrics: Option<SocketAddr>) -> anyhow::Result<Self> {
        let began = Instant::now();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().context("starting a server")?;
        let out = child.stdout.take().context("its output")?;
        let mut lines = BufReader::new(out).lines();
        let address = loop {
            let Some(line) = lines.next() else {
                child.kill().ok();
                bail!("a server ended before it listened: {command:?}");
            };
            if let Some((_, address)) = line?.split_once("listens on http://") {
                break address.trim().parse()?;
            }
        };
        let started_in = began.elapsed();
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { child, address, started_in, metrics })
    }

    /// The most memory it ever had, in MiB.
    pub fn memory_mib(&self) -> f64 {
        facts::memory_kib(self.child.id(), "VmHWM") as f64 / 1_024.0
    }

    /// The memory it has now, in MiB.
    pub fn memory_now_mib(&self) -> f64 {
        facts::memory_kib(self.child.id(), "VmRSS") as f64 / 1_024.0
    }

    /// Files, connections and the like that it holds open now.
    pub fn open_files(&self) -> usize {
        facts::open_files(self.child.id())
    }

    /// Processor time it has used so far, in microseconds.
    pub fn cpu_micros(&self) -> u64 {
        facts::cpu_micros(self.child.id())
    }

    /// What the store counted so far; nothing for servers without figures.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn figures(&self, caller: &Caller) -> anyhow::Result<Figures> {
        let Some(metrics) = self.metrics else { return Ok(Figures::default()) };
        let mut line = Line::open(metrics).await?;
        let answer = line.question(caller, "/metrics").await?;
        ensure!(answer.status == 200, "{}", line.text());
        let text = line.text();
        let of = |name: &str| {
            let mut lines = text.lines();
            let line = lines.find_map(|line| line.strip_prefix(name)).context("a figure")?;
            Ok::<u64, anyhow::Error>(line.trim().parse::<f64>()? as u64)
        };
        let groups = of("redress_store_groups_total ")?;
        Ok(Figures { groups, batches: of("redress_store_batches_total ")? })
    }

    /// Asks it to end, and waits.
    ///
    /// # Errors
    /// It does not.
    pub fn stop(mut self) -> anyhow::Result<()> {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status()?;
        ensure!(asked.success(), "the server was gone");
        let since = Instant::now();
        while self.child.try_wait()?.is_none() {
            ensure!(since.elapsed() < END_MAX, "the server does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
