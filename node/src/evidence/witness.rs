//! Who else saw a signature, over all files together: a letter is seen by whoever receipted it, and by whoever holds it in a
//! sealed file of its own, or signed for the day of the log in which it stands. What sees must count itself, so this goes on until nothing is added any more; a signature only
//! ever gains by it, and the order of files says nothing.

use super::accounts::stands;
use super::bundle::Way;
use super::examine::{Examined, Seal};
use super::mark::{Mark, State, Witness, state};
use hotline_domain::id::EnvelopeId;
use hotline_domain::link::Message;
use hotline_topology::{RegionKey, Time};
use std::collections::BTreeMap;

/// Who wrote a letter, and to whom.
type Ends = (RegionKey, RegionKey);
/// A statement of somebody.
type Said = (RegionKey, EnvelopeId, [u8; 32]);

/// Says of every seal and letter what it counts for, as of `now`.
pub fn settle(files: &mut [Examined], now: Time) {
    for file in files.iter_mut() {
        // Nobody but its own node could have seen a seal; an answer to it would say that somebody did.
        file.sealed = match &file.seal {
            Seal::Missing => State::Nothing("未盖章".to_owned()),
            Seal::Former => State::Nothing("由旧版程序盖章，请重新导出".to_owned()),
            Seal::Malformed(why) => State::Nothing(why.clone()),
            Seal::Made(mark, _) => state(mark, file.file.bundle.made_at, Witness::default(), now),
        };
    }
    loop {
        let witnesses = witnesses(files);
        let mut gained = false;
        for file in files.iter_mut() {
            for (letter, seen) in file.file.bundle.letters.iter().zip(&mut file.letters) {
                let envelope = &letter.envelope;
                let said = (envelope.author, envelope.id, seen.statement);
                let witness = witnesses.get(&said).copied().unwrap_or_default();
                let now_good = state(&seen.mark, envelope.written_at, witness, now);
                gained |= now_good.is_good() && !seen.state.is_good();
                (seen.state, seen.seen_at) = (now_good, witness.seen);
            }
        }
        if !gained {
            return;
        }
    }
}

/// Letters that stand in a day of the log that shows them, for which a third signed: each with when.
fn thirds(files: &[Examined]) -> Vec<(Said, Time)> {
    let mut found = Vec::new();
    for file in files {
        let Some(accounts) = &file.file.bundle.accounts else {
            continue;
        };
        let (node, values) = (file.node(), accounts.values());
        // Who signed for which of these days, wherever that lies.
        let signed = files
            .iter()
            .flat_map(Examined::seen)
            .filter_map(|(letter, seen)| {
                let Some(Message::Tally(said)) = seen.message.as_ref().filter(|_| seen.speaks())
                else {
                    return None;
                };
                let envelope = &letter.envelope;
                let yours = said.yours.filter(|_| envelope.addressee == node)?;
                let is_it = values.get(&yours.no) == Some(&yours.value);
                is_it.then_some((envelope.author, yours.no, envelope.written_at))
            });
        let signed: Vec<_> = signed.collect();
        for (letter, seen) in file.seen() {
            let envelope = &letter.envelope;
            let Some(place) = &letter.place else { continue };
            let day = accounts.day(place.day);
            if seen.shut || !day.is_some_and(|day| stands(node, letter, place, day)) {
                continue;
            }
            let thirds = signed
                .iter()
                .filter(|(by, no, _)| *no >= place.day && *by != envelope.author && *by != node);
            if let Some(at) = thirds.map(|(.., at)| *at).min() {
                found.push(((envelope.author, envelope.id, seen.statement), at));
            }
        }
    }
    found
}

fn witnesses(files: &[Examined]) -> BTreeMap<Said, Witness> {
    let mut found: BTreeMap<Said, Witness> = BTreeMap::new();
    let mut see = |said: Said, at: Time| {
        let witness = found.entry(said).or_default();
        witness.seen = Some(witness.seen.map_or(at, |seen| seen.min(at)));
    };
    // Who wrote what is receipted is said by the letter itself, wherever it lies.
    let mut authors: BTreeMap<(EnvelopeId, [u8; 32]), Vec<Ends>> = BTreeMap::new();
    for (letter, seen) in files.iter().flat_map(Examined::seen) {
        let envelope = &letter.envelope;
        if !seen.shut && matches!(seen.mark, Mark::Signed(_)) {
            let by = authors.entry((envelope.id, seen.statement)).or_default();
            by.push((envelope.author, envelope.addressee));
        }
    }
    for file in files {
        for (letter, seen) in file.seen() {
            let envelope = &letter.envelope;
            let author = envelope.author;
            if file.head().is_some() && author != file.node() {
                see((author, envelope.id, seen.statement), letter.at);
            }
            let Some(Message::Receipts(of)) = seen.message.as_ref().filter(|_| seen.speaks())
            else {
                continue;
            };
            for one in of {
                let written = authors.get(&(one.envelope, one.statement));
                for (by, to) in written.into_iter().flatten() {
                    if *to == author && *by != author {
                        see((*by, one.envelope, one.statement), envelope.written_at);
                    }
                }
            }
        }
    }
    for (said, third) in thirds(files) {
        let witness = found.entry(said).or_default();
        witness.third = Some(witness.third.map_or(third, |known| known.min(third)));
    }
    for file in files.iter().filter(|file| file.head().is_some()) {
        for (letter, seen) in file.seen() {
            let envelope = &letter.envelope;
            if envelope.author == file.node() && matches!(letter.way, Way::Sent(..)) {
                let said = (envelope.author, envelope.id, seen.statement);
                found.entry(said).or_default().adopted = true;
            }
        }
    }
    found
}
