//! What was durable stays: a log never ends before what was committed, and its chain never forks.

use super::{Nodes, Promise, Seen};
use hotline_topology::RegionKey;
use std::collections::BTreeMap;

/// The last durable commit of each node.
#[derive(Default)]
pub(super) struct Durable(BTreeMap<RegionKey, u64>);

impl Promise for Durable {
    fn words(&self) -> &'static str {
        "what was durable stays"
    }

    fn committed(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let last = self.0.entry(seen.me).or_default();
        if seen.no != *last + 1 {
            return Err(format!("commit {} follows commit {last}", seen.no));
        }
        *last = seen.no;
        Ok(())
    }

    fn recovered(
        &mut self,
        nodes: &Nodes,
        me: RegionKey,
        _: Option<RegionKey>,
    ) -> Result<(), String> {
        let last = self.0.get(&me).copied().unwrap_or(0);
        let found = nodes[&me].log.as_ref().map_or(0, |log| log.last_commit());
        if found < last {
            return Err(format!(
                "commit {last} was durable, the log ends at {found}"
            ));
        }
        Ok(())
    }

    fn rolled_back(&mut self, nodes: &Nodes, me: RegionKey) {
        self.0.insert(
            me,
            nodes[&me].log.as_ref().map_or(0, |log| log.last_commit()),
        );
    }
}
