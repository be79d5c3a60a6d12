//! The functions that stand in front of the C library's.

use crate::control::control;
use crate::real;
use crate::trace::Trace;
use crate::watch::{Watch, absolute, fail, watch};
use libc::{
    AT_FDCWD, c_char, c_int, c_uint, c_void, clockid_t, iovec, mode_t, off64_t, size_t, ssize_t,
    timespec,
};
use std::os::unix::ffi::OsStrExt as _;
use std::sync::MutexGuard;

/// Where the machine says in which boot it is.
const BOOT_ID: &[u8] = b"/proc/sys/kernel/random/boot_id";

fn opened(
    folder: c_int,
    path: *const c_char,
    flags: c_int,
    open: impl FnOnce(*const c_char) -> c_int,
) -> c_int {
    let whole = absolute(folder, path);
    if whole == BOOT_ID
        && let Some(other) = std::env::var_os("HOTLINE_PRELOAD_BOOT")
        && let Ok(other) = std::ffi::CString::new(other.as_bytes())
    {
        return open(other.as_ptr());
    }
    match watch().filter(|watch| watch.covers(&whole)) {
        Some(mut watch) => watch.open(&whole, flags, || open(path)),
        None => open(path),
    }
}

/// Declared with a fixed third argument: on the platforms of this library it lies where a variadic one would.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    // SAFETY: as the caller promises the C function.
    opened(AT_FDCWD, path, flags, |path| unsafe {
        real::open(path, flags, mode)
    })
}

/// As [`open`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    // SAFETY: as the caller promises the C function.
    opened(AT_FDCWD, path, flags, |path| unsafe {
        real::open(path, flags, mode)
    })
}

/// As [`open`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn openat(
    folder: c_int,
    path: *const c_char,
    flags: c_int,
    mode: c_uint,
) -> c_int {
    // SAFETY: as the caller promises the C function.
    opened(folder, path, flags, |path| unsafe {
        real::openat(folder, path, flags, mode)
    })
}

/// As [`open`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn openat64(
    folder: c_int,
    path: *const c_char,
    flags: c_int,
    mode: c_uint,
) -> c_int {
    // SAFETY: as the caller promises the C function.
    opened(folder, path, flags, |path| unsafe {
        real::openat(folder, path, flags, mode)
    })
}

