//! Good inputs, made by the program's own encoders.

use super::targets::{ME, PEER};
use hotline::attachment::{FOLDER, Part, Refused, Shelf, ShelfError, piece};
use hotline::codec::payload::Codec;
use hotline::codec::{commit, key, link as wire, row};
use hotline::evidence::accounts::{Accounts, Place, Restart, RestartKind};
use hotline::evidence::bundle::{self, Bundle, Contact, ContactKind, Letter, Standing, Way};
use hotline::store::disk::{Disk, SimDisk};
use hotline::store::view::MemEngine;
use hotline::store::{CommitNo, Fold, Op, Parts, Rows, Store, StoreSettings, Tree};
use hotline_domain::attachment::Manifest;
use hotline_domain::body::Body;
use hotline_domain::evidence::Effect;
use hotline_domain::fact::Fact;
use hotline_domain::id::{EnvelopeId, LegId, MatterId};
use hotline_domain::leg::{
    Act, Asking, Due, Lane, LegKind, LegRole, Offer, RecallGround, RuleVersion,
};
use hotline_domain::link::{
    ByeCode, Credit, Envelope, Frame, Hello, LaneState, LinkState, LogHead, Message, MessageKind,
    Past, Proof, WIRE_OLDEST, WIRE_VERSION, Wire as _, cost, extend,
};
use hotline_domain::policy::purpose::Purpose;
use hotline_domain::reading::{Entrance, Opened, Reading};
use hotline_domain::row::{IndexKey, NodeRow, Row, RowKey, TimerKey};
use hotline_proto::operator::v1 as operator;
use hotline_proto::operator::v1::command::Verb;
use hotline_topology::{FieldName, Kind, Time, Urgency};
use prost::Message as _;
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The good inputs of a target; none for an unknown one.
#[must_use]
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        "frame" => frames().into_iter().map(bytes_of).collect(),
        "record" => vec![commit::encode(Time(7), &facts())],
        "row" => rows().iter().map(row::encode).collect(),
        "key" => keys().iter().map(key_bytes).collect(),
        "payload" => messages().iter().map(payload_bytes).collect(),
        "segment" | "checkpoint" | "keyfile" => vec![stored(target)],
        "topology" => topologies(),
        "policy" => vec![include_bytes!("../../../topology/data/policy/default.toml").to_vec()],
        "operator" => commands(),
        "session" => vec![joined(frames().into_iter().map(bytes_of))],
        "leg" => vec![joined(
            messages().iter().map(|message| Codec.encode(message)),
        )],
        "evidence" => vec![evidence()],
        "attachment" => vec![attachment().1],
        "piece" => pieces_of_attachments(),
        _ => Vec::new(),
    }
}

/// An evidence file: letters of an order and its receipt, nobody's signature good, and no seal.
pub(super) fn evidence() -> Vec<u8> {
    let leg = LegId([3; 16]);
    let letter = |no: u64, (author, addressee): (_, _), act, way| {
        let message = Message::Leg {
            leg,
            at: Time(5),
            act,
        };
        Letter {
            commit: no,
            at: Time(6),
            chain_before: [2; 32],
            way,
            place: Some(Place {
                day: 1,
                index: 0,
                path: vec![[5; 32]],
            }),
            envelope: Envelope {
                id: EnvelopeId([no.to_be_bytes()[7]; 16]),
                kind: message.kind() as u32,
                payload: Codec.encode(&message),
                author,
                addressee,
                route: vec![author],
                proof: Some(Proof {
                    certificate: [8; 32],
                    algorithm: 0x0807,
                    signature: vec![6; 64],
                    leaves: 2,
                    index: 1,
                    path: vec![[5; 32]],
                    head: Some(LogHead {
                        epoch: 1,
                        commit: no,
                        hash: [1; 32],
                    }),
                }),
                ..envelope(no)
            },
        }
    };
    let order = Act::Offer(Box::new(offer()));
    let bundle = Bundle {
        form: bundle::FORM,
        node: ME,
        made_at: Time(9),
        sealed_at: Time(10),
        unopened: [EnvelopeId([9; 16])].into(),
        accounts: Some(Accounts {
            first: 1,
            before: [1; 32],
            chain: vec![[2; 32]],
            days: Vec::new(),
        }),
        restarts: vec![Restart {
            kind: RestartKind::Restored,
            ended: LogHead {
                epoch: 1,
                commit: 7,
                hash: [3; 32],
            },
            began: 2,
            at: Time(3),
        }],
        answers: [[4; 32]].into(),
        legs: vec![leg],
        matter: Some(MatterId([1; 16])),
        whole_matter: true,
        letters: vec![
            letter(1, (ME, PEER), order, Way::Sent(PEER, Some(Time(7)))),
            letter(2, (PEER, ME), Act::Receipt, Way::Received(Effect::Applied)),
        ],
        certificates: vec![(PEER, vec![vec![0x30, 3, 2, 1, 1]])],
        contacts: vec![Contact {
            kind: ContactKind::Met,
            at: Time(4),
            peer: Some(PEER),
        }],
        standings: vec![Standing {
            leg,
            giver: ME,
            taker: PEER,
            delivered_at: Some(Time(6)),
            closed_at: None,
        }],
    };
    bundle::write(&bundle, None).unwrap_or_default()
}

