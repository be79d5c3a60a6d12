//! 签收, 进展, 退单, 延期, 提级, 办理结果, 撤回申请.

use super::{given_to_county, given_to_unit};
use crate::leg::{Outcome, Stage};
use crate::testing::{CITY, DAY, Fed, HOUR, LINGCHUAN, NANCUN, ZEZHOU, node};
use hotline_topology::policy::LateReturn;
use hotline_topology::{Kind, Urgency};

#[test]
fn a_leg_is_signed_for_once_by_its_taker() {
    let (mut fed, _, leg) = given_to_county();
    fed.at(CITY).sign(leg).fails("leg.not-taker");
    fed.at(LINGCHUAN).sign(leg).fails("leg.unknown");
    fed.at(ZEZHOU)
        .of_unit("供水公司")
        .sign(leg)
        .fails("authority.unit");
    fed.at(ZEZHOU).sign(leg).done();
    assert_eq!(fed.leg(CITY, leg).stage, Stage::Signed);
    fed.at(ZEZHOU).sign(leg).fails("leg.sign.once");
}

#[test]
fn when_the_window_ends_a_leg_is_deemed_signed() {
    let (mut fed, _, leg) = given_to_county();
    fed.pass(12 * HOUR - 1);
    assert!(fed.leg(CITY, leg).signed_at.is_none());
    fed.pass(1);
    let leg = fed.leg(CITY, leg);
    assert!(leg.deemed && leg.stage == Stage::Signed);
}

#[test]
fn where_the_rules_do_not_say_so_nothing_is_deemed() {
    let mut fed = Fed::with(|_, pack| pack.sign.deemed = false);
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    fed.pass(2 * DAY);
    assert_eq!(fed.leg(CITY, leg).stage, Stage::Delivered);
}

#[test]
fn progress_is_a_word_that_the_giver_sees() {
    let (mut fed, _, leg) = given_to_county();
    fed.at(ZEZHOU).progress(leg, "").fails("progress.stage");
    fed.at(ZEZHOU)
        .progress(leg, &"长".repeat(33))
        .fails("progress.stage");
    fed.at(ZEZHOU).progress(leg, "contacted").done();
    assert_eq!(fed.leg(CITY, leg).progress.unwrap().1, "contacted");
}

#[test]
fn units_act_on_their_own_legs_only() {
    let (mut fed, _, leg) = given_to_unit();
    fed.at(ZEZHOU)
        .of_unit("城管局")
        .sign(leg)
        .fails("authority.unit");
    fed.at(ZEZHOU).of_unit("供水公司").sign(leg).done();
    fed.at(ZEZHOU)
        .of_unit("供水公司")
        .grant(leg, 1)
        .fails("authority.role");
}

#[test]
fn a_return_names_ground_basis_and_reason() {
    let (mut fed, _, leg) = given_to_county();
    let article = "泽州县实施意见";
    fed.at(ZEZHOU)
        .ask_return(leg, "lazy", "依据")
        .fails_citing("return.ground", article);
    fed.at(ZEZHOU)
        .ask_return(leg, "not-our-duty", " ")
        .fails_citing("return.basis", article);
    let wordless = fed.at(ZEZHOU).wordless();
    wordless
        .ask_return(leg, "not-our-duty", "三定")
        .fails("return.reason");
    fed.at(ZEZHOU)
        .ask_return(leg, "not-our-duty", "三定")
        .done();
    assert!(fed.leg(CITY, leg).open_request().is_some());
}

#[test]
fn a_late_return_is_refused_where_the_pack_says_so() {
    let mut fed = Fed::with(|_, pack| pack.returns.late = LateReturn::Refuse);
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    fed.pass(3 * DAY);
    let said = fed.at(ZEZHOU).ask_return(leg, "not-our-duty", "三定");
    said.fails_citing("return.window", "通化市");
}

#[test]
fn an_extension_is_asked_in_time_not_too_often_nor_too_long() {
    let (mut fed, _, leg) = given_to_county();
    let article = "通化市办法第十六条";
    fed.at(ZEZHOU)
        .ask_extension(leg, 0)
        .fails_citing("extension.length", article);
    fed.at(ZEZHOU)
        .ask_extension(leg, 6)
        .fails_citing("extension.length", article);
    fed.at(ZEZHOU)
        .wordless()
        .ask_extension(leg, 5)
        .fails("extension.reason");
    for no in [1, 2] {
        fed.at(ZEZHOU).ask_extension(leg, 5).done();
        fed.at(CITY).grant(leg, no).done();
    }
    fed.at(ZEZHOU)
        .ask_extension(leg, 5)
        .fails_citing("extension.max", article);
    assert_eq!(fed.leg(CITY, leg).due, fed.leg(ZEZHOU, leg).due);
}

#[test]
fn on_the_last_day_it_is_too_late_for_an_extension() {
    let (mut fed, _, leg) = given_to_county();
    let due = fed.leg(ZEZHOU, leg).due.at;
    fed.until(due.plus_millis(-10 * HOUR));
    let said = fed.at(ZEZHOU).ask_extension(leg, 5);
    said.fails_citing("extension.late", "通化市办法第十六条");
}

