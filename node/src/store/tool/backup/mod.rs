//! A backup of log, newest checkpoint, key file and attachments, made beside a running node or of one that stands still.
//!
//! Safe beside the writer, without a word to it: the log only grows, and a commit is never taken back. The copy takes
//! the whole records of the log's end as it found it, after it made them durable itself, so what is in the backup can
//! never be lost by the node. The key file is copied after the log, so every slot that the log names is in it.
//!
//! Crash-safe: new files get new names, the list of contents ([`MANIFEST`]) is replaced last and whole, and only then
//! files that it does not name are removed. A backup that was cut short leaves the former one as it was, or none.
//!
//! Cheap to repeat into the same folder: closed segments that are there already are read and checked, not copied.

mod manifest;
mod register;
#[cfg(test)]
mod tests;

use hotline_show::{Text, shown};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub use manifest::{Listed, ListedSegment, MANIFEST, Manifest};
use register::note_backup;
pub use register::oldest_backup_with;

use super::attachments;
use crate::store::checkpoint::{self, CHECKPOINT_DIR, CheckpointRows};
use crate::store::disk::{Access, Disk, TMP_SUFFIX};
use crate::store::keys::{key_path, slots_of_file, verify_file};
use crate::store::log::{SegmentInfo, check_segment, genesis, segments};
use crate::store::{ChainHash, CommitNo, StoreError, hex};

/// Held while a backup is written to the folder.
const LOCK: &str = "LOCK";
const CHUNK_BYTES: usize = 256 << 10;
/// How often the key file is read again where a key was being overwritten at that moment.
const KEY_TRIES: usize = 5;

/// What [`backup`] wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupReport {
    /// The backup's folder.
    pub to: PathBuf,
    /// What it holds now.
    pub holds: Manifest,
    /// Bytes that were copied this time; the rest was there already.
    pub copied_bytes: u64,
}

impl BackupReport {
    /// What is told of it, of any number of lines.
    #[must_use]
    pub fn text(&self) -> Text {
        let mut text = Text::new();
        text += shown!(
            "{}\n本次写入 {} 字节，其余沿用上一次；全部文件已重新读出核对",
            Held(&self.to, &self.holds),
            self.copied_bytes
        );
        text
    }
}

impl fmt::Display for BackupReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

/// A backup in words.
pub(super) struct Held<'a>(pub &'a Path, pub &'a Manifest);

impl fmt::Display for Held<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(dir, list) = self;
        let bytes: u64 = list.files().map(|file| file.bytes).sum();
        write!(
            f,
            "备份 {}：节点 {}，第 1 至 {} 号，链值 {}，{} 段，共 {bytes} 字节",
            dir.display(),
            list.node,
            list.last,
            hex(&list.hash),
            list.segments.len()
        )
    }
}

/// Makes a backup of the store in `dir` in the folder `to`, new or of an earlier backup of the same node. `made_ms` is
/// the machine's time, in milliseconds since 1970.
///
/// # Errors
/// Another backup is being written there, or it holds another node's; damage in the source or in what was written; a
/// full or failing disk. The backup that was there before still stands.
pub fn backup(
    disk: &Arc<dyn Disk>,
    dir: &Path,
    to: &Path,
    made_ms: i64,
) -> Result<BackupReport, StoreError> {
    disk.create_dir(to)
        .map_err(|e| StoreError::io("新建备份目录", to, e))?;
    let lock = to.join(LOCK);
    let _lock = disk
        .try_lock(&lock)
        .map_err(|e| StoreError::io("锁定", &lock, e))?
        .ok_or_else(|| bad(to, "另一次备份正写到这里"))?;
    let former = Manifest::read(&**disk, to)?;
    let mut work = Work {
        disk,
        to,
        node: String::new(),
        former,
        at_former: None,
        copied_bytes: 0,
    };
    let holds = work.copy_all(dir, made_ms)?;
    let copied_bytes = work.copied_bytes + attachments::copy(disk, dir, to)?;
    verify(disk, to, &holds)?;
    disk.sync_dir(to)
        .map_err(|e| StoreError::io("写备份目录", to, e))?;
    holds.write(&**disk, to)?;
    remove_others(&**disk, to, &holds)?;
    note_backup(&**disk, dir, to, made_ms, holds.keys.bytes)?;
    Ok(BackupReport {
        to: to.to_path_buf(),
        holds,
        copied_bytes,
    })
}

