//! A disk in memory that forgets what was not synced when it crashes, and fails when told to.
//!
//! The model: a file is pages of 4 KiB. A page written since the last good sync may, at a crash, be found new,
//! old, or torn between two sectors; the file's length may be found new, old or between. Names made, renamed or
//! removed since the folder's last sync survive as a prefix of what was done in that folder. After a failed sync
//! the bytes stay readable but are taken for clean: a later good sync does not save them unless they are written
//! again. Folders themselves are durable at once. Everything random comes from the caller, so a run repeats.

mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::file::SimFile;
use super::{Access, AppendFile, Disk, LockGuard, ReadFile};

/// A simulated disk; clones share the same content.
#[derive(Clone, Default)]
pub struct SimDisk(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    names: BTreeMap<PathBuf, Shared>,
    durable_names: BTreeMap<PathBuf, Shared>,
    /// Not yet synced, in the order in which it was done.
    name_changes: Vec<NameChange>,
    locked: BTreeSet<PathBuf>,
    /// Raised by a crash: handles and locks from before are void.
    boot: u64,
    room_bytes: Option<u64>,
    sync_fails_in: Option<u32>,
    unreadable: Option<PathBuf>,
    syncs: u64,
}

type Shared = Arc<Mutex<SimFile>>;

enum NameChange {
    Link(PathBuf, Shared),
    Unlink(PathBuf),
    Rename(PathBuf, PathBuf),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SimDisk {
    /// An empty disk with room without end.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cuts the power: what was not synced survives wholly, partly or not at all, as `roll` decides (any
    /// numbers; equal numbers give an equal outcome). Open handles and locks become void.
    pub fn crash(&self, roll: &mut dyn FnMut() -> u64) {
        let mut state = lock(&self.0);
        state.boot += 1;
        state.locked.clear();
        state.settle_names(roll);
        let State {
            names,
            durable_names,
            ..
        } = &mut *state;
        for file in durable_names.values() {
            lock(file).settle(roll);
        }
        names.clone_from(durable_names);
    }

    /// From now on only so many further bytes fit; `None` lifts the bound.
    pub fn set_room(&self, bytes: Option<u64>) {
        lock(&self.0).room_bytes = bytes;
    }

    /// The n-th sync of a file from now on fails (1 is the next one).
    pub fn fail_sync_in(&self, n: u32) {
        lock(&self.0).sync_fails_in = Some(n);
    }

    /// Reading this file fails from now on; `None` heals the disk.
    pub fn set_unreadable(&self, path: Option<&Path>) {
        lock(&self.0).unreadable = path.map(Path::to_path_buf);
    }

    /// Turns over the bits of `mask` in one byte, on the medium: silent damage.
    ///
    /// # Errors
    /// `NotFound` or `UnexpectedEof` where there is no such byte.
    pub fn flip(&self, path: &Path, offset: u64, mask: u8) -> io::Result<()> {
        let file = lock(&self.0).file(path)?;
        let mut file = lock(&file);
        let at = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        *file.bytes.get_mut(at).ok_or(io::ErrorKind::UnexpectedEof)? ^= mask;
        Ok(())
    }

    /// A disk with the same content, apart from this one from now on; everything on it is durable.
    #[must_use]
    pub fn copy(&self) -> Self {
        let state = lock(&self.0);
        let mut copy = State::default();
        for (path, file) in &state.names {
            let twin = lock(file).copy();
            copy.names.insert(path.clone(), Arc::new(Mutex::new(twin)));
        }
        copy.durable_names.clone_from(&copy.names);
        Self(Arc::new(Mutex::new(copy)))
    }

    /// How many syncs of files were asked for so far.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        lock(&self.0).syncs
    }
}

impl State {
    fn file(&self, path: &Path) -> io::Result<Shared> {
        self.names
            .get(path)
            .cloned()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn check_boot(&self, boot: u64) -> io::Result<()> {
        if self.boot == boot {
            Ok(())
        } else {
            Err(io::Error::other("the handle is from before the crash"))
        }
    }

    /// Takes room for growth; what does not fit is cut off and named in the error.
    fn take_room(&mut self, wanted: usize) -> (usize, io::Result<()>) {
        let Some(room) = &mut self.room_bytes else {
            return (wanted, Ok(()));
        };
        let granted = wanted.min(usize::try_from(*room).unwrap_or(usize::MAX));
        *room -= granted as u64;
        let result = if granted < wanted {
            Err(io::ErrorKind::StorageFull.into())
        } else {
            Ok(())
        };
        (granted, result)
    }

    fn write(&mut self, file: &Shared, offset: usize, bytes: &[u8]) -> io::Result<()> {
        let mut file = lock(file);
        let growth = (offset + bytes.len()).saturating_sub(file.bytes.len());
        let (granted, result) = self.take_room(growth);
        file.write(offset, &bytes[..bytes.len() - (growth - granted)]);
        result
    }

    fn sync(&mut self, file: &Shared) -> io::Result<()> {
        self.syncs += 1;
        let mut file = lock(file);
        if let Some(n) = &mut self.sync_fails_in {
            *n = n.saturating_sub(1);
            if *n == 0 {
                self.sync_fails_in = None;
                file.fail_sync();
                return Err(io::Error::other("simulated: the sync failed"));
            }
        }
        file.sync();
        Ok(())
    }

    /// Of each folder's changes a prefix survives.
    fn settle_names(&mut self, roll: &mut dyn FnMut() -> u64) {
        let changes = std::mem::take(&mut self.name_changes);
        let mut stopped = BTreeSet::new();
        for change in changes {
            let dir = change.dir();
            if stopped.contains(&dir) {
                continue;
            }
            if roll().is_multiple_of(3) {
                stopped.insert(dir);
            } else {
                change.apply(&mut self.durable_names);
            }
        }
    }
}

impl NameChange {
    fn dir(&self) -> PathBuf {
        let (Self::Link(path, _) | Self::Unlink(path) | Self::Rename(path, _)) = self;
        path.parent().unwrap_or(Path::new("")).to_path_buf()
    }

