//! No text is opened without its reading on record: when a person is shown something, the durable log of the node says
//! who, of which matter and what for; and a unit's people read only what the unit has or had.

use super::{Nodes, Promise, Seen};
use hotline_domain::command::{Command, Verb};
use hotline_domain::fact::Fact;
use hotline_domain::id::MatterId;
use hotline_domain::policy::purpose::Purpose;
use hotline_domain::reading::{Opened, Reading};
use hotline_domain::view::Rows as _;
use hotline_topology::{RegionKey, UnitKey};
use std::collections::BTreeMap;

/// Who opens something, of which matter, what for, and what sort of thing.
type Key = (RegionKey, String, MatterId, Purpose, &'static str);

fn sort(opened: &Opened) -> &'static str {
    match opened {
        Opened::Texts { .. } => "texts",
        Opened::File(_) => "file",
        Opened::Order(_) => "order",
    }
}

/// How often each was put on record, and how often shown.
#[derive(Default)]
pub(super) struct Readings {
    recorded: BTreeMap<Key, u64>,
    shown: BTreeMap<Key, u64>,
}

impl Promise for Readings {
    fn words(&self) -> &'static str {
        "no text is opened without its reading on record"
    }

    fn committed(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        for fact in seen.facts {
            let Fact::Read(reading) = fact else {
                continue;
            };
            let Reading {
                matter,
                who,
                opened,
                purpose,
                ..
            } = reading;
            let key = (seen.me, who.clone(), *matter, *purpose, sort(opened));
            *self.recorded.entry(key).or_default() += 1;
            if let Opened::Order(order) = opened {
                // A superior reads its orders on matters of which it has no ticket.
                match seen.node().view.order(*order) {
                    Ok(Some(issued)) if issued.matter == *matter => continue,
                    _ => return Err(format!("{who} read {order}, which is not here")),
                }
            }
            let Some(ticket) = seen.node().view.ticket(*matter) else {
                return Err(format!("{who} read {matter}, which is not here"));
            };
            let had = |unit: &UnitKey| {
                let legs = ticket
                    .outgoing
                    .iter()
                    .filter_map(|leg| seen.node().view.leg(*leg));
                legs.map(|leg| leg.taker())
                    .any(|taker| taker.unit() == Some(unit))
            };
            if reading.unit.as_ref().is_some_and(|unit| !had(unit)) {
                return Err(format!("{who} read {matter}, which the unit never had"));
            }
        }
        Ok(())
    }

    fn opened(&mut self, me: RegionKey, command: &Command) -> Result<(), String> {
        let Verb::Read {
            matter,
            opened,
            purpose,
            ..
        } = &command.verb
        else {
            return Ok(());
        };
        let who = command.actor.name.clone();
        let key = (me, who.clone(), *matter, *purpose, sort(opened));
        let shown = self.shown.entry(key.clone()).or_default();
        *shown += 1;
        let recorded = self.recorded.get(&key).copied().unwrap_or_default();
        if recorded < *shown {
            return Err(format!(
                "{who} was shown {matter} {shown} times for {}, on record are {recorded}",
                purpose.code()
            ));
        }
        Ok(())
    }

    fn rolled_back(&mut self, _: &Nodes, me: RegionKey) {
        // What the lost days had on record is lost with them, as the list of what is missing says.
        self.recorded.retain(|(at, ..), _| *at != me);
        self.shown.retain(|(at, ..), _| *at != me);
    }
}
