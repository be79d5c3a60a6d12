//! Documents on their way down, what is refused, and nodes that move.

mod succession;

use crate::command::Verb;
use crate::kernel::Input;
use crate::kernel::tests::sealing::{in_flight, sealing};
use crate::leg::{Lane, Stage};
use crate::link::{Envelope, Message};
use crate::row::RowKey;
use crate::testing::{
    ALL, CITY, DAY, Fed, HOUR, LINGCHUAN, NANCUN, PROVINCE, XIACUN, ZEZHOU, document, node,
    topology,
};
use crate::ticket::TicketStage;
use crate::view::Rows;
use crate::world::{DocumentKind, Have, Header, Series};
use hotline_topology::{RegionKey, Time};

/// The operator of a node hands a document in.
fn publish(fed: &mut Fed, region: RegionKey, bytes: Vec<u8>) -> Result<(), String> {
    let said = fed.at(region).command(Verb::PublishDocument { bytes });
    said.0.map(drop).map_err(|refusal| refusal.rule.to_owned())
}

fn pack(scope: RegionKey, version: u32, effective_at: Time) -> Header {
    Header {
        series: Series {
            kind: DocumentKind::Pack,
            scope,
            name: "pack".into(),
        },
        version,
        effective_at,
    }
}

/// Everybody says what it has, as after a first connection.
fn meet(fed: &mut Fed) {
    for region in ALL {
        let Some(parent) = fed.nodes[&region].tree.parent(region) else {
            continue;
        };
        for (from, to) in [(region, parent), (parent, region)] {
            let have = Have {
                topology: fed.nodes[&from].tree.version(),
                ..Have::default()
            };
            fed.forge_envelope(from, to, &Message::Have(have), |_| {});
        }
    }
}

fn versions(fed: &Fed) -> Vec<u32> {
    ALL.iter()
        .map(|region| fed.nodes[region].tree.version())
        .collect()
}

#[test]
fn a_version_comes_down_all_links_and_holds_from_its_instant() {
    let mut fed = Fed::new();
    meet(&mut fed);
    let next = fed.moved(&[]);
    let at = fed.now.plus_millis(3 * HOUR);
    publish(&mut fed, PROVINCE, topology(&next, at)).unwrap();
    for region in ALL {
        assert_eq!(fed.documents(region).len(), 1, "{region}");
    }
    assert_eq!(versions(&fed), [1; 7], "not before its instant");
    fed.pass(3 * HOUR - 1);
    assert_eq!(versions(&fed), [1; 7]);
    fed.pass(1);
    assert_eq!(versions(&fed), [2; 7]);
    let parts = |fed: &Fed| {
        let facts = fed.nodes[&CITY].log.iter().flat_map(|(_, facts)| facts);
        facts
            .filter(|fact| matches!(fact, crate::fact::Fact::DocumentPart { .. }))
            .count()
    };
    let before = parts(&fed);
    meet(&mut fed);
    assert_eq!(
        parts(&fed),
        before + 1,
        "an empty hand is filled again, once"
    );
}

#[test]
fn a_node_that_was_cut_off_gets_every_version_when_it_is_back() {
    let mut fed = Fed::new();
    meet(&mut fed);
    fed.cut(CITY, ZEZHOU);
    for _ in 0..3 {
        let (next, now) = (fed.moved(&[]), fed.now);
        publish(&mut fed, PROVINCE, topology(&next, now)).unwrap();
        fed.pass(20 * DAY);
    }
    assert_eq!(versions(&fed), [4, 4, 4, 4, 1, 1, 1]);
    fed.mend();
    assert_eq!(versions(&fed), [4; 7]);
    assert_eq!(fed.documents(NANCUN).len(), 3, "old versions are kept");
}

