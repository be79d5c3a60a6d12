//! What people do while the simulation runs: everything the verbs offer, by weight, now and then what is not allowed.

use super::difficult::{self, beyond, contested, shuttled};
use super::{Who, Wish};
use crate::sim::node::Node;
use crate::sim::places::{HOUR, UNITS, unit};
use crate::sim::rng::Rng;
use hotline_domain::body::Body;
use hotline_domain::command::Verb;
use hotline_domain::id::LegId;
use hotline_domain::leg::{Leg, LegKind, RequestKind, Side, Stage};
use hotline_domain::policy::purpose::Purpose;
use hotline_domain::reading::{Entrance, Opened};
use hotline_domain::ticket::{Ticket, TicketStage};
use hotline_topology::{FieldName, Kind, Time, Urgency};

const CLOSINGS: [&str; 3] = ["solved", "explained", "unfounded"];

/// What the hotline's own staff does.
pub(super) fn desk(verb: Verb, fields: &[FieldName]) -> Wish {
    Wish {
        verb,
        who: Who::Desk,
        fields: fields.to_vec(),
    }
}

/// A new matter.
pub(super) fn intake(rng: &mut Rng, node: &Node) -> Wish {
    let below = node.place.federation.subtree(node.region);
    let place = rng.percent(70).then(|| *rng.pick(&below));
    let urgency = match rng.below(10) {
        0 => Urgency::Emergency,
        1..=3 => Urgency::Urgent,
        _ => Urgency::Normal,
    };
    let kinds = [Kind::Consult, Kind::Help, Kind::Complaint, Kind::Report];
    let verb = Verb::TakeIn {
        channel: (*rng.pick(&["phone", "web"])).to_owned(),
        kind: *rng.pick(&kinds),
        category: (*rng.pick(&["0101", "0203", "0305"])).to_owned(),
        urgency,
        place,
        happened_at: None,
    };
    let mut fields = vec![
        FieldName::Title,
        FieldName::Content,
        FieldName::PetitionerName,
    ];
    fields.extend(rng.percent(60).then_some(FieldName::Contact));
    fields.extend(rng.percent(40).then_some(FieldName::Place));
    desk(verb, &fields)
}

/// Up to three things that somebody at the node does now.
pub(super) fn wishes(rng: &mut Rng, node: &Node) -> Vec<Wish> {
    let mut open: Vec<Wish> = Vec::new();
    let tickets: Vec<&Ticket> = node.view.tickets().collect();
    if tickets.is_empty() {
        return open;
    }
    for _ in 0..1 + rng.below(3) {
        let ticket = *rng.pick(&tickets);
        let wish = match rng.below(10) {
            0..=3 => on_ticket(rng, node, ticket),
            4..=6 => on_outgoing(rng, node, ticket),
            _ => on_incoming(rng, node, ticket),
        };
        open.extend(wish);
    }
    if rng.percent(30) {
        open.extend(difficult::next(rng, node));
    }
    if rng.percent(20) {
        open.extend(on_noticed(rng, node));
    }
    if rng.percent(30) {
        let ticket = *rng.pick(&tickets);
        open.push(reading(rng, ticket));
    }
    if rng.percent(10) {
        open.extend(order_read(rng, node));
    }
    if rng.percent(20) {
        // Personal data where it does not belong: it must not travel.
        if let Some(wish) = open.first_mut().filter(|wish| !wish.fields.is_empty()) {
            wish.fields.push(FieldName::Contact);
        }
    }
    open
}

/// Somebody opens a ticket's texts, mostly for a purpose of their work, now and then for none or another unit's ticket.
fn reading(rng: &mut Rng, ticket: &Ticket) -> Wish {
    let (who, purposes): (_, &[Purpose]) = match rng.below(5) {
        0..=1 => (Who::Desk, &Purpose::ALL),
        2 => (Who::Caller, &[Purpose::CallBack, Purpose::Petitioner]),
        _ => (*rng.pick(&UNITS.map(Who::Unit)), &[Purpose::Handle]),
    };
    let odd = rng.percent(5);
    let purpose = *rng.pick(if odd { &Purpose::ALL } else { purposes });
    let mut fields = vec![FieldName::Title, FieldName::Content];
    if who == Who::Desk {
        fields.extend([FieldName::PetitionerName, FieldName::Contact]);
    }
    let verb = Verb::Read {
        matter: ticket.matter,
        opened: Opened::Texts { fields },
        purpose,
        entrance: Entrance::FrontEnd,
    };
    Wish {
        who,
        ..desk(verb, &[])
    }
}

