//! 收回, 改派, 撤诉.

use super::given_to_county;
use crate::leg::{Closure, RecallGround, Stage};
use crate::testing::{CITY, Fed, LINGCHUAN, NANCUN, PROVINCE, ZEZHOU, node, unit};
use crate::ticket::TicketStage;

#[test]
fn a_recall_runs_down_to_the_front_line() {
    let (mut fed, matter, leg) = given_to_county();
    let to_town = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    let to_unit = fed
        .at(NANCUN)
        .assign(matter, [unit(NANCUN, "平安办")])
        .leg();
    fed.at(CITY).wordless().recall(leg).fails("recall.reason");
    fed.at(ZEZHOU).recall(leg).fails("leg.not-giver");
    fed.at(CITY).recall(leg).done();
    let recalled = Stage::Closed(Closure::Recalled(RecallGround::Recalled));
    assert_eq!(fed.leg(ZEZHOU, leg).stage, recalled);
    assert_eq!(fed.leg(NANCUN, to_town).stage, recalled);
    assert_eq!(fed.leg(NANCUN, to_unit).stage, recalled);
    for below in [ZEZHOU, NANCUN] {
        let ticket = fed.ticket(below, matter);
        assert_eq!(ticket.closed_ground.as_deref(), Some("leg-recalled"));
    }
    assert_eq!(fed.ticket(CITY, matter).stage, TicketStage::Open);
    fed.at(CITY).recall(leg).fails("leg.closed");
}

#[test]
fn a_recall_reaches_a_node_whose_own_children_already_answered() {
    let (mut fed, matter, leg) = given_to_county();
    let below = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.at(NANCUN).submit_result(below, "solved").done();
    fed.at(ZEZHOU).grant(below, 1).done();
    fed.at(CITY).recall(leg).done();
    assert_eq!(fed.leg(ZEZHOU, below).stage, Stage::Closed(Closure::Done));
    assert_eq!(fed.ticket(ZEZHOU, matter).stage, TicketStage::Closed);
    assert_eq!(fed.ticket(NANCUN, matter).stage, TicketStage::Closed);
}

#[test]
fn what_was_recalled_comes_down_again_under_a_new_leg() {
    let (mut fed, matter, leg) = given_to_county();
    fed.at(CITY).recall(leg).done();
    let again = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let ticket = fed.ticket(ZEZHOU, matter);
    assert_eq!(
        (ticket.stage, ticket.incoming),
        (TicketStage::Open, Some(again))
    );
    assert_eq!(ticket.incoming_all, [leg, again]);
    assert_eq!((ticket.closed_ground, ticket.hops), (None, 2));
}

#[test]
fn a_reassignment_names_the_leg_it_follows() {
    let (mut fed, matter, leg) = given_to_county();
    fed.at(CITY)
        .reassign(leg, node(NANCUN))
        .fails("assign.reach");
    assert!(fed.leg(CITY, leg).is_open(), "nothing half done");
    let [old, new] = fed.at(CITY).reassign(leg, node(LINGCHUAN)).legs();
    assert_eq!(old, leg);
    assert_eq!(fed.leg(LINGCHUAN, new).offer.replaces, Some(leg));
    assert_eq!(fed.ticket(ZEZHOU, matter).stage, TicketStage::Closed);
    assert_eq!(fed.ticket(LINGCHUAN, matter).stage, TicketStage::Open);
}

#[test]
fn a_withdrawal_runs_down_and_closes_every_level() {
    let mut fed = Fed::new();
    let matter = fed.at(PROVINCE).take_in();
    fed.at(PROVINCE).assign(matter, [node(CITY)]).done();
    fed.at(CITY)
        .assign(matter, [node(ZEZHOU), node(LINGCHUAN)])
        .done();
    fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).done();
    fed.at(CITY).withdraw(matter).fails("ticket.not-own");
    fed.at(PROVINCE).withdraw(matter).done();
    assert_eq!(
        fed.ticket(PROVINCE, matter).closed_ground.as_deref(),
        Some("withdrawn")
    );
    for below in [CITY, ZEZHOU, LINGCHUAN, NANCUN] {
        let ticket = fed.ticket(below, matter);
        assert_eq!(
            ticket.closed_ground.as_deref(),
            Some("leg-withdrawn"),
            "{below}"
        );
    }
    assert!(
        fed.ticket(PROVINCE, matter)
            .sights
            .iter()
            .all(|sight| !sight.open)
    );
    fed.at(PROVINCE).withdraw(matter).fails("ticket.closed");
}

#[test]
fn a_withdrawal_reaches_the_superior_that_a_matter_was_raised_to() {
    let mut fed = Fed::new();
    let matter = fed.at(NANCUN).take_in();
    let up = fed.at(NANCUN).escalate(matter, "beyond-authority").leg();
    let further = fed.at(ZEZHOU).escalate(matter, "beyond-authority").leg();
    let down = fed.at(CITY).assign(matter, [node(LINGCHUAN)]).leg();
    fed.at(ZEZHOU).recall(further).fails("leg.upward.recall");
    fed.at(NANCUN).withdraw(matter).done();
    for (side, leg) in [(ZEZHOU, up), (CITY, further), (LINGCHUAN, down)] {
        assert!(!fed.leg(side, leg).is_open(), "{side}");
        assert_eq!(
            fed.ticket(side, matter).stage,
            TicketStage::Closed,
            "{side}"
        );
    }
}