#[test]
fn what_is_not_signed_by_whom_it_must_be_goes_nowhere() {
    let mut fed = Fed::new();
    meet(&mut fed);
    let (now, next) = (fed.now, fed.moved(&[]));
    let root = PROVINCE;
    let header = |version, effective_at| Header {
        series: Series {
            kind: DocumentKind::Topology,
            scope: root,
            name: String::new(),
        },
        version,
        effective_at,
    };
    let body = next.to_toml();
    let cases: [(&str, Vec<u8>); 5] = [
        ("a tree by a city", document(&header(2, now), CITY, &body)),
        (
            "another region's pack",
            document(&pack(LINGCHUAN, 1, now), ZEZHOU, ""),
        ),
        (
            "a superior's pack",
            document(&pack(CITY, 1, now), ZEZHOU, ""),
        ),
        (
            "a tree that is none",
            document(
                &header(2, now),
                root,
                &body.replacen("parent = \"14", "parent = \"99", 1),
            ),
        ),
        ("noise", vec![7; 40]),
    ];
    for (what, bytes) in cases {
        let error = publish(&mut fed, CITY, bytes).unwrap_err();
        assert_eq!(error, "world.document", "{what}");
    }
    publish(&mut fed, PROVINCE, topology(&next, now)).unwrap();
    let again = publish(&mut fed, PROVINCE, topology(&next, now.plus_millis(1)));
    assert_eq!(again.unwrap_err(), "world.not-newer");
    assert_eq!(
        publish(&mut fed, CITY, vec![0; 7 << 20]).unwrap_err(),
        "world.size"
    );
}

#[test]
fn a_forged_document_on_the_link_is_refused_and_not_passed_on() {
    let mut fed = Fed::new();
    meet(&mut fed);
    let forged = document(&pack(PROVINCE, 1, fed.now), CITY, "");
    let digest = {
        use sha2::Digest as _;
        sha2::Sha256::digest(&forged).into()
    };
    let part = |digest, no, of, bytes: &[u8]| Message::Part {
        digest,
        no,
        of,
        bytes: bytes.to_vec(),
    };
    let lane = |envelope: &mut crate::link::Envelope| envelope.lane = Lane::Ordinary;
    fed.forge_envelope(CITY, ZEZHOU, &part(digest, 0, 1, &forged), lane);
    // Bytes that are not the digest's; parts out of order; from below.
    fed.forge_envelope(CITY, ZEZHOU, &part([9; 32], 0, 1, &forged), lane);
    fed.forge_envelope(CITY, ZEZHOU, &part([8; 32], 1, 2, &forged), lane);
    let honest = document(&pack(NANCUN, 1, fed.now), NANCUN, "");
    fed.forge_envelope(NANCUN, ZEZHOU, &part(digest, 0, 1, &honest), lane);
    for region in ALL {
        assert!(fed.documents(region).is_empty(), "{region}");
        let rows = fed.nodes[&region].view.rows();
        assert_eq!(
            rows.filter(|(key, _)| matches!(key, RowKey::DocumentPart(..)))
                .count(),
            0
        );
    }
    let alarms = &fed.nodes[&ZEZHOU].alarms;
    assert!(
        alarms.iter().any(|alarm| alarm.contains("无权签署")),
        "{alarms:?}"
    );
    assert!(
        fed.nodes[&CITY]
            .alarms
            .iter()
            .any(|alarm| alarm.contains("无权签署"))
    );
}

#[test]
fn a_pack_goes_to_those_whom_it_concerns() {
    let mut fed = Fed::new();
    meet(&mut fed);
    let header = pack(LINGCHUAN, 1, fed.now);
    publish(&mut fed, PROVINCE, document(&header, LINGCHUAN, "")).unwrap();
    let held: Vec<usize> = ALL
        .iter()
        .map(|region| fed.documents(*region).len())
        .collect();
    assert_eq!(held, [1, 1, 1, 1, 0, 0, 0]);
}

#[test]
fn a_neighbour_of_the_older_version_is_sent_none() {
    let mut fed = Fed::new();
    fed.input(
        CITY,
        Input::Link {
            peer: ZEZHOU,
            news: crate::kernel::LinkNews::Met {
                epoch: 1,
                wire: 1,
                shown: None,
            },
        },
    );
    let have = Have::default();
    fed.forge_envelope(ZEZHOU, CITY, &Message::Have(have), |_| {});
    let (next, now) = (fed.moved(&[]), fed.now);
    publish(&mut fed, CITY, topology(&next, now)).unwrap();
    assert!(fed.documents(ZEZHOU).is_empty());
    let upgraded = crate::kernel::LinkNews::Met {
        epoch: 1,
        wire: 2,
        shown: None,
    };
    fed.input(
        CITY,
        Input::Link {
            peer: ZEZHOU,
            news: upgraded,
        },
    );
    fed.forge_envelope(ZEZHOU, CITY, &Message::Have(Have::default()), |_| {});
    assert_eq!(fed.documents(ZEZHOU).len(), 1, "upgraded, it gets them");
}