/// Checks a complete backup: files and digests are those of its list, the chain is whole, the key file opens.
///
/// # Errors
/// No complete backup there; damage with its place; a failing disk.
pub fn verify_backup(disk: &Arc<dyn Disk>, dir: &Path) -> Result<Manifest, StoreError> {
    let list = Manifest::read(&**disk, dir)?
        .ok_or_else(|| bad(dir, "没有备份清单：这里没有完整的备份"))?;
    verify(disk, dir, &list)?;
    attachments::verify_all(disk, dir)?;
    Ok(list)
}

fn bad(dir: &Path, what: impl Into<String>) -> StoreError {
    StoreError::BadBackup {
        dir: dir.to_path_buf(),
        what: what.into(),
    }
}

struct Work<'a> {
    disk: &'a Arc<dyn Disk>,
    to: &'a Path,
    node: String,
    former: Option<Manifest>,
    /// The chain's value where the former backup ends.
    at_former: Option<ChainHash>,
    copied_bytes: u64,
}

impl Work<'_> {
    fn copy_all(&mut self, dir: &Path, made_ms: i64) -> Result<Manifest, StoreError> {
        let log_dir = dir.join("log");
        let mut listed = Vec::new();
        let mut chain = None;
        for source in segments(&**self.disk, &log_dir, None)? {
            let (segment, hash) = self.segment(&source, chain)?;
            // The writer may have begun a segment and committed nothing in it yet.
            listed.extend(segment);
            chain = Some(hash);
        }
        let (Some(hash), Some(last)) = (chain, listed.last().map(|segment| segment.last)) else {
            return Err(bad(dir, "数据目录里没有已提交的记录，没有可备份的内容"));
        };
        self.continues_former()?;
        let checkpoint = self.checkpoint(dir, last)?;
        let keys = self.keys(dir)?;
        Ok(Manifest {
            node: self.node.clone(),
            made_ms,
            last,
            hash,
            segments: listed,
            checkpoint,
            keys,
        })
    }

    /// Copies a segment, or finds it copied already; returns the chain's value after it.
    fn segment(
        &mut self,
        source: &SegmentInfo,
        before: Option<ChainHash>,
    ) -> Result<(Option<ListedSegment>, ChainHash), StoreError> {
        let first = source.first;
        let there = source.last.and_then(|last| self.there(first, last));
        let end = match source.last {
            Some(_) => None,
            // What the writer has not made durable yet becomes durable here, before it counts as backed up.
            None => Some(self.settled(&source.path)?),
        };
        let path = match &there {
            Some(there) => self.to.join(&there.file.name),
            None => source.path.clone(),
        };
        let former_last = self.former.as_ref().map_or(0, |former| former.last);
        let checked = check_segment(&**self.disk, &path, first, end, former_last)?;
        self.same_node(&checked.node)?;
        if before.is_some_and(|hash| hash != checked.prev_hash) {
            return Err(self.other_history());
        }
        self.at_former = self.at_former.or(checked.noted);
        let last = checked.last;
        let listed = match there {
            Some(there) => Some(there),
            None if last < first => None,
            None => {
                let name = format!("{first:020}-{last:020}.seg");
                let file = self.copy(&source.path, name, Some(checked.end), Access::Common)?;
                Some(ListedSegment { file, first, last })
            }
        };
        Ok((listed, checked.hash))
    }

    /// A closed segment of the former backup.
    fn there(&self, first: CommitNo, last: CommitNo) -> Option<ListedSegment> {
        let segments = &self.former.as_ref()?.segments;
        let found = segments
            .iter()
            .find(|segment| (segment.first, segment.last) == (first, last))?;
        let path = self.to.join(&found.file.name);
        let whole = self.disk.len(&path).ok()? == found.file.bytes;
        whole.then(|| found.clone())
    }

    /// A backup is never replaced by an older state of the node, nor by another past of it.
    fn continues_former(&self) -> Result<(), StoreError> {
        match &self.former {
            Some(former) if self.at_former != Some(former.hash) => Err(self.other_history()),
            _ => Ok(()),
        }
    }

    fn other_history(&self) -> StoreError {
        let what = "它保存的记录不是本节点现有日志的前一部分：节点的数据被恢复到了旧状态，或备份属于另一份副本。\
                    请查明后换一个目录备份，不要覆盖它";
        bad(self.to, what)
    }

    /// The file's length, up to which everything in it is durable.
    fn settled(&self, path: &Path) -> Result<u64, StoreError> {
        let failed = |e| StoreError::io("读取日志段", path, e);
        let len = self.disk.len(path).map_err(failed)?;
        self.disk.sync_file(path).map_err(failed)?;
        Ok(len)
    }

    fn same_node(&mut self, node: &str) -> Result<(), StoreError> {
        let known = self.former.as_ref().map_or(node, |former| &former.node);
        if known != node {
            return Err(StoreError::WrongNode {
                file: self.to.join(MANIFEST),
                found: known.to_owned(),
                expected: node.to_owned(),
            });
        }
        self.node = node.to_owned();
        Ok(())
    }

    fn checkpoint(
        &mut self,
        dir: &Path,
        last: CommitNo,
    ) -> Result<Option<(Listed, CommitNo)>, StoreError> {
        let from = dir.join(CHECKPOINT_DIR);
        for commit_no in checkpoint::list(&**self.disk, &from)?.into_iter().rev() {
            let path = checkpoint::path_of(&from, commit_no);
            let sound = CheckpointRows::open(&**self.disk, &path, &self.node).is_ok();
            if commit_no > last || !sound {
                continue;
            }
            let name = format!("{commit_no:020}.cp");
            let former = self.former.as_ref().and_then(|list| {
                list.checkpoint
                    .clone()
                    .filter(|(file, _)| file.name == name)
            });
            return Ok(Some(match former {
                Some(there) => there,
                None => (self.copy(&path, name, None, Access::Common)?, commit_no),
            }));
        }
        Ok(None)
    }

    /// The key file under a new name; read again where a key was being overwritten just then.
    fn keys(&mut self, dir: &Path) -> Result<Listed, StoreError> {
        let source = key_path(dir);
        let former = self.former.as_ref().map(|list| list.keys.name.clone());
        let name = (1..)
            .map(|no: u32| format!("keys-{no}.dat"))
            .find(|name| Some(name) != former.as_ref())
            .unwrap_or_default();
        let mut tries = 0;
        loop {
            tries += 1;
            let listed = self.copy(&source, name.clone(), None, Access::Private)?;
            // It only grows: a file that was cut short must not take the place of the whole one.
            let before = self.former.as_ref().map_or(0, |list| list.keys.bytes);
            if listed.bytes < before {
                return Err(StoreError::KeyFileShort {
                    file: source,
                    found: slots_of_file(listed.bytes),
                    presumed: slots_of_file(before),
                });
            }
            let copy = self.to.join(&name);
            let report = verify_file(&**self.disk, &copy, Some(&self.node))?;
            if report.damaged.is_empty() || tries == KEY_TRIES {
                return Ok(listed);
            }
        }
    }

    /// Copies a file, or its first `end` bytes, under a new name; durable when it returns.
    fn copy(
        &mut self,
        from: &Path,
        name: String,
        end: Option<u64>,
        access: Access,
    ) -> Result<Listed, StoreError> {
        let to = self.to.join(&name);
        let (bytes, digest) = copy_file(&**self.disk, from, &to, end, access)?;
        self.copied_bytes += bytes;
        Ok(Listed {
            name,
            bytes,
            digest,
        })
    }
}

