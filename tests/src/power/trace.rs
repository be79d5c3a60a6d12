//! Reading what the preloaded library wrote down; the format is in `tests/preload/src/trace.rs`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// One deed of the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// A file was opened; from now on `file` stands for it.
    Opened {
        /// The number.
        file: u32,
        /// It was made by this.
        made: bool,
        /// It was emptied by this.
        emptied: bool,
        /// Who may do what with it.
        mode: u32,
        /// Its name at that moment.
        path: PathBuf,
    },
    /// Bytes were written.
    Written {
        /// Where to.
        file: u32,
        /// From here on, in bytes.
        offset: u64,
        /// What.
        bytes: Vec<u8>,
    },
    /// A file's length was set.
    Length {
        /// Which.
        file: u32,
        /// In bytes.
        len: u64,
    },
    /// A file was synced.
    Synced {
        /// Which.
        file: u32,
        /// The system answered that it had not worked.
        failed: bool,
    },
    /// A folder was synced.
    FolderSynced {
        /// Which.
        path: PathBuf,
        /// The system answered that it had not worked.
        failed: bool,
    },
    /// A name went over to something else.
    Renamed {
        /// The old name.
        from: PathBuf,
        /// The new one.
        to: PathBuf,
    },
    /// A file's name is gone.
    Removed(PathBuf),
    /// A folder was made.
    FolderMade(PathBuf),
    /// A folder is gone.
    FolderRemoved(PathBuf),
}

/// A deed, and how many deeds the process had begun by then.
pub type Entry = (u64, Deed);

/// Reads a trace; an entry that the end of the process cut off is left out.
///
/// # Errors
/// The file cannot be read, or is no trace.
pub fn read(path: &Path) -> anyhow::Result<Vec<Entry>> {
    let bytes = std::fs::read(path)?;
    let (mut rest, mut entries) = (bytes.as_slice(), Vec::new());
    while let Some((len, after)) = rest.split_first_chunk::<4>() {
        let Some((entry, after)) = after.split_at_checked(u32::from_be_bytes(*len) as usize) else {
            break;
        };
        let Some(entry) = decode(entry) else {
            anyhow::bail!("{}: no trace: {entry:?}", path.display());
        };
        entries.push(entry);
        rest = after;
    }
    Ok(entries)
}

fn decode(entry: &[u8]) -> Option<Entry> {
    let ([kind], rest) = entry.split_first_chunk::<1>()?;
    let (at, rest) = rest.split_first_chunk::<8>()?;
    let path = |bytes: &[u8]| PathBuf::from(OsStr::from_bytes(bytes));
    let number = |bytes: &[u8]| {
        Some((
            u32::from_be_bytes(*bytes.first_chunk()?),
            bytes.get(4..)?.to_vec(),
        ))
    };
    let long = |bytes: &[u8]| Some(u64::from_be_bytes(*bytes.first_chunk()?));
    let deed = match kind {
        1 => {
            let (file, rest) = number(rest)?;
            let ([flags], rest) = rest.split_first_chunk::<1>()?;
            let (mode, rest) = number(rest)?;
            Deed::Opened {
                file,
                made: flags & 1 != 0,
                emptied: flags & 2 != 0,
                mode,
                path: path(&rest),
            }
        }
        2 => {
            let (file, rest) = number(rest)?;
            Deed::Written {
                file,
                offset: long(&rest)?,
                bytes: rest.get(8..)?.to_vec(),
            }
        }
        3 => {
            let (file, rest) = number(rest)?;
            Deed::Length {
                file,
                len: long(&rest)?,
            }
        }
        4 => {
            let (file, rest) = number(rest)?;
            Deed::Synced {
                file,
                failed: *rest.first()? != 0,
            }
        }
        5 => Deed::FolderSynced {
            failed: *rest.first()? != 0,
            path: path(rest.get(1..)?),
        },
        6 => {
            let (len, rest) = number(rest)?;
            let (from, to) = rest.split_at_checked(len as usize)?;
            Deed::Renamed {
                from: path(from),
                to: path(to),
            }
        }
        7 => Deed::Removed(path(rest)),
        8 => Deed::FolderMade(path(rest)),
        9 => Deed::FolderRemoved(path(rest)),
        _ => return None,
    };
    Some((u64::from_be_bytes(*at), deed))
}
