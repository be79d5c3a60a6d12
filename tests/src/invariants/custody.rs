//! An accepted matter is never lost, and exactly one body answers for each leg.
//!
//! The giver's log says who answers. So whatever the giver believes of the taker must be on the taker's disk: a leg
//! delivered there is held there, a number acknowledged there was consumed there. What the taker believes closed, the
//! giver closed. A ticket is not closed while a leg it gave is open.

use super::{Nodes, Promise, Seen};
use crate::sim::node::Node;
use hotline::codec::payload::Codec;
use hotline_domain::exchange::MissingKind;
use hotline_domain::fact::Fact;
use hotline_domain::id::{EnvelopeId, MatterId};
use hotline_domain::leg::{Due, Lane, Leg, LegKind, Party, Request, RequestKind, Side, Stage};
use hotline_domain::link::{Envelope, Message, MessageKind, Wire as _};
use hotline_domain::row::{Done, Row, RowKey};
use hotline_domain::sealing::is_sealed;
use hotline_domain::ticket::Ticket;
use hotline_domain::view::Rows as _;
use hotline_topology::{RegionKey, Time};
use std::collections::BTreeSet;

/// The rule of an author's answer that it has no copy to seal anew.
const NO_COPY: &str = "sealing.no-copy";

/// Matters that a person was told are taken in.
#[derive(Default)]
pub(super) struct Custody {
    accepted: BTreeSet<(RegionKey, MatterId)>,
    /// Nodes whose disk was set back.
    set_back: BTreeSet<RegionKey>,
    /// What went to far nodes and is not known to have arrived, by its author.
    under_way: BTreeSet<(RegionKey, EnvelopeId)>,
}

impl Promise for Custody {
    fn words(&self) -> &'static str {
        "an accepted matter is never lost, and one body answers for each leg"
    }

    fn told(&mut self, me: RegionKey, done: &Done) {
        // A superior may order on matters that it does not hold.
        if done.order.is_none() {
            self.accepted.extend(done.matter.map(|matter| (me, matter)));
        }
    }

    fn rolled_back(&mut self, _: &Nodes, me: RegionKey) {
        self.set_back.insert(me);
    }

    fn committed(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        if seen.rolled.is_some() {
            return Ok(());
        }
        for fact in seen.facts {
            match fact {
                Fact::Acked { peer, lane, upto } => {
                    acknowledged(seen.nodes, seen.me, *peer, *lane, *upto)?;
                }
                Fact::WorldApplied { .. } => passed_on(seen.node())?,
                Fact::SealedArrived { envelopes } => {
                    for id in envelopes {
                        self.under_way.remove(&(seen.me, *id));
                    }
                }
                Fact::Queued { peer, envelope, .. } if envelope.author == seen.me => {
                    self.has_copies(seen.me, *peer, envelope)?;
                }
                _ => {}
            }
        }
        for key in seen.changed {
            match key {
                RowKey::Leg(id) => match seen.node().view.leg(*id) {
                    Some(leg) => both_sides(seen.nodes, seen.me, leg)?,
                    None => return Err(format!("leg {id} was deleted")),
                },
                RowKey::Ticket(matter) => match seen.node().view.ticket(*matter) {
                    Some(ticket) => answered_for(seen.node(), ticket)?,
                    None => return Err(format!("ticket {matter} was deleted")),
                },
                _ => {}
            }
        }
        Ok(())
    }

    fn recovered(
        &mut self,
        nodes: &Nodes,
        me: RegionKey,
        rolled: Option<RegionKey>,
    ) -> Result<(), String> {
        if rolled.is_some() {
            return Ok(());
        }
        let node = &nodes[&me];
        let lost = self
            .accepted
            .iter()
            .find(|(at, matter)| *at == me && node.view.ticket(*matter).is_none());
        if let Some((_, matter)) = lost {
            return Err(format!(
                "matter {matter} was accepted and is not there any more"
            ));
        }
        for peer in nodes[&me].neighbours() {
            let link = nodes[&peer].view.link(me);
            for lane in Lane::ALL {
                acknowledged(nodes, peer, me, lane, link.lanes[lane.index()].acked)?;
            }
        }
        node.view
            .legs()
            .try_for_each(|leg| both_sides(nodes, me, leg))
    }

    fn ended(
        &mut self,
        nodes: &Nodes,
        rolled: Option<RegionKey>,
    ) -> Result<(), (RegionKey, String)> {
        if rolled.is_some() {
            return Ok(());
        }
        for (me, matter) in &self.accepted {
            let forgot = self.set_back.contains(me);
            kept_or_listed(nodes, *me, *matter, forgot).map_err(|words| (*me, words))?;
        }
        for (me, node) in nodes {
            for leg in node.view.legs() {
                let at = |words| (*me, words);
                both_sides(nodes, *me, leg).map_err(at)?;
                if !forked(nodes, leg) {
                    alike(nodes, leg).map_err(at)?;
                }
            }
        }
        Ok(())
    }
}

