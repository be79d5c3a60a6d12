//! Checking a log from front to back.

use std::path::{Path, PathBuf};

use super::segment::{self, SegmentReader, Step};
use crate::store::disk::{Disk, TMP_SUFFIX};
use crate::store::{ChainHash, CommitNo, StoreError};

/// How much of the log is read when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verify {
    /// Every record.
    All,
    /// Every header, and every record of the segments that reach to this commit or beyond it; the others are left
    /// to the check in the background.
    From(CommitNo),
}

/// What was found in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogReport {
    /// The node in the headers; empty where there is no segment.
    pub node: String,
    /// The node's epoch in the last header.
    pub epoch: u64,
    /// How many segments there are.
    pub segments: usize,
    /// How many records were read and checked.
    pub checked: u64,
    /// The last commit; 0 in an empty log.
    pub last: CommitNo,
    /// The value of the chain after it.
    pub hash: ChainHash,
    /// All files together.
    pub bytes: u64,
    /// The torn end, if there is one.
    pub torn: Option<Torn>,
    /// The lasting part of the last commit, where it was read.
    pub last_lasting: Option<Vec<u8>>,
}

/// The rest of a write that a crash cut off: it was never acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The last segment.
    pub file: PathBuf,
    /// Where the last whole record ends.
    pub offset: u64,
    /// How many bytes stand behind it.
    pub bytes: u64,
    /// What is wrong with them.
    pub what: String,
}

/// What opening needs beside the report: where the last segment ends and its last sync begins.
pub(super) struct Tail {
    pub first: CommitNo,
    pub end: u64,
    pub last_group: Vec<u8>,
}

/// Checks a log without changing it; a torn end is reported, not refused.
///
/// # Errors
/// Damage with its place, an unknown format, another node's files, a failing disk.
pub fn verify_dir(
    disk: &dyn Disk,
    dir: &Path,
    node: Option<&str>,
) -> Result<LogReport, StoreError> {
    Ok(check(disk, dir, node, Verify::All)?.0)
}

/// Checks every header and the last segment, without changing anything; as opening does, but for the checkpoints.
///
/// # Errors
/// As for [`verify_dir`].
pub(crate) fn check_quickly(
    disk: &dyn Disk,
    dir: &Path,
    node: &str,
) -> Result<LogReport, StoreError> {
    Ok(check(disk, dir, Some(node), Verify::From(CommitNo::MAX))?.0)
}

pub(super) fn check(
    disk: &dyn Disk,
    dir: &Path,
    node: Option<&str>,
    depth: Verify,
) -> Result<(LogReport, Option<Tail>), StoreError> {
    let firsts = segment::list(disk, dir)?;
    let mut report = LogReport {
        node: node.unwrap_or_default().to_owned(),
        epoch: 0,
        segments: firsts.len(),
        checked: 0,
        last: 0,
        hash: [0; 32],
        bytes: 0,
        torn: None,
        last_lasting: None,
    };
    let mut tail = None;
    // The chain's value at the end of the former segment, where that was read.
    let mut before = None;
    for (place, first) in firsts.iter().enumerate() {
        let mut reader = SegmentReader::open(disk, dir, *first, node.or(nonempty(&report.node)))?;
        if *first != report.last + 1 {
            let what = format!(
                "缺第 {} 号至第 {} 号记录：缺一个日志段",
                report.last + 1,
                first - 1
            );
            return Err(reader.damage(what));
        }
        if place == 0 && reader.hash != super::genesis(&reader.header.node) {
            return Err(reader.damage("哈希链的起点不符".to_owned()));
        }
        if before.is_some_and(|hash| hash != reader.hash) {
            return Err(reader.damage("接不上前一段的哈希链".to_owned()));
        }
        report.node.clone_from(&reader.header.node);
        report.epoch = reader.header.epoch;
        let bytes = disk
            .len(&reader.path)
            .map_err(|e| StoreError::io("读取日志段", &reader.path, e))?;
        report.bytes += bytes;
        match firsts.get(place + 1) {
            Some(next) if matches!(depth, Verify::From(from) if next - 1 < from) => {
                report.last = next - 1;
                report.last_lasting = None;
                before = None;
            }
            Some(_) => {
                closed_segment(&mut reader, &mut report)?;
                before = Some(reader.hash);
            }
            None => tail = Some(last_segment(&mut reader, &mut report, bytes)?),
        }
    }
    if firsts.is_empty() {
        report.hash = super::genesis(node.unwrap_or_default());
    }
    Ok((report, tail))
}

