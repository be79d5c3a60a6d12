//! A matter of several bodies has one lead a term, older terms have no effect, and it closes after its co-handlers.

use super::{Nodes, Promise, Seen};
use hotline_domain::fact::Fact;
use hotline_domain::id::{LegId, MatterId};
use hotline_domain::leg::{Act, Leg};
use hotline_domain::row::RowKey;
use hotline_domain::ticket::TicketAct;
use hotline_topology::RegionKey;
use std::collections::BTreeMap;

/// Who leads, by giver, matter and term.
#[derive(Default)]
pub(super) struct OneLead {
    named: BTreeMap<(RegionKey, MatterId, u32), LegId>,
    highest: BTreeMap<(RegionKey, LegId), u32>,
}

impl Promise for OneLead {
    fn words(&self) -> &'static str {
        "one lead a term, and the matter closes after its co-handlers"
    }

    fn rolled_back(&mut self, _: &Nodes, me: RegionKey) {
        self.highest.retain(|(at, _), _| *at != me);
    }

    fn committed(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        if seen.rolled.is_some() {
            return Ok(());
        }
        for fact in seen.facts {
            match fact {
                Fact::Ticket {
                    matter,
                    act: TicketAct::LeadNamed { term, lead, .. },
                    ..
                } => self.name(seen.me, *matter, *term, *lead)?,
                Fact::Leg {
                    leg,
                    matter,
                    act: Act::NameLead { term, lead },
                    ..
                } => self.told(seen, *leg, *matter, *term, *lead)?,
                Fact::Ticket {
                    matter,
                    act: TicketAct::Closed { .. },
                    ..
                } => closes_last(seen, *matter)?,
                _ => {}
            }
        }
        for key in seen.changed {
            if let RowKey::Leg(id) = key
                && let Some(leg) = seen.node().view.leg(*id)
            {
                let highest = self.highest.entry((seen.me, *id)).or_default();
                if leg.term < *highest {
                    return Err(format!("leg {id} fell from term {highest} to {}", leg.term));
                }
                *highest = leg.term;
            }
        }
        Ok(())
    }
}

impl OneLead {
    fn name(
        &mut self,
        giver: RegionKey,
        matter: MatterId,
        term: u32,
        lead: LegId,
    ) -> Result<(), String> {
        let known = *self.named.entry((giver, matter, term)).or_insert(lead);
        if known == lead {
            return Ok(());
        }
        Err(format!(
            "matter {matter}, term {term}: both {known} and {lead} lead"
        ))
    }

    fn told(
        &mut self,
        seen: &Seen<'_>,
        leg: LegId,
        matter: MatterId,
        term: u32,
        lead: LegId,
    ) -> Result<(), String> {
        let Some(row) = seen.node().view.leg(leg) else {
            return Ok(());
        };
        self.name(row.giver(), matter, term, lead)?;
        if row.is_open() && row.term < term {
            return Err(format!(
                "leg {leg} was told of term {term} and stays in term {}",
                row.term
            ));
        }
        Ok(())
    }
}

fn closes_last(seen: &Seen<'_>, matter: MatterId) -> Result<(), String> {
    let view = &seen.node().view;
    let Some(ticket) = view.ticket(matter) else {
        return Ok(());
    };
    let open = |leg: &Leg| leg.is_joint() && leg.is_open();
    let waits = ticket
        .outgoing
        .iter()
        .find(|id| view.leg(**id).is_some_and(open));
    match waits {
        Some(id) if !ticket.is_open() => Err(format!(
            "ticket {} was closed before its co-handler {id}",
            ticket.number
        )),
        _ => Ok(()),
    }
}
