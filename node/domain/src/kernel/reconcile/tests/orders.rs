//! Orders of superiors that are no end of the leg.

use super::*;
use crate::id::OrderId;
use crate::kernel::tests::resealing::deliver_shut;
use crate::kernel::tests::sealing::{known, make, sealing};
use crate::leg::Order;
use crate::testing::DAY;

const LEVELS: [RegionKey; 4] = [PROVINCE, CITY, ZEZHOU, NANCUN];

/// An overdue leg between county and township, which the city and the province may supervise; a reply and a reminder to
/// each order, and one that ended.
fn supervised() -> (Fed, LegId, Vec<(RegionKey, OrderId)>) {
    let mut fed = sealing();
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.at(NANCUN).sign(leg).done();
    fed.pass(8 * DAY);
    let mut orders = Vec::new();
    for issuer in [CITY, PROVINCE, CITY, PROVINCE] {
        let order = fed.at(issuer).supervise(leg, "overdue").order();
        fed.pass(60_000);
        fed.at(issuer).remind(order).done();
        fed.pass(60_000);
        fed.at(issuer).remind(order).done();
        fed.pass(60_000);
        fed.at(NANCUN).reply_order(leg, order).done();
        fed.pass(60_000);
        orders.push((issuer, order));
    }
    for (issuer, order) in &orders[2..] {
        fed.at(*issuer).end_order(*order).done();
        fed.pass(60_000);
    }
    (fed, leg, orders)
}

/// An order without what each record may have by its own clock.
fn told(order: &Order) -> Order {
    Order {
        replied_at: order.replied_at.map(|_| Time(0)),
        ended_at: order.ended_at.map(|_| Time(0)),
        at: Time(0),
        ..order.clone()
    }
}

/// Issuer and both ends, or one of them, have the same on record of each order that any of them has.
fn known_alike(
    fed: &Fed,
    leg: LegId,
    ends: &[RegionKey],
    orders: &[(RegionKey, OrderId)],
    case: &str,
) {
    for (issuer, id) in orders {
        let issued = fed.nodes[issuer].view.order(*id).expect("memory");
        let issued = issued.map(|issued| told(&issued.order));
        for end in ends {
            let there = fed.leg(*end, leg).order(*id).map(told);
            assert_eq!(there, issued, "{case}: {end} and {issuer}");
        }
    }
}

const ENDS: [RegionKey; 2] = [ZEZHOU, NANCUN];

#[test]
fn whoever_forgot_an_order_or_its_reply_learns_it_again() {
    let (fed, leg, orders) = supervised();
    learnt_again(&fed, leg, &ENDS, &orders, Time(MONDAY.0 + 8 * DAY));
}

/// A matter that a township raised and that lies with the county: its superiors order, and it replies to them alone.
#[test]
fn an_order_on_what_was_raised_is_learnt_again_by_its_issuer_and_its_taker() {
    let mut fed = sealing();
    let matter = fed.at(NANCUN).take_in();
    let leg = fed.at(NANCUN).escalate(matter, "hard-to-solve").leg();
    fed.at(ZEZHOU).sign(leg).done();
    let named = |fed: &Fed| fed.notices(CITY).iter().any(|it| it.leg == Some(leg));
    for _ in 0..40 {
        if !named(&fed) {
            fed.pass(DAY);
        }
    }
    assert!(named(&fed), "it lies there past its date");
    let begun = fed.now;
    let mut orders = Vec::new();
    for issuer in [CITY, PROVINCE] {
        let order = fed.at(issuer).supervise(leg, "overdue").order();
        fed.pass(60_000);
        fed.at(issuer).remind(order).done();
        fed.pass(60_000);
        fed.at(ZEZHOU).reply_order(leg, order).done();
        fed.pass(60_000);
        orders.push((issuer, order));
    }
    fed.at(CITY).end_order(orders[0].1).done();
    fed.pass(60_000);
    learnt_again(&fed, leg, &[ZEZHOU], &orders, begun);
}

/// A leg of a node's own unit is known to nobody else. Its superior shows the restored node the reply that it once signed:
/// it comes to nothing, and is no lie.
#[test]
fn a_reply_on_a_leg_that_nobody_can_bring_back_is_no_lie() {
    let mut fed = sealing();
    let before = fed.nodes[&ZEZHOU].log.len();
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed
        .at(ZEZHOU)
        .assign(matter, [unit(ZEZHOU, "供水公司")])
        .leg();
    fed.pass(8 * DAY);
    for issuer in [CITY, PROVINCE] {
        let order = fed.at(issuer).supervise(leg, "overdue").order();
        fed.pass(60_000);
        let handler = fed.at(ZEZHOU).of_unit("供水公司");
        handler.reply_order(leg, order).done();
        fed.pass(60_000);
    }
    fed.restore(&[(ZEZHOU, before)]);
    for _ in 0..3 {
        make_missing_keys(&mut fed, ZEZHOU);
        fed.pass(2 * 3_600_000);
        fed.settle();
    }
    assert!(fed.nodes[&ZEZHOU].view.leg(leg).expect("memory").is_none());
    let unproven: Vec<_> = fed.nodes[&ZEZHOU]
        .log
        .iter()
        .flat_map(|(_, facts)| facts)
        .filter(
            |fact| matches!(fact, Fact::Missing(missing) if missing.kind == MissingKind::Unproven),
        )
        .collect();
    assert!(unproven.is_empty(), "{unproven:?}");
    for issuer in [CITY, PROVINCE] {
        let link = fed.nodes[&ZEZHOU].view.link(issuer).expect("memory");
        let charged = link
            .conduct
            .is_some_and(|conduct| !conduct.counts.is_empty());
        assert!(!charged, "{issuer} did nothing wrong");
    }
}

