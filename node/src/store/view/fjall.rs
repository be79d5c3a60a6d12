//! The view on fjall 3: one keyspace, the tree's number before each key.
//!
//! A commit is one batch with the commit's number in it, and all rows share one keyspace, so whatever a crash or a
//! power cut leaves is the state after some commit: its journal is replayed up to the first batch that does not fit its
//! checksum, and tables are synced only after the journal before them. The commit number proves how far that is, and
//! the log's redo goes on from there. Two things the engine does not tell and are answered here: it cuts a journal that
//! is damaged in the middle as if that were its end, which for any journal but the newest would leave a gap behind the
//! commit number (so the lengths are compared); and once a background write failed it refuses everything in one word
//! (so the store is opened again, and replay mends).

use std::fs::{self, File};
use std::io;
use std::ops::{Bound, ControlFlow};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::folder::{self, Held, io_error};
use super::{
    Direction, Engine, KeyRange, Op, Rows, Tree, View, ViewError, ViewStat, Visit, check_bounds,
};
use crate::store::CommitNo;

const NAME: &str = "fjall";
const KEYSPACE: &str = "rows";
/// The view's own notes stand before the first tree.
const COMMIT_KEY: &[u8] = b"\0commit";
const LAYOUT_KEY: &[u8] = b"\0layout";
const JOURNAL_SUFFIX: &str = ".jnl";
/// How much is gathered in memory before it is written out as a table.
const MEMTABLE_BYTES: u64 = 16 << 20;
/// The least that the engine takes.
const JOURNALS_BYTES_MAX: u64 = 128 << 20;
/// On two processors a second one takes the committer's turn: with a hundred thousand tickets just taken in, the slowest
/// hundredth of commands took 54 ms with two and 9 ms with one (`hotline bench --fill`).
const WORKERS: usize = 1;
/// Most tables kept open at once; by itself the engine would take most of what a process may open.
const TABLES_OPEN_MAX: usize = 64;
const READ_BACK_BYTES: usize = 64 << 10;

/// Opens views on fjall.
#[derive(Debug, Clone, Copy)]
pub struct FjallEngine {
    /// The cache for blocks of tables, in bytes; up to three times 16 MiB of fresh rows come on top.
    pub cache_bytes: u64,
}

impl Default for FjallEngine {
    fn default() -> Self {
        Self {
            cache_bytes: 16 << 20,
        }
    }
}

impl Engine for FjallEngine {
    fn name(&self) -> &'static str {
        NAME
    }

    fn survives_power_cut(&self) -> bool {
        true
    }

    /// A panic while it opens damaged files meets a poisoned lock in a destructor, which aborts.
    fn may_end_the_process(&self) -> bool {
        true
    }

    fn open(&self, dir: &Path) -> Result<Arc<dyn View>, ViewError> {
        let sealed = Sealed::of(dir).map_err(|e| io_error(NAME, &e))?;
        let open = caught(|| {
            let db = ::fjall::Database::builder(dir)
                .cache_size(self.cache_bytes)
                .manual_journal_persist(true)
                .max_journaling_size(JOURNALS_BYTES_MAX)
                .worker_threads(WORKERS)
                .max_cached_files(Some(TABLES_OPEN_MAX))
                .open()?;
            let rows = db.keyspace(KEYSPACE, || {
                ::fjall::KeyspaceCreateOptions::default()
                    .manual_journal_persist(true)
                    .max_memtable_size(MEMTABLE_BYTES)
            })?;
            Ok(Open { rows, db })
        })?;
        sealed.check()?;
        Ok(Arc::new(FjallView {
            dir: dir.to_path_buf(),
            held: Held::new(open),
        }))
    }

    fn remove(&self, dir: &Path) -> Result<(), ViewError> {
        folder::remove(NAME, dir)
    }
}

struct FjallView {
    dir: PathBuf,
    held: Held<Open>,
}

/// Dropped in this order: the keyspace belongs to the database.
struct Open {
    rows: ::fjall::Keyspace,
    db: ::fjall::Database,
}

impl FjallView {
    fn note<const N: usize>(&self, key: &'static [u8]) -> Result<Option<[u8; N]>, ViewError> {
        self.held.with(|open| {
            let Some(value) = caught(|| open.rows.get(key))? else {
                return Ok(None);
            };
            let damaged = |_| ViewError::Damaged {
                tree: Tree::Meta,
                key: key.to_vec(),
            };
            (*value).try_into().map(Some).map_err(damaged)
        })
    }
}

/// A row's key in the keyspace.
fn inner_key(tree: Tree, key: &[u8]) -> Vec<u8> {
    let mut inner = Vec::with_capacity(1 + key.len());
    inner.push(tree as u8);
    inner.extend(key);
    inner
}

impl Rows for FjallView {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        let key = inner_key(tree, key);
        self.held
            .with(|open| Ok(caught(|| open.rows.get(&key))?.map(|value| value.to_vec())))
    }

    fn scan(
        &self,
        tree: Tree,
        range: KeyRange<'_>,
        direction: Direction,
        limit: usize,
        visit: &mut Visit<'_>,
    ) -> Result<usize, ViewError> {
        if limit == 0 || range.to.is_some_and(|to| to <= range.from) {
            return Ok(0);
        }
        let from = inner_key(tree, range.from);
        let to = range
            .to
            .map_or_else(|| vec![tree as u8 + 1], |to| inner_key(tree, to));
        self.held.with(|open| {
            let mut rows = caught(|| {
                Ok(open
                    .rows
                    .range::<Vec<u8>, _>((Bound::Included(from), Bound::Excluded(to))))
            })?;
            let mut count = 0;
            while count < limit {
                let next = caught(|| {
                    match direction {
                        Direction::Up => rows.next(),
                        Direction::Down => rows.next_back(),
                    }
                    .map(::fjall::Guard::into_inner)
                    .transpose()
                })?;
                let Some((key, value)) = next else { break };
                count += 1;
                if visit(&key[1..], &value) == ControlFlow::Break(()) {
                    break;
                }
            }
            Ok(count)
        })
    }
}

