//! A superior's figures equal a recount of the logs below it; and an independent reading of all logs finds nothing
//! missing.

use super::waiting;
use super::{Nodes, Promise};
use crate::sim::places::Place;
use hotline::audit::{self, Case, Logs};
use hotline_topology::RegionKey;
use std::sync::Arc;

/// Remembers only the tree: the logs say all.
pub(super) struct Figures(pub(super) Arc<Place>);

impl Promise for Figures {
    fn words(&self) -> &'static str {
        "a superior's figures equal a recount"
    }

    fn reorganised(&mut self, place: &Arc<Place>) {
        self.0 = place.clone();
    }

    fn ended(
        &mut self,
        nodes: &Nodes,
        rolled: Option<RegionKey>,
    ) -> Result<(), (RegionKey, String)> {
        if rolled.is_some() {
            return Ok(());
        }
        let mut logs = Logs::new();
        for (me, node) in nodes {
            let Some(log) = &node.log else {
                return Err((*me, "the node is down".to_owned()));
            };
            let log = audit::export(&log.reader()).map_err(|error| (*me, error.to_string()))?;
            logs.insert(*me, log);
        }
        let case = Case {
            quiet: true,
            ..Case::new(&logs, &self.0.federation)
        };
        let verdict = audit::judge(&case);
        // Where a clock was wrong, what happened when is disputed: it counts as it arrived, and the sides differ.
        let disputed = nodes.values().any(|node| node.clock.was_wrong);
        // An order on a leg that its taker lost waits for the leg, and is answered when it has waited long enough.
        let waits = waiting(nodes);
        let unanswered = |words: &str| {
            words.contains("没有回执") && waits.iter().any(|id| words.contains(&id.to_string()))
        };
        let faults = verdict.faults.iter();
        let mut faults = faults.filter(|words| !(unanswered(words) || disputed && untimely(words)));
        if faults.next().is_none() {
            return Ok(());
        }
        Err((self.0.federation.root(), format!("{verdict:?}")))
    }
}

/// Words about instants alone; how a leg ended is judged by custody, too.
fn untimely(words: &str) -> bool {
    words.contains("送达时间不一致") || words.contains("结办情况不一致")
}
