//! The commit log: the truth and the acknowledgement.
//!
//! Append-only segment files named after their first commit. What a successful [`Log::sync`] covered survives a
//! power cut; nothing else counts as committed.
//!
//! ```text
//! header (128)  magic 8 "HOTLOG\r\n" | format u16 | flags u16 (1: redo stripped) | chain algorithm u8 (1: SHA-256)
//!               node length u8 | 0 u16 | epoch u64 | first commit u64 | chain before it 32 | node 60 | crc32 u32
//! record        length u32 (of what follows the crc) | crc32 u32 (of length and what follows)
//!               commit u64 | flags u8 (1: redo stripped) | place in its sync u32 | chain before it 32
//!               lasting length u32 | lasting | redo length u32 | redo
//! chain         hash(n) = SHA-256(algorithm id u8 | hash(n-1) | n u64 | lasting)
//!               hash(0) = SHA-256(algorithm id u8 | "hotline log" | node)
//! ```
//!
//! A crash can leave the last sync's bytes in any state. The place in its sync tells torn from damaged: a sync is
//! written only when the one before is durable, so a bad record with a whole record of a *later* sync behind it,
//! or in a segment that is not the last, had been durable: the log is refused, with the place. A bad record with
//! nothing such behind it is a torn end, was never acknowledged, and is cut.

mod archive;
mod format;
mod read;
mod segment;
#[cfg(test)]
mod tests;
mod verify;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) use archive::export_segment;
pub use archive::strip_segment;
pub use format::{
    CHAIN_SHA256, FORMAT_VERSION, NODE_BYTES_MAX, RECORD_BYTES_MAX, Record, chain, genesis,
};
pub(crate) use read::segments;
pub use read::{LogReader, Records, SegmentInfo};
pub(crate) use segment::path_of as segment_path;
pub(crate) use verify::check_quickly;
pub(crate) use verify::check_segment;
pub use verify::{LogReport, Torn, Verify, verify_dir};

use self::format::{Body, HEADER_BYTES, Header, encode_record, record_bytes};
use self::verify::Tail;
use super::disk::{AppendFile, Disk};
use super::marks::CleanClose;
use super::{ChainHash, CommitNo, StoreError};

/// Above this the buffer is given back after a sync.
const BUFFER_KEPT_BYTES: usize = 4 << 20;

/// Whose log it is and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// The folder of the segments.
    pub dir: PathBuf,
    /// The node's key, at most [`NODE_BYTES_MAX`] bytes; a log of another node is refused.
    pub node: String,
    /// The node's epoch, noted in the headers of new segments.
    pub epoch: u64,
    /// A segment that has grown to so many bytes is followed by a new one.
    pub segment_bytes_max: u64,
    /// How much is checked at opening.
    pub verify: Verify,
    /// Where the log ended when it was last closed in order, and the mark that says so: a log that ends before
    /// it, or otherwise, lost what was acknowledged and is refused, even where it looks like a torn end.
    pub closed_at: Option<(PathBuf, CleanClose)>,
}

/// The log, open for the one committer.
pub struct Log {
    disk: Arc<dyn Disk>,
    settings: LogSettings,
    file: Box<dyn AppendFile>,
    file_bytes: u64,
    /// The last commit appended, durable or not.
    last: CommitNo,
    hash: ChainHash,
    durable: Arc<AtomicU64>,
    /// The first commit of the segment being written.
    segment_first: CommitNo,
    buffer: Vec<u8>,
    /// How many records the buffer holds.
    buffered: u32,
    poisoned: Option<String>,
}

impl Log {
    /// Opens the log, or begins one: checks it, cuts a torn end, and writes the last sync once more, since what a
    /// failed sync left in the system's cache reads well without being durable.
    ///
    /// # Errors
    /// Damage with its place, an unknown format, another node's log, a full or failing disk; nothing was lost by
    /// trying.
    pub fn open(
        disk: Arc<dyn Disk>,
        settings: LogSettings,
    ) -> Result<(Self, LogReport), StoreError> {
        let dir = &settings.dir;
        let made = disk.create_dir(dir).and_then(|()| match dir.parent() {
            Some(parent) => disk.sync_dir(parent),
            None => Ok(()),
        });
        made.map_err(|e| StoreError::io("新建日志目录", dir, e))?;
        verify::remove_leftovers(&*disk, dir)?;
        let (mut report, tail) = verify::check(&*disk, dir, Some(&settings.node), settings.verify)?;
        check_closed_at(&settings, &report)?;
        let (first, file_bytes) = match tail {
            Some(tail) => {
                mend(&*disk, &settings, &report, &tail)?;
                (tail.first, tail.end)
            }
            None => {
                begin_segment(&*disk, &settings, 1, report.hash)?;
                report.segments = 1;
                (1, HEADER_BYTES as u64)
            }
        };
        let path = segment::path_of(dir, first);
        let file = disk
            .open_append(&path)
            .map_err(|e| StoreError::io("打开日志段", &path, e))?;
        let log = Self {
            disk,
            file,
            file_bytes,
            last: report.last,
            hash: report.hash,
            durable: Arc::new(AtomicU64::new(report.last)),
            segment_first: first,
            buffer: Vec::new(),
            buffered: 0,
            poisoned: None,
            settings,
        };
        Ok((log, report))
    }

