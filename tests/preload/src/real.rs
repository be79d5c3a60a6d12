//! The C library's own functions, behind the ones that stand in front of them.

use libc::{
    c_char, c_int, c_uint, c_void, clockid_t, iovec, mode_t, off64_t, size_t, ssize_t, timespec,
};
use std::ffi::CStr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// Looked up once; a symbol that is missing ends the process, for nothing could be said of it then.
fn find(slot: &AtomicPtr<c_void>, name: &CStr) -> *mut c_void {
    let known = slot.load(Ordering::Acquire);
    if !known.is_null() {
        return known;
    }
    // SAFETY: the name is a C string; the handle is the one that dlsym reserves for "the next library".
    let found = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
    if found.is_null() {
        std::process::abort();
    }
    slot.store(found, Ordering::Release);
    found
}

macro_rules! real {
    ($($name:ident = $symbol:literal ($($arg:ident: $kind:ty),*) -> $answer:ty;)*) => {$(
        /// The C library's function of this name.
        pub unsafe fn $name($($arg: $kind),*) -> $answer {
            static SLOT: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
            let found = find(&SLOT, $symbol);
            // SAFETY: the symbol is the C library's, and this is its signature.
            let function: unsafe extern "C" fn($($kind),*) -> $answer =
                unsafe { std::mem::transmute(found) };
            // SAFETY: the caller's promises are those of the C function.
            unsafe { function($($arg),*) }
        }
    )*};
}

real! {
    open = c"open64" (path: *const c_char, flags: c_int, mode: c_uint) -> c_int;
    openat = c"openat64" (folder: c_int, path: *const c_char, flags: c_int, mode: c_uint) -> c_int;
    write = c"write" (fd: c_int, bytes: *const c_void, count: size_t) -> ssize_t;
    pwrite = c"pwrite64" (fd: c_int, bytes: *const c_void, count: size_t, at: off64_t) -> ssize_t;
    writev = c"writev" (fd: c_int, parts: *const iovec, count: c_int) -> ssize_t;
    fsync = c"fsync" (fd: c_int) -> c_int;
    fdatasync = c"fdatasync" (fd: c_int) -> c_int;
    ftruncate = c"ftruncate64" (fd: c_int, len: off64_t) -> c_int;
    rename = c"rename" (from: *const c_char, to: *const c_char) -> c_int;
    unlink = c"unlink" (path: *const c_char) -> c_int;
    unlinkat = c"unlinkat" (folder: c_int, path: *const c_char, flags: c_int) -> c_int;
    mkdir = c"mkdir" (path: *const c_char, mode: mode_t) -> c_int;
    rmdir = c"rmdir" (path: *const c_char) -> c_int;
    copy_file_range = c"copy_file_range" (from: c_int, from_at: *mut off64_t, to: c_int, to_at: *mut off64_t, count: size_t, flags: c_uint) -> ssize_t;
    sendfile = c"sendfile64" (to: c_int, from: c_int, at: *mut off64_t, count: size_t) -> ssize_t;
    clock_gettime = c"clock_gettime" (clock: clockid_t, time: *mut timespec) -> c_int;
}
