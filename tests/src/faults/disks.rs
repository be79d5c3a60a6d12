//! Faults of disks: an older copy takes the place of the disk.

use super::{Chance, Fault};

/// Whether the seed rolls a disk back: every tenth does.
#[must_use]
pub fn rolls_back(seed: u64) -> bool {
    seed % 10 == 7
}

pub(super) fn roll_back(chance: &mut Chance<'_>) -> Vec<(i64, Fault)> {
    if !rolls_back(chance.seed) {
        return Vec::new();
    }
    let node = chance.node();
    let (copied, back) = (chance.within(15, 45), chance.within(50, 75));
    vec![
        (copied, Fault::Copy { node }),
        (back, Fault::RollBack { node }),
    ]
}