/// A whole attachment: its name, and its file.
pub(super) fn attachment() -> (String, Vec<u8>) {
    let disk = SimDisk::new();
    let written = || -> Result<_, ShelfError> {
        let shelf = Shelf::open(Arc::new(disk.clone()), Path::new("/"))?;
        let mut incoming = shelf.begin("up", &Zeroizing::new([5; 32]))?;
        incoming.write(b"one")?;
        let (id, _) = incoming.finish()?;
        let path = Path::new("/").join(FOLDER).join(id.to_string());
        let mut bytes = vec![0; usize::try_from(disk.len(&path)?).unwrap_or(0)];
        disk.open_read(&path)?.read_at(0, &mut bytes)?;
        Ok((id.to_string(), bytes))
    };
    written().unwrap_or_default()
}

fn pieces_of_attachments() -> Vec<Vec<u8>> {
    let head = Manifest::new(5, vec![[3; 32]]).map(Part::Head);
    let parts = head.into_iter().chain([Part::Chunk(vec![1, 2])]).map(Ok);
    let refused = Err(Refused::later("attachment.busy", "稍后"));
    let all = parts.chain([refused]);
    all.map(|one| piece(one).encode_to_vec()).collect()
}

fn bytes_of(frame: Frame) -> Vec<u8> {
    wire::encode(frame, Vec::new()).encode_to_vec()
}

/// Pieces as the targets take streams apart.
fn joined(pieces: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    pieces.fold(Vec::new(), |mut all, piece| {
        all.extend(u16::try_from(piece.len()).unwrap_or(u16::MAX).to_be_bytes());
        all.extend(piece);
        all
    })
}

fn envelope(seq: u64) -> Envelope {
    Envelope {
        id: EnvelopeId([9; 16]),
        kind: MessageKind::Refused as u32,
        matter: None,
        leg: Some(LegId([3; 16])),
        author: PEER,
        addressee: ME,
        route: vec![PEER],
        lane: Lane::Ordinary,
        written_at: Time(5),
        topology: 1,
        key_id: 0,
        payload: seq.to_be_bytes().to_vec(),
        fields: Vec::new(),
        sealed: None,
        proof: None,
        trace: None,
    }
}

