//! Clocks that jump or stand still, and are set right again by a person.

use super::{Chance, Fault};
use crate::sim::places::{DAY, HOUR, MINUTE};

/// What happens to a clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClockFault {
    /// Somebody sets it, or it loses its battery: off by so many milliseconds from now on.
    Jump(i64),
    /// It stands still.
    Freeze,
}

pub(super) fn draw(chance: &mut Chance<'_>) -> Vec<(i64, Fault)> {
    let one = |chance: &mut Chance<'_>| {
        let (node, at) = (chance.node(), chance.moment());
        let far = match chance.rng.below(3) {
            0 => chance.rng.between(MINUTE, HOUR / 2),
            1 => chance.rng.between(2 * HOUR, 40 * DAY),
            _ => chance.rng.between(300 * DAY, 4000 * DAY),
        };
        let fault = match chance.rng.below(5) {
            0 => ClockFault::Freeze,
            1 | 2 => ClockFault::Jump(far),
            _ => ClockFault::Jump(-far),
        };
        let mended = at + chance.rng.between(HOUR, 2 * DAY);
        [
            (at, Fault::Clock { node, fault }),
            (mended, Fault::SetClock { node }),
        ]
    };
    (0..chance.count(1, 4)).flat_map(|_| one(chance)).collect()
}
