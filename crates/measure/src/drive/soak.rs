//! An hour at half the peak: memory, open files and latencies, section by section. What leaks or
//! grows shows as a slope. It judges only what grows with time at an even load; how fast the
//! program is, the peak says.

use std::time::Duration;

use anyhow::ensure;
use store::engine::EngineKind;

use super::{CPU_HEAD, FIRST_PAYMENTS, Run, name};
use crate::facts;
use crate::fill;
use crate::load::{self, Draw, Tally, percentile};
use crate::server::Server;
use crate::tables::{median, short};

/// Sections that the time is cut into, each measured for itself.
const SECTIONS: u32 = 12;

/// Sections at the beginning, and at the end, whose medians are held against each other. The very
/// first is left out: caches fill in it.
const AT_AN_END: usize = 3;

/// Bytes that a report costs on the disk at most, its payment and all indexes included, with the
/// room that a write-ahead log wants. Measured on both engines, rounded up.
const BYTES_OF_A_REPORT: f64 = 4_096.0;

/// The part of the free disk that a soak may fill.
const SHARE_OF_DISK: f64 = 0.7;

/// What is read off a section.
type Reading<'r> = &'r dyn Fn(&Section) -> f64;

/// What one section showed.
struct Section {
    tally: Tally,
    memory: f64,
    files: usize,
    cpu: f64,
}

impl Section {
    fn row(&self, number: usize) -> Vec<String> {
        let (micros, files) = (&self.tally.micros, self.files.to_string());
        let times = [50.0, 99.0, 99.9].map(|part| short(percentile(micros, part)));
        let mut row = vec![number.to_string(), short(self.tally.rate())];
        row.extend(times);
        row.extend([short(self.memory), files, short(self.cpu)]);
        row
    }
}

impl Run<'_> {
    /// Half the peak for so many seconds on one engine.
    pub(super) async fn soak(&mut self, kind: EngineKind, seconds: u64) -> anyhow::Result<()> {
        let (house, peak) = self.looked_at(kind).await?;
        let room = facts::free_bytes(&crate::house::scratch(self.plan)?)? as f64 * SHARE_OF_DISK;
        let fitting = room / BYTES_OF_A_REPORT / seconds as f64;
        let rate = self.plan.soak_rate.unwrap_or(peak / 2.0).min(fitting);
        ensure!(rate >= 1.0, "the disk has no room for {seconds} s of reports");
        let all = FIRST_PAYMENTS + (rate * seconds as f64) as u32 + SECTIONS;
        fill::payments(&house, FIRST_PAYMENTS..all).await?;
        let draw = Draw::new(fill::shuffled(FIRST_PAYMENTS, all));
        let server = house.serve()?;
        let target = self.target(&house.caller, &server, &draw);
        let lasting = Duration::from_secs(seconds) / SECTIONS;
        let mut sections = Vec::new();
        for _ in 0..SECTIONS {
            let before = server.cpu_micros();
            let tally = load::open(&target, rate, lasting).await?;
            sections.push(section(&server, tally, before));
        }
        server.stop()?;
        self.told(kind, seconds, [peak, rate], &sections);
        let taken: Vec<_> = sections.iter().flat_map(|one| &one.tally.taken).copied().collect();
        self.look(&house, &taken).await?;
        house.remove().await
    }

    fn told(&mut self, kind: EngineKind, seconds: u64, rates: [f64; 2], sections: &[Section]) {
        let word = name(kind);
        let [peak, rate] = rates.map(short);
        self.page.say(&format!("## {seconds} s at {rate} reports a second on {word}"));
        self.page.say(&format!("A first look saw a peak of {peak} a second."));
        let heads = [
            "section",
            "reports/s",
            "p50 ms",
            "p99 ms",
            "p99.9 ms",
            "memory MiB",
            "files open",
            CPU_HEAD,
        ];
        let rows: Vec<_> = (1..).zip(sections).map(|(number, one)| one.row(number)).collect();
        self.page.table(&heads, &rows);
        let p99 = |one: &Section| percentile(&one.tally.micros, 99.0);
        let kinds: [(&str, &str, Reading<'_>); 3] = [
            ("memory", "at most 1.1", &|one| one.memory),
            ("files open", "at most 1.1", &|one| one.files as f64),
            ("p99", "at most 1.5", &p99),
        ];
        for (what, goal, of) in kinds {
            let measure = format!("{word}, {seconds} s: {what} at the end against the beginning");
            self.goal(&measure, goal, format!("{:.2}", slope(sections, of)));
        }
    }
}

fn section(server: &Server, tally: Tally, cpu_before: u64) -> Section {
    let cpu = (server.cpu_micros() - cpu_before) as f64 / tally.taken.len().max(1) as f64;
    Section { memory: server.memory_now_mib(), files: server.open_files(), cpu, tally }
}

/// The median at the end over the median at the beginning.
fn slope(sections: &[Section], of: Reading<'_>) -> f64 {
    let all: Vec<f64> = sections.iter().skip(1).map(of).collect();
    let end = &all[all.len().saturating_sub(AT_AN_END)..];
    median(end) / median(&all[..AT_AN_END.min(all.len())]).max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_shows_as_a_slope_and_the_first_section_does_not_count() {
        let with = |memory| Section { tally: Tally::default(), memory, files: 9, cpu: 0.0 };
        let leaking: Vec<Section> = (1..=12).map(|turn| with(f64::from(turn) * 10.0)).collect();
        assert!(slope(&leaking, &|one| one.memory) > 3.0);
        assert!((slope(&leaking, &|one| one.files as f64) - 1.0).abs() < f64::EPSILON);
        let warmed: Vec<Section> =
            (0..12).map(|turn| with(if turn == 0 { 5.0 } else { 50.0 })).collect();
        assert!((slope(&warmed, &|one| one.memory) - 1.0).abs() < f64::EPSILON);
    }
}
