//! Rows as they were last committed, decoded: what the next commits read is mostly what the last ones wrote.
//!
//! Whatever it shows equals the view's row, so a reader cannot tell whether it was asked. To that end only the committer
//! puts rows in: before a commit is applied to the view it drops what the commit changes ([`RowCache::forget`]), after it
//! it puts the new rows in ([`RowCache::note`]); in between readers go to the view. A view that is dropped takes the
//! rows with it ([`RowCache::clear`]).

use hotline_domain::row::{Row, RowKey};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Rows of one half; the older half goes when the younger is full.
const HALF_MAX: usize = 8192;

/// Some of the committed rows, and keys known to have none.
#[derive(Default)]
pub struct RowCache(Mutex<Halves>);

#[derive(Default)]
struct Halves {
    young: HashMap<RowKey, Option<Row>>,
    old: HashMap<RowKey, Option<Row>>,
}

impl RowCache {
    /// The row, `Some(None)` where there is none; `None` where this does not know.
    #[must_use]
    pub fn get(&self, key: &RowKey) -> Option<Option<Row>> {
        let halves = self.lock();
        halves
            .young
            .get(key)
            .or_else(|| halves.old.get(key))
            .cloned()
    }

    /// A commit is about to change these rows.
    pub fn forget<'a>(&self, keys: impl Iterator<Item = &'a RowKey>) {
        let mut halves = self.lock();
        for key in keys {
            halves.young.remove(key);
            halves.old.remove(key);
        }
    }

    /// The view shows these rows now. For the committer alone.
    pub fn note(&self, rows: impl IntoIterator<Item = (RowKey, Option<Row>)>) {
        let mut halves = self.lock();
        for (key, row) in rows {
            if !read_again(&key) {
                continue;
            }
            if halves.young.len() >= HALF_MAX {
                halves.old = std::mem::take(&mut halves.young);
            }
            halves.young.insert(key, row);
        }
    }

    /// The view is no longer the one whose rows these are.
    pub fn clear(&self) {
        *self.lock() = Halves::default();
    }

    fn lock(&self) -> MutexGuard<'_, Halves> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether commits read such rows, or look for them, by their key again and again; the others are written once, scanned,
/// or looked for once.
fn read_again(key: &RowKey) -> bool {
    match key {
        RowKey::Ticket(_)
        | RowKey::Leg(_)
        | RowKey::Order(_)
        | RowKey::Outbox(..)
        | RowKey::Link(_)
        | RowKey::Cell(_)
        | RowKey::Watermark(_)
        | RowKey::Certificate(_)
        | RowKey::SealingKey(_)
        | RowKey::OwnKey(_)
        | RowKey::Exchange(_)
        | RowKey::PeerWorld(_)
        | RowKey::Diary
        | RowKey::Account(_)
        | RowKey::Node => true,
        RowKey::Timeline(..)
        | RowKey::OrderWord(..)
        | RowKey::Kept(_)
        | RowKey::Timer(..)
        | RowKey::Index(_)
        | RowKey::Notice(..)
        | RowKey::CellVersion(..)
        | RowKey::Answer(..)
        | RowKey::Starts
        | RowKey::Day(_)
        | RowKey::SealingAsked(..)
        | RowKey::Awaiting(..)
        | RowKey::InFlight(_)
        | RowKey::Arrived(..)
        | RowKey::Destroyed(_)
        | RowKey::Taken(_)
        | RowKey::Missing(_)
        | RowKey::Document(..)
        | RowKey::DocumentPart(..)
        | RowKey::Attachment(..)
        | RowKey::Provisional(..)
        | RowKey::Asked(..)
        | RowKey::Reading(..)
        | RowKey::Readings(..) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotline_domain::id::MatterId;

    fn key(no: u64) -> RowKey {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&no.to_be_bytes());
        RowKey::Ticket(MatterId(id))
    }

    #[test]
    fn what_a_commit_changes_is_unknown_until_the_view_shows_it() {
        let cache = RowCache::default();
        assert_eq!(cache.get(&key(1)), None);
        cache.note([(key(1), Some(Row::Mark)), (key(2), None)]);
        assert_eq!(cache.get(&key(1)), Some(Some(Row::Mark)));
        assert_eq!(cache.get(&key(2)), Some(None));
        cache.forget([key(1), key(2)].iter());
        assert_eq!((cache.get(&key(1)), cache.get(&key(2))), (None, None));
        cache.note([(key(2), Some(Row::Mark))]);
        assert_eq!(cache.get(&key(2)), Some(Some(Row::Mark)));
        cache.clear();
        assert_eq!(cache.get(&key(2)), None);
    }

    #[test]
    fn it_is_bounded_and_never_shows_an_older_row() {
        let cache = RowCache::default();
        for no in 0..20 * HALF_MAX as u64 {
            cache.note([(key(no), Some(Row::Mark))]);
            // Written again while the first is in the older half.
            cache.forget([key(no / 2)].iter());
            cache.note([(key(no / 2), None)]);
            assert_eq!(cache.get(&key(no / 2)), Some(None), "{no}");
        }
        let halves = cache.lock();
        assert!(halves.young.len() + halves.old.len() <= 2 * HALF_MAX);
    }
}