fn learnt_again(
    fed: &Fed,
    leg: LegId,
    ends: &[RegionKey],
    orders: &[(RegionKey, OrderId)],
    begun: Time,
) {
    known_alike(fed, leg, ends, orders, "before");
    let last = ends[ends.len() - 1];
    let whole: Vec<_> = fed.leg(last, leg).orders.iter().map(told).collect();
    assert!(whole.iter().all(|order| order.replied_at.is_some()));
    for region in LEVELS {
        let first = first_order(fed, region, begun);
        for commits in first..fed.nodes[&region].log.len() {
            let case = format!("{region} at {commits}");
            let mut fed = fed.clone();
            fed.restore(&[(region, commits)]);
            for _ in 0..3 {
                make_missing_keys(&mut fed, region);
                fed.pass(2 * 3_600_000);
                fed.settle();
            }
            known_alike(&fed, leg, ends, orders, &case);
            let now: Vec<_> = fed.leg(last, leg).orders.iter().map(told).collect();
            assert_eq!(now, whole, "{case}");
        }
    }
}

/// The commit before which a node had nothing to do with the orders.
fn first_order(fed: &Fed, region: RegionKey, begun: Time) -> usize {
    let log = &fed.nodes[&region].log;
    let old = log.iter().take_while(|(at, _)| *at < begun);
    old.count().saturating_sub(2)
}

/// As the shell does where a node lacks the newest key that others know of it.
fn make_missing_keys(fed: &mut Fed, region: RegionKey) {
    let known = known(fed, region, region).map(|key| key.no);
    let own = known.and_then(|no| fed.nodes[&region].view.get(&RowKey::OwnKey(no)).ok()?);
    if own.is_none() {
        make(fed, region, 60 * DAY);
        fed.settle();
    }
}

/// A leg that the province may supervise, and what its log was before it did.
fn before_an_order() -> (Fed, LegId, usize) {
    let mut fed = sealing();
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.pass(8 * DAY);
    let commits = fed.nodes[&PROVINCE].log.len();
    fed.at_once = false;
    (fed, leg, commits)
}

/// What the province said, and forgot; how much of it reached which end.
fn said_and_forgotten(fed: &mut Fed, leg: LegId, steps: usize) -> OrderId {
    let order = fed.at(PROVINCE).supervise(leg, "overdue").order();
    if steps > 1 {
        fed.at(PROVINCE).remind(order).done();
    }
    if steps > 2 {
        fed.at(PROVINCE).end_order(order).done();
    }
    order
}

/// The issuer is set back; everybody has time to compare.
fn issuer_forgets(fed: &mut Fed, commits: usize) {
    fed.at_once = true;
    fed.restore(&[(PROVINCE, commits)]);
    for _ in 0..3 {
        fed.pass(2 * HOUR);
        fed.settle();
    }
}

/// The issuer forgot its order, which one end had and the other could not open: its copy went with the issuer's disk.
#[test]
fn an_order_that_one_end_alone_had_when_its_issuer_forgot_it_comes_to_the_other() {
    for shut in ENDS {
        for steps in 1..=3 {
            let (mut fed, leg, commits) = before_an_order();
            let lost = known(&fed, shut, shut).expect("a key").no;
            make(&mut fed, shut, 0);
            let order = said_and_forgotten(&mut fed, leg, steps);
            for _ in 0..2 * steps {
                fed.deliver(PROVINCE, CITY, Lane::Ordinary);
            }
            for _ in 0..steps {
                match shut {
                    ZEZHOU => drop(deliver_shut(&mut fed, CITY, ZEZHOU, lost)),
                    _ => fed.deliver(CITY, ZEZHOU, Lane::Ordinary),
                }
                fed.deliver(CITY, ZEZHOU, Lane::Ordinary);
                match shut {
                    ZEZHOU => fed.deliver(ZEZHOU, NANCUN, Lane::Ordinary),
                    _ => drop(deliver_shut(&mut fed, ZEZHOU, NANCUN, lost)),
                }
            }
            let had = ENDS.map(|end| fed.leg(end, leg).order(order).is_some());
            assert_eq!(had, ENDS.map(|end| end != shut), "{shut}, {steps} steps");
            issuer_forgets(&mut fed, commits);
            alike_everywhere(&fed, leg, order, steps);
        }
    }
}

