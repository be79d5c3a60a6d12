//! The node's epoch: which past a statement belongs to. Only the log says it; whoever needs the number at some point of
//! the log, to fold, to sign or to show evidence, asks here, so that a kind of fact which raises it is known to all.

use crate::fact::Fact;
use hotline_topology::Time;

/// The epoch of a log without facts.
pub const FIRST_EPOCH: u64 = 1;

/// Epochs below this were counted one by one, by programs of before; a later one is the moment when it began.
pub const COUNTED_BELOW: u64 = 1_000_000;

/// The epoch that begins `now`, above every one `known`. It is the moment in milliseconds since 1970: a disk that is put
/// back twice to the same state would count to the same number twice, and two of its lives would sign under one epoch.
#[must_use]
pub fn next_epoch(known: u64, now: Time) -> u64 {
    let moment = u64::try_from(now.0).unwrap_or(0);
    known.saturating_add(1).max(moment)
}

/// An epoch for people: by its number, or by when it began.
#[must_use]
pub fn epoch_words(epoch: u64) -> String {
    match i64::try_from(epoch) {
        Ok(moment) if epoch >= COUNTED_BELOW => format!("{} 起的纪元", Time(moment)),
        _ => format!("第 {epoch} 纪元"),
    }
}

/// The epoch after these facts of a log that stood in epoch `before`. It never falls.
#[must_use]
pub fn epoch_after<'f>(before: u64, facts: impl IntoIterator<Item = &'f Fact>) -> u64 {
    let raised = facts.into_iter().filter_map(|fact| match fact {
        Fact::Restored(restore) => Some(restore.epoch),
        Fact::EpochRaised { epoch } => Some(*epoch),
        _ => None,
    });
    raised.fold(before, u64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_epoch_is_its_moment_and_above_every_known_one() {
        let now = Time(1_767_196_800_000);
        assert_eq!(next_epoch(1, now), 1_767_196_800_000);
        assert_eq!(next_epoch(1_767_196_800_000, now), 1_767_196_800_001);
        assert_eq!(next_epoch(u64::MAX, now), u64::MAX);
        // A clock from before 1970 counts on.
        assert_eq!(next_epoch(7, Time(-1)), 8);
    }

    #[test]
    fn an_epoch_is_told_by_its_number_or_by_its_moment() {
        assert_eq!(epoch_words(2), "第 2 纪元");
        assert_eq!(epoch_words(COUNTED_BELOW - 1), "第 999999 纪元");
        assert_eq!(
            epoch_words(1_767_196_800_000),
            "2026-01-01 00:00:00 起的纪元"
        );
        assert_eq!(epoch_words(u64::MAX), format!("第 {} 纪元", u64::MAX));
        assert!(!epoch_words(i64::MAX.unsigned_abs()).is_empty());
    }
}
