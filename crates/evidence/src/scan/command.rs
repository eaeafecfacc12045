//! Any command as scanner: it gets the file on its standard input and says by its exit code what
//! it found: 0 nothing, 1 something, anything else that it could not look. That is how `clamscan -`
//! and `clamdscan -` behave. No shell, no variables of ours, a bounded time.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process_group, prlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::{Answer, Checked, shown};
use crate::place::Plain;

/// Bytes of its output that are read; the first line is what it found.
const OUTPUT_BYTES_MAX: u64 = 4 * 1024;

/// Memory it may have: signatures of ClamAV fill more than one gigabyte.
const MEMORY_BYTES_MAX: u64 = 4 << 30;

/// Files it may have open.
const OPEN_FILES_MAX: u64 = 256;

/// A command.
pub struct Program {
    /// The program, by its whole path, and its arguments.
    words: Vec<String>,
    time: Duration,
}

impl Program {
    /// The command of these words.
    pub fn new(words: Vec<String>, time: Duration) -> Self {
        Self { words, time }
    }

    fn start(&self) -> io::Result<Child> {
        let (program, args) = self.words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let child = Command::new(program)
            .args(args)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LC_ALL", "C")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        self.bound(&child);
        Ok(child)
    }

    /// Bounds what it may use. It has begun by then, with nothing to read yet.
    fn bound(&self, child: &Child) {
        let Some(pid) = pid_of(child) else { return };
        let seconds = self.time.as_secs().max(1);
        for (resource, most) in [
            (Resource::Cpu, seconds),
            (Resource::As, MEMORY_BYTES_MAX),
            (Resource::Nofile, OPEN_FILES_MAX),
            (Resource::Core, 0),
        ] {
            let limit = Rlimit { current: Some(most), maximum: Some(most) };
            if let Err(why) = prlimit(Some(pid), resource, limit) {
                tracing::debug!(%why, "a limit of the scanner could not be set");
            }
        }
    }

    pub(super) async fn look(&self, plain: &mut Plain) -> Answer {
        let mut child = match self.start() {
            Ok(child) => child,
            Err(why) => return Answer::NotLooked(format!("the scanner does not start: {why}")),
        };
        let group = Group(pid_of(&child));
        let looked = timeout(self.time, converse(&mut child, plain)).await;
        drop(group);
        match looked {
            Ok(answer) => answer,
            Err(_) => Answer::NotLooked("the scanner did not end in time".to_owned()),
        }
    }

    pub(super) async fn check(&self) -> Checked {
        let Some(program) = self.words.first() else {
            return Checked::Down("no command is set".to_owned());
        };
        match tokio::fs::metadata(program).await {
            Ok(about) if about.is_file() => Checked::Unproven(format!(
                "{program} is there; that it looks at the largest files is yours to know"
            )),
            Ok(_) => Checked::Down(format!("{program} is no program")),
            Err(why) => Checked::Down(format!("{program} cannot be started: {why}")),
        }
    }
}

fn pid_of(child: &Child) -> Option<Pid> {
    child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
}

/// Ends what the command started, when it is dropped.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // Nobody is left when it ended by itself.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

async fn converse(child: &mut Child, plain: &mut Plain) -> Answer {
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Answer::NotLooked("the scanner has no input or output".to_owned());
    };
    let send = async {
        loop {
            match plain.next().await {
                // A scanner that has seen enough hangs up; its exit code is what counts.
                Ok(Some(chunk)) if input.write_all(&chunk).await.is_err() => return Ok(false),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(fault) => return Err(fault.chain()),
            }
        }
        let whole = input.shutdown().await.is_ok();
        drop(input);
        Ok(whole)
    };
    let read = async {
        let mut said = Vec::new();
        let mut output = output;
        // What it says beyond that is read and forgotten: a full pipe would stop it.
        let kept = (&mut output).take(OUTPUT_BYTES_MAX).read_to_end(&mut said).await;
        drop(tokio::io::copy(&mut output, &mut tokio::io::sink()).await);
        kept.map(|_| said).unwrap_or_default()
    };
    let (sent, said) = tokio::join!(send, read);
    let ended = child.wait().await;
    let whole = match sent {
        Ok(whole) => whole,
        Err(why) => return Answer::NotLooked(why),
    };
    let text = String::from_utf8_lossy(&said);
    let line = shown(text.lines().next().unwrap_or(""));
    match ended.map(|status| status.code()) {
        Ok(Some(0)) if whole => Answer::Clean,
        Ok(Some(0)) => Answer::NotLooked("the scanner ended before it read the file".to_owned()),
        Ok(Some(1)) if line.is_empty() => Answer::Infected("unnamed".to_owned()),
        Ok(Some(1)) => Answer::Infected(line),
        Ok(Some(code)) => Answer::NotLooked(format!("the scanner ended with {code}: {line}")),
        Ok(None) => Answer::NotLooked("the scanner was killed".to_owned()),
        Err(why) => Answer::NotLooked(format!("the scanner cannot be waited for: {why}")),
    }
}
