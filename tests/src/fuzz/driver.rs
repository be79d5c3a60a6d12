//! Mutations of good input, and what counts as new: an answer that no input gave before.

use super::seeds::seeds;
use super::targets::{TARGETS, Target};
use crate::sim::rng::Rng;
use anyhow::Context as _;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longest input made, in bytes.
const INPUT_MAX: usize = 64 << 10;
/// Most inputs that a run keeps because they were new.
const KEPT_MAX: usize = 4_000;
/// Bytes that decoders find interesting.
const BYTES: [u8; 10] = [0, 1, 7, 8, 0x0a, 0x12, 0x7f, 0x80, 0xfe, 0xff];

/// An input that panicked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crash {
    /// Which target.
    pub target: &'static str,
    /// The input.
    pub input: Vec<u8>,
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Inputs tried.
    pub tried: u64,
    /// Different answers seen.
    pub answers: usize,
    /// Inputs whose answer was new and that were in no corpus.
    pub found: Vec<Vec<u8>>,
}

/// When a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// After so many mutated inputs.
    Tried(u64),
    /// After so much time.
    Passed(Duration),
}

/// The folder of a target's committed inputs.
#[must_use]
pub fn corpus_of(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target)
}

/// The committed inputs of a target, in the order of their names.
///
/// # Errors
/// A file cannot be read.
pub fn corpus(target: &str) -> anyhow::Result<Vec<Vec<u8>>> {
    let Ok(entries) = std::fs::read_dir(corpus_of(target)) else {
        return Ok(Vec::new());
    };
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    paths
        .into_iter()
        .map(|path| std::fs::read(&path).with_context(|| path.display().to_string()))
        .collect()
}

/// Runs a target over its good and committed inputs, then over mutations of them.
///
/// # Errors
/// The first input that panicked; or the corpus cannot be read.
pub fn run(name: &str, until: Until, seed: u64) -> anyhow::Result<Result<Report, Crash>> {
    let (target, function) = TARGETS
        .iter()
        .find(|(target, _)| *target == name)
        .with_context(|| format!("no target {name}"))?;
    let mut pool = seeds(name);
    pool.extend(corpus(name)?);
    let mut report = Report::default();
    let mut answers = BTreeSet::new();
    for input in &pool {
        match tried(*function, input) {
            Some(answer) => answers.insert(answer),
            None => return Ok(Err(crash(target, input))),
        };
    }
    pool.push(Vec::new());
    let (mut rng, begun) = (Rng::new(seed), Instant::now());
    loop {
        match until {
            Until::Tried(most) if report.tried >= most => break,
            Until::Passed(time) if report.tried.is_multiple_of(64) && begun.elapsed() >= time => {
                break;
            }
            _ => {}
        }
        let input = mutated(&pool, &mut rng);
        report.tried += 1;
        let Some(answer) = tried(*function, &input) else {
            return Ok(Err(crash(target, &input)));
        };
        if answers.insert(answer) && report.found.len() < KEPT_MAX {
            pool.push(input.clone());
            report.found.push(input);
        }
    }
    report.answers = answers.len();
    Ok(Ok(report))
}

fn crash(target: &'static str, input: &[u8]) -> Crash {
    Crash {
        target,
        input: input.to_vec(),
    }
}

fn tried(function: Target, input: &[u8]) -> Option<String> {
    catch_unwind(AssertUnwindSafe(|| function(input))).ok()
}

fn index(rng: &mut Rng, len: usize) -> usize {
    usize::try_from(rng.below(len as u64)).unwrap_or(0)
}

/// One to four changes of an input of the pool.
fn mutated(pool: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut input = pool[index(rng, pool.len())].clone();
    for _ in 0..=rng.below(4) {
        let at = index(rng, input.len());
        match rng.below(8) {
            0 if !input.is_empty() => input[at] ^= 1 << rng.below(8),
            1 if !input.is_empty() => input[at] = *rng.pick(&BYTES),
            2 if !input.is_empty() => input[at] = rng.draw().to_be_bytes()[0],
            3 => input.truncate(at),
            4 => {
                let end = (at + 1 + index(rng, 16)).min(input.len());
                input.drain(at.min(end)..end);
            }
            5 => {
                let end = (at + 1 + index(rng, 32)).min(input.len());
                let part = input[at.min(end)..end].to_vec();
                let to = index(rng, input.len() + 1);
                input.splice(to..to, part);
            }
            6 => {
                let other = rng.pick(pool);
                let from = index(rng, other.len());
                let end = (from + 1 + index(rng, 256)).min(other.len());
                let part = other[from.min(end)..end].to_vec();
                input.splice(at..at, part);
            }
            _ => input.insert(at, rng.draw().to_be_bytes()[0]),
        }
        input.truncate(INPUT_MAX);
    }
    input
}
