//! Rounds of SIGKILL and of power cuts under load: what was confirmed is there, once, and the logs agree.
//!
//! `HOTLINE_ROUNDS=N` runs so many rounds of each instead of ten.

use hotline_tests::power::rounds::{Harm, Plan, run};

/// Rounds of the default run.
const ROUNDS: usize = 10;

async fn rounds(harm: Harm, engine: &str) -> anyhow::Result<()> {
    let wanted = std::env::var("HOTLINE_ROUNDS").ok();
    let rounds = wanted.map_or(Ok(ROUNDS), |rounds| rounds.parse())?;
    let plan = Plan {
        harm,
        rounds,
        seed: 20_251_122,
        engine: engine.to_owned(),
    };
    let folder = tempfile::tempdir()?;
    let outcome = run(&plan, folder.path()).await?;
    println!("{harm:?} {engine}: {outcome}");
    assert_eq!(outcome.rounds, rounds);
    if harm == Harm::Power {
        assert!(
            outcome.dropped > 0,
            "the power cuts took nothing: {outcome}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigkills_under_load_lose_and_double_nothing() -> anyhow::Result<()> {
    rounds(Harm::Kill, "sled").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigkills_under_load_lose_and_double_nothing_with_fjall() -> anyhow::Result<()> {
    rounds(Harm::Kill, "fjall").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_cuts_under_load_lose_and_double_nothing_with_fjall() -> anyhow::Result<()> {
    rounds(Harm::Power, "fjall").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_cuts_under_load_lose_and_double_nothing() -> anyhow::Result<()> {
    rounds(Harm::Power, "sled").await
}
