//! A disk that counts how often it was asked to make something durable.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Access, AppendFile, Disk, LockGuard, ReadFile, Room};

/// How many files were synced since the node started; a handle to share.
#[derive(Debug, Clone, Default)]
pub struct Syncs(Arc<AtomicU64>);

impl Syncs {
    /// So many until now.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn one_more(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Counts the syncs of files on their way to another disk; those of folders are rare and not counted.
#[derive(Debug)]
pub struct CountedDisk<D> {
    inner: D,
    syncs: Syncs,
}

impl<D: Disk> CountedDisk<D> {
    /// Counts what goes to `inner`.
    #[must_use]
    pub fn new(inner: D, syncs: Syncs) -> Self {
        Self { inner, syncs }
    }
}

impl<D: Disk> Disk for CountedDisk<D> {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.inner.create_dir(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.inner.list(dir)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.inner.exists(path)
    }

    fn len(&self, path: &Path) -> io::Result<u64> {
        self.inner.len(path)
    }

    fn open_read(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        self.inner.open_read(path)
    }

    fn open_append(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        Ok(Box::new(CountedFile {
            inner: self.inner.open_append(path)?,
            syncs: self.syncs.clone(),
        }))
    }

    fn write_new(&self, path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
        self.inner.write_new(path, bytes, access)
    }

    fn write_at(&self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.inner.write_at(path, offset, bytes)
    }

    fn truncate(&self, path: &Path, len: u64) -> io::Result<()> {
        self.inner.truncate(path, len)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.inner.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.inner.remove(path)
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        self.syncs.one_more();
        self.inner.sync_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.inner.sync_dir(dir)
    }

    fn is_private(&self, path: &Path) -> io::Result<bool> {
        self.inner.is_private(path)
    }

    fn room(&self, dir: &Path) -> io::Result<Option<Room>> {
        self.inner.room(dir)
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<LockGuard>> {
        self.inner.try_lock(path)
    }
}

struct CountedFile {
    inner: Box<dyn AppendFile>,
    syncs: Syncs,
}

impl AppendFile for CountedFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.inner.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.syncs.one_more();
        self.inner.sync()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::disk::SimDisk;

    #[test]
    fn each_sync_of_a_file_counts_once() {
        let (below, syncs) = (SimDisk::new(), Syncs::default());
        let disk = CountedDisk::new(below.clone(), syncs.clone());
        let path = Path::new("/node/file");
        disk.write_new(path, b"one", Access::Common).unwrap();
        assert_eq!(syncs.count(), 0);
        disk.sync_file(path).unwrap();
        let mut file = disk.open_append(path).unwrap();
        file.append(b" two").unwrap();
        file.sync().unwrap();
        disk.sync_dir(Path::new("/node")).unwrap();
        assert_eq!((syncs.count(), below.syncs()), (2, 2));
        assert_eq!(disk.len(path).unwrap(), 7);
    }
}
