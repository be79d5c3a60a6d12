//! The numbers that a test sets while the program runs: a file of eight-byte words in the machine's order, mapped here.
//!
//! | word | meaning |
//! | --- | --- |
//! | 0 | so many syncs fail with EIO; all ones: every one |
//! | 1 | so many bytes may still be written, then the disk is full; all ones: no bound |
//! | 2 | every so manieth write is cut short; 0: none |
//! | 3 | every so manieth write or sync is interrupted (EINTR); 0: none |
//! | 4 | milliseconds by which the wall clock is off, signed |
//! | 5 | the power goes before the so manieth deed; 0: never |
//! | 6 | deeds so far (written here, read by the test) |
//! | 7 | so many writes fail with EIO; all ones: every one |
//! | 8 | not 0: the file system is read-only |

use crate::real;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Words in the file.
const WORDS: usize = 16;
/// For ever, without bound.
pub const ALWAYS: u64 = u64::MAX;

/// The words, as named above.
pub struct Control {
    words: &'static [AtomicU64; WORDS],
}

/// The control of this process; `None` without a file.
pub fn control() -> Option<&'static Control> {
    static CONTROL: OnceLock<Option<Control>> = OnceLock::new();
    CONTROL.get_or_init(open).as_ref()
}

fn open() -> Option<Control> {
    let path = std::env::var_os("HOTLINE_PRELOAD_CONTROL")?;
    let path = std::ffi::CString::new(path.as_bytes()).ok()?;
    // SAFETY: a C string; the descriptor is used below only.
    let fd = unsafe { real::open(path.as_ptr(), libc::O_RDWR | libc::O_CLOEXEC, 0) };
    if fd < 0 {
        return None;
    }
    let bytes = WORDS * size_of::<AtomicU64>();
    let both = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a fresh shared mapping of a file that the test made long enough, never unmapped, so the reference lives
    // for ever; whoever writes to the file writes whole words.
    unsafe {
        let at = libc::mmap(std::ptr::null_mut(), bytes, both, libc::MAP_SHARED, fd, 0);
        libc::close(fd);
        if at == libc::MAP_FAILED {
            return None;
        }
        Some(Control {
            words: &*at.cast::<[AtomicU64; WORDS]>(),
        })
    }
}

impl Control {
    /// Counts a deed; true when the power goes before it.
    pub fn deed(&self) -> bool {
        let before = self.words[6].fetch_add(1, Ordering::SeqCst);
        let cut_at = self.words[5].load(Ordering::SeqCst);
        cut_at != 0 && before + 1 >= cut_at
    }

    /// Deeds so far.
    pub fn deeds(&self) -> u64 {
        self.words[6].load(Ordering::SeqCst)
    }

    /// Whether this sync fails.
    pub fn sync_fails(&self) -> bool {
        self.one_of(0)
    }

    /// Whether this write fails.
    pub fn write_fails(&self) -> bool {
        self.one_of(7)
    }

    /// Whether nothing may be changed.
    pub fn read_only(&self) -> bool {
        self.words[8].load(Ordering::SeqCst) != 0
    }

    /// Whether this call is interrupted.
    pub fn interrupted(&self) -> bool {
        self.every(3)
    }

    /// How many of these bytes this write writes; `None`: the disk is full.
    pub fn room(&self, wanted: usize) -> Option<usize> {
        let short = if wanted > 1 && self.every(2) {
            wanted / 2
        } else {
            wanted
        };
        let left = self.words[1].load(Ordering::SeqCst);
        if left == ALWAYS {
            return Some(short);
        }
        let now = short.min(usize::try_from(left).unwrap_or(usize::MAX));
        self.words[1].store(left - now as u64, Ordering::SeqCst);
        (now > 0 || wanted == 0).then_some(now)
    }

    /// Whether there is no room at all, not even for a name.
    pub fn full(&self) -> bool {
        self.words[1].load(Ordering::SeqCst) == 0
    }

    /// By how many milliseconds the wall clock is off.
    pub fn clock_off_ms(&self) -> i64 {
        self.words[4].load(Ordering::SeqCst).cast_signed()
    }

    /// Takes one from a word that counts down.
    fn one_of(&self, word: usize) -> bool {
        let left = self.words[word].load(Ordering::SeqCst);
        if left != 0 && left != ALWAYS {
            self.words[word].store(left - 1, Ordering::SeqCst);
        }
        left != 0
    }

    /// True every so manieth time; the calls of each word are counted in the upper half of the file.
    fn every(&self, word: usize) -> bool {
        let every = self.words[word].load(Ordering::SeqCst);
        every != 0
            && (self.words[word + 8].fetch_add(1, Ordering::SeqCst) + 1).is_multiple_of(every)
    }
}