/// Somebody opens what was said of an order of this node's on a leg between others.
fn order_read(rng: &mut Rng, node: &Node) -> Option<Wish> {
    let orders: Vec<_> = node.view.orders().collect();
    if orders.is_empty() {
        return None;
    }
    let issued = *rng.pick(&orders);
    let verb = Verb::Read {
        matter: issued.matter,
        opened: Opened::Order(issued.order.id),
        purpose: Purpose::Supervise,
        entrance: Entrance::Remote,
    };
    Some(desk(verb, &[]))
}

fn on_ticket(rng: &mut Rng, node: &Node, ticket: &Ticket) -> Option<Wish> {
    let (matter, own) = (ticket.matter, ticket.origin == node.region);
    let ground = || "hard-to-solve".to_owned();
    let escalate = || Verb::Escalate {
        matter,
        ground: ground(),
    };
    let reason = [FieldName::Reason, FieldName::StageReport];
    match ticket.stage {
        TicketStage::Open => match rng.below(20) {
            0..=14 if beyond(matter) => Some(desk(escalate(), &reason)),
            0 if own => Some(desk(Verb::AnswerDirectly { matter }, &[FieldName::Answer])),
            1 if own => Some(desk(
                Verb::Refuse {
                    matter,
                    ground: "repeated".to_owned(),
                    basis: "已答复".to_owned(),
                },
                &[FieldName::Reason],
            )),
            2 => Some(desk(Verb::Note { matter }, &[FieldName::Note])),
            3..=6 => Some(desk(escalate(), &reason)),
            _ => Some(assign(rng, node, ticket)),
        },
        TicketStage::Assigned => match rng.below(30) {
            0 if own => Some(desk(Verb::Withdraw { matter }, &[FieldName::Reason])),
            1..=2 => Some(desk(Verb::Note { matter }, &[FieldName::Note])),
            3..=5 => ticket.outgoing.last().map(|lead| {
                let lead = *lead;
                desk(Verb::NameLead { matter, lead }, &[])
            }),
            _ => None,
        },
        TicketStage::Reviewing if own => {
            let ground = (*rng.pick(&CLOSINGS)).to_owned();
            Some(desk(Verb::Close { matter, ground }, &[FieldName::Answer]))
        }
        TicketStage::Reviewing => None,
        TicketStage::Closed if own => closed(rng, ticket),
        TicketStage::Closed => None,
    }
}

/// An own matter that is over: rated, more often than not poorly, and handled once more.
fn closed(rng: &mut Rng, ticket: &Ticket) -> Option<Wish> {
    let matter = ticket.matter;
    let closed = ticket.closed_at.unwrap_or(ticket.since);
    let rated = ticket.ratings.iter().rfind(|rating| rating.at >= closed);
    let poorly = rated.is_some_and(|rating| rating.satisfied == Some(false));
    if rng.percent(if poorly { 70 } else { 15 }) {
        let verb = Verb::Redo {
            matter,
            taker: None,
        };
        return Some(desk(verb, &[FieldName::Instruction]));
    }
    if rng.percent(30) {
        return None;
    }
    let scale = ["satisfied", "unsatisfied", "very-unsatisfied"];
    let rating = rng.percent(85).then(|| (*rng.pick(&scale)).to_owned());
    let wish = desk(Verb::CallBack { matter, rating }, &[FieldName::RatingText]);
    Some(Wish {
        who: Who::Caller,
        ..wish
    })
}

