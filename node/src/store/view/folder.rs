//! What engines with a folder of files share: failures in the view's words, sizes, removal, syncing.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{OnceLock, PoisonError, RwLock};

use super::ViewError;

/// An open engine that is asked nothing more after its first failure.
pub(super) struct Held<T> {
    open: RwLock<Option<T>>,
    failed: OnceLock<ViewError>,
}

impl<T> Held<T> {
    pub fn new(open: T) -> Self {
        Self {
            open: RwLock::new(Some(open)),
            failed: OnceLock::new(),
        }
    }

    /// Asks the engine something.
    pub fn with<R>(&self, work: impl FnOnce(&T) -> Result<R, ViewError>) -> Result<R, ViewError> {
        if let Some(error) = self.failed.get() {
            return Err(error.clone());
        }
        let guard = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let result = work(guard.as_ref().ok_or(ViewError::Closed)?);
        if let Err(error) = &result {
            // Only the first failure counts.
            let _ = self.failed.set(error.clone());
        }
        result
    }

    /// Takes the engine away from its readers.
    pub fn take(&self) -> Option<T> {
        self.open
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// The first failure.
    pub fn failure(&self) -> Option<&ViewError> {
        self.failed.get()
    }
}

/// Calls an engine; a panic in it is an error like any other.
pub(super) fn caught<T, E>(
    engine: &'static str,
    work: impl FnOnce() -> Result<T, E>,
    told: impl FnOnce(E) -> ViewError,
) -> Result<T, ViewError> {
    catch_unwind(AssertUnwindSafe(work)).map_or_else(
        |panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("?");
            Err(ViewError::Engine {
                engine,
                reason: format!("panic: {text}"),
            })
        },
        |answer| answer.map_err(told),
    )
}

/// What the operating system answered.
pub(super) fn io_error(engine: &'static str, error: &io::Error) -> ViewError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ViewError::DiskFull,
        _ => ViewError::Engine {
            engine,
            reason: error.to_string(),
        },
    }
}

/// Removes a generation; none there is no error. An engine that never came back may hold its files open: they are
/// emptied first, so that the disk has the space again.
pub(super) fn remove(engine: &'static str, dir: &Path) -> Result<(), ViewError> {
    empty(dir);
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(io_error(engine, &e)),
        _ => Ok(()),
    }
}

/// Empties every file below `dir`, as far as the system lets it.
fn empty(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let (path, kind) = (entry.path(), entry.file_type());
        if kind.as_ref().is_ok_and(fs::FileType::is_dir) {
            empty(&path);
        } else if kind.is_ok_and(|kind| kind.is_file()) {
            // Where it cannot be done the removal tells why.
            let _ = File::options()
                .write(true)
                .open(&path)
                .and_then(|file| file.set_len(0));
        }
    }
}

/// Syncs every file and folder below `dir`, and `dir`'s own name.
pub(super) fn sync_tree(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(dir)?.sync_all()?;
    File::open(dir.parent().unwrap_or(Path::new(".")))?.sync_all()
}

/// What the files below `dir` take on disk, in bytes; room set aside but not written does not count.
pub(super) fn tree_bytes(dir: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() {
            tree_bytes(&entry.path())?
        } else {
            let meta = entry.metadata()?;
            meta.len().min(meta.blocks() * 512)
        };
    }
    Ok(bytes)
}
