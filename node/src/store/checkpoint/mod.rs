//! Checkpoints: the folded state in files of their own, so that a rebuild need not begin at the first commit.
//!
//! A checkpoint is rows in order, independent of the view's engine. It is made from the one before and the log's
//! closed segments by folding, in the background, beside the running node. A damaged one is passed over: the one
//! before it, or the whole log, does as well.
//!
//! ```text
//! head (128)  magic 8 "HOTCKPT\n" | format u16 | node length u8 | 0 u8 | layout u32 | commit u64 | chain 32
//!             node 60 | 0 | crc32 u32
//! row         length u32 (of what follows the crc) | crc32 u32 (of length and what follows)
//!             tree u8 | key length u16 | key | value
//! end         0xFFFFFFFF u32 | crc32 u32 (of what follows) | rows u64 | SHA-256 of all rows 32
//! ```
//! Rows rise by (tree, key). Numbers are big-endian. The file is named after its commit.

mod build;
mod format;
mod overlay;
mod rows;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use build::{Builder, Built};
pub(crate) use build::{chain_at, folded_ops};
pub use format::{CHECKPOINT_FORMAT_VERSION, CheckpointHead};
pub use overlay::Overlay;
pub use rows::CheckpointRows;

use super::disk::{Disk, TMP_SUFFIX};
use super::{ChainHash, CommitNo, StoreError};

/// The folder of the checkpoints in the store's folder.
pub const CHECKPOINT_DIR: &str = "checkpoint";

const SUFFIX: &str = ".cp";
/// How many good checkpoints are kept.
const KEPT: usize = 2;

/// What to do about a damaged checkpoint: nothing.
const PASSED_OVER: &str = "该检查点不会被使用；将改用上一个检查点或整个日志。";

/// What a checkpoint must fit in order to be used.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// The node's key.
    pub node: &'a str,
    /// The number of the view's layout.
    pub layout: u32,
    /// The last commit that may be in it.
    pub upto: CommitNo,
}

/// The search for a checkpoint to begin with.
#[derive(Default)]
pub struct Found {
    /// The newest one that fits.
    pub newest: Option<CheckpointRows>,
    /// Why newer ones were passed over, a sentence each.
    pub refused: Vec<String>,
}

pub(super) fn path_of(dir: &Path, commit_no: CommitNo) -> PathBuf {
    dir.join(format!("{commit_no:020}{SUFFIX}"))
}

/// The commits of the checkpoints in the folder, rising; says nothing of their soundness.
///
/// # Errors
/// An unreadable folder.
pub fn list(disk: &dyn Disk, dir: &Path) -> Result<Vec<CommitNo>, StoreError> {
    let names = disk
        .list(dir)
        .map_err(|e| StoreError::io("列出目录", dir, e))?;
    Ok(names
        .iter()
        .filter_map(|name| name.strip_suffix(SUFFIX)?.parse().ok())
        .collect())
}

/// Looks for the newest checkpoint that is whole, fits, and stands on the log's own chain: `chain_at` answers
/// with the chain's value after a commit.
///
/// # Errors
/// An unreadable folder or log; never a damaged checkpoint.
pub fn find(
    disk: &Arc<dyn Disk>,
    dir: &Path,
    wanted: &Wanted<'_>,
    chain_at: &dyn Fn(CommitNo) -> Result<ChainHash, StoreError>,
) -> Result<Found, StoreError> {
    let mut found = Found::default();
    for commit_no in list(&**disk, dir)?.into_iter().rev() {
        let path = path_of(dir, commit_no);
        let rows = match CheckpointRows::open(&**disk, &path, wanted.node) {
            Ok(rows) => rows,
            Err(error) => {
                found.refused.push(error.to_string());
                continue;
            }
        };
        let head = rows.head();
        let reason = if head.layout != wanted.layout {
            format!("布局编号是 {}，现在用 {}", head.layout, wanted.layout)
        } else if head.commit_no > wanted.upto {
            format!(
                "止于第 {} 号，而日志只到第 {} 号",
                head.commit_no, wanted.upto
            )
        } else if head.hash != chain_at(head.commit_no)? {
            "不在本日志的哈希链上".to_owned()
        } else {
            found.newest = Some(rows);
            break;
        };
        found
            .refused
            .push(format!("{}：{reason}。{PASSED_OVER}", path.display()));
    }
    Ok(found)
}

/// Removes what an interrupted write left, and all checkpoints but the newest ones up to `newest`.
///
/// # Errors
/// What the disk answers.
pub fn prune(disk: &dyn Disk, dir: &Path, newest: CommitNo) -> Result<usize, StoreError> {
    let failed = |path: &Path, e| StoreError::io("删除旧检查点", path, e);
    for name in disk.list(dir).map_err(|e| failed(dir, e))? {
        if name.ends_with(TMP_SUFFIX) {
            disk.remove(&dir.join(&name))
                .map_err(|e| failed(&dir.join(&name), e))?;
        }
    }
    let mut removed = 0;
    for old in list(disk, dir)?
        .into_iter()
        .filter(|commit_no| *commit_no <= newest)
        .rev()
        .skip(KEPT)
    {
        let path = path_of(dir, old);
        disk.remove(&path).map_err(|e| failed(&path, e))?;
        removed += 1;
    }
    Ok(removed)
}
