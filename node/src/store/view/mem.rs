//! A view in memory, for the simulation and for tests.

use std::collections::{BTreeMap, HashMap};
use std::ops::{Bound, ControlFlow};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::{
    Direction, Engine, KeyRange, Op, Rows, Tree, View, ViewError, ViewStat, Visit, check_bounds,
};
use crate::store::CommitNo;

type Trees = [BTreeMap<Vec<u8>, Vec<u8>>; Tree::ALL.len()];

/// A view of ordered maps.
#[derive(Default)]
pub struct MemView(RwLock<State>);

#[derive(Default, Clone, PartialEq, Eq, Debug)]
struct State {
    trees: Trees,
    commit_no: CommitNo,
    layout: Option<u32>,
}

impl State {
    fn put(&mut self, op: &Op) {
        let tree = &mut self.trees[op.tree as usize - 1];
        match &op.value {
            Some(value) => tree.insert(op.key.clone(), value.clone()),
            None => tree.remove(&op.key),
        };
    }
}

impl MemView {
    /// An empty view.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies only the first `count` changes and leaves the commit number alone: a process killed in between.
    pub fn apply_partly(&self, ops: &[Op], count: usize) {
        let mut state = self.write();
        ops.iter().take(count).for_each(|op| state.put(op));
    }
}

impl Rows for MemView {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(self.read().trees[tree as usize - 1].get(key).cloned())
    }

    fn scan(
        &self,
        tree: Tree,
        range: KeyRange<'_>,
        direction: Direction,
        limit: usize,
        visit: &mut Visit<'_>,
    ) -> Result<usize, ViewError> {
        let state = self.read();
        let rows = &state.trees[tree as usize - 1];
        if range.to.is_some_and(|to| to <= range.from) {
            return Ok(0);
        }
        let to = range.to.map_or(Bound::Unbounded, Bound::Excluded);
        let found = rows.range::<[u8], _>((Bound::Included(range.from), to));
        let hand_over = |rows: &mut dyn Iterator<Item = (&Vec<u8>, &Vec<u8>)>| {
            let mut count = 0;
            for (key, value) in rows.take(limit) {
                count += 1;
                if visit(key, value) == ControlFlow::Break(()) {
                    break;
                }
            }
            count
        };
        Ok(match direction {
            Direction::Up => ({ hand_over })(&mut found.into_iter()),
            Direction::Down => ({ hand_over })(&mut found.rev()),
        })
    }
}

impl View for MemView {
    fn apply(&self, commit_no: CommitNo, ops: &[Op]) -> Result<(), ViewError> {
        check_bounds(ops)?;
        let mut state = self.write();
        ops.iter().for_each(|op| state.put(op));
        state.commit_no = commit_no;
        Ok(())
    }

    fn last_commit(&self) -> Result<CommitNo, ViewError> {
        Ok(self.read().commit_no)
    }

    fn layout(&self) -> Result<Option<u32>, ViewError> {
        Ok(self.read().layout)
    }

    fn set_layout(&self, layout: u32) -> Result<(), ViewError> {
        self.write().layout = Some(layout);
        Ok(())
    }

    fn flush(&self) -> Result<(), ViewError> {
        Ok(())
    }

    fn close(&self) -> Result<(), ViewError> {
        Ok(())
    }

    fn end(&self) -> Result<(), ViewError> {
        Ok(())
    }

    fn stat(&self) -> ViewStat {
        let state = self.read();
        let bytes = state
            .trees
            .iter()
            .flatten()
            .map(|(key, value)| key.len() + value.len())
            .sum::<usize>();
        ViewStat {
            engine: MemEngine::NAME,
            bytes: bytes as u64,
            poisoned: None,
        }
    }
}

/// Keeps the views of a simulated machine while its process is killed and started again.
#[derive(Default)]
pub struct MemEngine(Mutex<HashMap<PathBuf, Arc<MemView>>>);

impl MemEngine {
    const NAME: &'static str = "memory";

    /// An engine without any generation.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The machine lost its power: every generation is gone.
    pub fn forget(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// The view of a generation, to damage it in tests.
    #[must_use]
    pub fn view(&self, dir: &Path) -> Option<Arc<MemView>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(dir)
            .cloned()
    }
}

impl Engine for MemEngine {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn survives_power_cut(&self) -> bool {
        false
    }

    fn open(&self, dir: &Path) -> Result<Arc<dyn View>, ViewError> {
        let mut views = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(views.entry(dir.to_path_buf()).or_default().clone())
    }

    fn remove(&self, dir: &Path) -> Result<(), ViewError> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(dir);
        Ok(())
    }
}
