//! A leg that was raised from below: a superior's order finds the body that owes the answer, the leg's taker.

use super::issued;
use crate::id::{LegId, MatterId, OrderId};
use crate::leg::Act;
use crate::link::Message;
use crate::supervision::NoticeReason;
use crate::testing::{CITY, DAY, Fed, HOUR, NANCUN, PROVINCE, ZEZHOU, node, text, unit};
use crate::view::Rows;
use hotline_topology::FieldName;

/// A township raised its own matter; the county answered, twice, and both times the petitioner was not satisfied.
pub(super) fn unsatisfied_twice() -> (Fed, MatterId, LegId) {
    let mut fed = Fed::new();
    let matter = fed.at(NANCUN).take_in();
    let first = fed.at(NANCUN).escalate(matter, "hard-to-solve").leg();
    answered(&mut fed, matter, first);
    rated_poorly(&mut fed, matter);
    let again = raised_again(&mut fed, matter);
    answered(&mut fed, matter, again);
    rated_poorly(&mut fed, matter);
    (fed, matter, again)
}

/// Handled once more: a unit of the township's was to, and then it is raised again.
fn raised_again(fed: &mut Fed, matter: MatterId) -> LegId {
    let unit = fed
        .at(NANCUN)
        .redo(matter, Some(unit(NANCUN, "平安办")))
        .leg();
    fed.at(NANCUN).recall(unit).done();
    fed.at(NANCUN).escalate(matter, "hard-to-solve").leg()
}

fn answered(fed: &mut Fed, matter: MatterId, leg: LegId) {
    fed.at(ZEZHOU).sign(leg).done();
    fed.at(ZEZHOU).submit_result(leg, "solved").done();
    fed.pass(HOUR);
    fed.at(NANCUN).close(matter, "solved").done();
}

fn rated_poorly(fed: &mut Fed, matter: MatterId) {
    fed.pass(HOUR);
    let caller = fed.at(NANCUN).named("回访员");
    caller.call_back(matter, Some("unsatisfied")).done();
}

#[test]
fn the_notice_of_a_second_poor_rating_names_the_raised_leg() {
    let (fed, _, leg) = unsatisfied_twice();
    for above in [ZEZHOU, CITY, PROVINCE] {
        let notices = fed.notices(above);
        let named = notices.iter().find(|notice| notice.leg == Some(leg));
        let named = named.unwrap_or_else(|| panic!("{above}: {notices:?}"));
        assert_eq!(named.reason, NoticeReason::UnsatisfactoryAgain);
        assert_eq!((named.giver, &named.taker), (NANCUN, &node(ZEZHOU)));
    }
}

#[test]
fn a_superiors_order_goes_to_the_taker_and_its_reply_comes_back() {
    for above in [CITY, PROVINCE] {
        let (mut fed, _, leg) = unsatisfied_twice();
        let order = fed.at(above).supervise(leg, "other").order();
        let there = fed.leg(ZEZHOU, leg);
        assert_eq!(there.order(order).map(|order| order.issuer), Some(above));
        assert!(
            fed.leg(NANCUN, leg).orders.is_empty(),
            "no order for the township"
        );
        assert!(holds(&fed, "限期办结", ZEZHOU), "with its text");
        assert!(!holds(&fed, "限期办结", NANCUN));
        fed.at(above).remind(order).done();
        assert_eq!(fed.leg(ZEZHOU, leg).orders[0].reminders, 1);
        fed.at(ZEZHOU).reply_order(leg, order).done();
        assert!(issued(&fed, above, order).replied_at.is_some());
        assert!(
            !holds(&fed, "明日办结", NANCUN),
            "the reply is the superior's"
        );
        fed.at(above).end_order(order).done();
        assert!(fed.leg(ZEZHOU, leg).orders[0].ended_at.is_some());
        assert!(fed.nodes.values().all(|node| node.alarms.is_empty()));
        fed.pass(9 * DAY);
        let late =
            |notice: &crate::supervision::Notice| notice.reason == NoticeReason::OrderUnanswered;
        assert!(!fed.notices(above).iter().any(late));
    }
}

fn holds(fed: &Fed, words: &str, region: hotline_topology::RegionKey) -> bool {
    let node = &fed.nodes[&region];
    let bytes = format!("{:?}", words.as_bytes());
    format!("{:?}", node.log).contains(bytes.trim_matches(['[', ']']))
}

#[test]
fn an_order_unanswered_there_names_the_taker() {
    let (mut fed, _, leg) = unsatisfied_twice();
    fed.at(CITY).supervise(leg, "other").done();
    fed.pass(9 * DAY);
    let notices = fed.notices(PROVINCE);
    let late = notices
        .iter()
        .find(|notice| notice.reason == NoticeReason::OrderUnanswered)
        .expect("a notice");
    assert_eq!((late.leg, &late.taker), (Some(leg), &node(ZEZHOU)));
}