fn nonempty(node: &str) -> Option<&str> {
    (!node.is_empty()).then_some(node)
}

/// Nothing in a closed segment may be wrong: it was durable before the next one was begun.
fn closed_segment(reader: &mut SegmentReader, report: &mut LogReport) -> Result<(), StoreError> {
    loop {
        match reader.step()? {
            Step::Record(record) => {
                report.last = record.no;
                report.checked += 1;
                report.last_lasting = Some(record.lasting);
            }
            Step::End => return Ok(()),
            Step::Bad(what) => return Err(reader.damage(what)),
        }
    }
}

fn last_segment(
    reader: &mut SegmentReader,
    report: &mut LogReport,
    bytes: u64,
) -> Result<Tail, StoreError> {
    let mut group_at = reader.at;
    loop {
        let at = reader.at;
        match reader.step()? {
            Step::Record(record) => {
                if record.group_pos == 0 {
                    group_at = at;
                }
                report.last = record.no;
                report.checked += 1;
                report.last_lasting = Some(record.lasting);
            }
            Step::End => break,
            Step::Bad(what) => {
                if let Some(behind) = reader.later_sync_behind()? {
                    return Err(
                        reader.damage(format!("{what}（第 {behind} 字节处还有完好的后续记录）"))
                    );
                }
                let (file, offset) = (reader.path.clone(), reader.at);
                report.torn = Some(Torn {
                    file,
                    offset,
                    bytes: bytes - offset,
                    what,
                });
                break;
            }
        }
    }
    report.hash = reader.hash;
    let last_group = reader.bytes(group_at, reader.at)?;
    Ok(Tail {
        first: reader.header.first,
        end: reader.at,
        last_group,
    })
}

/// Removes what an interrupted write left under a temporary name.
pub(super) fn remove_leftovers(disk: &dyn Disk, dir: &Path) -> Result<(), StoreError> {
    for name in disk
        .list(dir)
        .map_err(|e| StoreError::io("列出目录", dir, e))?
    {
        if name.ends_with(TMP_SUFFIX) {
            let path = dir.join(name);
            disk.remove(&path)
                .map_err(|e| StoreError::io("删除临时文件", &path, e))?;
        }
    }
    Ok(())
}

/// One segment, read from front to back.
pub(crate) struct Checked {
    /// The node in its header.
    pub node: String,
    /// The chain's value before its first record.
    pub prev_hash: ChainHash,
    /// Its last record; one less than the first in a segment without any.
    pub last: CommitNo,
    /// The chain's value after it.
    pub hash: ChainHash,
    /// Where the last record ends, in bytes from the start.
    pub end: u64,
    /// The chain's value after the commit asked for, where it lies here.
    pub noted: Option<ChainHash>,
}

/// Checks one segment under any name. With `end`, records that reach beyond it do not count, and a write under way
/// behind the last whole record is no damage; `note` asks for the chain's value after that commit.
///
/// # Errors
/// Damage with its place; a failing disk.
pub(crate) fn check_segment(
    disk: &dyn Disk,
    path: &Path,
    first: CommitNo,
    end: Option<u64>,
    note: CommitNo,
) -> Result<Checked, StoreError> {
    let mut reader = SegmentReader::open_file(disk, path, first)?;
    let mut checked = Checked {
        node: reader.header.node.clone(),
        prev_hash: reader.hash,
        last: first - 1,
        hash: reader.hash,
        end: reader.at,
        noted: None,
    };
    loop {
        match reader.step()? {
            Step::Record(_) if end.is_some_and(|end| reader.at > end) => return Ok(checked),
            Step::Record(record) => {
                (checked.last, checked.hash, checked.end) = (record.no, record.hash, reader.at);
                if record.no == note {
                    checked.noted = Some(record.hash);
                }
            }
            Step::End => return Ok(checked),
            Step::Bad(what) => match (end, reader.later_sync_behind()?) {
                (Some(_), None) => return Ok(checked),
                (_, Some(behind)) => {
                    let what = format!("{what}（第 {behind} 字节处还有完好的后续记录）");
                    return Err(reader.damage(what));
                }
                (None, None) => return Err(reader.damage(what)),
            },
        }
    }
}
