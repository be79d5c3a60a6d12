//! A session is of the lanes that it opened on: what it brings after they began again changes nothing.

use crate::command::Verb;
use crate::kernel::{Action, Input, LinkNews};
use crate::leg::Lane;
use crate::link::{
    Credit, Envelope, Frame, Hello, HelloFacts, Limits, LinkState, Output, Session, SessionStage,
    Verdict, WIRE_VERSION, extend,
};
use crate::row::{Row, RowKey};
use crate::testing::{CITY, Fed, LINGCHUAN, ZEZHOU, node};
use crate::view::{Rows, View as _};
use hotline_topology::{RegionKey, Time};

fn link(fed: &Fed, me: RegionKey, peer: RegionKey) -> LinkState {
    fed.nodes[&me].view.link(peer).expect("memory")
}

/// Opens a session of `me`, as a driver does, from the rows as they stand.
fn open(fed: &Fed, me: RegionKey, peer: RegionKey) -> Session {
    let view = &fed.nodes[&me].view;
    let own = HelloFacts {
        region: me,
        epoch: view.node().expect("memory").epoch,
        topology_version: 1,
        time: Time(0),
        past: view.past().expect("memory"),
    };
    Session::open(&link(fed, me, peer), own, Limits::default(), 0).0
}

/// What the session of `me` makes of a frame, by the rows as they stand; what it brought waits for the kernel.
fn hear(
    fed: &Fed,
    me: RegionKey,
    session: &mut Session,
    peer: RegionKey,
    frame: Frame,
) -> Vec<Input> {
    let view = &fed.nodes[&me].view;
    let outbox = |lane, seq| match view.get(&RowKey::Outbox(peer, lane, seq)) {
        Ok(Some(Row::Outbox(_, hash))) => Some(hash),
        _ => None,
    };
    let outputs = session.on_frame(frame, &link(fed, me, peer), &outbox, 0);
    let inputs = outputs.into_iter().filter_map(|output| match output {
        Output::News(news) => Some(Input::Link { peer, news }),
        Output::Acked { lane, upto } => Some(Input::Acked { peer, lane, upto }),
        Output::Deliver {
            lane,
            seq,
            envelope,
        } => Some(Input::Envelope {
            peer,
            lane,
            seq,
            envelope,
        }),
        _ => None,
    });
    inputs.map(|input| session.brought(input)).collect()
}

fn hello(said: &Hello) -> Frame {
    Frame::Hello(Box::new(said.clone()))
}

/// The county's disk is put back by one commit of its own that nobody saw; a session opened before the restore was
/// committed. The parent is as it was.
fn restored_under_a_session() -> (Fed, Session) {
    let mut fed = Fed::new();
    let given = fed.at(CITY).take_in();
    fed.at(CITY).assign(given, [node(ZEZHOU)]).legs::<1>();
    let commits = fed.nodes[&ZEZHOU].log.len();
    fed.cut(CITY, ZEZHOU);
    fed.roll_back(ZEZHOU, commits);
    let session = open(&fed, ZEZHOU, CITY);
    (fed, session)
}

fn restore(fed: &mut Fed) {
    fed.input(ZEZHOU, Input::Restored { id: [7; 16] });
    fed.input(ZEZHOU, Input::Start);
}

#[test]
fn a_hello_heard_before_a_restore_was_committed_does_not_end_the_restart() {
    let (mut fed, mut session) = restored_under_a_session();
    let said = fed.hello(CITY, ZEZHOU);
    let met = hear(&fed, ZEZHOU, &mut session, CITY, hello(&said));
    assert_eq!(session.stage(), SessionStage::Met);
    assert!(!met.is_empty());
    restore(&mut fed);
    let before = link(&fed, ZEZHOU, CITY);
    assert!(before.restarting);
    for input in met {
        fed.input(ZEZHOU, input);
    }
    assert_eq!(link(&fed, ZEZHOU, CITY), before);
    // So the next hello says that the lanes begin again, and nobody is blamed.
    assert_eq!(fed.meet(CITY, ZEZHOU), Verdict::PeerRestarted);
    fed.connect(CITY, ZEZHOU);
    for (me, peer) in [(CITY, ZEZHOU), (ZEZHOU, CITY)] {
        assert_eq!(link(&fed, me, peer).blocked, None);
        assert!(!link(&fed, me, peer).restarting);
    }
}

#[test]
fn a_hello_that_comes_after_a_restore_on_an_older_stream_is_not_judged() {
    let (mut fed, mut session) = restored_under_a_session();
    let said = fed.hello(CITY, ZEZHOU);
    restore(&mut fed);
    let brought = hear(&fed, ZEZHOU, &mut session, CITY, hello(&said));
    assert_eq!(brought, []);
    assert_eq!(session.stage(), SessionStage::Closed);
}

