//! The plan of a run: programs that do less first, then the program on each engine, then what needs
//! long. Every figure of the program is followed by a look for what it acknowledged.

mod soak;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use store::engine::EngineKind;

use crate::Plan;
use crate::caller::Caller;
use crate::fill;
use crate::house::{self, House};
use crate::load::{self, CaseMark, Draw, Line, Tally, Target, percentile};
use crate::server::{Figures, Server};
use crate::tables::{Page, median, short};
use crate::{facts, tables};

/// Payments for the first look at how fast a program is, which says how many the run needs.
const FIRST_PAYMENTS: u32 = 90_000;

/// Payments beyond those that are expected to be needed.
const SPARE: f64 = 2.0;

/// Connections that the one-transaction program is tried with; the best counts.
const POOLS: [usize; 3] = [8, 16, 32];

/// Questions of each kind, one after another.
const QUESTIONS: usize = 500;

/// Starts of which the median counts.
const STARTS: usize = 5;

/// Heads of two columns: PostgreSQL's own processes are not among them.
const CPU_HEAD: &str = "server's CPU µs each";
/// See above.
const GENERATOR_HEAD: &str = "generator's";

/// What was measured of one program.
#[derive(Clone, Debug, Default)]
struct Peak {
    rate: f64,
    p50: f64,
    p99: f64,
    group: f64,
    syncs: f64,
    memory: f64,
    /// Processor time for one report, in microseconds: the server's and the generator's.
    cpu: f64,
    generator: f64,
}

/// The whole run.
struct Run<'p> {
    plan: &'p Plan,
    page: Page,
    /// Acknowledged and not found.
    missing: usize,
    /// Measure, goal, what was reached.
    goals: Vec<Vec<String>>,
}

/// Measures what is planned; whether everything acknowledged was found.
///
/// # Errors
/// Something cannot be measured.
pub async fn run(plan: &Plan) -> anyhow::Result<bool> {
    let mut run = Run { plan, page: Page::default(), missing: 0, goals: Vec::new() };
    run.open_page()?;
    let (reference, house) = run.lesser().await?;
    for kind in [EngineKind::Sqlite, EngineKind::Postgres] {
        if run.wanted(kind) {
            run.engine(kind, &reference, &house).await?;
        }
    }
    if plan.large {
        for kind in [EngineKind::Sqlite, EngineKind::Postgres] {
            if run.wanted(kind) {
                run.large(kind).await?;
            }
        }
    }
    if let Some(seconds) = plan.steady {
        run.steady(seconds).await?;
    }
    if let Some(seconds) = plan.soak {
        for kind in [EngineKind::Sqlite, EngineKind::Postgres] {
            if run.wanted(kind) {
                run.soak(kind, seconds).await?;
            }
        }
    }
    let goals = std::mem::take(&mut run.goals);
    run.page.say("## Goals");
    run.page.table(&["measure", "goal", "reached"], &goals);
    let missing = run.missing;
    run.page.say(&format!("Acknowledged reports that were not found afterwards: {missing}."));
    if let Some(path) = &plan.write {
        std::fs::write(path, run.page.text()).context("writing the page")?;
    }
    Ok(missing == 0)
}

