//! 督办, 催办, 回复, 了结, 异常通报.

mod names;
mod raised;
mod unassigned;

use super::{Notice, NoticeReason};
use crate::body::Role;
use crate::id::{LegId, MatterId, OrderId};
use crate::leg::{Act, Leg};
use crate::testing::{CITY, DAY, Fed, HOUR, LINGCHUAN, NANCUN, PROVINCE, ZEZHOU, node, unit};
use hotline_topology::RegionKey;

fn given_to_county() -> (Fed, MatterId, LegId) {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    (fed, matter, leg)
}

fn reasons(fed: &Fed, region: RegionKey) -> Vec<NoticeReason> {
    let notices = fed.notices(region);
    notices
        .iter()
        .map(|notice: &Notice| notice.reason)
        .collect()
}

#[test]
fn an_order_names_its_trigger_its_text_and_a_date_ahead() {
    let (mut fed, _, leg) = given_to_county();
    let said = fed.at(CITY).supervise(leg, "bad-mood");
    said.fails_citing("supervise.trigger", "辽宁省办法第十五条");
    fed.at(CITY)
        .wordless()
        .supervise(leg, "other")
        .fails("supervise.text");
    let (trigger, reply_by) = ("other".to_owned(), Some(fed.now));
    let verb = crate::command::Verb::Supervise {
        leg,
        trigger,
        reply_by,
    };
    fed.at(CITY).command(verb).fails("supervise.reply-by");
    fed.at(LINGCHUAN)
        .supervise(leg, "other")
        .fails("supervise.leg");
    fed.at(ZEZHOU)
        .supervise(leg, "other")
        .fails("supervise.leg");
    fed.at(CITY)
        .with_roles(&[Role::Clerk])
        .supervise(leg, "other")
        .fails("authority.role");
}

#[test]
fn the_giver_supervises_reminds_and_ends() {
    let (mut fed, _, leg) = given_to_county();
    let order = fed.at(CITY).supervise(leg, "leader-instruction").order();
    assert_eq!(fed.leg(ZEZHOU, leg).orders.len(), 1);
    fed.at(CITY).remind(order).done();
    fed.at(ZEZHOU)
        .wordless()
        .reply_order(leg, order)
        .fails("order.reply");
    fed.at(ZEZHOU)
        .reply_order(leg, OrderId([9; 16]))
        .fails("order.unknown");
    fed.at(ZEZHOU).reply_order(leg, order).done();
    fed.at(ZEZHOU).end_order(order).fails("order.unknown");
    fed.at(CITY).end_order(order).done();
    fed.at(CITY).remind(order).fails("order.ended");
    fed.at(CITY).end_order(order).fails("order.ended");
    for side in [CITY, ZEZHOU] {
        let order = fed.leg(side, leg).orders[0].clone();
        assert_eq!(order.reminders, 1, "{side}");
        assert!(
            order.replied_at.is_some() && order.ended_at.is_some(),
            "{side}"
        );
    }
}

#[test]
fn an_order_outlives_the_leg_it_is_on() {
    let (mut fed, _, leg) = given_to_county();
    let order = fed.at(CITY).supervise(leg, "other").order();
    fed.at(CITY).recall(leg).done();
    fed.at(ZEZHOU).reply_order(leg, order).done();
    fed.at(CITY).end_order(order).done();
    assert!(fed.leg(ZEZHOU, leg).orders[0].ended_at.is_some());
    fed.at(CITY).supervise(leg, "other").fails("leg.closed");
}

#[test]
fn nobody_supervises_its_superior() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed.at(ZEZHOU).escalate(matter, "hard-to-solve").leg();
    fed.at(ZEZHOU)
        .supervise(leg, "other")
        .fails("supervise.upward");
}

#[test]
fn overdue_below_is_known_at_every_level_above() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.pass(8 * DAY);
    assert!(fed.leg(NANCUN, leg).overdue().is_some());
    for above in [ZEZHOU, CITY, PROVINCE] {
        let notices = fed.notices(above);
        assert_eq!(notices.len(), 1, "{above}");
        assert_eq!(
            (notices[0].leg, &notices[0].taker),
            (Some(leg), &node(NANCUN))
        );
        assert_eq!(notices[0].reason, NoticeReason::Overdue);
    }
    assert!(fed.notices(NANCUN).is_empty());
}

