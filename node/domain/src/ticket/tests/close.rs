//! 办结, 回访, 重办.

use super::{given_to_county, handled_by_county};
use crate::leg::Stage;
use crate::testing::{CITY, DAY, Fed, LINGCHUAN, NANCUN, PROVINCE, ZEZHOU, node};
use crate::ticket::TicketStage;

#[test]
fn the_origin_closes_once_all_is_in_and_the_petitioner_answered() {
    let (mut fed, matter, leg) = given_to_county();
    fed.at(CITY).close(matter, "done").fails("close.ground");
    fed.at(CITY)
        .close(matter, "solved")
        .fails("close.open-legs");
    fed.at(ZEZHOU)
        .close(matter, "solved")
        .fails("ticket.not-own");
    fed.at(ZEZHOU).submit_result(leg, "solved").done();
    fed.at(CITY).grant(leg, 1).done();
    fed.at(CITY)
        .wordless()
        .close(matter, "solved")
        .fails("close.answer");
    fed.at(CITY).close(matter, "solved").done();
    fed.at(CITY).close(matter, "solved").fails("ticket.closed");
}

#[test]
fn thirty_days_of_no_cooperation_must_have_passed() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let said = fed.at(CITY).close(matter, "uncooperative");
    said.fails_citing("close.too-early", "辽宁省办法第十四条（八）");
    fed.pass(31 * DAY);
    fed.at(CITY).close(matter, "uncooperative").done();
}

#[test]
fn the_one_who_handled_it_does_not_call_back() {
    let (mut fed, matter, _) = handled_by_county();
    let said = fed.at(CITY).call_back(matter, Some("satisfied"));
    said.fails_citing("call-back.by-handler", "通化市办法第二十条");
    let other = || "回访员";
    let said = fed.at(CITY).named(other()).call_back(matter, Some("great"));
    said.fails_citing("call-back.rating", "通化市办法第二十条");
    fed.at(CITY).named(other()).call_back(matter, None).done();
    fed.at(CITY)
        .named(other())
        .call_back(matter, Some("satisfied"))
        .done();
    let said = fed
        .at(CITY)
        .named(other())
        .call_back(matter, Some("unsatisfied"));
    said.fails("call-back.again");
    fed.at(ZEZHOU)
        .named(other())
        .call_back(matter, None)
        .fails("ticket.not-own");
}

#[test]
fn an_open_matter_is_not_called_back_on() {
    let (mut fed, matter, _) = given_to_county();
    let said = fed.at(CITY).named("回访员").call_back(matter, None);
    said.fails("call-back.open");
}

#[test]
fn a_call_back_not_made_is_on_record() {
    let (mut fed, matter, _) = handled_by_county();
    let before = fed.ticket(CITY, matter).version;
    fed.pass(4 * DAY);
    assert_eq!(fed.ticket(CITY, matter).version, before + 1);
}

#[test]
fn a_poor_rating_leads_to_a_redo_by_the_same_hands() {
    let (mut fed, matter, first) = handled_by_county();
    fed.at(CITY)
        .redo(matter, None)
        .fails_citing("redo.rating", "吐鲁番市");
    fed.at(CITY)
        .named("回访员")
        .call_back(matter, Some("unsatisfied"))
        .done();
    fed.pass(1);
    let redo = fed.at(CITY).redo(matter, None).leg();
    let leg = fed.leg(ZEZHOU, redo);
    assert!(leg.offer.redo && leg.offer.replaces == Some(first));
    assert_eq!(fed.ticket(CITY, matter).stage, TicketStage::Assigned);
    assert_eq!(fed.ticket(ZEZHOU, matter).stage, TicketStage::Open);
    // 3 working days.
    assert_eq!(leg.due.at.to_string(), "2026-03-12 23:59:59");
    fed.at(CITY)
        .redo(matter, None)
        .fails_citing("redo.open", "吐鲁番市");

    let below = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.at(NANCUN).submit_result(below, "solved").done();
    fed.at(ZEZHOU).grant(below, 1).done();
    fed.at(ZEZHOU).submit_result(redo, "explained").done();
    fed.at(CITY).grant(redo, 1).done();
    fed.at(CITY).close(matter, "explained").done();
    fed.at(CITY).redo(matter, None).fails("redo.rating");
    fed.at(CITY)
        .named("回访员")
        .call_back(matter, Some("very-unsatisfied"))
        .done();
    assert_eq!(fed.notices(PROVINCE).len(), 1, "unsatisfied again");
    fed.at(CITY)
        .redo(matter, None)
        .fails_citing("redo.max", "吐鲁番市");
}

#[test]
fn a_returned_redo_is_to_be_decided_not_reviewed() {
    let (mut fed, matter, _) = handled_by_county();
    fed.at(CITY)
        .named("回访员")
        .call_back(matter, Some("unsatisfied"))
        .done();
    let redo = fed.at(CITY).redo(matter, Some(node(LINGCHUAN))).leg();
    fed.at(LINGCHUAN)
        .ask_return(redo, "not-our-area", "属地")
        .done();
    fed.at(CITY).grant(redo, 1).done();
    assert_eq!(fed.ticket(CITY, matter).stage, TicketStage::Open);
    fed.at(CITY).assign(matter, [node(ZEZHOU)]).done();
}

#[test]
fn a_redo_of_what_nobody_handled_names_its_handler() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    fed.at(CITY).answer_directly(matter).done();
    fed.at(CITY)
        .named("回访员")
        .call_back(matter, Some("unsatisfied"))
        .done();
    fed.at(CITY).redo(matter, None).fails("redo.taker");
    let leg = fed.at(CITY).redo(matter, Some(node(ZEZHOU))).leg();
    assert_eq!(fed.leg(ZEZHOU, leg).stage, Stage::Delivered);
}

#[test]
fn what_the_petitioner_withdrew_is_not_redone() {
    let (mut fed, matter, _) = given_to_county();
    fed.at(CITY).withdraw(matter).done();
    fed.at(CITY)
        .named("回访员")
        .call_back(matter, Some("unsatisfied"))
        .done();
    fed.at(CITY).redo(matter, None).fails("redo.withdrawn");
}

#[test]
fn the_date_of_a_redo_fires_anew() {
    let (mut fed, matter, _) = handled_by_county();
    fed.at(CITY)
        .named("回访员")
        .call_back(matter, Some("unsatisfied"))
        .done();
    fed.at(CITY).redo(matter, None).done();
    fed.pass(3 * DAY);
    assert!(!fed.ticket(CITY, matter).overdue);
    fed.pass(DAY);
    assert!(fed.ticket(CITY, matter).overdue);
}
