//! The folder of sealed files: `attachments/` in the node's data folder.
//!
//! ```text
//! <id>          a whole attachment: sealed chunks | SHA-256 of each | size u64 | chunks u32 | "HLATT\0\0\1"
//! <id>.part     chunks fetched so far, from the first
//! <…>.tmp       an upload under way; removed at the next start
//! ```
//!
//! A file gets its id as name only once it is whole and synced, and the folder is synced before anybody learns of it: a
//! fact that names an attachment is committed after that. Everything is sealed, so the folder may be copied as it is;
//! whether a copy is whole, its ids tell.

mod incoming;
mod partial;
#[cfg(test)]
mod tests;

pub use incoming::Incoming;
pub use partial::Partial;

use crate::store::disk::{Disk, ReadFile, TMP_SUFFIX};
use crate::store::has_room;
use hotline_domain::attachment::{AttachmentId, Manifest};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Name of the folder below the data folder.
pub const FOLDER: &str = "attachments";
/// Ends the names of files that are fetched in part.
const PART_SUFFIX: &str = ".part";
/// Ends a whole file.
const MAGIC: [u8; 8] = *b"HLATT\0\0\x01";
/// Bytes behind the hashes.
const TRAILER_BYTES: usize = 8 + 4 + MAGIC.len();

/// Why a file cannot be kept or given.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// The disk is full.
    #[error("磁盘已满，附件没有存下；请清理数据文件夹所在的磁盘")]
    Full,
    /// The disk fails.
    #[error("附件文件夹读写失败：{0}")]
    Io(io::Error),
    /// No such file.
    #[error("附件 {0} 不在本节点")]
    Missing(AttachmentId),
    /// The file is not what its name says.
    #[error("附件 {0} 的文件已损坏；请从备份恢复，或删去该文件后重新取来")]
    Damaged(AttachmentId),
}

impl From<io::Error> for ShelfError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Io(error),
        }
    }
}

/// The folder.
#[derive(Clone)]
pub struct Shelf {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
}

/// What lies in the folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// Whole attachments.
    pub whole: Vec<AttachmentId>,
    /// Those fetched in part.
    pub parts: Vec<AttachmentId>,
}

/// The files of attachments below a data folder, for a backup: whole ones, each verifiable by its own name. They may be
/// copied at any time, after the log: a reference never stands in the log before its file is whole.
///
/// # Errors
/// What the disk answers.
pub fn files(disk: &dyn Disk, data: &Path) -> io::Result<Vec<PathBuf>> {
    let dir = data.join(FOLDER);
    let names = disk.list(&dir)?;
    let whole = names.iter().filter(|name| is_id(name));
    Ok(whole.map(|name| dir.join(name)).collect())
}

/// Checks one file of [`files`] against its name; answers its length in bytes.
///
/// # Errors
/// [`ShelfError::Damaged`], or what the disk answers.
pub fn verify(disk: &Arc<dyn Disk>, file: &Path) -> Result<u64, ShelfError> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let Ok(id) = name.parse::<AttachmentId>() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not an attachment's file").into());
    };
    let shelf = Shelf {
        disk: Arc::clone(disk),
        dir: file.parent().unwrap_or(Path::new(".")).to_owned(),
    };
    shelf.check(id)?;
    Ok(disk.len(file)?)
}

fn is_id(name: &str) -> bool {
    name.parse::<AttachmentId>().is_ok()
}

impl Shelf {
    /// The shelf below a data folder; left-overs of uploads are removed.
    ///
    /// # Errors
    /// What the disk answers.
    pub fn open(disk: Arc<dyn Disk>, data: &Path) -> io::Result<Self> {
        let dir = data.join(FOLDER);
        disk.create_dir(&dir)?;
        disk.sync_dir(data)?;
        for name in disk.list(&dir)? {
            if name.ends_with(TMP_SUFFIX) {
                disk.remove(&dir.join(name))?;
            }
        }
        Ok(Self { disk, dir })
    }

