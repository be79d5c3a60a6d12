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
    /// The node's own entries and its level's standard ones compete; equally specific, its
    /// own win. Without a matching entry the node's default unit gets the matter; `None` only
    /// when the node is unknown or has no units at all.
    pub fn lookup(
        &self,
        at: RegionKey,
        category: &str,
        place: Option<RegionKey>,
    ) -> Option<Target> {
        let region = self.region(at)?;
        let own = self
            .catalogue()
            .of(at)
            .iter()
            .map(|entry| (&entry.category, entry.place, &entry.to));
        let standard = self
            .standard_of(region)
            .into_iter()
            .flat_map(|standard| &standard.rules);
        let all = own.chain(standard.map(|rule| (&rule.category, None, &rule.to)));
        let mut best: Option<((usize, usize), Target)> = None;
        for (prefix, wanted, to) in all.filter(|(prefix, ..)| category.starts_with(prefix.as_str()))
        {
            let Some(depth) = self.match_place(wanted, place) else {
                continue;
            };
            let Some(target) = self.resolve(at, to, place) else {
                continue;
            };
            let rank = (prefix.len(), depth.max(usize::from(*to == Target::Local)));
            if best.as_ref().is_none_or(|(found, _)| rank > *found) {
                best = Some((rank, target));
            }
        }
        best.map(|(_, target)| target)
            .or_else(|| Some(Target::Unit(region.default_unit()?.key.clone())))
    }

    /// How specific an entry is by place: 0 without one, 属地 counts 1, the rest deeper;
    /// `None` when the place does not match.
    fn match_place(&self, wanted: Option<RegionKey>, actual: Option<RegionKey>) -> Option<usize> {
        match (wanted, actual) {
            (None, _) => Some(0),
            (Some(wanted), Some(actual)) if wanted == actual || self.is_below(actual, wanted) => {
                self.depth(wanted).map(|depth| depth + 2)
            }
            (Some(_), _) => None,
        }
    }

    fn resolve(&self, at: RegionKey, to: &Target, place: Option<RegionKey>) -> Option<Target> {
        match to {
            Target::Local => {
                let child = self.next_hop(at, place?)?;
                (self.parent(child) == Some(at)).then_some(Target::Region(child))
            }
            other => Some(other.clone()),
        }
    }
}
