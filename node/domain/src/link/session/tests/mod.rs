mod pair;

use super::*;
use crate::link::extend;
use pair::{CHILD, Node, PARENT, Pair, SMALL, envelope, limits};
use proptest::prelude::*;

/// Runs a fixed exchange, taking steps round robin, and interrupts it before given steps. True if it ended before the
/// last interruption.
fn exchange(interruptions: &[(usize, usize)]) -> bool {
    let mut pair = Pair::new();
    for node in 0..2 {
        for lane in Lane::ALL {
            (0..2).for_each(|_| pair.queue(node, lane));
        }
    }
    let (mut step, mut quiet, mut left) = (0, 0, interruptions.iter().peekable());
    while quiet < 6 {
        if let Some((at, how)) = left.peek()
            && *at == step
        {
            match how {
                0 => pair.reconnect(),
                how => pair.restart(how - 1),
            }
            left.next();
        }
        let node = step % 2;
        let moved = match step / 2 % 3 {
            0 => pair.pump(node),
            1 => pair.carry(node),
            _ => pair.commit(node),
        };
        quiet = if moved { 0 } else { quiet + 1 };
        step += 1;
    }
    let over = left.peek().is_some();
    pair.settle();
    pair.check();
    over
}

#[test]
fn exactly_once_in_order_though_the_stream_is_cut_at_every_pair_of_steps() {
    let mut runs = 0;
    for how in 0..3 {
        for again in 0..3 {
            let mut first = 0;
            while !exchange(&[(first, how)]) {
                let mut second = first + 1;
                while !exchange(&[(first, how), (second, again)]) {
                    second += 1;
                    runs += 1;
                }
                first += 1;
            }
        }
    }
    assert!(
        runs > 5_000,
        "only {runs} runs: the exchange ended too early"
    );
}

proptest! {
    #[test]
    fn exactly_once_in_order_whatever_happens(
        steps in prop::collection::vec((0u8..14, 0usize..2, 0usize..3), 0..300),
    ) {
        let mut pair = Pair::new();
        for (what, node, lane) in steps {
            match what {
                0..=2 => pair.queue(node, Lane::ALL[lane]),
                3..=5 => { pair.pump(node); }
                6..=9 => { pair.carry(node); }
                10..=11 => { pair.commit(node); }
                12 => pair.reconnect(),
                _ => pair.restart(node),
            }
        }
        pair.settle();
        pair.check();
    }
}

/// A pair that has met, with nothing under way.
fn met() -> Pair {
    let mut pair = Pair::new();
    pair.settle();
    pair
}

