//! Upkeep of a simulated node, as the shell does it in the background: a checkpoint of the closed segments, these
//! without their redo parts, and no older checkpoints.

use super::node::{LOG, Node};
use super::table::Table;
use hotline::codec::commit::LAYOUT;
use hotline::codec::folder::Folder;
use hotline::codec::{key, row};
use hotline::store::checkpoint::{self, Builder, CheckpointRows, Wanted};
use hotline::store::disk::Disk;
use hotline::store::log::{Log, strip_segment};
use hotline::store::view::{Direction, KeyRange};
use hotline::store::{CommitNo, Rows as _, StoreError, Tree};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// Where checkpoints lie.
const CHECKPOINTS: &str = "/node/checkpoint";
/// Small, so that intermediate checkpoints are written too.
const MEMORY_BYTES: usize = 64 << 10;

/// One round.
///
/// # Errors
/// What the disk, or damage, answers.
pub fn run(node: &Node) -> Result<(), StoreError> {
    let Some(log) = &node.log else { return Ok(()) };
    let disk: Arc<dyn Disk> = Arc::new(node.disk.clone());
    let builder = Builder {
        disk: disk.clone(),
        dir: CHECKPOINTS.into(),
        log: log.reader(),
        fold: Arc::new(Folder::new(node.region)),
        memory_bytes_max: MEMORY_BYTES,
    };
    let segments = log.reader().segments()?;
    let closed = segments.iter().filter_map(|segment| segment.last).max();
    let built = builder.build(closed.unwrap_or(0))?;
    for segment in segments {
        let covered = segment.last.is_some_and(|last| last <= built.commit_no);
        if covered && !segment.stripped {
            strip_segment(&*disk, Path::new(LOG), segment.first)?;
        }
    }
    checkpoint::prune(&*disk, Path::new(CHECKPOINTS), built.commit_no)?;
    Ok(())
}

/// The newest checkpoint that fits the log: its commit, and what it says.
///
/// # Errors
/// A checkpoint that is whole and cannot be read, in words.
pub fn newest(node: &Node, log: &Log) -> Result<Option<(CommitNo, Table)>, String> {
    let disk: Arc<dyn Disk> = Arc::new(node.disk.clone());
    let wanted = Wanted {
        node: node.region.as_str(),
        layout: LAYOUT,
        upto: log.last_commit(),
    };
    let chain_at = |no: CommitNo| {
        let mut records = log.read_from(no)?;
        Ok(records
            .next()
            .transpose()?
            .map_or([0; 32], |record| record.hash))
    };
    let found = checkpoint::find(&disk, Path::new(CHECKPOINTS), &wanted, &chain_at)
        .map_err(|error| error.to_string())?;
    found
        .newest
        .map(|rows| Ok((rows.head().commit_no, table(&rows)?)))
        .transpose()
}

fn table(rows: &CheckpointRows) -> Result<Table, String> {
    let mut table = Table::default();
    for tree in Tree::ALL {
        let mut failed = None;
        let mut visit = |at: &[u8], value: &[u8]| {
            let decoded = key::decode(tree, at).and_then(|at| Ok((at, row::decode(value)?)));
            match decoded {
                Ok((at, row)) => table.apply([(at, Some(row))]),
                Err(error) => failed = Some(error.to_string()),
            }
            ControlFlow::Continue(())
        };
        let all = KeyRange {
            from: &[],
            to: None,
        };
        rows.scan(tree, all, Direction::Up, usize::MAX, &mut visit)
            .map_err(|error| error.to_string())?;
        if let Some(words) = failed {
            return Err(words);
        }
    }
    Ok(table)
}
