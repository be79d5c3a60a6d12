//! The materialised view: nine trees of ordered bytes that follow the log and can always be made again from it.
//!
//! A view is never the truth. It takes blind puts and deletes with the commit's number written last, so that a
//! half-applied commit is mended by applying it once more. Reads may come from any thread; changes come from the
//! one committer.

mod apart;
#[cfg(test)]
mod conformance;
mod fjall;
mod folder;
mod guard;
mod mem;
mod redo;
mod sled;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

pub use self::apart::{Apart, LOST_MAX, Patience};
pub use self::fjall::FjallEngine;
pub use self::sled::SledEngine;
pub(crate) use guard::Guarded;
pub use mem::{MemEngine, MemView};
pub use redo::{RedoError, decode_redo, encode_redo};

use super::CommitNo;

/// The trees of the view. The numbers stand in redo parts and checkpoints and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Tree {
    /// 工单: tickets as they stand.
    Ticket = 1,
    /// 交办: legs as they stand.
    Leg = 2,
    /// 经过: what happened to a ticket, in order.
    Timeline = 3,
    /// 待发: messages not yet acknowledged.
    Outbox = 4,
    /// 链路: marks, epochs and receipts of the links.
    Link = 5,
    /// 时限: timers by instant.
    Timer = 6,
    /// 索引: ways to find the others.
    Index = 7,
    /// 数字: cells of the figures.
    Figure = 8,
    /// 其他: what concerns the node as a whole.
    Meta = 9,
}

impl Tree {
    /// Every tree, in the order of the numbers.
    pub const ALL: [Self; 9] = [
        Self::Ticket,
        Self::Leg,
        Self::Timeline,
        Self::Outbox,
        Self::Link,
        Self::Timer,
        Self::Index,
        Self::Figure,
        Self::Meta,
    ];

    /// The tree with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// The tree's name in engines and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ticket => "ticket",
            Self::Leg => "leg",
            Self::Timeline => "timeline",
            Self::Outbox => "outbox",
            Self::Link => "link",
            Self::Timer => "timer",
            Self::Index => "index",
            Self::Figure => "figure",
            Self::Meta => "meta",
        }
    }
}

/// One change: a put where `value` is there, else a delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Op {
    /// The tree to change.
    pub tree: Tree,
    /// 1 to [`KEY_BYTES_MAX`] bytes.
    pub key: Vec<u8>,
    /// At most [`VALUE_BYTES_MAX`] bytes.
    pub value: Option<Vec<u8>>,
}

impl Op {
    /// A put.
    #[must_use]
    pub fn put(tree: Tree, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        Self {
            tree,
            key: key.into(),
            value: Some(value.into()),
        }
    }

    /// A delete.
    #[must_use]
    pub fn del(tree: Tree, key: impl Into<Vec<u8>>) -> Self {
        Self {
            tree,
            key: key.into(),
            value: None,
        }
    }
}

/// The longest key that every engine takes.
pub const KEY_BYTES_MAX: usize = 511;
/// The longest value that every engine takes.
pub const VALUE_BYTES_MAX: usize = 16 << 20;

/// A half-open range of keys, `from` included, `to` excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRange<'a> {
    /// The first key; empty for the beginning of the tree.
    pub from: &'a [u8],
    /// The key to stop before; `None` for the end of the tree.
    pub to: Option<&'a [u8]>,
}

impl<'a> KeyRange<'a> {
    /// The whole tree.
    pub const ALL: KeyRange<'static> = KeyRange {
        from: &[],
        to: None,
    };

    /// From a key to the end of the tree.
    #[must_use]
    pub fn from(key: &'a [u8]) -> Self {
        Self {
            from: key,
            to: None,
        }
    }
}

/// The key just behind all keys that begin with `prefix`; `None` where there is none such.
#[must_use]
pub fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

/// Which way a scan goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Rising keys.
    Up,
    /// Falling keys.
    Down,
}

/// What a scan hands each key and value to; `Break` ends the scan.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// Reading the view.
pub trait Rows: Send + Sync {
    /// The value at the key.
    ///
    /// # Errors
    /// A damaged value or a failed engine; the view must then be rebuilt.
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError>;

    /// Hands at most `limit` keys and values of the range to `visit`, in order, and returns how many it handed
    /// over. A change made meanwhile may or may not be seen. `visit` must not call the view: it may hold a lock.
    ///
    /// # Errors
    /// As for [`Rows::get`].
    fn scan(
        &self,
        tree: Tree,
        range: KeyRange<'_>,
        direction: Direction,
        limit: usize,
        visit: &mut Visit<'_>,
    ) -> Result<usize, ViewError>;
}

/// A view of one generation.
pub trait View: Rows {
    /// Applies one commit's changes in order, then notes the number. Not atomic: after a crash a part may have
    /// been applied, with the former number; applying the commit again mends it.
    ///
    /// # Errors
    /// A failed engine: the view must be rebuilt. A key or value out of bounds: nothing was applied.
    fn apply(&self, commit_no: CommitNo, ops: &[Op]) -> Result<(), ViewError>;

    /// The number of the last commit applied whole; 0 before the first.
    ///
    /// # Errors
    /// As for [`Rows::get`].
    fn last_commit(&self) -> Result<CommitNo, ViewError>;

