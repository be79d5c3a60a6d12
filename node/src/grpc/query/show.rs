//! Tickets and legs as messages.

use super::words;
use crate::app::NodeHandle;
use crate::grpc::refusal::unwell;
use chrono::Datelike as _;
use hotline_domain::body::Body;
use hotline_domain::leg::{
    Closure, Leg, LegKind, LegRole, Order, RecallGround, Side, Stage, stage_word,
};
use hotline_domain::ticket::{Sight, Ticket, TicketStage, is_overdue, is_provisional};
use hotline_domain::view::View;
use hotline_proto::operator::v1 as pb;
use hotline_topology::{Federation, Time, time::DAY_MS};
use tonic::Status;

pub(super) fn ms(time: Option<Time>) -> i64 {
    time.map_or(0, |time| time.0)
}

/// A body's name for people: level and full name.
pub(super) fn body_name(federation: &Federation, body: &Body) -> String {
    let Some(region) = federation.region(body.region()) else {
        return body.to_string();
    };
    match body.unit().and_then(|unit| region.unit(unit)) {
        Some(unit) => format!("{} {} {}", region.level.label(), region.name, unit.name),
        None => match body.unit() {
            Some(unit) => format!("{} {} {unit}", region.level.label(), region.name),
            None => format!("{} {}", region.level.label(), region.name),
        },
    }
}

pub(super) fn stage(stage: TicketStage) -> &'static str {
    match stage {
        TicketStage::Open => "open",
        TicketStage::Assigned => "assigned",
        TicketStage::Reviewing => "reviewing",
        TicketStage::Closed => "closed",
    }
}

pub(super) fn ticket(
    node: &NodeHandle,
    rows: &dyn View,
    ticket: &Ticket,
) -> Result<pb::Ticket, Status> {
    let known = node.shared().surroundings.known();
    let me = node.shared().surroundings.me();
    let place = |region| body_name(&known.federation, &Body::Node(region));
    let closed = ticket.closed_ground.as_deref().unwrap_or_default();
    Ok(pb::Ticket {
        matter: ticket.matter.to_string(),
        number: ticket.number.clone(),
        origin: ticket.origin.to_string(),
        taken_in_at_ms: ticket.taken_in_at.0,
        since_ms: ticket.since.0,
        channel: ticket.channel.clone(),
        kind: ticket.kind.as_str().to_owned(),
        category: ticket.category.clone(),
        urgency: ticket.urgency.as_str().to_owned(),
        stage: stage(ticket.stage).to_owned(),
        closed_ground: ticket.closed_ground.clone().unwrap_or_default(),
        closed_at_ms: ms(ticket.closed_at),
        due_ms: ms(ticket.due),
        due_provisional: is_provisional(rows, ticket).map_err(unwell)?,
        overdue: is_overdue(rows, me, ticket).map_err(unwell)?,
        returns: ticket.returns,
        hops: ticket.hops,
        redos: ticket.redos,
        version: ticket.version,
        place: ticket
            .place
            .map_or_else(String::new, |place| place.to_string()),
        lead: ticket
            .lead
            .map_or_else(String::new, |lead| lead.to_string()),
        term: ticket.term,
        place_name: ticket.place.map_or_else(String::new, place),
        origin_name: place(ticket.origin),
        closed_label: words::closing(&known.packs, closed).to_owned(),
        // Only lists fill the rest.
        ..pb::Ticket::default()
    })
}

