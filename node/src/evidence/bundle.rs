//! The form of an evidence file (`evidence/v1`), and its seal.

use crate::codec::Malformed;
use crate::codec::form::Coded as _;
use crate::codec::record::{envelope_from, envelope_to, proof_from, proof_to};
use crate::evidence::accounts::{self, Accounts, Place, Restart};
use hotline_domain::evidence::{Effect, Signature, Signer, fingerprint};
use hotline_domain::id::{EnvelopeId, LegId, MatterId};
use hotline_domain::link::{Envelope, LogHead, Proof};
use hotline_proto::evidence::v1 as pb;
use hotline_topology::{RegionKey, Time};
use prost::Message as _;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The form of the files that are written.
pub const FORM: u32 = 3;
/// Largest file that is read, in bytes.
pub const FILE_BYTES_MAX: u64 = 256 << 20;

/// A letter as one node's log holds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Letter {
    /// Number of the commit that holds it.
    pub commit: u64,
    /// The node's time of that commit.
    pub at: Time,
    /// Value of the node's hash chain before that commit.
    pub chain_before: [u8; 32],
    /// How it came there.
    pub way: Way,
    /// The envelope, its fields as hashes.
    pub envelope: Envelope,
    /// Where it stands in its day's account.
    pub place: Option<Place>,
}

/// How a letter came into a log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// Sent or passed on: to the next hop, which acknowledged it then.
    Sent(RegionKey, Option<Time>),
    /// Received by its addressee.
    Received(Effect),
}

/// A moment of a link, or of the node itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Contact {
    /// What.
    pub kind: ContactKind,
    /// When.
    pub at: Time,
    /// Which neighbour; `None` for the node itself.
    pub peer: Option<RegionKey>,
}

/// See [`Contact`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ContactKind {
    /// The node started.
    Started,
    /// The link came to stand.
    Met,
    /// A dial failed.
    DialFailed,
}

/// Where a leg stands, by a node's own log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// The leg.
    pub leg: LegId,
    /// Who gives.
    pub giver: RegionKey,
    /// Whose node takes.
    pub taker: RegionKey,
    /// When it was delivered.
    pub delivered_at: Option<Time>,
    /// When it was closed; `None` while it is open.
    pub closed_at: Option<Time>,
}

/// What a node holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bundle {
    /// Whose log.
    pub node: RegionKey,
    /// How it was gathered: [`FORM`], or 0 by a program of before, whose omissions say nothing.
    pub form: u32,
    /// The time of the last commit that it shows, by that node's clock.
    pub made_at: Time,
    /// When it was exported, by the machine's clock.
    pub sealed_at: Time,
    /// The legs concerned.
    pub legs: Vec<LegId>,
    /// The matter.
    pub matter: Option<MatterId>,
    /// Whether everything of the matter is in it.
    pub whole_matter: bool,
    /// In the order of the log.
    pub letters: Vec<Letter>,
    /// Whose certificates, as chains without the root.
    pub certificates: Vec<(RegionKey, Vec<Vec<u8>>)>,
    /// Since the first letter.
    pub contacts: Vec<Contact>,
    /// Where the legs stand.
    pub standings: Vec<Standing>,
    /// What the node acknowledged and did not open.
    pub unopened: BTreeSet<EnvelopeId>,
    /// The accounts of its days; `None` where its log keeps none.
    pub accounts: Option<Accounts>,
    /// Where its log began a new epoch, in order.
    pub restarts: Vec<Restart>,
    /// The files that this one answers, by what they are named as ([`statement`]).
    pub answers: BTreeSet<[u8; 32]>,
}

impl Bundle {
    /// The chain of a certificate that lies in the file.
    #[must_use]
    pub fn chain(&self, certificate: &[u8; 32]) -> Option<(RegionKey, &[Vec<u8>])> {
        self.certificates
            .iter()
            .find(|(_, chain)| {
                chain
                    .first()
                    .is_some_and(|leaf| fingerprint(leaf) == *certificate)
            })
            .map(|(region, chain)| (*region, chain.as_slice()))
    }
}

