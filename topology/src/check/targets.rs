//! Checks of what points into the tree: standards, catalogue, edges.

use std::collections::{BTreeMap, BTreeSet};

use super::Checker;
use crate::catalogue::Target;
use crate::draft::DraftRule;
use crate::read::Spot;
use crate::region::{Level, RegionKey};
use crate::unit::UnitKey;

impl Checker<'_> {
    /// One standard a level; its catalogue names its own units.
    pub(super) fn check_standards(&self) {
        let mut seen: BTreeMap<Level, &Spot> = BTreeMap::new();
        for standard in &self.draft.standards {
            if let Some(first) = seen.insert(standard.level, &standard.spot) {
                let message = format!("{}的标准配置重复{}", standard.level.label(), self.at(first));
                self.fault(&standard.spot.field("level"), message);
            }
            let keys: Vec<&UnitKey> = standard.units.iter().map(|draft| &draft.unit.key).collect();
            self.check_unit_list(&standard.units, &keys);
            let mut categories: BTreeMap<(&str, bool), &Spot> = BTreeMap::new();
            for DraftRule {
                rule,
                spot,
                category_spot,
            } in &standard.rules
            {
                // 属地 and a unit may share a category: the unit gets what has no place.
                let slot = (rule.category.as_str(), rule.to == Target::Local);
                if let Some(first) = categories.insert(slot, category_spot) {
                    let message = format!("事项“{}”在目录中重复{}", rule.category, self.at(first));
                    self.fault(category_spot, message);
                }
                match &rule.to {
                    Target::Unit(unit) if !keys.contains(&unit) => {
                        let level = standard.level.label();
                        let message = format!("承办单位“{unit}”不在{level}的标准单位中");
                        self.fault(&spot.field("unit"), message);
                    }
                    Target::Region(_) => self.fault(spot, "标准目录不能指到某个区划"),
                    _ => {}
                }
            }
        }
    }

    pub(super) fn check_dispatches(&self) {
        let mut seen = BTreeMap::new();
        for draft in &self.draft.dispatches {
            let (dispatch, spot) = (&draft.dispatch, &draft.spot);
            let at = dispatch.region;
            let Some(region) = self.by_key.get(&at) else {
                self.unknown_region(&spot.field("region"), at);
                continue;
            };
            if !region.node {
                self.fault(
                    &spot.field("region"),
                    format!("{at} 没有节点，不能有派单目录"),
                );
            }
            let slot = (
                at,
                &dispatch.category,
                dispatch.place,
                dispatch.to == Target::Local,
            );
            if let Some(first) = seen.insert(slot, &draft.category_spot) {
                let message = format!(
                    "{at} 的事项“{}”在目录中重复{}",
                    dispatch.category,
                    self.at(first)
                );
                self.fault(&draft.category_spot, message);
            }
            if let Some(place) = dispatch.place
                && place != at
                && !self.is_below(place, at)
            {
                self.fault(&spot.field("place"), format!("{place} 不是 {at} 的下级"));
            }
            match &dispatch.to {
                Target::Unit(unit) => {
                    let mut units = region.units.iter().chain(self.standard_units(region));
                    if !units.any(|draft| draft.unit.key == *unit) {
                        self.fault(&spot.field("unit"), format!("{at} 没有承办单位“{unit}”"));
                    }
                }
                Target::Region(child) if !self.by_key.contains_key(child) => {
                    self.unknown_region(&spot.field("child"), *child);
                }
                Target::Region(child) if !self.is_below(*child, at) => {
                    self.fault(&spot.field("child"), format!("{child} 不是 {at} 的下级"));
                }
                Target::Region(_) | Target::Local => {}
            }
        }
    }

    pub(super) fn check_edges(&self) {
        let mut seen: BTreeSet<(RegionKey, RegionKey)> = BTreeSet::new();
        for edge in &self.draft.edges {
            let known = [(edge.parent, "parent"), (edge.child, "child")].map(|(key, field)| {
                let known = self.by_key.contains_key(&key);
                if !known {
                    self.unknown_region(&edge.spot.field(field), key);
                }
                known
            });
            if known == [true, true] && self.parent(edge.child) != Some(edge.parent) {
                let message = format!("{} 不是 {} 的直接下级，没有这条边", edge.child, edge.parent);
                self.fault(&edge.spot, message);
            }
            if !seen.insert((edge.parent, edge.child)) {
                let message = format!("{} 与 {} 之间的边重复", edge.parent, edge.child);
                self.fault(&edge.spot, message);
            }
        }
    }

    fn unknown_region(&self, spot: &Spot, key: RegionKey) {
        if !self.draft.regions_lost {
            self.fault(spot, format!("区划 {key} 不在本文件中"));
        }
    }
}