#[test]
fn two_legs_overdue_at_one_instant_are_two_notices() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let units = [unit(ZEZHOU, "供水公司"), unit(ZEZHOU, "城管局")];
    fed.at(ZEZHOU).assign(matter, units).done();
    fed.pass(8 * DAY);
    assert_eq!(fed.notices(ZEZHOU).len(), 2);
    assert_eq!(fed.notices(PROVINCE).len(), 2);
}

#[test]
fn a_result_in_time_that_the_link_holds_up_is_no_news_not_overdue() {
    let (mut fed, _, leg) = given_to_county();
    let due = fed.leg(CITY, leg).due.at;
    fed.cut(CITY, ZEZHOU);
    fed.at(ZEZHOU).submit_result(leg, "solved").done();
    fed.until(due.plus_millis(HOUR));
    assert!(reasons(&fed, PROVINCE).is_empty());
    assert!(fed.leg(CITY, leg).overdue().is_none());
    fed.mend();
    fed.pass(10 * DAY);
    assert!(reasons(&fed, PROVINCE).is_empty());
    assert!(fed.leg(CITY, leg).overdue().is_none());
}

#[test]
fn silence_past_its_bound_is_an_exception_too() {
    let (mut fed, _, leg) = given_to_county();
    let due = fed.leg(CITY, leg).due.at;
    fed.cut(CITY, ZEZHOU);
    fed.until(due.plus_millis(HOUR));
    assert!(reasons(&fed, PROVINCE).is_empty());
    fed.until(due.plus_millis(4 * DAY));
    assert_eq!(reasons(&fed, PROVINCE), [NoticeReason::Overdue]);
    fed.mend();
    assert_eq!(reasons(&fed, PROVINCE), [NoticeReason::Overdue], "once");
}

#[test]
fn what_never_arrived_is_overdue_by_the_givers_clock() {
    let mut fed = Fed::new();
    fed.cut(CITY, ZEZHOU);
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let due = fed.leg(CITY, leg).due.at;
    fed.until(due);
    assert_eq!(reasons(&fed, PROVINCE), [NoticeReason::Overdue]);
}

/// The province knows the county's leg only by a notice; its order goes through the county, whose record shows it.
#[test]
fn a_superior_supervises_a_leg_it_learned_of_by_a_notice() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.at(PROVINCE)
        .supervise(leg, "overdue")
        .fails("supervise.leg");
    fed.pass(8 * DAY);
    let order = fed.at(PROVINCE).supervise(leg, "overdue").order();
    for side in [ZEZHOU, NANCUN] {
        assert_eq!(fed.leg(side, leg).orders[0].issuer, PROVINCE, "{side}");
    }
    fed.at(PROVINCE).remind(order).done();
    fed.at(NANCUN).reply_order(leg, order).done();
    assert!(issued(&fed, PROVINCE, order).replied_at.is_some());
    fed.at(ZEZHOU).end_order(order).fails("order.unknown");
    fed.at(PROVINCE).end_order(order).done();
    let [above, below] = [ZEZHOU, NANCUN].map(|side| fed.leg(side, leg).orders);
    assert_eq!((above[0].reminders, below[0].reminders), (1, 1));
    assert!(above[0].ended_at.is_some() && below[0].ended_at.is_some());
}

#[test]
fn a_superior_supervises_a_unit_of_a_county() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed
        .at(ZEZHOU)
        .assign(matter, [unit(ZEZHOU, "供水公司")])
        .leg();
    fed.pass(8 * DAY);
    let order = fed.at(CITY).supervise(leg, "overdue").order();
    fed.at(ZEZHOU)
        .of_unit("供水公司")
        .reply_order(leg, order)
        .done();
    assert!(issued(&fed, CITY, order).replied_at.is_some());
}

