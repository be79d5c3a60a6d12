//! While only some of the answers are in.

use super::*;
use crate::evidence::Effect;
use hotline_topology::{Kind, Urgency};

/// The city is put back to before everything, asks, and is linked to all but the county.
fn restored_without_county(fed: &mut Fed, commits: usize) {
    fed.cut(CITY, ZEZHOU);
    fed.roll_back(CITY, commits);
    fed.input(CITY, Input::Restored { id: [1; 16] });
    fed.input(CITY, Input::Start);
    for peer in [PROVINCE, LINGCHUAN] {
        fed.connect(CITY, peer);
    }
    fed.settle();
}

/// Delivers all but what one lane holds.
fn settle_but(fed: &mut Fed, held: (RegionKey, RegionKey, Lane)) {
    for round in 0.. {
        assert!(round < 1_000, "messages run in circles");
        let mut waiting = fed.waiting();
        waiting.retain(|lane| *lane != held);
        if waiting.is_empty() {
            return;
        }
        for (from, to, lane) in waiting {
            fed.deliver(from, to, lane);
        }
    }
}

#[test]
fn what_was_written_behind_the_answer_of_one_lane_is_not_lost_while_the_other_is_awaited() {
    for (urgency, lane, other) in [
        (Urgency::Normal, Lane::Ordinary, Lane::Urgent),
        (Urgency::Emergency, Lane::Urgent, Lane::Ordinary),
    ] {
        let mut fed = Fed::new();
        let matter = fed.at(CITY).take_in();
        fed.at(CITY).assign(matter, [node(ZEZHOU)]).done();
        let commits = fed.nodes[&CITY].log.len();
        restored_without_county(&mut fed, commits);
        fed.at_once = false;
        fed.mend_nothing();
        fed.connect(CITY, ZEZHOU);
        let held = (ZEZHOU, CITY, other);
        settle_but(&mut fed, held);
        fed.pass(1_000);
        let taken = fed.at(CITY).try_take_in(Kind::Complaint, urgency).done();
        let leg = fed
            .at(CITY)
            .assign(taken.matter.expect("one"), [node(ZEZHOU)]);
        let leg = leg.leg();
        assert_eq!(fed.leg(CITY, leg).offer.lane, lane);
        settle_but(&mut fed, held);
        assert_eq!(fed.leg(ZEZHOU, leg).stage, Stage::Delivered);
        fed.at_once = true;
        fed.settle();
        assert_eq!(fed.leg(CITY, leg).stage, Stage::Delivered, "{lane:?}");
        agreed(&fed, "lanes");
    }
}

#[test]
fn what_follows_on_a_leg_waits_for_the_answer_from_there_and_the_cause_is_kept() {
    let mut fed = Fed::new();
    let matter = fed.at(PROVINCE).take_in();
    let leg = fed.at(PROVINCE).assign(matter, [node(CITY)]).leg();
    let below = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let commits = fed.nodes[&CITY].log.len();
    restored_without_county(&mut fed, commits);
    fed.at(PROVINCE).recall(leg).done();
    assert!(!fed.leg(CITY, leg).is_open(), "the province's word counts");
    assert!(
        fed.leg(CITY, below).is_open(),
        "left to the county's answer"
    );
    fed.mend_nothing();
    fed.connect(CITY, ZEZHOU);
    fed.settle();
    assert!(!fed.leg(ZEZHOU, below).is_open());
    agreed(&fed, "recall");
}

#[test]
fn who_was_compared_with_already_is_asked_again_when_the_epoch_rises_once_more() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let signed = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let commits = fed.nodes[&CITY].log.len();
    // Restored once: only the province learnt of the epoch. Restored again from a disk that knows nothing of it.
    for (id, met) in [([1; 16], PROVINCE), ([2; 16], ZEZHOU)] {
        fed.roll_back(CITY, commits);
        fed.input(CITY, Input::Restored { id });
        fed.input(CITY, Input::Start);
        for peer in fed.neighbours(CITY) {
            fed.cut(CITY, peer);
        }
        fed.connect(CITY, met);
        fed.mend_one_way(CITY, met);
        fed.mend_one_way(met, CITY);
    }
    assert!(
        with(&fed.nodes[&CITY].view, ZEZHOU)
            .expect("memory")
            .is_none()
    );

    // What either end does now is under way when the province tells of the later epoch.
    fed.cut(CITY, ZEZHOU);
    fed.pass(1_000);
    fed.at(ZEZHOU).sign(signed).done();
    let matter = fed.at(CITY).take_in();
    let given = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let before = fed.hello(CITY, ZEZHOU).epoch;
    fed.connect(CITY, PROVINCE);
    assert!(fed.hello(CITY, ZEZHOU).epoch > before);
    for peer in [ZEZHOU, LINGCHUAN] {
        fed.connect(CITY, peer);
    }
    fed.mend();
    assert_eq!(fed.leg(CITY, signed).stage, Stage::Signed);
    assert_eq!(fed.leg(ZEZHOU, given).stage, Stage::Delivered);
    agreed(&fed, "epochs");
}

#[test]
fn a_leg_that_was_closed_long_before_its_taker_took_it_comes_back() {
    let mut fed = Fed::new();
    fed.cut(CITY, ZEZHOU);
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    fed.at(CITY).recall(leg).done();
    fed.pass(48 * HOUR);
    fed.at(ZEZHOU).take_in();
    let commits = fed.nodes[&ZEZHOU].log.len();
    fed.mend();
    assert!(!fed.leg(ZEZHOU, leg).is_open());
    fed.restore(&[(ZEZHOU, commits)]);
    agreed(&fed, "late");
}

#[test]
fn a_far_node_is_asked_whatever_release_it_had_when_it_was_a_neighbour() {
    let mut fed = Fed::new();
    let news = LinkNews::Met {
        epoch: 1,
        wire: 1,
        shown: None,
    };
    fed.input(CITY, Input::Link { peer: NANCUN, news });
    let commits = fed.nodes[&CITY].log.len();
    fed.restore(&[(CITY, commits)]);
    let alarms = &fed.nodes[&CITY].alarms;
    let refused = |text: &String| text.contains("link.version-too-old");
    assert!(!alarms.iter().any(refused), "{alarms:?}");
    agreed(&fed, "releases");
}

/// What a neighbour raised before it heard the question has no effect until its answer is there, and is refused to nobody:
/// the answer brings it, in its place.
#[test]
fn what_is_raised_before_the_answer_is_neither_taken_nor_refused_before_it() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let commits = fed.nodes[&CITY].log.len();
    restored_without_county(&mut fed, commits);
    fed.mend_nothing();
    fed.at_once = false;
    fed.connect(CITY, ZEZHOU);
    let leg = fed.at(ZEZHOU).escalate(matter, "hard-to-solve").leg();
    fed.at_once = true;
    fed.settle();
    let effects = fed.nodes[&CITY].log[commits..]
        .iter()
        .flat_map(|(_, facts)| facts)
        .filter_map(|fact| match fact {
            Fact::Received {
                envelope, effect, ..
            } if envelope.leg == Some(leg) && envelope.author == ZEZHOU => Some(*effect),
            _ => None,
        });
    let effects: Vec<Effect> = effects.collect();
    assert_eq!(effects, [Effect::Void, Effect::Applied]);
    assert_eq!(fed.leg(CITY, leg).stage, Stage::Delivered);
    agreed(&fed, "raised");
}