    /// Where the files lie.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.dir
    }

    /// Whether the attachment lies here whole.
    ///
    /// # Errors
    /// What the disk answers.
    pub fn has(&self, id: AttachmentId) -> io::Result<bool> {
        self.disk.exists(&self.whole(id))
    }

    /// An attachment, to be read chunk by chunk.
    ///
    /// # Errors
    /// It is not here, is damaged, or the disk fails.
    pub fn read(&self, id: AttachmentId) -> Result<Stored, ShelfError> {
        let file = match self.disk.open_read(&self.whole(id)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ShelfError::Missing(id));
            }
            Err(error) => return Err(error.into()),
        };
        let manifest = manifest_of(&*file)?.filter(|manifest| manifest.id() == id);
        let manifest = manifest.ok_or(ShelfError::Damaged(id))?;
        Ok(Stored { id, file, manifest })
    }

    /// Reads a whole attachment and compares it with its id.
    ///
    /// # Errors
    /// It is not here, is damaged, or the disk fails.
    pub fn check(&self, id: AttachmentId) -> Result<(), ShelfError> {
        let stored = self.read(id)?;
        (0..stored.manifest().chunks()).try_for_each(|no| stored.chunk(no).map(drop))
    }

    /// What lies here.
    ///
    /// # Errors
    /// What the disk answers.
    pub fn list(&self) -> io::Result<Listing> {
        let mut listing = Listing::default();
        for name in self.disk.list(&self.dir)? {
            if let Ok(id) = name.parse() {
                listing.whole.push(id);
            } else if let Some(Ok(id)) = name.strip_suffix(PART_SUFFIX).map(str::parse) {
                listing.parts.push(id);
            }
        }
        Ok(listing)
    }

    /// Removes a whole attachment, if it is here.
    ///
    /// # Errors
    /// What the disk answers.
    pub fn remove(&self, id: AttachmentId) -> io::Result<()> {
        self.remove_file(&self.whole(id))
    }

    /// Removes what was fetched of an attachment, if anything.
    ///
    /// # Errors
    /// What the disk answers.
    pub fn remove_part(&self, id: AttachmentId) -> io::Result<()> {
        self.remove_file(&self.part(id))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        match self.disk.remove(path) {
            Ok(()) => self.disk.sync_dir(&self.dir),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Files leave the room that log and view need.
    fn check_room(&self) -> Result<(), ShelfError> {
        match has_room(&*self.disk, &self.dir) {
            true => Ok(()),
            false => Err(ShelfError::Full),
        }
    }

    fn whole(&self, id: AttachmentId) -> PathBuf {
        self.dir.join(id.to_string())
    }

    fn part(&self, id: AttachmentId) -> PathBuf {
        self.dir.join(format!("{id}{PART_SUFFIX}"))
    }
}

/// A whole attachment, open.
pub struct Stored {
    id: AttachmentId,
    file: Box<dyn ReadFile>,
    manifest: Manifest,
}

impl Stored {
    /// What it is made of.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// A sealed chunk, checked.
    ///
    /// # Errors
    /// The chunk is damaged, or the disk fails.
    pub fn chunk(&self, no: usize) -> Result<Vec<u8>, ShelfError> {
        let mut sealed = vec![0; self.manifest.sealed_len(no)];
        let read = self.file.read_at(Manifest::offset(no), &mut sealed)?;
        if read == sealed.len() && self.manifest.is_chunk(no, &sealed) {
            Ok(sealed)
        } else {
            Err(ShelfError::Damaged(self.id))
        }
    }
}

/// What stands behind the chunks of a whole file.
fn trailer(manifest: &Manifest) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(manifest.chunks() * 32 + TRAILER_BYTES);
    manifest.hashes().iter().for_each(|hash| bytes.extend(hash));
    bytes.extend(manifest.size().to_be_bytes());
    let chunks = u32::try_from(manifest.chunks()).unwrap_or(u32::MAX);
    bytes.extend(chunks.to_be_bytes());
    bytes.extend(MAGIC);
    bytes
}

/// The manifest at a file's end; `None` where there is none that fits the file.
fn manifest_of(file: &dyn ReadFile) -> io::Result<Option<Manifest>> {
    let len = file.file_len()?;
    let mut end = [0; TRAILER_BYTES];
    let Some(at) = len.checked_sub(TRAILER_BYTES as u64) else {
        return Ok(None);
    };
    let read = file.read_at(at, &mut end)?;
    let (numbers, magic) = end.split_at(12);
    if read != TRAILER_BYTES || magic != MAGIC {
        return Ok(None);
    }
    let size = u64::from_be_bytes(numbers[..8].try_into().unwrap_or_default());
    let chunks = u32::from_be_bytes(numbers[8..].try_into().unwrap_or_default()) as usize;
    let bounded = size <= hotline_domain::attachment::SIZE_MAX;
    if !bounded || Manifest::chunks_of(size) != chunks {
        return Ok(None);
    }
    let mut hashes = vec![[0; 32]; chunks];
    let Some(start) = at.checked_sub(32 * chunks as u64) else {
        return Ok(None);
    };
    if file.read_at(start, hashes.as_flattened_mut())? != 32 * chunks {
        return Ok(None);
    }
    Ok(Manifest::new(size, hashes).filter(|manifest| manifest.sealed_size() == start))
}