#[test]
fn old_lists_are_an_alarm_here_and_at_the_neighbours() {
    let mut fed = Fed::new();
    let signed = fed.now;
    fed.nodes.get_mut(&ZEZHOU).unwrap().lists_at = Some(signed);
    fed.nodes.get_mut(&CITY).unwrap().lists_at = Some(signed);
    fed.input(ZEZHOU, Input::Start);
    fed.input(CITY, Input::Start);
    fed.settle();
    fed.pass(14 * DAY);
    let count = |fed: &Fed, region: RegionKey, words: &str| {
        let alarms = fed.nodes[&region].alarms.iter();
        alarms
            .filter(|alarm| alarm.contains("吊销列表") && alarm.contains(words))
            .count()
    };
    assert_eq!(count(&fed, ZEZHOU, "天没有更新"), 0);
    fed.cut(CITY, ZEZHOU);
    fed.pass(7 * DAY);
    assert!(count(&fed, ZEZHOU, &ZEZHOU.to_string()) > 0);
    assert!(
        count(&fed, CITY, &ZEZHOU.to_string()) > 0,
        "its age shows above, too"
    );
    // It works on: people are served, and nothing was cut.
    let matter = fed.at(ZEZHOU).take_in();
    assert_eq!(fed.ticket(ZEZHOU, matter).stage, TicketStage::Open);
}

/// Work of a township that moves from one county to the other, with messages under way when either takes the change up.
fn crossing(cut: &[(RegionKey, RegionKey)], later: i64) {
    let mut fed = Fed::new();
    meet(&mut fed);
    let matter = fed.at(CITY).take_in();
    let county = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let township = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.at(NANCUN).sign(township).done();
    for (one, other) in cut {
        fed.cut(*one, *other);
    }
    let next = fed.moved(&[(NANCUN, LINGCHUAN)]);
    let at = fed.now.plus_millis(later);
    publish(&mut fed, PROVINCE, topology(&next, at)).unwrap();
    fed.at(NANCUN).submit_result(township, "solved").done();
    let due = fed.now.plus_millis(DAY);
    fed.at(ZEZHOU).set_due(township, due).done();
    fed.pass(later + HOUR);
    fed.mend();
    fed.pass(HOUR);
    assert_eq!(versions(&fed), [2; 7]);
    // New neighbours say hello; from then on everything passes.
    say_hello(&mut fed, NANCUN, LINGCHUAN);
    assert_eq!(
        fed.leg(ZEZHOU, township).giver(),
        ZEZHOU,
        "who gives and takes stays"
    );
    assert!(
        fed.leg(ZEZHOU, township).open_request().is_some(),
        "the result arrived ({cut:?}, {later}): {:?} {:?}",
        fed.nodes[&ZEZHOU].alarms,
        fed.nodes[&NANCUN].alarms
    );
    fed.at(ZEZHOU).grant(township, 1).done();
    assert!(matches!(fed.leg(NANCUN, township).stage, Stage::Closed(_)));
    assert_eq!(fed.leg(NANCUN, township).due, fed.leg(ZEZHOU, township).due);
    fed.at(ZEZHOU).submit_result(county, "solved").done();
    fed.at(CITY).grant(county, 1).done();
    assert!(!fed.leg(CITY, county).is_open());
    // A new leg, given by the new superior's superior, travels the new way.
    let other = fed.at(CITY).take_in();
    let direct = fed.at(CITY).assign(other, [node(LINGCHUAN)]).leg();
    let down = fed.at(LINGCHUAN).assign(other, [node(NANCUN)]).leg();
    assert_eq!(fed.leg(LINGCHUAN, down).stage, Stage::Delivered);
    assert!(fed.leg(CITY, direct).is_open());
    // The parted ends forgot their link, and nothing waits anywhere.
    for (one, other) in [(ZEZHOU, NANCUN), (NANCUN, ZEZHOU)] {
        let link = fed.nodes[&one].view.link(other).unwrap();
        assert_eq!(link, crate::link::LinkState::new(other), "{one} {other}");
    }
    assert!(fed.waiting().is_empty());
    for region in ALL {
        let rows = fed.nodes[&region].view.rows();
        let kept = rows
            .filter(|(key, _)| matches!(key, RowKey::Kept(_)))
            .count();
        assert_eq!(kept, 0, "{region}: {:?}", fed.nodes[&region].alarms);
    }
}

#[test]
fn a_township_moves_and_its_legs_stay() {
    crossing(&[], 0);
    crossing(&[], 2 * HOUR);
}