fn frames() -> Vec<Frame> {
    let mut frames = vec![Frame::Hello(Box::new(Hello {
        wire_version: WIRE_VERSION,
        wire_oldest: WIRE_OLDEST,
        region: PEER,
        epoch: 1,
        peer_epoch: 0,
        topology_version: 1,
        time: Time(1),
        lanes: [LaneState::default(); 3],
        restarting: false,
        past: Past::default(),
        shown: None,
        refused: false,
    }))];
    let (mut hash, mut spent) = ([0; 32], Credit::default());
    for seq in 1..=3 {
        let envelope = envelope(seq);
        hash = extend(hash, seq, envelope.digest());
        let bytes = cost(&envelope);
        spent = spent.plus(Credit { messages: 1, bytes });
        frames.push(Frame::Envelope {
            lane: Lane::Ordinary,
            seq,
            hash,
            spent,
            envelope: Box::new(envelope),
            chain: Vec::new(),
        });
    }
    frames.push(Frame::Ack {
        lane: Lane::Bulk,
        upto: 0,
        hash: [0; 32],
    });
    frames.push(Frame::Credit(
        [Credit {
            messages: 9,
            bytes: 9_000,
        }; 3],
    ));
    frames.push(Frame::Heartbeat {
        time: Time(8),
        watermark: None,
        log_no: 0,
    });
    frames.push(Frame::Bye {
        code: ByeCode::Shutdown,
        text: "停".to_owned(),
    });
    frames
}

fn messages() -> Vec<Message> {
    let leg = LegId([3; 16]);
    let acts = [
        Act::Offer(Box::new(offer())),
        Act::Receipt,
        Act::Sign { deemed: false },
        Act::NewDue {
            no: 1,
            due: due(90),
        },
        Act::Request {
            no: 1,
            asking: Asking::Extension { until: due(95) },
        },
        Act::WithdrawRequest { no: 1 },
        Act::Recall {
            ground: RecallGround::Recalled,
        },
    ];
    let mut messages: Vec<Message> = acts
        .into_iter()
        .map(|act| Message::Leg {
            leg,
            // The giver's at odd moments, the taker's at even ones.
            at: Time(if matches!(act, Act::NewDue { .. } | Act::Recall { .. }) {
                7
            } else {
                6
            }),
            act,
        })
        .collect();
    messages.push(Message::Refused {
        about: EnvelopeId([1; 16]),
        leg: Some(leg),
        rule: "leg.unknown".to_owned(),
        message: "没有".to_owned(),
    });
    messages
}

fn due(at: i64) -> Due {
    Due {
        at: Time(at),
        calendar: 1,
        provisional: false,
    }
}

fn offer() -> Offer {
    Offer {
        matter: MatterId([2; 16]),
        number: "1405-7".to_owned(),
        origin: PEER,
        taken_in_at: Time(1),
        serial: 1,
        giver: PEER,
        taker: Body::Node(ME),
        role: LegRole::Sole,
        kind: LegKind::Downward,
        replaces: None,
        redo: false,
        rules: RuleVersion {
            pack: "default".to_owned(),
            version: 1,
        },
        due: due(80),
        lane: Lane::Ordinary,
        hops: 0,
        request_kind: Kind::Help,
        category: "0201".to_owned(),
        urgency: Urgency::Normal,
        place: Some(PEER),
        determined: false,
        basis: "属地管理".to_owned(),
        content: Vec::new(),
    }
}

fn payload_bytes(message: &Message) -> Vec<u8> {
    let mut bytes = vec![message.kind() as u8];
    bytes.extend(Codec.encode(message));
    bytes
}

fn facts() -> Vec<Fact> {
    let first = envelope(1);
    vec![
        Fact::Started { mark: [1; 4] },
        Fact::Queued {
            peer: PEER,
            seq: 1,
            hash: extend([0; 32], 1, first.digest()),
            envelope: first,
        },
        Fact::Acked {
            peer: PEER,
            lane: Lane::Ordinary,
            upto: 1,
        },
        Fact::EpochRaised { epoch: 2 },
        Fact::ClockHeld {
            why: "跳了".to_owned(),
        },
        Fact::ClockConfirmed,
        Fact::Read(reading()),
    ]
}

fn reading() -> Reading {
    Reading {
        matter: MatterId([5; 16]),
        at: Time(7),
        who: "wang".to_owned(),
        unit: None,
        opened: Opened::Texts {
            fields: vec![FieldName::Title, FieldName::Contact],
        },
        purpose: Purpose::Handle,
        entrance: Entrance::Remote,
    }
}