/// A file as it was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct File {
    /// What the node says.
    pub bundle: Bundle,
    /// What the seal must be over.
    pub statement: [u8; 32],
    /// The node's signature over it.
    pub seal: Option<Proof>,
}

/// What a bundle's bytes are named as.
#[must_use]
pub fn statement(bytes: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"hotline evidence 2");
    hash.update(bytes);
    hash.finalize().into()
}

/// What a seal is over: its label is no letter's.
#[must_use]
pub fn seal_bytes(statement: &[u8; 32], head: &LogHead) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"hotline seal 2");
    hash.update(statement);
    hash.update(head.epoch.to_be_bytes());
    hash.update(head.commit.to_be_bytes());
    hash.update(head.hash);
    hash.finalize().into()
}

/// The file's bytes, sealed with the node's key where there is one; `head` is where its log stood.
///
/// # Errors
/// The key cannot sign; in words.
pub fn write(bundle: &Bundle, seal: Option<(&dyn Signer, LogHead)>) -> Result<Vec<u8>, String> {
    let bytes = encode(bundle).encode_to_vec();
    let seal = match seal {
        None => None,
        Some((signer, head)) => {
            let what = seal_bytes(&statement(&bytes), &head);
            let Signature { algorithm, bytes } = signer.sign(&what)?;
            Some(Proof {
                certificate: fingerprint(signer.chain().first().map_or(&[], Vec::as_slice)),
                algorithm,
                signature: bytes,
                leaves: 1,
                index: 0,
                path: Vec::new(),
                head: Some(head),
            })
        }
    };
    let file = pb::File {
        bundle: bytes,
        seal: seal.as_ref().map(proof_to),
    };
    Ok(file.encode_to_vec())
}