impl Run<'_> {
    fn wanted(&self, kind: EngineKind) -> bool {
        let only = self.plan.only.as_deref();
        only.is_none_or(|only| only == name(kind))
            && (kind == EngineKind::Sqlite || self.plan.postgres.is_some())
    }

    fn goal(&mut self, measure: &str, goal: &str, reached: String) {
        self.goals.push(vec![measure.to_owned(), goal.to_owned(), reached]);
    }

    fn open_page(&mut self) -> anyhow::Result<()> {
        let syncs = facts::syncs_per_second(&house::scratch(self.plan)?)?;
        let plan = self.plan;
        let cores = match (&plan.server_cores, &plan.generator_cores) {
            (Some(server), Some(generator)) => {
                format!("Servers run on cores {server}, the generator on cores {generator}.")
            }
            _ => "Servers and generator share all cores.".to_owned(),
        };
        self.page.say("# Signed reports per second");
        self.page.say(
            "Written by `cargo xtask bench`; what is measured and how is in docs/proof.md. Only \
             the ratios of one run on one machine mean something.",
        );
        self.page.say(&format!(
            "{}. {cores} The disk syncs a block of 4 KiB {} times a second. Commit {}. {} s \
             measured after {} s, {} times, {} connections; log level {}, mail {}.",
            facts::machine(),
            short(syncs),
            facts::commit(),
            plan.seconds,
            plan.warm,
            plan.rounds,
            plan.connections,
            plan.log,
            plan.mail
        ));
        Ok(())
    }

    fn target(&self, caller: &Arc<Caller>, server: &Server, draw: &Arc<Draw>) -> Target {
        Target {
            caller: Arc::clone(caller),
            address: server.address,
            draw: Arc::clone(draw),
            connections: self.plan.connections,
        }
    }

    async fn closed(&self, target: &Target) -> anyhow::Result<Tally> {
        let (warm, lasting) = (self.plan.warm, self.plan.seconds);
        load::closed(target, Duration::from_secs(warm), Duration::from_secs(lasting)).await
    }

    /// The closed loop on this server, and what it cost both sides.
    async fn costed(&self, server: &Server, target: &Target) -> anyhow::Result<(Tally, Peak)> {
        let own = std::process::id();
        let before = (server.cpu_micros(), facts::cpu_micros(own));
        let tally = self.closed(target).await?;
        let after = (server.cpu_micros(), facts::cpu_micros(own));
        let each = |micros: u64| micros as f64 / tally.taken.len().max(1) as f64;
        let (p50, p99) = (percentile(&tally.micros, 50.0), percentile(&tally.micros, 99.0));
        let (cpu, generator) = (each(after.0 - before.0), each(after.1 - before.1));
        let (rate, memory) = (tally.rate(), server.memory_mib());
        let peak = Peak { rate, p50, p99, memory, cpu, generator, ..Peak::default() };
        Ok((tally, peak))
    }

    /// The programs that store nothing, in turn, so that both see the same moods of the machine.
    async fn lesser(&mut self) -> anyhow::Result<(Peak, House)> {
        let house = House::new(self.plan, EngineKind::Sqlite).await?;
        let (mut bare, mut reference) = (Vec::new(), Vec::new());
        for _ in 0..self.plan.rounds {
            for (program, peaks) in [("bare", &mut bare), ("reference", &mut reference)] {
                let server = house.serve_other(&[program])?;
                let target = self.target(&house.caller, &server, &Draw::endless());
                peaks.push(self.costed(&server, &target).await?.1);
            }
        }
        let (bare, reference) = (middle(&bare), middle(&reference));
        let share = reference.rate / bare.rate;
        self.page.say("## Programs that store nothing");
        let row = |name: &str, peak: &Peak| {
            let parts = [peak.rate, peak.p50, peak.p99, peak.cpu, peak.generator, peak.memory];
            let mut row = vec![name.to_owned()];
            row.extend(parts.map(tables::short));
            row
        };
        let heads =
            ["program", "reports/s", "p50 ms", "p99 ms", CPU_HEAD, GENERATOR_HEAD, "memory MiB"];
        let rows = [
            row("bare: axum and an HMAC", &bare),
            row("reference: our stack, body and signature", &reference),
        ];
        self.page.table(&heads, &rows);
        self.goal("reference against bare", "within 0.1 of it", format!("{share:.2}"));
        Ok((reference, house))
    }

    /// Reports per second that this server can take, roughly.
    async fn first_look(
        &self,
        house: &House,
        server: &Server,
        draw: &Arc<Draw>,
    ) -> anyhow::Result<f64> {
        let target = self.target(&house.caller, server, draw);
        let second = Duration::from_secs(1);
        Ok(load::closed(&target, second, 2 * second).await?.rate())
    }

    /// An installation on this engine, and how many reports per second it takes, roughly.
    async fn looked_at(&self, kind: EngineKind) -> anyhow::Result<(House, f64)> {
        let house = House::new(self.plan, kind).await?;
        fill::payments(&house, 0..FIRST_PAYMENTS).await?;
        let server = house.serve()?;
        let first = Draw::new(fill::shuffled(0, FIRST_PAYMENTS));
        let rate = self.first_look(&house, &server, &first).await?;
        server.stop()?;
        Ok((house, rate))
    }

    /// How many payments all rounds of the peak need at this rate.
    fn needed(&self, rate: f64) -> u32 {
        let whole = (self.plan.warm + self.plan.seconds) as f64 * self.plan.rounds as f64;
        (rate * whole * SPARE) as u32
    }

    async fn engine(
        &mut self,
        kind: EngineKind,
        reference: &Peak,
        lesser: &House,
    ) -> anyhow::Result<()> {
        let (house, rate) = self.looked_at(kind).await?;
        let durability = house.durability().await?;
        let all = FIRST_PAYMENTS + self.needed(rate);
        fill::payments(&house, FIRST_PAYMENTS..all).await?;
        let draw = Draw::new(fill::shuffled(FIRST_PAYMENTS, all));
        let server = house.serve()?;
        let (peak, mut taken) = self.peak(&house, &server, &draw).await?;
        server.stop()?;
        let half = peak.rate / 2.0;
        let lasting = Duration::from_secs(self.plan.seconds);
        let more = all + (half * lasting.as_secs_f64()) as u32 + 1;
        fill::payments(&house, all..more).await?;
        let server = house.serve()?;
        let target = self.target(&house.caller, &server, &Draw::new(fill::shuffled(all, more)));
        let open = load::open(&target, half, lasting).await?;
        server.stop()?;
        let other = lesser.serve_other(&["reference"])?;
        let target = self.target(&lesser.caller, &other, &Draw::endless());
        let beside = load::open(&target, half, lasting).await?;
        drop(other);
        self.page.say(&format!("## Redress on {}", name(kind)));
        self.page.say(&format!("Read back: {durability}."));
        self.peak_table(&[("closed loop", &peak)], reference);
        let heads = ["at half the peak", "p50 ms", "p99 ms", "p99.9 ms", "sent late, p99 ms"];
        let rows = [latencies("Redress", &open), latencies("reference", &beside)];
        self.page.table(&heads, &rows);
        taken.extend(&open.taken);
        self.look(&house, &taken).await?;
        let word = name(kind);
        let share = peak.rate / reference.rate;
        let goal = if kind == EngineKind::Sqlite { "0.5" } else { "0.2" };
        self.goal(&format!("{word} against reference"), goal, format!("{share:.2}"));
        let (p99, ours) = (percentile(&beside.micros, 99.0), percentile(&open.micros, 99.0));
        let said = format!("{:.1}", ours / p99.max(f64::MIN_POSITIVE));
        self.goal(&format!("{word}: p99 against reference's at half peak"), "at most 5", said);
        let said = format!("{} MiB", short(peak.memory));
        self.goal(&format!("{word}: memory"), "under 200 MB", said);
        house.remove().await?;
        if kind == EngineKind::Postgres {
            self.single(&peak, reference).await?;
        }
        Ok(())
    }

    /// The peak of a server with a store.
    async fn peak(
        &self,
        house: &House,
        server: &Server,
        draw: &Arc<Draw>,
    ) -> anyhow::Result<(Peak, Vec<CaseMark>)> {
        let (mut peaks, mut taken) = (Vec::new(), Vec::new());
        for _ in 0..self.plan.rounds {
            let (began, syncs) = (Instant::now(), house.postgres_syncs().await?);
            let before = server.figures(&house.caller).await?;
            let target = self.target(&house.caller, server, draw);
            let (tally, mut one) = self.costed(server, &target).await?;
            ensure!(tally.refused == 0, "{} reports were refused", tally.refused);
            let enough = tally.lasting.as_secs_f64() > self.plan.seconds as f64 / 2.0;
            ensure!(enough, "the payments were used up: the first look saw too low a rate");
            let figures = server.figures(&house.caller).await?.since(before);
            let elapsed = began.elapsed().as_secs_f64();
            let syncs = house.postgres_syncs().await? - syncs;
            (one.group, one.syncs) = (figures.group_size(), per_second(figures, syncs, elapsed));
            taken.extend(tally.taken);
            peaks.push(one);
        }
        Ok((middle(&peaks), taken))
    }

    fn peak_table(&mut self, peaks: &[(&str, &Peak)], reference: &Peak) {
        let heads = [
            "",
            "reports/s",
            "of reference",
            "p50 ms",
            "p99 ms",
            "syncs/s",
            "batches in a group",
            CPU_HEAD,
            GENERATOR_HEAD,
            "memory MiB",
        ];
        let row = |(name, peak): &(&str, &Peak)| {
            let share = format!("{:.2}", peak.rate / reference.rate);
            let (syncs, cpu) = (peak.syncs, peak.cpu);
            let rest = [peak.p50, peak.p99, syncs, peak.group, cpu, peak.generator, peak.memory];
            let mut row = vec![(*name).to_owned(), short(peak.rate), share];
            row.extend(rest.map(tables::short));
            row
        };
        let rows: Vec<_> = peaks.iter().map(row).collect();
        self.page.table(&heads, &rows);
    }

    /// Looks for what was acknowledged; the server must have ended.
    async fn look(&mut self, house: &House, taken: &[CaseMark]) -> anyhow::Result<()> {
        let missing = house.missing(taken).await?;
        self.missing += missing;
        let said = format!("Of {} acknowledged reports {missing} are missing.", taken.len());
        self.page.say(&said);
        Ok(())
    }

    /// The well-made program with one transaction for each request.
    async fn single(&mut self, ours: &Peak, reference: &Peak) -> anyhow::Result<()> {
        let house = House::new(self.plan, EngineKind::Postgres).await?;
        fill::payments(&house, 0..FIRST_PAYMENTS).await?;
        let first = Draw::new(fill::shuffled(0, FIRST_PAYMENTS));
        let (mut best, mut pool) = (0.0, POOLS[0]);
        let mut tried = Vec::new();
        for size in POOLS {
            let server = house.serve_other(&["single", "--pool", &size.to_string()])?;
            let rate = self.first_look(&house, &server, &first).await?;
            tried.push(vec![size.to_string(), short(rate)]);
            if rate > best {
                (best, pool) = (rate, size);
            }
        }
        let all = FIRST_PAYMENTS + self.needed(best);
        fill::payments(&house, FIRST_PAYMENTS..all).await?;
        let draw = Draw::new(fill::shuffled(FIRST_PAYMENTS, all));
        let server = house.serve_other(&["single", "--pool", &pool.to_string()])?;
        let (single, taken) = self.peak(&house, &server, &draw).await?;
        drop(server);
        self.page.say("## One transaction for each request, on PostgreSQL");
        self.page.table(&["connections", "reports/s, a first look"], &tried);
        let rows = [("one transaction each", &single), ("Redress", ours)];
        self.peak_table(&rows, reference);
        self.look(&house, &taken).await?;
        let said = format!("{:.1}", ours.rate / single.rate);
        self.goal("postgres against one transaction each", "5", said);
        house.remove().await
    }

    /// The same with many payments and cases stored.
    async fn large(&mut self, kind: EngineKind) -> anyhow::Result<()> {
        let (payments, cases) = (self.plan.large_payments, self.plan.large_cases);
        let house = House::new(self.plan, kind).await?;
        let began = Instant::now();
        let empty = self.drawn_on_empty(&house).await?;
        fill::payments(&house, FIRST_PAYMENTS..payments).await?;
        let older = payments - payments / fill::NEWEST;
        let mut others = fill::shuffled(FIRST_PAYMENTS, older);
        let free = others.split_off(usize::try_from(cases)?.min(others.len() / 2));
        fill::cases(&house, others).await?;
        let filled = began.elapsed().as_secs_f64();
        let mut starts = Vec::new();
        for _ in 0..STARTS {
            let server = house.serve()?;
            starts.push(server.started_in.as_secs_f64());
            server.stop()?;
        }
        let server = house.serve()?;
        let half = free.len() / 2;
        let uniform = Draw::new(free[half..].to_vec());
        let (spread, mut taken) = self.peak(&house, &server, &uniform).await?;
        let newest = fill::newest_first(fill::shuffled(older, payments), free[..half].to_vec());
        let target = self.target(&house.caller, &server, &Draw::new(newest));
        let lasting = Duration::from_secs(self.plan.seconds);
        let newest = load::closed(&target, Duration::ZERO, lasting).await?;
        let reads = self.questions(&house, &server, &newest.taken).await?;
        let memory = server.memory_mib();
        server.stop()?;
        let newest_rate = newest.rate();
        taken.extend(newest.taken);
        self.page.say(&format!("## With {payments} payments and {cases} cases on {}", name(kind)));
        self.page.say(&format!("Filled in {} s.", short(filled)));
        let row = |what: &str, rate: f64| {
            vec![what.to_owned(), short(rate), format!("{:.2}", rate / empty)]
        };
        let rows = [
            row("empty database", empty),
            row("nine of ten on the newest hundredth", newest_rate),
            row("uniform draw", spread.rate),
        ];
        self.page.table(&["reports", "per second", "of empty"], &rows);
        let heads = ["question, one after another", "median ms", "p99 ms"];
        self.page.table(&heads, &reads);
        self.look(&house, &taken).await?;
        let word = name(kind);
        let said = format!("{:.2} / {:.2}", newest_rate / empty, spread.rate / empty);
        self.goal(&format!("{word}, large: newest / uniform of empty"), "0.8 / 0.5", said);
        let said = format!("{} MiB / {:.2} s", short(memory), median(&starts));
        self.goal(&format!("{word}, large: memory / start-up"), "200 MB / 0.5 s", said);
        let said: Vec<String> = reads.iter().map(|row| row[1].clone()).collect();
        self.goal(&format!("{word}, large: one case / page of 50"), "1 / 5 ms", said.join(" / "));
        house.remove().await
    }

    /// The rate on a database that holds nothing but the payments that are reported.
    async fn drawn_on_empty(&self, house: &House) -> anyhow::Result<f64> {
        fill::payments(house, 0..FIRST_PAYMENTS).await?;
        let server = house.serve()?;
        let draw = Draw::new(fill::shuffled(0, FIRST_PAYMENTS));
        let target = self.target(&house.caller, &server, &draw);
        let rate = self.closed(&target).await?.rate();
        server.stop()?;
        Ok(rate)
    }

    /// Reads, one after another: the cases just opened, and pages of the newest.
    async fn questions(
        &self,
        house: &House,
        server: &Server,
        cases: &[CaseMark],
    ) -> anyhow::Result<Vec<Vec<String>>> {
        let mut line = Line::open(server.address).await?;
        let one = |turn: usize| {
            let mark = cases.get(turn % cases.len().max(1)).copied().unwrap_or_default();
            format!("/api/v1/cases/cs_{}", String::from_utf8_lossy(&mark))
        };
        let page = |_: usize| "/api/v1/cases?limit=50".to_owned();
        let filter = |_: usize| "/api/v1/cases?limit=50&stage=received".to_owned();
        let kinds: [(&str, &dyn Fn(usize) -> String); 3] =
            [("one case", &one), ("page of 50", &page), ("page of 50 by stage", &filter)];
        let mut rows = Vec::new();
        for (what, path) in kinds {
            let mut micros = Vec::new();
            for turn in 0..QUESTIONS {
                let asked = Instant::now();
                let answer = line.question(&house.caller, &path(turn)).await?;
                if answer.status != 200 {
                    break; // This release does not filter so.
                }
                micros.push(u32::try_from(asked.elapsed().as_micros())?);
            }
            micros.sort_unstable();
            if !micros.is_empty() {
                let [median, p99] = [50.0, 99.0].map(|part| short(percentile(&micros, part)));
                rows.push(vec![what.to_owned(), median, p99]);
            }
        }
        Ok(rows)
    }

    /// A load that lasts longer than nonces are kept, on SQLite.
    async fn steady(&mut self, seconds: u64) -> anyhow::Result<()> {
        let (house, rate) = self.looked_at(EngineKind::Sqlite).await?;
        let all = FIRST_PAYMENTS + (rate * seconds as f64 * SPARE) as u32;
        fill::payments(&house, FIRST_PAYMENTS..all).await?;
        let draw = Draw::new(fill::shuffled(FIRST_PAYMENTS, all));
        let server = house.serve()?;
        let target = self.target(&house.caller, &server, &draw);
        let lasting = Duration::from_secs(seconds);
        let tally = load::closed(&target, Duration::ZERO, lasting).await?;
        let memory = server.memory_mib();
        server.stop()?;
        let length = usize::try_from(seconds.min(60))?;
        let whole = &tally.seconds[..tally.seconds.len().min(usize::try_from(seconds)?)];
        let minutes: Vec<f64> = whole
            .chunks(length)
            .filter(|chunk| chunk.len() == length)
            .map(|chunk| chunk.iter().sum::<u64>() as f64 / length as f64)
            .collect();
        self.page.say(&format!("## A steady load of {seconds} s on sqlite"));
        let rows: Vec<_> = (1..)
            .zip(&minutes)
            .map(|(minute, rate): (u32, &f64)| vec![minute.to_string(), short(*rate)])
            .collect();
        self.page.table(&["minute", "reports/s"], &rows);
        self.page.say(&format!("Memory at its highest: {} MiB.", short(memory)));
        self.look(&house, &tally.taken).await?;
        let (first, last) = (minutes.first().copied(), minutes.last().copied());
        let share = last.unwrap_or(0.0) / first.unwrap_or(f64::NAN);
        self.goal("sqlite: last minute against the first", "0.9", format!("{share:.2}"));
        Ok(())
    }
}

const fn name(kind: EngineKind) -> &'static str {
    match kind {
        EngineKind::Sqlite => "sqlite",
        EngineKind::Postgres => "postgres",
    }
}

/// The round in the middle by its rate; the memory of the worst.
fn middle(peaks: &[Peak]) -> Peak {
    let mut sorted = peaks.to_vec();
    sorted.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    let memory = peaks.iter().map(|peak| peak.memory).fold(0.0, f64::max);
    let one = sorted.get(sorted.len() / 2).cloned().unwrap_or_default();
    Peak { memory, ..one }
}

/// What PostgreSQL counted, or, on SQLite, one sync for each group (its log is also synced when it
/// is copied into the file, twice in some thousand groups).
fn per_second(figures: Figures, postgres: u64, elapsed: f64) -> f64 {
    let count = if postgres > 0 { postgres } else { figures.groups };
    count as f64 / elapsed
}

fn latencies(name: &str, tally: &Tally) -> Vec<String> {
    let parts = [50.0, 99.0, 99.9].map(|part| short(percentile(&tally.micros, part)));
    let mut row = vec![name.to_owned()];
    row.extend(parts);
    row.push(short(percentile(&tally.late, 99.0)));
    row
}
