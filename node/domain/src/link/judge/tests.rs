use super::*;
use crate::link::extend;
use hotline_topology::{RegionKey, Time};
use proptest::prelude::*;

const HERE: RegionKey = RegionKey::literal("210100000000");
const THERE: RegionKey = RegionKey::literal("210000000000");

/// The running hash after so many envelopes of one history; `fork` names another history with the same numbers.
fn hash(fork: u8, lane: Lane, seq: u64) -> [u8; 32] {
    (1..=seq).fold([0; 32], |running, seq| {
        extend(running, seq, [fork * 16 + lane.index() as u8; 32])
    })
}

fn state(fork: u8, lane: Lane, sent: u64, acked: u64, received: u64) -> LaneState {
    LaneState {
        sent,
        sent_hash: hash(fork, lane, sent),
        acked,
        acked_hash: hash(fork, lane, acked),
        received,
        received_hash: hash(fork, lane, received),
    }
}

fn link(lanes: [LaneState; 3]) -> LinkState {
    LinkState {
        peer_epoch: 4,
        lanes,
        ..LinkState::new(THERE)
    }
}

fn hello(lanes: [LaneState; 3]) -> Hello {
    Hello {
        wire_version: WIRE_VERSION,
        wire_oldest: WIRE_OLDEST,
        region: THERE,
        epoch: 4,
        peer_epoch: 2,
        topology_version: 1,
        time: Time(0),
        lanes,
        restarting: false,
        past: Past::default(),
        shown: None,
        refused: false,
    }
}

/// Here: sent 9, acknowledged 5, received 7. There: received 6 of the 9, sent 8, acknowledged 7.
fn ours() -> [LaneState; 3] {
    Lane::ALL.map(|lane| state(0, lane, 9, 5, 7))
}

fn theirs() -> [LaneState; 3] {
    Lane::ALL.map(|lane| state(0, lane, 8, 7, 6))
}

fn judged(ours: [LaneState; 3], hello: &Hello) -> Verdict {
    judge(
        2,
        &Past::default(),
        &link(ours),
        &|lane, seq| Some(hash(0, lane, seq)),
        hello,
    )
}

#[derive(Debug, PartialEq)]
enum Blame {
    Nobody,
    Here,
    There,
}

fn blame(verdict: &Verdict) -> Blame {
    match verdict {
        Verdict::Fits => Blame::Nobody,
        Verdict::SelfRolledBack(_) => Blame::Here,
        Verdict::PeerRolledBack(_) => Blame::There,
        Verdict::PeerRestarted | Verdict::NotYet => panic!("nobody announced a restart"),
        Verdict::WireVersion { .. } => panic!("not about versions"),
    }
}

#[test]
fn an_honest_hello_fits_and_so_do_two_strangers() {
    assert_eq!(judged(ours(), &hello(theirs())), Verdict::Fits);
    let fresh = LinkState::new(THERE);
    let first = Hello {
        epoch: 1,
        peer_epoch: 0,
        ..hello([LaneState::default(); 3])
    };
    assert_eq!(
        judge(1, &Past::default(), &fresh, &|_, _| None, &first),
        Verdict::Fits
    );
}

#[test]
fn every_line_of_the_table_on_every_lane() {
    type Change = fn(&mut LaneState, Lane);
    let table: [(&str, Blame, Change); 9] = [
        ("received above our sent", Blame::Here, |l, lane| {
            (l.received, l.received_hash) = (10, hash(0, lane, 10));
        }),
        ("received below our acked", Blame::There, |l, lane| {
            (l.received, l.received_hash) = (4, hash(0, lane, 4));
        }),
        (
            "received with another hash, from the outbox",
            Blame::Here,
            |l, lane| {
                l.received_hash = hash(1, lane, 6);
            },
        ),
        (
            "received with another hash, at acked",
            Blame::Here,
            |l, lane| {
                (l.received, l.received_hash) = (5, hash(1, lane, 5));
            },
        ),
        (
            "received with another hash, at sent",
            Blame::Here,
            |l, lane| {
                (l.received, l.received_hash) = (9, hash(1, lane, 9));
            },
        ),
        ("sent below our received", Blame::There, |l, lane| {
            *l = LaneState {
                received: l.received,
                received_hash: l.received_hash,
                ..state(0, lane, 6, 6, 0)
            };
        }),
        ("acked above our received", Blame::Here, |l, lane| {
            (l.acked, l.acked_hash) = (8, hash(0, lane, 8));
        }),
        ("sent equal, another hash", Blame::There, |l, lane| {
            *l = LaneState {
                received: l.received,
                received_hash: l.received_hash,
                ..state(1, lane, 7, 0, 0)
            };
        }),
        ("acked equal, another hash", Blame::There, |l, lane| {
            l.acked_hash = hash(1, lane, 7);
        }),
    ];
    for (case, blamed, change) in table {
        for lane in Lane::ALL {
            let mut lanes = theirs();
            change(&mut lanes[lane.index()], lane);
            let verdict = judged(ours(), &hello(lanes));
            assert_eq!(blame(&verdict), blamed, "{case} on {lane:?}");
            let (Verdict::PeerRolledBack(words) | Verdict::SelfRolledBack(words)) = verdict else {
                unreachable!()
            };
            assert!(
                words.contains(lane_name(lane)) && words.contains("210000000000"),
                "{words}"
            );
        }
    }
}