#[test]
fn a_township_moves_while_its_link_is_down() {
    for later in [0, 2 * HOUR] {
        crossing(&[(ZEZHOU, NANCUN)], later);
        crossing(&[(CITY, ZEZHOU)], later);
        crossing(&[(CITY, LINGCHUAN)], later);
        crossing(&[(PROVINCE, CITY)], later);
        crossing(&[(CITY, LINGCHUAN), (ZEZHOU, NANCUN)], later);
    }
}

/// A moved township's message comes to its former parent the new way, before the parent knows the tree that has it.
#[test]
fn what_comes_by_a_way_of_a_tree_not_yet_known_waits_for_it() {
    let mut fed = Fed::new();
    meet(&mut fed);
    let matter = fed.at(ZEZHOU).take_in();
    let township = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.cut(ZEZHOU, NANCUN);
    fed.at(NANCUN).sign(township).done();
    let lane = fed.leg(NANCUN, township).offer.lane;
    let seq = fed.nodes[&NANCUN].view.link(ZEZHOU).unwrap().lanes[lane.index()].sent;
    let signed = fed.outgoing(NANCUN, ZEZHOU, lane, seq).unwrap();
    fed.at_once = false;
    fed.forge_envelope(CITY, ZEZHOU, &Message::Have(Have::default()), |envelope| {
        *envelope = Envelope {
            route: vec![NANCUN, LINGCHUAN, CITY],
            ..signed
        };
    });
    let waits = |fed: &Fed| {
        let mut rows = fed.nodes[&ZEZHOU].view.rows();
        rows.any(|(key, _)| matches!(key, RowKey::Kept(_)))
    };
    assert!(waits(&fed), "{:?}", fed.nodes[&ZEZHOU].alarms);
    assert_eq!(fed.leg(ZEZHOU, township).stage, Stage::Delivered);
    let (next, now) = (fed.moved(&[(NANCUN, LINGCHUAN)]), fed.now);
    publish(&mut fed, CITY, topology(&next, now)).unwrap();
    fed.at_once = true;
    fed.settle();
    assert!(!waits(&fed));
    assert_eq!(fed.leg(ZEZHOU, township).stage, Stage::Signed);
}

/// What was written to a neighbour goes on as a far node's: its addressee may have the key no longer that it is sealed to,
/// and asks for the copy.
#[test]
fn what_goes_the_new_way_is_kept_until_it_arrives() {
    let mut fed = sealing();
    meet(&mut fed);
    let matter = fed.at(ZEZHOU).take_in();
    let township = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.cut(ZEZHOU, NANCUN);
    fed.at(NANCUN).sign(township).done();
    let (next, now) = (fed.moved(&[(NANCUN, LINGCHUAN)]), fed.now);
    publish(&mut fed, CITY, topology(&next, now)).unwrap();
    fed.settle();
    let have = Have {
        topology: 2,
        ..Have::default()
    };
    fed.mend();
    fed.cut(LINGCHUAN, NANCUN);
    fed.forge_envelope(ZEZHOU, NANCUN, &Message::Have(have), |_| {});
    fed.pass(HOUR);
    let copies = in_flight(&fed, NANCUN);
    assert!(
        copies
            .iter()
            .any(|kept| kept.envelope.leg == Some(township)),
        "{copies:?} {:?}",
        versions(&fed)
    );
    fed.mend();
    for (one, other) in [(NANCUN, LINGCHUAN), (LINGCHUAN, NANCUN)] {
        let news = crate::kernel::LinkNews::Met {
            epoch: 1,
            wire: 2,
            shown: None,
        };
        fed.input(one, Input::Link { peer: other, news });
    }
    fed.pass(HOUR);
    assert_eq!(fed.leg(ZEZHOU, township).stage, Stage::Signed);
    assert_eq!(in_flight(&fed, NANCUN), []);
}

/// A township comes back to the county that gave it work. The other county knows that it has left before it gets what is
/// still on its way there.
/// Two that are neighbours now meet; from then on everything passes.
fn say_hello(fed: &mut Fed, one: RegionKey, other: RegionKey) {
    for (me, peer) in [(one, other), (other, one)] {
        let news = crate::kernel::LinkNews::Met {
            epoch: 1,
            wire: 2,
            shown: None,
        };
        fed.input(me, Input::Link { peer, news });
    }
    fed.settle();
}

