//! Many draws on all cores, and what they showed together.

use super::check::honest_alone;
use super::draw::{Drawn, draw, meets};
use super::life::troubles::LIVES;
use super::life::world::{Export, world};
use super::tell::{KINDS, Wanted};
use crate::sim::many::cores;
use hotline::evidence::rules::Rules;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

/// Draws from which on every cell of the table must have been met.
pub const WHOLE: u64 = 200;

/// The sum of many draws.
#[derive(Default)]
pub struct Sum {
    /// Draws.
    pub draws: u64,
    /// Draws in which nothing could be told.
    pub untold: u64,
    /// Honest files judged alone, in pairs and in threes.
    pub honest_sets: u64,
    /// By kind and column: how often which verdict came, of lies told alone.
    pub verdicts: BTreeMap<(usize, usize), BTreeMap<&'static str, u64>>,
    /// Cells whose wanted verdict has come.
    pub met: BTreeMap<(usize, usize), u64>,
    /// By life.
    pub lives: BTreeMap<&'static str, u64>,
    /// What is wrong, by seed; `None` of honest files without any lie.
    pub violations: Vec<(Option<u64>, String)>,
}

impl Sum {
    /// Cells whose wanted verdict never came.
    #[must_use]
    pub fn unmet(&self) -> Vec<(u8, &'static str, usize, Wanted)> {
        let mut unmet = Vec::new();
        for (at, kind) in KINDS.iter().enumerate() {
            for (column, wanted) in kind.wanted.iter().enumerate() {
                if !self.met.contains_key(&(at, column)) {
                    unmet.push((kind.no, kind.what, column, *wanted));
                }
            }
        }
        unmet
    }

    /// Violations that begin so.
    #[must_use]
    pub fn count(&self, of: &str) -> usize {
        self.violations
            .iter()
            .filter(|(_, words)| words.contains(of))
            .count()
    }

    /// Whether the run fails.
    #[must_use]
    pub fn fails(&self) -> bool {
        !self.violations.is_empty() || (self.draws >= WHOLE && !self.unmet().is_empty())
    }

    fn add(&mut self, seed: u64, drawn: Option<Drawn>) {
        self.draws += 1;
        let Some(drawn) = drawn else {
            self.untold += 1;
            return;
        };
        *self.lives.entry(drawn.life).or_default() += 1;
        for (column, found) in drawn.columns.iter().enumerate() {
            if drawn.second.is_some() {
                continue;
            }
            let cell = self.verdicts.entry((drawn.kind, column)).or_default();
            *cell.entry(found.got).or_default() += 1;
            if meets(found, KINDS[drawn.kind].wanted[column]) {
                *self.met.entry((drawn.kind, column)).or_default() += 1;
            }
        }
        let told = |at: usize| format!("{} {}", KINDS[at].no, KINDS[at].what);
        let second = drawn
            .second
            .map_or_else(String::new, |at| format!(", with {}", told(at)));
        for wrong in drawn.wrong {
            let words = format!("{wrong} ({}{second}; {})", told(drawn.kind), drawn.life);
            self.violations.push((Some(seed), words));
        }
    }
}

/// The command that draws a seed again.
#[must_use]
pub fn replay(seed: u64) -> String {
    format!("cargo run --release -p hotline-tests -- lies --draws 1 --first {seed}")
}

/// Draws `count` seeds from `first` on all cores.
///
/// # Panics
/// When a draw panics, which none may.
#[must_use]
pub fn draw_all(first: u64, count: u64, rules: &Rules, progress: &(dyn Fn(&Sum) + Sync)) -> Sum {
    let next = AtomicU64::new(first);
    let sum = Mutex::new(Sum::default());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first.saturating_add(count) {
                return;
            }
            let drawn = draw(seed, rules);
            let mut sum = sum.lock().expect("no draw panics");
            sum.add(seed, drawn);
            progress(&sum);
        }
    };
    thread::scope(|scope| {
        for _ in 0..cores() {
            scope.spawn(work);
        }
    });
    sum.into_inner().expect("no draw panics")
}

/// Judges every honest file alone, every pair and every three of them, over all lives: nobody is convicted and no file is
/// unusable. `most`: files of a set at most.
///
/// # Panics
/// When a judgement panics, which none may.
pub fn honest_all(most: usize, rules: &Rules, sum: &mut Sum) {
    let next = AtomicUsize::new(0);
    let found: Mutex<(u64, Vec<String>)> = Mutex::default();
    let work = || {
        loop {
            let no = next.fetch_add(1, Ordering::Relaxed);
            if no >= LIVES.len() {
                return;
            }
            let world = world(no);
            for subject in world.subjects() {
                let files = world.exports.iter().filter(|one| one.subject == subject);
                let files: Vec<&Export> =
                    files.filter(|one| !one.bundle.letters.is_empty()).collect();
                for set in sets(&files, most) {
                    let wrong = honest_alone(world, &set, rules);
                    let names: Vec<String> = set.iter().map(|one| one.name()).collect();
                    let mut found = found.lock().expect("no judgement panics");
                    found.0 += 1;
                    let wrong = wrong.into_iter();
                    found.1.extend(wrong.map(|wrong| {
                        format!("{wrong} ({}, {}, {names:?})", world.name, subject.asked())
                    }));
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..cores() {
            scope.spawn(work);
        }
    });
    let (sets, wrong) = found.into_inner().expect("no judgement panics");
    sum.honest_sets += sets;
    sum.violations
        .extend(wrong.into_iter().map(|wrong| (None, wrong)));
}

/// Every set of at most so many of the files.
fn sets<'a>(files: &[&'a Export], most: usize) -> Vec<Vec<&'a Export>> {
    let mut sets: Vec<Vec<&Export>> = vec![Vec::new()];
    for file in files {
        let more = sets.iter().filter(|set| set.len() < most);
        let more: Vec<Vec<&Export>> = more.map(|set| [&set[..], &[*file]].concat()).collect();
        sets.extend(more);
    }
    sets.retain(|set| !set.is_empty());
    sets
}

/// The first draw in which a judge without one of its rules lets a liar go: what the rule is there for.
///
/// # Panics
/// When a draw panics, which none may.
#[must_use]
pub fn acquitted_without(rule: &'static str, draws: u64) -> Option<(u64, String)> {
    let rules = Rules::without(&[rule]);
    (0..draws).find_map(|seed| {
        let wrong = draw(seed, &rules)?.wrong;
        let acquitted = wrong
            .into_iter()
            .find(|words| words.contains("liar acquitted"));
        acquitted.map(|words| (seed, words))
    })
}