#[test]
fn contradictions_and_epochs() {
    let mut lanes = theirs();
    lanes[2].acked = 9;
    assert_eq!(blame(&judged(ours(), &hello(lanes))), Blame::There);

    let older = Hello {
        epoch: 3,
        ..hello(theirs())
    };
    assert_eq!(blame(&judged(ours(), &older)), Blame::There);
    let newer = Hello {
        epoch: 5,
        ..hello(theirs())
    };
    assert_eq!(blame(&judged(ours(), &newer)), Blame::Nobody);
    let met_later = Hello {
        peer_epoch: 3,
        ..hello(theirs())
    };
    assert_eq!(blame(&judged(ours(), &met_later)), Blame::Here);
}

#[test]
fn a_copy_from_before_the_lanes_restarted_does_not_accuse_the_living() {
    let restarted = link([LaneState::default(); 3]);
    let older = Hello {
        epoch: 3,
        ..hello(theirs())
    };
    let verdict = judge(2, &Past::default(), &restarted, &|_, _| None, &older);
    assert_eq!(blame(&verdict), Blame::There);
    let both = Hello {
        peer_epoch: 3,
        ..older
    };
    assert_eq!(
        blame(&judge(2, &Past::default(), &restarted, &|_, _| None, &both)),
        Blame::Here
    );
}

#[test]
fn a_finding_against_this_node_outweighs_and_all_findings_are_told() {
    let mut lanes = theirs();
    lanes[0].received = 10;
    lanes[2].received = 4;
    let verdict = judged(ours(), &hello(lanes));
    let Verdict::SelfRolledBack(words) = verdict else {
        panic!("{verdict:?}")
    };
    assert!(
        words.contains("紧急通道") && words.contains("批量通道"),
        "{words}"
    );
}

#[test]
fn versions_overlap_or_are_refused_by_number() {
    let with = |wire_version, wire_oldest| Hello {
        wire_version,
        wire_oldest,
        ..hello(theirs())
    };
    assert_eq!(
        judged(ours(), &with(WIRE_VERSION + 1, WIRE_VERSION)),
        Verdict::Fits
    );
    let refused = Verdict::WireVersion {
        theirs: WIRE_VERSION + 2,
        ours: WIRE_VERSION,
    };
    assert_eq!(
        judged(ours(), &with(WIRE_VERSION + 2, WIRE_VERSION + 1)),
        refused
    );
    assert!(matches!(
        judged(ours(), &with(WIRE_OLDEST - 1, 0)),
        Verdict::WireVersion { .. }
    ));
}

/// A node as the link sees it: its log's lane states and every running hash of what it sent.
#[derive(Clone, Debug)]
struct Node {
    fork: u8,
    lanes: [LaneState; 3],
    sent: [Vec<[u8; 32]>; 3],
}

impl Node {
    fn new(fork: u8) -> Self {
        Node {
            fork,
            lanes: Default::default(),
            sent: Default::default(),
        }
    }

    fn send(&mut self, lane: Lane) {
        let (state, sent) = (&mut self.lanes[lane.index()], &mut self.sent[lane.index()]);
        state.sent += 1;
        state.sent_hash = extend(state.sent_hash, state.sent, [self.fork; 32]);
        sent.push(state.sent_hash);
    }

    fn receive(&mut self, from: &Node, lane: Lane) {
        let (state, sent) = (&mut self.lanes[lane.index()], &from.sent[lane.index()]);
        if let Some(hash) = sent.get(state.received as usize) {
            state.received += 1;
            state.received_hash = *hash;
        }
    }

    fn hear_ack(&mut self, from: &Node, lane: Lane) {
        let (state, theirs) = (&mut self.lanes[lane.index()], &from.lanes[lane.index()]);
        (state.acked, state.acked_hash) = (theirs.received, theirs.received_hash);
    }

