//! Folding for the store: a record's lasting part to changes of the view, when the view is rebuilt and when a
//! checkpoint is made.

#[cfg(test)]
mod tests;

use super::commit::{self, LAYOUT, Lasting};
use super::view::StoredView;
use crate::store::{CommitNo, Fold, Op, Rows};
use hotline_domain::kernel::fold_commit;
use hotline_domain::view::Overlay;
use hotline_topology::RegionKey;

/// Folds the records of one node.
#[derive(Debug, Clone, Copy)]
pub struct Folder {
    me: RegionKey,
}

impl Folder {
    /// For the records of the node `me`: whose half of a leg a record shows depends on whose log it stands in.
    #[must_use]
    pub fn new(me: RegionKey) -> Self {
        Self { me }
    }
}

impl Fold for Folder {
    fn layout(&self) -> u32 {
        LAYOUT
    }

    fn slots(&self, lasting: &[u8]) -> u64 {
        commit::slots(lasting)
    }

    fn fold(
        &self,
        rows: &dyn Rows,
        commit_no: CommitNo,
        lasting: &[u8],
    ) -> Result<Vec<Op>, String> {
        let Lasting { at, facts } = commit::decode(lasting)
            .map_err(|error| format!("第 {commit_no} 号提交的记录无法解读：{error}"))?;
        let below = StoredView::new(rows);
        let mut overlay = Overlay::new(&below);
        fold_commit(&mut overlay, self.me, at, &facts)
            .map_err(|error| format!("第 {commit_no} 号提交无法折叠：{error}"))?;
        let changes = overlay.into_changes();
        Ok(commit::ops(
            changes.iter().map(|(at, row)| (at, row.as_ref())),
        ))
    }
}
