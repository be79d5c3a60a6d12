//! Faults of disks: slow, full or unreadable for a while; an older copy that takes the place of the disk, in secret or as
//! a restore, or runs beside it as a clone.

use super::{Chance, Fault};
use crate::sim::places::{DAY, HOUR, MINUTE};

/// Whether an older disk shows up in the seed: in every tenth.
#[must_use]
pub fn rolls_back(seed: u64) -> bool {
    seed % 10 == 7
}

pub(super) fn roll_back(chance: &mut Chance<'_>) -> Vec<(i64, Fault)> {
    if !rolls_back(chance.seed) {
        return Vec::new();
    }
    let node = chance.node();
    // A backup may be minutes old or weeks.
    let back = chance.within(40, 75);
    let age = match chance.rng.below(3) {
        0 => chance.rng.between(MINUTE, HOUR),
        1 => chance.rng.between(HOUR, DAY),
        _ => i64::MAX,
    };
    let copied = (back - age.min(back)).max(chance.within(1, 35));
    let older = if chance.rng.percent(30) {
        let for_ms = chance.rng.between(10 * MINUTE, 12 * HOUR);
        Fault::Clone { node, for_ms }
    } else {
        Fault::RollBack { node }
    };
    vec![(copied, Fault::Copy { node }), (back, older)]
}

/// A node is put back to an older backup on purpose, in three seeds of ten; it says so and asks its neighbours.
pub(super) fn restore(chance: &mut Chance<'_>) -> Vec<(i64, Fault)> {
    // Neighbours of the release before know no exchange, and people waive them.
    if !matches!(chance.seed % 10, 1 | 3 | 6 | 8) || chance.seed % 4 == 1 {
        return Vec::new();
    }
    let (node, back) = (chance.node(), chance.within(40, 75));
    let copied = chance.within(1, 38);
    vec![
        (copied, Fault::Copy { node }),
        (back, Fault::Restore { node }),
    ]
}

/// People delete what they need no longer.
pub(super) fn erase(chance: &mut Chance<'_>) -> Vec<(i64, Fault)> {
    let one = |chance: &mut Chance<'_>| {
        let node = chance.node();
        (chance.within(30, 99), Fault::Erase { node })
    };
    (0..chance.count(4, 12)).map(|_| one(chance)).collect()
}

pub(super) fn trouble(chance: &mut Chance<'_>) -> Vec<(i64, Fault)> {
    let one = |chance: &mut Chance<'_>| {
        let (node, at) = (chance.node(), chance.moment());
        let until = at + chance.rng.between(5 * MINUTE, 6 * HOUR);
        let fault = match chance.rng.below(4) {
            0 => Fault::FullDisk {
                node,
                room: chance.rng.below(4096),
            },
            1 => Fault::UnreadableDisk { node },
            _ => Fault::SlowDisk { node },
        };
        [(at, fault), (until, Fault::MendDisk { node })]
    };
    (0..chance.count(2, 6)).flat_map(|_| one(chance)).collect()
}

/// Checkpoints are no fault; that one is made while the disk is full, or just before a power cut, is.
pub(super) fn upkeep(chance: &mut Chance<'_>) -> Vec<(i64, Fault)> {
    if !chance.seed.is_multiple_of(2) {
        return Vec::new();
    }
    let one = |chance: &mut Chance<'_>| {
        let fault = Fault::Upkeep {
            node: chance.node(),
            room: chance.rng.percent(30).then(|| chance.rng.below(64 << 10)),
        };
        (chance.moment(), fault)
    };
    (0..chance.count(6, 14)).map(|_| one(chance)).collect()
}
