//! After the nodes have stopped: their logs alone are exported, checked and judged, and everything is counted again.

use super::drive::Told;
use super::world::World;
use crate::audit::{self, Chain, Logs, Reading, Verdict};
use crate::store::disk::{Disk, RealDisk};
use crate::store::log::LogReader;
use crate::store::tool;
use anyhow::Context as _;
use hotline_domain::fact::Fact;
use hotline_domain::id::{LegId, MatterId, OrderId};
use hotline_domain::leg::{Act, LegKind, Party, RequestKind};
use hotline_domain::ticket::TicketAct;
use hotline_topology::RegionKey;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What the logs say happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Happened {
    /// Answered at the desk.
    pub answered_directly: usize,
    /// Refused at the desk.
    pub refused: usize,
    /// Matters that their origin gave to somebody below or of its own.
    pub assigned: usize,
    /// Own intakes raised to the superior.
    pub escalated: usize,
    /// Raised further by a node that was no origin, or asked for by a taker and granted.
    pub escalated_on: usize,
    /// Matters with a lead among several.
    pub co_handled: usize,
    /// Returns granted.
    pub returned: usize,
    /// Supervision orders issued.
    pub supervised: usize,
    /// Redos ordered.
    pub redone: usize,
    /// Legs whose taker's receipt the giver has: custody went over.
    pub handovers: usize,
    /// Signed for by the timer.
    pub deemed_signed: usize,
}

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// The judge's findings.
    pub verdict: Verdict,
    /// What happened, counted again.
    pub happened: Happened,
}

/// Exports, checks and judges the logs of all nodes.
///
/// # Errors
/// A log cannot be exported or read; damage in one is a finding, no error.
pub fn examine(world: &World, told: &Told) -> anyhow::Result<Found> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let (mut reading, mut recount, mut chains) =
        (Reading::default(), Recount::default(), Vec::new());
    for place in &world.places {
        let out = place.folder.join("export");
        let checked = tool::export(&disk, &place.folder.join("data"), &out)
            .and_then(|_| tool::verify_export(&*disk, &out));
        chains.push(Chain {
            node: place.region,
            outcome: checked
                .map(|report| report.checked)
                .map_err(|error| error.to_string()),
        });
        let reader = LogReader::open(Arc::clone(&disk), &out)
            .with_context(|| format!("读不了 {} 导出的日志", place.name))?;
        let unreadable = || format!("{} 导出的日志不能解读", place.name);
        // Record by record: the logs of a long story do not fit into memory.
        recount.own.clear();
        let node = reading.of(place.region);
        for record in audit::records(&reader).with_context(unreadable)? {
            let (no, _, facts) = record.with_context(unreadable)?;
            for fact in &facts {
                node.take(no, fact);
                recount.take(place.region, fact);
            }
        }
    }
    let verdict = reading.judge(&audit::Case {
        quiet: true,
        confirmed: &told.confirmed,
        chains: &chains,
        ..audit::Case::new(&Logs::new(), &world.federation)
    });
    Ok(Found {
        verdict,
        happened: recount.happened(),
    })
}

/// Counts what happened as the logs are read, one node after the other.
#[derive(Default)]
struct Recount {
    happened: Happened,
    given: BTreeSet<MatterId>,
    joint: BTreeSet<MatterId>,
    orders: BTreeSet<OrderId>,
    /// Legs that the node whose log is read has given.
    own: BTreeSet<LegId>,
}

impl Recount {
    fn take(&mut self, node: RegionKey, fact: &Fact) {
        match fact {
            Fact::Ticket { matter, act, .. } => {
                ticket(&mut self.happened, act);
                if matches!(act, TicketAct::LeadNamed { .. }) {
                    self.joint.insert(*matter);
                }
            }
            Fact::Leg { leg, by, act, .. } => {
                if let Act::Offer(offer) = act
                    && offer.giver == node
                {
                    self.own.insert(*leg);
                    let at_origin = offer.origin == node;
                    match (offer.kind, at_origin) {
                        (LegKind::Downward, true) => {
                            self.given.insert(offer.matter);
                        }
                        (LegKind::Downward, false) => {}
                        (LegKind::Upward, true) => self.happened.escalated += 1,
                        (LegKind::Upward, false) => self.happened.escalated_on += 1,
                    }
                }
                if self.own.contains(leg) {
                    given_leg(&mut self.happened, *by, act);
                }
            }
            Fact::OrderIssued(issued) => {
                self.orders.insert(issued.order.id);
            }
            _ => {}
        }
    }

    fn happened(self) -> Happened {
        Happened {
            assigned: self.given.len(),
            co_handled: self.joint.len(),
            supervised: self.orders.len(),
            ..self.happened
        }
    }
}

fn ticket(happened: &mut Happened, act: &TicketAct) {
    match act {
        TicketAct::AnsweredDirectly => happened.answered_directly += 1,
        TicketAct::Refused { .. } => happened.refused += 1,
        TicketAct::RedoOrdered { .. } => happened.redone += 1,
        _ => {}
    }
}

/// An act on a leg in its giver's log.
fn given_leg(happened: &mut Happened, by: Party, act: &Act) {
    match (by, act) {
        (Party::Taker, Act::Receipt) => happened.handovers += 1,
        (Party::Taker, Act::Sign { deemed: true }) => happened.deemed_signed += 1,
        (
            Party::Giver,
            Act::Ruling {
                of, granted: true, ..
            },
        ) => match of {
            RequestKind::Return => happened.returned += 1,
            RequestKind::Escalation => happened.escalated_on += 1,
            RequestKind::Extension | RequestKind::Result => {}
        },
        _ => {}
    }
}
