//! The store at work: log first, view after it.

use std::path::PathBuf;
use std::sync::Arc;

use super::disk::{Disk, LockGuard};
use super::keys::{Keys, Random};
use super::log::{Log, LogReader};
use super::marks::{CleanClose, Marks, Restored};
use super::room;
use super::upkeep::Upkeep;
use super::view::{Engine, View, check_bounds, encode_redo};
use super::{ChainHash, CommitNo, Fold, Op, StoreError};

/// Whose store it is, where it lies, and its bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// The store's folder; one process at a time.
    pub dir: PathBuf,
    /// The node's key, at most 60 bytes; a folder of another node is refused.
    pub node: String,
    /// The node's epoch, noted in new segments.
    pub epoch: u64,
    /// A segment of so many bytes is followed by a new one.
    pub segment_bytes_max: u64,
    /// How many key slots are made at a time.
    pub key_batch: u32,
    /// How much changed state the making of a checkpoint may hold in memory.
    pub checkpoint_memory_bytes: usize,
    /// Whether opening reads the whole log, or only the part behind the newest checkpoint.
    pub verify_whole_log: bool,
    /// When a view that has grown on disk is made anew at opening; `None` for never.
    pub view_growth: Option<ViewGrowth>,
    /// The machine's boot, from [`super::machine_boot_id`] or the simulation; `None` counts as another boot.
    pub boot_id: Option<String>,
    /// Whether opening first sees that the disk takes and keeps a file and has room, before an engine is opened on it.
    pub probe: bool,
}

/// When a view has grown too much: an engine that gives no space back is compacted by a rebuild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewGrowth {
    /// Below this size on disk nothing is done, in bytes.
    pub bytes_min: u64,
    /// How many times the newest checkpoint's size is too much.
    pub times_max: u64,
}

impl StoreSettings {
    /// Usual bounds: segments of 64 MiB, 256 slots a batch, 64 MiB for a checkpoint, the whole log checked,
    /// a view above 256 MiB and eight times its checkpoint made anew.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>, node: impl Into<String>, boot_id: Option<String>) -> Self {
        Self {
            dir: dir.into(),
            node: node.into(),
            epoch: 0,
            segment_bytes_max: 64 << 20,
            key_batch: 256,
            checkpoint_memory_bytes: 64 << 20,
            verify_whole_log: true,
            view_growth: Some(ViewGrowth {
                bytes_min: 256 << 20,
                times_max: 8,
            }),
            boot_id,
            probe: false,
        }
    }
}

/// What a store works with.
pub struct Parts {
    /// The disk for log, keys, checkpoints and marks.
    pub disk: Arc<dyn Disk>,
    /// The view's engine.
    pub engine: Arc<dyn Engine>,
    /// Tells what records mean when the view is rebuilt.
    pub fold: Arc<dyn Fold>,
    /// Randomness for keys, salts and nonces.
    pub random: Random,
}

/// A node's store, for its one committer thread. Readers take [`Store::view`], [`Store::keys`] and
/// [`Store::reader`] with them.
///
/// Any error that is not [`StoreError::is_harmless`] means: the outcome of what was not yet
/// answered is unknown, and the store must be dropped and opened again.
pub struct Store {
    pub(super) log: Log,
    pub(super) view: Arc<dyn View>,
    pub(super) keys: Arc<Keys>,
    pub(super) layout: u32,
    /// The segment that the folder's mark names.
    pub(super) noted: CommitNo,
    /// Appended but not yet durable.
    pub(super) pending: Vec<(CommitNo, Vec<Op>)>,
    pub(super) failed: Option<String>,
    pub(super) marks: Marks,
    pub(super) upkeep_parts: (Arc<dyn Disk>, Arc<dyn Fold>, usize),
    pub(super) dir: PathBuf,
    /// Last, so that the folder is given back when all else is closed.
    pub(super) _lock: LockGuard,
}

impl Store {
    /// Puts a commit into the group under way and returns its number; nothing is committed before
    /// [`Store::sync`] answers, and the view does not show it before.
    ///
    /// # Errors
    /// Too large, or a change out of bounds: nothing happened. A store that failed before.
    pub fn append(&mut self, lasting: &[u8], ops: Vec<Op>) -> Result<CommitNo, StoreError> {
        self.check_sound()?;
        check_bounds(&ops)?;
        let commit_no = self.log.append(lasting, &encode_redo(self.layout, &ops))?;
        self.pending.push((commit_no, ops));
        Ok(commit_no)
    }