/// Why a file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is no evidence file.
    #[error("不是证据文件或已损坏：{0}")]
    Bytes(#[from] prost::DecodeError),
    /// Something in it is not as it must be.
    #[error("证据文件内容不可读：{0}")]
    Content(#[from] Malformed),
}

/// Reads a file; nothing in it is believed yet.
///
/// # Errors
/// See [`Unusable`].
pub fn read(bytes: &[u8]) -> Result<File, Unusable> {
    let pb::File { bundle, seal } = pb::File::decode(bytes)?;
    Ok(File {
        statement: statement(&bundle),
        bundle: decode(pb::Bundle::decode(bundle.as_slice())?)?,
        seal: seal.map(proof_from).transpose()?,
    })
}

fn encode(bundle: &Bundle) -> pb::Bundle {
    let ms = |at: Time| at.0;
    pb::Bundle {
        node: bundle.node.to_string(),
        form: bundle.form,
        made_at_ms: bundle.made_at.0,
        sealed_at_ms: bundle.sealed_at.0,
        unopened: bundle.unopened.iter().map(|id| id.0.to_vec()).collect(),
        accounts: bundle.accounts.as_ref().map(accounts::to),
        restarts: bundle.restarts.iter().map(accounts::restart_to).collect(),
        answers: bundle.answers.iter().map(|hash| hash.to_vec()).collect(),
        legs: bundle.legs.iter().map(|leg| leg.0.to_vec()).collect(),
        matter: bundle.matter.map(|matter| matter.0.to_vec()),
        whole_matter: bundle.whole_matter,
        letters: bundle.letters.iter().map(letter_to).collect(),
        certificates: bundle
            .certificates
            .iter()
            .map(|(region, chain)| pb::Certificate {
                region: region.to_string(),
                chain: chain.clone(),
            })
            .collect(),
        contacts: bundle
            .contacts
            .iter()
            .map(|contact| pb::Contact {
                kind: contact.kind.code(),
                at_ms: contact.at.0,
                peer: contact
                    .peer
                    .map_or_else(String::new, |peer| peer.to_string()),
            })
            .collect(),
        standings: bundle
            .standings
            .iter()
            .map(|standing| pb::Standing {
                leg: standing.leg.0.to_vec(),
                giver: standing.giver.to_string(),
                taker: standing.taker.to_string(),
                delivered_at_ms: standing.delivered_at.map(ms),
                closed_at_ms: standing.closed_at.map(ms),
            })
            .collect(),
    }
}

fn letter_to(letter: &Letter) -> pb::Letter {
    let way = match letter.way {
        Way::Sent(to, acked_at) => pb::letter::Way::Sent(pb::letter::Sent {
            to: to.to_string(),
            acked_at_ms: acked_at.map(|at| at.0),
        }),
        Way::Received(effect) => pb::letter::Way::Received(pb::letter::Received {
            effect: effect.code(),
        }),
    };
    pb::Letter {
        commit: letter.commit,
        at_ms: letter.at.0,
        chain_before: letter.chain_before.to_vec(),
        envelope: Some(envelope_to(&letter.envelope)),
        way: Some(way),
        place: letter.place.as_ref().map(accounts::place_to),
    }
}

crate::codec::form::coded!(ContactKind => pb::contact::Kind { Started, Met, DialFailed });

fn decode(proto: pb::Bundle) -> Result<Bundle, Malformed> {
    use crate::codec::form::{exactly, maybe_exactly, region};
    let mut certificates = Vec::new();
    for certificate in proto.certificates {
        let of = region(&certificate.region, "Certificate.region")?;
        certificates.push((of, certificate.chain));
    }
    let mut contacts = Vec::new();
    for contact in proto.contacts {
        contacts.push(Contact {
            kind: ContactKind::from_code(contact.kind, "Contact.kind")?,
            at: Time(contact.at_ms),
            peer: match contact.peer.as_str() {
                "" => None,
                peer => Some(region(peer, "Contact.peer")?),
            },
        });
    }
    let mut standings = Vec::new();
    for standing in proto.standings {
        standings.push(Standing {
            leg: LegId(exactly(&standing.leg, "Standing.leg")?),
            giver: region(&standing.giver, "Standing.giver")?,
            taker: region(&standing.taker, "Standing.taker")?,
            delivered_at: standing.delivered_at_ms.map(Time),
            closed_at: standing.closed_at_ms.map(Time),
        });
    }
    let legs = proto.legs.iter();
    Ok(Bundle {
        node: region(&proto.node, "Bundle.node")?,
        form: proto.form,
        made_at: Time(proto.made_at_ms),
        sealed_at: Time(proto.sealed_at_ms),
        unopened: proto
            .unopened
            .iter()
            .map(|id| exactly(id, "Bundle.unopened").map(EnvelopeId))
            .collect::<Result<_, _>>()?,
        legs: legs
            .map(|leg| exactly(leg, "Bundle.legs").map(LegId))
            .collect::<Result<_, _>>()?,
        matter: maybe_exactly(proto.matter, "Bundle.matter")?.map(MatterId),
        whole_matter: proto.whole_matter,
        letters: proto
            .letters
            .into_iter()
            .map(letter_from)
            .collect::<Result<_, _>>()?,
        certificates,
        contacts,
        standings,
        accounts: proto.accounts.map(accounts::from).transpose()?,
        restarts: proto
            .restarts
            .into_iter()
            .map(accounts::restart_from)
            .collect::<Result<_, _>>()?,
        answers: proto
            .answers
            .iter()
            .map(|hash| exactly(hash, "Bundle.answers"))
            .collect::<Result<_, _>>()?,
    })
}

fn letter_from(proto: pb::Letter) -> Result<Letter, Malformed> {
    use crate::codec::form::{exactly, need, region};
    let way = match need(proto.way, "Letter.way")? {
        pb::letter::Way::Sent(sent) => Way::Sent(
            region(&sent.to, "Letter.Sent.to")?,
            sent.acked_at_ms.map(Time),
        ),
        pb::letter::Way::Received(received) => Way::Received(Effect::from_code(
            received.effect,
            "Letter.Received.effect",
        )?),
    };
    Ok(Letter {
        commit: proto.commit,
        at: Time(proto.at_ms),
        chain_before: exactly(&proto.chain_before, "Letter.chain_before")?,
        way,
        envelope: envelope_from(need(proto.envelope, "Letter.envelope")?)?,
        place: proto.place.map(accounts::place_from).transpose()?,
    })
}
