//! The committed rows, owned: what doors and links read while the committer goes on.

use crate::codec::view::StoredView;
use crate::store::view::View as Trees;
use hotline_domain::row::{Row, RowKey};
use hotline_domain::view::{View, ViewFailed};
use std::sync::Arc;

/// The domain's view over a store's view that it keeps open.
#[derive(Clone)]
pub struct CommittedRows(Arc<dyn Trees>);

impl CommittedRows {
    /// Reads through to the store's view.
    #[must_use]
    pub fn new(trees: Arc<dyn Trees>) -> Self {
        Self(trees)
    }
}

impl View for CommittedRows {
    fn get(&self, key: &RowKey) -> Result<Option<Row>, ViewFailed> {
        StoredView::new(&*self.0).get(key)
    }

    fn scan(
        &self,
        from: &RowKey,
        to: &RowKey,
        limit: usize,
    ) -> Result<Vec<(RowKey, Row)>, ViewFailed> {
        StoredView::new(&*self.0).scan(from, to, limit)
    }
}
