//! 审核 and 改期.

use super::given_to_county;
use crate::leg::Stage;
use crate::testing::{CITY, DAY, LINGCHUAN, NANCUN, ZEZHOU, node};
use crate::ticket::TicketStage;

#[test]
fn a_ruling_answers_the_request_it_names() {
    let (mut fed, _, leg) = given_to_county();
    fed.at(CITY).grant(leg, 1).fails("rule.no-request");
    fed.at(ZEZHOU)
        .ask_return(leg, "not-our-duty", "三定")
        .done();
    fed.at(CITY).grant(leg, 2).fails("rule.no-request");
    fed.at(ZEZHOU).grant(leg, 1).fails("leg.not-giver");
    fed.at(CITY)
        .rule(leg, 1, true, " ")
        .fails_citing("rule.determination", "通化市");
    fed.at(CITY).rule(leg, 1, false, "").fails("rule.reason");
    fed.at(CITY).deny(leg, 1).done();
    let taker = fed.leg(ZEZHOU, leg);
    assert_eq!((taker.returns_denied, taker.is_open()), (1, true));
}

#[test]
fn a_granted_return_opens_the_ticket_and_takes_back_what_went_further() {
    let (mut fed, matter, leg) = given_to_county();
    let below = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.at(ZEZHOU)
        .ask_return(leg, "not-our-area", "属地")
        .done();
    fed.at(CITY).grant(leg, 1).done();
    assert_eq!(fed.ticket(CITY, matter).stage, TicketStage::Open);
    assert_eq!(fed.ticket(ZEZHOU, matter).stage, TicketStage::Closed);
    assert!(!fed.leg(NANCUN, below).is_open());
    assert_eq!(fed.ticket(NANCUN, matter).stage, TicketStage::Closed);
}

#[test]
fn a_result_sent_back_opens_the_takers_ticket() {
    let (mut fed, matter, leg) = given_to_county();
    let below = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.at(NANCUN).submit_result(below, "solved").done();
    fed.at(ZEZHOU).grant(below, 1).done();
    fed.at(ZEZHOU).submit_result(leg, "solved").done();
    assert_eq!(fed.ticket(ZEZHOU, matter).stage, TicketStage::Reviewing);
    fed.at(CITY).deny(leg, 1).done();
    assert_eq!(fed.ticket(ZEZHOU, matter).stage, TicketStage::Open);
    fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).done();
}

#[test]
fn a_result_sent_back_after_the_date_is_overdue_after_all() {
    let (mut fed, _, leg) = given_to_county();
    fed.at(ZEZHOU).submit_result(leg, "solved").done();
    fed.pass(10 * DAY);
    assert!(fed.leg(CITY, leg).overdue().is_none(), "reported in time");
    fed.at(CITY).deny(leg, 1).done();
    fed.pass(1);
    assert!(fed.leg(ZEZHOU, leg).overdue().is_some());
    assert!(fed.leg(CITY, leg).overdue().is_some());
}

#[test]
fn nobody_extends_beyond_what_its_own_giver_allows() {
    let (mut fed, matter, leg) = given_to_county();
    let below = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.at(NANCUN).ask_extension(below, 5).done();
    fed.at(ZEZHOU).grant(below, 1).fails("rule.exceeds-own");
    fed.at(ZEZHOU).ask_extension(leg, 5).done();
    fed.at(CITY).grant(leg, 1).done();
    fed.at(ZEZHOU).grant(below, 1).done();
    assert_eq!(fed.leg(NANCUN, below).due.at, fed.leg(ZEZHOU, leg).due.at);
}

#[test]
fn a_new_date_lies_ahead_and_within_what_the_giver_owes() {
    let (mut fed, matter, leg) = given_to_county();
    let (now, own) = (fed.now, fed.ticket(CITY, matter).due.unwrap());
    fed.at(CITY).set_due(leg, now).fails("due.past");
    fed.at(CITY)
        .set_due(leg, own.plus_millis(1))
        .fails("rule.exceeds-own");
    fed.at(ZEZHOU).set_due(leg, own).fails("leg.not-giver");
    let sooner = now.plus_millis(DAY);
    fed.at(CITY).set_due(leg, sooner).done();
    assert_eq!(fed.leg(ZEZHOU, leg).due.at, sooner);
    assert_eq!(fed.ticket(ZEZHOU, matter).due, Some(sooner));
}

#[test]
fn the_superior_sets_its_own_dates_on_what_was_raised() {
    let (mut fed, ..) = given_to_county();
    let matter = fed.at(LINGCHUAN).take_in();
    let leg = fed.at(LINGCHUAN).escalate(matter, "beyond-authority").leg();
    let tomorrow = fed.now.plus_millis(DAY);
    fed.at(LINGCHUAN).set_due(leg, tomorrow).fails("due.upward");
    assert_eq!(fed.leg(CITY, leg).stage, Stage::Delivered);
}
