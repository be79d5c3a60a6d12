//! The trace: one entry a deed, in the order in which they were done.
//!
//! ```text
//! entry   length u32 (of what follows) | kind u8 | deeds of the process so far u64 | by kind:
//!   1 opened    file u32 | flags u8 (1 made, 2 emptied) | mode u32 | path
//!   2 written   file u32 | offset u64 | bytes
//!   3 length    file u32 | length u64
//!   4 synced    file u32 | answer u8 (0 done, 1 failed)
//!   5 folder synced   answer u8 | path
//!   6 renamed   length of the first u32 | from | to
//!   7 removed   path
//!   8 folder made     path
//!   9 folder removed  path
//! ```
//! Numbers are big-endian, paths absolute. The last entry may be cut off where the process was killed.

use crate::control::{Control, control};
use crate::real;
use std::os::unix::ffi::OsStrExt as _;

/// An open trace.
pub struct Trace {
    fd: libc::c_int,
    entry: Vec<u8>,
}

impl Trace {
    /// The trace that the environment names, if it names one.
    pub fn open() -> Option<Self> {
        let path = std::env::var_os("HOTLINE_PRELOAD_TRACE")?;
        let path = std::ffi::CString::new(path.as_bytes()).ok()?;
        let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND | libc::O_CLOEXEC;
        // SAFETY: a C string.
        let fd = unsafe { real::open(path.as_ptr(), flags, 0o600) };
        (fd >= 0).then(|| Self {
            fd,
            entry: Vec::new(),
        })
    }

    /// A file was opened.
    pub fn opened(&mut self, file: u32, made: bool, emptied: bool, mode: u32, path: &[u8]) {
        let flags = u8::from(made) | u8::from(emptied) << 1;
        let (file, mode) = (file.to_be_bytes(), mode.to_be_bytes());
        self.put(1, &[&file, &[flags], &mode, path]);
    }

    /// Bytes were written.
    pub fn written(&mut self, file: u32, offset: u64, bytes: &[u8]) {
        self.put(2, &[&file.to_be_bytes(), &offset.to_be_bytes(), bytes]);
    }

    /// A file's length was set.
    pub fn length(&mut self, file: u32, len: u64) {
        self.put(3, &[&file.to_be_bytes(), &len.to_be_bytes()]);
    }

    /// A file was synced, or that failed.
    pub fn synced(&mut self, file: u32, failed: bool) {
        self.put(4, &[&file.to_be_bytes(), &[u8::from(failed)]]);
    }

    /// A folder was synced, or that failed.
    pub fn folder_synced(&mut self, path: &[u8], failed: bool) {
        self.put(5, &[&[u8::from(failed)], path]);
    }

    /// A name was given to something else.
    pub fn renamed(&mut self, from: &[u8], to: &[u8]) {
        let len = u32::try_from(from.len()).unwrap_or(0).to_be_bytes();
        self.put(6, &[&len, from, to]);
    }

    /// A file's name is gone.
    pub fn removed(&mut self, path: &[u8]) {
        self.put(7, &[path]);
    }

    /// A folder was made.
    pub fn folder_made(&mut self, path: &[u8]) {
        self.put(8, &[path]);
    }

    /// A folder is gone.
    pub fn folder_removed(&mut self, path: &[u8]) {
        self.put(9, &[path]);
    }

    fn put(&mut self, kind: u8, parts: &[&[u8]]) {
        let len: usize = 9 + parts.iter().map(|part| part.len()).sum::<usize>();
        self.entry.clear();
        self.entry
            .extend(u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
        self.entry.push(kind);
        let deeds = control().map_or(0, Control::deeds);
        self.entry.extend(deeds.to_be_bytes());
        parts.iter().for_each(|part| self.entry.extend(*part));
        let mut done = 0;
        while done < self.entry.len() {
            let rest = &self.entry[done..];
            // SAFETY: the bytes are this entry's.
            let wrote = unsafe { real::write(self.fd, rest.as_ptr().cast(), rest.len()) };
            match usize::try_from(wrote) {
                Ok(wrote) if wrote > 0 => done += wrote,
                // A trace with a hole would prove nothing.
                _ => std::process::abort(),
            }
        }
    }
}
