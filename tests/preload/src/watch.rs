//! Which files are watched, and what is done to them: faults first, then the deed, then its entry in the trace.

use crate::control::{Control, control};
use crate::real;
use crate::trace::Trace;
use libc::{c_char, c_int, c_void, off64_t, ssize_t};
use std::collections::BTreeMap;
use std::ffi::{CStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// A watched folder.
pub struct Watch {
    root: Vec<u8>,
    trace: Option<Trace>,
    /// Watched files by device and inode.
    files: BTreeMap<(u64, u64), u32>,
    next: u32,
    /// Their names, as far as they were seen.
    names: BTreeMap<Vec<u8>, (u64, u64)>,
}

/// The watch of this process, held; `None` where nothing is watched.
pub fn watch() -> Option<MutexGuard<'static, Watch>> {
    static WATCH: OnceLock<Option<Mutex<Watch>>> = OnceLock::new();
    let watch = WATCH.get_or_init(|| {
        let root = std::env::var_os("HOTLINE_PRELOAD_DIR")?;
        Some(Mutex::new(Watch {
            root: root.as_bytes().to_vec(),
            trace: Trace::open(),
            files: BTreeMap::new(),
            next: 1,
            names: BTreeMap::new(),
        }))
    });
    Some(
        watch
            .as_ref()?
            .lock()
            .unwrap_or_else(PoisonError::into_inner),
    )
}

/// An open descriptor's file: device, inode, length, flags of opening; `None` for what is no plain file.
struct Plain {
    key: (u64, u64),
    len: u64,
    mode: u32,
}

fn plain(fd: c_int) -> Option<Plain> {
    // SAFETY: a zeroed stat is a valid one to be filled.
    let mut stat: libc::stat64 = unsafe { std::mem::zeroed() };
    // SAFETY: the struct is ours.
    let answer = unsafe { libc::fstat64(fd, &raw mut stat) };
    (answer == 0 && stat.st_mode & libc::S_IFMT == libc::S_IFREG).then(|| Plain {
        key: (stat.st_dev, stat.st_ino),
        len: stat.st_size.cast_unsigned(),
        mode: stat.st_mode & 0o7777,
    })
}

/// The answer of a failed call.
pub fn fail(errno: c_int) -> c_int {
    // SAFETY: the thread's own errno.
    unsafe { *libc::__errno_location() = errno };
    -1
}

/// A path as an absolute one; of a relative one, below an open folder or the working folder.
pub fn absolute(folder: c_int, path: *const c_char) -> Vec<u8> {
    // SAFETY: paths come as C strings from callers of the C library.
    let path = unsafe { CStr::from_ptr(path) }.to_bytes();
    if path.starts_with(b"/") {
        return path.to_vec();
    }
    let mut whole = if folder == libc::AT_FDCWD {
        std::env::current_dir()
            .map(|dir| dir.into_os_string().into_vec())
            .unwrap_or_default()
    } else {
        name_of(folder).unwrap_or_default()
    };
    whole.push(b'/');
    whole.extend(path);
    whole
}

/// The name under which a descriptor was opened, as the system knows it.
pub fn name_of(fd: c_int) -> Option<Vec<u8>> {
    let link = OsString::from(format!("/proc/self/fd/{fd}"));
    std::fs::read_link(link)
        .ok()
        .map(|name| name.into_os_string().into_vec())
}

impl Watch {
    /// Whether a path lies in the watched folder.
    pub fn covers(&self, path: &[u8]) -> bool {
        path.strip_prefix(self.root.as_slice())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    }

    /// The number of a watched open file.
    fn file(&self, fd: c_int) -> Option<(u32, Plain)> {
        let plain = plain(fd)?;
        Some((*self.files.get(&plain.key)?, plain))
    }

