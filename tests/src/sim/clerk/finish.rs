//! Finishers: people who, once faults have stopped, bring everything open to its end, a step at a time.

use super::{Who, Wish};
use crate::sim::node::Node;
use crate::sim::places::{UNITS, unit};
use hotline_domain::body::Body;
use hotline_domain::command::Verb;
use hotline_domain::leg::{Leg, LegKind, RequestKind, Side};
use hotline_domain::ticket::{Ticket, TicketStage};
use hotline_topology::FieldName;

fn ground() -> String {
    "explained".to_owned()
}

/// What has to be done at the node now.
pub(super) fn wishes(node: &Node) -> Vec<Wish> {
    let mut wishes: Vec<Wish> = Vec::new();
    for leg in node.view.legs().filter(|leg| leg.is_open()) {
        wishes.extend(on_leg(node, leg));
    }
    for ticket in node.view.tickets().filter(|ticket| ticket.is_open()) {
        wishes.extend(on_ticket(node, ticket));
    }
    wishes
}

fn on_leg(node: &Node, leg: &Leg) -> Option<Wish> {
    let request = leg.open_request();
    if leg.side != Side::Taker
        && let Some(request) = request
    {
        let verb = Verb::Rule {
            leg: leg.id,
            request: request.no,
            // What must not be granted is denied: an extension beyond the node's own due date would be refused.
            granted: request.asking.kind() != RequestKind::Extension,
            basis: "审核意见".to_owned(),
        };
        return Some(Wish {
            verb,
            who: Who::Desk,
            fields: vec![FieldName::Reason],
        });
    }
    let who = match (leg.side, leg.taker()) {
        (Side::Giver, _) => return None,
        (_, Body::Node(_)) => Who::Desk,
        (_, Body::Unit(_, name)) => {
            Who::Unit(UNITS.into_iter().find(|known| unit(known) == *name)?)
        }
    };
    let busy = who == Who::Desk && gave_on(node, leg);
    let waits = request.is_some_and(|request| request.asking.kind() == RequestKind::Result);
    (!busy && !waits && leg.delivered_at.is_some()).then(|| Wish {
        verb: Verb::SubmitResult {
            leg: leg.id,
            ground: ground(),
        },
        who,
        fields: vec![FieldName::ResultText, FieldName::Answer],
    })
}

/// Whether the node waits for what it gave on. An origin that raised the matter, and has it back from above, does not
/// wait for the superior, who waits for it.
fn gave_on(node: &Node, leg: &Leg) -> bool {
    let Some(ticket) = node.view.ticket(leg.matter()) else {
        return false;
    };
    let given = |id| node.view.leg(id).filter(|given: &&Leg| given.is_open());
    let mut open = ticket.outgoing.iter().filter_map(|id| given(*id));
    if ticket.origin == node.region {
        open.any(|given| given.offer.kind == LegKind::Downward)
    } else {
        ticket.stage == TicketStage::Assigned
    }
}

fn on_ticket(node: &Node, ticket: &Ticket) -> Option<Wish> {
    let open = |id| node.view.leg(id).is_some_and(Leg::is_open);
    let legs = ticket.outgoing.iter().chain(ticket.incoming.iter());
    if ticket.origin != node.region || legs.copied().any(open) {
        return None;
    }
    Some(Wish {
        verb: Verb::Close {
            matter: ticket.matter,
            ground: ground(),
        },
        who: Who::Desk,
        fields: vec![FieldName::Answer],
    })
}
