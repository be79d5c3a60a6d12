//! An engine whose opening, closing and end happen on threads of their own, so that whoever waits for it waits a bounded
//! time.
//!
//! An engine with threads of its own may wait for ever for a write that failed: sled 0.34 claims a place in its buffer
//! before it writes a large value beside it, and when that write fails the place is never given back, so that each later
//! flush waits for it, and so does the drop. What does not come back in time is *lost*: its folder is opened no more by
//! this process, the view is made anew in another one, and the thread stays behind with the engine. When it comes back
//! after all it is no longer lost. Only a few may be lost at a time; beyond that the process must be started again, which
//! mends it, since a lost engine does not outlive its process.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::{
    Direction, Engine, KeyRange, Op, Rows, Tree, View, ViewError, ViewStat, Visit, folder,
};
use crate::store::CommitNo;

/// Engines that may be lost at a time.
pub const LOST_MAX: usize = 3;

/// How long an engine may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// To open, to flush or to close an empty view; what it has on disk adds to that.
    pub work: Duration,
    /// How much of what is on disk adds a second.
    pub bytes_a_second: u64,
    /// To end after a failure, when nothing is to be made durable any more.
    pub end: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            work: Duration::from_secs(10),
            bytes_a_second: 8 << 20,
            end: Duration::from_secs(3),
        }
    }
}

/// Opens the views of another engine, which it never waits for without a bound.
pub struct Apart {
    inner: Arc<dyn Engine>,
    patience: Patience,
    lost: Lost,
}

impl Apart {
    /// Stands before `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Engine>, patience: Patience) -> Self {
        Self {
            inner,
            patience,
            lost: Lost::default(),
        }
    }
}

impl Engine for Apart {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn survives_power_cut(&self) -> bool {
        self.inner.survives_power_cut()
    }

    fn may_end_the_process(&self) -> bool {
        self.inner.may_end_the_process()
    }

    fn is_lost(&self, dir: &Path) -> bool {
        self.lost.folders().contains(dir)
    }

    fn open(&self, dir: &Path) -> Result<Arc<dyn View>, ViewError> {
        let engine = self.name();
        let lost = self.lost.folders().len();
        if lost >= LOST_MAX {
            return Err(ViewError::TooManyLost { engine, lost });
        }
        if self.is_lost(dir) {
            return Err(ViewError::Stuck { engine });
        }
        let (inner, folder) = (Arc::clone(&self.inner), dir.to_path_buf());
        let patience = self.patience.for_work(dir);
        let opened = self
            .lost
            .within(engine, dir, patience, move || inner.open(&folder))?;
        Ok(Arc::new(ApartView {
            engine,
            dir: dir.to_path_buf(),
            patience: self.patience,
            lost: self.lost.clone(),
            inner: Some(opened?),
        }))
    }

    fn remove(&self, dir: &Path) -> Result<(), ViewError> {
        self.inner.remove(dir)
    }
}

impl Patience {
    fn for_work(&self, dir: &Path) -> Duration {
        let bytes = folder::tree_bytes(dir).unwrap_or(0);
        self.work + Duration::from_secs(bytes / self.bytes_a_second.max(1))
    }
}

struct ApartView {
    engine: &'static str,
    dir: PathBuf,
    patience: Patience,
    lost: Lost,
    /// Taken when the view ends.
    inner: Option<Arc<dyn View>>,
}

impl ApartView {
    fn inner(&self) -> Result<&Arc<dyn View>, ViewError> {
        self.inner.as_ref().ok_or(ViewError::Closed)
    }

    fn apart(
        &self,
        patience: Duration,
        work: impl FnOnce(&dyn View) -> Result<(), ViewError> + Send + 'static,
    ) -> Result<(), ViewError> {
        if self.lost.folders().contains(&self.dir) {
            return Err(ViewError::Stuck {
                engine: self.engine,
            });
        }
        let view = Arc::clone(self.inner()?);
        self.lost
            .within(self.engine, &self.dir, patience, move || work(&*view))?
    }
}

