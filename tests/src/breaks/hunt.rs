//! The hunt: each break is put into the program, and seeds run until a promise finds it.

use super::{Whole, all};
use crate::invariants::Violation;
use crate::sim::many::cores;
use crate::sim::run::run;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Seeds within which a break must be found.
pub const SEEDS: u64 = 60;

/// What became of a break.
pub struct Hunted {
    /// Its name.
    pub name: &'static str,
    /// The first seed that found it and what was seen; `None`: it survived.
    pub found: Option<(u64, Violation)>,
}

/// Hunts every break, on all cores, in the order of the table; `progress` hears of each as it is done.
///
/// # Panics
/// When a run panics, which no run may.
pub fn hunt(progress: &(dyn Fn(&Hunted) + Sync)) -> Vec<Hunted> {
    let breaks = all();
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((name, make)) = breaks.get(at) else {
                return;
            };
            let found = (0..SEEDS).find_map(|seed| {
                let violation = run(seed, make()).err()?;
                // A seed that breaks a promise by itself finds nothing.
                run(seed, Box::new(Whole))
                    .is_ok()
                    .then_some((seed, violation))
            });
            let hunted = Hunted { name, found };
            progress(&hunted);
            done.lock().expect("no run panics").push((at, hunted));
        }
    };
    thread::scope(|scope| {
        for _ in 0..cores() {
            scope.spawn(work);
        }
    });
    let mut done = done.into_inner().expect("no run panics");
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, hunted)| hunted).collect()
}
