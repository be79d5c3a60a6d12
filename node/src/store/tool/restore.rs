//! Putting a node's data back from a backup, or beginning anew what only the neighbours still know.
//!
//! Either way the folder is marked ([`Restored`]), so that the node does not go on as if nothing had happened: at its
//! next start it takes a higher epoch and exchanges open legs with every other node concerned. Keys that were
//! destroyed after the backup was made are destroyed again, before anything can be opened with them.

use hotline_show::{Text, shown};
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::attachments;
use super::backup::{Held, Manifest, copy_file, verify_backup};
use crate::store::StoreError;
use crate::store::checkpoint::{self, CHECKPOINT_DIR};
use crate::store::disk::{Access, Disk, read_small};
use crate::store::keys::{destroy_slots, destroyed_slots, key_path};
use crate::store::log::segment_path;
use crate::store::marks::{Marks, Restored};

/// First line of a list of destroyed keys.
const DESTRUCTIONS_FORMAT: &str = "hotline destroyed keys 1";
const DESTRUCTIONS_BYTES_MAX: u64 = 256 << 20;

/// What [`restore`] put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreReport {
    /// The backup.
    pub from: PathBuf,
    /// The node's new data folder.
    pub data: PathBuf,
    /// What the backup held.
    pub held: Manifest,
    /// Keys destroyed once more, because a newer source said so.
    pub destroyed: usize,
}

impl RestoreReport {
    /// What is told of it, of any number of lines.
    #[must_use]
    pub fn text(&self) -> Text {
        let mut text = Text::new();
        let Self {
            from,
            data,
            held,
            destroyed,
        } = self;
        text += shown!("{}\n", Held(from, held));
        text += shown!("已恢复到 {}，核对无误\n", data.display());
        text += shown!("备份之后销毁的密钥，又销毁了 {destroyed} 个\n");
        text += shown!("接下来会发生的事：\n");
        text +=
            shown!("  1. 节点启动时进入更高的纪元，链路从头编号；视图由日志重建，第一次启动较慢\n");
        text += shown!(
            "  2. 与每一个上级、下级和交办双方交换未结交办，对方记得的自动补回；补齐之前，恢复前的工单暂不能办，新受理照常\n"
        );
        text += shown!("  3. 谁也补不回的列在 hotline store missing 里，逐件处理\n");
        text += shown!(
            "务必确认旧的数据目录、旧机器、旧虚拟机都不会再启动这个节点：同一节点跑两份，两份都会被对方停用"
        );
        text
    }
}

impl fmt::Display for RestoreReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

/// Puts a backup's content into a new data folder and marks it. `destructions`: a list made by [`destructions_of`],
/// or another copy of the node's data or of its backup, whose destroyed keys are destroyed here, too. `id` is drawn.
///
/// # Errors
/// The folder holds anything; the backup is not complete or damaged; a full or failing disk: the folder then cannot
/// be opened by a node and is to be emptied.
pub fn restore(
    disk: &Arc<dyn Disk>,
    from: &Path,
    data: &Path,
    destructions: &BTreeSet<u64>,
    id: [u8; 16],
) -> Result<RestoreReport, StoreError> {
    let held = verify_backup(disk, from)?;
    let marks = begin(disk, data)?;
    let _lock = marks.lock()?;
    let log_dir = data.join("log");
    let checkpoint_dir = data.join(CHECKPOINT_DIR);
    for dir in [&log_dir, &checkpoint_dir] {
        disk.create_dir(dir)
            .map_err(|e| StoreError::io("新建目录", dir, e))?;
    }
    let copy = |name: &str, to: &Path, digest: [u8; 32], access| {
        let (_, found) = copy_file(&**disk, &from.join(name), to, None, access)?;
        if found == digest {
            return Ok(());
        }
        Err(StoreError::BadBackup {
            dir: from.to_path_buf(),
            what: format!("{name} 在恢复途中变了，与清单不符"),
        })
    };
    for segment in &held.segments {
        let to = segment_path(&log_dir, segment.first);
        copy(&segment.file.name, &to, segment.file.digest, Access::Common)?;
    }
    if let Some((file, commit_no)) = &held.checkpoint {
        let to = checkpoint::path_of(&checkpoint_dir, *commit_no);
        copy(&file.name, &to, file.digest, Access::Common)?;
    }
    let keys = key_path(data);
    copy(&held.keys.name, &keys, held.keys.digest, Access::Private)?;
    attachments::copy(disk, from, data)?;
    let destroyed = destroy_slots(disk, &keys, &held.node, destructions)?;
    for dir in [&log_dir, &checkpoint_dir, &data.to_path_buf()] {
        disk.sync_dir(dir)
            .map_err(|e| StoreError::io("写目录", dir, e))?;
    }
    let restored = Restored {
        id,
        commit_no: held.last,
        made_ms: held.made_ms,
    };
    finish(&marks, &restored)?;
    Ok(RestoreReport {
        from: from.to_path_buf(),
        data: data.to_path_buf(),
        held,
        destroyed,
    })
}

