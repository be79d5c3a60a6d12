use super::*;
use crate::codec::testing::Draw;
use proptest::prelude::*;
use prost::Message as _;

fn content(draw: &mut Draw) -> WireContent {
    WireContent {
        salt: draw.bytes(),
        value: Zeroizing::new(draw.text().into_bytes()),
    }
}

fn field(draw: &mut Draw) -> WireField {
    WireField {
        name: draw.sealed().name,
        hash: draw.bytes(),
        content: draw.maybe(content),
    }
}

fn marks(draw: &mut Draw) -> LaneState {
    LaneState {
        sent: draw.number(),
        sent_hash: draw.bytes(),
        acked: draw.number(),
        acked_hash: draw.bytes(),
        received: draw.number(),
        received_hash: draw.bytes(),
    }
}

fn credit(draw: &mut Draw) -> Credit {
    Credit {
        messages: draw.number(),
        bytes: draw.number(),
    }
}

/// One of each frame, with the fields that go with it.
fn frames(draw: &mut Draw) -> Vec<(Frame, Vec<WireField>)> {
    let hello = Hello {
        wire_version: draw.u32(),
        wire_oldest: draw.u32(),
        region: draw.region(),
        epoch: draw.number(),
        peer_epoch: draw.number(),
        topology_version: draw.u32(),
        time: draw.time(),
        lanes: std::array::from_fn(|_| marks(draw)),
        restarting: draw.bool(),
        past: Past {
            log_no: draw.number(),
            starts: draw.starts(),
        },
        shown: draw.maybe(Draw::shown),
        refused: draw.bool(),
    };
    let mut envelope = draw.envelope();
    envelope.fields.clear();
    let sealed = envelope.sealed.is_some();
    let numbered = Frame::Envelope {
        lane: draw.lane(),
        seq: draw.number(),
        hash: draw.bytes(),
        spent: credit(draw),
        envelope: Box::new(envelope),
        chain: draw.some(|draw| draw.bytes::<5>().to_vec()),
    };
    let fields = if sealed { Vec::new() } else { draw.some(field) };
    let mut frames = vec![
        Frame::Hello(Box::new(hello)),
        Frame::Ack {
            lane: draw.lane(),
            upto: draw.number(),
            hash: draw.bytes(),
        },
        Frame::Credit(std::array::from_fn(|_| credit(draw))),
        Frame::Heartbeat {
            time: draw.time(),
            watermark: draw.maybe(Draw::watermark),
            log_no: draw.number(),
        },
    ];
    frames.extend(ByeCode::ALL.map(|code| Frame::Bye {
        code,
        text: draw.text(),
    }));
    let mut frames: Vec<_> = frames.into_iter().map(|f| (f, Vec::new())).collect();
    frames.push((numbered, fields));
    frames
}

proptest! {
    #[test]
    fn every_frame_reads_back(seed in any::<u64>()) {
        for (frame, fields) in frames(&mut Draw::new(seed)) {
            let bytes = encode(frame.clone(), fields.clone()).encode_to_vec();
            let read = pb::Frame::decode(&bytes[..]).unwrap();
            prop_assert_eq!(decode(read), Ok((frame, fields)));
        }
    }

    #[test]
    fn damaged_bytes_are_refused_or_read_but_never_a_panic(
        seed in any::<u64>(), at in any::<prop::sample::Index>(), flip in 1u8..,
    ) {
        for (frame, fields) in frames(&mut Draw::new(seed)) {
            let mut bytes = encode(frame, fields).encode_to_vec();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            if let Ok(read) = pb::Frame::decode(&bytes[..]) {
                let _ = decode(read);
            }
        }
    }
}

#[test]
fn a_stored_ciphertext_never_leaves() {
    let mut draw = Draw::new(5);
    let mut envelope = draw.envelope();
    let mut sealed = draw.sealed();
    sealed.ciphertext = b"only for this disk".to_vec();
    envelope.fields = vec![sealed];
    let frame = Frame::Envelope {
        lane: Lane::Bulk,
        seq: 1,
        hash: [0; 32],
        spent: Credit::default(),
        envelope: Box::new(envelope),
        chain: Vec::new(),
    };
    let bytes = encode(frame, Vec::new()).encode_to_vec();
    let secret = b"only for this disk";
    assert!(!bytes.windows(secret.len()).any(|part| part == secret));
}

