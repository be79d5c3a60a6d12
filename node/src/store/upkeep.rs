//! Work in the background beside the committer: checkpoints, and closed segments without their redo parts.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::checkpoint::{self, Builder, Built, CHECKPOINT_DIR};
use super::disk::Disk;
use super::keys::{KeyReport, Keys};
use super::log::{LogReader, strip_segment};
use super::marks::Marks;
use super::view::View;
use super::{Fold, StoreError};

/// A handle for the worker that keeps the store in shape; never stops the committer.
#[derive(Clone)]
pub struct Upkeep {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) dir: PathBuf,
    pub(super) log: LogReader,
    pub(super) view: Arc<dyn View>,
    pub(super) keys: Arc<Keys>,
    pub(super) fold: Arc<dyn Fold>,
    pub(super) marks: Marks,
    pub(super) memory_bytes_max: usize,
}

/// What a round of upkeep did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UpkeepReport {
    /// Another round was still under way, so this one did nothing.
    pub busy: bool,
    /// The checkpoints.
    pub built: Built,
    /// How many segments were stripped of their redo parts.
    pub stripped: usize,
    /// How many bytes that gave back.
    pub gained_bytes: u64,
    /// How many old checkpoints were removed.
    pub removed: usize,
}

impl fmt::Display for UpkeepReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.busy {
            return write!(f, "另一轮维护尚未结束");
        }
        let Built {
            commit_no,
            written,
            folded,
            refused,
        } = &self.built;
        write!(
            f,
            "检查点到第 {commit_no} 号（新写 {written} 个，归并 {folded} 条）；"
        )?;
        write!(
            f,
            "归档 {} 段，省下 {} 字节；删除旧检查点 {} 个",
            self.stripped, self.gained_bytes, self.removed
        )?;
        refused
            .iter()
            .try_for_each(|reason| write!(f, "\n  未用的检查点：{reason}"))
    }
}

impl Upkeep {
    /// Reads the log while it is being written.
    #[must_use]
    pub fn log(&self) -> &LogReader {
        &self.log
    }

    /// Brings the checkpoint up to the last closed segment, then strips the closed segments that neither a rebuild
    /// nor a replay needs whole.
    ///
    /// # Errors
    /// Damage in the log, a record that cannot be folded, a failed view, a full or failing disk. The log and the
    /// checkpoints made so far stay whole, and the round can be run again.
    pub fn run(&self) -> Result<UpkeepReport, StoreError> {
        let Some(_lock) = self.marks.lock_upkeep()? else {
            return Ok(UpkeepReport {
                busy: true,
                ..UpkeepReport::default()
            });
        };
        let mut report = UpkeepReport::default();
        let segments = self.log.segments()?;
        let closed_upto = segments
            .iter()
            .filter_map(|segment| segment.last)
            .max()
            .unwrap_or(0);
        let dir = self.dir.join(CHECKPOINT_DIR);
        let builder = Builder {
            disk: self.disk.clone(),
            dir: dir.clone(),
            log: self.log.clone(),
            fold: self.fold.clone(),
            memory_bytes_max: self.memory_bytes_max,
        };
        report.built = builder.build(closed_upto)?;
        let applied = self.view.last_commit()?;
        self.view.flush()?;
        let log_dir = self.dir.join("log");
        for segment in &segments {
            let covered = segment
                .last
                .is_some_and(|last| last <= report.built.commit_no && last <= applied);
            if covered && !segment.stripped {
                report.gained_bytes += strip_segment(&*self.disk, &log_dir, segment.first)?;
                report.stripped += 1;
            }
        }
        report.removed = checkpoint::prune(&*self.disk, &dir, report.built.commit_no)?;
        Ok(report)
    }

    /// Reads every durable record and checks checksums and chain, so that silent damage is found while a backup
    /// still has the bytes. Returns how many records were read. Slow; for quiet hours.
    ///
    /// # Errors
    /// Damage with its place; a failing disk.
    pub fn scrub(&self) -> Result<u64, StoreError> {
        self.log
            .read_from(1)?
            .try_fold(0, |count, record| record.map(|_| count + 1))
    }

    /// Reads the key file again, for the same reason.
    ///
    /// # Errors
    /// It lost slots that are in use, or cannot be read. Damaged slots are in the report.
    pub fn scrub_keys(&self) -> Result<KeyReport, StoreError> {
        self.keys.check()
    }
}
