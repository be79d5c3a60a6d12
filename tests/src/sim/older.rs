//! A neighbour of the release before: what it says and hears goes through the committed descriptors of wire 1, so that
//! nothing newer gets through. It greets as such; kinds of messages that it does not know, it sets aside.

use hotline::codec::link as wire;
use hotline::codec::payload::Codec;
use hotline_domain::field::SealedField;
use hotline_domain::link::{Frame, MessageKind, Wire as _};
use hotline_proto::link::v1 as pb;
use hotline_topology::RegionKey;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, Value};
use std::sync::OnceLock;

/// The version that it speaks.
pub const SPEAKS: u32 = 1;

fn pool() -> &'static DescriptorPool {
    static POOL: OnceLock<DescriptorPool> = OnceLock::new();
    POOL.get_or_init(|| {
        let bytes: &[u8] = include_bytes!("../../../proto/released/wire-1.binpb");
        DescriptorPool::decode(bytes).expect("a committed release")
    })
}

fn message(name: &str) -> Option<MessageDescriptor> {
    pool().get_message_by_name(name)
}

/// The message whose bytes are the payload of a kind, in that release.
fn payload(kind: u32) -> Option<MessageDescriptor> {
    let name = match kind {
        kind if kind == MessageKind::Leg as u32 => "hotline.leg.v1.LegAct",
        kind if kind == MessageKind::Sight as u32 => "hotline.leg.v1.SightNote",
        kind if kind == MessageKind::Notice as u32 => "hotline.leg.v1.Notice",
        kind if kind == MessageKind::Figures as u32 => "hotline.figures.v1.Report",
        kind if kind == MessageKind::Refused as u32 => "hotline.leg.v1.Refused",
        _ => return None,
    };
    message(name)
}

/// The bytes of a message as that release reads and writes them; `None` where it cannot read them.
fn known(of: MessageDescriptor, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut message = DynamicMessage::decode(of, bytes).ok()?;
    forget(&mut message);
    Some(message.encode_to_vec())
}

/// Forgets what the release has no name for.
fn forget(message: &mut DynamicMessage) {
    message.take_unknown_fields().for_each(drop);
    for (_, value) in message.fields_mut() {
        match value {
            Value::Message(inner) => forget(inner),
            Value::List(items) => items.iter_mut().for_each(|item| {
                if let Value::Message(inner) = item {
                    forget(inner);
                }
            }),
            _ => {}
        }
    }
}

/// The salt behind a payload for a far node. Whoever reads the message passes over it, whoever hashes the bytes does not:
/// taking it away would change what was signed.
fn salt(payload: &[u8]) -> &[u8] {
    let mut empty = Vec::new();
    Codec.salt(&mut empty, [0; 16]);
    let tag = empty.len() - 16;
    let at = payload.len().saturating_sub(empty.len());
    let salted = payload[at..].starts_with(&empty[..tag]);
    if salted { &payload[at..] } else { &[] }
}

/// A frame as it comes through between the releases; `None`: the older one has no such frame.
///
/// The fields of its envelope stand in it opened, as on the simulated wire. Only what `older` itself writes and reads is
/// of its form; what it relays it does not look into.
///
/// # Panics
/// When a frame of the product cannot be read by the product.
#[must_use]
pub fn through(frame: Frame, older: RegionKey) -> Option<Frame> {
    let fields: Vec<SealedField> = match &frame {
        Frame::Envelope { envelope, .. } => envelope.fields.clone(),
        _ => Vec::new(),
    };
    let bytes = wire::encode(frame, Vec::new()).encode_to_vec();
    let bytes = known(message("hotline.link.v1.Frame")?, &bytes)?;
    let frame = pb::Frame::decode(bytes.as_slice()).ok()?;
    frame.frame.as_ref()?;
    let (mut frame, _) = wire::decode(frame).expect("a frame of the release before");
    match &mut frame {
        Frame::Hello(hello) => hello.wire_version = SPEAKS,
        Frame::Envelope { envelope, .. } => {
            envelope.fields = fields;
            let own = envelope.addressee == older || envelope.author == older;
            // What cannot be read passes as it is, and is judged as it is.
            let read = payload(envelope.kind).and_then(|of| known(of, &envelope.payload));
            if let Some(bytes) = read.filter(|_| own && envelope.key_id == 0) {
                let salt = salt(&envelope.payload).to_vec();
                envelope.payload = [bytes, salt].concat();
            }
        }
        _ => {}
    }
    Some(frame)
}
