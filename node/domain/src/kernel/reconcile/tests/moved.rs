//! Disks that are put back to before a newer tree: with whom this node had legs then, the tree in force does not say.

use super::*;
use crate::kernel::tests::sealing::sealing;
use crate::testing::{ALL, DAY};
use hotline_topology::Federation;

/// Everybody takes a tree into force.
fn reform(fed: &mut Fed, next: &Federation) {
    for region in ALL {
        let Some(node) = fed.nodes.get_mut(&region) else {
            continue;
        };
        let former = std::mem::replace(&mut node.tree, next.clone());
        node.older.push(former);
    }
    for region in ALL {
        fed.input(region, Input::WorldChanged);
        for peer in fed.neighbours(region) {
            fed.connect(region, peer);
        }
    }
    fed.settle();
}

/// The next tree, without one of its nodes.
fn without(fed: &Fed, gone: RegionKey) -> Federation {
    let mut parts = fed.moved(&[]).into_parts();
    parts.effective_from = fed.now;
    parts.regions.retain(|region| region.key != gone);
    Federation::build(parts).expect("still a tree")
}

#[test]
fn legs_with_whom_a_newer_tree_parted_from_this_node_come_back() {
    for restored in [NANCUN, ZEZHOU, CITY] {
        let mut fed = sealing();
        let before = fed.nodes[&restored].log.len();
        let own = fed.at(ZEZHOU).take_in();
        let down = fed.at(ZEZHOU).assign(own, [node(NANCUN)]).leg();
        fed.at(NANCUN).sign(down).done();
        let raised = fed.at(NANCUN).take_in();
        fed.at(NANCUN).escalate(raised, "beyond-authority").done();
        let next = fed.moved(&[(NANCUN, LINGCHUAN)]);
        reform(&mut fed, &next);
        fed.at(NANCUN).submit_result(down, "solved").done();
        fed.restore(&[(restored, before)]);
        agreed(&fed, restored.as_str());
        for end in [ZEZHOU, NANCUN] {
            assert_eq!(legs(&fed, end).len(), 2, "{restored}: {end}");
            for matter in [own, raised] {
                fed.ticket(end, matter);
            }
        }
        assert!(fed.leg(ZEZHOU, down).open_request().is_some(), "{restored}");
    }
}

/// The restored node takes the newer tree into force when all is answered.
#[test]
fn who_is_above_by_a_tree_that_comes_after_the_restore_is_asked_too() {
    let mut fed = sealing();
    let before = fed.nodes[&NANCUN].log.len();
    let next = fed.moved(&[(NANCUN, LINGCHUAN)]);
    reform(&mut fed, &next);
    let matter = fed.at(LINGCHUAN).take_in();
    let leg = fed.at(LINGCHUAN).assign(matter, [node(NANCUN)]).leg();
    let township = fed.nodes.get_mut(&NANCUN).expect("a node");
    township.tree = township.older.pop().expect("the first");
    fed.roll_back(NANCUN, before);
    fed.input(NANCUN, Input::Restored { id: [1; 16] });
    fed.input(NANCUN, Input::Start);
    let township = fed.nodes.get_mut(&NANCUN).expect("a node");
    let former = std::mem::replace(&mut township.tree, next);
    township.older.push(former);
    fed.input(NANCUN, Input::WorldChanged);
    fed.connect(NANCUN, LINGCHUAN);
    fed.settle();
    agreed(&fed, "later");
    assert_eq!(fed.leg(NANCUN, leg).stage, Stage::Delivered);
}

#[test]
fn who_is_in_no_tree_any_more_cannot_be_asked_and_is_listed() {
    let mut fed = sealing();
    let before = fed.nodes[&ZEZHOU].log.len();
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed.at(ZEZHOU).assign(matter, [node(XIACUN)]).leg();
    fed.at(ZEZHOU).recall(leg).done();
    let next = without(&fed, XIACUN);
    let county = fed.nodes.get_mut(&ZEZHOU).expect("a node");
    let former = std::mem::replace(&mut county.tree, next);
    county.older.push(former);
    fed.restore(&[(ZEZHOU, before)]);
    let listed = missing(&fed, ZEZHOU).into_iter();
    let unasked: Vec<_> = listed
        .filter(|missing| missing.kind == MissingKind::Unasked)
        .collect();
    assert_eq!(unasked.len(), 1, "{unasked:?}");
    assert!(unasked[0].words.contains(XIACUN.as_str()));
}

/// The township's clock stood still for days: by its record the leg was over before the county's backup was made.
#[test]
fn a_leg_that_a_stopped_clock_dated_too_early_comes_back() {
    let mut fed = Fed::new();
    let early = fed.now;
    fed.pass(3 * DAY);
    let before = fed.nodes[&ZEZHOU].log.len();
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.at(NANCUN).submit_result(leg, "solved").done();
    fed.at(ZEZHOU).grant(leg, 1).done();
    let there = Leg {
        offered_at: early,
        delivered_at: Some(early),
        closed_at: Some(early),
        ..fed.leg(NANCUN, leg)
    };
    let row = Some(Row::Leg(Box::new(there)));
    fed.put_rows_back(NANCUN, [(RowKey::Leg(leg), row)]);
    fed.restore(&[(ZEZHOU, before)]);
    assert_eq!(
        fed.leg(ZEZHOU, leg).stage,
        Stage::Closed(crate::leg::Closure::Done)
    );
}
