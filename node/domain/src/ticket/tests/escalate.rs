//! 提级上报 of an own intake, and what comes down of it.

use super::given_to_county;
use crate::leg::{Closure, Stage};
use crate::testing::{CITY, DAY, Fed, LINGCHUAN, NANCUN, PROVINCE, ZEZHOU, node, unit};
use crate::ticket::TicketStage;

#[test]
fn a_matter_is_raised_with_ground_and_report() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let said = fed.at(ZEZHOU).escalate(matter, "too-hard");
    said.fails_citing("escalation.ground", "辽宁省办法第六条");
    let wordless = fed.at(ZEZHOU).wordless().escalate(matter, "hard-to-solve");
    wordless.fails_citing("escalate.report", "辽宁省办法第六条");
    fed.at(ZEZHOU).escalate(matter, "hard-to-solve").done();
    assert_eq!(fed.ticket(ZEZHOU, matter).stage, TicketStage::Assigned);
    assert_eq!(fed.ticket(CITY, matter).stage, TicketStage::Open);
    fed.at(ZEZHOU)
        .escalate(matter, "hard-to-solve")
        .fails("escalate.assigned");
    let top = fed.at(PROVINCE).take_in();
    fed.at(PROVINCE)
        .escalate(top, "hard-to-solve")
        .fails("escalate.top");
}

#[test]
fn what_was_given_from_above_is_asked_back_not_raised() {
    let (mut fed, matter, _) = given_to_county();
    fed.at(ZEZHOU)
        .escalate(matter, "hard-to-solve")
        .fails("escalate.incoming");
}

#[test]
fn the_superior_answers_and_the_origin_tells_the_petitioner() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed.at(ZEZHOU).escalate(matter, "hard-to-solve").leg();
    let unit_leg = fed.at(CITY).assign(matter, [unit(CITY, "水务集团")]).leg();
    assert_eq!(
        fed.leg(ZEZHOU, leg).stage,
        Stage::Signed,
        "setting to work accepts"
    );
    fed.at(CITY)
        .submit_result(leg, "solved")
        .fails("result.open-legs");
    fed.at(CITY)
        .of_unit("水务集团")
        .submit_result(unit_leg, "solved")
        .done();
    fed.at(CITY).grant(unit_leg, 1).done();
    fed.at(CITY).submit_result(leg, "solved").done();
    assert_eq!(fed.leg(CITY, leg).stage, Stage::Closed(Closure::Done));
    assert_eq!(fed.ticket(CITY, matter).stage, TicketStage::Closed);
    assert_eq!(fed.ticket(ZEZHOU, matter).stage, TicketStage::Reviewing);
    fed.at(ZEZHOU).close(matter, "solved").done();
    assert!(
        fed.ticket(ZEZHOU, matter)
            .sights
            .iter()
            .all(|sight| !sight.open)
    );
}

#[test]
fn what_was_answered_is_not_handed_on_while_the_answer_travels() {
    let mut fed = Fed::new();
    let matter = fed.at(NANCUN).take_in();
    let leg = fed.at(NANCUN).escalate(matter, "hard-to-solve").leg();
    fed.cut(NANCUN, ZEZHOU);
    fed.at(ZEZHOU).submit_result(leg, "solved").done();
    fed.at(ZEZHOU)
        .escalate(matter, "hard-to-solve")
        .fails("ticket.answered");
    fed.at(ZEZHOU)
        .assign(matter, [unit(ZEZHOU, "供水公司")])
        .fails("ticket.answered");
    fed.mend();
    assert_eq!(fed.ticket(ZEZHOU, matter).stage, TicketStage::Closed);
}

#[test]
fn the_superior_declines_what_it_did_not_accept() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed.at(ZEZHOU).escalate(matter, "hard-to-solve").leg();
    fed.at(CITY)
        .ask_return(leg, "not-our-duty", "县级职责")
        .done();
    assert_eq!(fed.leg(CITY, leg).stage, Stage::Closed(Closure::Returned));
    let ticket = fed.ticket(ZEZHOU, matter);
    assert_eq!((ticket.stage, ticket.returns), (TicketStage::Open, 0));
    assert_eq!(fed.ticket(CITY, matter).stage, TicketStage::Closed);

    let again = fed.at(ZEZHOU).escalate(matter, "hard-to-solve").leg();
    fed.at(CITY).sign(again).done();
    let said = fed.at(CITY).ask_return(again, "not-our-duty", "县级职责");
    said.fails("leg.upward.accepted");
}