/// Once its issuer has learnt it again, it says it as often as it is asked: first it was set back, then an end.
#[test]
fn an_order_that_its_issuer_learnt_again_is_said_again_to_whoever_forgets_it_later() {
    for (forgetful, steps) in ENDS
        .into_iter()
        .flat_map(|end| [(end, 1), (end, 2), (end, 3)])
    {
        let (mut fed, leg, commits) = before_an_order();
        let before = fed.nodes[&forgetful].log.len();
        fed.at_once = true;
        let order = said_and_forgotten(&mut fed, leg, steps);
        fed.settle();
        issuer_forgets(&mut fed, commits);
        alike_everywhere(&fed, leg, order, steps);
        fed.restore(&[(forgetful, before)]);
        for _ in 0..3 {
            fed.pass(2 * HOUR);
            fed.settle();
        }
        alike_everywhere(&fed, leg, order, steps);
    }
}

fn alike_everywhere(fed: &Fed, leg: LegId, order: OrderId, steps: usize) {
    let case = format!("{steps} steps");
    known_alike(fed, leg, &ENDS, &[(PROVINCE, order)], &case);
    let there = fed.leg(NANCUN, leg);
    let there = there.order(order).expect("it came");
    assert_eq!(there.reminders, u32::from(steps > 1));
    assert_eq!(there.ended_at.is_some(), steps > 2);
}

#[test]
fn an_order_that_waits_as_its_link_starts_anew_comes_once() {
    let mut fed = sealing();
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.pass(8 * DAY);
    fed.cut(CITY, ZEZHOU);
    let order = fed.at(CITY).supervise(leg, "overdue").order();
    fed.at(CITY).remind(order).done();
    let commits = fed.nodes[&ZEZHOU].log.len();
    fed.mend_nothing();
    fed.restore(&[(ZEZHOU, commits)]);
    known_alike(&fed, leg, &ENDS, &[(CITY, order)], "taken up once");
    assert_eq!(fed.leg(NANCUN, leg).orders[0].reminders, 1);
    // It was taken, and its acknowledgement lost.
    fed.at_once = false;
    fed.at(CITY).remind(order).done();
    let before = fed.nodes[&CITY].clone();
    fed.at_once = true;
    fed.settle();
    fed.nodes.insert(CITY, before);
    fed.input(CITY, Input::Restored { id: [9; 16] });
    fed.input(CITY, Input::Start);
    for peer in [PROVINCE, ZEZHOU, LINGCHUAN] {
        fed.connect(CITY, peer);
    }
    fed.settle();
    assert_eq!(fed.leg(NANCUN, leg).orders[0].reminders, 2);
    known_alike(&fed, leg, &ENDS, &[(CITY, order)], "reminded once");
}

/// Somebody had ended it in the superior's name before, and was refused: that letter proves nothing of the superior.
#[test]
fn a_forged_letter_in_the_log_is_not_shown_for_the_true_one() {
    let (mut fed, leg, orders) = supervised();
    let (issuer, order) = orders[1];
    let act = crate::leg::Act::EndOrder { order };
    let at = fed.now;
    for (from, to) in [(ZEZHOU, NANCUN), (NANCUN, ZEZHOU)] {
        let act = act.clone();
        fed.forge_envelope(from, to, &Message::Leg { leg, at, act }, |_| {});
    }
    fed.settle();
    assert_eq!(fed.leg(NANCUN, leg).order(order).unwrap().ended_at, None);
    fed.at(issuer).end_order(order).done();
    fed.pass(60_000);
    fed.restore(&[(issuer, 10)]);
    agreed(&fed, "forged");
    known_alike(&fed, leg, &ENDS, &orders, "forged");
}

/// The leg was over long before the backup was made, and so was its date.
#[test]
fn what_is_ordered_on_a_leg_that_was_over_comes_back() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    let order = fed.at(ZEZHOU).supervise(leg, "other").order();
    fed.at(NANCUN).submit_result(leg, "solved").done();
    fed.at(ZEZHOU).grant(leg, 1).done();
    fed.pass(40 * DAY);
    for restored in ENDS {
        let mut fed = fed.clone();
        let before = fed.nodes[&restored].log.len();
        fed.at(ZEZHOU).remind(order).done();
        fed.at(NANCUN).reply_order(leg, order).done();
        fed.at(ZEZHOU).end_order(order).done();
        fed.restore(&[(restored, before)]);
        known_alike(&fed, leg, &ENDS, &[(ZEZHOU, order)], "over");
        let known = fed.leg(NANCUN, leg).order(order).cloned().expect("known");
        assert_eq!(known.reminders, 1, "{restored}");
        assert!(known.replied_at.is_some() && known.ended_at.is_some());
    }
}
