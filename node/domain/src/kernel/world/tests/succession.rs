//! Nodes that a newer tree dissolves, with work in hand: what passes on to the successor, what goes on to its end.

use super::{meet, publish};
use crate::fact::Fact;
use crate::id::{EnvelopeId, LegId, MatterId};
use crate::kernel::{Input, LinkNews};
use crate::leg::{Act, Closure, Leg, LegRole, RecallGround, Stage};
use crate::link::{Message, WIRE_VERSION};
use crate::row::Row;
use crate::testing::{
    CHONGWEN, CITY, DAY, Fed, HOUR, LINGCHUAN, NANCUN, PROVINCE, XIACUN, ZEZHOU, node, topology,
};
use crate::ticket::TicketStage;
use hotline_topology::{Federation, Kind, RegionKey, Urgency};
use std::collections::BTreeSet;

/// The tree with one region dissolved into another, and some moved.
fn dissolved(
    fed: &Fed,
    old: RegionKey,
    heir: RegionKey,
    moves: &[(RegionKey, RegionKey)],
) -> Federation {
    let mut parts = fed.moved(moves).into_parts();
    let regions = parts.regions.iter_mut();
    let region = regions.into_iter().find(|region| region.key == heir);
    region.expect("a region").succeeds = vec![old];
    Federation::build(parts).expect("still a tree")
}

/// One county is dissolved into the other, with its townships; every new neighbour is met.
fn merge(fed: &mut Fed) {
    let moves = [(NANCUN, LINGCHUAN), (XIACUN, LINGCHUAN)];
    let (next, now) = (dissolved(fed, ZEZHOU, LINGCHUAN, &moves), fed.now);
    publish(fed, PROVINCE, topology(&next, now)).unwrap();
    met(fed);
}

fn met(fed: &mut Fed) {
    for township in [NANCUN, XIACUN] {
        for (one, other) in [(township, LINGCHUAN), (LINGCHUAN, township)] {
            let (epoch, wire) = (1, WIRE_VERSION);
            let news = LinkNews::Met {
                epoch,
                wire,
                shown: None,
            };
            fed.input(one, Input::Link { peer: other, news });
        }
    }
    fed.settle();
}

/// The leg that a giver gave last for a matter.
fn last(fed: &Fed, giver: RegionKey, matter: MatterId) -> Leg {
    let outgoing = fed.ticket(giver, matter).outgoing;
    fed.leg(giver, *outgoing.last().expect("a leg"))
}

/// What the author sent about those legs and nobody receipted.
fn unreceipted(fed: &Fed, author: RegionKey, legs: &[LegId]) -> Vec<EnvelopeId> {
    let facts = || fed.nodes[&author].log.iter().flat_map(|(_, facts)| facts);
    let mut receipted = BTreeSet::new();
    for fact in facts() {
        if let Fact::Received { envelope, .. } = fact
            && let Ok(Message::Receipts(of)) = fed.wire().decode(envelope.kind, &envelope.payload)
        {
            receipted.extend(of.iter().map(|one| one.envelope));
        }
    }
    let mut missing = Vec::new();
    for fact in facts() {
        if let Fact::Queued { envelope, .. } = fact
            && envelope.author == author
            && let Ok(Message::Leg { leg, act, .. }) =
                fed.wire().decode(envelope.kind, &envelope.payload)
            && legs.contains(&leg)
            && act != Act::Receipt
        {
            assert!(envelope.proof.is_some(), "signed: {}", act.name());
            if !receipted.contains(&envelope.id) {
                missing.push(envelope.id);
            }
        }
    }
    missing
}

const RECALLED: Stage = Stage::Closed(Closure::Recalled(RecallGround::Recalled));

