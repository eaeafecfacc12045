//! One load generator for every program: so many connections that each wait for their answer
//! (closed loop), or a fixed rate whatever the answers do (open loop). In the open loop a latency
//! counts from the instant at which the request was due, so a server that stalls cannot hide the
//! requests that it kept from being sent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::caller::Caller;

/// Letters of a case's id after `cs_`.
const CASE_LETTERS: usize = 26;

/// The largest answer: a page of fifty cases has some 30 KiB.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Requests that may wait for one connection in the open loop.
const DUE_MAX: usize = 65_536;

/// A case's id without its prefix.
pub type CaseMark = [u8; CASE_LETTERS];

/// Which payments are reported, in this order, each once.
#[derive(Debug)]
pub struct Draw {
    numbers: Vec<u32>,
    next: AtomicUsize,
}

impl Draw {
    /// These.
    pub fn new(numbers: Vec<u32>) -> Arc<Self> {
        Arc::new(Self { numbers, next: AtomicUsize::new(0) })
    }

    /// Any, without end: for programs that do not look.
    pub fn endless() -> Arc<Self> {
        Self::new(Vec::new())
    }

    fn next(&self) -> Option<u32> {
        if self.numbers.is_empty() {
            return u32::try_from(self.next.fetch_add(1, Ordering::Relaxed)).ok();
        }
        self.numbers.get(self.next.fetch_add(1, Ordering::Relaxed)).copied()
    }
}

/// What came of a load.
#[derive(Debug, Default)]
pub struct Tally {
    /// Reports that were taken, warming up included.
    pub taken: Vec<CaseMark>,
    /// Answers that counted.
    pub answers: u64,
    /// For how long they were counted.
    pub lasting: Duration,
    /// Latencies that counted, in microseconds, sorted.
    pub micros: Vec<u32>,
    /// How late requests of the open loop were written, in microseconds, sorted: the generator's
    /// own share of the latencies.
    pub late: Vec<u32>,
    /// Answers that were not "taken".
    pub refused: u64,
    /// Answers in each second from the beginning.
    pub seconds: Vec<u64>,
}

impl Tally {
    /// Answers per second.
    pub fn rate(&self) -> f64 {
        self.answers as f64 / self.lasting.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    fn add(&mut self, other: Self) {
        self.taken.extend(other.taken);
        self.micros.extend(other.micros);
        self.late.extend(other.late);
        self.refused += other.refused;
    }
}

/// The value below which so many of a hundred lie, in milliseconds.
pub fn percentile(sorted: &[u32], hundredth: f64) -> f64 {
    if sorted.is_empty() {
        return 0.0;
    }
    let place = (sorted.len() as f64 * hundredth / 100.0) as usize;
    f64::from(sorted[place.min(sorted.len() - 1)]) / 1_000.0
}

/// Everything a load needs to know.
#[derive(Clone)]
pub struct Target {
    /// Who asks.
    pub caller: Arc<Caller>,
    /// Whom.
    pub address: SocketAddr,
    /// About what.
    pub draw: Arc<Draw>,
    /// On how many connections.
    pub connections: usize,
}

/// One connection, kept alive.
pub struct Line {
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

/// What was answered.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The case that was opened.
    pub case: Option<CaseMark>,
}

impl Line {
    /// Opens one.
    ///
    /// # Errors
    /// Nobody listens.
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.context("connecting to the server")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, request: Vec::new(), answer: Vec::with_capacity(4_096) })
    }

    /// Reports on a payment.
    async fn report(&mut self, caller: &Caller, number: u32) -> anyhow::Result<Answer> {
        caller.report(number, &mut self.request);
        self.exchange().await
    }

    /// Asks the native API.
    ///
    /// # Errors
    /// The connection ended.
    pub async fn question(&mut self, caller: &Caller, path: &str) -> anyhow::Result<Answer> {
        caller.question(path, &mut self.request);
        self.exchange().await
    }

    /// The last answer's text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.answer).into_owned()
    }

    async fn exchange(&mut self) -> anyhow::Result<Answer> {
        self.stream.write_all(&self.request).await.context("asking")?;
        self.answer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.answer).await.context("reading")?;
            ensure!(read > 0, "the server closed the connection: {}", self.text());
            if let Some(answer) = whole(&self.answer)? {
                return Ok(answer);
            }
        }
    }
}

/// The answer, when all of it is there.
fn whole(bytes: &[u8]) -> anyhow::Result<Option<Answer>> {
    let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        ensure!(bytes.len() < ANSWER_BYTES_MAX, "an answer without an end");
        return Ok(None);
    };
    let (mut length, mut case) = (0, None);
    let mut lines = bytes[..head].split(|byte| *byte == b'\n');
    let status = lines.next().and_then(|line| line.get(9..12)).unwrap_or_default();
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let value = line[colon + 1..].trim_ascii();
        if line[..colon].eq_ignore_ascii_case(b"content-length") {
            length = std::str::from_utf8(value)?.parse()?;
        } else if line[..colon].eq_ignore_ascii_case(b"redress-case-id") {
            case = value.get(3..).and_then(|mark| mark.try_into().ok());
        }
    }
    let status = std::str::from_utf8(status)?.parse().context("a status")?;
    Ok((bytes.len() >= head + 4 + length).then_some(Answer { status, case }))
}