    fn judges(&self, other: &Node) -> Blame {
        let link = LinkState {
            peer_epoch: 1,
            lanes: self.lanes,
            ..LinkState::new(THERE)
        };
        let hello = Hello {
            region: HERE,
            epoch: 1,
            peer_epoch: 1,
            ..hello(other.lanes)
        };
        let hash_at = |lane: Lane, seq: u64| self.sent[lane.index()].get(seq as usize - 1).copied();
        blame(&judge(1, &Past::default(), &link, &hash_at, &hello))
    }
}

fn play(a: &mut Node, b: &mut Node, steps: &[(bool, u8, usize)]) {
    for (by_a, what, lane) in steps {
        let lane = Lane::ALL[*lane];
        let (one, other) = if *by_a {
            (&mut *a, &*b)
        } else {
            (&mut *b, &*a)
        };
        match what {
            0 => one.send(lane),
            1 => one.receive(other, lane),
            _ => one.hear_ack(other, lane),
        }
    }
}

proptest! {
    /// Honest neighbours are never accused; a restored one is, by whoever knows what it forgot, and never the other.
    #[test]
    fn the_blame_falls_on_the_one_that_was_restored(
        before in prop::collection::vec((any::<bool>(), 0u8..3, 0usize..3), 0..40),
        lost in prop::collection::vec((any::<bool>(), 0u8..3, 0usize..3), 0..40),
        alone in prop::collection::vec(0usize..3, 0..6),
    ) {
        let (mut a, mut b) = (Node::new(1), Node::new(2));
        play(&mut a, &mut b, &before);
        let backup = a.clone();
        play(&mut a, &mut b, &lost);
        prop_assert_eq!(a.judges(&b), Blame::Nobody);
        prop_assert_eq!(b.judges(&a), Blame::Nobody);

        let mut restored = backup;
        restored.fork = 3;
        alone.iter().for_each(|lane| restored.send(Lane::ALL[*lane]));
        let (own, other) = (restored.judges(&b), b.judges(&restored));
        prop_assert_ne!(&own, &Blame::There);
        prop_assert_ne!(&other, &Blame::Here);
        // What b has of a, or acknowledged from a, that the restored disk does not know, is found by the restored node.
        let known_to_b = Lane::ALL.iter().any(|lane| {
            let (b, sent) = (&b.lanes[lane.index()], &restored.sent[lane.index()]);
            b.acked > restored.lanes[lane.index()].received
                || (b.received > 0 && sent.get(b.received as usize - 1) != Some(&b.received_hash))
        });
        prop_assert_eq!(own == Blame::Here, known_to_b);
    }
}

#[test]
fn a_restart_that_is_announced_under_a_higher_epoch_is_no_rollback() {
    let none = [LaneState::default(); 3];
    let (link, mut hello) = (LinkState::new(THERE), hello(none));
    hello.restarting = true;
    let known = LinkState {
        peer_epoch: 4,
        restarting: false,
        ..link
    };
    let judged = |epoch, link: &LinkState, hello: &Hello| {
        judge(epoch, &Past::default(), link, &|_, _| None, hello)
    };
    for (theirs, met, outcome) in [
        (5, 1, Verdict::PeerRestarted),
        (9, 0, Verdict::PeerRestarted),
        // It knows this node as it is, and its epoch is the one known: the numbers decide.
        (4, 1, Verdict::Fits),
    ] {
        (hello.epoch, hello.peer_epoch) = (theirs, met);
        assert_eq!(judged(1, &known, &hello), outcome, "{theirs} {met}");
    }
    // Whoever comes with an older epoch, or has met a later one of this node's, announces nothing.
    (hello.epoch, hello.peer_epoch) = (3, 1);
    assert!(matches!(
        judged(1, &known, &hello),
        Verdict::PeerRolledBack(_)
    ));
    (hello.epoch, hello.peer_epoch) = (5, 2);
    assert!(matches!(
        judged(1, &known, &hello),
        Verdict::SelfRolledBack(_)
    ));
    // This node restarted and the peer does not know it yet.
    let restarting = LinkState {
        restarting: true,
        ..known
    };
    (hello.epoch, hello.peer_epoch, hello.restarting) = (4, 1, false);
    assert_eq!(judged(2, &restarting, &hello), Verdict::NotYet);
    hello.peer_epoch = 2;
    assert_eq!(judged(2, &restarting, &hello), Verdict::Fits);
}

mod pasts;
