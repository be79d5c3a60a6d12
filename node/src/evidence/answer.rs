//! Answers: a file that names others' files, is whole for every leg on which they show its node's signatures, and is sealed by
//! no log that ends before one of them.

use super::bundle::File;
use super::examine::{examine, legs_of};
use super::mark::Mark;
use super::trust::Trusted;
use hotline_domain::id::LegId;
use hotline_domain::link::LogHead;
use hotline_topology::{RegionKey, Time};
use std::collections::BTreeSet;

/// What files that are to be answered show of a node.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Asked {
    /// What the files are named as.
    pub files: BTreeSet<[u8; 32]>,
    /// The legs on which they show its signatures.
    pub legs: BTreeSet<LegId>,
    /// Where its log stood, at the highest, when it made one of them.
    signed: Option<LogHead>,
}

impl Asked {
    /// Looks through the files for what `node` signed itself. What is signed with a key that was stolen since binds nobody.
    #[must_use]
    pub fn of(files: Vec<(String, File)>, node: RegionKey, trusted: &Trusted, now: Time) -> Self {
        let mut asked = Self::default();
        for (name, file) in files {
            asked.files.insert(file.statement);
            let examined = examine(name, file, trusted, now);
            for (letter, seen) in examined.seen() {
                let stolen = match &seen.mark {
                    Mark::Signed(key) => key.revoked.is_some_and(|it| it.stolen_since.is_some()),
                    Mark::Forged(_) | Mark::Foreign(_) => true,
                };
                if letter.envelope.author != node || seen.shut || stolen {
                    continue;
                }
                asked.legs.extend(legs_of(letter, seen.message.as_ref()));
                let head = letter.envelope.proof.as_ref().and_then(|proof| proof.head);
                let order = |head: &LogHead| (head.epoch, head.commit);
                asked.signed = asked.signed.into_iter().chain(head).max_by_key(order);
            }
        }
        asked
    }

    /// The last commit that they show, where a log that stands at `head` ends before it.
    #[must_use]
    pub fn beyond(&self, head: LogHead) -> Option<u64> {
        let signed = self.signed?;
        let lacks = signed.epoch > head.epoch
            || (signed.epoch == head.epoch && signed.commit >= head.commit);
        lacks.then(|| signed.commit.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_answers_what_it_holds() {
        let head = |epoch, commit| LogHead {
            epoch,
            commit,
            hash: [0; 32],
        };
        let asked = Asked {
            signed: Some(head(2, 7)),
            ..Asked::default()
        };
        for (epoch, commit, wanted) in [
            (2, 8, None),
            (2, 7, Some(8)),
            (1, 99, Some(8)),
            (3, 1, None),
        ] {
            assert_eq!(asked.beyond(head(epoch, commit)), wanted);
        }
        assert_eq!(Asked::default().beyond(head(1, 0)), None);
    }
}
