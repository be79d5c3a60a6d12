//! A disk put back in secret whose node acted on before it met anybody: two pasts of one leg.

use super::*;
use crate::command::Verb;
use crate::leg::Request;

/// What a node does in one of its pasts; what its rules refuse it leaves.
type Deed = (&'static str, fn(&mut Fed, LegId));

const TAKERS: [Deed; 6] = [
    ("nothing", |_, _| {}),
    ("sign", |fed, leg| drop(fed.at(ZEZHOU).sign(leg))),
    ("progress", |fed, leg| {
        fed.at(ZEZHOU).sign(leg).done();
        drop(fed.at(ZEZHOU).progress(leg, "contacted"));
    }),
    ("result", |fed, leg| {
        fed.at(ZEZHOU).sign(leg).done();
        drop(fed.at(ZEZHOU).submit_result(leg, "solved"));
    }),
    ("extension", |fed, leg| {
        fed.at(ZEZHOU).sign(leg).done();
        drop(fed.at(ZEZHOU).ask_extension(leg, 2));
    }),
    ("return", |fed, leg| {
        drop(fed.at(ZEZHOU).ask_return(leg, "not-our-duty", "三定方案"));
    }),
];

const GIVERS: [Deed; 7] = [
    ("nothing", |_, _| {}),
    ("grant", |fed, leg| drop(fed.at(CITY).grant(leg, 1))),
    ("deny", |fed, leg| drop(fed.at(CITY).deny(leg, 1))),
    ("due", |fed, leg| due(fed, leg, -HOUR)),
    ("other due", |fed, leg| due(fed, leg, -2 * HOUR)),
    ("recall", |fed, leg| drop(fed.at(CITY).recall(leg))),
    ("order", |fed, leg| {
        drop(fed.at(CITY).supervise(leg, "overdue"));
    }),
];

fn due(fed: &mut Fed, leg: LegId, by: i64) {
    let due = fed.leg(CITY, leg).due.at.plus_millis(by);
    drop(fed.at(CITY).set_due(leg, due));
}

/// A node does the first, is put back to before it in secret, does the second, and is opened again by a person. What its
/// superior does follows on a result.
fn fork(at: RegionKey, first: &Deed, second: &Deed) -> (Fed, LegId) {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    if at == CITY {
        fed.at(ZEZHOU).submit_result(leg, "solved").done();
    }
    fed.settle();
    let commits = fed.nodes[&at].log.len();
    first.1(&mut fed, leg);
    fed.settle();
    let peers = fed.neighbours(at);
    peers.iter().for_each(|peer| fed.cut(at, *peer));
    fed.roll_back(at, commits);
    fed.pass(120_000);
    second.1(&mut fed, leg);
    for peer in &peers {
        fed.meet(at, *peer);
        fed.meet(*peer, at);
    }
    let blocked = |peer: &&RegionKey| {
        let link = fed.nodes[&at].view.link(**peer).expect("memory");
        link.blocked.is_some()
    };
    if let Some(peer) = peers.iter().find(blocked).copied() {
        fed.at(at).command(Verb::ReopenLink { peer }).done();
    }
    peers.iter().for_each(|peer| fed.connect(at, *peer));
    fed.mend();
    fed.settle();
    (fed, leg)
}

/// The contract without times: what was done in both pasts happened at two.
fn outcome(leg: &Leg) -> Leg {
    let request = leg.request.clone().map(|request| Request {
        at: Time(0),
        ..request
    });
    Leg {
        signed_at: None,
        closed_at: None,
        progress: None,
        request,
        ..contract(leg)
    }
}

#[test]
fn a_leg_with_two_pasts_is_named_wherever_its_ends_may_differ() {
    let pairs = |deeds: &'static [Deed]| {
        let pair = move |one| deeds.iter().map(move |other| (one, other));
        deeds.iter().flat_map(pair)
    };
    let takers = pairs(&TAKERS).map(|(one, other)| (ZEZHOU, one, other));
    let givers = pairs(&GIVERS).map(|(one, other)| (CITY, one, other));
    let mut differing = 0;
    for (at, first, second) in takers.chain(givers) {
        let case = format!("{at}: {}, then {}", first.0, second.0);
        let (fed, leg) = fork(at, first, second);
        let ends = [CITY, ZEZHOU].map(|end| outcome(&fed.leg(end, leg)));
        let named: Vec<_> = missing(&fed, at)
            .into_iter()
            .filter(|missing| missing.kind == MissingKind::Forked)
            .map(|missing| missing.matter)
            .collect();
        if [first.0, second.0].contains(&"nothing") {
            assert_eq!(named, [], "{case}");
            assert_eq!(ends[0], ends[1], "{case}");
        }
        if ends[0] != ends[1] {
            differing += 1;
            assert_eq!(named, [Some(ends[0].matter())], "{case}");
        }
        assert!(under_way(&fed.nodes[&at].view).expect("memory").is_empty());
    }
    assert!(differing > 15, "{differing}");
}
