//! Faults of links: cuts, partitions of one way or both, slowness.

use super::{Chance, Fault, Ways};
use crate::sim::places::{DAY, HOUR, MINUTE};

pub(super) fn cuts(chance: &mut Chance<'_>) -> Vec<(i64, Fault)> {
    let count = chance.count(20, 59);
    (0..count).map(|_| (chance.moment(), Fault::Cut)).collect()
}

pub(super) fn partitions(chance: &mut Chance<'_>) -> Vec<(i64, Fault)> {
    let one = |chance: &mut Chance<'_>| {
        let fault = Fault::Part {
            link: chance.link(),
            ways: *chance
                .rng
                .pick(&[Ways::Both, Ways::Both, Ways::Up, Ways::Down]),
            for_ms: chance.rng.between(10 * MINUTE, 2 * DAY),
        };
        (chance.moment(), fault)
    };
    (0..chance.count(3, 9)).map(|_| one(chance)).collect()
}

pub(super) fn slow(chance: &mut Chance<'_>) -> Vec<(i64, Fault)> {
    let one = |chance: &mut Chance<'_>| {
        let (link, at) = (chance.link(), chance.moment());
        let factor = chance.rng.between(10, 300);
        let until = at + chance.rng.between(HOUR, 3 * DAY);
        [
            (at, Fault::Slow { link, factor }),
            (until, Fault::Slow { link, factor: 1 }),
        ]
    };
    (0..chance.count(0, 4)).flat_map(|_| one(chance)).collect()
}
