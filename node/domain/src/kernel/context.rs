//! What a step is given besides the view: place, world, rules, time and randomness.

use crate::link::Wire;
use hotline_topology::{Federation, PolicyPack, RegionKey, Time};

/// The moment of a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Now {
    /// The node's time as its clock shows it; the kernel never lets it run backwards.
    pub time: Time,
    /// Monotonic milliseconds since the node started, for link timers.
    pub monotonic_ms: u64,
}

/// The node's place, world and rules, at the versions in force now.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// This node's region.
    pub me: RegionKey,
    /// The federation.
    pub federation: &'a Federation,
    /// The policy pack in force here.
    pub pack: &'a PolicyPack,
    /// Encodes payloads.
    pub wire: &'a dyn Wire,
}