/// Copies a file, or its first `end` bytes; durable when it returns, its name after a sync of the folder.
pub(super) fn copy_file(
    disk: &dyn Disk,
    from: &Path,
    to: &Path,
    end: Option<u64>,
    access: Access,
) -> Result<(u64, [u8; 32]), StoreError> {
    let failed_to = |e| StoreError::io("写副本", to, e);
    disk.write_new(to, &[], access).map_err(failed_to)?;
    let mut target = disk.open_append(to).map_err(failed_to)?;
    let mut done = Ok(());
    let read = read_through(disk, from, end, |chunk| {
        if done.is_ok() {
            done = target.append(chunk);
        }
    })?;
    done.and_then(|()| target.sync()).map_err(failed_to)?;
    Ok(read)
}

/// Reads a file, or its first `end` bytes, and says how long it is and what its digest is.
fn read_through(
    disk: &dyn Disk,
    path: &Path,
    end: Option<u64>,
    mut each: impl FnMut(&[u8]),
) -> Result<(u64, [u8; 32]), StoreError> {
    let failed = |e| StoreError::io("读取", path, e);
    let file = disk.open_read(path).map_err(failed)?;
    let mut buffer = Zeroizing::new(vec![0; CHUNK_BYTES]);
    let (mut digest, mut at) = (Sha256::new(), 0);
    loop {
        let left = end.map_or(CHUNK_BYTES as u64, |end| end.saturating_sub(at));
        let room = usize::try_from(left)
            .unwrap_or(CHUNK_BYTES)
            .min(CHUNK_BYTES);
        let read = file.read_at(at, &mut buffer[..room]).map_err(failed)?;
        digest.update(&buffer[..read]);
        each(&buffer[..read]);
        at += read as u64;
        if read < CHUNK_BYTES {
            return Ok((at, digest.finalize().into()));
        }
    }
}

