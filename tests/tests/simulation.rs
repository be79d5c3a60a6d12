//! The simulation: every promise over many seeds, each seed with its own size and faults; and every deliberate break.
//!
//! `HOTLINE_SEEDS=N` runs N seeds instead of the usual number. One seed alone, with all that it shows:
//! `cargo run --release -p hotline-tests -- seed S`.

#![expect(
    clippy::disallowed_macros,
    reason = "a program for developers: what it prints comes from tests"
)]

use hotline_tests::breaks::Whole;
use hotline_tests::breaks::hunt::{SEEDS as BREAK_SEEDS, hunt};
use hotline_tests::sim::many::{replay, run_all};
use hotline_tests::sim::run::{Report, run};
use std::time::Instant;

/// Seeds of the default run.
const SEEDS: u64 = 1000;

#[test]
fn every_promise_holds_in_every_seed() {
    let wanted = std::env::var("HOTLINE_SEEDS").ok();
    let seeds = wanted.and_then(|n| n.parse().ok()).unwrap_or(SEEDS);
    let started = Instant::now();
    let sum = run_all(0, seeds, &|_| {});
    println!(
        "{} seeds {:?}, {} days, {} commits, {:?}\n{:#?}\n{:#?}",
        sum.seeds,
        sum.shapes,
        sum.days(),
        sum.commits,
        started.elapsed(),
        sum.faults,
        sum.notices
    );
    let failed: Vec<String> = sum
        .violations
        .iter()
        .map(|(seed, violation)| format!("seed {seed}: {violation}\n  replay: {}", replay(*seed)))
        .collect();
    assert!(
        failed.is_empty(),
        "{} of {seeds} seeds failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
    // What no seed brings about, no promise looks at.
    if seeds >= SEEDS {
        assert_eq!(sum.unmet(), [], "never met in {seeds} seeds");
    }
}

#[test]
fn the_same_seed_gives_the_same_history() {
    let once = |seed| -> Report { run(seed, Box::new(Whole)).expect("a seed that holds") };
    // One of each shape, and one whose disk is rolled back.
    for seed in [0, 7, 10, 17, 19] {
        assert_eq!(once(seed), once(seed), "seed {seed}");
    }
}

#[test]
fn every_break_is_found() {
    let done = hunt(&|hunted| match &hunted.found {
        Some((seed, violation)) => println!("{}: found in seed {seed}, {violation}", hunted.name),
        None => println!("{}: NOT FOUND", hunted.name),
    });
    let missed: Vec<&str> = done
        .iter()
        .filter(|hunted| hunted.found.is_none())
        .map(|hunted| hunted.name)
        .collect();
    assert!(
        missed.is_empty(),
        "not found within {BREAK_SEEDS} seeds: {missed:?}"
    );
}
