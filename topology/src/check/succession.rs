//! Checks of who succeeds whom: only nodes do, nobody succeeds itself, and no circle of successors.

use std::collections::{BTreeMap, BTreeSet};

use super::Checker;
use crate::region::RegionKey;

impl Checker<'_> {
    pub(super) fn check_succession(&self) {
        let mut heirs: BTreeMap<RegionKey, Vec<RegionKey>> = BTreeMap::new();
        for region in &self.draft.regions {
            let key = region.key.value;
            for old in &region.succeeds {
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
