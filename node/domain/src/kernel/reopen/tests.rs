use crate::command::Verb;
use crate::id::LegId;
use crate::kernel::{Input, LinkNews};
use crate::leg::Stage;
use crate::link::Verdict;
use crate::testing::{CITY, Fed, LINGCHUAN, PROVINCE, ZEZHOU, node, unit};

fn reopen_both(fed: &mut Fed) {
    fed.at(PROVINCE)
        .command(Verb::ReopenLink { peer: CITY })
        .done();
    fed.at(CITY)
        .command(Verb::ReopenLink { peer: PROVINCE })
        .done();
}

#[test]
fn a_taker_restored_from_a_backup_has_its_legs_back_when_both_ends_reopen() {
    let mut fed = Fed::new();
    let kept = fed.at(PROVINCE).take_in();
    let kept = fed.at(PROVINCE).assign(kept, [node(CITY)]).leg();
    let backup = fed.nodes[&CITY].clone();
    let matter = fed.at(PROVINCE).take_in();
    let lost = fed.at(PROVINCE).assign(matter, [node(CITY)]).leg();
    fed.at(CITY).sign(lost).done();
    fed.at(CITY).sign(kept).done();
    fed.nodes.insert(CITY, backup);
    fed.cut(PROVINCE, CITY);
    let waiting = fed.at(PROVINCE).take_in();
    let waiting = fed.at(PROVINCE).assign(waiting, [node(CITY)]).leg();

    assert!(matches!(
        fed.meet(PROVINCE, CITY),
        Verdict::PeerRolledBack(_)
    ));
    assert!(matches!(
        fed.meet(CITY, PROVINCE),
        Verdict::SelfRolledBack(_)
    ));
    assert_eq!(fed.hello(CITY, PROVINCE).epoch, 2);
    fed.meet(CITY, PROVINCE);
    assert_eq!(fed.hello(CITY, PROVINCE).epoch, 2, "raised once");

    for peer in [ZEZHOU, LINGCHUAN] {
        fed.cut(CITY, peer);
    }
    reopen_both(&mut fed);
    for peer in [PROVINCE, ZEZHOU, LINGCHUAN] {
        fed.connect(CITY, peer);
    }
    fed.mend();
    for side in [CITY, PROVINCE] {
        assert_eq!(fed.leg(side, lost).stage, Stage::Signed, "{side}");
        assert_eq!(fed.leg(side, kept).stage, Stage::Signed, "{side}");
    }
    assert_eq!(fed.leg(CITY, waiting).stage, Stage::Delivered);
    let fields = &fed.ticket(CITY, matter).fields;
    assert_eq!(fields.len(), fed.leg(CITY, lost).offer.content.len());
    assert!(fields.iter().all(|field| !field.ciphertext.is_empty()));

    fed.at(CITY).submit_result(lost, "solved").done();
    fed.at(PROVINCE).grant(lost, 1).done();
    assert!(!fed.leg(CITY, lost).is_open() && !fed.leg(PROVINCE, lost).is_open());
    assert_eq!(fed.meet(PROVINCE, CITY), Verdict::Fits);
    assert_eq!(fed.meet(CITY, PROVINCE), Verdict::Fits);
}

#[test]
fn what_waited_is_numbered_anew_and_arrives_once_in_order() {
    let mut fed = Fed::new();
    let before = fed.at(CITY).take_in();
    fed.at(CITY).escalate(before, "beyond-authority").done();
    fed.cut(PROVINCE, CITY);
    let why = "两份副本".to_owned();
    for (me, peer) in [(PROVINCE, CITY), (CITY, PROVINCE)] {
        let news = LinkNews::PeerRolledBack { why: why.clone() };
        fed.input(me, Input::Link { peer, news });
    }
    let matter = fed.at(PROVINCE).take_in();
    let leg = fed.at(PROVINCE).assign(matter, [node(CITY)]).leg();
    let due = fed.leg(PROVINCE, leg).due.at.plus_millis(-3_600_000);
    fed.at(PROVINCE).set_due(leg, due).done();
    reopen_both(&mut fed);
    let lanes = fed.hello(PROVINCE, CITY).lanes;
    assert!(
        lanes
            .iter()
            .all(|lane| lane.acked == 0 && lane.received == 0)
    );
    assert_eq!(fed.meet(CITY, PROVINCE), Verdict::Fits);
    fed.mend();
    assert_eq!(fed.leg(CITY, leg).due.at, due);
    assert_eq!(fed.ticket(CITY, matter).incoming_all, [leg]);
}

#[test]
fn only_a_refused_link_is_reopened_and_others_are_left_alone() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let legs: [LegId; 2] = fed
        .at(CITY)
        .assign(matter, [node(ZEZHOU), node(LINGCHUAN)])
        .legs();
    let own = fed.at(CITY).take_in();
    fed.at(CITY).assign(own, [unit(CITY, "水务集团")]).0.ok();
    fed.at(CITY)
        .command(Verb::ReopenLink { peer: ZEZHOU })
        .fails("link.not-blocked");
    let news = LinkNews::PeerRolledBack {
        why: "旧备份".to_owned(),
    };
    fed.input(CITY, Input::Link { peer: ZEZHOU, news });
    let other = fed.hello(CITY, LINGCHUAN);
    fed.cut(CITY, ZEZHOU);
    fed.at(CITY)
        .command(Verb::ReopenLink { peer: ZEZHOU })
        .done();
    assert_eq!(fed.hello(CITY, LINGCHUAN), other);
    let why = "旧备份".to_owned();
    let news = LinkNews::PeerRolledBack { why };
    fed.input(ZEZHOU, Input::Link { peer: CITY, news });
    fed.at(ZEZHOU)
        .command(Verb::ReopenLink { peer: CITY })
        .done();
    fed.connect(CITY, ZEZHOU);
    fed.mend();
    for leg in legs {
        assert_eq!(fed.leg(CITY, leg).stage, Stage::Delivered);
    }
}
