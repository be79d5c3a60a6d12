//! Remembers on disk that a view failed, so that the next opening rebuilds it however the process ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Direction, KeyRange, Op, Rows, Tree, View, ViewError, ViewStat, Visit};
use crate::store::CommitNo;

/// A view whose first failure is reported once.
pub(crate) struct Guarded<F> {
    inner: Arc<dyn View>,
    failed: AtomicBool,
    closed: AtomicBool,
    on_failure: F,
}

impl<F: Fn(&ViewError) + Send + Sync> Guarded<F> {
    pub(crate) fn new(inner: Arc<dyn View>, on_failure: F) -> Self {
        Self {
            inner,
            failed: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            on_failure,
        }
    }

    fn watch<T>(
        &self,
        call: impl FnOnce(&dyn View) -> Result<T, ViewError>,
    ) -> Result<T, ViewError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(ViewError::Closed);
        }
        let result = call(&*self.inner);
        if let Err(error) = &result
            && matches!(
                error,
                ViewError::Damaged { .. } | ViewError::Engine { .. } | ViewError::DiskFull
            )
            && !self.failed.swap(true, Ordering::Relaxed)
        {
            (self.on_failure)(error);
        }
        result
    }
}

impl<F: Fn(&ViewError) + Send + Sync> Rows for Guarded<F> {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        self.watch(|inner| inner.get(tree, key))
    }

    fn scan(
        &self,
        tree: Tree,
        range: KeyRange<'_>,
        direction: Direction,
        limit: usize,
        visit: &mut Visit<'_>,
    ) -> Result<usize, ViewError> {
        self.watch(|inner| inner.scan(tree, range, direction, limit, visit))
    }
}

impl<F: Fn(&ViewError) + Send + Sync> View for Guarded<F> {
    fn apply(&self, commit_no: CommitNo, ops: &[Op]) -> Result<(), ViewError> {
        self.watch(|inner| inner.apply(commit_no, ops))
    }

    fn last_commit(&self) -> Result<CommitNo, ViewError> {
        self.watch(|inner| inner.last_commit())
    }

    fn layout(&self) -> Result<Option<u32>, ViewError> {
        self.watch(|inner| inner.layout())
    }

    fn set_layout(&self, layout: u32) -> Result<(), ViewError> {
        self.watch(|inner| inner.set_layout(layout))
    }

    fn flush(&self) -> Result<(), ViewError> {
        self.watch(|inner| inner.flush())
    }

    fn close(&self) -> Result<(), ViewError> {
        let result = self.watch(|inner| inner.close());
        self.closed.store(true, Ordering::Release);
        result
    }

    fn stat(&self) -> ViewStat {
        self.inner.stat()
    }
}
