//! An own matter that nobody hands on: every level above learns of it.

use super::reasons;
use crate::supervision::NoticeReason;
use crate::testing::{CITY, DAY, Fed, HOUR, NANCUN, PROVINCE, ZEZHOU, node, unit};

#[test]
fn an_own_matter_that_nobody_hands_on_is_known_at_every_level_above() {
    let mut fed = Fed::new();
    let matter = fed.at(NANCUN).take_in();
    fed.pass(HOUR);
    assert!(reasons(&fed, PROVINCE).is_empty());
    // The window to hand it on ended, and after months its own date did, too: once each.
    fed.pass(60 * DAY);
    for level in [NANCUN, ZEZHOU, CITY, PROVINCE] {
        let notices = fed.notices(level);
        assert_eq!(notices.len(), 2, "{level}: {notices:?}");
        for notice in notices {
            assert_eq!(notice.reason, NoticeReason::Overdue);
            assert_eq!((notice.matter, notice.leg), (matter, None));
            assert_eq!((notice.giver, &notice.taker), (NANCUN, &node(NANCUN)));
            assert!(notice.due.is_some_and(|due| due <= notice.raised_at));
        }
    }
    let told = |text: &String| text.contains("超期未派");
    assert!(fed.nodes[&NANCUN].alarms.iter().any(told));
}

#[test]
fn what_was_handed_on_in_time_raises_nothing_by_itself() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    fed.at(ZEZHOU)
        .assign(matter, [unit(ZEZHOU, "供水公司")])
        .done();
    let answered = fed.at(ZEZHOU).take_in();
    fed.at(ZEZHOU).answer_directly(answered).done();
    fed.pass(2 * DAY);
    assert!(reasons(&fed, CITY).is_empty());
    // Its date is the leg's: said once.
    fed.pass(60 * DAY);
    let notices = fed.notices(CITY);
    assert!(
        notices.iter().all(|notice| notice.leg.is_some()),
        "{notices:?}"
    );
    assert_eq!(notices.len(), 1);
}

#[test]
fn what_was_raised_and_lies_with_the_superior_is_the_superiors() {
    let mut fed = Fed::new();
    let matter = fed.at(NANCUN).take_in();
    let leg = fed.at(NANCUN).escalate(matter, "hard-to-solve").leg();
    fed.at(ZEZHOU).sign(leg).done();
    fed.pass(60 * DAY);
    let notices = fed.notices(PROVINCE);
    assert_eq!(notices.len(), 1, "{notices:?}");
    let notice = &notices[0];
    assert_eq!((notice.leg, notice.raised_by), (Some(leg), ZEZHOU));
    assert_eq!((notice.giver, &notice.taker), (NANCUN, &node(ZEZHOU)));
    // So that a superior can order it done.
    let order = fed.at(CITY).supervise(leg, "overdue").order();
    assert!(fed.leg(ZEZHOU, leg).order(order).is_some());
}
