//! The sealing office of a simulated node: when and to whom is sealed are the product's rules, the form of what is sealed
//! is the product's; the cipher is a repeatable one, as binding as a real one within the simulation, since a node opens
//! with its own secrets alone, and a hundred times faster.

use super::node::Node;
use super::notary::{Seal, Seals};
use super::places::DAY;
use super::rng::Rng;
use hotline::codec::link::{SALT_BYTES, WireContent, WireField, content_from, content_to};
use hotline::codec::payload::Codec;
use hotline_domain::evidence::fingerprint;
use hotline_domain::field::SealedField;
use hotline_domain::link::{Envelope, Message, Unreadable, Wire};
use hotline_domain::row::{Row, RowKey};
use hotline_domain::sealing::{
    self, Habits, Leaving, NewKey, SignedKey, leaving, nobody, successor,
};
use hotline_domain::view::View as _;
use hotline_topology::{RegionKey, Time};
use zeroize::Zeroizing;

/// People change keys besides; old ones are destroyed while what was sealed to them is under way.
const HABITS: Habits = Habits {
    rotate_ms: 45 * DAY,
    keep_ms: DAY / 2,
};
/// Bytes of the check at the end of what is sealed.
const CHECK_BYTES: usize = 32;

/// The product's codec, with the simulation's signatures under keys.
pub struct SimWire;

impl Wire for SimWire {
    fn encode(&self, message: &Message) -> Vec<u8> {
        Codec.encode(message)
    }

    fn decode(&self, kind: u32, payload: &[u8]) -> Result<Message, Unreadable> {
        Codec.decode(kind, payload)
    }

    fn salt(&self, payload: &mut Vec<u8>, salt: [u8; 16]) {
        Codec.salt(payload, salt);
    }

    fn genuine(&self, key: &SignedKey) -> Result<(), String> {
        Seals::believes(key)
    }
}

/// A key that is due at the node, made and not yet in use, with the reason for it.
#[must_use]
pub fn due(node: &mut Node, now: Time) -> Option<(NewKey, &'static str)> {
    let known = known(node);
    let own = known
        .as_ref()
        .and_then(|signed| node.view.row(&RowKey::OwnKey(signed.key.no)));
    let has_it = matches!(own, Some(Row::OwnKey(own)) if node.sealer.opens(own.slot));
    let certificate = Some(node.region.as_bytes()).map(|region| &region[..]);
    let reason = sealing::due(known.as_ref(), has_it, certificate, HABITS, now)?;
    Some((make(node, false, now), reason))
}

/// A new key of the node's; `revoke`: those before it are destroyed at once.
#[must_use]
pub fn make(node: &mut Node, revoke: bool, now: Time) -> NewKey {
    let last = known(node).map_or(0, |signed| signed.key.no);
    let slot = node.sealer.new_slot();
    let public = public(&node.sealer.secret(slot).unwrap_or_default());
    let (key, retire_at) = successor(node.region, last, public, HABITS, revoke, now);
    NewKey {
        signed: Seal(node.region).state(key),
        slot,
        retire_at,
    }
}

fn known(node: &Node) -> Option<SignedKey> {
    match node.view.row(&RowKey::SealingKey(node.region)) {
        Some(Row::SealingKey(signed)) => Some((**signed).clone()),
        _ => None,
    }
}

/// An envelope with its fields opened, as it leaves for its next hop; `None`: it may not leave yet.
#[must_use]
pub fn seal(node: &Node, next: RegionKey, envelope: &Envelope) -> Option<Envelope> {
    let key = match leaving(&node.view, next, envelope).ok()? {
        Leaving::AsItIs => return Some(envelope.clone()),
        Leaving::Sealed(key) => *key,
        Leaving::ToNobody => nobody(envelope.addressee, fingerprint(&envelope.id.0)),
        Leaving::NotYet => return None,
    };
    let statement = envelope.statement();
    let fields = envelope.fields.iter().map(opened).collect();
    let content = content_to(&envelope.payload, fields);
    let mut payload = mixed(&key.public, &statement, &content);
    payload.extend(check(&key.public, &statement, &content));
    Some(Envelope {
        key_id: key.no,
        payload,
        fields: Vec::new(),
        sealed: Some(statement),
        ..envelope.clone()
    })
}

/// What was sealed to the node, with its fields opened; `None`: it does not open, or is not what its author stated.
#[must_use]
pub fn open(node: &Node, envelope: &Envelope) -> Option<Envelope> {
    let own = node.view.get(&RowKey::OwnKey(envelope.key_id)).ok()?;
    let Some(Row::OwnKey(own)) = own else {
        return None;
    };
    let public = public(&node.sealer.secret(own.slot)?);
    let statement = envelope.sealed?;
    let at = envelope.payload.len().checked_sub(CHECK_BYTES)?;
    let (sealed, checked) = envelope.payload.split_at(at);
    let content = mixed(&public, &statement, sealed);
    if check(&public, &statement, &content) != checked {
        return None;
    }
    let (payload, fields) = content_from(&content).ok()?;
    let opened = Envelope {
        key_id: 0,
        payload,
        fields: fields.into_iter().map(travelling).collect(),
        sealed: None,
        ..envelope.clone()
    };
    (opened.statement() == statement).then_some(opened)
}

/// As fields are in the simulation's frames: salt and value where the ciphertext stands.
fn travelling(field: WireField) -> SealedField {
    let content = field.content;
    SealedField {
        name: field.name,
        slot: 0,
        ciphertext: content.map_or_else(Vec::new, |content| {
            [&content.salt[..], &content.value].concat()
        }),
        hash: field.hash,
    }
}

fn opened(field: &SealedField) -> WireField {
    let plain = field.ciphertext.split_first_chunk::<SALT_BYTES>();
    WireField {
        name: field.name,
        hash: field.hash,
        content: plain.map(|(salt, value)| WireContent {
            salt: *salt,
            value: Zeroizing::new(value.to_vec()),
        }),
    }
}

fn public(secret: &[u8; 32]) -> [u8; 32] {
    fingerprint(&[&b"public"[..], secret].concat())
}

fn check(public: &[u8; 32], statement: &[u8; 32], content: &[u8]) -> [u8; CHECK_BYTES] {
    fingerprint(&[&b"check"[..], public, statement, content].concat())
}

/// Both ways.
fn mixed(public: &[u8; 32], statement: &[u8; 32], bytes: &[u8]) -> Vec<u8> {
    let key = fingerprint(&[&b"pad"[..], public, statement].concat());
    let seed = key.first_chunk().copied().map_or(0, u64::from_be_bytes);
    Rng::new(seed).pad(bytes)
}
