//! Every hand-over is signed by its author, what arrived is what was signed, and once quiet each is receipted over the
//! same statement.

use super::{Case, Log, Verdict};
use crate::codec::payload::Codec;
use hotline_domain::evidence::{Receipted, Signature, Signed, fingerprint, signed_of};
use hotline_domain::fact::Fact;
use hotline_domain::id::EnvelopeId;
use hotline_domain::leg::{Act, Lane};
use hotline_domain::link::{Envelope, Message, MessageKind, Wire as _};
use hotline_topology::RegionKey;
use std::collections::{BTreeMap, BTreeSet};

/// What one log says of what was signed.
#[derive(Default)]
struct Book<'a> {
    /// What the node wrote.
    written: BTreeMap<EnvelopeId, &'a Envelope>,
    /// What it received, as it travelled.
    received: Vec<&'a Envelope>,
    /// The receipts that reached it, with who wrote them.
    receipts: Vec<(RegionKey, Receipted)>,
    /// What others refused of it, by a message of their own.
    refused: BTreeSet<EnvelopeId>,
    /// Certificates on record.
    certificates: BTreeMap<[u8; 32], (RegionKey, &'a [Vec<u8>])>,
    /// What the next hop has not acknowledged: it is under way, which is for the queues to answer for.
    waiting: BTreeMap<(RegionKey, Lane, u64), EnvelopeId>,
    /// Neighbours that speak an older wire version, which knows no receipts.
    mute: BTreeSet<RegionKey>,
}

impl<'a> Book<'a> {
    fn read(me: RegionKey, log: &'a Log) -> Self {
        let mut book = Self::default();
        for fact in log.iter().flat_map(|(_, _, facts)| facts) {
            match fact {
                Fact::Queued {
                    peer,
                    seq,
                    envelope,
                    ..
                } if envelope.author == me => {
                    book.written.insert(envelope.id, envelope);
                    let place = (*peer, envelope.lane, *seq);
                    book.waiting.insert(place, envelope.id);
                }
                Fact::Acked { peer, lane, upto } => {
                    let there = |place: &(RegionKey, Lane, u64)| {
                        (place.0, place.1) == (*peer, *lane) && place.2 <= *upto
                    };
                    book.waiting.retain(|place, _| !there(place));
                }
                Fact::Received { envelope, .. } => book.receive(envelope),
                Fact::CertificateKnown { region, chain } => {
                    let id = fingerprint(chain.first().map_or(&[], Vec::as_slice));
                    book.certificates.insert(id, (*region, chain));
                }
                Fact::LinkChanged {
                    peer, peer_wire, ..
                } if (1..MessageKind::Receipts.since()).contains(peer_wire) => {
                    book.mute.insert(*peer);
                }
                _ => {}
            }
        }
        book
    }

    fn receive(&mut self, envelope: &'a Envelope) {
        self.received.push(envelope);
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

/// Whether an envelope hands something over, so that its addressee owes a receipt.
fn hands_over(envelope: &Envelope) -> bool {
    envelope.kind == MessageKind::Leg as u32
        && match Codec.decode(envelope.kind, &envelope.payload) {
            Ok(Message::Leg { act, .. }) => !matches!(act, Act::Receipt),
            _ => false,
        }
}

pub(super) fn judge(case: &Case<'_>, verdict: &mut Verdict) {
    let books: BTreeMap<RegionKey, Book<'_>> = case
        .logs
        .iter()
        .map(|(node, log)| (*node, Book::read(*node, log)))
        .collect();
    for (node, book) in &books {
        for envelope in book.written.values() {
            match unsigned(case, book, envelope) {
                None => verdict.evidence.signed += 1,
                Some(why) => {
                    verdict.evidence.unsigned += 1;
                    verdict.fault(format!("{node} 送出的 {}:{why}", envelope.id));
                }
            }
        }
        arrived(&books, *node, book, verdict);
        receipted(case, &books, *node, book, verdict);
    }
}

/// Why an envelope of this log is not signed as it must be.
fn unsigned(case: &Case<'_>, book: &Book<'_>, envelope: &Envelope) -> Option<String> {
    let Some(proof) = &envelope.proof else {
        return Some("没有签名".to_owned());
    };
    let Some(what) = signed_of(envelope) else {
        return Some("签名的位置与路径不符".to_owned());
    };
    let Some((region, chain)) = book.certificates.get(&proof.certificate) else {
        return Some("签名所用的证书不在日志中".to_owned());
    };
    if *region != envelope.author {
        return Some(format!("签名者是 {region}"));
    }
    let signature = Signature {
        algorithm: proof.algorithm,
        bytes: proof.signature.clone(),
    };
    let signed = Signed {
        author: envelope.author,
        written_at: envelope.written_at,
        chain,
        what: &what,
        signature: &signature,
    };
    let why = case.notary?.signed(&signed).err()?;
    Some(why.words().to_owned())
}

/// What arrived is what its author's log says was written.
fn arrived(
    books: &BTreeMap<RegionKey, Book<'_>>,
    node: RegionKey,
    book: &Book<'_>,
    verdict: &mut Verdict,
) {
    for envelope in &book.received {
        let Some(author) = books.get(&envelope.author) else {
            continue;
        };
        let (id, by) = (envelope.id, envelope.author);
        match author.written.get(&id) {
            Some(written) if written.statement() == envelope.statement() => {}
            Some(_) => {
                verdict.evidence.contradicting += 1;
                verdict.fault(format!("{by} 送出的 {id} 与 {node} 收到的不同"));
            }
            None if verdict.rolled_back.contains(&by) => {
                let words = format!("{node} 收到 {by} 的 {id},{by} 的日志已没有它");
                verdict.missing.push(words);
            }
            None => {
                verdict.evidence.contradicting += 1;
                verdict.fault(format!(
                    "{node} 收到 {by} 签名的 {id},{by} 的日志没有送出记录"
                ));
            }
        }
    }
}

/// Receipts are over what was written; once quiet, whatever was handed over has one.
fn receipted(
    case: &Case<'_>,
    books: &BTreeMap<RegionKey, Book<'_>>,
    node: RegionKey,
    book: &Book<'_>,
    verdict: &mut Verdict,
) {
    let mut done = BTreeSet::new();
    for (by, receipt) in &book.receipts {
        let id = receipt.envelope;
        match book.written.get(&id) {
            Some(written)
                if written.addressee == *by && written.statement() == receipt.statement =>
            {
                done.insert(id);
            }
            None if verdict.rolled_back.contains(&node) => {}
            _ => {
                verdict.evidence.contradicting += 1;
                verdict.fault(format!("{by} 的回执所称的 {id} 不是 {node} 所写"));
            }
        }
    }
    for (id, envelope) in book.written.iter().filter(|(_, one)| hands_over(one)) {
        verdict.evidence.handed_over += 1;
        if done.contains(id) {
            verdict.evidence.receipted += 1;
            continue;
        }
        let to = envelope.addressee;
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