pub(super) fn leg(node: &NodeHandle, leg: &Leg) -> pb::Leg {
    let known = node.shared().surroundings.known();
    let open = leg.open_request();
    pb::Leg {
        id: leg.id.to_string(),
        matter: leg.matter().to_string(),
        number: leg.offer.number.clone(),
        giver: leg.giver().to_string(),
        taker: leg.taker().to_string(),
        side: match leg.side {
            Side::Giver => "giver",
            Side::Taker => "taker",
            Side::Both => "both",
        }
        .to_owned(),
        role: match leg.offer.role {
            LegRole::Sole => "sole",
            LegRole::Lead => "lead",
            LegRole::CoHandler => "co-handler",
        }
        .to_owned(),
        kind: match leg.offer.kind {
            LegKind::Downward => "downward",
            LegKind::Upward => "upward",
        }
        .to_owned(),
        stage: stage_word(leg).to_owned(),
        offered_at_ms: leg.offered_at.0,
        delivered_at_ms: ms(leg.delivered_at),
        signed_at_ms: ms(leg.signed_at),
        deemed_signed: leg.deemed,
        due_ms: leg.due.at.0,
        due_provisional: provisional(&known.federation, leg),
        overdue_since_ms: ms(leg.overdue()),
        closure: closure(leg.stage).to_owned(),
        closed_at_ms: ms(leg.closed_at),
        request: open.map_or(0, |request| request.no),
        asking: open.map_or_else(String::new, |request| request.asking.name().to_owned()),
        orders: leg.orders.iter().map(order).collect(),
        replaces: leg
            .offer
            .replaces
            .map_or_else(String::new, |leg| leg.to_string()),
        days: days(
            leg.offered_at,
            leg.closed_at.unwrap_or_else(|| node.shared().clock.now()),
        ),
        taker_name: body_name(&known.federation, leg.taker()),
    }
}

/// Whether an open leg's date may still be moved by a calendar. A raised matter's superior owes it by its own rules alone,
/// so that nobody moves the date in the leg: it is as good as the calendar that is known here.
fn provisional(federation: &Federation, leg: &Leg) -> bool {
    let moved = leg.offer.kind == LegKind::Downward;
    let current = federation.calendar().version();
    leg.is_open() && leg.due.provisional && (moved || leg.due.calendar >= current)
}

fn closure(stage: Stage) -> &'static str {
    match stage {
        Stage::Closed(Closure::Done) => "done",
        Stage::Closed(Closure::Returned) => "returned",
        Stage::Closed(Closure::Escalated) => "escalated",
        Stage::Closed(Closure::Recalled(RecallGround::Recalled)) => "recalled",
        Stage::Closed(Closure::Recalled(RecallGround::Withdrawn)) => "withdrawn",
        Stage::Closed(Closure::Recalled(RecallGround::Released)) => "released",
        Stage::Offered | Stage::Delivered | Stage::Signed => "",
    }
}

/// A leg between others, as the origin knows it.
pub(super) fn sight(node: &NodeHandle, ticket: &Ticket, sight: &Sight) -> pb::Leg {
    let known = node.shared().surroundings.known();
    let end = if sight.open {
        node.shared().clock.now()
    } else {
        sight.since
    };
    let calendar = known.federation.calendar();
    pb::Leg {
        id: sight.leg.to_string(),
        matter: ticket.matter.to_string(),
        number: ticket.number.clone(),
        giver: sight.giver.to_string(),
        taker: sight.taker.to_string(),
        side: "sight".to_owned(),
        stage: sight.stage.clone(),
        offered_at_ms: sight.offered_at.0,
        due_ms: sight.due.0,
        // A sight says nothing of the calendar; what lies in a year without one cannot be certain.
        due_provisional: sight.open && !calendar.is_announced(sight.due.date().year()),
        closure: if sight.open {
            String::new()
        } else {
            sight.stage.clone()
        },
        closed_at_ms: if sight.open { 0 } else { sight.since.0 },
        days: days(sight.offered_at, end),
        taker_name: body_name(&known.federation, &sight.taker),
        ..pb::Leg::default()
    }
}

pub(super) fn order(order: &Order) -> pb::SupervisionOrder {
    pb::SupervisionOrder {
        id: order.id.to_string(),
        issuer: order.issuer.to_string(),
        trigger: order.trigger.clone(),
        at_ms: order.at.0,
        reply_by_ms: order.reply_by.0,
        reminders: order.reminders,
        replied_at_ms: ms(order.replied_at),
        ended_at_ms: ms(order.ended_at),
    }
}

fn days(from: Time, to: Time) -> u32 {
    u32::try_from((to.0 - from.0).max(0) / DAY_MS).unwrap_or(u32::MAX)
}
