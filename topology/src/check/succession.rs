//! Checks of who succeeds whom: only nodes do, nobody succeeds itself, no circle of successors; and who is dissolved is
//! neither the root nor above one that goes on.

use std::collections::{BTreeMap, BTreeSet};

use super::Checker;
use crate::draft::DraftRegion;
use crate::region::RegionKey;

impl Checker<'_> {
    pub(super) fn check_succession(&self) {
        let mut heirs: BTreeMap<RegionKey, Vec<RegionKey>> = BTreeMap::new();
        for region in &self.draft.regions {
            let key = region.key.value;
            for (at, old) in region.succeeds.iter().enumerate() {
                let again = region.succeeds[..at]
                    .iter()
                    .any(|other| other.value == old.value);
                if again {
                    self.fault(&old.spot, format!("{} 写了两次", old.value));
                }
                if !region.node {
                    let message = format!("{key} 没有节点，不能接收并入的区划");
                    self.fault(&old.spot, message);
                }
                heirs.entry(old.value).or_default().push(key);
            }
        }
        for region in &self.draft.regions {
            for old in &region.succeeds {
                if self.returns(&heirs, old.value) {
                    let message = format!("{} 的并入成环", old.value);
                    self.fault(&old.spot, message);
                }
            }
        }
        for region in &self.draft.regions {
            self.check_drains(&heirs, region);
        }
    }

    /// A dissolved region only drains: the root cannot be one, and what goes on stands below others.
    fn check_drains(&self, heirs: &BTreeMap<RegionKey, Vec<RegionKey>>, region: &DraftRegion) {
        let key = region.key.value;
        match &region.parent {
            None if heirs.contains_key(&key) => {
                let message = "最上级的区划不能并入他处".to_owned();
                self.fault(&region.spot.field("key"), message);
            }
            Some(parent) if heirs.contains_key(&parent.value) && !heirs.contains_key(&key) => {
                let message = format!("{} 已并入他处，不能再是 {key} 的上级", parent.value);
                self.fault(&parent.spot, message);
            }
            _ => {}
        }
    }

    /// Whether the successors of a region lead back to it.
    fn returns(&self, heirs: &BTreeMap<RegionKey, Vec<RegionKey>>, start: RegionKey) -> bool {
        let (mut seen, mut waiting) = (BTreeSet::new(), vec![start]);
        while let Some(key) = waiting.pop() {
            for heir in heirs.get(&key).into_iter().flatten() {
                if *heir == start {
                    return true;
                }
                if seen.insert(*heir) {
                    waiting.push(*heir);
                }
            }
        }
        false
    }
}
