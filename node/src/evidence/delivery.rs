//! What became of each hand-over, from all files together.

use super::bundle::{ContactKind, Letter, Way};
use super::examine::{Examined, Seen, hands_over};
use super::hold::{Held, Matters, claims, received};
use hotline_domain::evidence::{Delivery, Effect, Shown, judge};
use hotline_domain::id::EnvelopeId;
use hotline_domain::link::Message;
use hotline_topology::{RegionKey, Time};
use std::collections::BTreeMap;

/// Proven receipts: of whom, for which statement; when, and with what effect.
type Receipts = BTreeMap<(RegionKey, EnvelopeId, [u8; 32]), Vec<(Time, Effect)>>;

/// A hand-over of a file's node: which letter, by position, and what became of it.
pub type Delivered = (usize, Delivery);

/// The hand-overs of every file, in its order.
#[must_use]
pub fn deliveries(files: &[&Examined]) -> Vec<Vec<Delivered>> {
    let receipts = receipts(files);
    let matters = Matters::of(files);
    files
        .iter()
        .map(|file| {
            file.seen()
                .enumerate()
                .filter_map(|(at, (letter, seen))| {
                    let own = letter.envelope.author == file.node();
                    let handed = own && hands_over(seen.message.as_ref());
                    let Way::Sent(hop, acked_at) = letter.way else {
                        return None;
                    };
                    handed.then(|| {
                        let shown = shown(files, (&receipts, &matters), file, (letter, seen), hop);
                        (at, judge(&Shown { acked_at, ..shown }))
                    })
                })
                .collect()
        })
        .collect()
}

/// Each receipt stands for itself: one that is not signed proves nothing beside one that is.
fn receipts(files: &[&Examined]) -> Receipts {
    let mut found = Receipts::new();
    for (letter, seen) in files.iter().flat_map(|file| file.seen()) {
        if let Some(Message::Receipts(of)) = seen.message.as_ref().filter(|_| seen.speaks()) {
            for one in of {
                let of = (letter.envelope.author, one.envelope, one.statement);
                found.entry(of).or_default().push((one.at, one.effect));
            }
        }
    }
    found
}

fn shown(
    files: &[&Examined],
    (receipts, matters): (&Receipts, &Matters),
    file: &Examined,
    (letter, seen): (&Letter, &Seen),
    hop: RegionKey,
) -> Shown {
    let envelope = &letter.envelope;
    let (addressee, id, statement) = (envelope.addressee, envelope.id, seen.statement);
    let receipt = receipts.get(&(addressee, id, statement));
    let lacks = files.iter().filter(|other| {
        let claims = envelope.leg.is_some_and(|leg| claims(other, leg, matters));
        other.node() == addressee
            && other.head().is_some()
            && claims
            && received(&other.file.bundle, id, &statement) == Held::Nothing
    });
    let signed = files.iter().flat_map(|other| other.seen());
    let signed = signed.filter(|(of, seen)| {
        let author = of.envelope.author;
        (author == hop || author == addressee) && seen.speaks()
    });
    let contacts = |kind: ContactKind| -> Vec<Time> {
        let of = file.file.bundle.contacts.iter();
        of.filter(|contact| contact.kind == kind && contact.peer == Some(hop))
            .map(|contact| contact.at)
            .collect()
    };
    Shown {
        offered_at: letter.at,
        acked_at: None,
        hop_is_addressee: hop == addressee,
        receipt: receipt.and_then(|of| of.iter().min().copied()),
        lacks: lacks.map(|other| other.file.bundle.made_at).max(),
        signed_by_peer: signed.map(|(of, _)| of.envelope.written_at).collect(),
        met: contacts(ContactKind::Met),
        failed: contacts(ContactKind::DialFailed),
        until: file.file.bundle.made_at,
    }
}
