//! Nobody speaks in another's name, on whatever kind of leg: orders, reminders, replies and ends.

use super::raised::unsatisfied_twice;
use crate::exchange::PastAct;
use crate::id::{LegId, OrderId};
use crate::leg::{Act, Party};
use crate::link::{Message, Offence};
use crate::testing::{
    CITY, DAY, Fed, HOUR, LINGCHUAN, NANCUN, PROVINCE, XIACUN, ZEZHOU, node, unit,
};
use crate::view::Rows;
use hotline_topology::RegionKey;

/// A leg with an order of a superior that is no end of it.
struct Ordered {
    fed: Fed,
    leg: LegId,
    giver: RegionKey,
    taker: RegionKey,
    /// Who issued the order.
    issuer: RegionKey,
    order: OrderId,
}

fn ordered(
    mut fed: Fed,
    leg: LegId,
    giver: RegionKey,
    taker: RegionKey,
    issuer: RegionKey,
) -> Ordered {
    let order = fed.at(issuer).supervise(leg, "overdue").order();
    Ordered {
        fed,
        leg,
        giver,
        taker,
        issuer,
        order,
    }
}

fn downward() -> Ordered {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.pass(8 * DAY);
    ordered(fed, leg, ZEZHOU, NANCUN, PROVINCE)
}

fn joint() -> Ordered {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let [leg, _] = fed
        .at(ZEZHOU)
        .assign(matter, [node(NANCUN), node(XIACUN)])
        .legs();
    fed.pass(8 * DAY);
    ordered(fed, leg, ZEZHOU, NANCUN, PROVINCE)
}

fn raised() -> Ordered {
    let (fed, _, leg) = unsatisfied_twice();
    ordered(fed, leg, NANCUN, ZEZHOU, PROVINCE)
}

fn every_kind() -> [Ordered; 3] {
    [downward(), joint(), raised()]
}

fn supervise(order: u8, issuer: RegionKey, fed: &Fed) -> Act {
    Act::Supervise {
        order: OrderId([order; 16]),
        issuer,
        trigger: "other".to_owned(),
        reply_by: fed.now.plus_millis(HOUR),
    }
}

/// It has no effect at `to`, and stands on record as misconduct where `from` is its neighbour.
#[track_caller]
fn is_refused(fed: &mut Fed, from: RegionKey, to: RegionKey, leg: LegId, act: &Act) {
    let before = fed.nodes[&to].view.leg(leg).expect("memory");
    fed.nodes.get_mut(&to).expect("a node").alarms.clear();
    fed.forge(from, to, leg, act.clone());
    let after = fed.nodes[&to].view.leg(leg).expect("memory");
    assert_eq!(
        after.map(|leg| leg.orders),
        before.map(|leg| leg.orders),
        "{act:?}"
    );
    let alarms = &fed.nodes[&to].alarms;
    let refused = |text: &String| text.contains("authority.not-a-party");
    assert!(
        alarms.iter().any(refused),
        "{from} to {to}: {act:?}: {alarms:?}"
    );
    let tree = &fed.nodes[&to].tree;
    if tree.next_hop(to, from) == Some(from) {
        let link = fed.nodes[&to].view.link(from).expect("memory");
        let counts = link.conduct.expect("on record").counts;
        assert!(
            counts
                .iter()
                .any(|count| count.offence == Offence::Forbidden)
        );
    }
    fed.pass(HOUR);
    fed.settle();
}

/// The giver of a leg does not order its taker in a superior's name. A leg that was given down is another matter for the
/// release before, whose givers passed orders on: it has no effect, but nobody is blamed.
#[test]
fn the_giver_does_not_order_in_a_superiors_name() {
    for Ordered {
        mut fed,
        leg,
        giver,
        taker,
        issuer,
        order,
    } in every_kind()
    {
        let unknown = OrderId([9; 16]);
        for act in [
            supervise(7, issuer, &fed),
            Act::Remind { order },
            Act::EndOrder { order },
            Act::Remind { order: unknown },
            Act::EndOrder { order: unknown },
        ] {
            match giver {
                NANCUN => is_refused(&mut fed, giver, taker, leg, &act),
                _ => has_no_effect(&mut fed, giver, taker, leg, &act),
            }
        }
    }
}

