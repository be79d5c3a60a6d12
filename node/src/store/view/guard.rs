//! Remembers on disk that a view failed, so that the next opening rebuilds it however the process ended. A full disk
//! is no such failure: what was written is sound, replay mends the rest, and a rebuild would need room for two views.

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
            && matches!(error, ViewError::Damaged { .. } | ViewError::Engine { .. })
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

    fn end(&self) -> Result<(), ViewError> {
        let result = self.watch(|inner| inner.end());
        self.closed.store(true, Ordering::Release);
        result
    }

    fn stat(&self) -> ViewStat {
        self.inner.stat()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A view that answers everything with one error.
    struct Failing(ViewError);

    impl Rows for Failing {
        fn get(&self, _: Tree, _: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
            Err(self.0.clone())
        }

        fn scan(
            &self,
            _: Tree,
            _: KeyRange<'_>,
            _: Direction,
            _: usize,
            _: &mut Visit<'_>,
        ) -> Result<usize, ViewError> {
            Err(self.0.clone())
        }
    }

    impl View for Failing {
        fn apply(&self, _: CommitNo, _: &[Op]) -> Result<(), ViewError> {
            Err(self.0.clone())
        }

        fn last_commit(&self) -> Result<CommitNo, ViewError> {
            Err(self.0.clone())
        }

        fn layout(&self) -> Result<Option<u32>, ViewError> {
            Err(self.0.clone())
        }

        fn set_layout(&self, _: u32) -> Result<(), ViewError> {
            Err(self.0.clone())
        }

        fn flush(&self) -> Result<(), ViewError> {
            Err(self.0.clone())
        }

        fn close(&self) -> Result<(), ViewError> {
            Err(self.0.clone())
        }

        fn end(&self) -> Result<(), ViewError> {
            Err(self.0.clone())
        }

        fn stat(&self) -> ViewStat {
            ViewStat {
                engine: "failing",
                bytes: 0,
                poisoned: None,
            }
        }
    }

    #[test]
    fn damage_and_a_failed_engine_are_remembered_once_and_a_full_disk_is_not() {
        let damaged = ViewError::Damaged {
            tree: Tree::Leg,
            key: b"k".to_vec(),
        };
        let broken = ViewError::Engine {
            engine: "failing",
            reason: "broken".to_owned(),
        };
        for (error, times) in [(damaged, 1), (broken, 1), (ViewError::DiskFull, 0)] {
            let seen = Mutex::new(Vec::new());
            let view = Guarded::new(Arc::new(Failing(error.clone())), |error: &ViewError| {
                seen.lock().unwrap().push(error.clone());
            });
            assert_eq!(view.get(Tree::Leg, b"k"), Err(error.clone()));
            assert_eq!(view.apply(1, &[]), Err(error.clone()));
            assert_eq!(view.flush(), Err(error.clone()));
            assert_eq!(view.close(), Err(error.clone()));
            assert_eq!(view.last_commit(), Err(ViewError::Closed));
            drop(view);
            assert_eq!(seen.into_inner().unwrap(), vec![error; times]);
        }
    }
}
