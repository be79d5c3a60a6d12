//! Accounts of each day: once quiet, every neighbour holds the newest day of every neighbour; and no honest node is taken
//! for one that shows two logs.

use super::{Nodes, Promise, Seen};
use hotline_domain::fact::Fact;
use hotline_domain::link::MessageKind;
use hotline_domain::tally::Held;
use hotline_domain::view::Rows as _;
use hotline_topology::RegionKey;

/// Remembers nothing: the rows say all.
pub(super) struct Days;

/// What the kernel says of a tally that belongs to another log.
const FORKED: &str = "不是同一份日志";

impl Promise for Days {
    fn words(&self) -> &'static str {
        "every neighbour holds the newest day of every neighbour, and honest nodes show one log"
    }

    fn committed(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        if seen.rolled.is_some() {
            return Ok(());
        }
        for fact in seen.facts {
            let Fact::Misbehaved {
                peer,
                conduct: Some(conduct),
            } = fact
            else {
                continue;
            };
            if conduct
                .counts
                .iter()
                .any(|count| count.what.contains(FORKED))
            {
                return Err(format!(
                    "{} takes {peer} for one that shows two logs",
                    seen.me
                ));
            }
        }
        Ok(())
    }

    fn ended(
        &mut self,
        nodes: &Nodes,
        rolled: Option<RegionKey>,
    ) -> Result<(), (RegionKey, String)> {
        if rolled.is_some() {
            return Ok(());
        }
        let pairs = nodes
            .keys()
            .flat_map(|of| nodes.keys().map(move |at| (*of, *at)));
        pairs
            .filter(|(of, at)| of != at)
            .try_for_each(|(of, at)| check(nodes, (of, at)).map_err(|words| (at, words)))
    }
}

/// What one node holds of another's days, where the two are neighbours that speak of them.
fn check(nodes: &Nodes, (of, at): (RegionKey, RegionKey)) -> Result<(), String> {
    let (teller, holder) = (&nodes[&of].view, &nodes[&at].view);
    let failed = |failed: hotline_domain::view::ViewFailed| failed.to_string();
    let link = teller.link(at);
    let back = holder.link(of);
    let spoken = link.peer_wire.min(back.peer_wire) >= MessageKind::Tally.since();
    if !spoken || link.blocked.is_some() || back.blocked.is_some() {
        return Ok(());
    }
    let Some(diary) = teller.diary().map_err(failed)? else {
        return Err(format!("{of} keeps no accounts"));
    };
    let epoch = teller.node().map_err(failed)?.epoch;
    let newest = Held {
        epoch,
        no: diary.last.no,
        value: diary.value,
    };
    let held = holder.account(of).map_err(failed)?.held;
    match held {
        Some(held) if held == newest => Ok(()),
        // Opened, and not a day old.
        None if newest.no == 0 => Ok(()),
        held => Err(format!(
            "{at} holds {held:?} of {of}, whose newest day is {newest:?}"
        )),
    }
}