/// Makes an empty data folder, marked so that the node in it takes a higher epoch than anyone knows of it and asks its
/// neighbours for whatever they have. `id` is drawn.
///
/// # Errors
/// The folder holds anything; a full or failing disk.
pub fn init_rebuild(disk: &Arc<dyn Disk>, data: &Path, id: [u8; 16]) -> Result<(), StoreError> {
    let marks = begin(disk, data)?;
    let _lock = marks.lock()?;
    let restored = Restored {
        id,
        commit_no: 0,
        made_ms: 0,
    };
    finish(&marks, &restored)
}

/// Takes an empty folder; until [`finish`] no node can open it.
fn begin(disk: &Arc<dyn Disk>, data: &Path) -> Result<Marks, StoreError> {
    let refused = |what: &str| StoreError::BadSetting {
        what: format!("{} {what}", data.display()),
    };
    let failed = |e| StoreError::io("新建数据目录", data, e);
    disk.create_dir(data).map_err(failed)?;
    let log = disk.list(&data.join("log")).map_err(failed)?;
    if !log.is_empty() || !disk.list(data).map_err(failed)?.is_empty() {
        return Err(refused(
            "不是空目录；请恢复到一个新目录，旧数据移开保存，不要删除",
        ));
    }
    if let Some(parent) = data.parent() {
        disk.sync_dir(parent).map_err(failed)?;
    }
    let marks = Marks::new(disk.clone(), data);
    marks.set_restoring()?;
    Ok(marks)
}

fn finish(marks: &Marks, restored: &Restored) -> Result<(), StoreError> {
    marks.set_restored(restored)?;
    marks.clear_restoring()
}

/// The keys destroyed in a source that is newer than a backup: a list made by [`destructions_of`], a data folder (also
/// a damaged one), a backup's folder, or a key file.
///
/// # Errors
/// Nothing readable there; a failing disk.
pub fn read_destructions(disk: &Arc<dyn Disk>, source: &Path) -> Result<BTreeSet<u64>, StoreError> {
    let failed = |e| StoreError::io("读取已销毁密钥", source, e);
    if !disk.exists(source).map_err(failed)? {
        return match Manifest::read(&**disk, source)? {
            Some(list) => destroyed_slots(&**disk, &source.join(&list.keys.name)),
            None => destroyed_slots(&**disk, &key_path(source)),
        };
    }
    let bytes = read_small(&**disk, source, DESTRUCTIONS_BYTES_MAX).map_err(failed)?;
    if !bytes.starts_with(DESTRUCTIONS_FORMAT.as_bytes()) {
        return destroyed_slots(&**disk, source);
    }
    let text = String::from_utf8_lossy(&bytes);
    let slots: Option<_> = text.lines().skip(2).map(|line| line.parse().ok()).collect();
    slots.ok_or_else(|| StoreError::BadSetting {
        what: format!("{} 不是已销毁密钥的清单", source.display()),
    })
}

/// The list of destroyed keys of a data folder or backup, as text: keep it apart from the backups.
///
/// # Errors
/// As for [`read_destructions`].
pub fn destructions_of(disk: &Arc<dyn Disk>, source: &Path) -> Result<Text, StoreError> {
    let slots = read_destructions(disk, source)?;
    let mut text = shown!("{DESTRUCTIONS_FORMAT}\n{}\n", slots.len());
    for slot in slots {
        text.line(&slot);
    }
    Ok(text)
}
