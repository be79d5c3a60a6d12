//! Neighbours of the release before, each upgraded alone in the middle of its work; a newer tree, which some know later
//! than others, and one that somebody altered; keys for sealing that are changed and revoked while things are under way.

use super::{Chance, Fault};
use crate::sim::places::{HOUR, Reform, START};

/// The tree is reorganised, and every node hears of it at another time.
pub(super) fn reorganise(chance: &mut Chance<'_>) -> Vec<(i64, Fault)> {
    if chance.seed % 3 != 1 {
        return Vec::new();
    }
    let reform = *chance.rng.pick(&Reform::ALL);
    vec![(chance.within(25, 70), Fault::Reorganise { reform })]
}

/// A node whose tree was altered by hand refuses what it is given, for some hours. Answers to a restored node have titles,
/// too, and nobody asks for them a second time: the two never come together.
pub(super) fn edges(chance: &mut Chance<'_>) -> Vec<(i64, Fault)> {
    if chance.seed % 5 != 4 {
        return Vec::new();
    }
    let one = |chance: &mut Chance<'_>| {
        let (node, at) = (chance.node(), chance.within(5, 75));
        let until = at + chance.rng.between(6 * HOUR, 24 * HOUR);
        [
            (at, Fault::NarrowEdges { node }),
            (until, Fault::MendEdges { node }),
        ]
    };
    (0..2).flat_map(|_| one(chance)).collect()
}

/// Keys for sealing are changed by people, some of them revoked.
pub(super) fn keys(chance: &mut Chance<'_>) -> Vec<(i64, Fault)> {
    let one = |chance: &mut Chance<'_>| {
        let (node, revoke) = (chance.node(), chance.rng.percent(40));
        (chance.moment(), Fault::RotateKey { node, revoke })
    };
    (0..chance.count(2, 6)).map(|_| one(chance)).collect()
}

pub(super) fn draw(chance: &mut Chance<'_>) -> Vec<(i64, Fault)> {
    if chance.seed % 4 != 1 {
        return Vec::new();
    }
    let one = |chance: &mut Chance<'_>| {
        let node = chance.node();
        let upgraded = chance.within(20, 90);
        [
            (START.0, Fault::Older { node }),
            (upgraded, Fault::Upgrade { node }),
        ]
    };
    let count = 1 + chance.rng.below(3);
    (0..count).flat_map(|_| one(chance)).collect()
}
