//! One segment file: its name, its making, and reading it from front to back with bounded memory.

use std::path::{Path, PathBuf};

use super::format::{
    FORMAT_VERSION, FRAME_BYTES, HEADER_BYTES, Header, HeaderFault, RECORD_BYTES_MIN, Record,
    announced_bytes, chain, claimed_no, decode_record,
};
use crate::store::disk::{Access, Disk, ReadFile, TMP_SUFFIX};
use crate::store::error::StoreError;
use crate::store::{ChainHash, CommitNo};

pub(super) const SUFFIX: &str = ".seg";
/// How much is read at a time: little at first, more as reading goes on; a larger record is read whole.
const READ_BYTES_MIN: usize = 8 << 10;
const READ_BYTES_MAX: usize = 256 << 10;

pub(crate) fn path_of(dir: &Path, first: CommitNo) -> PathBuf {
    dir.join(format!("{first:020}{SUFFIX}"))
}

/// The first commit numbers of the segments in the folder, rising.
pub(super) fn list(disk: &dyn Disk, dir: &Path) -> Result<Vec<CommitNo>, StoreError> {
    let names = disk
        .list(dir)
        .map_err(|e| StoreError::io("列出目录", dir, e))?;
    Ok(names
        .iter()
        .filter_map(|name| name.strip_suffix(SUFFIX)?.parse().ok())
        .collect())
}

/// Puts a segment with nothing but its header in place, whole and durable.
pub(super) fn create(disk: &dyn Disk, dir: &Path, header: &Header) -> Result<(), StoreError> {
    let path = path_of(dir, header.first);
    let tmp = path.with_extension(format!("seg{TMP_SUFFIX}"));
    let made = disk
        .write_new(&tmp, &header.encode(), Access::Common)
        .and_then(|()| disk.sync_file(&tmp))
        .and_then(|()| disk.rename(&tmp, &path))
        .and_then(|()| disk.sync_dir(dir));
    made.map_err(|e| StoreError::io("新建日志段", &path, e))
}

/// What stands at the reader's place.
pub(super) enum Step {
    /// A whole record that continues the chain.
    Record(Record),
    /// The end of the file, just behind a record.
    End,
    /// Something else, with the reason; the reader stays in front of it.
    Bad(String),
}

/// Reads a segment's records in order and checks each against the chain.
pub(super) struct SegmentReader {
    pub path: PathBuf,
    pub header: Header,
    /// The offset of the next record.
    pub at: u64,
    /// The number of the next record.
    pub next: CommitNo,
    /// The value of the chain in front of the next record.
    pub hash: ChainHash,
    file: Box<dyn ReadFile>,
    buffer: Vec<u8>,
    buffer_at: u64,
}

impl SegmentReader {
    /// Opens the segment and reads its header.
    pub fn open(
        disk: &dyn Disk,
        dir: &Path,
        first: CommitNo,
        node: Option<&str>,
    ) -> Result<Self, StoreError> {
        let reader = Self::open_file(disk, &path_of(dir, first), first)?;
        match node {
            Some(node) if node != reader.header.node => {
                let found = reader.header.node;
                Err(StoreError::WrongNode {
                    file: reader.path,
                    found,
                    expected: node.to_owned(),
                })
            }
            _ => Ok(reader),
        }
    }

    /// Opens a segment under any name.
    pub fn open_file(disk: &dyn Disk, path: &Path, first: CommitNo) -> Result<Self, StoreError> {
        let path = path.to_path_buf();
        let file = disk
            .open_read(&path)
            .map_err(|e| StoreError::io("打开日志段", &path, e))?;
        let mut head = [0; HEADER_BYTES];
        let read = file
            .read_at(0, &mut head)
            .map_err(|e| StoreError::io("读取日志段", &path, e))?;
        let header = Header::decode(&head[..read]).map_err(|fault| header_error(&path, fault))?;
        if header.first != first {
            let what = format!(
                "文件名写的是第 {first} 号起，文件头写的是第 {} 号起",
                header.first
            );
            return Err(damaged(path, 24, what));
        }
        let (next, hash) = (header.first, header.prev_hash);
        Ok(Self {
            path,
            header,
            at: HEADER_BYTES as u64,
            next,
            hash,
            file,
            buffer: Vec::new(),
            buffer_at: 0,
        })
    }

