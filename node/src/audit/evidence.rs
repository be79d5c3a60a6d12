//! Every hand-over is signed by its author, what arrived is what was signed, and once quiet each is receipted over the
//! same statement.

use super::{Case, Verdict};
use crate::codec::payload::Codec;
use hotline_domain::evidence::{Receipted, Signature, Signed, fingerprint, signed_of};
use hotline_domain::fact::Fact;
use hotline_domain::id::EnvelopeId;
use hotline_domain::leg::{Act, Lane};
use hotline_domain::link::{Envelope, Message, MessageKind, Wire as _};
use hotline_topology::{RegionKey, Time};
use std::collections::{BTreeMap, BTreeSet};

/// What one log says of what was signed. Of a letter it keeps what is asked of it later, and not the letter.
#[derive(Default)]
pub(super) struct Book {
    /// What the node wrote.
    written: BTreeMap<EnvelopeId, Letter>,
    /// What it received, as it travelled: which, by whom, over which statement.
    received: Vec<(EnvelopeId, RegionKey, [u8; 32])>,
    /// The receipts that reached it, with who wrote them.
    receipts: Vec<(RegionKey, Receipted)>,
    /// What others refused of it, by a message of their own.
    refused: BTreeSet<EnvelopeId>,
    /// Certificates on record.
    certificates: BTreeMap<[u8; 32], (RegionKey, Vec<Vec<u8>>)>,
    /// What the next hop has not acknowledged: it is under way, which is for the queues to answer for.
    waiting: BTreeMap<(RegionKey, Lane, u64), EnvelopeId>,
    /// Neighbours that speak an older wire version, which knows no receipts.
    mute: BTreeSet<RegionKey>,
}

/// Something that the node wrote.
struct Letter {
    addressee: RegionKey,
    statement: [u8; 32],
    /// Whether its addressee owes a receipt.
    hands_over: bool,
    /// What stands under it, or why nothing does.
    seal: Result<Seal, &'static str>,
}

/// A signature as it stands under a letter.
struct Seal {
    certificate: [u8; 32],
    author: RegionKey,
    written_at: Time,
    what: [u8; 32],
    signature: Signature,
}

impl Book {
    /// Takes a fact of the node's log.
    pub(super) fn take(&mut self, me: RegionKey, fact: &Fact) {
        match fact {
            Fact::Queued {
                peer,
                seq,
                envelope,
                ..
            } if envelope.author == me => {
                self.written.insert(envelope.id, Letter::of(envelope));
                let place = (*peer, envelope.lane, *seq);
                self.waiting.insert(place, envelope.id);
            }
            Fact::Acked { peer, lane, upto } => {
                let first = (*peer, *lane, 0);
                let there = self.waiting.range(first..=(*peer, *lane, *upto));
                let there: Vec<_> = there.map(|(place, _)| *place).collect();
                for place in there {
                    self.waiting.remove(&place);
                }
            }
            Fact::Received { envelope, .. } => self.receive(envelope),
            Fact::CertificateKnown { region, chain } => {
                let id = fingerprint(chain.first().map_or(&[], Vec::as_slice));
                self.certificates.insert(id, (*region, chain.clone()));
            }
            Fact::LinkChanged {
                peer, peer_wire, ..
            } if (1..MessageKind::Receipts.since()).contains(peer_wire) => {
                self.mute.insert(*peer);
            }
            _ => {}
        }
    }

    fn receive(&mut self, envelope: &Envelope) {
        let statement = envelope.statement();
        self.received
            .push((envelope.id, envelope.author, statement));
        match Codec.decode(envelope.kind, &envelope.payload) {
            Ok(Message::Receipts(of)) => {
                let by = envelope.author;
                self.receipts.extend(of.into_iter().map(|one| (by, one)));
            }
            Ok(Message::Refused { about, .. }) => {
                self.refused.insert(about);
            }
            _ => {}
        }
    }
}

impl Letter {
    fn of(envelope: &Envelope) -> Self {
        let seal = match (&envelope.proof, signed_of(envelope)) {
            (None, _) => Err("没有签名"),
            (Some(_), None) => Err("签名的位置与路径不符"),
            (Some(proof), Some(what)) => Ok(Seal {
                certificate: proof.certificate,
                author: envelope.author,
                written_at: envelope.written_at,
                what,
                signature: Signature {
                    algorithm: proof.algorithm,
                    bytes: proof.signature.clone(),
                },
            }),
        };
        Self {
            addressee: envelope.addressee,
            statement: envelope.statement(),
            hands_over: hands_over(envelope),
            seal,
        }
    }
}