impl Rows for ApartView {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        self.inner()?.get(tree, key)
    }

    fn scan(
        &self,
        tree: Tree,
        range: KeyRange<'_>,
        direction: Direction,
        limit: usize,
        visit: &mut Visit<'_>,
    ) -> Result<usize, ViewError> {
        self.inner()?.scan(tree, range, direction, limit, visit)
    }
}

impl View for ApartView {
    fn apply(&self, commit_no: CommitNo, ops: &[Op]) -> Result<(), ViewError> {
        self.inner()?.apply(commit_no, ops)
    }

    fn last_commit(&self) -> Result<CommitNo, ViewError> {
        self.inner()?.last_commit()
    }

    fn layout(&self) -> Result<Option<u32>, ViewError> {
        self.inner()?.layout()
    }

    fn set_layout(&self, layout: u32) -> Result<(), ViewError> {
        self.inner()?.set_layout(layout)
    }

    fn flush(&self) -> Result<(), ViewError> {
        self.apart(self.patience.for_work(&self.dir), |view| view.flush())
    }

    fn close(&self) -> Result<(), ViewError> {
        self.apart(self.patience.for_work(&self.dir), |view| view.close())
    }

    fn end(&self) -> Result<(), ViewError> {
        self.apart(self.patience.end, |view| view.end())
    }

    fn stat(&self) -> ViewStat {
        self.inner().map_or_else(
            |error| ViewStat {
                engine: self.engine,
                bytes: 0,
                poisoned: Some(error.to_string()),
            },
            |inner| inner.stat(),
        )
    }
}

impl Drop for ApartView {
    fn drop(&mut self) {
        let Some(inner) = self.inner.take() else {
            return;
        };
        // Whoever dropped it asks for no answer: a view that does not end in time is remembered as lost.
        let _ = self
            .lost
            .within(self.engine, &self.dir, self.patience.end, move || {
                drop(inner);
            });
    }
}

/// The folders whose engines have not come back.
#[derive(Clone, Default)]
struct Lost(Arc<Mutex<BTreeSet<PathBuf>>>);

impl Lost {
    fn folders(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the work answers, or that it did not within the time. The thread then goes on; what it holds is dropped
    /// there.
    fn within<T: Send + 'static>(
        &self,
        engine: &'static str,
        dir: &Path,
        patience: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ViewError> {
        let (told, answer) = mpsc::sync_channel(1);
        let (lost, folder) = (self.clone(), dir.to_path_buf());
        let thread = thread::Builder::new()
            .name("view".to_owned())
            .spawn(move || {
                let done = work();
                // Whether it was waited for is settled under the lock, so that it is never lost and back at once.
                let folders = lost.folders();
                let late = told.send(done).err();
                drop(folders);
                if let Some(late) = late {
                    drop(late);
                    lost.folders().remove(&folder);
                    tracing::info!("视图引擎 {engine} 迟到了，已结束");
                }
            });
        if let Err(error) = thread {
            return Err(ViewError::Engine {
                engine,
                reason: format!("不能启动线程：{error}"),
            });
        }
        match answer.recv_timeout(patience) {
            Ok(done) => Ok(done),
            Err(RecvTimeoutError::Disconnected) => Err(ViewError::Engine {
                engine,
                reason: "引擎的线程异常终止".to_owned(),
            }),
            Err(RecvTimeoutError::Timeout) => {
                let mut folders = self.folders();
                if let Ok(done) = answer.try_recv() {
                    return Ok(done);
                }
                folders.insert(dir.to_path_buf());
                drop(answer);
                drop(folders);
                tracing::error!(
                    alarm = true,
                    "视图引擎 {engine} 在 {} 秒内没有结束，已弃用 {}，将从日志另建视图",
                    patience.as_secs(),
                    dir.display()
                );
                Err(ViewError::Stuck { engine })
            }
        }
    }
}

#[cfg(test)]
mod tests;