#[test]
fn a_county_is_merged_and_its_legs_pass_to_the_successor() {
    let mut fed = Fed::new();
    meet(&mut fed);
    let given = fed.at(CITY).take_in();
    let old = fed.at(CITY).assign(given, [node(ZEZHOU)]).leg();
    let below = fed.at(ZEZHOU).assign(given, [node(NANCUN)]).leg();
    fed.at(NANCUN).sign(below).done();
    let (due, due_below) = (fed.leg(CITY, old).due, fed.leg(ZEZHOU, below).due);
    let number = fed.ticket(CITY, given).number;
    let own = fed.at(ZEZHOU).take_in();
    let held = fed.at(ZEZHOU).assign(own, [node(NANCUN)]).leg();

    fed.pass(DAY);
    merge(&mut fed);
    fed.pass(HOUR);

    // What was given to the old one is the new one's, under a new leg that names the old and keeps its date.
    let new = last(&fed, CITY, given);
    assert_eq!(fed.leg(CITY, old).stage, RECALLED);
    assert_eq!(fed.leg(ZEZHOU, old).stage, RECALLED);
    assert_eq!(
        (new.taker(), new.offer.replaces, new.due),
        (&node(LINGCHUAN), Some(old), due)
    );
    assert_eq!(fed.leg(LINGCHUAN, new.id).stage, Stage::Delivered);
    assert_eq!(fed.ticket(ZEZHOU, given).stage, TicketStage::Closed);
    let ticket = fed.ticket(LINGCHUAN, given);
    assert_eq!((&ticket.number, ticket.due), (&number, Some(due.at)));
    // What the old one had given down goes on below the new one.
    let adopted = last(&fed, LINGCHUAN, given);
    assert_eq!(fed.leg(NANCUN, below).stage, RECALLED);
    assert_eq!(
        (adopted.taker(), adopted.offer.replaces, adopted.due.at),
        (&node(NANCUN), Some(below), due_below.at)
    );
    let ticket = fed.ticket(NANCUN, given);
    assert_eq!(
        (ticket.number, ticket.stage, ticket.incoming_all),
        (number, TicketStage::Open, vec![below, adopted.id])
    );
    // Both hand-overs are signed and receipted, each at its author.
    assert_eq!(unreceipted(&fed, CITY, &[old, new.id]), []);
    assert_eq!(unreceipted(&fed, ZEZHOU, &[below]), []);
    assert_eq!(unreceipted(&fed, LINGCHUAN, &[adopted.id]), []);
    fed.at(NANCUN).submit_result(adopted.id, "solved").done();
    fed.at(LINGCHUAN).grant(adopted.id, 1).done();
    fed.at(LINGCHUAN).submit_result(new.id, "solved").done();
    fed.at(CITY).grant(new.id, 1).done();
    fed.at(CITY).close(given, "solved").done();

    // Own matters go on to their end, over the moved township's new way.
    fed.at(NANCUN).submit_result(held, "solved").done();
    fed.at(ZEZHOU).grant(held, 1).done();
    fed.at(ZEZHOU).close(own, "solved").done();
    // Nothing new comes in.
    let refused = fed.at(ZEZHOU).try_take_in(Kind::Help, Urgency::Normal);
    refused.fails("world.dissolved");
    let other = fed.at(CITY).take_in();
    let refused = fed.at(CITY).assign(other, [node(ZEZHOU)]);
    refused.fails("assign.dissolved");
    let rows = fed.nodes[&ZEZHOU].view.rows();
    let open = rows.filter(|(_, row)| matches!(row, Row::Ticket(ticket) if ticket.is_open()));
    assert_eq!(open.count(), 0, "it is empty");
}

#[test]
fn a_date_that_passed_or_was_put_off_is_the_successors() {
    let mut fed = Fed::new();
    meet(&mut fed);
    let [put_off, passed] = [(); 2].map(|()| {
        let matter = fed.at(CITY).take_in();
        let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
        (matter, leg)
    });
    fed.at(ZEZHOU).ask_extension(put_off.1, 5).done();
    fed.at(CITY).grant(put_off.1, 1).done();
    let (late, due) = (fed.leg(CITY, put_off.1).due, fed.leg(CITY, passed.1).due);
    assert!(late.at > due.at);
    fed.until(due.at.plus_millis(HOUR));
    merge(&mut fed);
    fed.pass(HOUR);
    let (put_off, passed) = (last(&fed, CITY, put_off.0), last(&fed, CITY, passed.0));
    for (leg, due) in [(&put_off, late), (&passed, due)] {
        assert_eq!((leg.taker(), leg.due), (&node(LINGCHUAN), due));
    }
    assert_eq!(put_off.overdue_since, None);
    assert_eq!(passed.overdue_since, Some(due.at), "nothing began anew");
}

#[test]
fn a_result_is_ruled_on_before_its_leg_passes_on() {
    let mut fed = Fed::new();
    meet(&mut fed);
    let [good, bad, taken_back, replaced] = [(); 4].map(|()| {
        let matter = fed.at(CITY).take_in();
        let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
        fed.at(ZEZHOU).submit_result(leg, "solved").done();
        (matter, leg)
    });
    merge(&mut fed);
    for (_, leg) in [good, bad, taken_back, replaced] {
        assert!(fed.leg(CITY, leg).is_open());
    }
    fed.at(CITY).grant(good.1, 1).done();
    fed.at(CITY).deny(bad.1, 1).done();
    fed.at(ZEZHOU).withdraw_request(taken_back.1, 1).done();
    fed.at(ZEZHOU).ask_extension(replaced.1, 5).done();
    assert_eq!(fed.leg(ZEZHOU, good.1).stage, Stage::Closed(Closure::Done));
    assert_eq!(fed.ticket(CITY, good.0).stage, TicketStage::Reviewing);
    for (matter, leg) in [bad, taken_back, replaced] {
        assert_eq!(fed.leg(ZEZHOU, leg).stage, RECALLED);
        let new = last(&fed, CITY, matter);
        assert_eq!(
            (new.taker(), new.offer.replaces),
            (&node(LINGCHUAN), Some(leg))
        );
    }
}

