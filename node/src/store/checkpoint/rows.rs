//! Reading a checkpoint: checked once from front to back, then row by row through a sparse index.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::format::{
    CheckpointHead, END_BYTES, END_MARK, FRAME_BYTES, HEAD_BYTES, ROW_BYTES_MAX, damaged,
    decode_row, encode_end,
};
use crate::store::StoreError;
use crate::store::disk::{Disk, ReadFile};
use crate::store::view::{Direction, KeyRange, Rows, Tree, ViewError, Visit};

/// One entry of the index stands for about so many bytes of rows.
const BLOCK_BYTES: u64 = 16 << 10;
const READ_BYTES: usize = 64 << 10;

/// A checkpoint open for reading; holds one key for each 16 KiB in memory.
pub struct CheckpointRows {
    head: CheckpointHead,
    path: PathBuf,
    file: Mutex<Box<dyn ReadFile>>,
    /// The first row of each block, rising.
    blocks: Vec<Block>,
    /// Where the rows end.
    end: u64,
    rows: u64,
}

/// A key and its value.
type OwnedRow = (Vec<u8>, Vec<u8>);

struct Block {
    tree: Tree,
    key: Vec<u8>,
    at: u64,
}

impl CheckpointRows {
    /// Opens a checkpoint and checks all of it.
    ///
    /// # Errors
    /// Damage with its place, an unknown format, another node's file, a failing disk.
    pub fn open(disk: &dyn Disk, path: &Path, node: &str) -> Result<Self, StoreError> {
        let failed = |e| StoreError::io("读取检查点", path, e);
        let file = disk.open_read(path).map_err(failed)?;
        let mut head = [0; HEAD_BYTES];
        let read = file.read_at(0, &mut head).map_err(failed)?;
        let head = CheckpointHead::decode(path, &head[..read], node)?;
        let mut cursor = Cursor::new(&*file, HEAD_BYTES as u64);
        let mut blocks: Vec<Block> = Vec::new();
        let mut digest = Sha256::new();
        let mut rows = 0;
        let mut last: Option<(Tree, Vec<u8>)> = None;
        let end = loop {
            let at = cursor.at;
            let row = match cursor.row().map_err(failed)? {
                Item::Row(row) => row,
                Item::End(end) if end == encode_end(rows, &digest.finalize().into()) => break at,
                Item::End(_) => return Err(damaged(path, at, "结尾与内容不符")),
                Item::Bad => return Err(damaged(path, at, "行的校验和不符，或文件不完整")),
            };
            digest.update(row);
            rows += 1;
            let (tree, key, _) = decode_row(row).ok_or_else(|| damaged(path, at, "行无法解读"))?;
            if last
                .as_ref()
                .is_some_and(|(t, k)| (*t, k.as_slice()) >= (tree, key))
            {
                return Err(damaged(path, at, "行的次序不对"));
            }
            if blocks
                .last()
                .is_none_or(|block| at - block.at >= BLOCK_BYTES || block.tree != tree)
            {
                blocks.push(Block {
                    tree,
                    key: key.to_vec(),
                    at,
                });
            }
            last = Some((tree, key.to_vec()));
        };
        if disk.len(path).map_err(failed)? != end + END_BYTES as u64 {
            return Err(damaged(path, end, "结尾之后还有内容"));
        }
        Ok(Self {
            head,
            path: path.to_path_buf(),
            file: Mutex::new(file),
            blocks,
            end,
            rows,
        })
    }

