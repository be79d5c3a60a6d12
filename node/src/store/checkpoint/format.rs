//! The bytes of a checkpoint, and writing one.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::PASSED_OVER;
use crate::store::disk::{Access, AppendFile, Disk, TMP_SUFFIX};
use crate::store::log::NODE_BYTES_MAX;
use crate::store::view::{KEY_BYTES_MAX, Tree, VALUE_BYTES_MAX};
use crate::store::{ChainHash, CommitNo, StoreError};

/// The version of the checkpoint's format that this program writes and reads.
pub const CHECKPOINT_FORMAT_VERSION: u16 = 1;

const MAGIC: [u8; 8] = *b"HOTCKPT\n";
pub(super) const HEAD_BYTES: usize = 128;
pub(super) const FRAME_BYTES: usize = 8;
pub(super) const ROW_BYTES_MAX: usize = 3 + KEY_BYTES_MAX + VALUE_BYTES_MAX;
pub(super) const END_MARK: u32 = u32::MAX;
pub(super) const END_BYTES: usize = FRAME_BYTES + 8 + 32;
const WRITE_BYTES: usize = 256 << 10;

/// What a checkpoint says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointHead {
    /// The node's key.
    pub node: String,
    /// The number of the layout that the rows are in.
    pub layout: u32,
    /// The last commit folded into it.
    pub commit_no: CommitNo,
    /// The chain's value after that commit.
    pub hash: ChainHash,
}

impl CheckpointHead {
    fn encode(&self) -> [u8; HEAD_BYTES] {
        let mut out = [0; HEAD_BYTES];
        let node = &self.node.as_bytes()[..self.node.len().min(NODE_BYTES_MAX)];
        out[..8].copy_from_slice(&MAGIC);
        out[8..10].copy_from_slice(&CHECKPOINT_FORMAT_VERSION.to_be_bytes());
        out[10] = u8::try_from(node.len()).unwrap_or(0);
        out[12..16].copy_from_slice(&self.layout.to_be_bytes());
        out[16..24].copy_from_slice(&self.commit_no.to_be_bytes());
        out[24..56].copy_from_slice(&self.hash);
        out[56..56 + node.len()].copy_from_slice(node);
        let crc = crc32fast::hash(&out[..HEAD_BYTES - 4]);
        out[HEAD_BYTES - 4..].copy_from_slice(&crc.to_be_bytes());
        out
    }

    /// Reads a head and checks whose it is.
    pub(super) fn decode(path: &Path, bytes: &[u8], node: &str) -> Result<Self, StoreError> {
        let bytes: &[u8; HEAD_BYTES] = bytes
            .try_into()
            .map_err(|_| damaged(path, 0, "文件头不完整"))?;
        if bytes[..8] != MAGIC {
            return Err(damaged(path, 0, "不是检查点文件"));
        }
        let found = u16::from_be_bytes([bytes[8], bytes[9]]);
        if found != CHECKPOINT_FORMAT_VERSION {
            let file = path.to_path_buf();
            return Err(StoreError::UnknownFormat {
                file,
                found: found.into(),
                known: CHECKPOINT_FORMAT_VERSION.into(),
            });
        }
        let node_len = usize::from(bytes[10]).min(NODE_BYTES_MAX);
        let mut hash = [0; 32];
        hash.copy_from_slice(&bytes[24..56]);
        let head = Self {
            node: String::from_utf8_lossy(&bytes[56..56 + node_len]).into_owned(),
            layout: bytes[12..]
                .first_chunk()
                .map_or(0, |chunk| u32::from_be_bytes(*chunk)),
            commit_no: bytes[16..]
                .first_chunk()
                .map_or(0, |chunk| u64::from_be_bytes(*chunk)),
            hash,
        };
        if head.encode() != *bytes {
            return Err(damaged(path, 0, "文件头的校验和不符"));
        }
        if head.node != node {
            let file = path.to_path_buf();
            return Err(StoreError::WrongNode {
                file,
                found: head.node,
                expected: node.to_owned(),
            });
        }
        Ok(head)
    }
}

pub(super) fn damaged(path: &Path, offset: u64, what: &str) -> StoreError {
    StoreError::Damaged {
        file: path.to_path_buf(),
        offset,
        what: what.to_owned(),
        advice: PASSED_OVER,
    }
}