    /// Puts a commit into the buffer and returns its number. It is not committed before [`Log::sync`] answers.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`], nothing changed; [`StoreError::Poisoned`] after a failed sync.
    pub fn append(&mut self, lasting: &[u8], redo: &[u8]) -> Result<CommitNo, StoreError> {
        self.check_sound()?;
        let bytes = record_bytes(lasting, redo);
        if bytes > RECORD_BYTES_MAX {
            return Err(StoreError::TooLarge {
                bytes,
                bytes_max: RECORD_BYTES_MAX,
            });
        }
        let no = self.last + 1;
        let body = Body {
            no,
            group_pos: self.buffered,
            prev_hash: self.hash,
            lasting,
            redo: Some(redo),
        };
        encode_record(&mut self.buffer, &body);
        self.hash = chain(&self.hash, no, lasting);
        self.last = no;
        self.buffered += 1;
        Ok(no)
    }

    /// Makes every appended commit durable with one write and one sync, and returns the last one's number.
    ///
    /// # Errors
    /// A full or failing disk: the outcome of the buffered commits is unknown, and every further call is refused
    /// until the log was opened again.
    pub fn sync(&mut self) -> Result<CommitNo, StoreError> {
        self.check_sound()?;
        if self.buffered > 0 {
            self.write_group()
                .inspect_err(|error| self.poisoned = Some(error.to_string()))?;
            self.durable.store(self.last, Ordering::Release);
        }
        Ok(self.last)
    }

    /// The last durable commit; 0 before the first.
    #[must_use]
    pub fn last_commit(&self) -> CommitNo {
        self.durable.load(Ordering::Acquire)
    }

    /// The value of the chain after the last appended commit.
    #[must_use]
    pub fn hash(&self) -> ChainHash {
        self.hash
    }

    /// The last commit of the closed segments; 0 while there is only one.
    #[must_use]
    pub fn closed_upto(&self) -> CommitNo {
        self.segment_first - 1
    }

    /// The first commit of the segment being written.
    #[must_use]
    pub fn segment_first(&self) -> CommitNo {
        self.segment_first
    }

    /// A handle for reading, for any thread.
    #[must_use]
    pub fn reader(&self) -> LogReader {
        LogReader {
            disk: self.disk.clone(),
            dir: self.settings.dir.clone(),
            node: self.settings.node.clone(),
            durable: self.durable.clone(),
        }
    }

    /// The durable records from `from` on, see [`LogReader::read_from`].
    ///
    /// # Errors
    /// As there.
    pub fn read_from(&self, from: CommitNo) -> Result<Records, StoreError> {
        self.reader().read_from(from)
    }

    /// The node's epoch was raised; headers of new segments say so.
    pub fn set_epoch(&mut self, epoch: u64) {
        self.settings.epoch = epoch;
    }

    fn check_sound(&self) -> Result<(), StoreError> {
        match &self.poisoned {
            Some(cause) => Err(StoreError::Poisoned {
                cause: cause.clone(),
            }),
            None => Ok(()),
        }
    }

    fn write_group(&mut self) -> Result<(), StoreError> {
        if self.file_bytes >= self.settings.segment_bytes_max
            && self.file_bytes > HEADER_BYTES as u64
        {
            self.rotate()?;
        }
        let written = self
            .file
            .append(&self.buffer)
            .and_then(|()| self.file.sync());
        written.map_err(|e| {
            StoreError::io(
                "写日志",
                &segment::path_of(&self.settings.dir, self.segment_first),
                e,
            )
        })?;
        self.file_bytes += self.buffer.len() as u64;
        self.buffered = 0;
        self.buffer.clear();
        self.buffer.shrink_to(BUFFER_KEPT_BYTES);
        Ok(())
    }

    /// Everything in the old segment is durable by now, so the new one's existence says so.
    fn rotate(&mut self) -> Result<(), StoreError> {
        let first = self.last_commit() + 1;
        let prev_hash = Body::first_prev_hash(&self.buffer).unwrap_or(self.hash);
        begin_segment(&*self.disk, &self.settings, first, prev_hash)?;
        let path = segment::path_of(&self.settings.dir, first);
        self.file = self
            .disk
            .open_append(&path)
            .map_err(|e| StoreError::io("打开日志段", &path, e))?;
        self.file_bytes = HEADER_BYTES as u64;
        self.segment_first = first;
        Ok(())
    }
}

fn check_closed_at(settings: &LogSettings, report: &LogReport) -> Result<(), StoreError> {
    let Some((file, closed)) = &settings.closed_at else {
        return Ok(());
    };
    let same = closed.commit_no == report.last && closed.hash == report.hash;
    if same || closed.commit_no < report.last {
        return Ok(());
    }
    Err(StoreError::TailLost {
        file: file.clone(),
        marked: closed.commit_no,
        marked_hash: closed.hash,
        found: report.last,
        found_hash: report.hash,
    })
}

fn begin_segment(
    disk: &dyn Disk,
    settings: &LogSettings,
    first: CommitNo,
    prev_hash: ChainHash,
) -> Result<(), StoreError> {
    let header = Header {
        stripped: false,
        node: settings.node.clone(),
        epoch: settings.epoch,
        first,
        prev_hash,
    };
    segment::create(disk, &settings.dir, &header)
}

/// Cuts the torn end and makes the last sync durable for certain.
fn mend(
    disk: &dyn Disk,
    settings: &LogSettings,
    report: &LogReport,
    tail: &Tail,
) -> Result<(), StoreError> {
    let path = segment::path_of(&settings.dir, tail.first);
    let cut = match &report.torn {
        Some(torn) => disk.truncate(&path, torn.offset),
        None => Ok(()),
    };
    let start = tail.end - tail.last_group.len() as u64;
    let mended = cut
        .and_then(|()| disk.write_at(&path, start, &tail.last_group))
        .and_then(|()| disk.sync_file(&path));
    mended.map_err(|e| StoreError::io("修复日志段末尾", &path, e))
}
