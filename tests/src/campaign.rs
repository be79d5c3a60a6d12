//! A campaign: many seeds, and a summary that can be kept.

use crate::sim::many::{Sum, replay, run_all};
use crate::sim::notices::{LEGS, MET, is_wanted};
use crate::sim::shape::SHAPES;
use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What is wanted of a campaign.
#[derive(Args)]
pub struct Campaign {
    /// How many seeds.
    #[arg(long, default_value_t = 1000)]
    pub seeds: u64,
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

/// Runs it; fails when a promise was broken.
///
/// # Errors
/// When the summary cannot be written.
///
/// # Panics
/// Never: the style of the progress bar is a constant.
pub fn campaign(wanted: &Campaign) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} seeds  {msg}  {eta} left")
        .expect("a constant template");
    let bar = ProgressBar::new(wanted.seeds).with_style(style);
    let sum = run_all(wanted.first, wanted.seeds, &|sum| {
        bar.set_position(sum.seeds);
        let broken = sum.violations.len();
        bar.set_message(format!("{} days, {broken} violations", sum.days()));
    });
    bar.finish_and_clear();
    let text = words(wanted, &sum, started.elapsed());
    if wanted.json {
        println!("{:#}", value(wanted, &sum, started.elapsed()));
    } else {
        print!("{text}");
    }
    if let Some(file) = &wanted.summary {
        std::fs::write(file, &text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    for (seed, violation) in &sum.violations {
        eprintln!("seed {seed}: {violation}\n  replay: {}", replay(*seed));
    }
    Ok(if sum.violations.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn value(wanted: &Campaign, sum: &Sum, spent: Duration) -> serde_json::Value {
    let violations = sum.violations.iter().map(|(seed, violation)| {
        json!({
            "seed": seed,
            "promise": violation.promise,
            "node": violation.node.as_str(),
            "words": violation.words,
            "replay": replay(*seed),
        })
    });
    json!({
        "first": wanted.first,
        "seeds": sum.seeds,
        "shapes": sum.shapes,
        "simulated_days": sum.days(),
        "commits": sum.commits,
        "frames": sum.frames,
        "commands": { "done": sum.answers.0, "refused": sum.answers.1 },
        "notices": sum.notices.iter().map(|((met, leg), count)| (format!("{met}, {leg}"), count))
            .collect::<std::collections::BTreeMap<_, _>>(),
        "faults": sum.faults,
        "violations": violations.collect::<Vec<_>>(),
        "seconds": spent.as_secs(),
    })
}

fn words(wanted: &Campaign, sum: &Sum, spent: Duration) -> String {
    let (days, last) = (sum.days(), wanted.first + sum.seeds);
    let mut text = String::from("# Campaign of the simulation\n\n");
    let mut line = |words: String| {
        // Writing into a string does not fail.
        let _ = writeln!(text, "{words}");
    };
    line(format!(
        "Made by `cargo run{} -p hotline-tests -- campaign --seeds {} --first {} --summary FILE`.\n",
        if cfg!(debug_assertions) {
            ""
        } else {
            " --release"
        },
        wanted.seeds,
        wanted.first
    ));
    line("| what | how much |\n| --- | ---: |".to_owned());
    line(format!(
        "| seeds | {} to {} |",
        wanted.first,
        last.saturating_sub(1)
    ));
    let years = days / 365;
    line(format!("| simulated days | {days} ({years} years) |"));
    line(format!("| violations | {} |", sum.violations.len()));
    line(format!("| durable commits | {} |", sum.commits));
    line(format!("| frames between nodes | {} |", sum.frames));
    let (done, refused) = sum.answers;
    line(format!("| commands carried out | {done} |"));
    line(format!("| commands refused | {refused} |"));
    let (wall, cores) = (spent.as_secs(), crate::sim::many::cores());
    line(format!(
        "| time of the machine | {wall} s on {cores} cores |"
    ));
    line("\n| shape of a run | nodes | days of faults | matters | runs |".to_owned());
    line("| --- | ---: | ---: | ---: | ---: |".to_owned());
    for shape in &SHAPES {
        let runs = sum.shapes.get(shape.name).copied().unwrap_or(0);
        let (nodes, days) = (shape.nodes.len(), shape.days);
        line(format!(
            "| {} | {nodes} | {days} | {} | {runs} |",
            shape.name, shape.matters
        ));
    }
    line(format!("\n| met | {} |", LEGS.join(" | ")));
    line(format!("| --- | {} |", LEGS.map(|_| "---:").join(" | ")));
    for met in MET {
        let counts = LEGS.map(|leg| match sum.notices.get(&(met, leg)) {
            Some(count) => count.to_string(),
            None if is_wanted(met, leg) => "0".to_owned(),
            None => "—".to_owned(),
        });
        line(format!("| {met} | {} |", counts.join(" | ")));
    }
    line("\n| fault | how often it struck |\n| --- | ---: |".to_owned());
    for (kind, count) in &sum.faults {
        line(format!("| {kind} | {count} |"));
    }
    for (seed, violation) in &sum.violations {
        line(format!("\nSeed {seed}: {violation}; `{}`", replay(*seed)));
    }
    text
}
