//! `power`, `restores` and `fuzz` on the command line: what takes longer than the default tests may.

use crate::fuzz::driver::{Until, corpus_of, run as fuzz_one};
use crate::fuzz::targets::TARGETS;
use crate::power::rounds::{Harm, Plan, run as run_rounds};
use crate::processes::restoring::drill;
use clap::{Args, ValueEnum};
use std::process::ExitCode;
use std::time::Duration;

/// `power`.
#[derive(Debug, Args)]
pub struct Power {
    /// How many rounds of each harm with each engine.
    #[arg(long, default_value_t = 100)]
    rounds: usize,
    /// All chance but real time comes from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this one.
    #[arg(long)]
    harm: Option<HarmName>,
    /// Only this engine: sled or fjall.
    #[arg(long)]
    engine: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum HarmName {
    Kill,
    Power,
}

/// Kills and cuts two nodes under load again and again.
///
/// # Errors
/// No runtime or no folder; what was lost is printed.
pub fn power(wanted: &Power) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let engines = wanted.engine.clone().map_or_else(
        || vec!["sled".to_owned(), "fjall".to_owned()],
        |engine| vec![engine],
    );
    let mut lost = false;
    for engine in engines {
        for (name, harm) in [(HarmName::Kill, Harm::Kill), (HarmName::Power, Harm::Power)] {
            if wanted.harm.is_some_and(|only| only != name) {
                continue;
            }
            let plan = Plan {
                harm,
                rounds: wanted.rounds,
                seed: wanted.seed,
                engine: engine.clone(),
            };
            let folder = tempfile::tempdir()?;
            match runtime.block_on(run_rounds(&plan, folder.path())) {
                Ok(outcome) => println!("{harm:?} {engine}: {outcome}"),
                Err(error) => {
                    lost = true;
                    println!(
                        "{harm:?} {engine}: {error:?}\n{} is kept",
                        folder.keep().display()
                    );
                }
            }
        }
    }
    Ok(if lost {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// `restores`.
#[derive(Debug, Args)]
pub struct Restores {
    /// How many times the county is restored.
    #[arg(long, default_value_t = 50)]
    rounds: usize,
}

/// Restores a county from a backup again and again, with work under way on all its links.
///
/// # Errors
/// No runtime or no folder; what went wrong is printed.
pub fn restores(wanted: &Restores) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let folder = tempfile::tempdir()?;
    match runtime.block_on(drill(folder.path(), wanted.rounds)) {
        Ok(figures) => {
            println!("{figures}");
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            println!("{error:?}\n{} is kept", folder.keep().display());
            Ok(ExitCode::FAILURE)
        }
    }
}

/// `fuzz`.
#[derive(Debug, Args)]
pub struct Fuzz {
    /// Only this target.
    target: Option<String>,
    /// How long each target is tried.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// All chance comes from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Puts the first so many inputs with a new answer into the committed corpus.
    #[arg(long, default_value_t = 0)]
    keep: usize,
}

/// Looks for inputs that panic; puts them into the corpus.
///
/// # Errors
/// The corpus cannot be read or written.
pub fn fuzz(wanted: &Fuzz) -> anyhow::Result<ExitCode> {
    let mut crashed = false;
    for (name, _) in TARGETS {
        if wanted.target.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let until = Until::Passed(Duration::from_secs(wanted.seconds));
        let folder = corpus_of(name);
        match fuzz_one(name, until, wanted.seed)? {
            Ok(report) => {
                println!(
                    "{name}: {} inputs, {} different answers, {} of them new",
                    report.tried,
                    report.answers,
                    report.found.len()
                );
                for (at, input) in report.found.iter().take(wanted.keep).enumerate() {
                    std::fs::create_dir_all(&folder)?;
                    std::fs::write(folder.join(format!("{}-{at:03}.bin", wanted.seed)), input)?;
                }
            }
            Err(crash) => {
                crashed = true;
                std::fs::create_dir_all(&folder)?;
                let path = folder.join(format!("crash-{}.bin", wanted.seed));
                std::fs::write(&path, &crash.input)?;
                println!("{name}: PANIC, the input is in {}", path.display());
            }
        }
    }
    Ok(if crashed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
