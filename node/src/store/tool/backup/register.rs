//! The register of backups, kept beside the data they are of: so that a deletion can name the oldest backup whose key
//! file still opens what is deleted. A backup made again in the same folder replaces its line, because its key file is
//! replaced, too. What people copy or remove by hand it cannot know.
//!
//! ```text
//! hotline backups 1
//! <made, milliseconds since 1970> <slots in its key file> <folder>
//! ```

use crate::store::StoreError;
use crate::store::disk::{Access, Disk, read_small, replace_small};
use crate::store::keys::slots_of_file;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

/// The name of the register in a data folder.
pub const REGISTER: &str = "BACKUPS";
const FORMAT: &str = "hotline backups 1";
const BYTES_MAX: u64 = 1 << 20;
/// Backups remembered; the newest are kept, which errs towards naming none.
const LINES_MAX: usize = 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    made_ms: i64,
    slots: u64,
    folder: String,
}

/// Notes a completed backup in the data folder that it is of.
///
/// # Errors
/// The register cannot be read or written.
pub fn note_backup(
    disk: &dyn Disk,
    data: &Path,
    to: &Path,
    made_ms: i64,
    key_file_bytes: u64,
) -> Result<(), StoreError> {
    let path = data.join(REGISTER);
    let folder = to.display().to_string().replace('\n', " ");
    let mut lines = read(disk, &path)?;
    lines.retain(|line| line.folder != folder);
    lines.push(Line {
        made_ms,
        slots: slots_of_file(key_file_bytes),
        folder,
    });
    let from = lines.len().saturating_sub(LINES_MAX);
    let mut text = format!("{FORMAT}\n");
    for line in &lines[from..] {
        let _ = writeln!(text, "{} {} {}", line.made_ms, line.slots, line.folder);
    }
    replace_small(disk, &path, text.as_bytes(), Access::Private)
        .map_err(|e| StoreError::io("登记备份", &path, e))
}

/// When the oldest backup on record was made whose key file has that slot; milliseconds since 1970 by the machine's
/// clock. `None`: no backup on record has it.
///
/// # Errors
/// The register cannot be read.
pub fn oldest_backup_with(
    disk: &dyn Disk,
    data: &Path,
    slot: u64,
) -> Result<Option<i64>, StoreError> {
    let lines = read(disk, &data.join(REGISTER))?;
    let with = lines.into_iter().filter(|line| line.slots > slot);
    Ok(with.map(|line| line.made_ms).min())
}

fn read(disk: &dyn Disk, path: &Path) -> Result<Vec<Line>, StoreError> {
    let bytes = match read_small(disk, path, BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io("读取备份登记", path, error)),
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines();
    let damaged = || StoreError::Damaged {
        file: path.to_path_buf(),
        offset: 0,
        what: "不是备份登记".to_owned(),
        advice: "移走该文件；此后的销毁记录不再指明以前的备份。",
    };
    if lines.next() != Some(FORMAT) {
        return Err(damaged());
    }
    lines
        .map(|line| {
            let mut parts = line.splitn(3, ' ');
            Some(Line {
                made_ms: parts.next()?.parse().ok()?,
                slots: parts.next()?.parse().ok()?,
                folder: parts.next()?.to_owned(),
            })
        })
        .collect::<Option<_>>()
        .ok_or_else(damaged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::disk::SimDisk;

    #[test]
    fn the_oldest_backup_that_has_a_slot_is_named_until_it_is_made_again() {
        let (disk, data) = (SimDisk::new(), Path::new("/node"));
        let oldest = |slot| oldest_backup_with(&disk, data, slot).unwrap();
        let note = |to: &str, at, slots: u64| {
            let bytes = 128 + slots * 64;
            note_backup(&disk, data, Path::new(to), at, bytes).unwrap();
        };
        assert_eq!(oldest(1), None);
        note("/first", 100, 5);
        note("/二 二", 200, 9);
        assert_eq!(
            (oldest(4), oldest(5), oldest(9)),
            (Some(100), Some(200), None)
        );
        note("/first", 300, 12);
        assert_eq!(
            (oldest(4), oldest(9), oldest(12)),
            (Some(200), Some(300), None)
        );
        replace_small(&disk, &data.join(REGISTER), b"x", Access::Private).unwrap();
        assert!(oldest_backup_with(&disk, data, 1).is_err());
    }
}
