//! The simulation: every promise over many seeds, each seed with its own faults.
//!
//! `HOTLINE_SEEDS=N` runs N seeds instead of the usual number, `HOTLINE_SEED=S` one seed alone.

use hotline_tests::breaks::{Whole, all};
use hotline_tests::sim::run::{Report, run};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

/// Seeds of the default run.
const SEEDS: u64 = 300;
/// Seeds within which a break must be found.
const BREAK_SEEDS: u64 = 50;
/// Threads that seeds run on.
const THREADS: usize = 2;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn replay(seed: u64) -> String {
    format!("HOTLINE_SEED={seed} cargo test -p hotline-tests --test simulation -- --nocapture")
}

#[test]
fn every_promise_holds_in_every_seed() {
    if let Some(seed) = number("HOTLINE_SEED") {
        match run(seed, Box::new(Whole)) {
            Ok(report) => println!("seed {seed}: {report:#?}"),
            Err(violation) => panic!("seed {seed}: {violation}"),
        }
        return;
    }
    let seeds = number("HOTLINE_SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(0);
    let started = Instant::now();
    let work = || {
        let mut failed = Vec::new();
        let mut commits = 0;
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds {
                return (failed, commits);
            }
            match run(seed, Box::new(Whole)) {
                Ok(report) => commits += report.commits,
                Err(violation) => failed.push(format!("{violation}\n  replay: {}", replay(seed))),
            }
        }
    };
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("a worker"))
            .collect()
    });
    let commits: u64 = outcomes.iter().map(|(_, commits)| commits).sum();
    let failed: Vec<String> = outcomes
        .into_iter()
        .flat_map(|(failed, _)| failed)
        .collect();
    let spent = started.elapsed();
    println!(
        "{seeds} seeds, {commits} commits, {spent:?}, {:?} a seed",
        spent / u32::try_from(seeds.max(1)).unwrap_or(1)
    );
    assert!(
        failed.is_empty(),
        "{} of {seeds} seeds failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

#[test]
fn the_same_seed_gives_the_same_history() {
    let once = |seed| -> Report { run(seed, Box::new(Whole)).expect("a seed that holds") };
    for seed in [3, 7] {
        assert_eq!(once(seed), once(seed), "seed {seed}");
    }
}

#[test]
fn every_break_is_found() {
    let breaks = all();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut missed = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((name, make)) = breaks.get(at) else {
                return missed;
            };
            match (0..BREAK_SEEDS).find_map(|seed| Some((seed, run(seed, make()).err()?))) {
                Some((seed, violation)) => println!("{name}: found in seed {seed}, {violation}"),
                None => missed.push(*name),
            }
        }
    };
    let missed: Vec<&str> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("a worker"))
            .collect()
    });
    assert!(
        missed.is_empty(),
        "not found within {BREAK_SEEDS} seeds: {missed:?}"
    );
}
