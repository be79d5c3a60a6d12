//! What an operator does with a store that no node has open: check it, size it up, rebuild its view, export its
//! log; and, of a running one too, back it up. Behind `hotline store`.

mod attachments;
mod backup;
mod export;
mod restore;
#[cfg(test)]
mod tests;

use hotline_show::{Text, shown};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use backup::{
    BackupReport, Listed, ListedSegment, Manifest, backup, oldest_backup_with, verify_backup,
};
pub use export::{ExportReport, MANIFEST, export, verify_export};
pub use restore::{RestoreReport, destructions_of, init_rebuild, read_destructions, restore};

use super::checkpoint::{self, CHECKPOINT_DIR, CheckpointRows};
use super::disk::{Disk, LockGuard};
use super::keys::{KeyReport, key_path, verify_presuming};
use super::log::{LogReport, SegmentInfo, segments, verify_dir};
use super::marks::{CleanClose, Generation, Marks};
use super::whole::segments_there;
use super::{CommitNo, OpenReport, Parts, Store, StoreError, StoreSettings, hex};

/// What [`verify`] found. The store is sound where `faults` is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// The folder.
    pub dir: PathBuf,
    /// The log, where it could be read to its end.
    pub log: Option<LogReport>,
    /// The key file, where it could be read.
    pub keys: Option<KeyReport>,
    /// The commits of sound checkpoints.
    pub checkpoints: Vec<CommitNo>,
    /// The mark of a clean close.
    pub clean: Option<CleanClose>,
    /// Why the view will be rebuilt at the next opening, if it will.
    pub rebuild: Option<String>,
    /// What is wrong, a sentence each, with place and what to do.
    pub faults: Vec<String>,
    /// What is worth knowing, a sentence each.
    pub notes: Vec<String>,
}

/// Checks log, key file, checkpoints and marks without changing anything. The view needs no check: it is made
/// again from the log whenever it does not fit.
///
/// # Errors
/// A node has the folder open; the folder cannot be read. Everything else is in the report.
pub fn verify(disk: &Arc<dyn Disk>, dir: &Path) -> Result<VerifyReport, StoreError> {
    verify_with(disk, dir, |_| 0)
}

/// The same where somebody can tell how many slots of the key file a record says were handed out.
///
/// # Errors
/// As for [`verify`].
pub fn verify_with(
    disk: &Arc<dyn Disk>,
    dir: &Path,
    slots: impl Fn(&[u8]) -> u64,
) -> Result<VerifyReport, StoreError> {
    let (marks, _lock) = locked(disk, dir)?;
    let mut report = VerifyReport {
        dir: dir.to_path_buf(),
        log: None,
        keys: None,
        checkpoints: Vec::new(),
        clean: marks.clean()?,
        rebuild: marks.rebuild()?,
        faults: Vec::new(),
        notes: Vec::new(),
    };
    if let Err(error) = segments_there(&**disk, &marks, dir) {
        report.faults.push(error.to_string());
    }
    match verify_dir(&**disk, &dir.join("log"), None) {
        Ok(log) => report.log = Some(log),
        Err(error) => report.faults.push(error.to_string()),
    }
    report.check_tail(&marks);
    let node = report
        .log
        .as_ref()
        .map(|log| log.node.clone())
        .filter(|node| !node.is_empty());
    let path = key_path(dir);
    let commits = report.log.as_ref().map_or(0, |log| log.last);
    let last = report
        .log
        .as_ref()
        .and_then(|log| log.last_lasting.as_ref());
    let slots = last.map_or(0, |lasting| slots(lasting));
    match disk
        .exists(&path)
        .map_err(|e| StoreError::io("打开密钥文件", &path, e))?
    {
        false if commits > 0 => {
            report.faults.push(
                StoreError::KeyFileMissing {
                    file: path,
                    commits,
                }
                .to_string(),
            );
        }
        false => {}
        true => match verify_presuming(&**disk, &path, node.as_deref(), slots) {
            Ok(keys) if !keys.damaged.is_empty() => report.faults.push(keys.to_string()),
            Ok(keys) => report.keys = Some(keys),
            Err(error) => report.faults.push(error.to_string()),
        },
    }
    let checkpoints = dir.join(CHECKPOINT_DIR);
    for commit_no in checkpoint::list(&**disk, &checkpoints)? {
        let path = checkpoint::path_of(&checkpoints, commit_no);
        match CheckpointRows::open(&**disk, &path, node.as_deref().unwrap_or_default()) {
            Ok(_) => report.checkpoints.push(commit_no),
            // Nothing depends on a checkpoint, so a bad one is no fault of the store.
            Err(error) => report.notes.push(error.to_string()),
        }
    }
    Ok(report)
}

impl VerifyReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    /// Compares the log's end with the mark of a clean close.
    fn check_tail(&mut self, marks: &Marks) {
        let Some(log) = &self.log else { return };
        if let Some(torn) = &log.torn {
            self.notes.push(format!(
                "{} 第 {} 字节起有 {} 字节没有写完（{}），下次打开时截去",
                torn.file.display(),
                torn.offset,
                torn.bytes,
                torn.what
            ));
        }
        if let Some(clean) = &self.clean
            && clean.commit_no >= log.last
            && (clean.commit_no, clean.hash) != (log.last, log.hash)
        {
            let lost = StoreError::TailLost {
                file: marks.clean_path(),
                marked: clean.commit_no,
                marked_hash: clean.hash,
                found: log.last,
                found_hash: log.hash,
            };
            self.faults.push(lost.to_string());
        }
    }
}

