//! The tree of hotlines, as one versioned value.
//!
//! A [`Federation`] is checked when it is built, so every question below has an answer that
//! needs no further checks: one root, no cycle, every parent known.

use std::collections::BTreeMap;

use crate::calendar::Calendar;
use crate::catalogue::Catalogue;
use crate::edge::{EdgePolicies, FieldName, Way};
use crate::endpoint::Endpoint;
use crate::region::{Level, RegionKey};
use crate::standard::Standard;
use crate::time::Time;
use crate::unit::{Unit, UnitKey, UnitKind};

#[cfg(test)]
mod tests;

/// One region of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Opaque and unique.
    pub key: RegionKey,
    /// Full name.
    pub name: String,
    /// From the file, never from the key.
    pub level: Level,
    /// `None` for the root alone.
    pub parent: Option<RegionKey>,
    /// Where its node listens; `None` where no children connect.
    pub endpoint: Option<Endpoint>,
    /// Whether it runs a node; if not, its parent handles it as a unit.
    pub node: bool,
    /// Whether it has the standard units and catalogue of its level.
    pub standard: bool,
    /// Bodies of its own level, the standard ones of its level first.
    pub units: Vec<Unit>,
    /// Regions dissolved into this one, wholly or in part. One that still stands in the tree drains.
    pub succeeds: Vec<RegionKey>,
}

impl Region {
    /// A unit by key.
    pub fn unit(&self, key: &UnitKey) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.key == *key)
    }

    /// The unit that gets what the catalogue sends nowhere: the first of kind
    /// [`UnitKind::Centre`], else the first.
    pub fn default_unit(&self) -> Option<&Unit> {
        self.units
            .iter()
            .find(|unit| unit.kind == UnitKind::Centre)
            .or(self.units.first())
    }
}

/// What a federation is built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// Authority part of every node's SPIFFE id.
    pub trust_domain: String,
    /// Version of tree, catalogue and edges; grows with every change.
    pub version: u32,
    /// From when this version holds.
    pub effective_from: Time,
    /// The regions, in any order. Standard units are added to their own.
    pub regions: Vec<Region>,
    /// What the regions of a level have alike; at most one a level.
    pub standards: Vec<Standard>,
    /// Who handles what.
    pub catalogue: Catalogue,
    /// What may cross which edge.
    pub edges: EdgePolicies,
    /// Working days.
    pub calendar: Calendar,
}

/// The whole tree at one version, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Federation {
    trust_domain: String,
    version: u32,
    effective_from: Time,
    regions: BTreeMap<RegionKey, Region>,
    standards: Vec<Standard>,
    catalogue: Catalogue,
    edges: EdgePolicies,
    calendar: Calendar,
    // Derived from `regions`.
    root: RegionKey,
    children: BTreeMap<RegionKey, Vec<RegionKey>>,
    depths: BTreeMap<RegionKey, usize>,
}

impl Federation {
    /// Puts checked parts together; `None` when they have no single root or a cycle, which
    /// the checks report in words.
    pub(crate) fn assemble(parts: Parts) -> Option<Federation> {
        let mut standards = parts.standards;
        standards.sort_by_key(|standard| standard.level);
        for standard in &mut standards {
            standard.rules.sort();
        }
        let mut regions: BTreeMap<_, _> = parts.regions.into_iter().map(|r| (r.key, r)).collect();
        for region in regions
            .values_mut()
            .filter(|region| region.node && region.standard)
        {
            if let Some(standard) = standards
                .iter()
                .find(|standard| standard.level == region.level)
            {
                region.units = standard.merge(std::mem::take(&mut region.units));
            }
        }
        let root = regions.values().find(|region| region.parent.is_none())?.key;
        let mut children: BTreeMap<RegionKey, Vec<RegionKey>> = BTreeMap::new();
        for region in regions.values() {
            if let Some(parent) = region.parent {
                children.entry(parent).or_default().push(region.key);
            }
        }
        let mut depths = BTreeMap::new();
        let mut waiting = vec![(root, 0)];
        while let Some((key, depth)) = waiting.pop() {
            depths.insert(key, depth);
            waiting.extend(
                children
                    .get(&key)
                    .into_iter()
                    .flatten()
                    .map(|child| (*child, depth + 1)),
            );
        }
        if depths.len() != regions.len() {
            return None;
        }
        Some(Federation {
            trust_domain: parts.trust_domain,
            version: parts.version,
            effective_from: parts.effective_from,
            regions,
            standards,
            catalogue: parts.catalogue,
            edges: parts.edges,
            calendar: parts.calendar,
            root,
            children,
            depths,
        })
    }

