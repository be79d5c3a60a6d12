//! The node's epoch: which past a statement belongs to. Only the log says it; whoever needs the number at some point of
//! the log, to fold, to sign or to show evidence, asks here, so that a kind of fact which raises it is known to all.

use crate::fact::Fact;

/// The epoch of a log without facts.
pub const FIRST_EPOCH: u64 = 1;

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
