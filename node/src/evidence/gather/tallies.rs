//! Which tallies of others a file shows: of each neighbour the first after every letter that is shown, the first that
//! signs for the day in which such a letter stands, the first under each certificate since, and the last. Years of them say no
//! more than these.

use crate::codec::payload::Codec;
use crate::evidence::bundle::Letter;
use hotline_domain::link::{Envelope, Message, MessageKind, Wire as _};
use hotline_topology::RegionKey;
use std::collections::{BTreeMap, BTreeSet};

/// Whether a letter is a tally.
pub(super) fn is_tally(envelope: &Envelope) -> bool {
    envelope.kind == MessageKind::Tally as u32
}

/// What is wanted of one neighbour next.
#[derive(Default)]
struct Wanted {
    /// A letter was shown since.
    since: bool,
    /// The days in which letters stand that it has not signed for.
    days: BTreeSet<u64>,
    certificates: BTreeSet<[u8; 32]>,
    last: Option<usize>,
}

/// Leaves the tallies away that say no more than others; `letters` are in the order of the log.
pub(super) fn thin_out(letters: &mut Vec<Letter>) {
    let authors = letters.iter().filter(|one| is_tally(&one.envelope));
    let mut wanted: BTreeMap<RegionKey, Wanted> = authors
        .map(|one| (one.envelope.author, Wanted::default()))
        .collect();
    let (mut kept, mut begun) = (BTreeSet::new(), false);
    for (at, letter) in letters.iter().enumerate() {
        let envelope = &letter.envelope;
        if !is_tally(envelope) {
            begun = true;
            for of in wanted.values_mut() {
                of.since = true;
                of.days.extend(letter.place.as_ref().map(|place| place.day));
            }
            continue;
        }
        let Some(of) = wanted.get_mut(&envelope.author) else {
            continue;
        };
        of.last = Some(at);
        if !begun {
            continue;
        }
        let signed = match Codec.decode(envelope.kind, &envelope.payload) {
            Ok(Message::Tally(said)) => said.yours.map_or(0, |yours| yours.no),
            _ => 0,
        };
        let certificate = envelope.proof.as_ref().map(|proof| proof.certificate);
        let covers = of.days.first().is_some_and(|day| *day <= signed);
        let new = certificate.is_some_and(|certificate| of.certificates.insert(certificate));
        if of.since || covers || new {
            kept.insert(at);
        }
        of.since = false;
        of.days.retain(|day| *day > signed);
    }
    kept.extend(wanted.values().filter_map(|of| of.last));
    let mut at = 0;
    letters.retain(|letter| {
        at += 1;
        !is_tally(&letter.envelope) || kept.contains(&(at - 1))
    });
}