impl Custody {
    /// Whoever says that it has no copy of what could not be opened has heard of its arrival, or lost its disk.
    fn has_copies(
        &mut self,
        me: RegionKey,
        peer: RegionKey,
        envelope: &Envelope,
    ) -> Result<(), String> {
        if envelope.addressee != peer && is_sealed(envelope.kind) {
            self.under_way.insert((me, envelope.id));
        }
        if envelope.kind != MessageKind::Refused as u32 || self.set_back.contains(&me) {
            return Ok(());
        }
        match Codec.decode(envelope.kind, &envelope.payload) {
            Ok(Message::Refused { about, rule, .. })
                if rule == NO_COPY && self.under_way.contains(&(me, about)) =>
            {
                Err(format!("{me} has no copy of {about}, which never arrived"))
            }
            _ => Ok(()),
        }
    }
}

/// An accepted matter is there; after a restore, one that nobody else heard of is in the span listed as missing.
fn kept_or_listed(
    nodes: &Nodes,
    me: RegionKey,
    matter: MatterId,
    forgot: bool,
) -> Result<(), String> {
    let view = &nodes[&me].view;
    if view.ticket(matter).is_some() {
        return Ok(());
    }
    let gone = format!("matter {matter} was accepted and is not there any more");
    if !forgot {
        return Err(gone);
    }
    let mut others = nodes.iter().filter(|(other, _)| **other != me);
    if let Some((other, _)) = others.find(|(_, node)| node.view.ticket(matter).is_some()) {
        return Err(format!("{gone}, though {other} holds it"));
    }
    // A disk set back so little that nobody can tell is no restore for anybody.
    let exchanged = view.node().is_ok_and(|row| row.restore.is_some());
    let listed = view.range(RowKey::Missing(0), RowKey::Missing(u64::MAX));
    let mut spans = listed.filter(
        |(_, row)| matches!(row, Row::Missing(missing) if missing.kind == MissingKind::Span),
    );
    if exchanged && spans.next().is_none() {
        return Err(format!("{gone}, and nothing is listed as missing"));
    }
    Ok(())
}

/// What `me` was told `peer` has, `peer` has on disk.
fn acknowledged(
    nodes: &Nodes,
    me: RegionKey,
    peer: RegionKey,
    lane: Lane,
    upto: u64,
) -> Result<(), String> {
    let node = &nodes[&peer];
    let apart = |one: RegionKey, other: RegionKey| !nodes[&one].neighbours().contains(&other);
    if apart(peer, me) || apart(me, peer) {
        // A newer tree parted them: the link's memory ended, what was on it travels by the new way.
        return Ok(());
    }
    let has = node.view.link(me).lanes[lane.index()].received;
    // A node that is down may hold one group more than its last view shows; it is looked at again when it is back.
    if node.up() && has < upto {
        return Err(format!(
            "{peer} acknowledged {upto} of {lane:?} to {me}, and has {has} on disk"
        ));
    }
    Ok(())
}

fn both_sides(nodes: &Nodes, me: RegionKey, leg: &Leg) -> Result<(), String> {
    let id = leg.id;
    match leg.side {
        Side::Both => Ok(()),
        Side::Giver => {
            let taker = &nodes[&leg.taker().region()];
            let by_rule = leg.request.as_ref().is_some_and(|request| request.no == 1)
                && leg.delivered_at.is_none();
            let held = taker.view.leg(id).is_some();
            if leg.delivered_at.is_some() && taker.up() && !held {
                return Err(format!(
                    "{me} has the receipt of leg {id}, its taker has no leg"
                ));
            }
            if leg.is_open() && leg.answerable() == Party::Taker && !held && taker.up() && !by_rule
            {
                return Err(format!("nobody answers for leg {id}"));
            }
            Ok(())
        }
        Side::Taker => {
            let giver = &nodes[&leg.giver()];
            let Some(theirs) = giver.view.leg(id) else {
                if giver.up() {
                    return Err(format!(
                        "leg {id} is held at {me}, and its giver never gave it"
                    ));
                }
                return Ok(());
            };
            if matches!(leg.stage, Stage::Closed(_)) && theirs.is_open() && giver.up() {
                return Err(format!(
                    "leg {id} is closed for its taker, and open for its giver"
                ));
            }
            Ok(())
        }
    }
}

