//! Whether everything is there that belongs together: asked of a folder before anything is made, bound or dialled, and
//! once more when the store is opened, for the parts that opening itself would mend over.

use std::path::Path;
use std::sync::Arc;

use super::disk::{Disk, TMP_SUFFIX};
use super::keys::{key_path, verify_presuming};
use super::log::{LogReader, LogReport, check_quickly, segment_path};
use super::marks::Marks;
use super::{CommitNo, Fold, StoreError};

/// What stands at a data folder's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Folder {
    /// Nothing.
    Missing,
    /// A folder without anything of a node, as the mount point of a disk that is not mounted; with the name of something
    /// else that lies there, if anything does.
    Empty(Option<String>),
    /// Marked to be filled by the neighbours, with no commit yet.
    Marked,
    /// A store that was begun, up to this commit.
    Begun(CommitNo),
}

/// What an empty file system has of its own.
const LOST_AND_FOUND: &str = "lost+found";

/// Looks at a data folder without changing anything, as thoroughly as opening it would: log, mark of the last close, key
/// file, each against the others. A node may run on a folder that is [`Folder::Begun`] or [`Folder::Marked`].
///
/// # Errors
/// Everything that is wrong, each with what to do.
pub fn look(
    disk: &Arc<dyn Disk>,
    dir: &Path,
    node: &str,
    fold: &dyn Fold,
) -> Result<Folder, Vec<StoreError>> {
    let one = |error| vec![error];
    let failed = |e| vec![StoreError::io("查看数据目录", dir, e)];
    let names = match std::fs::read_dir(dir) {
        Ok(entries) => entries
            .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(failed)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Folder::Missing),
        Err(error) => return Err(failed(error)),
    };
    let marks = Marks::new(disk.clone(), dir);
    if marks.is_restoring().map_err(one)? {
        let dir = dir.to_path_buf();
        return Err(one(StoreError::HalfRestored { dir }));
    }
    let log_dir = dir.join("log");
    let log = disk.list(&log_dir).map_err(failed)?;
    let begun = log.iter().any(|name| !name.ends_with(TMP_SUFFIX));
    let keys = disk.exists(&key_path(dir)).map_err(failed)?;
    if !begun && !keys {
        if marks.restored().map_err(one)?.is_some() {
            return Ok(Folder::Marked);
        }
        let foreign = names
            .into_iter()
            .filter(|name| name != LOST_AND_FOUND)
            .min();
        return Ok(Folder::Empty(foreign));
    }
    inside(disk, &marks, dir, node, fold)
}

fn inside(
    disk: &Arc<dyn Disk>,
    marks: &Marks,
    dir: &Path,
    node: &str,
    fold: &dyn Fold,
) -> Result<Folder, Vec<StoreError>> {
    let mut faults = Vec::new();
    let mut note = |error: StoreError| faults.push(error);
    // A lock that was never made is held by nobody.
    match disk.exists(&dir.join("LOCK")) {
        Ok(false) => {}
        Ok(true) => drop(marks.lock().map_err(&mut note)),
        Err(error) => note(StoreError::io("查看数据目录", dir, error)),
    }
    let there = segments_there(&**disk, marks, dir).map_err(&mut note);
    let report = there
        .and_then(|()| check_quickly(&**disk, &dir.join("log"), node).map_err(&mut note))
        .ok();
    let slots = report.as_ref().map_or(Ok(0), |report| {
        tail_there(marks, report)?;
        let reader = LogReader::upto(disk.clone(), &dir.join("log"), node, report.last);
        slots_presumed(&reader, report, fold)
    });
    let slots = slots.map_err(&mut note).unwrap_or(0);
    let (path, commits) = (
        key_path(dir),
        report.as_ref().map_or(0, |report| report.last),
    );
    match disk.exists(&path) {
        Ok(false) if commits > 0 => note(StoreError::KeyFileMissing {
            file: path,
            commits,
        }),
        Ok(false) => {}
        Ok(true) => drop(verify_presuming(&**disk, &path, Some(node), slots).map_err(&mut note)),
        Err(error) => note(StoreError::io("打开密钥文件", &path, error)),
    }
    if faults.is_empty() {
        Ok(Folder::Begun(commits))
    } else {
        Err(faults)
    }
}

/// That the log has the segment which the folder's mark names, and any at all where there are keys.
pub(super) fn segments_there(disk: &dyn Disk, marks: &Marks, dir: &Path) -> Result<(), StoreError> {
    let log_dir = dir.join("log");
    let there = |file: &Path| {
        disk.exists(file)
            .map_err(|e| StoreError::io("查看日志段", file, e))
    };
    if let Some(first) = marks.segment()? {
        let file = segment_path(&log_dir, first);
        return match there(&file)? {
            true => Ok(()),
            false => Err(StoreError::SegmentMissing { file }),
        };
    }
    // The first segment is durable before the key file is made.
    let first = segment_path(&log_dir, 1);
    match there(&key_path(dir))? && !there(&first)? {
        true => Err(StoreError::SegmentMissing { file: first }),
        false => Ok(()),
    }
}

