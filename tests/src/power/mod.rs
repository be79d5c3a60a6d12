//! Power cuts for real processes: what a node's folder holds when the power goes at any moment.
//!
//! ```text
//! preload.rs   the library that writes down what the process does (tests/preload), and its switches
//! trace.rs     what it wrote down
//! model.rs     a disk that keeps what was synced, and of the rest what chance leaves
//! rounds.rs    two nodes under load, cut or killed again and again
//! ```
//!
//! The process runs on the real file system. When it is dead, its folder is thrown away and made again as the model
//! says: un-synced sectors dropped, kept or of an older state, un-synced names lost, in any mixture.

pub mod model;
pub mod preload;
pub mod rounds;
pub mod trace;

use std::path::Path;

/// Copies a folder's files and folders, with who may read them.
///
/// # Errors
/// One cannot be read or written.
pub fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// An empty folder, in memory where the machine offers that: for what does not depend on how long a sync takes.
///
/// # Errors
/// It cannot be made.
pub fn quick_folder() -> std::io::Result<tempfile::TempDir> {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())
}