fn answered_for(node: &Node, ticket: &Ticket) -> Result<(), String> {
    if ticket.is_open() {
        return Ok(());
    }
    let open = ticket
        .outgoing
        .iter()
        .find(|id| node.view.leg(**id).is_some_and(Leg::is_open));
    match open {
        Some(id) => Err(format!(
            "ticket {} is closed while leg {id} is open",
            ticket.number
        )),
        None => Ok(()),
    }
}

/// Under a tree that dissolves a node, its givers leave it nothing but what it has reported.
fn passed_on(node: &Node) -> Result<(), String> {
    let tree = &node.place.federation;
    let result = |request: &Request| request.asking.kind() == RequestKind::Result;
    let stays = |leg: &&Leg| {
        let downward = leg.offer.kind == LegKind::Downward;
        let given = leg.side == Side::Giver && leg.is_open() && downward;
        given
            && tree
                .successor(leg.taker().region(), leg.offer.place)
                .is_some()
            && !leg.open_request().is_some_and(result)
    };
    match node.view.legs().find(stays) {
        Some(leg) => Err(format!(
            "leg {} stays with {}, which is dissolved",
            leg.id,
            leg.taker()
        )),
        None => Ok(()),
    }
}

/// Whether either side has the leg listed as one of two pasts, between which people decide.
fn forked(nodes: &Nodes, leg: &Leg) -> bool {
    let sides = [leg.giver(), leg.taker().region()];
    let listed = |side: &RegionKey| {
        let view = &nodes[side].view;
        let mut rows = view.range(RowKey::Missing(0), RowKey::Missing(u64::MAX));
        rows.any(|(_, row)| match row {
            Row::Missing(missing) => {
                missing.kind == MissingKind::Forked && missing.matter == Some(leg.matter())
            }
            _ => false,
        })
    };
    sides.iter().any(listed)
}

/// Whether the node's disk was set back and nobody said so, until a person opened its links again.
fn in_secret(node: &Node) -> bool {
    let restore = node.view.node().ok().and_then(|row| row.restore);
    restore.is_some_and(|restore| restore.until == Time(0))
}

/// Once quiet, both sides hold the same of the contract.
fn alike(nodes: &Nodes, leg: &Leg) -> Result<(), String> {
    if leg.side != Side::Taker {
        return Ok(());
    }
    let Some(theirs) = nodes[&leg.giver()].view.leg(leg.id) else {
        return Ok(());
    };
    // Where a clock was wrong, each side may hold its own of when things happened: what is disputed counts as it arrived.
    // What a node did again after its disk was set back in secret happened at two times; each end keeps its first.
    let wrong = nodes.values().any(|node| node.clock.was_wrong);
    let two_lives = [leg.giver(), leg.taker().region()]
        .iter()
        .any(|end| in_secret(&nodes[end]));
    let disputed = wrong || two_lives;
    let at = |at: Option<Time>| at.filter(|_| !disputed);
    // Between the two lives of such a node the calendar of the year may have come, and moved the date of a leg that had
    // ended in the first: it is over for both, and what its date was reckoned by binds nobody any more.
    let due = |leg: &Leg| match two_lives && !leg.is_open() {
        true => Due {
            calendar: 0,
            provisional: false,
            ..leg.due
        },
        false => leg.due,
    };
    let state = |leg: &Leg| {
        let request = leg.request.clone().map(|request| Request {
            at: at(Some(request.at)).unwrap_or(Time(0)),
            ..request
        });
        (
            leg.stage,
            due(leg),
            at(leg.delivered_at),
            at(leg.closed_at),
            request,
            leg.term,
            leg.lead,
        )
    };
    if state(leg) == state(theirs) {
        return Ok(());
    }
    Err(format!(
        "the sides of leg {} differ: {:?} and {:?}",
        leg.id,
        state(theirs),
        state(leg)
    ))
}
