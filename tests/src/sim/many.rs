//! Many seeds on all cores, and what they showed together.

use super::notices;
use super::places::DAY;
use super::run::{Report, run};
use crate::breaks::Whole;
use crate::invariants::Violation;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// The sum of many runs.
#[derive(Clone, Default, Debug)]
pub struct Sum {
    /// Runs.
    pub seeds: u64,
    /// Runs by shape.
    pub shapes: BTreeMap<&'static str, u64>,
    /// Simulated milliseconds, all runs together.
    pub lasted_ms: i64,
    /// Durable commits.
    pub commits: u64,
    /// Frames that left.
    pub frames: u64,
    /// Commands carried out and refused.
    pub answers: (u64, u64),
    /// Exceptions and superiors' orders, by kind of leg.
    pub notices: notices::Table,
    /// Faults that struck, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Broken promises, by seed.
    pub violations: BTreeMap<u64, Violation>,
}

impl Sum {
    /// Simulated days.
    #[must_use]
    pub fn days(&self) -> i64 {
        self.lasted_ms / DAY
    }

    /// What the rules allow and these runs did not meet.
    #[must_use]
    pub fn unmet(&self) -> Vec<(&'static str, &'static str)> {
        let pairs = notices::MET
            .into_iter()
            .flat_map(|met| notices::LEGS.map(|leg| (met, leg)));
        pairs
            .filter(|(met, leg)| notices::is_wanted(met, leg))
            .filter(|pair| !self.notices.contains_key(pair))
            .collect()
    }

    fn add(&mut self, seed: u64, outcome: Result<Report, Violation>) {
        self.seeds += 1;
        let report = match outcome {
            Ok(report) => report,
            Err(violation) => {
                self.violations.insert(seed, violation);
                return;
            }
        };
        *self.shapes.entry(report.shape).or_default() += 1;
        self.lasted_ms += report.lasted_ms;
        self.commits += report.commits;
        self.frames += report.frames;
        self.answers.0 += report.answers.0;
        self.answers.1 += report.answers.1;
        for (met, count) in report.notices {
            *self.notices.entry(met).or_default() += count;
        }
        for (kind, count) in report.faults {
            *self.faults.entry(kind).or_default() += count;
        }
    }
}

/// Cores of this machine.
#[must_use]
pub fn cores() -> usize {
    thread::available_parallelism().map_or(2, usize::from)
}

/// The command that runs a seed again.
#[must_use]
pub fn replay(seed: u64) -> String {
    format!("cargo run --release -p hotline-tests -- seed {seed}")
}

/// Runs `count` seeds from `first` on all cores; `progress` hears after each how many are done, and of a violation.
///
/// # Panics
/// When a run panics, which no run may.
pub fn run_all(first: u64, count: u64, progress: &(dyn Fn(&Sum) + Sync)) -> Sum {
    let next = AtomicU64::new(first);
    let sum = Mutex::new(Sum::default());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first.saturating_add(count) {
                return;
            }
            let outcome = run(seed, Box::new(Whole));
            let mut sum = sum.lock().expect("no run panics");
            sum.add(seed, outcome);
            progress(&sum);
        }
    };
    thread::scope(|scope| {
        for _ in 0..cores() {
            scope.spawn(work);
        }
    });
    sum.into_inner().expect("no run panics")
}
