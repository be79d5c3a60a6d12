//! The log for others: its lasting parts and a list of contents.
//!
//! An export is a folder with the log's segments in their own format, redo parts stripped, and `MANIFEST`:
//!
//! ```text
//! hotline log export 1
//! node      <node key>
//! commits   <first> <last>
//! chain     sha256 <value of the chain after the last commit>
//! segment   <file name> <first> <last> <bytes> sha256 <digest of the file>
//! …         one line a segment
//! ```
//! It holds personal fields only as ciphertext, and no key.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::locked;
use crate::store::disk::{Access, Disk, read_small, replace_small};
use crate::store::log::{LogReport, SegmentInfo, export_segment, segments, verify_dir};
use crate::store::{ChainHash, CommitNo, StoreError, hex};

/// The name of an export's list of contents.
pub const MANIFEST: &str = "MANIFEST";
const MANIFEST_FORMAT: &str = "hotline log export 1";
const MANIFEST_BYTES_MAX: u64 = 16 << 20;
const READ_BYTES: usize = 256 << 10;

/// What [`export`] wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportReport {
    /// The folder of the export.
    pub out: PathBuf,
    /// The node whose log it is.
    pub node: String,
    /// How many segments.
    pub segments: usize,
    /// The last commit.
    pub last: CommitNo,
    /// The chain's value after it.
    pub hash: ChainHash,
}

impl fmt::Display for ExportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            out,
            node,
            segments,
            last,
            hash,
        } = self;
        write!(
            f,
            "节点 {node} 的日志已导出到 {}：{segments} 段，第 1 至 {last} 号，链值 {}",
            out.display(),
            hex(hash)
        )
    }
}

/// Writes the log's lasting parts into a new folder, checked record by record on the way; a torn end, which was
/// never acknowledged, is left out.
///
/// # Errors
/// A node has the folder open; `out` holds an export already; damage in the log; a full or failing disk.
pub fn export(disk: &Arc<dyn Disk>, dir: &Path, out: &Path) -> Result<ExportReport, StoreError> {
    let (_, _lock) = locked(disk, dir)?;
    let log_dir = dir.join("log");
    let log = verify_dir(&**disk, &log_dir, None)?;
    let manifest = out.join(MANIFEST);
    if disk
        .exists(&manifest)
        .map_err(|e| StoreError::io("打开导出清单", &manifest, e))?
    {
        let source = io::Error::new(io::ErrorKind::AlreadyExists, "目录中已有导出件，请另选目录");
        return Err(StoreError::io("新建导出清单", &manifest, source));
    }
    disk.create_dir(out)
        .map_err(|e| StoreError::io("新建导出目录", out, e))?;
    let mut text = format!(
        "{MANIFEST_FORMAT}\nnode {}\ncommits {} {}\nchain sha256 {}\n",
        log.node,
        log.last.min(1),
        log.last,
        hex(&log.hash)
    );
    let sources = segments(&**disk, &log_dir, None)?;
    for source in &sources {
        let end = log
            .torn
            .as_ref()
            .filter(|torn| torn.file == source.path)
            .map(|torn| torn.offset);
        export_segment(&**disk, &log_dir, source.first, end, out)?;
        text += &manifest_line(&**disk, out, source, log.last)?;
    }
    let placed = replace_small(&**disk, &manifest, text.as_bytes(), Access::Common);
    placed.map_err(|e| StoreError::io("新建导出清单", &manifest, e))?;
    Ok(ExportReport {
        out: out.to_path_buf(),
        node: log.node,
        segments: sources.len(),
        last: log.last,
        hash: log.hash,
    })
}

/// Checks an export: the files are those of the manifest, and the log in them is whole.
///
/// # Errors
/// A manifest that cannot be read; a file that is missing or not the one listed; damage in the log.
pub fn verify_export(disk: &dyn Disk, out: &Path) -> Result<LogReport, StoreError> {
    let path = out.join(MANIFEST);
    let bytes = read_small(disk, &path, MANIFEST_BYTES_MAX)
        .map_err(|e| StoreError::io("读取导出清单", &path, e))?;
    let listed = String::from_utf8_lossy(&bytes).into_owned();
    let log = verify_dir(disk, out, None)?;
    let mut found = format!(
        "{MANIFEST_FORMAT}\nnode {}\ncommits {} {}\nchain sha256 {}\n",
        log.node,
        log.last.min(1),
        log.last,
        hex(&log.hash)
    );
    for segment in segments(disk, out, None)? {
        found += &manifest_line(disk, out, &segment, log.last)?;
    }
    if let Some(at) = listed
        .lines()
        .zip(found.lines())
        .position(|(listed, found)| listed != found)
    {
        return Err(unlike(path, format!("第 {} 行与文件不符", at + 1)));
    }
    if listed != found || log.torn.is_some() {
        return Err(unlike(path, "清单与文件的多少不符".to_owned()));
    }
    Ok(log)
}

fn unlike(file: PathBuf, what: String) -> StoreError {
    StoreError::Damaged {
        file,
        offset: 0,
        what,
        advice: "请重新导出，或向导出方核对链值。",
    }
}

fn manifest_line(
    disk: &dyn Disk,
    out: &Path,
    source: &SegmentInfo,
    last: CommitNo,
) -> Result<String, StoreError> {
    let name = source
        .path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let path = out.join(&name);
    let failed = |e| StoreError::io("读取导出的日志段", &path, e);
    let file = disk.open_read(&path).map_err(failed)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; READ_BYTES];
    let mut bytes = 0;
    loop {
        let read = file.read_at(bytes, &mut buffer).map_err(failed)?;
        digest.update(&buffer[..read]);
        bytes += read as u64;
        if read < buffer.len() {
            break;
        }
    }
    let last = source.last.unwrap_or(last);
    Ok(format!(
        "segment {name} {} {last} {bytes} sha256 {}\n",
        source.first,
        hex(&digest.finalize())
    ))
}