    /// Makes the group durable with one write and one sync, then applies it to the view; returns the last
    /// commit's number. Only now may anything that follows from it leave the node.
    ///
    /// # Errors
    /// A full or failing disk, a failed view: the group's outcome is unknown.
    pub fn sync(&mut self) -> Result<CommitNo, StoreError> {
        self.check_sound()?;
        let synced = self.log.sync().and_then(|last| {
            for (commit_no, ops) in self.pending.drain(..) {
                self.view.apply(commit_no, &ops)?;
            }
            Ok(last)
        });
        let last = synced.inspect_err(|error| self.failed = Some(error.to_string()))?;
        let first = self.log.segment_first();
        // A mark that cannot be written names the segment before, which is there, too; the next sync tries again.
        if first != self.noted && self.marks.set_segment(first).is_ok() {
            self.noted = first;
        }
        Ok(last)
    }

    /// One commit as a group of its own.
    ///
    /// # Errors
    /// As for [`Store::append`] and [`Store::sync`].
    pub fn commit(&mut self, lasting: &[u8], ops: Vec<Op>) -> Result<CommitNo, StoreError> {
        self.append(lasting, ops)?;
        self.sync()
    }

    /// The view, for reading from any thread. After the store is closed or dropped it answers `Closed`.
    #[must_use]
    pub fn view(&self) -> Arc<dyn View> {
        self.view.clone()
    }

    /// The keys, for sealing and opening from any thread.
    #[must_use]
    pub fn keys(&self) -> Arc<Keys> {
        self.keys.clone()
    }

    /// The log, for reading from any thread.
    #[must_use]
    pub fn reader(&self) -> LogReader {
        self.log.reader()
    }

    /// The last durable commit; 0 before the first.
    #[must_use]
    pub fn last_commit(&self) -> CommitNo {
        self.log.last_commit()
    }

    /// The chain's value after the last appended commit.
    #[must_use]
    pub fn hash(&self) -> ChainHash {
        self.log.hash()
    }

    /// The last commit of the closed segments: how far [`Upkeep::run`] can bring the checkpoint.
    #[must_use]
    pub fn closed_upto(&self) -> CommitNo {
        self.log.closed_upto()
    }

    /// The node's epoch was raised; new segments say so.
    pub fn set_epoch(&mut self, epoch: u64) {
        self.log.set_epoch(epoch);
    }

    /// Orders the view to be rebuilt at the next opening.
    ///
    /// # Errors
    /// A full or failing disk.
    pub fn distrust_view(&self, reason: &str) -> Result<(), StoreError> {
        self.marks.set_rebuild(reason)
    }

    /// That the data were put back on purpose, until [`Store::taken_up`] is called.
    ///
    /// # Errors
    /// A mark that cannot be read.
    pub fn restored(&self) -> Result<Option<Restored>, StoreError> {
        self.marks.restored()
    }

    /// The node's log says that the restore was taken up: its mark goes.
    ///
    /// # Errors
    /// A failing disk; calling it again at the next start is harmless.
    pub fn taken_up(&self) -> Result<(), StoreError> {
        self.marks.clear_restored()
    }

    /// A handle for the background worker.
    #[must_use]
    pub fn upkeep(&self) -> Upkeep {
        let (disk, fold, memory_bytes_max) = self.upkeep_parts.clone();
        Upkeep {
            disk,
            dir: self.dir.clone(),
            log: self.log.reader(),
            view: self.view.clone(),
            keys: self.keys.clone(),
            fold,
            marks: self.marks.clone(),
            memory_bytes_max,
        }
    }

    /// Closes in order: syncs what is pending, ends the view, and leaves the mark of a clean close.
    ///
    /// # Errors
    /// As for [`Store::sync`], and a store that failed before; the next opening then mends or rebuilds.
    pub fn close(mut self) -> Result<CommitNo, StoreError> {
        let commit_no = self.sync()?;
        self.view.close()?;
        self.marks.set_clean(&CleanClose {
            commit_no,
            hash: self.log.hash(),
        })?;
        Ok(commit_no)
    }

    /// Whether the disk has room for more commits; to be asked before a group is begun.
    ///
    /// # Errors
    /// [`StoreError::NoRoom`], which harms nothing: the store goes on as soon as there is room. What cannot be told
    /// counts as room.
    pub fn check_room(&self) -> Result<(), StoreError> {
        room::check(&*self.upkeep_parts.0, &self.dir)
    }

    fn check_sound(&self) -> Result<(), StoreError> {
        match &self.failed {
            Some(cause) => Err(StoreError::Poisoned {
                cause: cause.clone(),
            }),
            None => Ok(()),
        }
    }
}

impl Drop for Store {
    /// Takes the view from its readers, so that the folder can be opened again. Leaves no mark of a clean close.
    fn drop(&mut self) {
        let _ = self.view.end();
    }
}
