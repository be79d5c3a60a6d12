//! What a step is given besides the view: place, world, rules and time.

use crate::body::Body;
use crate::evidence::Notary;
use crate::leg::RuleVersion;
use crate::link::Wire;
use crate::world::Examiner;
use hotline_topology::{Federation, PolicyPack, Region, RegionKey, Time};

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
    /// The policy packs this node knows, the one in force last; never empty.
    pub packs: &'a [PolicyPack],
    /// Encodes payloads.
    pub wire: &'a dyn Wire,
    /// Earlier versions of the federation that this node knows, oldest first.
    pub older: &'a [Federation],
    /// Examines documents of the world.
    pub examiner: &'a dyn Examiner,
    /// Judges signatures of what arrives.
    pub notary: &'a dyn Notary,
}

impl<'a> World<'a> {
    /// The pack in force here.
    ///
    /// # Panics
    /// When built without a pack; the shell checks that at start.
    #[must_use]
    pub fn pack(&self) -> &'a PolicyPack {
        &self.packs[self.packs.len() - 1]
    }

    /// The pack a leg is judged by; the one in force where that version is not known here (a giver's pack of its own).
    #[must_use]
    pub fn pack_for(&self, rules: &RuleVersion) -> &'a PolicyPack {
        self.packs
            .iter()
            .find(|pack| pack.id == rules.pack && pack.version == rules.version)
            .unwrap_or_else(|| self.pack())
    }

    /// The tree that something was written under; the one in force where that version is not known here.
    #[must_use]
    pub fn tree(&self, version: u32) -> &'a Federation {
        let mut older = self.older.iter();
        older
            .find(|tree| tree.version() == version)
            .unwrap_or(self.federation)
    }

    /// Every version that this node knows, the one in force first.
    pub fn trees(&self) -> impl Iterator<Item = &'a Federation> + use<'a> {
        std::iter::once(self.federation).chain(self.older)
    }

    /// Whether one node stands below another by any version that this node knows: what was done under an older one stays
    /// done, whoever moved since.
    #[must_use]
    pub fn was_below(&self, one: RegionKey, other: RegionKey) -> bool {
        self.trees().any(|tree| tree.is_below(one, other))
    }

    /// This node's own region; `None` where the topology lost it.
    #[must_use]
    pub fn region(&self) -> Option<&'a Region> {
        self.federation.region(self.me)
    }
}

/// Whether the body is a unit of this node, or a region below without a node, which counts as one.
#[must_use]
pub fn is_own_unit(world: &World<'_>, body: &Body) -> bool {
    let Body::Unit(region, unit) = body else {
        return false;
    };
    *region == world.me
        && (world
            .region()
            .is_some_and(|region| region.unit(unit).is_some())
            || world.federation.children(world.me).iter().any(|child| {
                child.as_str() == unit.as_str()
                    && world
                        .federation
                        .region(*child)
                        .is_some_and(|region| !region.node)
            }))
}
