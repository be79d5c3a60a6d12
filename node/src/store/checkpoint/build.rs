//! Making a checkpoint from the one before and the log.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use super::format::{CheckpointHead, Writer};
use super::overlay::Overlay;
use super::rows::CheckpointRows;
use super::{Found, Wanted, find};
use crate::store::disk::Disk;
use crate::store::log::LogReader;
use crate::store::view::{Direction, KeyRange, MemView, Rows, Tree, check_bounds};
use crate::store::{ChainHash, CommitNo, Fold, StoreError};

/// Makes checkpoints; works beside the committer and never stops it.
pub struct Builder {
    /// Where checkpoints and log lie.
    pub disk: Arc<dyn Disk>,
    /// The folder of the checkpoints.
    pub dir: PathBuf,
    /// The log.
    pub log: LogReader,
    /// Tells what records mean.
    pub fold: Arc<dyn Fold>,
    /// Above so many bytes of changes in memory, an intermediate checkpoint is written.
    pub memory_bytes_max: usize,
}

/// What a [`Builder`] did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Built {
    /// The newest checkpoint's commit; 0 where there is none.
    pub commit_no: CommitNo,
    /// How many checkpoints were written.
    pub written: u32,
    /// How many commits were folded.
    pub folded: u64,
    /// Why checkpoints were passed over, a sentence each.
    pub refused: Vec<String>,
}

impl Builder {
    /// Brings the checkpoints up to this commit, where they are not there yet.
    ///
    /// # Errors
    /// A record that cannot be folded; damage in the log; a full or failing disk. Whole checkpoints stay.
    pub fn build(&self, upto: CommitNo) -> Result<Built, StoreError> {
        let parent = self.dir.parent().unwrap_or(&self.dir);
        let made = self
            .disk
            .create_dir(&self.dir)
            .and_then(|()| self.disk.sync_dir(parent));
        made.map_err(|e| StoreError::io("新建检查点目录", &self.dir, e))?;
        let Found {
            mut newest,
            refused,
        } = self.newest(upto)?;
        let mut built = Built {
            refused,
            ..Built::default()
        };
        loop {
            built.commit_no = newest.as_ref().map_or(0, |rows| rows.head().commit_no);
            if built.commit_no >= upto {
                return Ok(built);
            }
            let (commit_no, folded) = self.step(newest.as_ref(), built.commit_no, upto)?;
            built.written += 1;
            built.folded += folded;
            let path = super::path_of(&self.dir, commit_no);
            newest = Some(CheckpointRows::open(&*self.disk, &path, self.log.node())?);
        }
    }

    fn newest(&self, upto: CommitNo) -> Result<Found, StoreError> {
        let wanted = Wanted {
            node: self.log.node(),
            layout: self.fold.layout(),
            upto,
        };
        find(&self.disk, &self.dir, &wanted, &|commit_no| {
            chain_at(&self.log, commit_no)
        })
    }

    /// Writes one checkpoint over `base`; returns its commit and how many records went into it.
    fn step(
        &self,
        base: Option<&CheckpointRows>,
        base_no: CommitNo,
        upto: CommitNo,
    ) -> Result<(CommitNo, u64), StoreError> {
        let nothing = MemView::new();
        let below: &dyn Rows = match base {
            Some(rows) => rows,
            None => &nothing,
        };
        let mut overlay = Overlay::new(below);
        let (mut commit_no, mut hash, mut folded) = (base_no, ChainHash::default(), 0);
        for record in self.log.read_from(base_no + 1)? {
            let record = record?;
            overlay.apply(folded_ops(
                &*self.fold,
                &overlay,
                record.no,
                &record.lasting,
            )?);
            (commit_no, hash) = (record.no, record.hash);
            folded += 1;
            if commit_no == upto || overlay.bytes() > self.memory_bytes_max {
                break;
            }
        }
        let head = CheckpointHead {
            node: self.log.node().to_owned(),
            layout: self.fold.layout(),
            commit_no,
            hash,
        };
        let mut writer = Writer::begin(&*self.disk, &self.dir, &head)?;
        for tree in Tree::ALL {
            let mut outcome = Ok(());
            overlay.scan(
                tree,
                KeyRange::ALL,
                Direction::Up,
                usize::MAX,
                &mut |key, value| {
                    outcome = writer.put(tree, key, value);
                    if outcome.is_ok() {
                        ControlFlow::Continue(())
                    } else {
                        ControlFlow::Break(())
                    }
                },
            )?;
            outcome?;
        }
        writer.finish()?;
        Ok((commit_no, folded))
    }
}

/// A record's changes, checked.
pub(crate) fn folded_ops(
    fold: &dyn Fold,
    rows: &dyn Rows,
    commit_no: CommitNo,
    lasting: &[u8],
) -> Result<Vec<crate::store::Op>, StoreError> {
    let ops = fold
        .fold(rows, commit_no, lasting)
        .map_err(|reason| StoreError::Fold { commit_no, reason })?;
    check_bounds(&ops).map_err(|error| StoreError::Fold {
        commit_no,
        reason: error.to_string(),
    })?;
    Ok(ops)
}

/// The chain's value after a commit that the log holds.
pub(crate) fn chain_at(log: &LogReader, commit_no: CommitNo) -> Result<ChainHash, StoreError> {
    if commit_no == 0 {
        return Ok(crate::store::log::genesis(log.node()));
    }
    let no_such = StoreError::NoSuchCommit {
        commit_no,
        first: 1,
        last: log.last_commit(),
    };
    Ok(log.read_from(commit_no)?.next().ok_or(no_such)??.hash)
}