/// Reads everything that the list names, as it lies in the backup.
fn verify(disk: &Arc<dyn Disk>, dir: &Path, list: &Manifest) -> Result<(), StoreError> {
    for file in list.files() {
        let path = dir.join(&file.name);
        let (bytes, digest) = read_through(&**disk, &path, None, |_| {})?;
        if (bytes, digest) != (file.bytes, file.digest) {
            let what = format!("{} 与清单不符，副本已损坏或被改动", file.name);
            return Err(bad(dir, what));
        }
    }
    let (mut hash, mut last) = (genesis(&list.node), 0);
    for segment in &list.segments {
        let path = dir.join(&segment.file.name);
        let checked = check_segment(&**disk, &path, segment.first, None, 0)?;
        let follows = segment.first == last + 1
            && checked.prev_hash == hash
            && checked.node == list.node
            && checked.last == segment.last;
        if !follows {
            let what = format!("{} 接不上前一段", segment.file.name);
            return Err(bad(dir, what));
        }
        (hash, last) = (checked.hash, checked.last);
    }
    if list.segments.is_empty() || (hash, last) != (list.hash, list.last) {
        return Err(bad(dir, "日志止处与清单不符"));
    }
    if let Some((file, _)) = &list.checkpoint {
        CheckpointRows::open(&**disk, &dir.join(&file.name), &list.node)?;
    }
    let keys = verify_file(&**disk, &dir.join(&list.keys.name), Some(&list.node))?;
    if keys.damaged.is_empty() {
        Ok(())
    } else {
        Err(bad(dir, format!("密钥文件有损坏：{keys}")))
    }
}

/// Removes what earlier and interrupted backups left; only files of our own naming.
fn remove_others(disk: &dyn Disk, to: &Path, holds: &Manifest) -> Result<(), StoreError> {
    let names = disk
        .list(to)
        .map_err(|e| StoreError::io("列出目录", to, e))?;
    for name in names {
        let ours = name.ends_with(".seg")
            || name.ends_with(".cp")
            || name.ends_with(TMP_SUFFIX)
            || (name.starts_with("keys-") && name.ends_with(".dat"));
        if ours && holds.files().all(|file| file.name != name) {
            let path = to.join(&name);
            disk.remove(&path)
                .map_err(|e| StoreError::io("删除旧备份文件", &path, e))?;
        }
    }
    disk.sync_dir(to)
        .map_err(|e| StoreError::io("写备份目录", to, e))
}
