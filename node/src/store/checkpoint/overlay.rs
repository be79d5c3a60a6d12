//! Changes in memory over rows that stay as they are.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use crate::store::view::{Direction, KeyRange, Op, Rows, Tree, ViewError, Visit};

type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;
type Change<'c> = (&'c Vec<u8>, &'c Option<Vec<u8>>);

/// Rows as they are with the changes made.
pub struct Overlay<'a> {
    below: &'a dyn Rows,
    changes: [Changes; Tree::ALL.len()],
    bytes: usize,
}

impl<'a> Overlay<'a> {
    /// Over `below`, nothing changed yet.
    #[must_use]
    pub fn new(below: &'a dyn Rows) -> Self {
        Self {
            below,
            changes: Default::default(),
            bytes: 0,
        }
    }

    /// Makes the changes, in order.
    pub fn apply(&mut self, ops: Vec<Op>) {
        for op in ops {
            self.bytes += op.key.len() + op.value.as_ref().map_or(0, Vec::len);
            self.changes[op.tree as usize - 1].insert(op.key, op.value);
        }
    }

    /// How many bytes of keys and values were put into it, including those replaced since.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Rows for Overlay<'_> {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        match self.changes[tree as usize - 1].get(key) {
            Some(change) => Ok(change.clone()),
            None => self.below.get(tree, key),
        }
    }

    fn scan(
        &self,
        tree: Tree,
        range: KeyRange<'_>,
        direction: Direction,
        limit: usize,
        visit: &mut Visit<'_>,
    ) -> Result<usize, ViewError> {
        if limit == 0 || range.to.is_some_and(|to| to <= range.from) {
            return Ok(0);
        }
        let to = range.to.map_or(Bound::Unbounded, Bound::Excluded);
        let changes =
            self.changes[tree as usize - 1].range::<[u8], _>((Bound::Included(range.from), to));
        let changes: Box<dyn Iterator<Item = Change<'_>>> = match direction {
            Direction::Up => Box::new(changes),
            Direction::Down => Box::new(changes.rev()),
        };
        let mut merge = Merge {
            changes: changes.peekable(),
            direction,
            left: limit,
            ended: false,
            visit,
        };
        self.below
            .scan(tree, range, direction, usize::MAX, &mut |key, value| {
                merge.below(key, value)
            })?;
        if !merge.ended {
            let _ = merge.changes_before(None);
        }
        Ok(limit - merge.left)
    }
}

/// Hands over changed and unchanged rows in one order.
struct Merge<'m, 'v, I: Iterator> {
    changes: std::iter::Peekable<I>,
    direction: Direction,
    left: usize,
    /// The visitor wants no more.
    ended: bool,
    visit: &'m mut Visit<'v>,
}

impl<'c, I: Iterator<Item = Change<'c>>> Merge<'_, '_, I> {
    /// A row from below: first the changes in front of it, then the change that replaces it, or the row itself.
    fn below(&mut self, key: &[u8], value: &[u8]) -> ControlFlow<()> {
        self.changes_before(Some(key))?;
        match self
            .changes
            .next_if(|(changed, _)| changed.as_slice() == key)
        {
            Some((_, Some(new))) => self.hand_over(key, new),
            Some((_, None)) => ControlFlow::Continue(()),
            None => self.hand_over(key, value),
        }
    }

    /// The changes in front of the key; all that are left where there is none.
    fn changes_before(&mut self, key: Option<&[u8]>) -> ControlFlow<()> {
        let direction = self.direction;
        let in_front = |changed: &[u8]| match (key, direction) {
            (None, _) => true,
            (Some(key), Direction::Up) => changed < key,
            (Some(key), Direction::Down) => changed > key,
        };
        while let Some((changed, new)) = self.changes.next_if(|(changed, _)| in_front(changed)) {
            if let Some(new) = new {
                self.hand_over(changed, new)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn hand_over(&mut self, key: &[u8], value: &[u8]) -> ControlFlow<()> {
        if self.left == 0 {
            return ControlFlow::Break(());
        }
        self.left -= 1;
        let answer = (self.visit)(key, value);
        if answer == ControlFlow::Break(()) {
            self.ended = true;
        }
        if self.ended || self.left == 0 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}
