//! The node's memory: a commit log that is the truth and the acknowledgement, a view behind it that can always
//! be rebuilt, checkpoints that shorten the rebuilding, and a file of keys for personal fields.
//!
//! The store works on bytes. It knows nothing of tickets: what a record means is told to it by a [`Fold`].
//!
//! ```text
//!  append(lasting, ops) ──► log buffer ──sync: one write, one fdatasync──► segment file = durable, acknowledged
//!                                                   │ afterwards
//!                                                   ▼
//!                                        view.apply(commit no, ops)      nine ordered trees, blind puts
//!
//!  open: lock ─ marks ─ log (verify, cut a torn tail) ─ keys ─ view: as it is │ replay redo │ rebuild by folding
//!  background: closed segments + checkpoint ──fold──► next checkpoint ──► strip redo of what it covers
//! ```
//!
//! The folder: `LOCK`, `CLEAN` (closed in order, at which commit), `BOOT` (the machine's boot while open), `CURRENT`
//! (the view's generation and its engine), `SEGMENT` (the log's last one), `REBUILD` (the view is not to be trusted, and why), `UPKEEP` (a lock of the background
//! work), `BACKUPS` (which backups were made), `RESTORING` (being filled from a backup), `RESTORED` (put back on purpose), `keys.dat`, `log/`, `checkpoint/`, `view-<generation>/`.
//!
//! To add an engine for the view, write a [`view::Engine`] and a [`view::View`] beside `view/sled.rs`, run
//! `view/conformance.rs` and `tests/engines.rs` over it, and name it in `config/store.rs` (behind [`view::Apart`] if it
//! has threads or files of its own). To change a file's format, raise its version constant, keep the old decoder,
//! and add a file of the old form to the tests.

pub mod checkpoint;
mod commit;
pub mod disk;
mod error;
pub mod keys;
pub mod log;
mod marks;
mod open;
mod rebuild;
mod report;
mod room;
#[cfg(test)]
mod test_support;
#[cfg(test)]
mod tests;
pub mod tool;
mod upkeep;
pub mod view;
mod whole;

pub use commit::{Parts, Store, StoreSettings, ViewGrowth};
pub use error::StoreError;
pub use marks::{CleanClose, Generation, Restored, machine_boot_id};
pub use report::{OpenReport, ViewOutcome};
pub use room::has_room;
pub use upkeep::{Upkeep, UpkeepReport};
pub use view::{Op, Rows, Tree};
pub use whole::{Folder, look};

/// The number of a commit: 1 for a node's first, then without gaps.
pub type CommitNo = u64;

/// The value of the hash chain after a commit.
pub type ChainHash = [u8; 32];

/// Turns a record's lasting part into what changes in the view. Used when the view is rebuilt and when a
/// checkpoint is made; never in ordinary running, where the committer hands over the changes itself.
///
/// Law: for every commit, `fold(state before, lasting)` yields changes with the same outcome as those which were
/// handed to [`view::View::apply`] when it was made. A fact carries everything decided, so folding calls no rule,
/// reads no clock and draws no random number.
pub trait Fold: Send + Sync + 'static {
    /// The number of the view's layout that this fold writes; another number means that the view is rebuilt.
    fn layout(&self) -> u32;

    /// The changes that the record's facts make, in the order in which they apply.
    ///
    /// # Errors
    /// A sentence for the operator when the record cannot be understood.
    fn fold(&self, rows: &dyn Rows, commit_no: CommitNo, lasting: &[u8])
    -> Result<Vec<Op>, String>;

    /// How many slots of the key file had been handed out when the record was written; 0 where it does not tell.
    fn slots(&self, _lasting: &[u8]) -> u64 {
        0
    }
}

/// Lower-case hexadecimal, for messages and manifests.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