    /// The parts, to change them and build a new version.
    pub fn into_parts(self) -> Parts {
        Parts {
            trust_domain: self.trust_domain,
            version: self.version,
            effective_from: self.effective_from,
            regions: self.regions.into_values().collect(),
            standards: self.standards,
            catalogue: self.catalogue,
            edges: self.edges,
            calendar: self.calendar,
        }
    }

    /// The same tree with a later calendar; an older one changes nothing.
    #[must_use]
    pub fn with_calendar(mut self, calendar: Calendar) -> Federation {
        if calendar.version() > self.calendar.version() {
            self.calendar = calendar;
        }
        self
    }

    /// Authority part of every node's SPIFFE id.
    pub fn trust_domain(&self) -> &str {
        &self.trust_domain
    }

    /// Version of tree, catalogue and edges.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// From when this version holds.
    pub fn effective_from(&self) -> Time {
        self.effective_from
    }

    /// All regions by key.
    pub fn regions(&self) -> &BTreeMap<RegionKey, Region> {
        &self.regions
    }

    /// What the regions of a level have alike, highest level first.
    pub fn standards(&self) -> &[Standard] {
        &self.standards
    }

    /// What this region has of its level's standard; `None` where it opted out, runs no node
    /// or its level has none.
    pub fn standard_of(&self, region: &Region) -> Option<&Standard> {
        let standard = self
            .standards
            .iter()
            .find(|standard| standard.level == region.level);
        standard.filter(|_| region.node && region.standard)
    }

    /// The dispatch catalogue; ask it through [`Federation::lookup`].
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// What may cross which edge; for a whole way ask [`Federation::may_travel`].
    pub fn edges(&self) -> &EdgePolicies {
        &self.edges
    }

    /// The calendar of working days.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The region above all others.
    pub fn root(&self) -> RegionKey {
        self.root
    }

    /// A region by key.
    pub fn region(&self, key: RegionKey) -> Option<&Region> {
        self.regions.get(&key)
    }

    /// The region above; `None` for the root and for unknown keys.
    pub fn parent(&self, key: RegionKey) -> Option<RegionKey> {
        self.regions.get(&key)?.parent
    }

    /// The regions directly below, by key.
    pub fn children(&self, key: RegionKey) -> &[RegionKey] {
        self.children.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Steps from the root; `None` for unknown keys.
    pub fn depth(&self, key: RegionKey) -> Option<usize> {
        self.depths.get(&key).copied()
    }

    /// The regions above, nearest first, without the region itself.
    pub fn ancestors(&self, key: RegionKey) -> impl Iterator<Item = RegionKey> + '_ {
        std::iter::successors(self.parent(key), |above| self.parent(*above))
    }

    /// Whether `a` lies strictly below `b`.
    pub fn is_below(&self, a: RegionKey, b: RegionKey) -> bool {
        self.ancestors(a).any(|above| above == b)
    }

    /// The region and all below it, parents before children; empty for unknown keys.
    pub fn subtree(&self, key: RegionKey) -> Vec<RegionKey> {
        let mut found = Vec::new();
        let mut waiting: Vec<_> = self
            .regions
            .get(&key)
            .map(|region| region.key)
            .into_iter()
            .collect();
        while let Some(next) = waiting.pop() {
            found.push(next);
            waiting.extend(self.children(next).iter().rev());
        }
        found
    }

