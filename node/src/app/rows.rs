//! The committed rows, owned: what doors and links read while the committer goes on.

use super::cache::RowCache;
use crate::codec::view::StoredView;
use crate::store::view::View as Trees;
use hotline_domain::row::{Row, RowKey};
use hotline_domain::view::{View, ViewFailed};
use std::sync::Arc;

/// The domain's view over a store's view that it keeps open.
#[derive(Clone)]
pub struct CommittedRows {
    trees: Arc<dyn Trees>,
    cache: Arc<RowCache>,
    /// Whether a row read from the view may be put into the cache: only by whoever alone changes the view.
    fills: bool,
}

impl CommittedRows {
    /// Reads through to the store's view.
    #[must_use]
    pub fn new(trees: Arc<dyn Trees>) -> Self {
        Self::cached(trees, Arc::default())
    }

    /// The same, looking into the node's cache first.
    pub(super) fn cached(trees: Arc<dyn Trees>, cache: Arc<RowCache>) -> Self {
        Self {
            trees,
            cache,
            fills: false,
        }
    }

    /// The same for the committer, which fills the cache.
    pub(super) fn of_committer(trees: Arc<dyn Trees>, cache: Arc<RowCache>) -> Self {
        Self {
            fills: true,
            ..Self::cached(trees, cache)
        }
    }
}

impl View for CommittedRows {
    fn get(&self, key: &RowKey) -> Result<Option<Row>, ViewFailed> {
        if let Some(row) = self.cache.get(key) {
            return Ok(row);
        }
        let row = StoredView::new(&*self.trees).get(key)?;
        if self.fills {
            self.cache.note([(key.clone(), row.clone())]);
        }
        Ok(row)
    }

    fn scan(
        &self,
        from: &RowKey,
        to: &RowKey,
        limit: usize,
    ) -> Result<Vec<(RowKey, Row)>, ViewFailed> {
        StoredView::new(&*self.trees).scan(from, to, limit)
    }
}