impl VerifyReport {
    /// What is told of it, of any number of lines.
    #[must_use]
    pub fn text(&self) -> Text {
        let mut text = Text::new();
        text += shown!(
            "数据目录 {}：{}\n",
            self.dir.display(),
            if self.is_sound() {
                "完好"
            } else {
                "有损坏"
            }
        );
        if let Some(log) = &self.log {
            text += shown!(
                "日志：节点 {}，{} 段，{} 字节\n",
                log.node,
                log.segments,
                log.bytes
            );
            text += shown!(
                "  逐条核对 {} 条，止于第 {} 号，链值 {}\n",
                log.checked,
                log.last,
                hex(&log.hash)
            );
        }
        if let Some(keys) = &self.keys {
            text += shown!("{keys}\n");
        }
        text += shown!("检查点：{:?}\n", self.checkpoints);
        text += match &self.clean {
            Some(clean) => shown!("上次正常关闭于第 {} 号\n", clean.commit_no),
            None => "上次未正常关闭，或尚未关闭过\n".into(),
        };
        if let Some(reason) = &self.rebuild {
            text += shown!("下次打开时将重建视图：{reason}\n");
        }
        text.extend(self.notes.iter().map(|note| shown!("提示：{note}\n")));
        text.extend(self.faults.iter().map(|fault| shown!("损坏：{fault}\n")));
        text
    }
}

impl fmt::Display for VerifyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

/// What [`stat`] counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreStat {
    /// The folder.
    pub dir: PathBuf,
    /// The segments, the one being written last.
    pub segments: Vec<SegmentInfo>,
    /// The checkpoints' commits and lengths in bytes.
    pub checkpoints: Vec<(CommitNo, u64)>,
    /// The key file's length in bytes.
    pub key_bytes: u64,
    /// The view in force.
    pub generation: Option<Generation>,
}

/// Counts what lies in the folder, by names, headers and lengths; quick, and right beside a running node.
///
/// # Errors
/// The folder or a header cannot be read.
pub fn stat(disk: &Arc<dyn Disk>, dir: &Path) -> Result<StoreStat, StoreError> {
    let length = |path: &Path| {
        disk.len(path)
            .map_err(|e| StoreError::io("读取长度", path, e))
    };
    let checkpoint_dir = dir.join(CHECKPOINT_DIR);
    let mut checkpoints = Vec::new();
    for commit_no in checkpoint::list(&**disk, &checkpoint_dir)? {
        checkpoints.push((
            commit_no,
            length(&checkpoint::path_of(&checkpoint_dir, commit_no))?,
        ));
    }
    let keys = key_path(dir);
    let has_keys = disk
        .exists(&keys)
        .map_err(|e| StoreError::io("打开密钥文件", &keys, e))?;
    Ok(StoreStat {
        dir: dir.to_path_buf(),
        segments: segments(&**disk, &dir.join("log"), None)?,
        checkpoints,
        key_bytes: if has_keys { length(&keys)? } else { 0 },
        generation: Marks::new(disk.clone(), dir).generation()?,
    })
}

impl StoreStat {
    /// What is told of it, of any number of lines.
    #[must_use]
    pub fn text(&self) -> Text {
        let mut text = Text::new();
        let bytes: u64 = self.segments.iter().map(|segment| segment.bytes).sum();
        text += shown!(
            "数据目录 {}：日志 {} 段，共 {bytes} 字节\n",
            self.dir.display(),
            self.segments.len()
        );
        for segment in &self.segments {
            let last = segment
                .last
                .map_or_else(|| "正在写".to_owned(), |last| format!("至第 {last} 号"));
            let archived = if segment.stripped { "，已归档" } else { "" };
            text += shown!(
                "  第 {} 号起，{last}，{} 字节{archived}\n",
                segment.first,
                segment.bytes
            );
        }
        for (commit_no, bytes) in &self.checkpoints {
            text += shown!("检查点：第 {commit_no} 号，{bytes} 字节\n");
        }
        text += shown!("密钥文件：{} 字节\n", self.key_bytes);
        text += match &self.generation {
            Some(Generation { number, engine }) => shown!("视图：第 {number} 代，引擎 {engine}"),
            None => "视图：尚无".into(),
        };
        text
    }
}

impl fmt::Display for StoreStat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

/// Makes the view anew from checkpoint and log, and closes the store in order.
///
/// # Errors
/// As for [`Store::open`] and [`Store::close`].
pub fn rebuild(settings: StoreSettings, parts: Parts) -> Result<OpenReport, StoreError> {
    {
        let (marks, _lock) = locked(&parts.disk, &settings.dir)?;
        marks.set_rebuild("操作员要求重建")?;
    }
    let (store, report) = Store::open(settings, parts)?;
    store.close()?;
    Ok(report)
}

fn locked(disk: &Arc<dyn Disk>, dir: &Path) -> Result<(Marks, LockGuard), StoreError> {
    let marks = Marks::new(disk.clone(), dir);
    let lock = marks.lock()?;
    Ok((marks, lock))
}
