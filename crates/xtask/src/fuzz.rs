//! `cargo xtask fuzz`: builds the targets of `fuzz/` with marks of coverage and lets libFuzzer look
//! for inputs that break their laws, each from the inputs kept of earlier runs. It finds and keeps;
//! what it found is for people to mend.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The targets, as `fuzz/Cargo.toml` has them.
pub const TARGETS: [&str; 7] =
    ["signature", "forms", "json", "multipart", "importers", "cursors", "native"];

/// What makes rustc count which branches an input took. None of it is an unstable option.
const COVERAGE: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Bytes of an input at most: longer ones are slow, and say what a shorter one says.
const INPUT_BYTES_MAX: u32 = 8_192;

/// Memory of a target at most, in MiB: one that needs more holds what it should have refused.
const MEMORY_MIB_MAX: u32 = 1_024;

/// Seconds that one input may take.
const INPUT_SECONDS_MAX: u32 = 10;

/// How long, what, and whether to keep what was learnt.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// How long each target looks, in seconds
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// Keep the inputs that reach new places, in fuzz/corpus
    #[arg(long)]
    keep: bool,
    /// Which targets [default: all]
    #[arg(value_parser = TARGETS)]
    targets: Vec<String>,
}

/// Builds the targets and runs them one after the other.
///
/// # Errors
/// The build fails, or a target cannot be started. A finding is no error but a failure.
pub fn fuzz(root: &Path, arguments: &Arguments) -> Result<ExitCode> {
    let host = host()?;
    build(root, &host)?;
    let mut good = true;
    for target in TARGETS {
        if arguments.targets.is_empty() || arguments.targets.iter().any(|one| one == target) {
            let place = Place::new(root, &host, target)?;
            if target == "native" {
                requests(root, &place)?;
            }
            let found = run(&place, arguments)?;
            println!("fuzz {target}: {}", if found { "a finding, above" } else { "no finding" });
            good &= !found;
        }
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The machine's own triple. Naming it keeps the marks out of build scripts and macros.
fn host() -> Result<String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = Command::new(rustc).arg("-vV").output().context("starting rustc")?.stdout;
    let said = String::from_utf8(said).context("reading what rustc said")?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not name its host")?.to_owned())
}

fn build(root: &Path, host: &str) -> Result<()> {
    // The versions of what is shipped; what only the targets need is pinned in their manifest.
    fs::copy(root.join("Cargo.lock"), root.join("fuzz/Cargo.lock")).context("copying versions")?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.current_dir(root.join("fuzz")).env("RUSTFLAGS", COVERAGE);
    build.args(["build", "--release", "--target", host, "--target-dir"]);
    build.arg(root.join("target/fuzz"));
    ensure!(build.status().context("starting cargo")?.success(), "the targets do not build");
    Ok(())
}

/// Where things of one target are.
struct Place {
    program: PathBuf,
    /// Inputs as people wrote them.
    seeds: PathBuf,
    /// Inputs of earlier runs, packed.
    kept: PathBuf,
    /// Where they are worked on.
    corpus: PathBuf,
    /// Where a finding is left.
    findings: PathBuf,
}

impl Place {
    fn new(root: &Path, host: &str, target: &str) -> Result<Self> {
        let work = root.join("target/fuzz/runs").join(target);
        let place = Self {
            program: root.join("target/fuzz").join(host).join("release").join(target),
            seeds: root.join("fuzz/seeds").join(target),
            kept: root.join("fuzz/corpus").join(format!("{target}.tar.gz")),
            corpus: work.join("corpus"),
            findings: work.join("findings"),
        };
        fs::create_dir_all(&place.corpus).context("making the folder of inputs")?;
        fs::create_dir_all(&place.findings).context("making the folder of findings")?;
        if place.kept.exists() {
            let mut unpack = Command::new("tar");
            unpack.arg("-xzf").arg(&place.kept).arg("-C").arg(&place.corpus);
            ensure!(unpack.status().context("starting tar")?.success(), "the corpus is broken");
        }
        Ok(place)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(format!("-artifact_prefix={}/", self.findings.display()));
        command.arg(format!("-max_len={INPUT_BYTES_MAX}"));
        command.arg(format!("-rss_limit_mb={MEMORY_MIB_MAX}"));
        command.arg(format!("-timeout={INPUT_SECONDS_MAX}"));
        command
    }
}

/// Writes a seed for each operation of the native API, from its document: no list to keep by hand.
fn requests(root: &Path, place: &Place) -> Result<()> {
    let document = fs::read_to_string(root.join("contracts/native/openapi.json"))?;
    let document: Value = serde_json::from_str(&document).context("reading the document")?;
    for (path, operations) in document["paths"].as_object().context("paths")? {
        for (method, operation) in operations.as_object().context("operations")? {
            let Some(id) = operation["operationId"].as_str() else { continue };
            let body = match &operation["requestBody"]["content"]["application/json"]["example"] {
                Value::Null => String::new(),
                example => example.to_string(),
            };
            let request = format!("{} {path}\n{body}", method.to_ascii_uppercase());
            fs::write(place.corpus.join(id), request).context("writing a seed")?;
        }
    }
    Ok(())
}

/// Whether a target found something.
fn run(place: &Place, arguments: &Arguments) -> Result<bool> {
    let mut look = place.command();
    look.arg(format!("-max_total_time={}", arguments.seconds)).arg("-print_final_stats=1");
    look.arg(&place.corpus);
    if place.seeds.exists() {
        look.arg(&place.seeds);
    }
    let status = look.status().context("starting a target")?;
    if status.success() && arguments.keep {
        keep(place)?;
    }
    Ok(!status.success())
}

/// Packs the smallest set of inputs that reaches all that was reached.
fn keep(place: &Place) -> Result<()> {
    let least = place.corpus.with_file_name("least");
    if least.exists() {
        fs::remove_dir_all(&least).context("emptying the folder of the least inputs")?;
    }
    fs::create_dir_all(&least).context("making the folder of the least inputs")?;
    let mut merge = place.command();
    merge.arg("-merge=1").arg(&least).arg(&place.corpus);
    let merged = merge.stderr(Stdio::null()).status().context("starting a target")?;
    ensure!(merged.success(), "the inputs cannot be merged");
    fs::create_dir_all(place.kept.parent().context("a folder")?).context("making fuzz/corpus")?;
    let mut pack = Command::new("tar");
    pack.args(["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "-czf"]);
    pack.arg(&place.kept).arg("-C").arg(&least).arg(".");
    ensure!(pack.status().context("starting tar")?.success(), "the inputs cannot be packed");
    Ok(())
}