fn noted(answer: &Answer, tally: &mut Tally, line: &Line) -> anyhow::Result<()> {
    match (answer.status, answer.case) {
        (200, Some(case)) => tally.taken.push(case),
        (200, None) => tally.refused += 1,
        (status, _) => bail!("{status}: {}", line.text()),
    }
    Ok(())
}

/// Asks on every connection as soon as the last answer is there, for so long.
///
/// # Errors
/// A connection ended, or an answer was an error.
pub async fn closed(target: &Target, warm: Duration, lasting: Duration) -> anyhow::Result<Tally> {
    let began = Instant::now();
    let whole = warm + lasting;
    let slots = usize::try_from(whole.as_secs())? + 1;
    let seconds: Arc<Vec<AtomicU64>> = Arc::new((0..slots).map(|_| AtomicU64::new(0)).collect());
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for _ in 0..target.connections {
        let (target, seconds, stop) = (target.clone(), Arc::clone(&seconds), Arc::clone(&stop));
        tasks.spawn(async move {
            let mut line = Line::open(target.address).await?;
            let mut tally = Tally::default();
            while !stop.load(Ordering::Relaxed) {
                let Some(number) = target.draw.next() else { break };
                let asked = Instant::now();
                let answer = line.report(&target.caller, number).await?;
                let since = began.elapsed();
                noted(&answer, &mut tally, &line)?;
                if let Some(second) = seconds.get(usize::try_from(since.as_secs())?) {
                    second.fetch_add(1, Ordering::Relaxed);
                }
                if since >= warm && since < whole {
                    tally.micros.push(u32::try_from(asked.elapsed().as_micros())?);
                }
            }
            // The draw is empty, or the time is over.
            stop.store(true, Ordering::Relaxed);
            anyhow::Ok((tally, began.elapsed()))
        });
    }
    let alarm = tokio::spawn({
        let stop = Arc::clone(&stop);
        async move {
            tokio::time::sleep(whole).await;
            stop.store(true, Ordering::Relaxed);
        }
    });
    let (mut all, mut last) = (Tally::default(), Duration::ZERO);
    while let Some(ended) = tasks.join_next().await {
        let (tally, ended) = ended??;
        all.add(tally);
        last = last.max(ended);
    }
    alarm.abort();
    all.answers = u64::try_from(all.micros.len())?;
    all.lasting = last.min(whole).saturating_sub(warm);
    all.seconds = seconds.iter().map(|second| second.load(Ordering::Relaxed)).collect();
    all.micros.sort_unstable();
    ensure!(
        last >= warm,
        "the payments were used up while it warmed up: measure for fewer seconds"
    );
    Ok(all)
}

/// Asks at a fixed rate for so long, in turn on every connection.
///
/// # Errors
/// As [`closed`].
pub async fn open(target: &Target, rate: f64, lasting: Duration) -> anyhow::Result<Tally> {
    let mut tasks = JoinSet::new();
    let mut due = Vec::new();
    for _ in 0..target.connections {
        let (sender, receiver) = mpsc::channel(DUE_MAX);
        due.push(sender);
        tasks.spawn(on_time(target.clone(), receiver));
    }
    let began = Instant::now();
    // A thread that sleeps precisely: the runtime's clock has whole milliseconds.
    let clock = std::thread::spawn(move || {
        let count = (rate * lasting.as_secs_f64()) as u64;
        for number in 0..count {
            let at = began + Duration::from_secs_f64(number as f64 / rate);
            let wait = at.saturating_duration_since(Instant::now());
            if !wait.is_zero() {
                std::thread::sleep(wait);
            }
            let line = usize::try_from(number).unwrap_or(0) % due.len();
            if due[line].blocking_send(at).is_err() {
                return; // Its task failed, and says so.
            }
        }
    });
    let mut all = Tally { lasting, ..Tally::default() };
    while let Some(ended) = tasks.join_next().await {
        all.add(ended??);
    }
    clock.join().ok().context("the clock of the open loop")?;
    all.lasting = began.elapsed();
    all.answers = u64::try_from(all.micros.len())?;
    all.micros.sort_unstable();
    all.late.sort_unstable();
    Ok(all)
}

/// One connection of the open loop: what is due is asked in order.
async fn on_time(target: Target, mut due: mpsc::Receiver<Instant>) -> anyhow::Result<Tally> {
    let mut line = Line::open(target.address).await?;
    let mut tally = Tally::default();
    while let Some(at) = due.recv().await {
        let number = target.draw.next().context("the payments are used up")?;
        tally.late.push(u32::try_from(at.elapsed().as_micros())?);
        let answer = line.report(&target.caller, number).await?;
        noted(&answer, &mut tally, &line)?;
        tally.micros.push(u32::try_from(at.elapsed().as_micros())?);
    }
    Ok(tally)
}
