//! Small files that say how the store was left: the lock, the mark of a clean close, the machine's boot, the
//! view's generation, and the order to rebuild the view.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::{Access, Disk, LockGuard, read_small, replace_small};
use super::{ChainHash, CommitNo, StoreError, hex};

const LOCK: &str = "LOCK";
const CLEAN: &str = "CLEAN";
const BOOT: &str = "BOOT";
const CURRENT: &str = "CURRENT";
const REBUILD: &str = "REBUILD";
/// The first commit of the log's last segment: that file must be there.
const SEGMENT: &str = "SEGMENT";
/// The folder is being filled from a backup; until it is gone the data are not complete.
const RESTORING: &str = "RESTORING";
/// The folder was filled from a backup or made to be filled by the neighbours; see [`Restored`].
const RESTORED: &str = "RESTORED";
/// Held while checkpoints are made and segments stripped.
const UPKEEP: &str = "UPKEEP";
const MARK_BYTES_MAX: u64 = 4096;
/// Made the view where the mark names no engine.
const FIRST_ENGINE: &str = "sled";
/// First line of the mark of the last segment.
const SEGMENT_FORMAT: &str = "hotline last segment 1";
/// First line of a mark of a clean close.
const CLEAN_FORMAT: &str = "hotline clean close 1";

/// Where the log ended when the store was closed in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CleanClose {
    /// The last commit.
    pub commit_no: CommitNo,
    /// The chain's value after it.
    pub hash: ChainHash,
}

/// The view in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// The number of its folder.
    pub number: u64,
    /// The engine that made it.
    pub engine: String,
}

/// That a person put the data back on purpose: the node takes a higher epoch at its next start and reconciles with
/// the other nodes before it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Drawn when the folder was made, so that one restore is taken up once.
    pub id: [u8; 16],
    /// The last commit that was put back; 0 where the node is to be rebuilt from its neighbours alone.
    pub commit_no: CommitNo,
    /// When the backup was made, milliseconds since 1970 by the machine's clock; 0 without one.
    pub made_ms: i64,
}

/// The marks in a store's folder.
#[derive(Clone)]
pub(crate) struct Marks {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
}

impl Marks {
    pub fn new(disk: Arc<dyn Disk>, dir: &Path) -> Self {
        Self {
            disk,
            dir: dir.to_path_buf(),
        }
    }

    /// Takes the folder for this process.
    pub fn lock(&self) -> Result<LockGuard, StoreError> {
        self.try_lock(LOCK)?.ok_or_else(|| StoreError::Locked {
            dir: self.dir.clone(),
        })
    }

    /// Takes the right to make checkpoints and strip segments; `None` while another has it.
    pub fn lock_upkeep(&self) -> Result<Option<LockGuard>, StoreError> {
        self.try_lock(UPKEEP)
    }

    fn try_lock(&self, name: &str) -> Result<Option<LockGuard>, StoreError> {
        let path = self.dir.join(name);
        self.disk
            .try_lock(&path)
            .map_err(|e| StoreError::io("锁定", &path, e))
    }

    /// The path of the mark of a clean close.
    pub fn clean_path(&self) -> PathBuf {
        self.dir.join(CLEAN)
    }

    /// The mark of a clean close; one that cannot be read counts as none, which only costs a rebuild.
    pub fn clean(&self) -> Result<Option<CleanClose>, StoreError> {
        Ok(self.read(CLEAN)?.and_then(|text| decode_clean(&text)))
    }

    pub fn set_clean(&self, close: &CleanClose) -> Result<(), StoreError> {
        self.write(CLEAN, &encode_clean(close))
    }

    pub fn clear_clean(&self) -> Result<(), StoreError> {
        self.clear(CLEAN)
    }

    /// The machine's boot in which the store was last opened.
    pub fn boot(&self) -> Result<Option<String>, StoreError> {
        self.read(BOOT)
    }