fn rows() -> Vec<Row> {
    vec![
        Row::Link(Box::new(LinkState::new(PEER))),
        Row::Node(Box::default()),
        Row::Node(Box::new(NodeRow {
            clock_held: Some("跳了".to_owned()),
            ..NodeRow::default()
        })),
        Row::Outbox(Box::new(envelope(1)), [4; 32]),
        Row::Mark,
        Row::Reading(Box::new(reading())),
        Row::Count(7),
    ]
}

fn keys() -> Vec<RowKey> {
    vec![
        RowKey::Leg(LegId([3; 16])),
        RowKey::Outbox(PEER, Lane::Urgent, 7),
        RowKey::Link(PEER),
        RowKey::Timer(Time(9), TimerKey::LegDue(LegId([3; 16]))),
        RowKey::Index(IndexKey::Number("12345".to_owned())),
        RowKey::Kept(3),
        RowKey::Answer("wang".to_owned(), "k".to_owned()),
        RowKey::Node,
        RowKey::Reading(MatterId([5; 16]), 7),
        RowKey::Readings(MatterId([5; 16])),
    ]
}

fn key_bytes(found: &RowKey) -> Vec<u8> {
    let mut bytes = vec![key::tree(found) as u8];
    bytes.extend(key::encode(found));
    bytes
}

fn topologies() -> Vec<Vec<u8>> {
    let demo = hotline::demo::world::federation().map(|federation| federation.to_toml());
    demo.map(String::into_bytes).into_iter().collect()
}

fn commands() -> Vec<Vec<u8>> {
    let take_in = operator::TakeIn {
        channel: "phone".to_owned(),
        kind: "help".to_owned(),
        category: "0201".to_owned(),
        ..operator::TakeIn::default()
    };
    let command = operator::Command {
        key: "k".to_owned(),
        seen: 1,
        texts: vec![operator::Text {
            field: "content".to_owned(),
            value: "路灯".to_owned(),
            erased: false,
        }],
        verb: Some(Verb::TakeIn(take_in)),
    };
    vec![command.encode_to_vec()]
}

/// Records without meaning.
struct Nothing;

impl Fold for Nothing {
    fn layout(&self) -> u32 {
        1
    }

    fn fold(&self, _: &dyn Rows, no: CommitNo, _: &[u8]) -> Result<Vec<Op>, String> {
        Ok(vec![Op::put(Tree::Meta, b"last", no.to_be_bytes())])
    }
}

/// A file that the store wrote.
fn stored(target: &str) -> Vec<u8> {
    let disk = SimDisk::new();
    let settings = StoreSettings {
        segment_bytes_max: 600,
        key_batch: 2,
        ..StoreSettings::new("/node", ME.as_str(), Some("boot".to_owned()))
    };
    let parts = Parts {
        disk: Arc::new(disk.clone()),
        engine: Arc::new(MemEngine::new()),
        fold: Arc::new(Nothing),
        random: Box::new(|out| out.fill(5)),
    };
    let read = |path: &Path| {
        let len = disk.len(path).unwrap_or(0);
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
        if let Ok(file) = disk.open_read(path) {
            let read = file.read_at(0, &mut bytes).unwrap_or(0);
            bytes.truncate(read);
        }
        bytes
    };
    let Ok((mut store, _)) = Store::open(settings, parts) else {
        return Vec::new();
    };
    for no in 1_u64..=8 {
        let ops = vec![Op::put(Tree::Meta, b"last", no.to_be_bytes())];
        if store.commit(&[7; 60], ops).is_err() {
            return Vec::new();
        }
    }
    if target == "segment" {
        return read(Path::new("/node/log/00000000000000000001.seg"));
    }
    if target == "keyfile" {
        let _ = store.keys().new_slot();
        return read(Path::new("/node/keys.dat"));
    }
    let made = store.upkeep().run().map(|report| report.built.commit_no);
    read(&Path::new("/node/checkpoint").join(format!("{:020}.cp", made.unwrap_or(0))))
}