/// Nor in the name of somebody who is none of its superiors.
#[test]
fn the_giver_passes_no_order_on_of_who_is_no_superior() {
    for mut given in [downward(), joint()] {
        for other in [LINGCHUAN, NANCUN, XIACUN] {
            let act = supervise(7, other, &given.fed);
            is_refused(&mut given.fed, given.giver, given.taker, given.leg, &act);
        }
    }
}

#[track_caller]
fn has_no_effect(fed: &mut Fed, from: RegionKey, to: RegionKey, leg: LegId, act: &Act) {
    let before = fed.leg(to, leg);
    for region in [from, to] {
        fed.nodes.get_mut(&region).expect("a node").alarms.clear();
    }
    fed.forge(from, to, leg, act.clone());
    assert_eq!(fed.leg(to, leg), before, "{act:?}");
    assert_eq!(fed.nodes[&to].alarms, Vec::<String>::new(), "{act:?}");
    let link = fed.nodes[&to].view.link(from).expect("memory");
    let counts = link.conduct.map(|conduct| conduct.counts);
    assert!(counts.is_none_or(|counts| counts.is_empty()), "{act:?}");
    assert_eq!(fed.nodes[&from].alarms, Vec::<String>::new(), "{act:?}");
}

/// Nor one superior in another's.
#[test]
fn one_superior_does_not_order_in_anothers_name() {
    for Ordered {
        mut fed,
        leg,
        giver,
        taker,
        issuer,
        order,
    } in every_kind()
    {
        let above = [CITY, ZEZHOU]
            .into_iter()
            .find(|other| *other != giver && *other != taker);
        let Some(above) = above else { continue };
        for act in [
            supervise(7, issuer, &fed),
            Act::Remind { order },
            Act::EndOrder { order },
        ] {
            is_refused(&mut fed, above, taker, leg, &act);
        }
    }
}

/// Nor the taker, or somebody beside, to the giver.
#[test]
fn no_one_below_orders_the_giver_in_a_superiors_name() {
    for Ordered {
        mut fed,
        leg,
        giver,
        taker,
        issuer,
        order,
    } in every_kind()
    {
        for from in [taker, LINGCHUAN] {
            for act in [
                supervise(7, issuer, &fed),
                supervise(8, from, &fed),
                Act::Remind { order },
                Act::EndOrder { order },
            ] {
                is_refused(&mut fed, from, giver, leg, &act);
            }
        }
    }
}

/// Who raised a leg orders nothing on it, in its own name neither.
#[test]
fn who_raised_a_leg_gives_no_orders_on_it() {
    let Ordered { mut fed, leg, .. } = raised();
    let act = supervise(7, NANCUN, &fed);
    is_refused(&mut fed, NANCUN, ZEZHOU, leg, &act);
}

/// A reply is the taker's alone.
#[test]
fn nobody_replies_in_the_takers_name() {
    for Ordered {
        mut fed,
        leg,
        giver,
        taker,
        issuer,
        order,
    } in every_kind()
    {
        for from in [giver, LINGCHUAN] {
            let act = Act::ReplyOrder { order };
            is_refused(&mut fed, from, issuer, leg, &act);
            is_refused(&mut fed, from, taker, leg, &act);
            let here = fed.nodes[&issuer].view.order(order).expect("memory");
            assert_eq!(here.expect("issued").order.replied_at, None);
        }
    }
}

/// What is told as of before a restore is the speaker's own word, or bears its author's signature.
#[test]
fn nobody_tells_of_orders_in_anothers_name_as_of_the_past() {
    for Ordered {
        mut fed,
        leg,
        giver,
        taker,
        issuer,
        order,
    } in every_kind()
    {
        for act in [
            supervise(7, issuer, &fed),
            Act::Remind { order },
            Act::EndOrder { order },
        ] {
            let before = fed.leg(taker, leg).orders;
            let past = PastAct {
                leg,
                by: Party::Giver,
                at: fed.now,
                nth: 9,
                act,
                letter: None,
            };
            fed.forge_envelope(giver, taker, &Message::Past(past), |_| {});
            assert_eq!(fed.leg(taker, leg).orders, before);
        }
    }
}