fn issued(fed: &Fed, region: RegionKey, order: OrderId) -> crate::leg::Order {
    use crate::view::Rows;
    fed.nodes[&region].view.order(order).unwrap().unwrap().order
}

#[test]
fn an_order_unanswered_is_an_exception() {
    let (mut fed, _, leg) = given_to_county();
    fed.at(CITY).supervise(leg, "other").done();
    fed.pass(4 * DAY);
    assert_eq!(reasons(&fed, PROVINCE), [NoticeReason::OrderUnanswered]);
}

#[test]
fn an_order_on_a_leg_of_others_unanswered_is_an_exception_too() {
    let mut fed = Fed::new();
    let matter = fed.at(NANCUN).take_in();
    let leg = fed
        .at(NANCUN)
        .assign(matter, [unit(NANCUN, "平安办")])
        .leg();
    fed.pass(8 * DAY);
    fed.at(CITY).supervise(leg, "overdue").done();
    fed.pass(5 * DAY);
    let expected = [NoticeReason::Overdue, NoticeReason::OrderUnanswered];
    assert_eq!(reasons(&fed, CITY), expected);
    assert_eq!(reasons(&fed, PROVINCE), expected);
}

#[test]
fn an_order_answered_or_ended_is_none() {
    let (mut fed, _, leg) = given_to_county();
    let one = fed.at(CITY).supervise(leg, "other").order();
    let other = fed.at(CITY).supervise(leg, "clustered").order();
    fed.at(ZEZHOU).reply_order(leg, one).done();
    fed.at(CITY).end_order(other).done();
    fed.pass(4 * DAY);
    assert!(reasons(&fed, PROVINCE).is_empty());
}

/// Orders come from above only: what a neighbour county writes has no effect.
#[test]
fn a_stranger_does_not_supervise() {
    let (mut fed, _, leg) = given_to_county();
    let before: Leg = fed.leg(ZEZHOU, leg);
    let act = Act::Supervise {
        order: OrderId([1; 16]),
        issuer: LINGCHUAN,
        trigger: "other".to_owned(),
        reply_by: fed.now.plus_millis(DAY),
    };
    fed.forge(LINGCHUAN, ZEZHOU, leg, act.clone());
    fed.forge(LINGCHUAN, CITY, leg, act);
    assert_eq!(fed.leg(ZEZHOU, leg), before);
    assert!(
        fed.nodes[&ZEZHOU]
            .alarms
            .iter()
            .any(|text| text.contains("无权"))
    );
}

#[test]
fn an_order_handed_on_later_was_given_when_it_was_given() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.pass(8 * DAY);
    fed.cut(ZEZHOU, NANCUN);
    fed.cut(CITY, ZEZHOU);
    fed.at(CITY).supervise(leg, "overdue").done();
    fed.pass(HOUR);
    fed.mend_one_way(CITY, ZEZHOU);
    fed.pass(HOUR);
    fed.mend();
    let [above, below] = [ZEZHOU, NANCUN].map(|side| fed.leg(side, leg).orders);
    assert_eq!(above, below);
}

#[test]
fn nobody_gives_reminds_of_or_ends_an_order_in_anothers_name() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.pass(8 * DAY);
    let order = fed.at(CITY).supervise(leg, "overdue").order();
    let before = fed.leg(ZEZHOU, leg).orders;
    let in_its_name = Act::Supervise {
        order: OrderId([7; 16]),
        issuer: CITY,
        trigger: "overdue".to_owned(),
        reply_by: fed.now.plus_millis(HOUR),
    };
    for act in [Act::Remind { order }, Act::EndOrder { order }, in_its_name] {
        fed.forge(PROVINCE, ZEZHOU, leg, act);
        assert_eq!(fed.leg(ZEZHOU, leg).orders, before);
        let alarms = std::mem::take(&mut fed.nodes.get_mut(&ZEZHOU).expect("a node").alarms);
        let refused = |text: &String| text.contains("authority.not-a-party");
        assert!(alarms.iter().any(refused), "{alarms:?}");
    }
    fed.at(CITY).end_order(order).done();
    assert!(fed.leg(NANCUN, leg).orders[0].ended_at.is_some());
}
