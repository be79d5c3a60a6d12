use crate::command::Verb;
use crate::id::LegId;
use crate::kernel::{Input, LinkNews};
use crate::leg::Stage;
use crate::link::Verdict;
use crate::testing::{CITY, Fed, LINGCHUAN, PROVINCE, ZEZHOU, node, unit};
use hotline_topology::RegionKey;

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
    let raised = fed.hello(CITY, PROVINCE).epoch;
    assert!(raised > 1);
    fed.meet(CITY, PROVINCE);
    assert_eq!(fed.hello(CITY, PROVINCE).epoch, raised, "raised once");

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
    let other = fed.hello(CITY, LINGCHUAN).lanes;
    fed.cut(CITY, ZEZHOU);
    fed.at(CITY)
        .command(Verb::ReopenLink { peer: ZEZHOU })
        .done();
    assert_eq!(fed.hello(CITY, LINGCHUAN).lanes, other);
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

/// Started, and met by every neighbour.
fn start(fed: &mut Fed, region: RegionKey) {
    fed.input(region, Input::Start);
    for peer in fed.neighbours(region) {
        fed.connect(region, peer);
    }
}

#[test]
fn a_disk_that_lost_only_what_its_node_did_by_itself_is_noticed_at_the_hello() {
    let mut fed = Fed::new();
    start(&mut fed, CITY);
    let backup = fed.nodes[&CITY].log.len();
    let own = fed.at(CITY).take_in();
    let lanes = |fed: &Fed| {
        (
            fed.hello(CITY, PROVINCE).lanes,
            fed.hello(PROVINCE, CITY).lanes,
        )
    };
    let before = lanes(&fed);
    // A hello counts the intake.
    fed.connect(CITY, PROVINCE);
    fed.roll_back(CITY, backup);
    fed.input(CITY, Input::Start);
    assert_eq!(lanes(&fed), before, "the lanes show nothing of it");

    let (mine, theirs) = (fed.hello(CITY, PROVINCE), fed.hello(PROVINCE, CITY));
    assert!(matches!(
        fed.hear(PROVINCE, &mine),
        Verdict::PeerRolledBack(_)
    ));
    assert!(matches!(
        fed.hear(CITY, &theirs),
        Verdict::SelfRolledBack(_)
    ));
    assert!(fed.hello(CITY, PROVINCE).epoch > 1);

    // One person at the node whose disk it was settles it with everybody.
    for peer in fed.neighbours(CITY) {
        fed.cut(CITY, peer);
    }
    fed.at(CITY)
        .command(Verb::ReopenLink { peer: PROVINCE })
        .done();
    for peer in fed.neighbours(CITY) {
        fed.connect(CITY, peer);
    }
    fed.mend();
    let again = fed.at(CITY).take_in();
    assert_ne!(again, own);
    let leg = fed.at(CITY).assign(again, [node(ZEZHOU)]).leg();
    assert_eq!(fed.leg(ZEZHOU, leg).stage, Stage::Delivered);
}

#[test]
fn a_copy_started_beside_its_original_is_stopped_at_its_first_hello() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    start(&mut fed, ZEZHOU);
    let folder = fed.nodes[&ZEZHOU].clone();
    // The original comes back from the stop in which its folder was copied, and does nothing else.
    start(&mut fed, ZEZHOU);
    let original = fed.nodes.insert(ZEZHOU, folder).expect("a node");
    fed.input(ZEZHOU, Input::Start);
    let (copys, citys) = (fed.hello(ZEZHOU, CITY), fed.hello(CITY, ZEZHOU));
    assert_eq!(
        copys.past.starts.count,
        citys.shown.expect("a hello").starts
    );
    let found = fed.hear(CITY, &copys);
    assert!(
        matches!(&found, Verdict::PeerRolledBack(why) if why.contains("启动") && why.contains("副本")),
        "{found:?}"
    );
    assert!(matches!(
        fed.hear(ZEZHOU, &citys),
        Verdict::SelfRolledBack(_)
    ));

    // The copy is switched off. Nothing speaks against the original, so people begin at the end that refuses it.
    fed.nodes.insert(ZEZHOU, original);
    fed.cut(CITY, ZEZHOU);
    fed.at(ZEZHOU)
        .command(Verb::ReopenLink { peer: CITY })
        .fails("link.not-blocked");
    fed.at(CITY)
        .command(Verb::ReopenLink { peer: ZEZHOU })
        .done();
    let found = fed.meet(ZEZHOU, CITY);
    assert!(matches!(found, Verdict::PeerRolledBack(_)), "{found:?}");
    fed.at(ZEZHOU)
        .command(Verb::ReopenLink { peer: CITY })
        .done();
    fed.connect(CITY, ZEZHOU);
    fed.mend();
    fed.at(ZEZHOU).sign(leg).done();
    assert_eq!(fed.leg(CITY, leg).stage, Stage::Signed);
}

#[test]
fn what_was_shown_stays_until_the_lanes_start_again() {
    let mut fed = Fed::new();
    start(&mut fed, ZEZHOU);
    let shown = |fed: &Fed| fed.hello(CITY, ZEZHOU).shown;
    let first = shown(&fed).expect("a hello");
    assert_eq!(
        Some(first),
        fed.hello(ZEZHOU, CITY)
            .past
            .shown()
            .map(|now| crate::link::Shown {
                log_no: first.log_no,
                ..now
            })
    );
    // Its lanes are used, its dials fail, a release that tells nothing greets in its name, the node itself starts again.
    let matter = fed.at(CITY).take_in();
    fed.at(CITY).assign(matter, [node(ZEZHOU)]).0.ok();
    fed.input(
        CITY,
        Input::Link {
            peer: ZEZHOU,
            news: LinkNews::DialFailed,
        },
    );
    let news = LinkNews::Met {
        epoch: 1,
        wire: 1,
        shown: None,
    };
    fed.input(CITY, Input::Link { peer: ZEZHOU, news });
    fed.input(CITY, Input::Start);
    assert_eq!(shown(&fed), Some(first));
    // And the log alone says so.
    let commits = fed.nodes[&CITY].log.len();
    assert_eq!(fed.hello(CITY, ZEZHOU).past.log_no, commits as u64);
    fed.roll_back(CITY, commits);
    assert_eq!(shown(&fed), Some(first));
    // Restored on purpose, it rightly shows less.
    let news = LinkNews::PeerRestarted { epoch: 2 };
    fed.input(CITY, Input::Link { peer: ZEZHOU, news });
    assert_eq!(shown(&fed), None);
}
