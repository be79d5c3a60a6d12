//! Archiving: a closed segment without its redo parts. The chain does not cover them, so it stays whole.

use std::path::Path;

use super::format::{Body, Header, encode_record};
use super::segment::{self, SegmentReader, Step};
use crate::store::disk::{Access, AppendFile, Disk, TMP_SUFFIX};
use crate::store::{CommitNo, StoreError};

const WRITE_BYTES: usize = 256 << 10;

/// Strips the redo parts of one closed segment: writes the new file beside the old one, syncs it, and renames it
/// over the old. Readers that have the old one open go on reading it. Returns the bytes gained, 0 where the
/// segment was stripped before. The caller sees to it that the segment is closed and no longer needed for replay.
///
/// # Errors
/// Damage in the segment, a full or failing disk: the old file then still stands.
pub fn strip_segment(disk: &dyn Disk, dir: &Path, first: CommitNo) -> Result<u64, StoreError> {
    let mut reader = SegmentReader::open(disk, dir, first, None)?;
    if reader.header.stripped {
        return Ok(0);
    }
    let path = reader.path.clone();
    let tmp = path.with_extension(format!("seg{TMP_SUFFIX}"));
    let before = disk
        .len(&path)
        .map_err(|e| StoreError::io("读取日志段", &path, e))?;
    copy_stripped(disk, &mut reader, &tmp, None)?;
    // The log is kept for ever, so a copy takes the original's place only after it was read back.
    let mut copy = SegmentReader::open_file(disk, &tmp, first)?;
    while let Step::Record(_) = copy.step()? {}
    if (copy.next, copy.hash) != (reader.next, reader.hash) {
        return Err(copy.damage("副本与原段不符".to_owned()));
    }
    let after = disk
        .len(&tmp)
        .map_err(|e| StoreError::io("读取日志段", &tmp, e))?;
    let placed = disk.rename(&tmp, &path).and_then(|()| disk.sync_dir(dir));
    placed.map_err(|e| StoreError::io("替换日志段", &path, e))?;
    Ok(before.saturating_sub(after))
}

/// Writes one segment without redo parts to another folder, under its own name; of a torn one, what stands in
/// front of `end`.
///
/// # Errors
/// As for [`strip_segment`].
pub(crate) fn export_segment(
    disk: &dyn Disk,
    dir: &Path,
    first: CommitNo,
    end: Option<u64>,
    to: &Path,
) -> Result<(), StoreError> {
    let mut reader = SegmentReader::open(disk, dir, first, None)?;
    copy_stripped(disk, &mut reader, &segment::path_of(to, first), end)
}

/// Copies the reader's records, up to `end` where it is given, without redo parts into a new, synced file.
fn copy_stripped(
    disk: &dyn Disk,
    reader: &mut SegmentReader,
    target: &Path,
    end: Option<u64>,
) -> Result<(), StoreError> {
    let failed = |e| StoreError::io("写日志段副本", target, e);
    let header = Header {
        stripped: true,
        ..reader.header.clone()
    };
    disk.write_new(target, &header.encode(), Access::Common)
        .map_err(failed)?;
    let mut file = disk.open_append(target).map_err(failed)?;
    let mut buffer = Vec::new();
    while end != Some(reader.at) {
        match reader.step()? {
            Step::Record(record) => {
                let body = Body {
                    no: record.no,
                    group_pos: record.group_pos,
                    prev_hash: record.prev_hash,
                    lasting: &record.lasting,
                    redo: None,
                };
                encode_record(&mut buffer, &body);
                if buffer.len() >= WRITE_BYTES {
                    flush(&mut *file, &mut buffer).map_err(failed)?;
                }
            }
            Step::End => break,
            Step::Bad(what) => return Err(reader.damage(what)),
        }
    }
    flush(&mut *file, &mut buffer).map_err(failed)?;
    file.sync().map_err(failed)
}

fn flush(file: &mut dyn AppendFile, buffer: &mut Vec<u8>) -> std::io::Result<()> {
    file.append(buffer)?;
    buffer.clear();
    Ok(())
}