    fn apply(self, names: &mut BTreeMap<PathBuf, Shared>) {
        match self {
            Self::Link(path, file) => {
                names.insert(path, file);
            }
            Self::Unlink(path) => {
                names.remove(&path);
            }
            Self::Rename(from, to) => {
                if let Some(file) = names.remove(&from) {
                    names.insert(to, file);
                }
            }
        }
    }
}

struct Handle {
    disk: SimDisk,
    file: Shared,
    boot: u64,
    path: PathBuf,
}

impl ReadFile for Handle {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let state = lock(&self.disk.0);
        state.check_boot(self.boot)?;
        if state.unreadable.as_deref() == Some(&*self.path) {
            return Err(io::Error::other("simulated: the medium cannot be read"));
        }
        let file = lock(&self.file);
        let start = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(file.bytes.len());
        let n = buffer.len().min(file.bytes.len() - start);
        buffer[..n].copy_from_slice(&file.bytes[start..start + n]);
        Ok(n)
    }

    fn file_len(&self) -> io::Result<u64> {
        lock(&self.disk.0).check_boot(self.boot)?;
        Ok(lock(&self.file).bytes.len() as u64)
    }
}

impl AppendFile for Handle {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = lock(&self.disk.0);
        state.check_boot(self.boot)?;
        let end = lock(&self.file).bytes.len();
        state.write(&self.file, end, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = lock(&self.disk.0);
        state.check_boot(self.boot)?;
        state.sync(&self.file)
    }
}

struct SimLock {
    disk: SimDisk,
    path: PathBuf,
    boot: u64,
}

impl Drop for SimLock {
    fn drop(&mut self) {
        let mut state = lock(&self.disk.0);
        if state.boot == self.boot {
            state.locked.remove(&self.path);
        }
    }
}

impl Disk for SimDisk {
    fn create_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = lock(&self.0);
        let names = state.names.keys().filter(|path| path.parent() == Some(dir));
        Ok(names
            .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
            .collect())
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(lock(&self.0).names.contains_key(path))
    }

    fn len(&self, path: &Path) -> io::Result<u64> {
        let file = lock(&self.0).file(path)?;
        let len = lock(&file).bytes.len();
        Ok(len as u64)
    }

    fn open_read(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        Ok(Box::new(self.handle(path)?))
    }

    fn open_append(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        Ok(Box::new(self.handle(path)?))
    }

    fn write_new(&self, path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
        let file = Arc::new(Mutex::new(SimFile::new(access == Access::Private)));
        let mut state = lock(&self.0);
        state.names.insert(path.to_path_buf(), file.clone());
        state
            .name_changes
            .push(NameChange::Link(path.to_path_buf(), file.clone()));
        state.write(&file, 0, bytes)
    }

    fn write_at(&self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = lock(&self.0);
        let file = state.file(path)?;
        state.write(
            &file,
            usize::try_from(offset).map_err(io::Error::other)?,
            bytes,
        )
    }

    fn truncate(&self, path: &Path, len: u64) -> io::Result<()> {
        let file = lock(&self.0).file(path)?;
        lock(&file).truncate(usize::try_from(len).map_err(io::Error::other)?);
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = lock(&self.0);
        let file = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_path_buf(), file);
        state
            .name_changes
            .push(NameChange::Rename(from.to_path_buf(), to.to_path_buf()));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = lock(&self.0);
        state.names.remove(path).ok_or(io::ErrorKind::NotFound)?;
        state
            .name_changes
            .push(NameChange::Unlink(path.to_path_buf()));
        Ok(())
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        let mut state = lock(&self.0);
        let file = state.file(path)?;
        state.sync(&file)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = lock(&self.0);
        let (now, later): (Vec<_>, Vec<_>) = std::mem::take(&mut state.name_changes)
            .into_iter()
            .partition(|change| change.dir() == dir);
        state.name_changes = later;
        now.into_iter()
            .for_each(|change| change.apply(&mut state.durable_names));
        Ok(())
    }

    fn is_private(&self, path: &Path) -> io::Result<bool> {
        let file = lock(&self.0).file(path)?;
        let private = lock(&file).private;
        Ok(private)
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<LockGuard>> {
        let mut state = lock(&self.0);
        if !state.locked.insert(path.to_path_buf()) {
            return Ok(None);
        }
        let boot = state.boot;
        Ok(Some(Box::new(SimLock {
            disk: self.clone(),
            path: path.to_path_buf(),
            boot,
        })))
    }
}

impl SimDisk {
    fn handle(&self, path: &Path) -> io::Result<Handle> {
        let state = lock(&self.0);
        let file = state.file(path)?;
        Ok(Handle {
            disk: self.clone(),
            file,
            boot: state.boot,
            path: path.to_path_buf(),
        })
    }
}
