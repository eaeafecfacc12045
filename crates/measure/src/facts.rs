//! What the machine is, and what its disk can do: without them no figure means anything.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

/// How long the disk is tried.
const DISK_TRIED: Duration = Duration::from_secs(2);

/// Bytes written before each sync, as many as one page of a log.
const BLOCK: usize = 4_096;

/// Cores of this machine.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Keeps this process on these cores; how many they are.
///
/// # Errors
/// `taskset` is not there or does not know such cores.
pub fn pin(cores: &str) -> anyhow::Result<usize> {
    let process = std::process::id().to_string();
    let done = Command::new("taskset").args(["-cp", cores, &process]).output();
    let done = done.context("starting taskset")?;
    ensure!(done.status.success(), "taskset: {}", String::from_utf8_lossy(&done.stderr));
    Ok(self::cores())
}

/// Syncs per second of one block after another appended to a file in this folder.
///
/// # Errors
/// It cannot be written.
pub fn syncs_per_second(folder: &Path) -> anyhow::Result<f64> {
    let path = folder.join("syncs");
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).open(&path)?;
    let (began, mut count) = (Instant::now(), 0_u32);
    while began.elapsed() < DISK_TRIED {
        file.write_all(&[0x5a; BLOCK])?;
        file.sync_data()?;
        count += 1;
    }
    std::fs::remove_file(&path)?;
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}

/// One line about the machine.
pub fn machine() -> String {
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = about.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown processor", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let system = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = memory.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok());
    let gib = memory.unwrap_or(0) / (1 << 20);
    format!("{} cores of {model}, {gib} GiB, Linux {}", cores(), system.trim())
}

/// The commit that was built, when git knows it.
pub fn commit() -> String {
    let said = Command::new("git").args(["describe", "--always", "--dirty"]).output();
    said.map_or_else(|_| String::new(), |said| String::from_utf8_lossy(&said.stdout).into_owned())
        .trim()
        .to_owned()
}

/// A line of /proc/PID/status in KiB, as `VmHWM`.
pub fn memory_kib(process: u32, what: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    line.and_then(|rest| rest.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

/// Files, connections and the like that a process holds open.
pub fn open_files(process: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count)
}

/// Bytes that are free on the disk of this folder, for whoever is not root.
///
/// # Errors
/// `df` does not say.
pub fn free_bytes(folder: &Path) -> anyhow::Result<u64> {
    let done = Command::new("df").args(["--output=avail", "-B1"]).arg(folder).output();
    let said = String::from_utf8(done.context("starting df")?.stdout)?;
    said.lines().nth(1).context("what df says")?.trim().parse().context("what df says")
}

/// Ticks of a second in /proc/PID/stat: the same on every Linux, whatever its kernel counts in.
const TICKS_PER_SECOND: u64 = 100;

/// Processor time that a process has used so far, its threads and the system's work for it
/// included, in microseconds; it moves by hundredths of a second.
pub fn cpu_micros(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name before the closing bracket may hold anything, spaces as well.
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    let ticks: u64 =
        after.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
    ticks * 1_000_000 / TICKS_PER_SECOND
}