    pub fn set_boot(&self, boot: &str) -> Result<(), StoreError> {
        self.write(BOOT, boot)
    }

    /// The view in force.
    pub fn generation(&self) -> Result<Option<Generation>, StoreError> {
        Ok(self.read(CURRENT)?.and_then(|text| {
            let mut words = text.split_whitespace();
            Some(Generation {
                number: words.next()?.parse().ok()?,
                engine: words.next().unwrap_or(FIRST_ENGINE).to_owned(),
            })
        }))
    }

    pub fn set_generation(&self, number: u64, engine: &str) -> Result<(), StoreError> {
        self.write(CURRENT, &format!("{number} {engine}"))
    }

    /// The first commit of the last segment that was begun; a mark that cannot be read counts as none.
    pub fn segment(&self) -> Result<Option<CommitNo>, StoreError> {
        Ok(self.read(SEGMENT)?.and_then(|text| {
            let first = text.lines().nth(1)?.parse().ok()?;
            (encode_segment(first) == text).then_some(first)
        }))
    }

    pub fn set_segment(&self, first: CommitNo) -> Result<(), StoreError> {
        self.write(SEGMENT, &encode_segment(first))
    }

    /// Why the view must be rebuilt, if it must.
    pub fn rebuild(&self) -> Result<Option<String>, StoreError> {
        self.read(REBUILD)
    }

    pub fn set_rebuild(&self, reason: &str) -> Result<(), StoreError> {
        let mut end = reason.len().min(1024);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        self.write(REBUILD, &reason[..end])
    }

    pub fn clear_rebuild(&self) -> Result<(), StoreError> {
        self.clear(REBUILD)
    }

    /// Whether a restore into the folder was begun and not finished.
    pub fn is_restoring(&self) -> Result<bool, StoreError> {
        Ok(self.read(RESTORING)?.is_some())
    }

    pub fn set_restoring(&self) -> Result<(), StoreError> {
        self.write(RESTORING, "hotline store restore\n")
    }

    pub fn clear_restoring(&self) -> Result<(), StoreError> {
        self.clear(RESTORING)
    }

    /// That the data were put back on purpose and the node has not taken it up yet.
    pub fn restored(&self) -> Result<Option<Restored>, StoreError> {
        let Some(text) = self.read(RESTORED)? else {
            return Ok(None);
        };
        let path = self.dir.join(RESTORED);
        decode_restored(&text)
            .map(Some)
            .ok_or_else(|| StoreError::Damaged {
                file: path,
                offset: 0,
                what: "不是恢复标记".to_owned(),
                advice: "请从备份重新恢复到一个空目录。",
            })
    }

    pub fn set_restored(&self, restored: &Restored) -> Result<(), StoreError> {
        self.write(RESTORED, &encode_restored(restored))
    }

    pub fn clear_restored(&self) -> Result<(), StoreError> {
        self.clear(RESTORED)
    }

