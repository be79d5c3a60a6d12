//! What is fuzzed.

use hotline::attachment::{FOLDER, part, piece, verify};
use hotline::clock::{Clock as _, SystemClock};
use hotline::codec::payload::Codec;
use hotline::codec::{commit, key, link as wire, row};
use hotline::entropy::OsEntropy;
use hotline::evidence::trust::Trusted;
use hotline::evidence::verdict::Class;
use hotline::evidence::{bundle, judge, words};
use hotline::identity::authority::{Authority, Signer};
use hotline::store::Tree;
use hotline::store::checkpoint::CheckpointRows;
use hotline::store::disk::{Access, Disk, SimDisk};
use hotline::store::keys::verify_file;
use hotline::store::log::verify_dir;
use hotline_domain::leg::{Act, Leg, Party, Reception, Side, receive};
use hotline_domain::link::{
    Frame, HelloFacts, Limits, Message, MessageKind, Output, Past, Session, SessionStage, Wire,
};
use hotline_domain::row::{Row, RowKey};
use hotline_domain::view::{MemoryView, Rows as _};
use hotline_proto::attachment::v1 as attachments;
use hotline_proto::link::v1 as link;
use hotline_proto::operator::v1 as operator;
use hotline_topology::{Federation, PolicyPack, RegionKey, Time};
use prost::Message as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// The node that judges, and its neighbour.
pub const ME: RegionKey = RegionKey::literal("990100000000");
/// See [`ME`].
pub const PEER: RegionKey = RegionKey::literal("990101000000");

/// Something that takes bytes; what it answers tells new behaviour from old, and is no secret of the input.
pub type Target = fn(&[u8]) -> String;

/// All of them, by name.
pub const TARGETS: &[(&str, Target)] = &[
    ("frame", frame),
    ("record", record),
    ("row", view_row),
    ("key", view_key),
    ("payload", payload),
    ("segment", segment),
    ("checkpoint", checkpoint),
    ("keyfile", keyfile),
    ("topology", topology),
    ("policy", policy),
    ("operator", operator_request),
    ("session", session),
    ("leg", leg),
    ("evidence", evidence),
    ("attachment", attachment),
    ("piece", attachment_piece),
];

/// A refusal without what varies with the input.
fn told(error: &dyn std::fmt::Display) -> String {
    let words = error.to_string();
    let plain = words.chars().filter(|c| !c.is_ascii_digit());
    plain.take(60).collect()
}

/// A frame of a link.
fn frame(data: &[u8]) -> String {
    let proto = match link::Frame::decode(data) {
        Ok(proto) => proto,
        Err(error) => return told(&error),
    };
    match wire::decode(proto) {
        Err(error) => told(&error),
        Ok((frame, fields)) => {
            let written = wire::encode(frame.clone(), fields.clone());
            let again = wire::decode(written).expect("what was written is read");
            assert_eq!(again, (frame.clone(), fields), "a frame reads as itself");
            format!("{:?}", std::mem::discriminant(&frame))
        }
    }
}

/// The lasting part of a log record.
fn record(data: &[u8]) -> String {
    match commit::decode(data) {
        Err(error) => told(&error),
        Ok(lasting) => {
            let written = commit::encode(lasting.at, &lasting.facts);
            let again = commit::decode(&written).expect("what was written is read");
            assert_eq!(again.facts, lasting.facts, "a record reads as itself");
            let kinds = lasting.facts.iter().map(std::mem::discriminant);
            format!("{:?}", kinds.take(2).collect::<Vec<_>>())
        }
    }
}

/// A row of the view.
fn view_row(data: &[u8]) -> String {
    match row::decode(data) {
        Err(error) => told(&error),
        Ok(found) => {
            let again = row::decode(&row::encode(&found)).expect("what was written is read");
            assert_eq!(again, found, "a row reads as itself");
            format!("{:?}", std::mem::discriminant(&found))
        }
    }
}

/// A key of the view: the tree's number, then the key.
fn view_key(data: &[u8]) -> String {
    let Some(([number], bytes)) = data.split_first_chunk::<1>() else {
        return String::new();
    };
    let Some(tree) = Tree::from_number(*number) else {
        return "no tree".to_owned();
    };
    match key::decode(tree, bytes) {
        Err(error) => told(&error),
        Ok(found) => {
            assert_eq!(key::tree(&found), tree, "a key stays in its tree");
            let again = key::decode(tree, &key::encode(&found)).expect("what was written is read");
            assert_eq!(again, found, "a key reads as itself");
            format!("{:?}", std::mem::discriminant(&found))
        }
    }
}

/// A payload: its kind, then its bytes.
fn payload(data: &[u8]) -> String {
    let Some(([kind], bytes)) = data.split_first_chunk::<1>() else {
        return String::new();
    };
    match Codec.decode(u32::from(*kind), bytes) {
        Err(error) => format!("{error:?}")
            .chars()
            .filter(|c| !c.is_ascii_digit())
            .take(60)
            .collect(),
        Ok(message) => {
            let written = Codec.encode(&message);
            let again = Codec.decode(u32::from(*kind), &written);
            assert_eq!(again, Ok(message.clone()), "a payload reads as itself");
            format!("{:?}", std::mem::discriminant(&message))
        }
    }
}

