//! The dispatch catalogue (派单目录): which unit or child a category of matters goes to.
//!
//! An entry belongs to one node and names a category by a prefix of its code; it may be
//! narrowed to matters that lie in one region below. The most specific entry wins: first the
//! longest category prefix, then the deepest place.

use crate::region::RegionKey;
use crate::tree::Federation;
use crate::unit::UnitKey;

/// Where an entry sends a matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// To a unit of the node itself.
    Unit(UnitKey),
    /// To this region below the node: a child, or further down for direct dispatch (直派).
    Region(RegionKey),
    /// 属地: to the child in whose area the matter lies. Does not match a matter that lies in
    /// the node's area but in no child's.
    Local,
}

/// One entry of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dispatch {
    /// The node whose catalogue this is.
    pub region: RegionKey,
    /// Prefix of the category's code; empty matches every category.
    pub category: String,
    /// Only for matters that lie in this region or below it.
    pub place: Option<RegionKey>,
    /// Where the matter goes.
    pub to: Target,
}

/// All entries of the federation, kept in order of region.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalogue {
    entries: Vec<Dispatch>,
}

impl Catalogue {
    /// A catalogue of these entries, in any order.
    pub fn new(mut entries: Vec<Dispatch>) -> Catalogue {
        entries.sort();
        Catalogue { entries }
    }

    /// All entries, by region, then category.
    pub fn entries(&self) -> &[Dispatch] {
        &self.entries
    }

    /// The entries of one node.
    pub fn of(&self, region: RegionKey) -> &[Dispatch] {
        let from = self.entries.partition_point(|entry| entry.region < region);
        let to = self.entries.partition_point(|entry| entry.region <= region);
        &self.entries[from..to]
    }
}

impl Federation {
    /// Whom the node `at` hands a matter of this category (its code) to, when the matter lies
    /// in `place` (if known). Never [`Target::Local`]: that is resolved to the child.
    ///
    /// Without a matching entry the node's default unit gets it; `None` only when the node is
    /// unknown or has no units at all.
    pub fn lookup(
        &self,
        at: RegionKey,
        category: &str,
        place: Option<RegionKey>,
    ) -> Option<Target> {
        let mut best: Option<((usize, usize), Target)> = None;
        for entry in self.catalogue().of(at) {
            if !category.starts_with(&entry.category) {
                continue;
            }
            let depth = match (entry.place, place) {
                (None, _) => 0,
                (Some(wanted), Some(actual))
                    if wanted == actual || self.is_below(actual, wanted) =>
                {
                    self.depth(wanted).map_or(0, |depth| depth + 1)
                }
                (Some(_), _) => continue,
            };
            let target = match &entry.to {
                Target::Local => match place.and_then(|place| self.next_hop(at, place)) {
                    Some(child) if self.parent(child) == Some(at) => Target::Region(child),
                    _ => continue,
                },
                other => other.clone(),
            };
            let rank = (entry.category.len(), depth);
            if best.as_ref().is_none_or(|(found, _)| rank > *found) {
                best = Some((rank, target));
            }
        }
        best.map(|(_, target)| target).or_else(|| {
            let unit = self.region(at)?.default_unit()?;
            Some(Target::Unit(unit.key.clone()))
        })
    }
}