#[test]
fn numbers_of_lanes_that_began_again_move_nothing() {
    let (mut fed, mut session) = restored_under_a_session();
    let said = fed.hello(CITY, ZEZHOU);
    hear(&fed, ZEZHOU, &mut session, CITY, hello(&said));
    let envelope = |number: u8| Envelope {
        id: crate::id::EnvelopeId([number; 16]),
        kind: 1,
        matter: None,
        leg: None,
        author: CITY,
        addressee: ZEZHOU,
        route: vec![CITY],
        lane: Lane::Bulk,
        written_at: Time(0),
        topology: 1,
        key_id: 0,
        payload: vec![number],
        fields: Vec::new(),
        sealed: None,
        proof: None,
        trace: None,
    };
    let mark = link(&fed, ZEZHOU, CITY).lanes[Lane::Bulk.index()];
    let (seq, first) = (mark.received + 1, Box::new(envelope(1)));
    let frame = Frame::Envelope {
        lane: Lane::Bulk,
        seq,
        hash: extend(mark.received_hash, seq, first.digest()),
        spent: Credit {
            messages: 1,
            bytes: crate::link::cost(&first),
        },
        envelope: first,
        chain: Vec::new(),
    };
    let mut late = hear(&fed, ZEZHOU, &mut session, CITY, frame);
    assert_eq!(late.len(), 1);
    let acked = |lane| Input::Acked {
        peer: CITY,
        lane,
        upto: 1_000,
    };
    late.extend(Lane::ALL.map(|lane| session.brought(acked(lane))));
    let news = LinkNews::Met {
        epoch: 1,
        wire: WIRE_VERSION,
        shown: None,
    };
    late.push(session.brought(Input::Link { peer: CITY, news }));
    restore(&mut fed);
    let before = link(&fed, ZEZHOU, CITY);
    assert!(
        before.lanes.iter().any(|lane| lane.sent > 0),
        "questions wait"
    );
    for input in late {
        fed.input(ZEZHOU, input);
    }
    assert_eq!(link(&fed, ZEZHOU, CITY), before);
    // Nothing of the new lanes goes out where their numbers mean other things.
    let view = &fed.nodes[&ZEZHOU].view;
    assert_eq!(session.pump(view, 64).expect("memory"), []);
}

#[test]
fn a_stream_that_stood_open_on_a_refused_link_says_nothing_once_it_is_reopened() {
    let mut fed = Fed::new();
    let given = fed.at(CITY).take_in();
    fed.at(CITY).assign(given, [node(ZEZHOU)]).legs::<1>();
    fed.cut(CITY, ZEZHOU);
    let heard = |why: &str| LinkNews::PeerRolledBack {
        why: why.to_owned(),
    };
    let input = Input::Link {
        peer: ZEZHOU,
        news: heard("两份副本"),
    };
    fed.input(CITY, input);
    // It listens whether the peer was restarted.
    let mut session = open(&fed, CITY, ZEZHOU);
    let said = fed.hello(ZEZHOU, CITY);
    fed.at(CITY)
        .command(Verb::ReopenLink { peer: ZEZHOU })
        .done();
    let before = link(&fed, CITY, ZEZHOU);
    assert!(before.restarting && before.blocked.is_none());
    for input in hear(&fed, CITY, &mut session, ZEZHOU, hello(&said)) {
        fed.input(CITY, input);
    }
    assert_eq!(link(&fed, CITY, ZEZHOU), before);
    assert_eq!(session.stage(), SessionStage::Closed);
}

#[test]
fn a_late_meeting_does_not_lift_a_refusal() {
    let mut fed = Fed::new();
    let why = "两份副本".to_owned();
    let news = LinkNews::PeerRolledBack { why };
    fed.input(CITY, Input::Link { peer: ZEZHOU, news });
    let news = LinkNews::Met {
        epoch: 1,
        wire: WIRE_VERSION,
        shown: None,
    };
    fed.input(CITY, Input::Link { peer: ZEZHOU, news });
    assert!(link(&fed, CITY, ZEZHOU).blocked.is_some());
}

/// A commit acknowledges what it took in, but nothing on lanes that began again in it: their numbers mean other things now.
#[test]
fn a_group_in_which_lanes_begin_again_acknowledges_the_other_links_alone() {
    let mut fed = Fed::new();
    for peer in [ZEZHOU, LINGCHUAN] {
        let matter = fed.at(CITY).take_in();
        let leg = fed.at(CITY).assign(matter, [node(peer)]).leg();
        fed.cut(CITY, peer);
        fed.at(peer).sign(leg).done();
    }
    let lane = Lane::Ordinary;
    let next = |peer| link(&fed, peer, CITY).lanes[lane.index()].acked + 1;
    let marks = [ZEZHOU, LINGCHUAN].map(next);
    let brought = |peer: RegionKey, seq: u64| {
        let envelope = fed.outgoing(peer, CITY, lane, seq).expect("it waits");
        Input::Envelope {
            peer,
            lane,
            seq,
            envelope: Box::new(envelope),
        }
    };
    let inputs = [
        brought(ZEZHOU, marks[0]),
        brought(LINGCHUAN, marks[1]),
        Input::Link {
            peer: ZEZHOU,
            news: LinkNews::PeerRestarted { epoch: 2 },
        },
    ];
    let actions = fed.inputs(CITY, inputs);
    let told = actions.iter().filter_map(|action| match action {
        Action::Acknowledge { peer, upto, .. } => Some((*peer, *upto)),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [(LINGCHUAN, marks[1])]);
}