/// The county asks for a body outside its area: the city shares the matter between it and the other county.
#[test]
fn the_asker_gets_a_leg_of_its_own() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let own_date = fed.ticket(ZEZHOU, matter).due;
    let up = fed.at(ZEZHOU).escalate(matter, "other-area").leg();
    let both = [node(ZEZHOU), node(LINGCHUAN)];
    let [mine, theirs] = fed.at(CITY).assign(matter, both).legs();
    let ticket = fed.ticket(ZEZHOU, matter);
    assert_eq!((ticket.stage, ticket.due), (TicketStage::Open, own_date));
    fed.at(ZEZHOU)
        .escalate(matter, "other-area")
        .fails("escalate.incoming");

    let below = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    assert_eq!(fed.ticket(ZEZHOU, matter).stage, TicketStage::Assigned);
    fed.at(NANCUN).submit_result(below, "solved").done();
    fed.at(ZEZHOU).grant(below, 1).done();
    assert_eq!(fed.ticket(ZEZHOU, matter).stage, TicketStage::Reviewing);
    fed.at(ZEZHOU).submit_result(mine, "solved").done();
    fed.at(LINGCHUAN).submit_result(theirs, "solved").done();
    fed.at(CITY).grant(mine, 1).done();
    let ticket = fed.ticket(ZEZHOU, matter);
    assert_eq!(
        ticket.stage,
        TicketStage::Assigned,
        "the city still owes the answer"
    );
    fed.at(ZEZHOU)
        .close(matter, "solved")
        .fails("close.open-legs");
    fed.at(CITY)
        .submit_result(up, "solved")
        .fails("result.open-legs");
    fed.at(CITY).grant(theirs, 1).done();
    fed.at(CITY).submit_result(up, "solved").done();
    assert_eq!(fed.ticket(ZEZHOU, matter).stage, TicketStage::Reviewing);
    fed.at(ZEZHOU).close(matter, "solved").done();
}

#[test]
fn an_askers_leg_taken_back_takes_back_what_it_gave_on_but_not_its_question() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let up = fed.at(ZEZHOU).escalate(matter, "other-area").leg();
    let mine = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let below = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.at(CITY).recall(mine).done();
    assert!(!fed.leg(NANCUN, below).is_open());
    assert!(fed.leg(ZEZHOU, up).is_open());
    assert_eq!(fed.ticket(ZEZHOU, matter).stage, TicketStage::Assigned);
    assert!(fed.ticket(ZEZHOU, matter).is_open());
}

/// A township's matter goes up to the city through the county, and comes down to that county again.
#[test]
fn what_was_passed_on_upward_may_come_down_the_same_way() {
    let mut fed = Fed::new();
    let matter = fed.at(NANCUN).take_in();
    let up = fed.at(NANCUN).escalate(matter, "beyond-authority").leg();
    let further = fed.at(ZEZHOU).escalate(matter, "beyond-authority").leg();
    let down = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    assert!(fed.leg(CITY, down).delivered_at.is_some());
    assert_eq!(fed.ticket(ZEZHOU, matter).stage, TicketStage::Open);
    let below = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.at(NANCUN).submit_result(below, "solved").done();
    fed.at(ZEZHOU).grant(below, 1).done();
    fed.at(ZEZHOU)
        .submit_result(up, "solved")
        .fails("result.open-legs");
    fed.at(ZEZHOU).submit_result(down, "solved").done();
    fed.at(CITY).grant(down, 1).done();
    assert_eq!(fed.ticket(ZEZHOU, matter).stage, TicketStage::Assigned);
    fed.at(CITY).submit_result(further, "solved").done();
    assert_eq!(fed.ticket(ZEZHOU, matter).stage, TicketStage::Reviewing);
    fed.at(ZEZHOU).submit_result(up, "solved").done();
    assert_eq!(fed.ticket(ZEZHOU, matter).stage, TicketStage::Closed);
    fed.at(NANCUN).close(matter, "solved").done();
    for above in [ZEZHOU, CITY] {
        assert_eq!(
            fed.ticket(above, matter).stage,
            TicketStage::Closed,
            "{above}"
        );
    }
}

#[test]
fn the_clock_of_a_raised_matter_runs_on() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    fed.at(ZEZHOU).escalate(matter, "other-area").done();
    fed.pass(10 * DAY);
    assert!(fed.ticket(ZEZHOU, matter).overdue);
    let mine = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    assert!(
        fed.ticket(ZEZHOU, matter).overdue,
        "no new leg washes it off"
    );
    assert!(fed.leg(ZEZHOU, mine).due.at > fed.now);
    let below = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    assert_eq!(fed.leg(NANCUN, below).due.at, fed.leg(ZEZHOU, mine).due.at);
}
