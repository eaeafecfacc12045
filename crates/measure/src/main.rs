//! Measures the program against programs that do less, on one machine in one run: `cargo xtask
//! bench` builds it in release and starts it. The programs it compares with are its own
//! subcommands. It must never flatter: what was acknowledged is looked for in the database
//! afterwards.

mod caller;
mod drive;
mod facts;
mod fill;
mod house;
mod load;
mod programs;
mod server;
mod tables;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};

/// The real program's, so that those it is compared with have no worse one.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "measure", about = "Signed reports per second, and what they cost")]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Measure everything and print tables
    Run(Box<Plan>),
    /// Serve: the same stack, body and signature, nothing stored
    Reference,
    /// Serve: axum and an HMAC, nothing of ours around it
    Bare,
    /// Serve: the same rows on PostgreSQL, one transaction for each request
    Single {
        /// Connections that write
        #[arg(long, default_value_t = 16)]
        pool: usize,
    },
}

/// What is measured, and how long.
#[derive(Args, Clone, Debug)]
pub struct Plan {
    /// The program [default: beside this one]
    #[arg(long)]
    redress: Option<PathBuf>,
    /// Where databases are made; a real disk [default: beside the build]
    #[arg(long)]
    dir: Option<PathBuf>,
    /// PostgreSQL, as `host=/run/x user=redress dbname=postgres`
    #[arg(long, env = "REDRESS_TEST_POSTGRES")]
    postgres: Option<String>,
    /// Where the tables are written as well
    #[arg(long)]
    write: Option<PathBuf>,
    /// Seconds that are measured, each time
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Seconds before them that are not
    #[arg(long, default_value_t = 2)]
    warm: u64,
    /// Times each is measured; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Connections of the closed loop
    #[arg(long, default_value_t = 256)]
    connections: usize,
    /// Cores of the servers and of the generator, as `taskset` wants them, as in 0 and 1; without
    /// them the system shares all cores out
    #[arg(long, requires = "generator_cores")]
    server_cores: Option<String>,
    /// See above
    #[arg(long, requires = "server_cores")]
    generator_cores: Option<String>,
    /// The log level of the servers: the default writes a line for each request
    #[arg(long, default_value = "info")]
    log: String,
    /// Where mails go: off, or file
    #[arg(long, default_value = "off")]
    mail: String,
    /// Leave PostgreSQL or SQLite out
    #[arg(long)]
    only: Option<String>,
    /// Also with many payments and cases stored
    #[arg(long)]
    large: bool,
    /// Payments of --large
    #[arg(long, default_value_t = 10_000_000)]
    large_payments: u32,
    /// Cases of --large
    #[arg(long, default_value_t = 2_000_000)]
    large_cases: u32,
    /// Also a steady load for so many seconds; 720 are longer than nonces are kept
    #[arg(long, num_args = 0..=1, default_missing_value = "720")]
    steady: Option<u64>,
    /// Also so many seconds at half the peak: whether memory, open files and latencies grow
    #[arg(long, num_args = 0..=1, default_missing_value = "3600")]
    soak: Option<u64>,
    /// Reports a second of --soak [default: half of what a first look sees, or what the disk holds]
    #[arg(long, requires = "soak")]
    soak_rate: Option<f64>,
    /// Small numbers, to see that it works: the figures mean nothing
    #[arg(long)]
    smoke: bool,
}

impl Plan {
    /// The same with small numbers when only a smoke test is wanted.
    fn settled(mut self) -> Self {
        if self.smoke {
            (self.seconds, self.warm, self.rounds) = (2, 1, 1);
            (self.large_payments, self.large_cases) = (400_000, 50_000);
            self.steady = self.steady.map(|seconds| seconds.min(12));
            self.soak = self.soak.map(|seconds| seconds.min(12));
        }
        self
    }
}

fn main() -> anyhow::Result<ExitCode> {
    let plan = match Arguments::parse().what {
        What::Run(plan) => plan.settled(),
        What::Reference => return serve(programs::reference()),
        What::Bare => return serve(programs::bare()),
        What::Single { pool } => return serve(programs::single(pool)),
    };
    // Threads made later have the cores of the one that makes them.
    let threads = match &plan.generator_cores {
        Some(cores) => facts::pin(cores)?,
        None => facts::cores(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .context("starting the runtime")?;
    let good = runtime.block_on(drive::run(&plan))?;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn serve(program: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
    runtime.block_on(program)?;
    Ok(ExitCode::SUCCESS)
}

/// Where a server of ours listens, in the words that the driver waits for.
fn tell(address: SocketAddr) {
    println!("measure listens on http://{address}");
}