#[test]
fn what_is_missing_or_beyond_its_bound_is_named() {
    let at = |proto: pb::Frame| decode(proto).expect_err("must be refused").at;
    assert_eq!(at(pb::Frame { frame: None }), "Frame.frame");
    let mut draw = Draw::new(1);
    let numbered = |change: &dyn Fn(&mut pb::Envelope)| {
        let mut envelope = envelope_to(Draw::new(2).envelope(), Vec::new());
        change(&mut envelope);
        pb::Frame {
            frame: Some(pb::frame::Frame::Numbered(pb::Numbered {
                lane: 1,
                seq: 1,
                hash: vec![0; 32],
                spent: Some(pb::Credit::default()),
                envelope: Some(envelope),
                chain: Vec::new(),
            })),
        }
    };
    let region = draw.region().to_string();
    let long = vec![region; ROUTE_MAX + 1];
    assert_eq!(at(numbered(&|e| e.route = long.clone())), "Envelope.route");
    let many = vec![pb::Field::default(); FIELDS_MAX + 1];
    assert_eq!(
        at(numbered(&|e| e.fields = many.clone())),
        "Envelope.fields"
    );
    assert_eq!(at(numbered(&|e| e.id = vec![0; 15])), "Envelope.id");
    assert_eq!(at(numbered(&|e| e.lane = 0)), "Envelope.lane");
    let two = pb::CreditGrant {
        lanes: vec![pb::Credit::default(); 2],
    };
    let two = pb::frame::Frame::Credit(two);
    assert_eq!(at(pb::Frame { frame: Some(two) }), "CreditGrant.lanes");
}

#[test]
fn a_long_farewell_is_cut_at_a_character() {
    let text = "断".repeat(BYE_TEXT_MAX);
    let code = ByeCode::Unwell;
    let sent = encode(Frame::Bye { code, text }, Vec::new());
    let Ok((Frame::Bye { text, .. }, _)) = decode(sent) else {
        panic!("must be read");
    };
    assert_eq!(text.len(), BYE_TEXT_MAX / 3 * 3);
}

fn of_envelope(change: impl FnOnce(&mut pb::Envelope)) -> Result<(), Malformed> {
    let draw = &mut Draw::new(9);
    let mut envelope = draw.envelope();
    (envelope.key_id, envelope.sealed) = (7, Some([1; 32]));
    let frame = Frame::Envelope {
        lane: envelope.lane,
        seq: 1,
        hash: [0; 32],
        spent: Credit::default(),
        envelope: Box::new(envelope),
        chain: Vec::new(),
    };
    let mut proto = encode(frame, Vec::new());
    if let Some(pb::frame::Frame::Numbered(numbered)) = &mut proto.frame {
        change(numbered.envelope.as_mut().unwrap());
    }
    decode(proto).map(drop)
}

#[test]
fn a_payload_is_sealed_wholly_or_not_at_all() {
    assert_eq!(of_envelope(|_| {}), Ok(()));
    let at = |change: fn(&mut pb::Envelope)| of_envelope(change).unwrap_err().at;
    assert_eq!(
        at(|it| it.sealed_statement = None),
        "Envelope.sealed_statement"
    );
    assert_eq!(at(|it| it.key_id = 0), "Envelope.sealed_statement");
    assert_eq!(
        at(|it| it.fields = vec![field_to(field(&mut Draw::new(1)))]),
        "Envelope.fields"
    );
    assert_eq!(
        at(|it| it.payload = vec![0; SEALED_BYTES_MAX + 1]),
        "Envelope.payload"
    );
}

#[test]
fn sealed_content_reads_back_and_is_bounded() {
    let draw = &mut Draw::new(11);
    let fields: Vec<_> = (0..3).map(|_| field(draw)).collect();
    let bytes = content_to(b"payload", fields.clone());
    assert_eq!(content_from(&bytes), Ok((b"payload".to_vec(), fields)));
    let many = (0..=FIELDS_MAX).map(|_| field(draw)).collect();
    assert!(content_from(&content_to(b"", many)).is_err());
    assert!(content_from(&[0xff; 9]).is_err());
}

#[test]
fn what_a_hello_tells_of_the_past_is_bounded_and_may_be_missing() {
    let hello = |change: fn(&mut pb::Hello)| {
        let frame = frames(&mut Draw::new(7)).remove(0).0;
        let mut proto = encode(frame, Vec::new());
        if let Some(pb::frame::Frame::Hello(hello)) = &mut proto.frame {
            change(hello);
        }
        decode(proto).map(|(frame, _)| frame)
    };
    let found = hello(|hello| hello.last_starts = vec![pb::Start::default(); 17]);
    let words = found.unwrap_err().to_string();
    assert!(
        words.contains("Hello.last_starts") && words.contains("16"),
        "{words}"
    );
    for change in [
        (|hello| {
            hello.last_starts = vec![pb::Start {
                mark: vec![7; 5],
                log_no: 9,
            }]
        }) as fn(&mut pb::Hello),
        |hello| hello.shown = Some(pb::Shown::default()),
    ] {
        let words = hello(change).unwrap_err().to_string();
        assert!(
            words.contains(".mark") && words.contains("长度应为 4"),
            "{words}"
        );
    }
    // The release before says nothing of it.
    let older = hello(|hello| {
        (hello.log_no, hello.starts) = (0, 0);
        hello.last_starts.clear();
        hello.shown = None;
    });
    let Ok(Frame::Hello(older)) = older else {
        panic!("a hello: {older:?}");
    };
    assert_eq!((older.past, older.shown), (Past::default(), None));
}