    /// The next record. Memory is bounded by the longest record.
    pub fn step(&mut self) -> Result<Step, StoreError> {
        let frame = self.fill(self.at, FRAME_BYTES)?;
        if frame.is_empty() {
            return Ok(Step::End);
        }
        let Some(whole) = announced_bytes(frame) else {
            return Ok(Step::Bad("长度字段不成立".to_owned()));
        };
        let at = self.at;
        // A damaged length must not make much memory be taken.
        if whole > READ_BYTES_MAX && at + whole as u64 > self.file_len()? {
            return Ok(Step::Bad("记录不完整".to_owned()));
        }
        let record = self.fill(at, whole)?;
        if record.len() < whole {
            return Ok(Step::Bad("记录不完整".to_owned()));
        }
        let Some(body) = decode_record(record) else {
            return Ok(Step::Bad("校验和不符".to_owned()));
        };
        let (no, prev_hash, group_pos) = (body.no, body.prev_hash, body.group_pos);
        let (lasting, redo) = (body.lasting.to_vec(), body.redo.map(<[u8]>::to_vec));
        if no != self.next {
            return Ok(Step::Bad(format!("编号是 {no}，应为 {}", self.next)));
        }
        if prev_hash != self.hash {
            return Ok(Step::Bad(format!("第 {no} 号记录接不上哈希链")));
        }
        self.hash = chain(&prev_hash, no, &lasting);
        self.next = no + 1;
        self.at += whole as u64;
        Ok(Step::Record(Record {
            no,
            prev_hash,
            hash: self.hash,
            lasting,
            redo,
            group_pos,
        }))
    }

    /// The error for what [`Step::Bad`] named.
    pub fn damage(&self, what: String) -> StoreError {
        damaged(self.path.clone(), self.at, what)
    }

    /// Looks behind the reader's place for a whole record of a later sync. Only one sync is under way at a time,
    /// so such a record proves that what stands here had been durable, and is damaged rather than torn.
    pub fn later_sync_behind(&mut self) -> Result<Option<u64>, StoreError> {
        let (bad_no, bad_at) = (self.next, self.at);
        let len = self.file_len()?;
        let last_possible = bad_no + len.saturating_sub(bad_at) / RECORD_BYTES_MIN as u64;
        let mut at = bad_at + 1;
        while at + RECORD_BYTES_MIN as u64 <= len {
            let head = self.fill(at, FRAME_BYTES + 8)?;
            let candidate = announced_bytes(head).filter(|_| {
                claimed_no(head).is_some_and(|no| (bad_no..=last_possible).contains(&no))
            });
            at += 1;
            let Some(whole) = candidate else { continue };
            if at - 1 + whole as u64 > len {
                continue;
            }
            if let Some(body) = decode_record(self.fill(at - 1, whole)?) {
                if body.no.saturating_sub(u64::from(body.group_pos)) > bad_no {
                    return Ok(Some(at - 1));
                }
                at += whole as u64 - 1;
            }
        }
        Ok(None)
    }

    /// The file's bytes from `offset` to `end`.
    pub fn bytes(&mut self, offset: u64, end: u64) -> Result<Vec<u8>, StoreError> {
        let n = usize::try_from(end.saturating_sub(offset)).unwrap_or(0);
        Ok(self.fill(offset, n)?.to_vec())
    }

    fn file_len(&self) -> Result<u64, StoreError> {
        self.file
            .file_len()
            .map_err(|e| StoreError::io("读取日志段", &self.path, e))
    }

    /// The bytes from `offset` on, `n` of them where the file reaches so far.
    fn fill(&mut self, offset: u64, n: usize) -> Result<&[u8], StoreError> {
        let behind = |end: u64| end >= offset + n as u64;
        if offset < self.buffer_at || !behind(self.buffer_at + self.buffer.len() as u64) {
            let wanted = (2 * self.buffer.len()).clamp(READ_BYTES_MIN, READ_BYTES_MAX);
            // Fresh zeroes cost nothing; to write them over what was read before does.
            self.buffer = vec![0; n.max(wanted)];
            self.buffer_at = offset;
            let read = self.file.read_at(offset, &mut self.buffer);
            let read = read.map_err(|e| StoreError::io("读取日志段", &self.path, e))?;
            self.buffer.truncate(read);
        }
        let start = usize::try_from(offset - self.buffer_at)
            .unwrap_or(usize::MAX)
            .min(self.buffer.len());
        let end = (start + n).min(self.buffer.len());
        Ok(&self.buffer[start..end])
    }
}

pub(super) fn damaged(file: PathBuf, offset: u64, what: String) -> StoreError {
    StoreError::Damaged {
        file,
        offset,
        what,
        advice: crate::store::error::RESTORE_LOG,
    }
}

fn header_error(path: &Path, fault: HeaderFault) -> StoreError {
    let file = path.to_path_buf();
    match fault {
        HeaderFault::UnknownFormat(found) => StoreError::UnknownFormat {
            file,
            found: found.into(),
            known: FORMAT_VERSION.into(),
        },
        HeaderFault::NotASegment => damaged(file, 0, "不是日志段文件，或文件头不完整".to_owned()),
        HeaderFault::Checksum => damaged(file, 0, "文件头的校验和不符".to_owned()),
    }
}
