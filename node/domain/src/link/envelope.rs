//! What travels between nodes: an addressed, lane-bound envelope around a payload that a relay need not understand.

use crate::field::SealedField;
use crate::id::{EnvelopeId, LegId, MatterId};
use crate::leg::Lane;
use hotline_topology::{RegionKey, Time};
use sha2::{Digest, Sha256};

/// An envelope as a node stores it. Personal fields lie beside the payload, sealed under this node's own keys; on the
/// wire the shell opens them for the next hop, which seals them under its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Envelope {
    /// The same on every hop.
    pub id: EnvelopeId,
    /// Code of the payload's kind; see [`super::MessageKind`]. Unknown codes are set aside, relays pass them on.
    pub kind: u32,
    /// The matter concerned.
    pub matter: Option<MatterId>,
    /// The leg concerned; later messages of a parked one's leg queue behind it.
    pub leg: Option<LegId>,
    /// The node that wrote the payload.
    pub author: RegionKey,
    /// The node that shall apply it.
    pub addressee: RegionKey,
    /// Nodes passed so far, the author first.
    pub route: Vec<RegionKey>,
    /// Lane on every hop.
    pub lane: Lane,
    /// When the author committed it, by the author's clock.
    pub written_at: Time,
    /// The topology version it was written under.
    pub topology: u32,
    /// Key the payload is sealed to; 0 for none.
    pub key_id: u32,
    /// The encoded message, with no personal data in the clear but only hashes of fields; or, where `key_id` is not 0,
    /// ciphertext for the addressee, with the fields in it.
    pub payload: Vec<u8>,
    /// The fields that go with it.
    pub fields: Vec<SealedField>,
    /// The statement of a sealed payload, as its author computed it; `None` while the payload is plain and anyone can.
    pub sealed: Option<[u8; 32]>,
    /// The author's signature over the statement.
    pub proof: Option<Proof>,
    /// The trace of the commit that wrote it, for telemetry only.
    pub trace: Option<Trace>,
}

/// A signature over one statement, or over many at once.
///
/// Statements of one commit may be signed together: the leaves of a Merkle tree (RFC 9162, section 2.1) are the
/// statements, the signature is over its root, and each envelope carries its way to the root.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proof {
    /// SHA-256 of the signer's certificate (DER).
    pub certificate: [u8; 32],
    /// The scheme's number in the TLS registry: 0x0807 is Ed25519.
    pub algorithm: u32,
    /// The signature over the root; 64 bytes with Ed25519.
    pub signature: Vec<u8>,
    /// How many statements were signed together; 1 for one alone.
    pub leaves: u32,
    /// Which of them this is, from 0.
    pub index: u32,
    /// Hashes beside the way to the root, from the leaf up; empty for one alone.
    pub path: Vec<[u8; 32]>,
    /// Where the signer's log stood, signed along: whoever holds the envelope can tell a log that was written anew.
    pub head: Option<LogHead>,
}

/// Where a log stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct LogHead {
    /// The node's epoch: a higher one says that the disk went back, and the log with it.
    pub epoch: u64,
    /// Number of the last commit.
    pub commit: u64,
    /// Value of the log's hash chain after it.
    pub hash: [u8; 32],
}

/// Where in a trace an envelope was written (W3C Trace Context).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trace {
    /// Of the whole trace.
    pub trace: [u8; 16],
    /// Of the span that wrote it.
    pub span: [u8; 8],
    /// Whether the trace is sampled.
    pub sampled: bool,
}

impl Envelope {
    /// SHA-256 over what the author wrote: all but the route and how it is sealed on the way. Signatures and receipts
    /// are over it. Of a sealed payload it is what the author says; the addressee compares it with what was in it.
    #[must_use]
    pub fn statement(&self) -> [u8; 32] {
        if let Some(statement) = self.sealed {
            return statement;
        }
        let mut hash = Sha256::new();
        hash.update(b"hotline statement 1");
        hash.update(self.id.0);
        hash.update(self.kind.to_be_bytes());
        hash.update([u8::from(self.matter.is_some())]);
        hash.update(self.matter.map_or([0; 16], |id| id.0));
        hash.update([u8::from(self.leg.is_some())]);
        hash.update(self.leg.map_or([0; 16], |id| id.0));
        hash.update(self.author.as_bytes());
        hash.update(self.addressee.as_bytes());
        hash.update([self.lane.index() as u8]);
        hash.update(self.written_at.0.to_be_bytes());
        hash.update(self.topology.to_be_bytes());
        hash.update((self.payload.len() as u64).to_be_bytes());
        hash.update(&self.payload);
        hash.update((self.fields.len() as u64).to_be_bytes());
        for field in &self.fields {
            let name = field.name.as_str();
            hash.update((name.len() as u64).to_be_bytes());
            hash.update(name.as_bytes());
            hash.update(field.hash);
        }
        hash.finalize().into()
    }

    /// Whether only its addressee can tell what it says. Its author signed some statement; that it is the stated one, of
    /// this id, kind, leg and payload, nobody else can check, so it proves nothing of them to anyone.
    #[must_use]
    pub fn is_shut(&self) -> bool {
        self.key_id != 0 || self.sealed.is_some()
    }

    /// SHA-256 over everything that both ends of a link see alike, sealed or not: header, route and statement.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"hotline envelope 2");
        hash.update(self.id.0);
        hash.update(self.kind.to_be_bytes());
        hash.update([u8::from(self.matter.is_some())]);
        hash.update(self.matter.map_or([0; 16], |id| id.0));
        hash.update([u8::from(self.leg.is_some())]);
        hash.update(self.leg.map_or([0; 16], |id| id.0));
        hash.update(self.author.as_bytes());
        hash.update(self.addressee.as_bytes());
        hash.update((self.route.len() as u64).to_be_bytes());
        self.route
            .iter()
            .for_each(|region| hash.update(region.as_bytes()));
        hash.update([self.lane.index() as u8]);
        hash.update(self.written_at.0.to_be_bytes());
        hash.update(self.topology.to_be_bytes());
        hash.update(self.statement());
        hash.finalize().into()
    }
}

/// The running hash of a lane after one more envelope.
#[must_use]
pub fn extend(running: [u8; 32], seq: u64, digest: [u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"hotline lane 1");
    hash.update(running);
    hash.update(seq.to_be_bytes());
    hash.update(digest);
    hash.finalize().into()
}
