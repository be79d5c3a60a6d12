use super::*;
use crate::command::Verb;
use crate::kernel::{Input, LinkNews};
use crate::leg::Stage;
use crate::link::{Hello, Verdict, WIRE_OLDEST, WIRE_VERSION, judge};
use crate::testing::{CITY, Fed, LINGCHUAN, PROVINCE, ZEZHOU, node, unit};
use hotline_topology::Time;

/// What a node would say to its neighbour now.
fn hello(fed: &Fed, from: RegionKey, to: RegionKey) -> Hello {
    let view = &fed.nodes[&from].view;
    let link = view.link(to).expect("memory");
    Hello {
        wire_version: WIRE_VERSION,
        wire_oldest: WIRE_OLDEST,
        region: from,
        epoch: view.node().expect("memory").epoch,
        peer_epoch: link.peer_epoch,
        topology_version: 1,
        time: Time(0),
        lanes: link.lanes,
    }
}

/// What `me` makes of its neighbour's hello, and tells its kernel.
fn meet(fed: &mut Fed, me: RegionKey, peer: RegionKey) -> Verdict {
    let said = hello(fed, peer, me);
    let view = &fed.nodes[&me].view;
    let outbox = |lane, seq| match view.get(&RowKey::Outbox(peer, lane, seq)) {
        Ok(Some(Row::Outbox(_, hash))) => Some(hash),
        _ => None,
    };
    let link = view.link(peer).expect("memory");
    let epoch = view.node().expect("memory").epoch;
    let verdict = judge(epoch, &link, &outbox, &said);
    let news = match verdict.clone() {
        Verdict::Fits => LinkNews::Met {
            epoch: said.epoch,
            wire: WIRE_VERSION,
        },
        Verdict::PeerRolledBack(why) => LinkNews::PeerRolledBack { why },
        Verdict::SelfRolledBack(why) => LinkNews::SelfRolledBack {
            why,
            seen_epoch: said.peer_epoch,
        },
        Verdict::WireVersion { .. } => panic!("one version"),
    };
    fed.input(me, Input::Link { peer, news });
    verdict
}

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
        meet(&mut fed, PROVINCE, CITY),
        Verdict::PeerRolledBack(_)
    ));
    assert!(matches!(
        meet(&mut fed, CITY, PROVINCE),
        Verdict::SelfRolledBack(_)
    ));
    assert_eq!(hello(&fed, CITY, PROVINCE).epoch, 2);
    meet(&mut fed, CITY, PROVINCE);
    assert_eq!(hello(&fed, CITY, PROVINCE).epoch, 2, "raised once");

    reopen_both(&mut fed);
    assert_eq!(meet(&mut fed, PROVINCE, CITY), Verdict::Fits);
    assert_eq!(meet(&mut fed, CITY, PROVINCE), Verdict::Fits);
    fed.mend();
    assert_eq!(
        fed.leg(CITY, lost).stage,
        Stage::Delivered,
        "back, to be signed again"
    );
    assert_eq!(
        fed.leg(PROVINCE, lost).stage,
        Stage::Signed,
        "what was seen stays seen"
    );
    assert_eq!(fed.leg(CITY, waiting).stage, Stage::Delivered);
    let fields = &fed.ticket(CITY, matter).fields;
    assert_eq!(fields.len(), fed.leg(CITY, lost).offer.content.len());
    assert!(fields.iter().all(|field| !field.ciphertext.is_empty()));

    fed.at(CITY).submit_result(lost, "solved").done();
    fed.at(PROVINCE).grant(lost, 1).done();
    assert!(!fed.leg(CITY, lost).is_open() && !fed.leg(PROVINCE, lost).is_open());
    assert_eq!(meet(&mut fed, PROVINCE, CITY), Verdict::Fits);
    assert_eq!(meet(&mut fed, CITY, PROVINCE), Verdict::Fits);
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
    let lanes = hello(&fed, PROVINCE, CITY).lanes;
    assert!(
        lanes
            .iter()
            .all(|lane| lane.acked == 0 && lane.received == 0)
    );
    assert_eq!(meet(&mut fed, CITY, PROVINCE), Verdict::Fits);
    fed.mend();
    assert_eq!(fed.leg(CITY, leg).due.at, due);
    assert_eq!(fed.ticket(CITY, matter).incoming_all, [leg]);
    let alarms = &fed.nodes[&PROVINCE].alarms;
    assert!(
        alarms
            .iter()
            .any(|text| text.contains("1 件未结交办来自对方")),
        "the upward leg is the city's to remember: {alarms:?}"
    );
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
    let other = hello(&fed, CITY, LINGCHUAN);
    fed.cut(CITY, ZEZHOU);
    fed.at(CITY)
        .command(Verb::ReopenLink { peer: ZEZHOU })
        .done();
    assert_eq!(hello(&fed, CITY, LINGCHUAN), other);
    let again: Vec<_> = Lane::ALL
        .iter()
        .filter_map(|lane| fed.outgoing(CITY, ZEZHOU, *lane, 1))
        .collect();
    assert_eq!(again.len(), 1);
    assert!(legs.contains(&again[0].leg.expect("an offer")));
}
