//! What a sealed file holds, and what it claims to be whole for.
//!
//! A letter is held by author, id and statement together, in the clear and as it came or went. A file claims to be whole
//! for the legs that it names, and where it is of a whole matter, for every leg of that matter. Which matter a leg belongs
//! to counts by the exporter's own word alone: by what it offered, or by the receipt that it signed for an offer.

use super::accounts::{Restart, RestartKind};
use super::bundle::{Bundle, Way};
use super::examine::{Examined, Seen};
use hotline_domain::evidence::Effect;
use hotline_domain::id::{EnvelopeId, LegId, MatterId};
use hotline_domain::leg::Act;
use hotline_domain::link::{LogHead, Message};
use hotline_topology::RegionKey;
use std::collections::{BTreeMap, BTreeSet};

/// What a file holds of what its node receipted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Held {
    /// What was receipted, with these effects.
    This(Vec<Effect>),
    /// Something else under that id.
    Other,
    /// It was acknowledged, and not opened: the file says so.
    Unopened,
    /// Nothing under that id.
    Nothing,
}

/// What the file's node received under an id with a statement.
#[must_use]
pub fn received(bundle: &Bundle, id: EnvelopeId, statement: &[u8; 32]) -> Held {
    let (mut effects, mut other) = (Vec::new(), false);
    for letter in &bundle.letters {
        let envelope = &letter.envelope;
        let Way::Received(effect) = letter.way else {
            continue;
        };
        if envelope.id != id || envelope.is_shut() {
            continue;
        }
        if envelope.statement() == *statement {
            effects.push(effect);
        } else {
            other = true;
        }
    }
    match (effects.is_empty(), other) {
        (false, _) => Held::This(effects),
        (true, true) => Held::Other,
        (true, false) if bundle.unopened.contains(&id) => Held::Unopened,
        (true, false) => Held::Nothing,
    }
}

/// Matters of legs, by each node's own word.
pub struct Matters(BTreeMap<(RegionKey, LegId), BTreeSet<MatterId>>);

impl Matters {
    /// Out of everything that speaks in all files.
    #[must_use]
    pub fn of(files: &[&Examined]) -> Self {
        let mut offers: BTreeMap<(EnvelopeId, [u8; 32]), (LegId, MatterId)> = BTreeMap::new();
        let mut found: BTreeMap<(RegionKey, LegId), BTreeSet<MatterId>> = BTreeMap::new();
        let speaking = || {
            let all = files.iter().flat_map(|file| file.seen());
            all.filter(|(_, seen)| seen.speaks())
        };
        for (letter, seen) in speaking() {
            if let Some((leg, matter)) = offered(seen) {
                let envelope = &letter.envelope;
                offers.insert((envelope.id, seen.statement), (leg, matter));
                let own = found.entry((envelope.author, leg)).or_default();
                own.insert(matter);
            }
        }
        for (letter, seen) in speaking() {
            let Some(Message::Receipts(of)) = &seen.message else {
                continue;
            };
            for one in of {
                if let Some((leg, matter)) = offers.get(&(one.envelope, one.statement)) {
                    let own = found.entry((letter.envelope.author, *leg)).or_default();
                    own.insert(*matter);
                }
            }
        }
        Self(found)
    }

    fn are_of(&self, who: RegionKey, leg: LegId, matter: MatterId) -> bool {
        let own = self.0.get(&(who, leg));
        own.is_some_and(|own| own.len() == 1 && own.contains(&matter))
    }
}

fn offered(seen: &Seen) -> Option<(LegId, MatterId)> {
    match &seen.message {
        Some(Message::Leg {
            leg,
            act: Act::Offer(offer),
            ..
        }) => Some((*leg, offer.matter)),
        _ => None,
    }
}

/// Whether the file claims to be whole for the leg.
#[must_use]
pub fn claims(file: &Examined, leg: LegId, matters: &Matters) -> bool {
    let bundle = &file.file.bundle;
    let of_matter = || {
        let matter = bundle.matter.filter(|_| bundle.whole_matter);
        matter.is_some_and(|matter| matters.are_of(bundle.node, leg, matter))
    };
    bundle.legs.contains(&leg) || of_matter()
}

/// How a sealed file stands to what its node signed in a commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It was made after it in the same past, and must hold it.
    Owes,
    /// It ends before it, and does not answer.
    Before,
    /// It is of a later past: the disk was lost in between, as its node says.
    Lost,
}

/// How a file whose log stood at `sealed`, after these restarts, stands to what was signed after `then`. What lies at or below
/// the place to which a disk was put back is still there; where its node only found out that it went back, it does not
/// know from where on its log is another.
#[must_use]
pub fn answer(sealed: LogHead, restarts: &[Restart], then: LogHead) -> Answer {
    use std::cmp::Ordering;
    match sealed.epoch.cmp(&then.epoch) {
        Ordering::Less => Answer::Before,
        Ordering::Equal if sealed.commit <= then.commit => Answer::Before,
        Ordering::Equal => Answer::Owes,
        Ordering::Greater => {
            let since = || restarts.iter().filter(|one| one.began > then.epoch);
            let told = since().all(|one| one.kind == RestartKind::Restored);
            let remains = since().map(|one| one.ended.commit).min();
            match remains.is_some_and(|commit| told && then.commit < commit) {
                true => Answer::Owes,
                false => Answer::Lost,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotline_topology::Time;

    #[test]
    fn a_file_answers_for_its_own_past_up_to_its_end() {
        let head = |epoch, commit| LogHead {
            epoch,
            commit,
            hash: [0; 32],
        };
        // What is signed after head 7 stands in commit 8.
        for (epoch, commit, wanted) in [
            (2, 7, Answer::Before),
            (2, 8, Answer::Owes),
            (2, 99, Answer::Owes),
            (1, 99, Answer::Before),
            (3, 8, Answer::Lost),
            (3, 99, Answer::Lost),
        ] {
            assert_eq!(answer(head(epoch, commit), &[], head(2, 7)), wanted);
        }
        let restart = |kind, ended, commit, began| Restart {
            kind,
            ended: head(ended, commit),
            began,
            at: Time(0),
        };
        use RestartKind::{FoundOut, Restored};
        for (restarts, wanted) in [
            (vec![restart(Restored, 2, 8, 9)], Answer::Owes),
            (vec![restart(Restored, 2, 7, 9)], Answer::Lost),
            (vec![restart(FoundOut, 2, 8, 9)], Answer::Lost),
            // Put back twice, the second time to before the first.
            (vec![restart(Restored, 1, 5, 9)], Answer::Lost),
            (
                vec![restart(Restored, 2, 8, 5), restart(Restored, 5, 20, 9)],
                Answer::Owes,
            ),
            (
                vec![restart(Restored, 2, 8, 5), restart(FoundOut, 5, 20, 9)],
                Answer::Lost,
            ),
            // One that was before says nothing of it.
            (
                vec![restart(FoundOut, 1, 3, 2), restart(Restored, 2, 8, 9)],
                Answer::Owes,
            ),
        ] {
            assert_eq!(
                answer(head(9, 30), &restarts, head(2, 7)),
                wanted,
                "{restarts:?}"
            );
        }
    }
}