    /// What the checkpoint says of itself.
    #[must_use]
    pub fn head(&self) -> &CheckpointHead {
        &self.head
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The blocks that can hold keys of the range.
    fn blocks_for(&self, tree: Tree, range: KeyRange<'_>) -> std::ops::Range<usize> {
        let first = self
            .blocks
            .partition_point(|block| (block.tree, block.key.as_slice()) <= (tree, range.from));
        let last = self.blocks.partition_point(|block| match range.to {
            Some(to) => (block.tree, block.key.as_slice()) < (tree, to),
            None => block.tree <= tree,
        });
        first.saturating_sub(1)..last
    }

    /// The rows of a block that lie in the range, in rising order.
    fn block(
        &self,
        number: usize,
        tree: Tree,
        range: KeyRange<'_>,
    ) -> Result<Vec<OwnedRow>, ViewError> {
        let end = self.blocks.get(number + 1).map_or(self.end, |next| next.at);
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut cursor = Cursor::new(&**file, self.blocks[number].at);
        let mut rows = Vec::new();
        while cursor.at < end {
            let at = cursor.at;
            let unreadable = |reason: String| ViewError::Engine {
                engine: "checkpoint",
                reason,
            };
            let row = cursor.row().map_err(|e| unreadable(e.to_string()))?;
            let Item::Row(row) = row else {
                return Err(unreadable(damaged(&self.path, at, "行").to_string()));
            };
            if let Some((row_tree, key, value)) = decode_row(row)
                && row_tree == tree
                && key >= range.from
                && range.to.is_none_or(|to| key < to)
            {
                rows.push((key.to_vec(), value.to_vec()));
            }
        }
        Ok(rows)
    }
}

impl Rows for CheckpointRows {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        let blocks = self.blocks_for(tree, KeyRange::from(key));
        if blocks.is_empty() {
            return Ok(None);
        }
        let rows = self.block(blocks.start, tree, KeyRange::from(key))?;
        Ok(rows
            .into_iter()
            .next()
            .filter(|(found, _)| found == key)
            .map(|(_, value)| value))
    }

    fn scan(
        &self,
        tree: Tree,
        range: KeyRange<'_>,
        direction: Direction,
        limit: usize,
        visit: &mut Visit<'_>,
    ) -> Result<usize, ViewError> {
        let mut blocks = self.blocks_for(tree, range);
        let mut count = 0;
        while count < limit {
            let block = match direction {
                Direction::Up => blocks.next(),
                Direction::Down => blocks.next_back(),
            };
            let Some(block) = block else { break };
            let mut rows = self.block(block, tree, range)?;
            if direction == Direction::Down {
                rows.reverse();
            }
            for (key, value) in rows.iter().take(limit - count) {
                count += 1;
                if visit(key, value) == ControlFlow::Break(()) {
                    return Ok(count);
                }
            }
        }
        Ok(count)
    }
}

/// Reads rows one after the other.
struct Cursor<'a> {
    file: &'a dyn ReadFile,
    at: u64,
    buffer: Vec<u8>,
    /// How much of the buffer was handed out.
    used: usize,
}

enum Item<'a> {
    Row(&'a [u8]),
    End([u8; END_BYTES]),
    Bad,
}

impl<'a> Cursor<'a> {
    fn new(file: &'a dyn ReadFile, at: u64) -> Self {
        Self {
            file,
            at,
            buffer: Vec::new(),
            used: 0,
        }
    }

    /// The next row with its frame, its checksum not yet checked.
    fn row(&mut self) -> std::io::Result<Item<'_>> {
        self.fill(FRAME_BYTES)?;
        let Some(len) = self.buffer[self.used..]
            .first_chunk()
            .map(|len| u32::from_be_bytes(*len))
        else {
            return Ok(Item::Bad);
        };
        let whole = if len == END_MARK {
            END_BYTES
        } else {
            FRAME_BYTES + len as usize
        };
        if whole > FRAME_BYTES + ROW_BYTES_MAX {
            return Ok(Item::Bad);
        }
        // A damaged length must not make much memory be taken.
        if whole > READ_BYTES && self.at + whole as u64 > self.file.file_len()? {
            return Ok(Item::Bad);
        }
        self.fill(whole)?;
        let start = self.used;
        if self.buffer.len() < start + whole {
            return Ok(Item::Bad);
        }
        self.used += whole;
        self.at += whole as u64;
        let item = &self.buffer[start..start + whole];
        Ok(match item.try_into() {
            Ok(end) if len == END_MARK => Item::End(end),
            _ => Item::Row(item),
        })
    }

    fn fill(&mut self, n: usize) -> std::io::Result<()> {
        if self.buffer.len() < self.used + n {
            let wanted = (2 * self.buffer.len())
                .clamp(BLOCK_BYTES as usize, READ_BYTES)
                .max(n);
            self.buffer = vec![0; wanted];
            let read = self.file.read_at(self.at, &mut self.buffer)?;
            self.buffer.truncate(read);
            self.used = 0;
        }
        Ok(())
    }
}
