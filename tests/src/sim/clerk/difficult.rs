//! Matters that go badly, told apart by their identifiers. Chance alone brings each of them to its end once in thousands of
//! seeds; here somebody takes the next step on purpose, so that what every level above is told of is met in each run of
//! the tests.
//!
//! | matter | what becomes of it |
//! |---|---|
//! | contested | nobody holds it to be his: it is returned again and again, and given to several at last |
//! | shuttled | contested, and given to one body after the other |
//! | beyond | its origin cannot solve it: it is raised, and raised again after a redo |
//! | thankless | rated poorly; the redo is returned, given to several, done, and rated poorly again |

use super::random::{approve, ask_return, desk, result};
use super::{Who, Wish};
use crate::sim::node::Node;
use crate::sim::places::{UNITS, unit};
use crate::sim::rng::Rng;
use hotline_domain::body::Body;
use hotline_domain::command::Verb;
use hotline_domain::id::MatterId;
use hotline_domain::leg::{Leg, LegKind, RequestKind, Side};
use hotline_domain::ticket::{Ticket, TicketStage};
use hotline_topology::FieldName;

/// Whether it is a matter that nobody holds to be his.
pub(super) fn contested(matter: MatterId) -> bool {
    matter.0[15].is_multiple_of(6)
}

/// Whether a contested matter is given to one body at a time.
pub(super) fn shuttled(matter: MatterId) -> bool {
    contested(matter) && matter.0[13].is_multiple_of(2)
}

/// Whether it is a matter that its origin cannot solve.
pub(super) fn beyond(matter: MatterId) -> bool {
    matter.0[14].is_multiple_of(8)
}

/// Whether the petitioner will not be satisfied.
fn thankless(matter: MatterId) -> bool {
    matter.0[12].is_multiple_of(8)
}

/// The next step of one such matter at the node.
pub(super) fn next(rng: &mut Rng, node: &Node) -> Option<Wish> {
    let of = |ticket: &&Ticket| shuttled(ticket.matter) || thankless(ticket.matter);
    let tickets: Vec<&Ticket> = node.view.tickets().filter(of).collect();
    if tickets.is_empty() {
        return None;
    }
    let ticket = *rng.pick(&tickets);
    match ticket.stage {
        TicketStage::Open => Some(give(rng, node, ticket)),
        TicketStage::Assigned => given(rng, node, ticket),
        TicketStage::Reviewing if ticket.origin == node.region => {
            let ground = "solved".to_owned();
            let verb = Verb::Close {
                matter: ticket.matter,
                ground,
            };
            Some(desk(verb, &[FieldName::Answer]))
        }
        TicketStage::Closed if ticket.origin == node.region => rate(ticket),
        TicketStage::Reviewing | TicketStage::Closed => None,
    }
    .or_else(|| {
        let leg = node.view.leg(ticket.incoming?)?;
        (leg.offer.kind == LegKind::Downward).then(|| taken(rng, leg, Who::Desk))?
    })
}

/// To somebody else each time; a redo that came back goes to everybody.
fn give(rng: &mut Rng, node: &Node, ticket: &Ticket) -> Wish {
    let children = node.place.federation.children(node.region);
    let mut bodies: Vec<Body> = children.iter().map(|child| Body::Node(*child)).collect();
    bodies.extend(UNITS.map(|name| Body::Unit(node.region, unit(name))));
    let takers = match ticket.redos > 0 && !shuttled(ticket.matter) {
        true => bodies,
        false => vec![rng.pick(&bodies).clone()],
    };
    let verb = Verb::Assign {
        matter: ticket.matter,
        takers,
        lead: None,
        basis: "职责分工".to_owned(),
        due: None,
        determination: (ticket.returns >= 3).then(|| "职责认定".to_owned()),
    };
    desk(verb, &[FieldName::Instruction])
}

/// The giver grants what its takers ask for; its own units act.
fn given(rng: &mut Rng, node: &Node, ticket: &Ticket) -> Option<Wish> {
    let legs = ticket.outgoing.iter().filter_map(|id| node.view.leg(*id));
    let open: Vec<&Leg> = legs.filter(|leg| leg.is_open()).collect();
    if open.is_empty() {
        return None;
    }
    let leg = *rng.pick(&open);
    if let Some(request) = leg.open_request() {
        return Some(approve(leg.id, request.no));
    }
    if leg.side != Side::Both {
        return None;
    }
    let name = leg.taker().unit()?;
    let name = UNITS.into_iter().find(|known| unit(known) == *name)?;
    taken(rng, leg, Who::Unit(name))
}

/// The taker returns what it holds not to be its own, and the first redo; the rest it does.
fn taken(rng: &mut Rng, leg: &Leg, who: Who) -> Option<Wish> {
    let asked = leg.open_request().map(|request| request.asking.kind());
    if !leg.is_open() || asked.is_some_and(|kind| kind != RequestKind::Extension) {
        return None;
    }
    let redone = thankless(leg.matter()) && leg.offer.redo && !leg.is_joint();
    let (verb, fields): (_, &[FieldName]) = match shuttled(leg.matter()) || redone {
        true => (ask_return(leg.id), &[FieldName::Reason]),
        false => (
            result(rng, leg.id),
            &[FieldName::ResultText, FieldName::Answer],
        ),
    };
    Some(Wish {
        who,
        ..desk(verb, fields)
    })
}

/// A poor rating, and a redo after it.
fn rate(ticket: &Ticket) -> Option<Wish> {
    let matter = ticket.matter;
    if !thankless(matter) {
        return None;
    }
    let closed = ticket.closed_at.unwrap_or(ticket.since);
    let rated = ticket.ratings.iter().any(|rating| rating.at >= closed);
    if rated {
        let verb = Verb::Redo {
            matter,
            taker: None,
        };
        return Some(desk(verb, &[FieldName::Instruction]));
    }
    let rating = Some("unsatisfied".to_owned());
    let wish = desk(Verb::CallBack { matter, rating }, &[FieldName::RatingText]);
    Some(Wish {
        who: Who::Caller,
        ..wish
    })
}
