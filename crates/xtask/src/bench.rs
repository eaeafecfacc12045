//! `cargo xtask bench`: builds the program and what measures it in release, and starts the latter.
//! It measures nothing itself: figures of a build that was not made for speed would be wrong.

use std::env;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

/// Where the tables are kept, unless `--write` or `--smoke` says otherwise.
const PAGE: &str = "bench/RESULTS.md";

/// Builds, then runs `measure run` with these arguments in the checkout at `root`.
///
/// # Errors
/// The build fails, or the measuring cannot be started.
pub fn bench(root: &Path, arguments: &[String]) -> Result<ExitCode> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(&cargo);
    build.current_dir(root).args(["build", "--release", "--locked", "-p", "redress"]);
    if !build.args(["-p", "measure"]).status().context("starting cargo")?.success() {
        return Ok(ExitCode::FAILURE);
    }
    let mut run = Command::new(&cargo);
    run.current_dir(root).args(["run", "--release", "--locked", "--quiet", "-p", "measure", "--"]);
    run.arg("run").args(arguments);
    let given = |flag: &str| arguments.iter().any(|one| one.starts_with(flag));
    if !given("--write") && !given("--smoke") && !given("--help") {
        std::fs::create_dir_all(root.join("bench")).context("making the folder of the page")?;
        run.args(["--write", PAGE]);
    }
    let good = run.status().context("starting measure")?.success();
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
