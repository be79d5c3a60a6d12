//! Making the view again: from a checkpoint and the facts behind it, into a new generation, switched at the end.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use super::checkpoint::{self, CHECKPOINT_DIR, CheckpointRows, Wanted};
use super::disk::Disk;
use super::log::LogReader;
use super::marks::Marks;
use super::open::{Made, generation_dir};
use super::report::ViewOutcome;
use super::view::{Direction, Engine, KeyRange, Op, Rows, Tree, View};
use super::{Fold, StoreError, ViewGrowth};

/// How many rows of a checkpoint are put at a time.
const LOAD_ROWS: usize = 512;

/// What a rebuild works on.
pub(super) struct Rebuild<'a> {
    pub disk: &'a Arc<dyn Disk>,
    pub engine: &'a dyn Engine,
    pub fold: &'a dyn Fold,
    pub marks: &'a Marks,
    pub dir: &'a Path,
    pub log: &'a LogReader,
    pub growth: Option<ViewGrowth>,
}

/// What becomes of the generation that another one follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Former {
    /// It is of no use any more and gives its room to the next one.
    Goes,
    /// It is whole and is removed once the next one stands.
    Stays,
}

impl Rebuild<'_> {
    /// Makes a new generation up to the log's end and switches to it. Until the switch the order to rebuild
    /// stands, so an interrupted rebuild is begun anew.
    pub fn run(&self, reason: String, former: Former) -> Result<Made, StoreError> {
        let before = self.marks.generation()?.map(|before| before.number);
        if let (Some(before), Former::Goes) = (before, former) {
            self.engine.remove(&generation_dir(self.dir, before))?;
        }
        let mut generation = before.map_or(1, |before| before + 1);
        while self.engine.is_lost(&generation_dir(self.dir, generation)) {
            // What it left there is of no use to anybody.
            let _ = self.engine.remove(&generation_dir(self.dir, generation));
            generation += 1;
        }
        let dir = generation_dir(self.dir, generation);
        self.engine.remove(&dir)?;
        let view = self.engine.open(&dir)?;
        let outcome = self.fill(&*view, reason, before.is_none())?;
        view.set_layout(self.fold.layout())?;
        view.flush()?;
        self.marks.set_generation(generation, self.engine.name())?;
        self.marks.clear_rebuild()?;
        if let Some(before) = before {
            self.engine.remove(&generation_dir(self.dir, before))?;
        }
        Ok((view, outcome, None))
    }

    /// Why the view should be made anew although it is whole: what it takes on disk is mostly dead.
    pub fn outgrown(&self, view: &dyn View) -> Result<Option<String>, StoreError> {
        let Some(growth) = self.growth else {
            return Ok(None);
        };
        let bytes = view.stat().bytes;
        if bytes < growth.bytes_min {
            return Ok(None);
        }
        let dir = self.dir.join(CHECKPOINT_DIR);
        let Some(newest) = checkpoint::list(&**self.disk, &dir)?.pop() else {
            return Ok(None);
        };
        let path = checkpoint::path_of(&dir, newest);
        let live = self
            .disk
            .len(&path)
            .map_err(|e| StoreError::io("读取检查点", &path, e))?;
        let times = growth.times_max;
        Ok((bytes > live.saturating_mul(times)).then(|| {
            format!("视图占 {bytes} 字节，超过检查点（{live} 字节）的 {times} 倍，重建以收回空间")
        }))
    }

    fn fill(
        &self,
        view: &dyn View,
        reason: String,
        first: bool,
    ) -> Result<ViewOutcome, StoreError> {
        let last = self.log.last_commit();
        if first && last == 0 {
            return Ok(ViewOutcome::Begun);
        }
        let wanted = Wanted {
            node: self.log.node(),
            layout: self.fold.layout(),
            upto: last,
        };
        let dir = self.dir.join(CHECKPOINT_DIR);
        let found = checkpoint::find(self.disk, &dir, &wanted, &|commit_no| {
            checkpoint::chain_at(self.log, commit_no)
        })?;
        let mut from_checkpoint = 0;
        if let Some(rows) = &found.newest {
            load(view, rows)?;
            from_checkpoint = rows.head().commit_no;
        }
        let mut folded = 0;
        for record in self.log.read_from(from_checkpoint + 1)? {
            let record = record?;
            let ops = checkpoint::folded_ops(self.fold, view, record.no, &record.lasting)?;
            view.apply(record.no, &ops)?;
            folded += 1;
        }
        Ok(ViewOutcome::Rebuilt {
            reason,
            from_checkpoint,
            folded,
            refused: found.refused,
        })
    }
}

fn load(view: &dyn View, rows: &CheckpointRows) -> Result<(), StoreError> {
    let commit_no = rows.head().commit_no;
    let mut ops = Vec::with_capacity(LOAD_ROWS);
    for tree in Tree::ALL {
        let mut outcome = Ok(());
        rows.scan(
            tree,
            KeyRange::ALL,
            Direction::Up,
            usize::MAX,
            &mut |key, value| {
                ops.push(Op::put(tree, key, value));
                if ops.len() == LOAD_ROWS {
                    outcome = view.apply(commit_no, &std::mem::take(&mut ops));
                }
                if outcome.is_ok() {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            },
        )?;
        outcome?;
    }
    Ok(view.apply(commit_no, &ops)?)
}