impl View for FjallView {
    fn apply(&self, commit_no: CommitNo, ops: &[Op]) -> Result<(), ViewError> {
        check_bounds(ops)?;
        self.held.with(|open| {
            caught(|| {
                let mut batch =
                    ::fjall::OwnedWriteBatch::with_capacity(open.db.clone(), ops.len() + 1);
                for op in ops {
                    let key = inner_key(op.tree, &op.key);
                    match &op.value {
                        Some(value) => batch.insert(&open.rows, key, value.as_slice()),
                        None => batch.remove(&open.rows, key),
                    }
                }
                batch.insert(&open.rows, COMMIT_KEY, commit_no.to_be_bytes());
                batch.commit()
            })
        })
    }

    fn last_commit(&self) -> Result<CommitNo, ViewError> {
        Ok(self.note(COMMIT_KEY)?.map_or(0, CommitNo::from_be_bytes))
    }

    fn layout(&self) -> Result<Option<u32>, ViewError> {
        Ok(self.note(LAYOUT_KEY)?.map(u32::from_be_bytes))
    }

    fn set_layout(&self, layout: u32) -> Result<(), ViewError> {
        self.held
            .with(|open| caught(|| open.rows.insert(LAYOUT_KEY, layout.to_be_bytes())))
    }

    /// Goes to the medium: what the log's redo is stripped of after a flush must survive a power cut here.
    fn flush(&self) -> Result<(), ViewError> {
        self.held
            .with(|open| caught(|| open.db.persist(::fjall::PersistMode::SyncAll)))
    }

    fn close(&self) -> Result<(), ViewError> {
        let flushed = self.flush();
        let open = self.held.take();
        // Dropping ends the engine's threads.
        caught(|| {
            drop(open);
            Ok(())
        })?;
        flushed
    }

    fn end(&self) -> Result<(), ViewError> {
        let open = self.held.take();
        caught(|| {
            drop(open);
            Ok(())
        })
    }

    fn stat(&self) -> ViewStat {
        ViewStat {
            engine: NAME,
            bytes: folder::tree_bytes(&self.dir).unwrap_or(0),
            poisoned: self.held.failure().map(ToString::to_string),
        }
    }
}

impl Drop for FjallView {
    fn drop(&mut self) {
        let open = self.held.take();
        // What the engine makes of its end no longer matters: replay mends what it lost.
        let _ = caught(|| {
            drop(open);
            Ok(())
        });
    }
}

fn caught<T>(work: impl FnOnce() -> ::fjall::Result<T>) -> Result<T, ViewError> {
    folder::caught(NAME, work, |error| match error {
        ::fjall::Error::Io(e) => io_error(NAME, &e),
        ::fjall::Error::Poisoned => ViewError::Halted { engine: NAME },
        other => ViewError::Engine {
            engine: NAME,
            reason: other.to_string(),
        },
    })
}

/// The journals that another one follows, and how far each was written, before the engine reads them. The files are
/// held open, so that they can be measured even after the engine removed them.
struct Sealed(Vec<(PathBuf, File, u64)>);

impl Sealed {
    fn of(dir: &Path) -> io::Result<Self> {
        let mut journals = Vec::new();
        let entries = match fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Self(Vec::new())),
            Err(e) => return Err(e),
        };
        for entry in entries {
            let path = entry?.path();
            let number = path.file_name().and_then(|name| {
                name.to_str()?
                    .strip_suffix(JOURNAL_SUFFIX)?
                    .parse::<u64>()
                    .ok()
            });
            if let Some(number) = number {
                journals.push((number, path));
            }
        }
        journals.sort();
        journals.pop();
        let sealed = journals.into_iter().map(|(_, path)| {
            let file = File::open(&path)?;
            let end = written_end(&file)?;
            Ok((path, file, end))
        });
        sealed.collect::<io::Result<_>>().map(Self)
    }

    /// Refuses where the engine cut off what had been written.
    fn check(&self) -> Result<(), ViewError> {
        for (path, file, end) in &self.0 {
            let left = file.metadata().map_err(|e| io_error(NAME, &e))?.len();
            if left < *end {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                return Err(ViewError::Engine {
                    engine: NAME,
                    reason: format!("日志 {name} 在第 {left} 字节处损坏，其后还有别的日志"),
                });
            }
        }
        Ok(())
    }
}

/// Where the last byte that is not zero ends: room is set aside in a journal before it is written.
fn written_end(file: &File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    let mut buffer = vec![0; READ_BACK_BYTES];
    while end > 0 {
        let from = end.saturating_sub(READ_BACK_BYTES as u64);
        let part = &mut buffer[..usize::try_from(end - from).unwrap_or(READ_BACK_BYTES)];
        file.read_exact_at(part, from)?;
        if let Some(at) = part.iter().rposition(|byte| *byte != 0) {
            return Ok(from + at as u64 + 1);
        }
        end = from;
    }
    Ok(0)
}

#[cfg(test)]
mod tests;