    fn read(&self, name: &str) -> Result<Option<String>, StoreError> {
        let path = self.dir.join(name);
        let failed = |e| StoreError::io("读取标记", &path, e);
        if !self.disk.exists(&path).map_err(failed)? {
            return Ok(None);
        }
        let bytes = read_small(&*self.disk, &path, MARK_BYTES_MAX).map_err(failed)?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn write(&self, name: &str, text: &str) -> Result<(), StoreError> {
        let path = self.dir.join(name);
        let placed = replace_small(&*self.disk, &path, text.as_bytes(), Access::Common);
        placed.map_err(|e| StoreError::io("写标记", &path, e))
    }

    fn clear(&self, name: &str) -> Result<(), StoreError> {
        let path = self.dir.join(name);
        let failed = |e| StoreError::io("删除标记", &path, e);
        if self.disk.exists(&path).map_err(failed)? {
            self.disk.remove(&path).map_err(failed)?;
            self.disk.sync_dir(&self.dir).map_err(failed)?;
        }
        Ok(())
    }
}

fn encode_restored(restored: &Restored) -> String {
    let Restored {
        id,
        commit_no,
        made_ms,
    } = restored;
    format!(
        "hotline restored 1\nid {}\ncommit {commit_no}\nmade {made_ms}\n",
        hex(id)
    )
}

fn decode_restored(text: &str) -> Option<Restored> {
    let mut lines = text.lines().skip(1);
    let mut value = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
    let digits = value("id")?;
    let mut id = [0; 16];
    for (at, byte) in id.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    let restored = Restored {
        id,
        commit_no: value("commit")?.parse().ok()?,
        made_ms: value("made")?.parse().ok()?,
    };
    (encode_restored(&restored) == text).then_some(restored)
}

fn encode_segment(first: CommitNo) -> String {
    let body = format!("{SEGMENT_FORMAT}\n{first}\n");
    format!("{body}{:08x}\n", crc32fast::hash(body.as_bytes()))
}

fn encode_clean(close: &CleanClose) -> String {
    let body = format!(
        "{CLEAN_FORMAT}\n{}\n{}\n",
        close.commit_no,
        hex(&close.hash)
    );
    format!("{body}{:08x}\n", crc32fast::hash(body.as_bytes()))
}

fn decode_clean(text: &str) -> Option<CleanClose> {
    let mut lines = text.lines().skip(1);
    let commit_no = lines.next()?.parse().ok()?;
    let digits = lines.next()?;
    let mut hash = ChainHash::default();
    for (at, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    let close = CleanClose { commit_no, hash };
    (encode_clean(&close) == text).then_some(close)
}

/// The id that the machine drew when it booted; `None` where it cannot be told, which counts as another boot.
#[must_use]
pub fn machine_boot_id() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned()).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::disk::SimDisk;

    #[test]
    fn a_clean_mark_is_read_as_written_and_not_at_all_when_damaged() {
        let disk = SimDisk::new();
        let marks = Marks::new(Arc::new(disk.clone()), Path::new("/node"));
        assert_eq!(marks.clean().unwrap(), None);
        let close = CleanClose {
            commit_no: 77,
            hash: [0xA5; 32],
        };
        marks.set_clean(&close).unwrap();
        assert_eq!(marks.clean().unwrap(), Some(close));
        for at in 0..disk.len(&marks.clean_path()).unwrap() {
            disk.flip(&marks.clean_path(), at, 1).unwrap();
            assert_eq!(marks.clean().unwrap(), None, "{at}");
            disk.flip(&marks.clean_path(), at, 1).unwrap();
        }
        marks.clear_clean().unwrap();
        marks.clear_clean().unwrap();
        assert_eq!(marks.clean().unwrap(), None);
    }

    #[test]
    fn the_reason_for_a_rebuild_is_cut_between_characters() {
        let marks = Marks::new(Arc::new(SimDisk::new()), Path::new("/node"));
        marks.set_rebuild(&"坏".repeat(500)).unwrap();
        assert_eq!(marks.rebuild().unwrap().unwrap(), "坏".repeat(341));
    }

    #[test]
    fn the_generation_names_its_engine_and_without_a_name_it_is_sled() {
        let disk = SimDisk::new();
        let marks = Marks::new(Arc::new(disk.clone()), Path::new("/node"));
        assert_eq!(marks.generation().unwrap(), None);
        let of = |number, engine: &str| {
            Some(Generation {
                number,
                engine: engine.to_owned(),
            })
        };
        marks.set_generation(7, "fjall").unwrap();
        assert_eq!(marks.generation().unwrap(), of(7, "fjall"));
        marks.write(CURRENT, "3").unwrap();
        assert_eq!(marks.generation().unwrap(), of(3, "sled"));
        marks.write(CURRENT, "nothing of the kind").unwrap();
        assert_eq!(marks.generation().unwrap(), None);
    }

    #[test]
    fn this_machine_has_a_boot_id_that_stays() {
        assert_eq!(machine_boot_id(), machine_boot_id());
    }
}
