//! What was durable stays: a log never ends before what was committed, its chain never forks, and its
//! time never runs backwards.

use super::{Nodes, Promise, Seen};
use hotline_topology::{RegionKey, Time};
use std::collections::BTreeMap;

/// The last durable commit of each node, and its time.
#[derive(Default)]
pub(super) struct Durable(BTreeMap<RegionKey, (u64, Time)>);

impl Promise for Durable {
    fn words(&self) -> &'static str {
        "what was durable stays"
    }

    fn committed(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let (last, at) = self.0.get(&seen.me).copied().unwrap_or((0, Time(0)));
        if seen.no != last + 1 {
            return Err(format!("commit {} follows commit {last}", seen.no));
        }
        if seen.at < at {
            return Err(format!(
                "commit {} is of {}, its predecessor of {at}",
                seen.no, seen.at
            ));
        }
        self.0.insert(seen.me, (seen.no, seen.at));
        Ok(())
    }

    fn recovered(
        &mut self,
        nodes: &Nodes,
        me: RegionKey,
        _: Option<RegionKey>,
    ) -> Result<(), String> {
        let last = self.0.get(&me).map_or(0, |(last, _)| *last);
        let found = nodes[&me].log.as_ref().map_or(0, |log| log.last_commit());
        if found < last {
            return Err(format!(
                "commit {last} was durable, the log ends at {found}"
            ));
        }
        Ok(())
    }

    fn rolled_back(&mut self, nodes: &Nodes, me: RegionKey) {
        self.0.insert(me, (nodes[&me].seen, Time(0)));
    }
}