/// That the log goes as far as the mark of the last clean close says.
fn tail_there(marks: &Marks, report: &LogReport) -> Result<(), StoreError> {
    match marks.clean()? {
        Some(clean)
            if clean.commit_no >= report.last
                && (clean.commit_no, clean.hash) != (report.last, report.hash) =>
        {
            Err(StoreError::TailLost {
                file: marks.clean_path(),
                marked: clean.commit_no,
                marked_hash: clean.hash,
                found: report.last,
                found_hash: report.hash,
            })
        }
        _ => Ok(()),
    }
}

/// How many slots of the key file the log says were handed out: its last record tells.
pub(super) fn slots_presumed(
    log: &LogReader,
    report: &LogReport,
    fold: &dyn Fold,
) -> Result<u64, StoreError> {
    if let Some(lasting) = &report.last_lasting {
        return Ok(fold.slots(lasting));
    }
    if report.last == 0 {
        return Ok(0);
    }
    let mut records = log.read_from(report.last)?;
    records
        .next()
        .transpose()
        .map(|record| record.map_or(0, |record| fold.slots(&record.lasting)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::disk::RealDisk;
    use crate::store::test_support::{TestFold, lasting_of};
    use crate::store::tool::init_rebuild;
    use crate::store::view::MemEngine;
    use crate::store::{Parts, Store, StoreSettings};

    const NODE: &str = "440300000000";

    fn disk() -> Arc<dyn Disk> {
        Arc::new(RealDisk)
    }

    fn found(dir: &Path, node: &str) -> Result<Folder, Vec<String>> {
        let words = |errors: Vec<StoreError>| errors.iter().map(ToString::to_string).collect();
        look(&disk(), dir, node, &TestFold { layout: 1 }).map_err(words)
    }

    fn begin(dir: &Path) -> Store {
        let parts = Parts {
            disk: disk(),
            engine: Arc::new(MemEngine::new()),
            fold: Arc::new(TestFold { layout: 1 }),
            random: Box::new(|buffer| buffer.fill(7)),
        };
        Store::open(StoreSettings::new(dir, NODE, None), parts)
            .expect("a store")
            .0
    }

    #[test]
    fn what_is_no_store_is_told_from_one_and_nothing_is_made() {
        let base = tempfile::tempdir().expect("a folder");
        let dir = base.path().join("data");
        assert_eq!(found(&dir, NODE), Ok(Folder::Missing));
        assert!(!dir.exists());
        std::fs::create_dir_all(dir.join(LOST_AND_FOUND)).expect("a mount point");
        assert_eq!(found(&dir, NODE), Ok(Folder::Empty(None)));
        std::fs::write(dir.join("notes.txt"), "x").expect("a file");
        let other = Some("notes.txt".to_owned());
        assert_eq!(found(&dir, NODE), Ok(Folder::Empty(other)));
        let marked = base.path().join("marked");
        init_rebuild(&disk(), &marked, [3; 16]).expect("marked");
        assert_eq!(found(&marked, NODE), Ok(Folder::Marked));
    }

    #[test]
    fn a_store_is_looked_at_with_all_that_is_wrong_in_one_go_and_left_as_it_is() {
        let base = tempfile::tempdir().expect("a folder");
        let dir = base.path().join("data");
        let mut store = begin(&dir);
        store
            .commit(&lasting_of(&[]), Vec::new())
            .expect("a commit");
        let held = found(&dir, NODE).expect_err("held");
        assert!(held[0].contains("正被另一个 hotline 进程使用"), "{held:?}");
        store.close().expect("closed");
        assert_eq!(found(&dir, NODE), Ok(Folder::Begun(1)));
        let other = found(&dir, "440300000001").expect_err("another's");
        assert_eq!(other.len(), 2, "log and keys each: {other:?}");
        // The log is cut behind the close, and others may read the keys.
        let segment = segment_path(&dir.join("log"), 1);
        let bytes = std::fs::read(&segment).expect("a segment");
        std::fs::write(&segment, &bytes[..bytes.len() - 1]).expect("cut");
        let mode = |mode| std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(key_path(&dir), mode(0o644)).expect("opened");
        let both = found(&dir, NODE).expect_err("damaged");
        assert_eq!(both.len(), 2, "{both:?}");
        assert!(
            both[0].contains("CLEAN") && both[1].contains("chmod 600"),
            "{both:?}"
        );
        assert_eq!(
            std::fs::read(&segment).expect("a segment").len(),
            bytes.len() - 1
        );
        std::fs::remove_file(&segment).expect("gone");
        let gone = found(&dir, NODE).expect_err("gone").join(" ");
        assert!(gone.contains(&segment.display().to_string()), "{gone}");
    }
}
