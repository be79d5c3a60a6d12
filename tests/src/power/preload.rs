//! The preloaded library of a node, and its switches.

use crate::processes::built;
use std::ffi::OsString;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// For ever, without bound.
pub const ALWAYS: u64 = u64::MAX;

/// What can be switched while the process runs; the words of `tests/preload/src/control.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Switch {
    /// So many syncs fail.
    SyncsFail = 0,
    /// So many bytes may still be written.
    Room = 1,
    /// Every so manieth write is cut short.
    ShortWrites = 2,
    /// Every so manieth write or sync is interrupted.
    Interrupts = 3,
    /// Milliseconds by which the wall clock is off, as two's complement.
    ClockOff = 4,
    /// The power goes before the so manieth deed.
    CutAt = 5,
    /// Deeds so far.
    Deeds = 6,
    /// So many writes fail.
    WritesFail = 7,
    /// Nothing may be changed.
    ReadOnly = 8,
}

/// The library as one node has it.
#[derive(Debug, Clone)]
pub struct Preload {
    library: PathBuf,
    /// The folder that is watched.
    pub root: PathBuf,
    own: PathBuf,
    traced: bool,
}

impl Preload {
    /// Watches `root`; `own` is a folder for trace and switches, outside of it. Without a trace syncs reach the disk.
    ///
    /// # Errors
    /// The library does not build, or the folders cannot be made.
    pub fn new(root: &Path, own: &Path, traced: bool) -> anyhow::Result<Self> {
        std::fs::create_dir_all(root)?;
        std::fs::create_dir_all(own)?;
        let preload = Self {
            library: library(),
            root: root.canonicalize()?,
            own: own.canonicalize()?,
            traced,
        };
        preload.begin()?;
        Ok(preload)
    }

    /// All switches off, and an empty trace: before each start of the process.
    ///
    /// # Errors
    /// The files cannot be written.
    pub fn begin(&self) -> anyhow::Result<()> {
        std::fs::write(self.own.join("control"), [0; 128])?;
        self.set(Switch::Room, ALWAYS)?;
        std::fs::write(self.trace(), [])?;
        if !self.own.join("boot").exists() {
            self.boot(0)?;
        }
        Ok(())
    }

    /// The machine's boot id as the process will read it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn boot(&self, number: u64) -> anyhow::Result<()> {
        Ok(std::fs::write(
            self.own.join("boot"),
            format!("boot-{number}\n"),
        )?)
    }

    /// What the process needs in its environment.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        let mut all = vec![
            ("LD_PRELOAD", self.library.clone().into()),
            ("HOTLINE_PRELOAD_DIR", self.root.clone().into()),
            ("HOTLINE_PRELOAD_CONTROL", self.own.join("control").into()),
            ("HOTLINE_PRELOAD_BOOT", self.own.join("boot").into()),
        ];
        if self.traced {
            all.push(("HOTLINE_PRELOAD_TRACE", self.trace().into()));
        }
        all
    }

    /// Where the trace lies.
    #[must_use]
    pub fn trace(&self) -> PathBuf {
        self.own.join("trace")
    }

    /// Sets a switch, for a running process too.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn set(&self, switch: Switch, value: u64) -> anyhow::Result<()> {
        let file = std::fs::File::options()
            .write(true)
            .open(self.own.join("control"))?;
        Ok(file.write_all_at(&value.to_ne_bytes(), switch as u64 * 8)?)
    }

    /// Reads a switch.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn get(&self, switch: Switch) -> anyhow::Result<u64> {
        let mut word = [0; 8];
        std::fs::File::open(self.own.join("control"))?
            .read_exact_at(&mut word, switch as u64 * 8)?;
        Ok(u64::from_ne_bytes(word))
    }
}

/// The library, built once from its sources.
fn library() -> PathBuf {
    built(
        &["--package", "hotline-preload", "--lib"],
        "libhotline_preload.so",
    )
}
