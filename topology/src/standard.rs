//! What every region of one level has alike: its usual units and its usual catalogue.
//!
//! A province has thousands of nodes with the same bureaus. The file states them once a
//! level; a region may replace a unit by its key, add its own, or opt out.

use crate::catalogue::Target;
use crate::region::Level;
use crate::unit::Unit;

/// Catalogue line of a standard, without the node it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// Prefix of the category's code; empty matches every category.
    pub category: String,
    /// A unit of the standard, or [`Target::Local`].
    pub to: Target,
}

/// The usual units and catalogue of one level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standard {
    /// For the regions of this level that run a node and did not opt out.
    pub level: Level,
    /// Come before a region's own units.
    pub units: Vec<Unit>,
    /// Apply where the region's own catalogue has nothing as specific.
    pub rules: Vec<Rule>,
}

impl Standard {
    /// The standard units with a region's own: one of the same key takes the standard one's
    /// place, the others follow. Doing it twice changes nothing.
    pub(crate) fn merge(&self, own: Vec<Unit>) -> Vec<Unit> {
        let mut own: Vec<Option<Unit>> = own.into_iter().map(Some).collect();
        let mut units = Vec::with_capacity(self.units.len() + own.len());
        for unit in &self.units {
            let replacement = own
                .iter_mut()
                .find(|other| other.as_ref().is_some_and(|o| o.key == unit.key));
            units.push(
                replacement
                    .and_then(Option::take)
                    .unwrap_or_else(|| unit.clone()),
            );
        }
        units.extend(own.into_iter().flatten());
        units
    }
}