/// A row's tree, key and value.
pub(super) type RowRef<'a> = (Tree, &'a [u8], &'a [u8]);

/// Reads a whole row, its frame included; `None` where its checksum or its lengths do not fit.
pub(super) fn decode_row(row: &[u8]) -> Option<RowRef<'_>> {
    let (len, rest) = row.split_first_chunk::<4>()?;
    let (crc, body) = rest.split_first_chunk::<4>()?;
    if u32::from_be_bytes(*len) as usize != body.len()
        || u32::from_be_bytes(*crc) != checksum(len, body)
    {
        return None;
    }
    let ([tree, high, low], rest) = body.split_first_chunk::<3>()?;
    let (key, value) = rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
    Some((Tree::from_number(*tree)?, key, value))
}

fn encode_row(out: &mut Vec<u8>, tree: Tree, key: &[u8], value: &[u8]) {
    let start = out.len();
    out.extend([0; FRAME_BYTES]);
    out.push(tree as u8);
    out.extend(u16::try_from(key.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend(key);
    out.extend(value);
    let len = u32::try_from(out.len() - start - FRAME_BYTES)
        .unwrap_or(END_MARK)
        .to_be_bytes();
    let crc = checksum(&len, &out[start + FRAME_BYTES..]);
    out[start..start + 4].copy_from_slice(&len);
    out[start + 4..start + FRAME_BYTES].copy_from_slice(&crc.to_be_bytes());
}

pub(super) fn encode_end(rows: u64, digest: &[u8; 32]) -> [u8; END_BYTES] {
    let mut out = [0; END_BYTES];
    out[..4].copy_from_slice(&END_MARK.to_be_bytes());
    out[8..16].copy_from_slice(&rows.to_be_bytes());
    out[16..].copy_from_slice(digest);
    let crc = crc32fast::hash(&out[FRAME_BYTES..]);
    out[4..8].copy_from_slice(&crc.to_be_bytes());
    out
}

fn checksum(len: &[u8; 4], body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(len);
    hasher.update(body);
    hasher.finalize()
}

/// Writes a checkpoint under a temporary name and puts it in place when it is whole.
pub(super) struct Writer<'a> {
    disk: &'a dyn Disk,
    path: PathBuf,
    tmp: PathBuf,
    file: Box<dyn AppendFile>,
    buffer: Vec<u8>,
    digest: Sha256,
    rows: u64,
}

impl<'a> Writer<'a> {
    pub fn begin(
        disk: &'a dyn Disk,
        dir: &Path,
        head: &CheckpointHead,
    ) -> Result<Self, StoreError> {
        let path = super::path_of(dir, head.commit_no);
        let tmp = path.with_extension(format!("cp{TMP_SUFFIX}"));
        let file = disk
            .write_new(&tmp, &head.encode(), Access::Common)
            .and_then(|()| disk.open_append(&tmp))
            .map_err(|e| StoreError::io("写检查点", &tmp, e))?;
        Ok(Self {
            disk,
            path,
            tmp,
            file,
            buffer: Vec::new(),
            digest: Sha256::new(),
            rows: 0,
        })
    }

    /// Adds a row; rows come in order.
    pub fn put(&mut self, tree: Tree, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        encode_row(&mut self.buffer, tree, key, value);
        self.rows += 1;
        if self.buffer.len() >= WRITE_BYTES {
            self.write_out()
        } else {
            Ok(())
        }
    }

    /// Ends the file, makes it durable and puts it in place; returns the number of rows.
    pub fn finish(mut self) -> Result<u64, StoreError> {
        self.write_out()?;
        let end = encode_end(self.rows, &self.digest.finalize().into());
        let placed = self
            .file
            .append(&end)
            .and_then(|()| self.file.sync())
            .and_then(|()| self.disk.rename(&self.tmp, &self.path))
            .and_then(|()| {
                self.disk
                    .sync_dir(self.path.parent().unwrap_or(Path::new(".")))
            });
        placed.map_err(|e| StoreError::io("写检查点", &self.path, e))?;
        Ok(self.rows)
    }

    fn write_out(&mut self) -> Result<(), StoreError> {
        self.digest.update(&self.buffer);
        self.file
            .append(&self.buffer)
            .map_err(|e| StoreError::io("写检查点", &self.tmp, e))?;
        self.buffer.clear();
        Ok(())
    }
}
