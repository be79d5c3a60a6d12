//! What the callers of one connection have not taken of its answers; pure.

use std::collections::BTreeMap;
use tokio::time::Instant;

/// One answer's bytes that are with the transport.
#[derive(Debug, Clone, Copy)]
struct Waits {
    bytes: usize,
    since: Instant,
}

/// The answers of one connection of which something is with the transport, unwritten.
#[derive(Debug, Default)]
pub(super) struct Unread {
    waits: BTreeMap<u64, Waits>,
    count: u64,
}

impl Unread {
    /// An answer begins; the number is its own.
    pub(super) fn begin(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    /// So many more bytes of it are with the transport.
    pub(super) fn hand(&mut self, number: u64, bytes: usize, now: Instant) {
        let waits = Waits {
            bytes: 0,
            since: now,
        };
        self.waits.entry(number).or_insert(waits).bytes += bytes;
    }

    /// So many of them were taken.
    pub(super) fn take(&mut self, number: u64, bytes: usize, now: Instant) {
        let Some(waits) = self.waits.get_mut(&number) else {
            return;
        };
        waits.bytes = waits.bytes.saturating_sub(bytes);
        waits.since = now;
        if waits.bytes == 0 {
            self.waits.remove(&number);
        }
    }

    /// How many of its bytes are with the transport, and since when none of them was taken.
    pub(super) fn of(&self, number: u64) -> Option<(usize, Instant)> {
        let waits = self.waits.get(&number)?;
        Some((waits.bytes, waits.since))
    }

    /// Since when nothing was taken of the answer that has waited longest.
    pub(super) fn since(&self) -> Option<Instant> {
        self.waits.values().map(|waits| waits.since).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn an_answer_waits_since_something_of_it_was_last_taken() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut unread = Unread::default();
        let (one, other) = (unread.begin(), unread.begin());
        assert_eq!(unread.since(), None);
        unread.hand(one, 5, at(1));
        unread.hand(other, 7, at(2));
        // More that is handed on is no sign of life; what is taken is one.
        unread.hand(one, 5, at(3));
        assert_eq!(
            (unread.of(one), unread.since()),
            (Some((10, at(1))), Some(at(1)))
        );
        unread.take(one, 5, at(4));
        assert_eq!(
            (unread.of(one), unread.since()),
            (Some((5, at(4))), Some(at(2)))
        );
        unread.take(other, 7, at(5));
        assert_eq!((unread.of(other), unread.since()), (None, Some(at(4))));
        unread.take(one, 5, at(6));
        assert_eq!(unread.since(), None);
        // An answer at rest waits for nobody, and begins anew.
        unread.hand(one, 1, at(9));
        assert_eq!(unread.of(one), Some((1, at(9))));
    }
}