fn disk_with(path: &Path, data: &[u8], access: Access) -> SimDisk {
    let disk = SimDisk::new();
    let folder = path.parent().unwrap_or(Path::new("/"));
    disk.create_dir(folder).expect("a folder in memory");
    disk.write_new(path, data, access)
        .expect("a file in memory");
    disk
}

/// The first segment of a log.
fn segment(data: &[u8]) -> String {
    let path = Path::new("/log/00000000000000000001.seg");
    let disk = disk_with(path, data, Access::Common);
    match verify_dir(&disk, Path::new("/log"), None) {
        Ok(report) => format!("{} {}", report.last.min(3), report.torn.is_some()),
        Err(error) => told(&error),
    }
}

/// A checkpoint.
fn checkpoint(data: &[u8]) -> String {
    let path = Path::new("/checkpoint/00000000000000000001.cp");
    let disk = disk_with(path, data, Access::Common);
    match CheckpointRows::open(&disk, path, ME.as_str()) {
        Ok(rows) => format!("{}", rows.rows().min(3)),
        Err(error) => told(&error),
    }
}

/// The key file.
fn keyfile(data: &[u8]) -> String {
    let path = Path::new("/keys.dat");
    let disk = disk_with(path, data, Access::Private);
    match verify_file(&disk, path, None) {
        Ok(report) => format!(
            "{} {} {}",
            report.live.min(3),
            report.destroyed.min(3),
            report.damaged.len().min(3)
        ),
        Err(error) => told(&error),
    }
}

/// A topology file.
fn topology(data: &[u8]) -> String {
    let text = String::from_utf8_lossy(data);
    match Federation::parse("federation.toml", &text) {
        Ok(federation) => {
            let written = federation.to_toml();
            let again = Federation::parse("federation.toml", &written);
            assert!(again.is_ok(), "a topology reads as itself: {again:?}");
            "whole".to_owned()
        }
        Err(faults) => faults.first().map_or_else(String::new, |fault| told(fault)),
    }
}

/// A policy pack.
fn policy(data: &[u8]) -> String {
    match PolicyPack::parse("pack.toml", &String::from_utf8_lossy(data)) {
        Ok(_) => "whole".to_owned(),
        Err(faults) => faults.first().map_or_else(String::new, |fault| told(fault)),
    }
}

/// A command at the operator's door, as the transport reads it.
fn operator_request(data: &[u8]) -> String {
    match operator::Command::decode(data) {
        Ok(command) => {
            let again = operator::Command::decode(command.encode_to_vec().as_slice());
            assert_eq!(again.as_ref(), Ok(&command), "a command reads as itself");
            format!("{:?}", command.verb.as_ref().map(std::mem::discriminant))
        }
        Err(error) => told(&error),
    }
}

/// The frames of a stream: each a length of two bytes, then its bytes.
pub fn pieces(mut data: &[u8]) -> Vec<&[u8]> {
    let mut all = Vec::new();
    while let Some((len, rest)) = data.split_first_chunk::<2>() {
        let len = usize::from(u16::from_be_bytes(*len)).min(rest.len());
        let (piece, rest) = rest.split_at(len);
        all.push(piece);
        data = rest;
    }
    all
}

/// A session fed with frames, each delivered envelope committed as the kernel would.
fn session(data: &[u8]) -> String {
    let mut view = MemoryView::default();
    let own = HelloFacts {
        region: ME,
        epoch: 1,
        topology_version: 1,
        time: Time(0),
        past: Past::default(),
    };
    let link = |view: &MemoryView| view.link(PEER).expect("memory");
    let (mut session, _) = Session::open(&link(&view), own, Limits::default(), 0);
    let mut trail = String::new();
    for (at, piece) in pieces(data).into_iter().enumerate() {
        let Ok(Ok((frame, _))) = link::Frame::decode(piece).map(wire::decode) else {
            continue;
        };
        let closed = session.stage() == SessionStage::Closed;
        let outputs = session.on_frame(frame, &link(&view), &|_, _| None, at as u64);
        assert!(
            !closed || outputs.is_empty(),
            "a closed session says nothing"
        );
        for output in outputs {
            match output {
                Output::Deliver {
                    lane,
                    seq,
                    envelope,
                } => {
                    let mut state = link(&view);
                    let mark = &mut state.lanes[lane.index()];
                    assert_eq!(seq, mark.received + 1, "no gap, nothing twice");
                    mark.received = seq;
                    let hash =
                        hotline_domain::link::extend(mark.received_hash, seq, envelope.digest());
                    mark.received_hash = hash;
                    view.apply([(RowKey::Link(PEER), Some(Row::Link(Box::new(state))))]);
                    let said = session.acknowledge(lane, seq, hash);
                    assert!(matches!(said.first(), Some(Frame::Ack { upto, .. }) if *upto == seq));
                    trail.push('d');
                }
                Output::Close { code, .. } => trail.push_str(&format!("{code:?}")),
                Output::Send(_) => trail.push('s'),
                Output::Acked { .. } => trail.push('a'),
                Output::News(_) | Output::Introduced { .. } => trail.push('n'),
                Output::Beat { .. } => trail.push('b'),
            }
        }
    }
    trail.truncate(24);
    trail
}