#[test]
fn an_emergency_is_not_extended() {
    let mut fed = Fed::new();
    let said = fed.at(CITY).try_take_in(Kind::Help, Urgency::Emergency);
    let matter = said.done().matter.unwrap();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let said = fed.at(ZEZHOU).ask_extension(leg, 1);
    said.fails_citing("extension.barred", "吐鲁番市");
}

#[test]
fn an_extension_moves_the_dates_of_giver_and_taker_along() {
    let (mut fed, matter, leg) = given_to_county();
    let before = fed.ticket(ZEZHOU, matter).due.unwrap();
    fed.at(ZEZHOU).ask_extension(leg, 5).done();
    fed.at(CITY).grant(leg, 1).done();
    let due = fed.leg(ZEZHOU, leg).due.at;
    assert!(due > before);
    assert_eq!(fed.ticket(ZEZHOU, matter).due, Some(due));
    assert_eq!(
        fed.ticket(CITY, matter).due,
        Some(due),
        "nobody above waits for the origin"
    );
}

#[test]
fn an_escalation_names_its_ground_and_the_work_done() {
    let (mut fed, _, leg) = given_to_county();
    let said = fed.at(ZEZHOU).ask_escalation(leg, "too-hard");
    said.fails_citing("escalation.ground", "辽宁省办法第六条");
    let wordless = fed.at(ZEZHOU).wordless();
    wordless
        .ask_escalation(leg, "beyond-authority")
        .fails("escalation.report");
    fed.at(ZEZHOU)
        .ask_escalation(leg, "beyond-authority")
        .done();
    fed.at(CITY).grant(leg, 1).done();
    assert_eq!(fed.leg(ZEZHOU, leg).stage, fed.leg(CITY, leg).stage);
}

#[test]
fn what_was_raised_from_below_is_not_asked_back_as_an_escalation() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed.at(ZEZHOU).escalate(matter, "beyond-authority").leg();
    fed.at(CITY)
        .ask_escalation(leg, "beyond-authority")
        .fails("escalation.upward");
}

#[test]
fn a_result_names_its_ground_and_waits_for_all_below() {
    let (mut fed, matter, leg) = given_to_county();
    fed.at(ZEZHOU)
        .submit_result(leg, "done")
        .fails("close.ground");
    fed.at(ZEZHOU)
        .wordless()
        .submit_result(leg, "solved")
        .fails("result.text");
    let below = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.at(ZEZHOU)
        .submit_result(leg, "solved")
        .fails("result.open-legs");
    fed.at(NANCUN).submit_result(below, "solved").done();
    fed.at(ZEZHOU)
        .submit_result(leg, "solved")
        .fails("result.open-legs");
    fed.at(ZEZHOU).grant(below, 1).done();
    fed.at(ZEZHOU).submit_result(leg, "solved").done();
}

#[test]
fn while_a_result_waits_for_its_review_nothing_is_handed_on() {
    let (mut fed, matter, leg) = given_to_county();
    fed.at(ZEZHOU).submit_result(leg, "solved").done();
    let said = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]);
    said.fails("ticket.answered");
    fed.at(ZEZHOU).withdraw_request(leg, 1).done();
    fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).done();
}

#[test]
fn a_newer_request_withdraws_the_older() {
    let (mut fed, _, leg) = given_to_county();
    fed.at(ZEZHOU)
        .ask_return(leg, "not-our-duty", "三定")
        .done();
    fed.at(ZEZHOU).ask_extension(leg, 2).done();
    fed.at(CITY).grant(leg, 1).fails("rule.no-request");
    fed.at(ZEZHOU)
        .withdraw_request(leg, 1)
        .fails("leg.request.replaced");
    fed.at(ZEZHOU).withdraw_request(leg, 2).done();
    assert_eq!(
        fed.leg(CITY, leg).request.unwrap().outcome,
        Outcome::Withdrawn
    );
    fed.at(ZEZHOU)
        .withdraw_request(leg, 2)
        .fails("leg.request.none");
}

#[test]
fn on_a_closed_leg_nothing_is_asked() {
    let (mut fed, _, leg) = given_to_county();
    fed.at(CITY).recall(leg).done();
    fed.at(ZEZHOU)
        .submit_result(leg, "solved")
        .fails("leg.closed");
    fed.at(ZEZHOU).progress(leg, "working").fails("leg.closed");
}

#[test]
fn a_result_that_crosses_the_recall_is_kept_as_late() {
    let (mut fed, matter, leg) = given_to_county();
    fed.cut(CITY, ZEZHOU);
    fed.at(CITY).recall(leg).done();
    fed.at(ZEZHOU).submit_result(leg, "solved").done();
    fed.mend();
    for side in [CITY, ZEZHOU] {
        let leg = fed.leg(side, leg);
        assert!(!leg.is_open());
        assert_eq!(leg.request.unwrap().outcome, Outcome::Late, "{side}");
    }
    assert!(fed.ticket(CITY, matter).is_open());
    assert!(!fed.ticket(ZEZHOU, matter).is_open());
}

#[test]
fn a_unit_of_the_own_level_reports_in_one_commit() {
    let (mut fed, matter, leg) = given_to_unit();
    fed.at(ZEZHOU)
        .of_unit("供水公司")
        .submit_result(leg, "solved")
        .done();
    fed.at(ZEZHOU).grant(leg, 1).done();
    assert!(
        fed.ticket(ZEZHOU, matter)
            .handled_by
            .contains(&"供水公司承办人".to_owned())
    );
}
