//! Reading the log while it is being written, from any thread.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::format::Record;
use super::segment::{self, SegmentReader, Step};
use crate::store::disk::Disk;
use crate::store::{CommitNo, StoreError};

/// A handle on a log for reading; clones are cheap.
#[derive(Clone)]
pub struct LogReader {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) dir: PathBuf,
    pub(super) node: String,
    /// The last commit that is durable; nothing beyond it is read.
    pub(super) durable: Arc<AtomicU64>,
}

/// A segment as it lies in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentInfo {
    /// The file.
    pub path: PathBuf,
    /// The number of its first commit.
    pub first: CommitNo,
    /// The number of its last commit; `None` for the segment being written.
    pub last: Option<CommitNo>,
    /// Its length in bytes.
    pub bytes: u64,
    /// Whether its redo parts were stripped.
    pub stripped: bool,
}

impl LogReader {
    /// A handle on a log that nobody writes to, for instance an exported one.
    ///
    /// # Errors
    /// As for [`super::verify_dir`]: the whole log is checked once.
    pub fn open(disk: Arc<dyn Disk>, dir: &Path) -> Result<Self, StoreError> {
        let report = super::verify_dir(&*disk, dir, None)?;
        let durable = Arc::new(AtomicU64::new(report.last));
        Ok(Self {
            disk,
            dir: dir.to_path_buf(),
            node: report.node,
            durable,
        })
    }

    /// A handle on a log that nobody writes to, and that was checked up to this commit.
    pub(crate) fn upto(disk: Arc<dyn Disk>, dir: &Path, node: &str, last: CommitNo) -> Self {
        Self {
            disk,
            dir: dir.to_path_buf(),
            node: node.to_owned(),
            durable: Arc::new(AtomicU64::new(last)),
        }
    }

    /// The last durable commit; 0 before the first.
    #[must_use]
    pub fn last_commit(&self) -> CommitNo {
        self.durable.load(Ordering::Acquire)
    }

    /// The node whose log it is.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// The segments in order; the last is the one being written.
    ///
    /// # Errors
    /// An unreadable folder or header.
    pub fn segments(&self) -> Result<Vec<SegmentInfo>, StoreError> {
        segments(&*self.disk, &self.dir, Some(&self.node))
    }

    /// The durable records from `from` on, in order, each checked against the chain, with memory bounded by the
    /// longest record. Ends at the commit that was durable when it got there. From 0 is as from 1.
    ///
    /// # Errors
    /// [`StoreError::NoSuchCommit`] beyond the commit after the last one; damage; a failing disk.
    pub fn read_from(&self, from: CommitNo) -> Result<Records, StoreError> {
        let from = from.max(1);
        let last = self.last_commit();
        if from > last + 1 {
            return Err(StoreError::NoSuchCommit {
                commit_no: from,
                first: 1,
                last,
            });
        }
        let mut records = Records {
            reader: self.clone(),
            segment: None,
            next: from,
            failed: false,
        };
        if from <= last {
            let firsts = segment::list(&*self.disk, &self.dir)?;
            let first = firsts.into_iter().rfind(|first| *first <= from);
            let first = first.ok_or(StoreError::NoSuchCommit {
                commit_no: from,
                first: 1,
                last,
            })?;
            let mut segment = SegmentReader::open(&*self.disk, &self.dir, first, Some(&self.node))?;
            while segment.next < from {
                match segment.step()? {
                    Step::Record(_) => {}
                    Step::End => return Err(segment.damage("文件提前结束".to_owned())),
                    Step::Bad(what) => return Err(segment.damage(what)),
                }
            }
            records.segment = Some(segment);
        }
        Ok(records)
    }
}

/// An iterator over durable records; ends after the first error.
pub struct Records {
    reader: LogReader,
    segment: Option<SegmentReader>,
    next: CommitNo,
    failed: bool,
}

impl Records {
    fn read(&mut self) -> Result<Record, StoreError> {
        loop {
            let segment = match &mut self.segment {
                Some(segment) => segment,
                none => {
                    let LogReader {
                        disk, dir, node, ..
                    } = &self.reader;
                    none.insert(SegmentReader::open(&**disk, dir, self.next, Some(node))?)
                }
            };
            match segment.step()? {
                Step::Record(record) => {
                    self.next = record.no + 1;
                    return Ok(record);
                }
                // The log goes on, so it goes on in the segment that is named after the next number.
                Step::End => {
                    let (dir, hash) = (&self.reader.dir, segment.hash);
                    let next = SegmentReader::open(
                        &*self.reader.disk,
                        dir,
                        self.next,
                        Some(&self.reader.node),
                    )?;
                    if next.hash != hash {
                        return Err(next.damage("接不上前一段的哈希链".to_owned()));
                    }
                    self.segment = Some(next);
                }
                Step::Bad(what) => return Err(segment.damage(what)),
            }
        }
    }
}

impl Iterator for Records {
    type Item = Result<Record, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.next > self.reader.last_commit() {
            return None;
        }
        let record = self.read();
        self.failed = record.is_err();
        Some(record)
    }
}

/// The segments of a log, the last one being written or the end.
pub(crate) fn segments(
    disk: &dyn Disk,
    dir: &Path,
    node: Option<&str>,
) -> Result<Vec<SegmentInfo>, StoreError> {
    let firsts = segment::list(disk, dir)?;
    let mut found = Vec::with_capacity(firsts.len());
    for (place, first) in firsts.iter().enumerate() {
        let opened = SegmentReader::open(disk, dir, *first, node)?;
        found.push(SegmentInfo {
            bytes: disk
                .len(&opened.path)
                .map_err(|e| StoreError::io("读取日志段", &opened.path, e))?,
            path: opened.path,
            first: *first,
            last: firsts.get(place + 1).map(|next| next - 1),
            stripped: opened.header.stripped,
        });
    }
    Ok(found)
}
