//! Whole logs, with signatures: a clock that ran ahead of the certificates is no fault of what it dated.

use super::pair::{CITY, COUNTY, Pair};
use crate::cli::evidence::audit;
use crate::clock::Clock as _;
use crate::store::disk::{Disk, RealDisk};
use crate::store::tool;
use hotline_domain::command::Verb;
use hotline_topology::Time;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

/// Exports of both logs, made at that time by the machine's clock.
fn exports(pair: &Pair, made: Time) -> Vec<PathBuf> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    [CITY, COUNTY]
        .map(|region| {
            let out = pair.folder.path().join(format!("export-{region}"));
            tool::export(&disk, &pair.folder.path().join(region.as_str()), &out).unwrap();
            let manifest = std::fs::File::options()
                .write(true)
                .open(out.join(tool::MANIFEST))
                .unwrap();
            let made = UNIX_EPOCH + Duration::from_millis(made.0.unsigned_abs());
            manifest.set_modified(made).unwrap();
            out
        })
        .to_vec()
}

#[test]
fn a_log_whose_clock_ran_ahead_is_judged_as_of_its_files() {
    let mut pair = Pair::new();
    let made = pair.clock.now();
    // Business time runs a year on while the machine's stands nearly still, and nobody needs new certificates.
    pair.days(400);
    let (_, leg) = pair.give();
    pair.deliver();
    let exports = exports(&pair, made.plus_millis(60_000));
    // Files that are no log lie beside it.
    let trust = pair.folder.path().join("keeper/public");
    let topology = pair.folder.path().join("federation.toml");
    drop(pair.trusted());
    let judged = |at: Option<Time>| {
        let verdict = audit(&exports, &topology, Some(&trust), at, false).unwrap();
        (verdict.evidence.signed, verdict.evidence.unsigned)
    };
    let (signed, unsigned) = judged(None);
    assert!(signed > 0);
    assert_eq!(unsigned, 0);
    // A moment that a person names counts for all.
    assert_eq!(judged(Some(made)), (signed, 0));
    assert_eq!(judged(Some(made.plus_millis(400 * 86_400_000))).0, 0);
    let _ = (leg, Verb::Sign { leg });
}

#[test]
fn what_was_signed_after_its_certificate_ran_out_is_a_fault() {
    let mut pair = Pair::new();
    pair.days(400);
    pair.give();
    let made = pair.clock.now();
    let exports = exports(&pair, made);
    let trust = pair.folder.path().join("keeper/public");
    drop(pair.trusted());
    let topology = pair.folder.path().join("federation.toml");
    let verdict = audit(&exports, &topology, Some(&trust), None, false).unwrap();
    assert!(verdict.evidence.unsigned > 0);
}