fn assign(rng: &mut Rng, node: &Node, ticket: &Ticket) -> Wish {
    let children = node.place.federation.children(node.region);
    let mut bodies: Vec<Body> = children.iter().map(|child| Body::Node(*child)).collect();
    bodies.extend(UNITS.map(|name| Body::Unit(node.region, unit(name))));
    let several = contested(ticket.matter) && ticket.returns > 0;
    let takers = match rng.below(10) {
        _ if shuttled(ticket.matter) => vec![rng.pick(&bodies).clone()],
        0..=5 if several => bodies.clone(),
        0..=2 => Vec::new(),
        3..=7 => vec![rng.pick(&bodies).clone()],
        _ => bodies.iter().filter(|_| rng.percent(60)).cloned().collect(),
    };
    let lead = (takers.len() > 1 && rng.percent(30)).then(|| takers[takers.len() - 1].clone());
    let past_bound = ticket.returns >= 3 || ticket.hops >= 6;
    let verb = Verb::Assign {
        matter: ticket.matter,
        takers,
        lead,
        basis: "职责分工".to_owned(),
        due: None,
        determination: (past_bound || rng.percent(5)).then(|| "职责认定".to_owned()),
    };
    desk(verb, &[FieldName::Instruction])
}

/// The giver's side of one of the ticket's legs.
fn on_outgoing(rng: &mut Rng, node: &Node, ticket: &Ticket) -> Option<Wish> {
    let of: Vec<&Leg> = ticket
        .outgoing
        .iter()
        .filter_map(|id| node.view.leg(*id))
        .collect();
    if of.is_empty() {
        return None;
    }
    let leg = *rng.pick(&of);
    let id = leg.id;
    if leg.side == Side::Both && rng.percent(60) {
        return as_unit(rng, leg);
    }
    if let Some(open) = leg.open_request().filter(|_| rng.percent(80)) {
        let gladly = contested(ticket.matter) && open.asking.kind() == RequestKind::Return;
        let verb = Verb::Rule {
            leg: id,
            request: open.no,
            granted: rng.percent(if gladly { 95 } else { 70 }),
            basis: "审核意见".to_owned(),
        };
        return Some(desk(verb, &[FieldName::Reason]));
    }
    if let Some(order) = leg.orders.iter().find(|order| order.ended_at.is_none()) {
        let order = order.id;
        return match rng.below(4) {
            0 => Some(desk(Verb::Remind { order }, &[FieldName::Instruction])),
            1 => Some(desk(Verb::EndOrder { order }, &[FieldName::Instruction])),
            _ => None,
        };
    }
    let in_vain = leg.offer.redo && leg.offer.kind == LegKind::Downward && beyond(ticket.matter);
    match rng.below(24) {
        0..=11 if in_vain => Some(desk(Verb::Recall { leg: id }, &[FieldName::Reason])),
        0 => Some(desk(Verb::Recall { leg: id }, &[FieldName::Reason])),
        1 => {
            let children = node.place.federation.children(node.region);
            let taker = children
                .first()
                .map_or(Body::Unit(node.region, unit(UNITS[0])), |child| {
                    Body::Node(*child)
                });
            let basis = "职责调整".to_owned();
            let verb = Verb::Reassign {
                leg: id,
                taker,
                basis,
            };
            Some(desk(verb, &[FieldName::Reason]))
        }
        2 => {
            let due = Time(leg.due.at.0 + rng.between(-20, 40) * HOUR);
            Some(desk(Verb::SetDue { leg: id, due }, &[FieldName::Reason]))
        }
        3..=4 => {
            let verb = Verb::Supervise {
                leg: id,
                trigger: "other".to_owned(),
                reply_by: None,
            };
            Some(desk(verb, &[FieldName::Instruction]))
        }
        5 => Some(desk(Verb::Release { leg: id }, &[FieldName::Reason])),
        _ => None,
    }
}