#[test]
fn the_urgent_lane_goes_first_and_credit_bounds_each_lane() {
    let mut pair = met();
    for lane in [Lane::Bulk, Lane::Ordinary, Lane::Urgent] {
        (0..6).for_each(|_| pair.queue(0, lane));
    }
    while pair.pump(0) {}
    let lanes: Vec<_> = pair.wires[1]
        .iter()
        .map(|frame| match frame {
            Frame::Envelope { lane, seq, .. } => (*lane, *seq),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected: Vec<_> = Lane::ALL
        .iter()
        .flat_map(|lane| (1..=SMALL.messages).map(|seq| (*lane, seq)))
        .collect();
    assert_eq!(lanes, expected);
    pair.settle();
    pair.check();
}

#[test]
fn large_envelopes_are_bounded_by_bytes_and_none_is_too_large_for_ever() {
    let mut pair = met();
    let node = &mut pair.nodes[0];
    let mut running = [0; 32];
    for seq in 1..=3 {
        let mut large = envelope(PARENT, CHILD, Lane::Bulk, seq);
        large.payload = vec![0; 3 << 20];
        running = extend(running, seq, large.digest());
        let row = Row::Outbox(Box::new(large), running);
        node.view
            .apply([(RowKey::Outbox(CHILD, Lane::Bulk, seq), Some(row))]);
    }
    node.change(Lane::Bulk, |s| (s.sent, s.sent_hash) = (3, running));
    while pair.pump(0) {}
    assert_eq!(
        pair.wires[1].len(),
        2,
        "each is charged with 1 MiB of the 2"
    );
    pair.settle();
    assert_eq!(pair.nodes[1].applied.len(), 3);
}

/// The child's frame, changed, in place of an honest one.
fn forged(change: impl FnOnce(&mut Frame)) -> (Vec<(ByeCode, String)>, Vec<Frame>) {
    let mut pair = met();
    pair.queue(1, Lane::Ordinary);
    pair.pump(1);
    let mut frame = pair.wires[0].pop_front().expect("an envelope is under way");
    change(&mut frame);
    let frames = pair.nodes[0].take(frame);
    assert!(
        pair.nodes[0].pending.is_empty(),
        "nothing forged is delivered"
    );
    (pair.nodes[0].closed.clone(), frames)
}

#[test]
fn a_gap_a_wrong_hash_and_a_lie_about_credit_close_the_stream() {
    type Change = fn(&mut Frame);
    let with: [(ByeCode, Change); 5] = [
        (ByeCode::Gap, |f| {
            if let Frame::Envelope { seq, .. } = f {
                *seq += 1;
            }
        }),
        (ByeCode::HashMismatch, |f| {
            if let Frame::Envelope { envelope, .. } = f {
                envelope.payload[0] ^= 1;
            }
        }),
        (ByeCode::OverCredit, |f| {
            if let Frame::Envelope { spent, .. } = f {
                spent.bytes = SMALL.bytes + 1;
            }
        }),
        (ByeCode::OverCredit, |f| {
            if let Frame::Envelope { spent, .. } = f {
                spent.bytes = 10;
            }
        }),
        (ByeCode::OverCredit, |f| {
            if let Frame::Envelope { spent, .. } = f {
                spent.messages = 2;
            }
        }),
    ];
    for (expected, change) in with {
        let (closed, frames) = forged(change);
        assert_eq!(closed.len(), 1, "{expected:?}");
        assert_eq!(closed[0].0, expected);
        assert!(matches!(&frames[..], [Frame::Bye { code, .. }] if *code == expected));
    }
}

#[test]
fn a_sender_that_ignores_its_credit_is_cut_off_at_the_first_envelope_too_many() {
    let mut pair = met();
    (0..=SMALL.messages).for_each(|_| pair.queue(1, Lane::Ordinary));
    pair.pump(1);
    let mut spent = Credit::default();
    for seq in 1..=SMALL.messages + 1 {
        assert_eq!(pair.nodes[0].closed, []);
        let key = RowKey::Outbox(PARENT, Lane::Ordinary, seq);
        let Some(Row::Outbox(envelope, hash)) = pair.nodes[1].view.get(&key).unwrap() else {
            panic!("queued above");
        };
        spent = spent.plus(Credit {
            messages: 1,
            bytes: cost(&envelope),
        });
        let lane = Lane::Ordinary;
        pair.nodes[0].take(Frame::Envelope {
            lane,
            seq,
            hash,
            spent,
            envelope,
            chain: Vec::new(),
        });
    }
    assert_eq!(pair.nodes[0].closed[0].0, ByeCode::OverCredit);
    assert_eq!(pair.nodes[0].pending.len() as u64, SMALL.messages);
}

#[test]
fn a_duplicate_below_the_mark_is_acknowledged_by_number_and_not_delivered() {
    let mut pair = met();
    pair.queue(1, Lane::Urgent);
    pair.pump(1);
    let frame = pair.wires[0]
        .front()
        .cloned()
        .expect("an envelope is under way");
    pair.settle();
    let mark = pair.nodes[0].link().lanes[0];
    let ack = Frame::Ack {
        lane: Lane::Urgent,
        upto: 1,
        hash: mark.received_hash,
    };
    assert_eq!(pair.nodes[0].take(frame), [ack]);
    assert!(pair.nodes[0].pending.is_empty());
    pair.check();
}

#[test]
fn an_acknowledgement_of_what_was_not_sent_closes_the_stream() {
    for (upto, hash) in [(1, [9; 32]), (2, [0; 32])] {
        let mut pair = met();
        pair.queue(0, Lane::Bulk);
        pair.pump(0);
        pair.nodes[0].take(Frame::Ack {
            lane: Lane::Bulk,
            upto,
            hash,
        });
        assert_eq!(pair.nodes[0].closed[0].0, ByeCode::Protocol);
        assert_eq!(pair.nodes[0].link().lanes[2].acked, 0);
    }
}

#[test]
fn nothing_is_taken_before_a_hello_and_no_hello_twice_or_in_another_name() {
    let mut pair = Pair::new();
    let beat = Frame::Heartbeat {
        time: Time(7),
        watermark: None,
        log_no: 0,
    };
    pair.nodes[0].take(beat);
    assert_eq!(pair.nodes[0].closed[0].0, ByeCode::Protocol);

    let mut pair = met();
    let hello = pair.nodes[1].open().remove(0);
    pair.nodes[0].take(hello.clone());
    assert_eq!(pair.nodes[0].closed[0].0, ByeCode::Protocol);

    let mut stranger = Node::new(PARENT, RegionKey::literal("210200000000"));
    stranger.open();
    stranger.take(hello);
    assert_eq!(stranger.closed[0].0, ByeCode::Protocol);
    assert!(
        stranger.closed[0].1.contains("210200000000"),
        "{:?}",
        stranger.closed
    );
}

#[test]
fn a_restored_child_is_refused_by_both_sides_on_all_lanes_until_reopened() {
    let mut pair = met();
    let backup = pair.nodes[1].view.clone();
    pair.queue(1, Lane::Bulk);
    pair.settle();
    pair.nodes[1].view = backup;
    pair.queue(0, Lane::Urgent);
    pair.restart(1);
    pair.settle();
    let codes: Vec<_> = pair.nodes.iter().map(|node| node.closed[0].0).collect();
    assert_eq!(codes, [ByeCode::YouRolledBack, ByeCode::IRolledBack]);
    assert!(matches!(
        pair.nodes[0].news.last(),
        Some(LinkNews::PeerRolledBack { .. })
    ));
    assert!(matches!(
        pair.nodes[1].news.last(),
        Some(LinkNews::SelfRolledBack { .. })
    ));
    assert!(
        pair.nodes[1].applied.is_empty(),
        "the urgent lane is refused too"
    );

    let mut link = pair.nodes[0].link();
    link.blocked = Some("旧备份".into());
    pair.nodes[0].put_link(link.clone());
    let frames = pair.nodes[0].open();
    assert!(
        matches!(&frames[..], [Frame::Hello(hello), Frame::Bye { code: ByeCode::Blocked, text }]
            if hello.refused && text.contains("旧备份"))
    );
    link.blocked = None;
    pair.nodes[0].put_link(link);
    assert!(matches!(pair.nodes[0].open()[..], [Frame::Hello(_)]));
}

#[test]
fn a_refused_end_still_tells_what_speaks_against_the_other_and_nothing_else_comes_of_it() {
    let mut pair = met();
    let backup = pair.nodes[1].view.clone();
    pair.queue(1, Lane::Bulk);
    pair.settle();
    let mut link = pair.nodes[0].link();
    link.blocked = Some("旧备份".into());
    pair.nodes[0].put_link(link);
    for set_back in [false, true] {
        if set_back {
            pair.nodes[1].view = backup.clone();
        }
        let frames = pair.nodes[0].open();
        let heard = pair.nodes[1].news.len();
        pair.nodes[1].open();
        for frame in frames {
            pair.nodes[1].take(frame);
        }
        let news = &pair.nodes[1].news[heard..];
        match set_back {
            true => assert!(
                matches!(news, [LinkNews::SelfRolledBack { .. }]),
                "{news:?}"
            ),
            false => assert!(news.is_empty(), "{news:?}"),
        }
    }
}

#[test]
fn a_receiver_that_cannot_see_the_fork_learns_it_from_the_senders_farewell() {
    let mut pair = met();
    pair.queue(1, Lane::Ordinary);
    pair.settle();
    let bye = Frame::Bye {
        code: ByeCode::IRolledBack,
        text: "普通通道".into(),
    };
    pair.nodes[0].take(bye);
    assert!(matches!(
        pair.nodes[0].news.last(),
        Some(LinkNews::PeerRolledBack { .. })
    ));
    // The reverse claim changes nothing here.
    let before = pair.nodes[1].news.clone();
    let bye = Frame::Bye {
        code: ByeCode::YouRolledBack,
        text: "普通通道".into(),
    };
    pair.nodes[1].take(bye);
    assert_eq!(pair.nodes[1].news, before);
}

#[test]
fn heartbeats_come_in_time_and_silence_ends_the_stream() {
    let limits = limits();
    let mut pair = met();
    let session = pair.nodes[0].session.as_mut().expect("met");
    assert_eq!(session.tick(limits.heartbeat_ms - 1, Time(7), None, 9), []);
    let beats = session.tick(limits.heartbeat_ms, Time(7), None, 9);
    assert_eq!(
        beats,
        [Output::Send(Frame::Heartbeat {
            time: Time(7),
            watermark: None,
            log_no: 9,
        })]
    );
    assert_eq!(session.tick(limits.heartbeat_ms + 1, Time(7), None, 9), []);
    let end = session.tick(limits.silence_ms, Time(7), None, 9);
    assert!(
        matches!(
            &end[..],
            [
                Output::Send(Frame::Bye { .. }),
                Output::Close {
                    code: ByeCode::Silent,
                    ..
                }
            ]
        ),
        "{end:?}"
    );
    assert_eq!(session.tick(limits.silence_ms * 2, Time(7), None, 9), []);
    assert!(Limits::default().silence_ms <= 30_000);
}

#[test]
fn a_missing_outbox_row_is_told_and_not_skipped() {
    let mut pair = met();
    (0..2).for_each(|_| pair.queue(0, Lane::Ordinary));
    let node = &mut pair.nodes[0];
    node.view
        .apply([(RowKey::Outbox(CHILD, Lane::Ordinary, 1), None)]);
    let failed = node.session.as_mut().expect("met").pump(&node.view, 8);
    assert!(failed.is_err_and(|e| e.0.contains("普通通道") && e.0.contains("第 1 号")));
}

#[test]
fn two_versions_speak_the_older_ones() {
    let link = LinkState::new(PARENT);
    let own = HelloFacts {
        region: CHILD,
        epoch: 1,
        topology_version: 1,
        time: Time(0),
        past: Past::default(),
    };
    for (theirs, spoken) in [
        (WIRE_OLDEST, WIRE_OLDEST),
        (WIRE_VERSION, WIRE_VERSION),
        (WIRE_VERSION + 1, WIRE_VERSION),
    ] {
        let (mut session, _) = Session::open(&link, own.clone(), limits(), 0);
        let hello = Frame::Hello(Box::new(Hello {
            wire_version: theirs,
            wire_oldest: WIRE_OLDEST,
            region: PARENT,
            epoch: 1,
            peer_epoch: 0,
            topology_version: 1,
            time: Time(0),
            lanes: link.lanes,
            restarting: false,
            past: Past::default(),
            shown: None,
            refused: false,
        }));
        let outputs = session.on_frame(hello, &link, &|_, _| None, 0);
        let met = Output::News(LinkNews::Met {
            epoch: 1,
            wire: spoken,
            shown: None,
        });
        assert!(outputs.contains(&met), "{theirs}: {outputs:?}");
    }
}

#[test]
fn frames_that_say_nothing_end_the_stream_when_they_never_end() {
    let mut pair = met();
    let idle = [
        Frame::Ack {
            lane: Lane::Bulk,
            upto: 0,
            hash: [0; 32],
        },
        Frame::Credit([Credit::default(); 3]),
        Frame::Heartbeat {
            time: Time(7),
            watermark: None,
            log_no: 0,
        },
    ];
    for frame in idle.iter().cycle().take(3_000) {
        pair.nodes[0].take(frame.clone());
    }
    assert!(pair.nodes[0].closed.is_empty(), "a burst is no flood");
    for frame in idle.iter().cycle().take(3_000) {
        pair.nodes[0].take(frame.clone());
    }
    assert_eq!(pair.nodes[0].closed[0].0, ByeCode::OverCredit);
}

#[test]
fn a_quarantined_neighbour_is_told_so_and_nothing_is_taken() {
    let mut node = pair::Node::new(pair::PARENT, pair::CHILD);
    let mut link = node.link();
    link.conduct = Some(Box::new(crate::link::Conduct {
        until: Some(Time(8)),
        ..Default::default()
    }));
    node.put_link(link.clone());
    let frames = node.open();
    assert!(
        matches!(
            &frames[..],
            [Frame::Bye {
                code: ByeCode::Blocked,
                ..
            }]
        ),
        "{frames:?}"
    );
    link.conduct.as_mut().unwrap().until = Some(Time(7));
    node.put_link(link);
    assert!(matches!(&node.open()[..], [Frame::Hello(_)]));
}