/// The caller's bytes.
unsafe fn bytes<'a>(start: *const c_void, count: size_t) -> &'a [u8] {
    if count == 0 {
        return &[];
    }
    // SAFETY: as the caller promises `write`.
    unsafe { std::slice::from_raw_parts(start.cast(), count) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn write(fd: c_int, start: *const c_void, count: size_t) -> ssize_t {
    // SAFETY: as the caller promises the C function.
    unsafe {
        watch()
            .and_then(|mut watch| watch.write(fd, bytes(start, count), None))
            .unwrap_or_else(|| real::write(fd, start, count))
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite64(
    fd: c_int,
    start: *const c_void,
    count: size_t,
    at: off64_t,
) -> ssize_t {
    // SAFETY: as the caller promises the C function.
    unsafe {
        watch()
            .and_then(|mut watch| watch.write(fd, bytes(start, count), Some(at)))
            .unwrap_or_else(|| real::pwrite(fd, start, count, at))
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite(
    fd: c_int,
    start: *const c_void,
    count: size_t,
    at: off64_t,
) -> ssize_t {
    // SAFETY: as the caller promises the C function.
    unsafe { pwrite64(fd, start, count, at) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn writev(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    // SAFETY: as the caller promises the C function.
    unsafe {
        let Some(mut watch) = watch().filter(|watch| watch.has(fd)) else {
            return real::writev(fd, parts, count);
        };
        let mut whole = Vec::new();
        for part in 0..usize::try_from(count).unwrap_or(0) {
            let part = &*parts.add(part);
            whole.extend_from_slice(bytes(part.iov_base, part.iov_len));
        }
        watch.write(fd, &whole, None).unwrap_or(-1)
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fsync(fd: c_int) -> c_int {
    // SAFETY: only numbers.
    let sync = || unsafe { real::fsync(fd) };
    watch()
        .and_then(|mut watch| watch.sync(fd, sync))
        .unwrap_or_else(sync)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fdatasync(fd: c_int) -> c_int {
    // SAFETY: only numbers.
    let sync = || unsafe { real::fdatasync(fd) };
    watch()
        .and_then(|mut watch| watch.sync(fd, sync))
        .unwrap_or_else(sync)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ftruncate64(fd: c_int, len: off64_t) -> c_int {
    watch()
        .and_then(|mut watch| watch.truncate(fd, len))
        // SAFETY: only numbers.
        .unwrap_or_else(|| unsafe { real::ftruncate(fd, len) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ftruncate(fd: c_int, len: off64_t) -> c_int {
    // SAFETY: as the caller promises the C function.
    unsafe { ftruncate64(fd, len) }
}

/// The watch, where it covers a path.
fn watching(path: &[u8]) -> Option<MutexGuard<'static, Watch>> {
    watch().filter(|watch| watch.covers(path))
}

/// A change of one name.
fn named(
    path: &[u8],
    deed: impl FnOnce() -> c_int,
    entry: impl FnOnce(&mut Trace, &[u8]),
) -> c_int {
    match watching(path) {
        Some(mut watch) => {
            let answer = watch.rename_or_remove(deed, |trace| entry(trace, path));
            if answer == 0 {
                watch.forgotten(path);
            }
            answer
        }
        None => deed(),
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    let (old, new) = (absolute(AT_FDCWD, from), absolute(AT_FDCWD, to));
    // SAFETY: as the caller promises the C function.
    let deed = || unsafe { real::rename(from, to) };
    match watching(&new) {
        Some(mut watch) => {
            let answer = watch.rename_or_remove(deed, |trace| trace.renamed(&old, &new));
            if answer == 0 {
                watch.moved(&old, &new);
            }
            answer
        }
        None => deed(),
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    // SAFETY: as the caller promises the C function.
    let deed = || unsafe { real::unlink(path) };
    named(&absolute(AT_FDCWD, path), deed, Trace::removed)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn unlinkat(folder: c_int, path: *const c_char, flags: c_int) -> c_int {
    // SAFETY: as the caller promises the C function.
    let deed = || unsafe { real::unlinkat(folder, path, flags) };
    let entry = if flags & libc::AT_REMOVEDIR == 0 {
        Trace::removed
    } else {
        Trace::folder_removed
    };
    named(&absolute(folder, path), deed, entry)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mkdir(path: *const c_char, mode: mode_t) -> c_int {
    // SAFETY: as the caller promises the C function.
    let deed = || unsafe { real::mkdir(path, mode) };
    named(&absolute(AT_FDCWD, path), deed, Trace::folder_made)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rmdir(path: *const c_char) -> c_int {
    // SAFETY: as the caller promises the C function.
    let deed = || unsafe { real::rmdir(path) };
    named(&absolute(AT_FDCWD, path), deed, Trace::folder_removed)
}

/// Copying within the system would pass the watch by: callers fall back to reading and writing.
#[unsafe(no_mangle)]
unsafe extern "C" fn copy_file_range(
    from: c_int,
    from_at: *mut off64_t,
    to: c_int,
    to_at: *mut off64_t,
    count: size_t,
    flags: c_uint,
) -> ssize_t {
    if watch().is_some_and(|watch| watch.has(to)) {
        return fail(libc::ENOSYS) as ssize_t;
    }
    // SAFETY: as the caller promises the C function.
    unsafe { real::copy_file_range(from, from_at, to, to_at, count, flags) }
}

/// As [`copy_file_range`].
#[unsafe(no_mangle)]
unsafe extern "C" fn sendfile64(
    to: c_int,
    from: c_int,
    at: *mut off64_t,
    count: size_t,
) -> ssize_t {
    if watch().is_some_and(|watch| watch.has(to)) {
        return fail(libc::ENOSYS) as ssize_t;
    }
    // SAFETY: as the caller promises the C function.
    unsafe { real::sendfile(to, from, at, count) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int {
    // SAFETY: as the caller promises the C function; it fills the struct where it answers 0.
    unsafe {
        let answer = real::clock_gettime(clock, time);
        let off_ms = match control() {
            Some(control) if answer == 0 && clock == libc::CLOCK_REALTIME => control.clock_off_ms(),
            _ => 0,
        };
        if off_ms != 0 {
            let ns = (*time).tv_nsec + off_ms.rem_euclid(1_000) * 1_000_000;
            (*time).tv_sec += off_ms.div_euclid(1_000) + ns / 1_000_000_000;
            (*time).tv_nsec = ns % 1_000_000_000;
        }
        answer
    }
}