    /// The layout number noted in the view; `None` in a view just made.
    ///
    /// # Errors
    /// As for [`Rows::get`].
    fn layout(&self) -> Result<Option<u32>, ViewError>;

    /// Notes the layout number.
    ///
    /// # Errors
    /// A failed engine.
    fn set_layout(&self, layout: u32) -> Result<(), ViewError>;

    /// Hands everything applied so far to the operating system, so that a killed process loses none of it.
    ///
    /// # Errors
    /// A failed engine.
    fn flush(&self) -> Result<(), ViewError>;

    /// Ends the view: everything applied is made to survive a power cut, files are closed, later calls answer
    /// [`ViewError::Closed`].
    ///
    /// # Errors
    /// A failed engine or disk: the view must then not be trusted at the next opening.
    fn close(&self) -> Result<(), ViewError>;

    /// Ends the view after a failure: it is taken from its readers, later calls answer [`ViewError::Closed`], and
    /// nothing more is made durable than the engine does of itself.
    ///
    /// # Errors
    /// The engine does not end.
    fn end(&self) -> Result<(), ViewError>;

    /// Size and state, for people.
    fn stat(&self) -> ViewStat;
}

/// Size and state of a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewStat {
    /// The engine's name.
    pub engine: &'static str,
    /// Bytes on disk, or in memory for an engine without files.
    pub bytes: u64,
    /// Why the view refuses to work, if it does.
    pub poisoned: Option<String>,
}

/// Opens, makes and removes the generations of a view.
pub trait Engine: Send + Sync + 'static {
    /// The engine's name, as in the configuration.
    fn name(&self) -> &'static str;

    /// Whether the engine itself proves after a power cut that what it shows up to its commit number is whole.
    /// Where it does not, the view is rebuilt after an unclean stop of the machine.
    fn survives_power_cut(&self) -> bool;

    /// Whether opening damaged files may end the whole process, past every catching of panics.
    fn may_end_the_process(&self) -> bool {
        false
    }

    /// Whether an engine that was opened in this folder has never come back, so that this process must leave the folder
    /// alone.
    fn is_lost(&self, _dir: &Path) -> bool {
        false
    }

    /// Opens the generation in this folder, or makes it.
    ///
    /// # Errors
    /// The engine cannot open it: the view must be rebuilt in another folder.
    fn open(&self, dir: &Path) -> Result<Arc<dyn View>, ViewError>;

    /// Removes the generation in this folder; none there is no error.
    ///
    /// # Errors
    /// What the operating system answers.
    fn remove(&self, dir: &Path) -> Result<(), ViewError>;
}

/// Why the view cannot answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// A value's checksum does not fit.
    #[error("{} 树中键 {} 的值校验不符", .tree.name(), super::hex(.key))]
    Damaged {
        /// The tree.
        tree: Tree,
        /// The key.
        key: Vec<u8>,
    },
    /// The engine answered an error or panicked.
    #[error("引擎 {engine} 出错：{reason}")]
    Engine {
        /// The engine's name.
        engine: &'static str,
        /// What it answered.
        reason: String,
    },
    /// The engine stopped itself after a write of its own failed. What it holds proves itself when opened again.
    #[error("引擎 {engine} 因自身的一次写入失败而停止，重新打开后将从日志补齐；请检查磁盘空间")]
    Halted {
        /// The engine's name.
        engine: &'static str,
    },
    /// The engine did not come back in time. The view is made anew from the log, in another folder.
    #[error(
        "引擎 {engine} 没有在限定时间内完成打开、写盘或结束，这一代视图已弃用，节点将从日志另建"
    )]
    Stuck {
        /// The engine's name.
        engine: &'static str,
    },
    /// So many engines have not come back that no other one is opened.
    #[error(
        "引擎 {engine} 已有 {lost} 次没有结束，本进程不再打开视图；请检查磁盘，然后重新启动节点"
    )]
    TooManyLost {
        /// The engine's name.
        engine: &'static str,
        /// How many.
        lost: usize,
    },
    /// The disk has no room for the view.
    #[error("视图所在磁盘已满，请腾出空间")]
    DiskFull,
    /// The view was closed.
    #[error("视图已关闭")]
    Closed,
    /// A key or value is out of bounds.
    #[error("{} 树中的键或值越界：键 {key_bytes} 字节（1 至 {KEY_BYTES_MAX}），值 {value_bytes} 字节（上限 {VALUE_BYTES_MAX}）", .tree.name())]
    OutOfBounds {
        /// The tree.
        tree: Tree,
        /// The key's length.
        key_bytes: usize,
        /// The value's length.
        value_bytes: usize,
    },
}

/// Refuses changes that not every engine could take.
pub(crate) fn check_bounds(ops: &[Op]) -> Result<(), ViewError> {
    for op in ops {
        let value_bytes = op.value.as_ref().map_or(0, Vec::len);
        if op.key.is_empty() || op.key.len() > KEY_BYTES_MAX || value_bytes > VALUE_BYTES_MAX {
            return Err(ViewError::OutOfBounds {
                tree: op.tree,
                key_bytes: op.key.len(),
                value_bytes,
            });
        }
    }
    Ok(())
}
