//! A disk that promises no more than POSIX does: content survives a power cut after a sync of the file, names after a
//! sync of their folder, and after a failed sync nothing does that was not written again.
//!
//! What was not synced may be there, wholly, in part (by sectors), in an older state, or not at all; names may be
//! there in any mixture, or up to some moment, as a journal would have it. Files that lost their folder are lost.

use super::trace::Deed;
use crate::sim::rng::Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// What a disk writes at once or not at all, in bytes.
const SECTOR: usize = 512;
/// Earlier states of a sector that may have reached the disk; older ones are forgotten.
const OLDER_MAX: usize = 3;

type Sector = [u8; SECTOR];

/// A folder's disk.
#[derive(Debug, Clone)]
pub struct Model {
    root: PathBuf,
    files: Vec<File>,
    /// The trace's numbers of files.
    numbers: BTreeMap<u32, usize>,
    names: Names,
    durable: Names,
    /// Changes of names that no sync of their folder has covered, oldest first.
    pending: Vec<Change>,
}

type Names = BTreeMap<PathBuf, Entry>;

/// Names that change at once.
type Change = Vec<(PathBuf, Option<Entry>)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    Folder,
    File(usize),
}

#[derive(Debug, Clone, Default)]
struct File {
    mode: u32,
    durable: Vec<u8>,
    now: Vec<u8>,
    dirty: BTreeMap<usize, Dirty>,
}

/// A sector that no sync has covered.
#[derive(Debug, Clone, Default)]
struct Dirty {
    /// States between the durable one and the present.
    older: Vec<Sector>,
    /// A sync failed since it was written: no later one vouches for it.
    lost: bool,
}

/// What a power cut leaves.
#[derive(Debug, Clone, Default)]
pub struct Image {
    folders: Vec<PathBuf>,
    files: BTreeMap<PathBuf, (u32, Vec<u8>)>,
    /// Sectors that were not synced, and how many of them are gone or of an older state.
    pub unsynced: usize,
    /// See `unsynced`.
    pub dropped: usize,
    /// Changes of names that were not synced.
    pub unsynced_names: usize,
}

impl Model {
    /// The disk of a folder in which everything is durable.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn of(root: &Path) -> anyhow::Result<Self> {
        let mut model = Self {
            root: root.to_path_buf(),
            files: Vec::new(),
            numbers: BTreeMap::new(),
            names: Names::new(),
            durable: Names::new(),
            pending: Vec::new(),
        };
        model.take_in(root)?;
        model.durable = model.names.clone();
        Ok(model)
    }

    fn take_in(&mut self, folder: &Path) -> anyhow::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                self.names.insert(path.clone(), Entry::Folder);
                self.take_in(&path)?;
            } else if entry.file_type()?.is_file() {
                let bytes = std::fs::read(&path)?;
                self.files.push(File {
                    mode: entry.metadata()?.permissions().mode() & 0o7777,
                    durable: bytes.clone(),
                    now: bytes,
                    dirty: BTreeMap::new(),
                });
                self.names.insert(path, Entry::File(self.files.len() - 1));
            }
        }
        Ok(())
    }

    /// Does what the process did.
    ///
    /// # Errors
    /// The trace does not fit the folder: nothing could be said of what survives.
    pub fn apply(&mut self, deed: &Deed) -> anyhow::Result<()> {
        match deed {
            Deed::Opened {
                file,
                made,
                emptied,
                mode,
                path,
            } => {
                if *made {
                    self.files.push(File {
                        mode: *mode,
                        ..File::default()
                    });
                    self.rename(vec![(
                        path.clone(),
                        Some(Entry::File(self.files.len() - 1)),
                    )]);
                }
                let Some(Entry::File(at)) = self.names.get(path) else {
                    anyhow::bail!("the trace opens {}, which is not there", path.display());
                };
                self.numbers.insert(*file, *at);
                if *emptied {
                    self.files[*at].set_len(0);
                }
            }
            Deed::Written {
                file,
                offset,
                bytes,
            } => self.file(*file)?.write(usize::try_from(*offset)?, bytes),
            Deed::Length { file, len } => self.file(*file)?.set_len(usize::try_from(*len)?),
            Deed::Synced {
                file,
                failed: false,
            } => self.file(*file)?.sync(),
            Deed::Synced { file, failed: true } => self.file(*file)?.sync_failed(),
            Deed::FolderSynced { path, failed } if !failed => self.sync_names(path),
            Deed::FolderSynced { .. } => {}
            Deed::Renamed { from, to } => {
                let moved = self.names.get(from).copied();
                self.rename(vec![(from.clone(), None), (to.clone(), moved)]);
            }
            Deed::Removed(path) | Deed::FolderRemoved(path) => {
                self.rename(vec![(path.clone(), None)]);
            }
            Deed::FolderMade(path) => self.rename(vec![(path.clone(), Some(Entry::Folder))]),
        }
        Ok(())
    }

    fn file(&mut self, number: u32) -> anyhow::Result<&mut File> {
        let at = self.numbers.get(&number);
        at.and_then(|at| self.files.get_mut(*at))
            .ok_or_else(|| anyhow::anyhow!("the trace uses file {number}, which nobody opened"))
    }

    fn rename(&mut self, change: Change) {
        put(&mut self.names, &change);
        self.pending.push(change);
    }

    fn sync_names(&mut self, folder: &Path) {
        let of_folder =
            |change: &Change| change.iter().any(|(path, _)| path.parent() == Some(folder));
        let (synced, pending) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(of_folder);
        self.pending = pending;
        let synced: Vec<Change> = synced;
        synced
            .iter()
            .for_each(|change| put(&mut self.durable, change));
    }

    /// The power goes now.
    #[must_use]
    pub fn cut(&self, rng: &mut Rng) -> Image {
        let loss = *rng.pick(&[Loss::All, Loss::Some, Loss::Some, Loss::Journal]);
        let mut names = self.durable.clone();
        let journal = rng.below(self.pending.len() as u64 + 1);
        for (at, change) in self.pending.iter().enumerate() {
            let kept = match loss {
                Loss::All => false,
                Loss::Some => rng.percent(50),
                Loss::Journal => (at as u64) < journal,
            };
            if kept {
                put(&mut names, change);
            }
        }
        let mut image = Image {
            unsynced_names: self.pending.len(),
            ..Image::default()
        };
        let mut folders = BTreeSet::from([self.root.clone()]);
        for (path, entry) in &names {
            if !path.parent().is_some_and(|parent| folders.contains(parent)) {
                continue;
            }
            match entry {
                Entry::Folder => {
                    folders.insert(path.clone());
                    image.folders.push(path.clone());
                }
                Entry::File(at) => {
                    let file = &self.files[*at];
                    let bytes = file.cut(loss, rng, &mut image);
                    image.files.insert(path.clone(), (file.mode, bytes));
                }
            }
        }
        image
    }
}

