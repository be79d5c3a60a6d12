//! The generator from the command line, and its table.

use super::many::{Sum, WHOLE, draw_all, honest_all, replay};
use super::tell::KINDS;
use anyhow::Context as _;
use clap::Args;
use hotline::evidence::rules::Rules;
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Heads of the columns.
const COLUMNS: [&str; 3] = ["nobody else's file", "the other end's", "also a third's"];

/// What is wanted of the generator.
#[derive(Args)]
pub struct Lies {
    /// How many draws.
    #[arg(long, default_value_t = 200)]
    pub draws: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    pub first: u64,
    /// The summary as JSON on the standard output.
    #[arg(long)]
    pub json: bool,
    /// Also writes the summary into this file, for people.
    #[arg(long)]
    pub summary: Option<PathBuf>,
}

/// Draws; fails when anybody honest was convicted, a liar went free, or a kind of lie never came out as it must.
///
/// # Errors
/// When the summary cannot be written.
pub fn lies(wanted: &Lies) -> anyhow::Result<ExitCode> {
    let mut sum = draw_all(wanted.first, wanted.draws, &Rules::all(), &|_| {});
    if wanted.draws >= WHOLE {
        honest_all(3, &Rules::all(), &mut sum);
    }
    let text = table(wanted, &sum);
    if wanted.json {
        println!("{:#}", value(wanted, &sum));
    } else {
        print!("{text}");
    }
    if let Some(file) = &wanted.summary {
        std::fs::write(file, &text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    for (seed, words) in &sum.violations {
        match seed {
            Some(seed) => eprintln!("draw {seed}: {words}\n  replay: {}", replay(*seed)),
            None => eprintln!("honest files: {words}"),
        }
    }
    Ok(match sum.fails() {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

fn value(wanted: &Lies, sum: &Sum) -> serde_json::Value {
    let cells = sum.verdicts.iter().map(|((kind, column), verdicts)| {
        json!({
            "kind": KINDS[*kind].no,
            "what": KINDS[*kind].what,
            "others": COLUMNS[*column],
            "wanted": format!("{:?}", KINDS[*kind].wanted[*column]),
            "met": sum.met.get(&(*kind, *column)).copied().unwrap_or(0),
            "verdicts": verdicts,
        })
    });
    let violations = sum.violations.iter().map(|(seed, words)| {
        json!({
            "draw": seed,
            "words": words,
            "replay": seed.map(replay),
        })
    });
    json!({
        "draws": sum.draws,
        "first": wanted.first,
        "untold": sum.untold,
        "honest_sets": sum.honest_sets,
        "honest_convicted": sum.count("honest convicted"),
        "liars_acquitted": sum.count("liar acquitted"),
        "cells": cells.collect::<Vec<_>>(),
        "unmet": sum.unmet().iter().map(|(no, what, column, wanted)| {
            format!("{no} {what}, {}: {wanted:?}", COLUMNS[*column])
        }).collect::<Vec<_>>(),
        "lives": sum.lives,
        "violations": violations.collect::<Vec<_>>(),
    })
}

/// For people.
#[must_use]
pub fn table(wanted: &Lies, sum: &Sum) -> String {
    let mut text = String::from("# Lies and what came out\n\n");
    let mut line = |words: String| {
        // Writing into a string does not fail.
        let _ = writeln!(text, "{words}");
    };
    let last = wanted.first + sum.draws.saturating_sub(1);
    line(format!(
        "Draws {} to {last}; honest files judged in {} sets.",
        wanted.first, sum.honest_sets
    ));
    line(format!(
        "Honest convicted: {}. Liars acquitted: {}. Other violations: {}. Nothing to tell: {}.\n",
        sum.count("honest convicted"),
        sum.count("liar acquitted"),
        sum.violations.len() - sum.count("honest convicted") - sum.count("liar acquitted"),
        sum.untold
    ));
    line("C convicted, X contradiction, V void denial, U unusable, O too old, N not provable, – consistent.\n".to_owned());
    line(format!("| kind | {} |", COLUMNS.join(" | ")));
    line("| --- | --- | --- | --- |".to_owned());
    for (at, kind) in KINDS.iter().enumerate() {
        let cells = [0, 1, 2].map(|column| {
            let verdicts = sum.verdicts.get(&(at, column));
            let all = verdicts.into_iter().flatten();
            let all: Vec<String> = all.map(|(got, count)| format!("{got} {count}")).collect();
            let met = sum.met.contains_key(&(at, column));
            let never = if met { "" } else { " (never as wanted)" };
            format!("{}{never}", all.join(", "))
        });
        line(format!(
            "| {} {} | {} |",
            kind.no,
            kind.what,
            cells.join(" | ")
        ));
    }
    text
}