/// A leg between others below, of which this node was told.
fn on_noticed(rng: &mut Rng, node: &Node) -> Option<Wish> {
    let legs: Vec<LegId> = node
        .view
        .notices()
        .filter_map(|notice| notice.leg)
        .collect();
    let legs: Vec<LegId> = legs
        .into_iter()
        .filter(|leg| node.view.leg(*leg).is_none())
        .collect();
    if legs.is_empty() {
        return None;
    }
    let leg = *rng.pick(&legs);
    let mut orders = node.view.orders().filter(|issued| issued.leg == leg);
    let open = orders.find(|issued| issued.order.ended_at.is_none());
    let verb = match open.map(|issued| issued.order.id) {
        Some(order) if rng.percent(60) => Verb::Remind { order },
        Some(order) => Verb::EndOrder { order },
        None => Verb::Supervise {
            leg,
            trigger: "other".to_owned(),
            reply_by: None,
        },
    };
    Some(desk(verb, &[FieldName::Instruction]))
}

/// The taker's side of the ticket's incoming leg.
fn on_incoming(rng: &mut Rng, node: &Node, ticket: &Ticket) -> Option<Wish> {
    let leg = node.view.leg(ticket.incoming?)?;
    taker(rng, leg, Who::Desk)
}

fn as_unit(rng: &mut Rng, leg: &Leg) -> Option<Wish> {
    let name = leg.taker().unit()?;
    let name = UNITS.into_iter().find(|known| unit(known) == *name)?;
    taker(rng, leg, Who::Unit(name))
}

fn taker(rng: &mut Rng, leg: &Leg, who: Who) -> Option<Wish> {
    let id = leg.id;
    let as_taker = |verb, fields: &[FieldName]| {
        Some(Wish {
            verb,
            who,
            fields: fields.to_vec(),
        })
    };
    if let Some(order) = leg.orders.iter().find(|order| order.replied_at.is_none()) {
        let verb = Verb::ReplyOrder {
            leg: id,
            order: order.id,
        };
        return as_taker(verb, &[FieldName::ResultText]);
    }
    if leg.offer.kind == LegKind::Upward && leg.stage == Stage::Delivered && rng.percent(60) {
        return as_taker(Verb::Sign { leg: id }, &[]);
    }
    let open = leg
        .open_request()
        .map(|request| (request.no, request.asking.kind()));
    let returns = open.is_none() && contested(leg.matter()) && leg.offer.kind != LegKind::Upward;
    match rng.below(14) {
        0..=1 => as_taker(Verb::Sign { leg: id }, &[]),
        7..=11 if returns => as_taker(ask_return(id), &[FieldName::Reason]),
        2 => {
            let stage = "on-site".to_owned();
            as_taker(Verb::Progress { leg: id, stage }, &[FieldName::Note])
        }
        3 => as_taker(ask_return(id), &[FieldName::Reason]),
        4 => {
            let days = 1 + u32::try_from(rng.below(5)).unwrap_or(0);
            as_taker(Verb::AskExtension { leg: id, days }, &[FieldName::Reason])
        }
        5 => {
            let ground = "beyond-authority".to_owned();
            as_taker(
                Verb::AskEscalation { leg: id, ground },
                &[FieldName::Reason, FieldName::StageReport],
            )
        }
        6 => {
            open.and_then(|(request, _)| as_taker(Verb::WithdrawRequest { leg: id, request }, &[]))
        }
        _ if open.is_some_and(|(_, kind)| kind == RequestKind::Result) => None,
        _ => as_taker(result(rng, id), &[FieldName::ResultText, FieldName::Answer]),
    }
}

/// A result, closed in some way.
pub(super) fn result(rng: &mut Rng, leg: LegId) -> Verb {
    let ground = (*rng.pick(&CLOSINGS)).to_owned();
    Verb::SubmitResult { leg, ground }
}

/// The giver agrees.
pub(super) fn approve(leg: LegId, request: u32) -> Wish {
    let verb = Verb::Rule {
        leg,
        request,
        granted: true,
        basis: "审核意见".to_owned(),
    };
    desk(verb, &[FieldName::Reason])
}

/// Somebody holds that it is not his.
pub(super) fn ask_return(leg: LegId) -> Verb {
    let (ground, basis) = ("not-our-duty".to_owned(), "三定方案".to_owned());
    Verb::AskReturn { leg, ground, basis }
}