#[test]
fn what_was_on_its_way_when_its_addressee_moved_turns_round() {
    let mut fed = Fed::new();
    meet(&mut fed);
    let matter = fed.at(ZEZHOU).take_in();
    let township = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    let go = |fed: &mut Fed, under: RegionKey| {
        let (next, now) = (fed.moved(&[(NANCUN, under)]), fed.now);
        publish(fed, CITY, topology(&next, now)).unwrap();
    };
    go(&mut fed, LINGCHUAN);
    say_hello(&mut fed, NANCUN, LINGCHUAN);
    fed.at_once = false;
    let due = fed.now.plus_millis(DAY);
    fed.at(ZEZHOU).set_due(township, due).done();
    let lane = fed.leg(ZEZHOU, township).offer.lane;
    fed.deliver(ZEZHOU, CITY, lane);
    let held = (CITY, LINGCHUAN, lane);
    assert!(fed.waiting().contains(&held));
    go(&mut fed, ZEZHOU);
    loop {
        let mut waiting = fed.waiting();
        waiting.retain(|at| *at != held);
        if waiting.is_empty() {
            break;
        }
        for (from, to, lane) in waiting {
            fed.deliver(from, to, lane);
        }
    }
    fed.at_once = true;
    say_hello(&mut fed, NANCUN, ZEZHOU);
    assert!(fed.waiting().is_empty());
    for region in ALL {
        let mut rows = fed.nodes[&region].view.rows();
        let kept = rows.any(|(key, _)| matches!(key, RowKey::Kept(_)));
        assert!(!kept, "{region}: {:?}", fed.nodes[&region].alarms);
    }
    assert_eq!(fed.leg(NANCUN, township).due, fed.leg(ZEZHOU, township).due);
}

#[test]
fn a_link_ends_though_the_word_of_it_came_before_the_version() {
    let mut fed = Fed::new();
    meet(&mut fed);
    let (next, now) = (fed.moved(&[(NANCUN, LINGCHUAN)]), fed.now);
    // The old parent is the last to know; the word comes to it by the new way, from a side that it does not expect.
    for region in [NANCUN, LINGCHUAN] {
        publish(&mut fed, region, topology(&next, now)).unwrap();
    }
    say_hello(&mut fed, NANCUN, LINGCHUAN);
    assert_eq!(fed.nodes[&ZEZHOU].tree.version(), 1);
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    publish(&mut fed, CITY, topology(&next, now)).unwrap();
    fed.settle();
    assert_eq!(fed.nodes[&ZEZHOU].tree.version(), next.version());
    let link = fed.nodes[&ZEZHOU].view.link(NANCUN).unwrap();
    assert_eq!(link, crate::link::LinkState::new(NANCUN));
    assert_eq!(fed.leg(NANCUN, leg).stage, Stage::Delivered);
}

#[test]
fn figures_written_under_the_older_tree_are_taken_under_the_newer() {
    let mut fed = Fed::new();
    meet(&mut fed);
    fed.cut(CITY, ZEZHOU);
    fed.at(NANCUN).take_in();
    fed.at(ZEZHOU).take_in();
    fed.pass(HOUR);
    let next = fed.moved(&[(NANCUN, LINGCHUAN)]);
    let now = fed.now;
    publish(&mut fed, CITY, topology(&next, now)).unwrap();
    fed.mend();
    fed.pass(HOUR);
    let facts = fed.nodes[&CITY].log.iter().flat_map(|(_, facts)| facts);
    let refused = facts.filter(|fact| match fact {
        crate::fact::Fact::Consumed { outcome, .. } => {
            matches!(outcome, crate::link::Consumption::Refused { .. })
        }
        _ => false,
    });
    assert_eq!(
        refused.collect::<Vec<_>>(),
        Vec::<&crate::fact::Fact>::new()
    );
}

#[test]
fn a_node_comes_back_under_its_first_parent() {
    let mut fed = Fed::new();
    meet(&mut fed);
    for to in [LINGCHUAN, ZEZHOU, LINGCHUAN] {
        let (next, now) = (fed.moved(&[(XIACUN, to)]), fed.now);
        publish(&mut fed, PROVINCE, topology(&next, now)).unwrap();
        fed.pass(HOUR);
        for (one, other) in [(XIACUN, to), (to, XIACUN)] {
            let news = crate::kernel::LinkNews::Met {
                epoch: 1,
                wire: 2,
                shown: None,
            };
            fed.input(one, Input::Link { peer: other, news });
        }
        fed.settle();
        let matter = fed.at(to).take_in();
        let leg = fed.at(to).assign(matter, [node(XIACUN)]).leg();
        assert_eq!(fed.leg(to, leg).stage, Stage::Delivered, "{to}");
    }
}