/// The honest way of it: both ends of a leg that was given down hear it from the issuer itself.
#[test]
fn each_end_hears_an_order_from_its_issuer() {
    for Ordered {
        mut fed,
        leg,
        giver,
        taker,
        issuer,
        order,
    } in every_kind()
    {
        fed.at(issuer).remind(order).done();
        fed.at(taker).reply_order(leg, order).done();
        fed.at(issuer).end_order(order).done();
        let there = fed.leg(taker, leg).order(order).cloned().expect("an order");
        assert_eq!((there.issuer, there.reminders), (issuer, 1));
        assert!(there.replied_at.is_some() && there.ended_at.is_some());
        if giver != NANCUN {
            assert_eq!(fed.leg(giver, leg).order(order), Some(&there));
        }
        for (region, node) in &fed.nodes {
            assert!(node.alarms.is_empty(), "{region}: {:?}", node.alarms);
        }
    }
}

/// A unit answers through its node.
#[test]
fn an_order_to_a_unit_goes_to_its_node() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed
        .at(ZEZHOU)
        .assign(matter, [unit(ZEZHOU, "供水公司")])
        .leg();
    fed.pass(8 * DAY);
    let order = fed.at(PROVINCE).supervise(leg, "overdue").order();
    let act = supervise(7, PROVINCE, &fed);
    is_refused(&mut fed, CITY, ZEZHOU, leg, &act);
    is_refused(&mut fed, NANCUN, ZEZHOU, leg, &Act::EndOrder { order });
    fed.at(ZEZHOU)
        .of_unit("供水公司")
        .reply_order(leg, order)
        .done();
    assert!(super::issued(&fed, PROVINCE, order).replied_at.is_some());
}

/// A leg over a level in between, as a changed tree leaves it: each superior orders in its own name, whether it stands
/// above the giver or between the two, and nobody in another's.
#[test]
fn on_a_leg_over_levels_each_superior_speaks_for_itself() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let near = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    let offer = fed.leg(NANCUN, near).offer.clone();
    fed.at(ZEZHOU).recall(near).done();
    let leg = LegId([3; 16]);
    let offer = crate::leg::Offer {
        giver: CITY,
        origin: CITY,
        content: Vec::new(),
        ..offer
    };
    fed.forge(CITY, NANCUN, leg, Act::Offer(Box::new(offer)));
    assert!(fed.leg(NANCUN, leg).delivered_at.is_some());
    // The giver's copies of what its superior said are no misconduct.
    let tried = |fed: &mut Fed, other, issuer, leg, act: &Act| match (other, issuer) {
        (CITY, PROVINCE) => has_no_effect(fed, other, NANCUN, leg, act),
        _ => is_refused(fed, other, NANCUN, leg, act),
    };
    for (no, issuer) in [(1, PROVINCE), (2, CITY), (3, ZEZHOU)] {
        let act = supervise(no, issuer, &fed);
        for other in [PROVINCE, CITY, ZEZHOU, LINGCHUAN, XIACUN] {
            if other != issuer {
                tried(&mut fed, other, issuer, leg, &act);
            }
        }
        fed.forge(issuer, NANCUN, leg, act);
        let order = OrderId([no; 16]);
        assert!(fed.leg(NANCUN, leg).order(order).is_some(), "{issuer}");
        for other in [PROVINCE, CITY, ZEZHOU, LINGCHUAN] {
            if other != issuer {
                tried(&mut fed, other, issuer, leg, &Act::EndOrder { order });
            }
        }
        fed.forge(issuer, NANCUN, leg, Act::EndOrder { order });
        let ended = fed
            .leg(NANCUN, leg)
            .order(order)
            .cloned()
            .expect("an order");
        assert!(ended.ended_at.is_some(), "{issuer}");
    }
}