fn put(names: &mut Names, change: &Change) {
    for (path, entry) in change {
        match entry {
            Some(entry) => names.insert(path.clone(), *entry),
            None => names.remove(path),
        };
    }
}

/// How much of what was not synced a power cut takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    /// Everything.
    All,
    /// Every sector and every name by the fall of a coin.
    Some,
    /// The same of sectors; names up to some moment.
    Journal,
}

impl File {
    fn sector(bytes: &[u8], at: usize) -> Sector {
        let mut sector = [0; SECTOR];
        let from = (at * SECTOR).min(bytes.len());
        let to = (from + SECTOR).min(bytes.len());
        sector[..to - from].copy_from_slice(&bytes[from..to]);
        sector
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        for at in offset / SECTOR..=(offset + bytes.len() - 1) / SECTOR {
            match self.dirty.get_mut(&at) {
                Some(dirty) => {
                    dirty.older.push(Self::sector(&self.now, at));
                    if dirty.older.len() > OLDER_MAX {
                        dirty.older.remove(0);
                    }
                    dirty.lost = false;
                }
                None => {
                    self.dirty.insert(at, Dirty::default());
                }
            }
        }
        let end = offset + bytes.len();
        if self.now.len() < end {
            self.now.resize(end, 0);
        }
        self.now[offset..end].copy_from_slice(bytes);
    }

    fn set_len(&mut self, len: usize) {
        self.now.resize(len, 0);
        self.dirty.retain(|at, _| at * SECTOR < len);
        // The rest of the last sector reads as zeroes now.
        if !len.is_multiple_of(SECTOR) && len < self.durable.len() {
            self.dirty.entry(len / SECTOR).or_default();
        }
    }

    fn sync(&mut self) {
        self.durable.resize(self.now.len(), 0);
        for (at, _) in self.dirty.iter().filter(|(_, dirty)| !dirty.lost) {
            let from = at * SECTOR;
            let to = (from + SECTOR).min(self.now.len());
            self.durable[from..to].copy_from_slice(&self.now[from..to]);
        }
        self.dirty.retain(|_, dirty| dirty.lost);
    }

    fn sync_failed(&mut self) {
        self.dirty.values_mut().for_each(|dirty| dirty.lost = true);
    }

    fn cut(&self, loss: Loss, rng: &mut Rng, image: &mut Image) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        image.unsynced += self.dirty.len();
        if loss == Loss::All {
            image.dropped += self.dirty.len();
            return bytes;
        }
        let (least, most) = (
            self.durable.len().min(self.now.len()),
            self.durable.len().max(self.now.len()),
        );
        let len = match rng.below(3) {
            0 => self.durable.len(),
            1 => self.now.len(),
            _ => {
                let sectors = (most - least) / SECTOR;
                let more = rng.below(sectors as u64 + 1);
                least + usize::try_from(more).unwrap_or(0) * SECTOR
            }
        };
        bytes.resize(len, 0);
        for (at, dirty) in &self.dirty {
            let from = at * SECTOR;
            if from >= len {
                image.dropped += 1;
                continue;
            }
            let to = (from + SECTOR).min(len);
            let state = match rng.below(4) {
                0 => {
                    image.dropped += 1;
                    continue;
                }
                1 if !dirty.older.is_empty() => {
                    image.dropped += 1;
                    *rng.pick(&dirty.older)
                }
                _ => Self::sector(&self.now, *at),
            };
            bytes[from..to].copy_from_slice(&state[..to - from]);
        }
        bytes
    }
}

impl Image {
    /// Puts the image in a folder's place.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn put(&self, from: &Path, to: &Path) -> anyhow::Result<()> {
        let place = |path: &Path| Ok::<_, anyhow::Error>(to.join(path.strip_prefix(from)?));
        if to.exists() {
            std::fs::remove_dir_all(to)?;
        }
        std::fs::create_dir_all(to)?;
        for folder in &self.folders {
            std::fs::create_dir(place(folder)?)?;
        }
        for (path, (mode, bytes)) in &self.files {
            let mut options = std::fs::File::options();
            let mut file = options
                .write(true)
                .create_new(true)
                .mode(*mode)
                .open(place(path)?)?;
            std::io::Write::write_all(&mut file, bytes)?;
        }
        Ok(())
    }

    /// A file's bytes, if it is there.
    #[must_use]
    pub fn file(&self, path: &Path) -> Option<&[u8]> {
        self.files.get(path).map(|(_, bytes)| bytes.as_slice())
    }
}

#[cfg(test)]
mod tests;