/// Whether an envelope hands something over, so that its addressee owes a receipt.
fn hands_over(envelope: &Envelope) -> bool {
    envelope.kind == MessageKind::Leg as u32
        && match Codec.decode(envelope.kind, &envelope.payload) {
            Ok(Message::Leg { act, .. }) => !matches!(act, Act::Receipt),
            _ => false,
        }
}

pub(super) fn judge(case: &Case<'_>, books: &BTreeMap<RegionKey, Book>, verdict: &mut Verdict) {
    for (node, book) in books {
        for (id, letter) in &book.written {
            match unsigned(case, book, letter) {
                None => verdict.evidence.signed += 1,
                Some(why) => {
                    verdict.evidence.unsigned += 1;
                    verdict.fault(format!("{node} 送出的 {id}：{why}"));
                }
            }
        }
        arrived(books, *node, book, verdict);
        receipted(case, books, *node, book, verdict);
    }
}

/// Why a letter of this log is not signed as it must be.
fn unsigned(case: &Case<'_>, book: &Book, letter: &Letter) -> Option<String> {
    let seal = match &letter.seal {
        Ok(seal) => seal,
        Err(why) => return Some((*why).to_owned()),
    };
    let Some((region, chain)) = book.certificates.get(&seal.certificate) else {
        return Some("签名所用的证书不在日志中".to_owned());
    };
    if *region != seal.author {
        return Some(format!("签名者是 {region}"));
    }
    let signed = Signed {
        author: seal.author,
        written_at: seal.written_at,
        chain,
        what: &seal.what,
        signature: &seal.signature,
    };
    let why = case.notary?.signed(&signed).err()?;
    Some(why.words().to_owned())
}

/// What arrived is what its author's log says was written.
fn arrived(books: &BTreeMap<RegionKey, Book>, node: RegionKey, book: &Book, verdict: &mut Verdict) {
    for (id, by, statement) in &book.received {
        let Some(author) = books.get(by) else {
            continue;
        };
        match author.written.get(id) {
            Some(written) if written.statement == *statement => {}
            Some(_) => {
                verdict.evidence.contradicting += 1;
                verdict.fault(format!("{by} 送出的 {id} 与 {node} 收到的不同"));
            }
            None if verdict.rolled_back.contains(by) => {
                let words = format!("{node} 收到 {by} 的 {id}，{by} 的日志已没有它");
                verdict.missing.push(words);
            }
            None => {
                verdict.evidence.contradicting += 1;
                verdict.fault(format!(
                    "{node} 收到 {by} 签名的 {id}，{by} 的日志没有送出记录"
                ));
            }
        }
    }
}

/// Receipts are over what was written; once quiet, whatever was handed over has one.
fn receipted(
    case: &Case<'_>,
    books: &BTreeMap<RegionKey, Book>,
    node: RegionKey,
    book: &Book,
    verdict: &mut Verdict,
) {
    let mut done = BTreeSet::new();
    for (by, receipt) in &book.receipts {
        let id = receipt.envelope;
        match book.written.get(&id) {
            Some(written) if written.addressee == *by && written.statement == receipt.statement => {
                done.insert(id);
            }
            None if verdict.rolled_back.contains(&node) => {}
            _ => {
                verdict.evidence.contradicting += 1;
                verdict.fault(format!("{by} 的回执所称的 {id} 不是 {node} 所写"));
            }
        }
    }
    for (id, letter) in book.written.iter().filter(|(_, one)| one.hands_over) {
        verdict.evidence.handed_over += 1;
        if done.contains(id) {
            verdict.evidence.receipted += 1;
            continue;
        }
        let to = letter.addressee;
        let mute = book.mute.contains(&to)
            || books
                .get(&to)
                .is_some_and(|other| other.mute.contains(&node));
        let under_way = book.waiting.values().any(|waits| waits == id);
        let excused = !case.quiet
            || mute
            || under_way
            || book.refused.contains(id)
            || !books.contains_key(&to);
        if excused {
            continue;
        }
        let words = format!("{node} 移交 {to} 的 {id} 没有回执");
        // So it may with a relay that forgot it.
        if super::forgetful(verdict, &case.federation.path(node, to)) {
            verdict.missing.push(words);
        } else {
            verdict.fault(words);
        }
    }
}
