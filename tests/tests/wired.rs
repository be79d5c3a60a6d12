//! Twenty seeds over real gRPC and real TLS, on virtual time. `HOTLINE_SEED=S` runs one of them alone.

#![expect(
    clippy::disallowed_macros,
    reason = "a program for developers: what it prints comes from tests"
)]

use hotline_tests::sim::many::cores;
use hotline_tests::wired::run::run;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Seeds of the default run.
const SEEDS: u64 = 20;

#[test]
fn everything_arrives_once_over_real_links() {
    let one: Option<u64> = std::env::var("HOTLINE_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let (first, end) = one.map_or((0, SEEDS), |seed| (seed, seed + 1));
    let next = AtomicU64::new(first);
    let work = || {
        let mut failed = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return failed;
            }
            match run(seed) {
                Ok(shown) => println!("seed {seed}: {shown:?}"),
                Err(why) => failed.push(format!(
                    "seed {seed}: {why}\n  replay: HOTLINE_SEED={seed} cargo test -p hotline-tests --test wired"
                )),
            }
        }
    };
    let failed: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..cores()).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter();
        ended
            .flat_map(|worker| worker.join().expect("a worker"))
            .collect()
    });
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn a_seed_does_the_same_things_again() {
    let once = || run(3).expect("a seed that holds");
    assert_eq!(once(), once());
}