    /// A deed is about to be done: the power may go instead; or the file system answers that nothing may be changed.
    fn deed(&self) -> Result<Option<&'static Control>, c_int> {
        let control = control();
        if let Some(control) = control {
            if control.deed() {
                // SAFETY: this process itself.
                unsafe {
                    libc::kill(libc::getpid(), libc::SIGKILL);
                    loop {
                        libc::pause();
                    }
                }
            }
            if control.read_only() {
                return Err(libc::EROFS);
            }
        }
        Ok(control)
    }

    /// Opens a path in the watched folder.
    pub fn open(&mut self, path: &[u8], flags: c_int, open: impl FnOnce() -> c_int) -> c_int {
        let writes = flags & libc::O_ACCMODE != libc::O_RDONLY;
        let there = std::fs::symlink_metadata(std::ffi::OsStr::from_bytes(path)).is_ok();
        let makes = flags & libc::O_CREAT != 0 && !there;
        if writes || makes {
            match self.deed() {
                Err(errno) => return fail(errno),
                Ok(Some(control)) if makes && control.full() => return fail(libc::ENOSPC),
                Ok(_) => {}
            }
        }
        let fd = open();
        let Some(found) = (fd >= 0).then(|| plain(fd)).flatten() else {
            return fd;
        };
        let known = self.files.get(&found.key).copied();
        let emptied = flags & libc::O_TRUNC != 0 && writes;
        let file = match known {
            Some(file) if !makes => file,
            _ => {
                self.next += 1;
                self.files.insert(found.key, self.next);
                self.next
            }
        };
        if !makes {
            self.notice(path, found.key);
        }
        self.names.insert(path.to_vec(), found.key);
        // Every opening is written down: the same file may have another name by now.
        if let Some(trace) = &mut self.trace {
            trace.opened(file, makes, emptied, found.mode, path);
        }
        fd
    }

    /// Writes to a watched file; `None` for any other.
    pub fn write(&mut self, fd: c_int, bytes: &[u8], at: Option<off64_t>) -> Option<ssize_t> {
        let (file, plain) = self.file(fd)?;
        let control = match self.deed() {
            Ok(control) => control,
            Err(errno) => return Some(fail(errno) as ssize_t),
        };
        let mut count = bytes.len();
        if let Some(control) = control {
            if control.interrupted() {
                return Some(fail(libc::EINTR) as ssize_t);
            }
            if control.write_fails() {
                return Some(fail(libc::EIO) as ssize_t);
            }
            match control.room(count) {
                Some(room) => count = room,
                None => return Some(fail(libc::ENOSPC) as ssize_t),
            }
        }
        let start: *const c_void = bytes.as_ptr().cast();
        // SAFETY: the bytes are the caller's, and no more of them are written than there are.
        let (offset, wrote) = unsafe {
            match at {
                Some(at) => (at.cast_unsigned(), real::pwrite(fd, start, count, at)),
                None => {
                    let appends = libc::fcntl(fd, libc::F_GETFL) & libc::O_APPEND != 0;
                    let offset = if appends {
                        plain.len
                    } else {
                        libc::lseek64(fd, 0, libc::SEEK_CUR).cast_unsigned()
                    };
                    (offset, real::write(fd, start, count))
                }
            }
        };
        if let (Some(trace), Ok(done @ 1..)) = (&mut self.trace, usize::try_from(wrote)) {
            trace.written(file, offset, &bytes[..done]);
        }
        Some(wrote)
    }

    /// Syncs a watched file or folder; `None` for any other.
    pub fn sync(&mut self, fd: c_int, sync: impl FnOnce() -> c_int) -> Option<c_int> {
        let file = self.file(fd).map(|(file, _)| file);
        let folder = match file {
            Some(_) => None,
            None if plain(fd).is_some() => return None,
            None => Some(name_of(fd).filter(|name| self.covers(name))?),
        };
        let control = match self.deed() {
            Ok(control) => control,
            // A read-only file system has nothing to sync.
            Err(_) => return Some(0),
        };
        if control.is_some_and(Control::interrupted) {
            return Some(fail(libc::EINTR));
        }
        let failed = control.is_some_and(Control::sync_fails);
        if let Some(folder) = &folder {
            self.look_through(folder);
        }
        let answer = match &mut self.trace {
            Some(trace) => {
                match (file, folder) {
                    (Some(file), _) => trace.synced(file, failed),
                    (None, Some(folder)) => trace.folder_synced(&folder, failed),
                    (None, None) => {}
                }
                0
            }
            None if failed => 0,
            None => sync(),
        };
        Some(if failed { fail(libc::EIO) } else { answer })
    }

    /// Sets the length of a watched file; `None` for any other.
    pub fn truncate(&mut self, fd: c_int, len: off64_t) -> Option<c_int> {
        let (file, _) = self.file(fd)?;
        if let Err(errno) = self.deed() {
            return Some(fail(errno));
        }
        // SAFETY: only numbers.
        let answer = unsafe { real::ftruncate(fd, len) };
        if let (Some(trace), 0) = (&mut self.trace, answer) {
            trace.length(file, len.cast_unsigned());
        }
        Some(answer)
    }

    /// Some libraries rename by a system call of their own, past this one: a known file under a new name, its old name
    /// gone, was renamed.
    fn notice(&mut self, path: &[u8], key: (u64, u64)) {
        if self.names.get(path) == Some(&key) {
            return;
        }
        let gone =
            |name: &[u8]| std::fs::symlink_metadata(std::ffi::OsStr::from_bytes(name)).is_err();
        let old = self
            .names
            .iter()
            .find(|(name, other)| **other == key && gone(name))
            .map(|(name, _)| name.clone());
        if let Some(old) = old {
            self.names.remove(&old);
            self.names.insert(path.to_vec(), key);
            if let Some(trace) = &mut self.trace {
                trace.renamed(&old, path);
            }
        }
    }

    /// What is in a folder when it is synced is what the sync makes durable.
    fn look_through(&mut self, folder: &[u8]) {
        use std::os::unix::fs::MetadataExt as _;
        let Ok(entries) = std::fs::read_dir(std::ffi::OsStr::from_bytes(folder)) else {
            return;
        };
        for entry in entries.flatten() {
            if let Ok(found) = entry.metadata()
                && found.is_file()
            {
                let path = entry.path().into_os_string().into_vec();
                self.notice(&path, (found.dev(), found.ino()));
            }
        }
    }

    /// A known file has another name.
    pub fn moved(&mut self, from: &[u8], to: &[u8]) {
        if let Some(key) = self.names.remove(from) {
            self.names.insert(to.to_vec(), key);
        }
    }

    /// A name is gone.
    pub fn forgotten(&mut self, path: &[u8]) {
        self.names.remove(path);
    }

    /// Changes names in the watched folder: does the deed and, if it succeeds, has it written down.
    pub fn rename_or_remove(
        &mut self,
        deed: impl FnOnce() -> c_int,
        entry: impl FnOnce(&mut Trace),
    ) -> c_int {
        if let Err(errno) = self.deed() {
            return fail(errno);
        }
        let answer = deed();
        if let (Some(trace), 0) = (&mut self.trace, answer) {
            entry(trace);
        }
        answer
    }

    /// Whether a descriptor is a watched file.
    pub fn has(&self, fd: c_int) -> bool {
        self.file(fd).is_some()
    }
}