    /// The lowest region that is above, or is itself, each of these; `None` when none are
    /// given or one is unknown.
    pub fn lowest_common_superior(&self, keys: &[RegionKey]) -> Option<RegionKey> {
        let (first, rest) = keys.split_first()?;
        let mut common = self.region(*first)?.key;
        for key in rest {
            let mut other = self.region(*key)?.key;
            while common != other {
                let (depth_common, depth_other) = (self.depth(common)?, self.depth(other)?);
                if depth_common >= depth_other {
                    common = self.parent(common)?;
                }
                if depth_other >= depth_common {
                    other = self.parent(other)?;
                }
            }
        }
        Some(common)
    }

    /// The way over the tree, both ends included; empty when one is unknown.
    pub fn path(&self, from: RegionKey, to: RegionKey) -> Vec<RegionKey> {
        let Some(top) = self.lowest_common_superior(&[from, to]) else {
            return Vec::new();
        };
        let up_to = |key| {
            let mut way: Vec<_> = std::iter::once(key).chain(self.ancestors(key)).collect();
            way.truncate(
                way.iter()
                    .position(|step| *step == top)
                    .map_or(way.len(), |at| at + 1),
            );
            way
        };
        let mut path = up_to(from);
        path.extend(up_to(to).into_iter().rev().skip(1));
        path
    }

    /// The neighbour of `me` on the way to `to`; `None` when they are the same or unknown.
    pub fn next_hop(&self, me: RegionKey, to: RegionKey) -> Option<RegionKey> {
        if me == to || !self.regions.contains_key(&me) {
            return None;
        }
        let mut below = self.region(to)?.key;
        loop {
            match self.parent(below) {
                Some(above) if above == me => return Some(below),
                Some(above) => below = above,
                None => return self.parent(me),
            }
        }
    }

    /// The region whose node answers for this one: itself, or the nearest above with a node.
    pub fn node_for(&self, key: RegionKey) -> Option<RegionKey> {
        std::iter::once(self.region(key)?.key)
            .chain(self.ancestors(key))
            .find(|key| self.region(*key).is_some_and(|region| region.node))
    }

    /// The regions that others succeed, with those others in the order of their keys.
    pub fn dissolved(&self) -> BTreeMap<RegionKey, Vec<RegionKey>> {
        let mut dissolved: BTreeMap<RegionKey, Vec<RegionKey>> = BTreeMap::new();
        for region in self.regions.values() {
            for old in &region.succeeds {
                dissolved.entry(*old).or_default().push(region.key);
            }
        }
        dissolved
    }

    /// Who succeeds a dissolved region, through to one that is not dissolved itself; of several the one in whose area
    /// `place` lies, the smallest such, else the first. `None` for a region that nobody succeeds.
    pub fn successor(&self, key: RegionKey, place: Option<RegionKey>) -> Option<RegionKey> {
        let dissolved = self.dissolved();
        let next = |key: &RegionKey| {
            let all = dissolved.get(key)?;
            let holds = |heir: &&RegionKey| {
                place.is_some_and(|place| place == **heir || self.is_below(place, **heir))
            };
            let smallest = all
                .iter()
                .filter(holds)
                .max_by_key(|heir| self.depth(**heir));
            smallest.or(all.first()).copied()
        };
        std::iter::successors(next(&key), next)
            .take(self.regions.len())
            .last()
    }

    /// Whether a field may travel from one region to another over every edge between them.
    ///
    /// `upward_leg` says whether the leg it belongs to was given by the lower side (an
    /// escalated own intake). False when an end is unknown; true when both are the same.
    pub fn may_travel(
        &self,
        from: RegionKey,
        to: RegionKey,
        upward_leg: bool,
        field: FieldName,
    ) -> bool {
        let path = self.path(from, to);
        !path.is_empty()
            && path.windows(2).all(|step| {
                let down = self.parent(step[1]) == Some(step[0]);
                let (parent, child, way) = match (down, upward_leg) {
                    (true, false) => (step[0], step[1], Way::Down),
                    (true, true) => (step[0], step[1], Way::EscalationDown),
                    (false, false) => (step[1], step[0], Way::Up),
                    (false, true) => (step[1], step[0], Way::EscalationUp),
                };
                self.edges.allows(parent, child, way, field)
            })
    }
}
