//! The simulation from the command line: campaigns over many seeds, one seed again, deliberate breaks.

#![expect(
    clippy::disallowed_macros,
    reason = "a program for developers: what it prints comes from tests"
)]

use clap::{Parser, Subcommand};
use hotline_tests::breaks::Whole;
use hotline_tests::breaks::hunt::{Hunted, SEEDS, hunt};
use hotline_tests::campaign::{Campaign, campaign};
use hotline_tests::invariants::Violation;
use hotline_tests::lies::run::{Lies, lies};
use hotline_tests::rough::{Fuzz, Power, Restores, fuzz, power, restores};
use hotline_tests::sim::many::replay;
use hotline_tests::sim::run::{minimise, run_without};
use serde_json::json;
use std::process::ExitCode;

/// Characters of what was seen that are told of a break.
const WORDS_MAX: usize = 240;

/// Proves the promises of a federation of hotline nodes in simulated time.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Runs many seeds on all cores; fails when a promise was broken.
    Campaign(Campaign),
    /// Runs one seed and shows what happened; HOTLINE_TRACE=text prints the facts that contain the text.
    Seed {
        /// Which.
        seed: u64,
        /// Leaves out faults of these sorts.
        #[arg(long, value_delimiter = ',')]
        without: Vec<String>,
    },
    /// Kills nodes under load and cuts their power, dropping what was not synced.
    Power(Power),
    /// Restores a county from a backup, with work under way on all its links.
    Restores(Restores),
    /// Looks for inputs that panic a decoder or a state machine.
    Fuzz(Fuzz),
    /// Tells lies in evidence files and judges them; fails when an honest node is convicted or a liar goes free.
    Lies(Lies),
    /// Breaks the program on purpose, in every way known; fails when a break goes unseen.
    Mutations {
        /// For programs.
        #[arg(long)]
        json: bool,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    match Arguments::parse().what {
        What::Campaign(wanted) => campaign(&wanted),
        What::Seed { seed, without } => Ok(one(seed, &without)),
        What::Power(wanted) => power(&wanted),
        What::Restores(wanted) => restores(&wanted),
        What::Fuzz(wanted) => fuzz(&wanted),
        What::Lies(wanted) => lies(&wanted),
        What::Mutations { json } => Ok(mutations(json)),
    }
}

fn one(seed: u64, without: &[String]) -> ExitCode {
    let without: Vec<&str> = without.iter().map(String::as_str).collect();
    match run_without(seed, Box::new(Whole), &without) {
        Ok(report) => {
            println!("seed {seed}: {report:#?}");
            ExitCode::SUCCESS
        }
        Err(violation) => {
            println!("seed {seed}: {violation}");
            if without.is_empty() {
                let dropped = minimise(seed, violation.promise).join(",");
                println!("  least: {} --without {dropped}", replay(seed));
            }
            ExitCode::FAILURE
        }
    }
}

/// The beginning of what was seen: a judge of whole logs names every cell that is wrong.
fn short(violation: &Violation) -> String {
    let words = violation.to_string();
    match words.char_indices().nth(WORDS_MAX) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

fn mutations(as_json: bool) -> ExitCode {
    let tell = |hunted: &Hunted| match &hunted.found {
        Some((seed, violation)) => eprintln!(
            "{}: found by seed {seed}: {}",
            hunted.name,
            short(violation)
        ),
        None => eprintln!("{}: NOT FOUND within {SEEDS} seeds", hunted.name),
    };
    let done = hunt(&tell);
    let survivors = done.iter().filter(|hunted| hunted.found.is_none()).count();
    if as_json {
        let lines = done.iter().map(|hunted| {
            let found = hunted.found.as_ref();
            json!({
                "name": hunted.name,
                "found": found.is_some(),
                "seed": found.map(|(seed, _)| seed),
                "promise": found.map(|(_, violation)| violation.promise),
            })
        });
        let lines: Vec<_> = lines.collect();
        println!("{:#}", json!({ "mutations": lines }));
    } else {
        println!("{} breaks, {survivors} not found", done.len());
    }
    if survivors == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
