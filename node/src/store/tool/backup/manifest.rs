//! A backup's list of contents. It is written last and replaced whole: what it names is there, and complete.
//!
//! ```text
//! hotline backup 1
//! node       <node key>
//! made       <milliseconds since 1970>
//! commits    1 <last>
//! chain      sha256 <value of the chain after the last commit>
//! segment    <file> <first> <last> <bytes> sha256 <digest>      one line a segment
//! checkpoint <file> <commit> <bytes> sha256 <digest>            at most one
//! keys       <file> <bytes> sha256 <digest>
//! crc32      <of all lines before>
//! ```

use std::path::Path;

use crate::store::disk::{Access, Disk, read_small, replace_small};
use crate::store::{ChainHash, CommitNo, StoreError, hex};

/// The name of a backup's list of contents.
pub const MANIFEST: &str = "MANIFEST";
const FORMAT: &str = "hotline backup 1";
const BYTES_MAX: u64 = 16 << 20;

/// A file of a backup, by its name in the backup's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of its content.
    pub digest: [u8; 32],
}

/// A segment of the log in a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSegment {
    /// The file.
    pub file: Listed,
    /// Its first commit.
    pub first: CommitNo,
    /// Its last commit.
    pub last: CommitNo,
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The node whose data it is.
    pub node: String,
    /// When it was made, milliseconds since 1970 by the machine's clock.
    pub made_ms: i64,
    /// The last commit.
    pub last: CommitNo,
    /// The chain's value after it.
    pub hash: ChainHash,
    /// The log's segments in order.
    pub segments: Vec<ListedSegment>,
    /// The newest checkpoint, with its commit.
    pub checkpoint: Option<(Listed, CommitNo)>,
    /// The key file.
    pub keys: Listed,
}

impl Manifest {
    /// Reads the list of a backup; `None` where there is none, which means that no backup was completed here.
    ///
    /// # Errors
    /// A list that is damaged or of an unknown form; a failing disk.
    pub fn read(disk: &dyn Disk, dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = dir.join(MANIFEST);
        let failed = |e| StoreError::io("读取备份清单", &path, e);
        if !disk.exists(&path).map_err(failed)? {
            return Ok(None);
        }
        let bytes = read_small(disk, &path, BYTES_MAX).map_err(failed)?;
        let text = String::from_utf8_lossy(&bytes);
        decode(&text)
            .map(Some)
            .ok_or_else(|| StoreError::BadBackup {
                dir: dir.to_path_buf(),
                what: "清单损坏，或不是备份清单".to_owned(),
            })
    }

    /// Puts the list in place: the backup counts from here on.
    pub(super) fn write(&self, disk: &dyn Disk, dir: &Path) -> Result<(), StoreError> {
        let path = dir.join(MANIFEST);
        replace_small(disk, &path, encode(self).as_bytes(), Access::Common)
            .map_err(|e| StoreError::io("写备份清单", &path, e))
    }

    /// Every file that the list names.
    pub(super) fn files(&self) -> impl Iterator<Item = &Listed> {
        let segments = self.segments.iter().map(|segment| &segment.file);
        let checkpoint = self.checkpoint.iter().map(|(file, _)| file);
        segments.chain(checkpoint).chain([&self.keys])
    }
}

fn encode(list: &Manifest) -> String {
    use std::fmt::Write as _;
    let mut text = format!(
        "{FORMAT}\nnode {}\nmade {}\ncommits {} {}\nchain sha256 {}\n",
        list.node,
        list.made_ms,
        list.last.min(1),
        list.last,
        hex(&list.hash)
    );
    for ListedSegment { file, first, last } in &list.segments {
        let _ = writeln!(
            text,
            "segment {} {first} {last} {} sha256 {}",
            file.name,
            file.bytes,
            hex(&file.digest)
        );
    }
    if let Some((file, commit_no)) = &list.checkpoint {
        let _ = writeln!(
            text,
            "checkpoint {} {commit_no} {} sha256 {}",
            file.name,
            file.bytes,
            hex(&file.digest)
        );
    }
    let keys = &list.keys;
    let _ = writeln!(
        text,
        "keys {} {} sha256 {}",
        keys.name,
        keys.bytes,
        hex(&keys.digest)
    );
    let crc = crc32fast::hash(text.as_bytes());
    let _ = writeln!(text, "crc32 {crc:08x}");
    text
}

fn decode(text: &str) -> Option<Manifest> {
    let mut list = Manifest {
        node: String::new(),
        made_ms: 0,
        last: 0,
        hash: [0; 32],
        segments: Vec::new(),
        checkpoint: None,
        keys: listed("", "0", &hex(&[0; 32]))?,
    };
    for line in text.lines().skip(1) {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["node", node] => list.node = (*node).to_owned(),
            ["made", made] => list.made_ms = made.parse().ok()?,
            ["commits", _, last] => list.last = last.parse().ok()?,
            ["chain", "sha256", hash] => list.hash = unhex(hash)?,
            ["segment", name, first, last, bytes, "sha256", digest] => {
                list.segments.push(ListedSegment {
                    file: listed(name, bytes, digest)?,
                    first: first.parse().ok()?,
                    last: last.parse().ok()?,
                });
            }
            ["checkpoint", name, commit_no, bytes, "sha256", digest] => {
                list.checkpoint = Some((listed(name, bytes, digest)?, commit_no.parse().ok()?));
            }
            ["keys", name, bytes, "sha256", digest] => list.keys = listed(name, bytes, digest)?,
            ["crc32", _] => {}
            _ => return None,
        }
    }
    // One form only: what reads back as written is neither damaged nor of another version.
    (encode(&list) == text).then_some(list)
}

/// A name with a path in it could lead out of the backup's folder.
fn listed(name: &str, bytes: &str, digest: &str) -> Option<Listed> {
    let plain = !name.contains('/') && !name.starts_with('.');
    Some(Listed {
        name: plain.then(|| name.to_owned())?,
        bytes: bytes.parse().ok()?,
        digest: unhex(digest)?,
    })
}

fn unhex(digits: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}