#[test]
fn a_result_that_crosses_the_recall_is_kept_and_people_are_told() {
    let mut fed = Fed::new();
    meet(&mut fed);
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    fed.cut(CITY, ZEZHOU);
    fed.at(ZEZHOU).submit_result(leg, "solved").done();
    merge(&mut fed);
    assert_eq!(last(&fed, CITY, matter).taker(), &node(LINGCHUAN));
    fed.mend();
    fed.pass(HOUR);
    for side in [CITY, ZEZHOU] {
        assert_eq!(fed.leg(side, leg).stage, RECALLED);
        assert!(fed.leg(side, leg).request.is_some(), "kept at {side}");
    }
    let told = |alarm: &&String| alarm.contains("办理结果在转交");
    assert_eq!(fed.nodes[&CITY].alarms.iter().filter(told).count(), 1);
    // Who decides to go by it takes the work back and closes.
    let new = last(&fed, CITY, matter).id;
    fed.at(CITY).recall(new).done();
    fed.at(CITY).close(matter, "solved").done();
}

#[test]
fn a_dissolved_lead_is_followed_as_lead() {
    let mut fed = Fed::new();
    meet(&mut fed);
    let matter = fed.at(CITY).take_in();
    let takers = [node(ZEZHOU), node(LINGCHUAN)];
    let [lead, other] = fed.at(CITY).assign(matter, takers).legs();
    assert_eq!(fed.ticket(CITY, matter).lead, Some(lead));
    let term = fed.ticket(CITY, matter).term;
    // The successor has the matter as co-handler: it keeps that leg and leads.
    merge(&mut fed);
    let ticket = fed.ticket(CITY, matter);
    assert_eq!((ticket.lead, ticket.outgoing.len()), (Some(other), 2));
    assert!(ticket.term > term);
    assert_eq!(fed.leg(LINGCHUAN, other).lead, Some(other));

    let mut fed = Fed::new();
    meet(&mut fed);
    let matter = fed.at(ZEZHOU).take_in();
    let takers = [node(NANCUN), node(XIACUN)];
    let [lead, other] = fed.at(ZEZHOU).assign(matter, takers).legs();
    let next = dissolved(&fed, NANCUN, CHONGWEN, &[(CHONGWEN, ZEZHOU)]);
    let now = fed.now;
    publish(&mut fed, PROVINCE, topology(&next, now)).unwrap();
    let new = last(&fed, ZEZHOU, matter);
    assert_eq!(
        (new.taker(), new.offer.role),
        (&node(CHONGWEN), LegRole::Lead)
    );
    assert_eq!(new.offer.replaces, Some(lead));
    assert_eq!(fed.ticket(ZEZHOU, matter).lead, Some(new.id));
    assert_eq!(fed.leg(XIACUN, other).lead, Some(new.id));
}

#[test]
fn what_people_decided_meanwhile_stands() {
    let mut fed = Fed::new();
    meet(&mut fed);
    let matter = fed.at(CITY).take_in();
    let old = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let below = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    // The old one hears of nothing for a day; the successor's people give the work to another township.
    fed.cut(CITY, ZEZHOU);
    merge(&mut fed);
    fed.at(LINGCHUAN).assign(matter, [node(XIACUN)]).done();
    fed.pass(DAY);
    fed.mend();
    fed.pass(HOUR);
    assert_eq!(fed.leg(NANCUN, below).stage, RECALLED);
    assert_eq!(fed.leg(ZEZHOU, old).stage, RECALLED);
    assert_eq!(fed.ticket(LINGCHUAN, matter).outgoing.len(), 1);
    assert_eq!(fed.ticket(NANCUN, matter).stage, TicketStage::Closed);
}

#[test]
fn a_township_dissolved_into_its_county_gives_the_work_back() {
    let mut fed = Fed::new();
    meet(&mut fed);
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    let (next, now) = (dissolved(&fed, NANCUN, ZEZHOU, &[]), fed.now);
    fed.cut(ZEZHOU, NANCUN);
    publish(&mut fed, PROVINCE, topology(&next, now)).unwrap();
    assert!(!fed.leg(ZEZHOU, leg).is_open());
    assert_eq!(fed.ticket(ZEZHOU, matter).stage, TicketStage::Open);
    fed.mend();
    assert!(
        !fed.leg(NANCUN, leg).is_open(),
        "it learns of it when the link is back"
    );
}

#[test]
fn a_giver_that_lost_its_disk_passes_on_what_it_got_back() {
    let mut fed = Fed::new();
    meet(&mut fed);
    let start = fed.nodes[&CITY].log.len();
    let matter = fed.at(CITY).take_in();
    let old = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let forgotten = fed.nodes[&CITY].log.len() - start;
    merge(&mut fed);
    assert_eq!(last(&fed, CITY, matter).offer.replaces, Some(old));
    let since = fed.nodes[&CITY].log.len() - start;
    assert!(since > forgotten);
    // Set back to before its giving on: it knows of it again by both takers, and gives nothing twice.
    fed.restore(&[(CITY, since - forgotten)]);
    fed.settle();
    fed.pass(HOUR);
    assert_eq!(fed.leg(CITY, old).stage, RECALLED);
    assert_eq!(fed.leg(ZEZHOU, old).stage, RECALLED);
    let open: Vec<LegId> = fed.ticket(CITY, matter).outgoing;
    let open = open.into_iter().filter(|leg| fed.leg(CITY, *leg).is_open());
    assert_eq!(open.count(), 1);
}
