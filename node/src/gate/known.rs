//! Sources from which somebody welcome came before, the latest so many: in memory alone, since it is no more than a
//! place in the queue.

use super::source::Source;
use std::collections::BTreeMap;

/// Most sources remembered; the one longest unheard goes first.
pub(super) const KNOWN_MAX: usize = 1024;

/// The memory.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// When each came last, in a count of its own.
    last: BTreeMap<Source, u64>,
    count: u64,
}

impl Known {
    pub(super) fn remember(&mut self, source: Source) {
        self.count += 1;
        self.last.insert(source.home(), self.count);
        if self.last.len() > KNOWN_MAX {
            let longest = self.last.iter().min_by_key(|(_, last)| **last);
            if let Some(source) = longest.map(|(source, _)| *source) {
                self.last.remove(&source);
            }
        }
    }

    pub(super) fn knows(&self, source: Source) -> bool {
        self.last.contains_key(&source.home())
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.last.len()
    }
}