#[test]
fn the_text_of_a_reply_reaches_its_issuer() {
    let (mut fed, matter, leg) = unsatisfied_twice();
    let order = fed.at(PROVINCE).supervise(leg, "other").order();
    fed.at(ZEZHOU).reply_order(leg, order).done();
    assert!(holds(&fed, "明日办结", PROVINCE));
    let said = fed.nodes[&PROVINCE]
        .view
        .order_words(matter, order)
        .expect("memory");
    let replies: Vec<_> = said.iter().filter(|word| word.by == ZEZHOU).collect();
    assert_eq!(replies.len(), 1);
    assert_eq!(replies[0].fields[0].ciphertext, "明日办结".as_bytes());
}

/// Whatever the leg is: one who is no end of it gets what the edges let up, and nothing by the ways of a raised leg.
#[test]
fn the_ways_of_a_raised_leg_are_for_its_two_ends_alone() {
    let (mut fed, _, leg) = unsatisfied_twice();
    let order = fed.at(CITY).supervise(leg, "other").order();
    let reply = Message::Leg {
        leg,
        at: fed.now,
        act: Act::ReplyOrder { order },
    };
    // An edge lets titles up with what is raised, and with nothing else.
    let title = text(FieldName::Title, "标题");
    fed.forge_envelope(ZEZHOU, CITY, &reply, |envelope| {
        envelope.fields = vec![title];
    });
    let refused = |text: &String| text.contains("locality.field-policy");
    assert!(fed.nodes[&CITY].alarms.iter().any(refused));
    assert!(issued(&fed, CITY, order).replied_at.is_none());
}

#[test]
fn a_reply_about_an_unknown_leg_is_checked_before_it_counts() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.pass(8 * DAY);
    let order = fed.at(PROVINCE).supervise(leg, "overdue").order();
    let reply = Message::Leg {
        leg,
        at: fed.now,
        act: Act::ReplyOrder { order },
    };
    let name = text(FieldName::Note, "内部记录");
    fed.forge_envelope(NANCUN, PROVINCE, &reply, |envelope| {
        envelope.fields = vec![name];
    });
    assert!(issued(&fed, PROVINCE, order).replied_at.is_none());
    let refused = |text: &String| text.contains("locality.field-policy");
    assert!(fed.nodes[&PROVINCE].alarms.iter().any(refused));
}

#[test]
fn who_never_took_a_leg_up_is_not_blamed_for_it() {
    // Recalled before it was signed.
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.at(NANCUN).sign(leg).done();
    fed.at(NANCUN).submit_result(leg, "solved").done();
    fed.at(ZEZHOU).grant(leg, 1).done();
    fed.at(ZEZHOU).close(matter, "solved").done();
    let caller = fed.at(ZEZHOU).named("回访员");
    caller.call_back(matter, Some("unsatisfied")).done();
    let other = fed
        .at(ZEZHOU)
        .redo(matter, Some(node(crate::testing::XIACUN)))
        .leg();
    fed.at(ZEZHOU).recall(other).done();
    fed.pass(HOUR);
    fed.at(ZEZHOU).close(matter, "solved").done();
    fed.pass(HOUR);
    let caller = fed.at(ZEZHOU).named("回访员");
    caller.call_back(matter, Some("unsatisfied")).done();
    let notices = fed.notices(CITY);
    let last = notices.last().expect("a notice");
    assert_eq!(last.reason, NoticeReason::UnsatisfactoryAgain);
    assert_eq!((last.leg, &last.taker), (None, &node(ZEZHOU)));
}

#[test]
fn who_declined_what_was_raised_is_not_blamed_for_it() {
    let mut fed = Fed::new();
    let matter = fed.at(NANCUN).take_in();
    let first = fed.at(NANCUN).escalate(matter, "hard-to-solve").leg();
    answered(&mut fed, matter, first);
    rated_poorly(&mut fed, matter);
    let again = raised_again(&mut fed, matter);
    fed.at(ZEZHOU)
        .ask_return(again, "not-our-duty", "三定方案")
        .done();
    fed.pass(HOUR);
    fed.at(NANCUN).close(matter, "solved").done();
    rated_poorly(&mut fed, matter);
    let notices = fed.notices(CITY);
    let last = notices.last().expect("a notice");
    assert_eq!(last.reason, NoticeReason::UnsatisfactoryAgain);
    assert_eq!((last.leg, &last.taker), (None, &node(NANCUN)));
}

/// What is ordered before the leg has come there waits for it.
#[test]
fn an_order_that_outruns_its_leg_waits_for_it() {
    let (mut fed, _, leg) = unsatisfied_twice();
    let offer = fed.leg(ZEZHOU, leg).offer.clone();
    let (id, order) = (LegId([8; 16]), OrderId([9; 16]));
    let act = Act::Supervise {
        order,
        issuer: CITY,
        trigger: "other".to_owned(),
        reply_by: fed.now.plus_millis(DAY),
    };
    fed.forge(CITY, ZEZHOU, id, act);
    assert!(fed.nodes[&ZEZHOU].view.leg(id).expect("memory").is_none());
    let offer = crate::leg::Offer {
        matter: MatterId([8; 16]),
        content: Vec::new(),
        ..offer
    };
    fed.forge(NANCUN, ZEZHOU, id, Act::Offer(Box::new(offer)));
    assert!(fed.leg(ZEZHOU, id).order(order).is_some());
}
