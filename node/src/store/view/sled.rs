//! The view on sled 0.34.7, nine trees.
//!
//! What is known of this engine and answered here: its `flush` does not reach the medium (so a clean close syncs
//! its files itself, and after an unclean stop of the machine the view is rebuilt); it panics on some damage (so
//! every call is caught, and the view is out of use after the first failure); it does not check values (so each
//! is wrapped with a checksum over key and value); big batches cost much memory (so changes are plain inserts).

use std::ops::{Bound, ControlFlow};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::folder::{self, Held, io_error};
use super::{
    Direction, Engine, KeyRange, Op, Rows, Tree, View, ViewError, ViewStat, Visit, check_bounds,
};
use crate::store::CommitNo;

const NAME: &str = "sled";
const CRC_BYTES: usize = 4;
const COMMIT_KEY: &[u8] = b"commit";
const LAYOUT_KEY: &[u8] = b"layout";

/// Opens views on sled.
#[derive(Debug, Clone, Copy)]
pub struct SledEngine {
    /// The engine's own cache, in bytes; it holds about four times as much memory in all.
    pub cache_bytes: u64,
}

impl Default for SledEngine {
    fn default() -> Self {
        Self {
            cache_bytes: 16 << 20,
        }
    }
}

impl Engine for SledEngine {
    fn name(&self) -> &'static str {
        NAME
    }

    fn survives_power_cut(&self) -> bool {
        false
    }

    fn open(&self, dir: &Path) -> Result<Arc<dyn View>, ViewError> {
        let config = ::sled::Config::new()
            .path(dir)
            .cache_capacity(self.cache_bytes)
            .mode(::sled::Mode::LowSpace)
            .flush_every_ms(None);
        let open = caught(|| {
            let db = config.open()?;
            let trees = Tree::ALL
                .iter()
                .map(|tree| db.open_tree(tree.name()))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(Open { db, trees })
        })?;
        Ok(Arc::new(SledView {
            dir: dir.to_path_buf(),
            held: Held::new(open),
        }))
    }

    fn remove(&self, dir: &Path) -> Result<(), ViewError> {
        folder::remove(NAME, dir)
    }
}

struct SledView {
    dir: PathBuf,
    held: Held<Open>,
}

struct Open {
    db: ::sled::Db,
    trees: Vec<::sled::Tree>,
}

impl Open {
    fn tree(&self, tree: Tree) -> &::sled::Tree {
        &self.trees[tree as usize - 1]
    }
}

impl SledView {
    /// A number of the view's own; these stand apart from the nine trees, in the engine's default tree.
    fn note<const N: usize>(&self, key: &'static [u8]) -> Result<Option<[u8; N]>, ViewError> {
        self.held.with(|open| {
            let Some(wrapped) = caught(|| open.db.get(key))? else {
                return Ok(None);
            };
            let value = unwrap_value(Tree::Meta, key, &wrapped)?;
            let damaged = |_| ViewError::Damaged {
                tree: Tree::Meta,
                key: key.to_vec(),
            };
            value.try_into().map(Some).map_err(damaged)
        })
    }
}

impl Rows for SledView {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        self.held.with(|open| {
            let found = caught(|| open.tree(tree).get(key))?;
            found
                .map(|value| unwrap_value(tree, key, &value).map(<[u8]>::to_vec))
                .transpose()
        })
    }

    fn scan(
        &self,
        tree: Tree,
        range: KeyRange<'_>,
        direction: Direction,
        limit: usize,
        visit: &mut Visit<'_>,
    ) -> Result<usize, ViewError> {
        let from = range.from;
        if range.to.is_some_and(|to| to <= from) {
            return Ok(0);
        }
        self.held.with(|open| {
            let to = range.to.map_or(Bound::Unbounded, Bound::Excluded);
            let mut rows = caught(|| {
                Ok(open
                    .tree(tree)
                    .range::<&[u8], _>((Bound::Included(from), to)))
            })?;
            let mut count = 0;
            while count < limit {
                let next = caught(|| {
                    match direction {
                        Direction::Up => rows.next(),
                        Direction::Down => rows.next_back(),
                    }
                    .transpose()
                })?;
                let Some((key, value)) = next else { break };
                count += 1;
                if visit(&key, unwrap_value(tree, &key, &value)?) == ControlFlow::Break(()) {
                    break;
                }
            }
            Ok(count)
        })
    }
}

impl View for SledView {
    fn apply(&self, commit_no: CommitNo, ops: &[Op]) -> Result<(), ViewError> {
        check_bounds(ops)?;
        self.held.with(|open| {
            caught(|| {
                for op in ops {
                    match &op.value {
                        Some(value) => open
                            .tree(op.tree)
                            .insert(&op.key, wrap_value(&op.key, value))?,
                        None => open.tree(op.tree).remove(&op.key)?,
                    };
                }
                open.db
                    .insert(COMMIT_KEY, wrap_value(COMMIT_KEY, &commit_no.to_be_bytes()))?;
                Ok(())
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
        let value = wrap_value(LAYOUT_KEY, &layout.to_be_bytes());
        self.held
            .with(|open| caught(|| open.db.insert(LAYOUT_KEY, value)).map(|_| ()))
    }

    fn flush(&self) -> Result<(), ViewError> {
        self.held
            .with(|open| caught(|| open.db.flush()).map(|_| ()))
    }

    fn close(&self) -> Result<(), ViewError> {
        let flushed = self.flush();
        let open = self.held.take();
        // Dropping writes once more, so the files are synced after it.
        caught(|| {
            drop(open);
            Ok(())
        })?;
        flushed?;
        folder::sync_tree(&self.dir).map_err(|e| io_error(NAME, &e))
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

impl Drop for SledView {
    fn drop(&mut self) {
        let open = self.held.take();
        // What the engine makes of its end no longer matters: the view is mended or rebuilt at the next opening.
        let _ = caught(|| {
            drop(open);
            Ok(())
        });
    }
}

fn wrap_value(key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(CRC_BYTES + value.len());
    out.extend(checksum(key, value));
    out.extend(value);
    out
}

fn unwrap_value<'a>(tree: Tree, key: &[u8], wrapped: &'a [u8]) -> Result<&'a [u8], ViewError> {
    match wrapped.split_first_chunk::<CRC_BYTES>() {
        Some((crc, value)) if *crc == checksum(key, value) => Ok(value),
        _ => Err(ViewError::Damaged {
            tree,
            key: key.to_vec(),
        }),
    }
}

fn checksum(key: &[u8], value: &[u8]) -> [u8; CRC_BYTES] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(value);
    hasher.finalize().to_be_bytes()
}

fn caught<T>(work: impl FnOnce() -> ::sled::Result<T>) -> Result<T, ViewError> {
    folder::caught(NAME, work, |error| match error {
        ::sled::Error::Io(e) => io_error(NAME, &e),
        other => ViewError::Engine {
            engine: NAME,
            reason: other.to_string(),
        },
    })
}

#[cfg(test)]
mod tests;
