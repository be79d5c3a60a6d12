//! The narrow seam to files: everything that the store asks of a disk, and nothing more.
//!
//! Two disks stand behind it: [`RealDisk`] (the operating system's files) and [`SimDisk`] (in memory, loses
//! what was not synced when it crashes). The log, the checkpoints, the key file and the marks go through this
//! seam only, so that the simulation exercises the very code that runs in production. The view's engine brings
//! its own files and does not. [`CountedDisk`] stands before the real one in a running node and counts syncs.
//!
//! What a disk promises:
//! - written bytes are readable at once, but survive a power cut only after [`Disk::sync_file`] (or
//!   [`AppendFile::sync`]) has answered `Ok`;
//! - created, renamed and removed names survive only after [`Disk::sync_dir`] of their folder has answered `Ok`;
//! - after a failed sync, what became of the bytes since the last good one is unknown, and a later `Ok` does not
//!   vouch for them unless they were written again.

mod counted;
mod real;
mod sim;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::io;
use std::path::Path;

pub use counted::{CountedDisk, Syncs};
pub use real::RealDisk;
pub use sim::SimDisk;

/// Who may read a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Made for the owner only (mode 0600), whatever the umask says; a file that stands keeps its mode.
    Common,
    /// The same, and made so where it stands: key material.
    Private,
}

/// The room of a file system, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// What it holds in all.
    pub total: u64,
    /// What this process may still fill.
    pub free: u64,
}

/// An advisory lock on a file, released when dropped.
pub type LockGuard = Box<dyn Any + Send + Sync>;

/// The operations on files that the store needs. Paths are whole paths; offsets and lengths are in bytes.
pub trait Disk: Send + Sync + 'static {
    /// Makes the folder and its parents where missing; durable after `sync_dir` of the parent.
    ///
    /// # Errors
    /// What the operating system answers.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;

    /// The names of the plain files in the folder, sorted; empty where the folder does not exist.
    ///
    /// # Errors
    /// What the operating system answers.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Whether a plain file stands at the path.
    ///
    /// # Errors
    /// What the operating system answers.
    fn exists(&self, path: &Path) -> io::Result<bool>;

    /// The file's length.
    ///
    /// # Errors
    /// `NotFound`, or what the operating system answers.
    fn len(&self, path: &Path) -> io::Result<u64>;

    /// Opens a file to read at any offset; goes on reading the same file when its name is given to another.
    ///
    /// # Errors
    /// `NotFound`, or what the operating system answers.
    fn open_read(&self, path: &Path) -> io::Result<Box<dyn ReadFile>>;

    /// Opens an existing file to write at its end.
    ///
    /// # Errors
    /// `NotFound`, or what the operating system answers.
    fn open_append(&self, path: &Path) -> io::Result<Box<dyn AppendFile>>;

    /// Writes a new file, replacing any of that name; not synced.
    ///
    /// # Errors
    /// `StorageFull`, or what the operating system answers; part of the file may have been written.
    fn write_new(&self, path: &Path, bytes: &[u8], access: Access) -> io::Result<()>;

    /// Overwrites bytes in place, from `offset` on; not synced.
    ///
    /// # Errors
    /// What the operating system answers; part of the bytes may have been written.
    fn write_at(&self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file to `len` bytes; durable after `sync_file`.
    ///
    /// # Errors
    /// What the operating system answers.
    fn truncate(&self, path: &Path, len: u64) -> io::Result<()>;

    /// Renames, replacing the target; durable after `sync_dir`.
    ///
    /// # Errors
    /// What the operating system answers.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file; durable after `sync_dir`.
    ///
    /// # Errors
    /// `NotFound`, or what the operating system answers.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the file's content and length durable (fdatasync).
    ///
    /// # Errors
    /// What the operating system answers; see the module's third promise.
    fn sync_file(&self, path: &Path) -> io::Result<()>;

    /// Makes the folder's names durable (fsync of the folder).
    ///
    /// # Errors
    /// What the operating system answers.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Whether nobody but the owner may read or write the file.
    ///
    /// # Errors
    /// `NotFound`, or what the operating system answers.
    fn is_private(&self, path: &Path) -> io::Result<bool>;

    /// How much room the file system of this folder has; `None` where that cannot be told.
    ///
    /// # Errors
    /// What the operating system answers.
    fn room(&self, _dir: &Path) -> io::Result<Option<Room>> {
        Ok(None)
    }

    /// Takes the lock on the file (made where missing); `None` when another holder has it.
    ///
    /// # Errors
    /// What the operating system answers.
    fn try_lock(&self, path: &Path) -> io::Result<Option<LockGuard>>;
}

/// A file open for reading at any offset.
pub trait ReadFile: Send {
    /// Fills `buffer` from `offset` on as far as the file reaches; fewer bytes than asked only at its end.
    ///
    /// # Errors
    /// What the operating system answers.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// The file's length now.
    ///
    /// # Errors
    /// What the operating system answers.
    fn file_len(&self) -> io::Result<u64>;
}

/// A file open for writing at its end.
pub trait AppendFile: Send {
    /// Writes all bytes at the end.
    ///
    /// # Errors
    /// `StorageFull`, or what the operating system answers; part of the bytes may have been written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything appended durable (fdatasync).
    ///
    /// # Errors
    /// What the operating system answers; see the module's third promise.
    fn sync(&mut self) -> io::Result<()>;
}

/// Reads a whole file that is known to be small.
///
/// # Errors
/// What the disk answers, and `InvalidData` where the file is longer than `bytes_max`.
pub fn read_small(disk: &dyn Disk, path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let len = disk.len(path)?;
    if len > bytes_max {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "文件超过允许的长度",
        ));
    }
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
    let read = disk.open_read(path)?.read_at(0, &mut bytes)?;
    bytes.truncate(read);
    Ok(bytes)
}

/// Puts a small file in place so that a reader sees either the old or the new one, whole and durable:
/// temporary file, sync, rename, sync of the folder.
///
/// # Errors
/// What the disk answers; the old file then still stands.
pub fn replace_small(disk: &dyn Disk, path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(TMP_SUFFIX);
    let tmp = path.with_file_name(name);
    disk.write_new(&tmp, bytes, access)?;
    disk.sync_file(&tmp)?;
    disk.rename(&tmp, path)?;
    disk.sync_dir(path.parent().unwrap_or(Path::new(".")))
}

/// Ends the names of files that are not finished; whatever bears it is removed at the next opening.
pub const TMP_SUFFIX: &str = ".tmp";
