//! The generator of lies: no honest node is convicted, no liar goes free whose lie somebody honest holds against, and every
//! rule of the judge is there for some lie.
//!
//! `HOTLINE_LIES=N` draws N lies instead of the usual number. One draw alone:
//! `cargo run --release -p hotline-tests -- lies --draws 1 --first S`.

#![expect(
    clippy::disallowed_macros,
    reason = "a program for developers: what it prints comes from tests"
)]

use hotline::evidence::rules::{CONVICTING, Rules};
use hotline_tests::lies::many::{WHOLE, acquitted_without, draw_all, honest_all, replay};
use std::time::Instant;

/// Files of a set in the default run; the command takes three at a time.
const SET: usize = 2;
/// Draws in which a judge without one rule must let a liar go.
const DRAWS: u64 = 400;

#[test]
fn no_honest_node_is_convicted_and_no_liar_goes_free() {
    let wanted = std::env::var("HOTLINE_LIES").ok();
    let draws = wanted.and_then(|n| n.parse().ok()).unwrap_or(WHOLE);
    let started = Instant::now();
    let mut sum = draw_all(0, draws, &Rules::all(), &|_| {});
    honest_all(SET, &Rules::all(), &mut sum);
    println!(
        "{} draws, {} sets of honest files, {:?}, {:?}",
        sum.draws,
        sum.honest_sets,
        sum.lives,
        started.elapsed()
    );
    let told = |(seed, words): &(Option<u64>, String)| match seed {
        Some(seed) => format!("draw {seed}: {words}\n  replay: {}", replay(*seed)),
        None => format!("honest files: {words}"),
    };
    let wrong: Vec<String> = sum.violations.iter().map(told).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(sum.untold, 0, "every kind can be told");
    // A kind that never came out as it must is one that nothing is known of.
    if draws >= WHOLE {
        assert_eq!(sum.unmet(), [], "never as wanted in {draws} draws");
    }
}

#[test]
fn a_judge_without_one_of_its_rules_lets_a_liar_go() {
    let mut needless = Vec::new();
    for rule in CONVICTING {
        match acquitted_without(rule, DRAWS) {
            Some((seed, words)) => println!("{rule}: draw {seed}, {words:.160}"),
            None => needless.push(rule),
        }
    }
    assert_eq!(
        needless, [""; 0],
        "nothing that the generator tells needs them"
    );
}