/// A leg: an offer, then acts of either side as messages bring them, to both records of it.
fn leg(data: &[u8]) -> String {
    let mut acts = pieces(data).into_iter().filter_map(|piece| {
        match Codec.decode(MessageKind::Leg as u32, piece) {
            Ok(Message::Leg { leg, at, act }) => Some((leg, at, act)),
            _ => None,
        }
    });
    let Some((id, at, Act::Offer(offer))) = acts.next() else {
        return String::new();
    };
    let mut records =
        [Side::Giver, Side::Taker].map(|side| Leg::open(id, side, *offer.clone(), at));
    let mut trail = String::new();
    for (_, at, act) in acts.take(40) {
        // Which side says it is chance's, too.
        let by = if at.0 % 2 == 0 {
            Party::Taker
        } else {
            Party::Giver
        };
        for record in &mut records {
            let before = record.is_open();
            match receive(record, by, at, &act) {
                Reception::Apply | Reception::Late { .. } => {
                    record.apply(by, at, at, &act);
                    assert!(before || !record.is_open(), "a closed leg stays closed");
                    trail.push('+');
                }
                Reception::Void(_) => trail.push('o'),
                Reception::Refuse(refusal) => {
                    trail.push_str(&refusal.rule[..refusal.rule.len().min(8)])
                }
            }
            // Whatever it is, one party answers for it.
            let _ = record.answerable();
        }
    }
    trail.chars().take(40).collect()
}

/// Roots and lists of an authority that certified none of the signers.
fn trusted() -> &'static Trusted {
    static TRUSTED: OnceLock<Trusted> = OnceLock::new();
    TRUSTED.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let (now, entropy) = (SystemClock::new().now(), &mut OsEntropy);
        let domain = "fuzz.test".parse().expect("a domain");
        let certs = folder.path().join("certs");
        let authority = Authority::init(&certs, &domain, now, entropy).expect("an authority");
        let of_root = authority.issue_authority(ME, Signer::Root, now, entropy);
        of_root.expect("an authority's certificate");
        let node = authority.issue_node(ME, ME, now, entropy);
        node.expect("a node's certificate");
        let folder = certs.join("nodes").join(ME.as_str());
        Trusted::load(&folder, &[]).expect("roots and lists")
    })
}

/// An evidence file, as `hotline evidence verify` takes it, beside the good one.
fn evidence(data: &[u8]) -> String {
    let file = match bundle::read(data) {
        Ok(file) => file,
        Err(error) => return told(&error),
    };
    let written = bundle::write(&file.bundle, None).expect("no key signs");
    let again = bundle::read(&written).expect("what was written is read");
    assert_eq!(again.bundle, file.bundle, "a bundle reads as itself");
    let good = bundle::read(&super::seeds::evidence());
    let given = vec![("one".to_owned(), Ok(file)), ("other".to_owned(), good)];
    let judged = judge::judge(given, trusted(), SystemClock::new().now());
    let lies = judged.findings.iter();
    assert_eq!(
        lies.filter(|found| found.class == Class::Lie).count(),
        0,
        "nobody's signature is good, and somebody is convicted"
    );
    let _ = words::report_json(&judged);
    let told = words::report(&judged);
    format!(
        "{} {} {} {}",
        judged.exit(),
        judged.unusable.len(),
        judged.findings.len().min(3),
        told.as_str().lines().count().min(20)
    )
}

/// An attachment's file under the name of the good one: nothing else may pass for it.
fn attachment(data: &[u8]) -> String {
    static GOOD: OnceLock<(String, Vec<u8>)> = OnceLock::new();
    let (name, good) = GOOD.get_or_init(super::seeds::attachment);
    let path = Path::new("/").join(FOLDER).join(name);
    let disk: Arc<dyn Disk> = Arc::new(disk_with(&path, data, Access::Private));
    match verify(&disk, &path) {
        Ok(_) => {
            assert_eq!(data, good, "another file under this name");
            "whole".to_owned()
        }
        Err(error) => told(&error),
    }
}

/// A part of an attachment on its way.
fn attachment_piece(data: &[u8]) -> String {
    let read = match attachments::Piece::decode(data) {
        Ok(read) => read,
        Err(error) => return told(&error),
    };
    let found = part(read);
    assert_eq!(part(piece(found.clone())), found, "a part reads as itself");
    match found {
        Ok(found) => format!("{:?}", std::mem::discriminant(&found)),
        Err(refused) => format!("refused {}", refused.later),
    }
}
