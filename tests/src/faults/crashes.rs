//! Crashes around a commit.

use super::{Chance, Fault, Strike};
use crate::sim::places::{DAY, HOUR, MINUTE, SECOND};

const STRIKES: [Strike; 6] = [
    Strike::BeforeSync,
    Strike::Torn,
    Strike::Torn,
    Strike::SyncFails,
    Strike::AfterSync,
    Strike::AfterActions,
];

pub(super) fn draw(chance: &mut Chance<'_>) -> Vec<(i64, Fault)> {
    let one = |chance: &mut Chance<'_>| {
        let down_ms = match chance.rng.below(4) {
            0 => chance.rng.between(6 * HOUR, 3 * DAY),
            1 => chance.rng.between(10 * MINUTE, 6 * HOUR),
            _ => chance.rng.between(5 * SECOND, 10 * MINUTE),
        };
        let fault = Fault::Crash {
            node: chance.node(),
            strike: *chance.rng.pick(&STRIKES),
            down_ms,
        };
        (chance.moment(), fault)
    };
    (0..chance.count(8, 17)).map(|_| one(chance)).collect()
}
