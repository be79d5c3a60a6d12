//! The domain's view over the store's trees: rows are decoded as they are read.

use super::malformed::Malformed;
use super::{key, row};
use crate::store::view::{Direction, KeyRange, Rows};
use crate::store::{Tree, hex};
use hotline_domain::row::{IndexKey, Row, RowKey};
use hotline_domain::view::{View, ViewFailed};
use std::ops::ControlFlow;

/// Typed rows over the trees of a store's view.
#[derive(Clone, Copy)]
pub struct StoredView<'a> {
    rows: &'a dyn Rows,
}

impl<'a> StoredView<'a> {
    /// Reads through to these trees; nothing is cached.
    #[must_use]
    pub fn new(rows: &'a dyn Rows) -> Self {
        Self { rows }
    }
}

impl View for StoredView<'_> {
    fn get(&self, at: &RowKey) -> Result<Option<Row>, ViewFailed> {
        let (tree, bytes) = (key::tree(at), key::encode(at));
        let value = self.rows.get(tree, &bytes).map_err(engine)?;
        value.map(|value| read(at, &bytes, &value)).transpose()
    }

    fn scan(
        &self,
        from: &RowKey,
        to: &RowKey,
        limit: usize,
    ) -> Result<Vec<(RowKey, Row)>, ViewFailed> {
        let mut found = Vec::new();
        for range in key::ranges(from, to) {
            let left = limit - found.len();
            if left == 0 {
                break;
            }
            let mut failed = None;
            let mut visit = |bytes: &[u8], value: &[u8]| {
                let at = key::decode(range.tree, bytes)
                    .map_err(|error| damaged(range.tree, bytes, &error));
                match at.and_then(|at| Ok((read(&at, bytes, value)?, at))) {
                    Ok((row, at)) => {
                        found.push((at, row));
                        ControlFlow::Continue(())
                    }
                    Err(error) => {
                        failed = Some(error);
                        ControlFlow::Break(())
                    }
                }
            };
            let keys = KeyRange {
                from: &range.from,
                to: Some(&range.to),
            };
            self.rows
                .scan(range.tree, keys, Direction::Up, left, &mut visit)
                .map_err(engine)?;
            if let Some(error) = failed {
                return Err(error);
            }
        }
        Ok(found)
    }
}

fn engine(error: crate::store::view::ViewError) -> ViewFailed {
    ViewFailed(error.to_string())
}

fn damaged(tree: Tree, bytes: &[u8], error: &Malformed) -> ViewFailed {
    ViewFailed(format!(
        "{} 树中键 {} 的内容无法解读：{error}；请停机后重建视图",
        tree.name(),
        hex(bytes)
    ))
}

/// The row at a key, which must be of the kind that stands there.
fn read(at: &RowKey, bytes: &[u8], value: &[u8]) -> Result<Row, ViewFailed> {
    let tree = key::tree(at);
    let row = row::decode(value).map_err(|error| damaged(tree, bytes, &error))?;
    if !fits(at, &row) {
        return Err(ViewFailed(format!(
            "{} 树中键 {} 处是另一类内容；请停机后重建视图",
            tree.name(),
            hex(bytes)
        )));
    }
    Ok(row)
}

/// Whether rows of this kind stand at such a key.
fn fits(at: &RowKey, row: &Row) -> bool {
    match at {
        RowKey::Ticket(_) => matches!(row, Row::Ticket(_)),
        RowKey::Leg(_) => matches!(row, Row::Leg(_)),
        RowKey::Order(_) => matches!(row, Row::Order(_)),
        RowKey::OrderWord(..) => matches!(row, Row::OrderWord(_)),
        RowKey::Timeline(..) => matches!(row, Row::Timeline(_)),
        RowKey::Outbox(..) => matches!(row, Row::Outbox(..)),
        RowKey::Link(_) => matches!(row, Row::Link(_)),
        RowKey::Kept(_) => matches!(row, Row::Kept(_)),
        RowKey::Index(IndexKey::Number(_) | IndexKey::Sighted(_)) => matches!(row, Row::Matter(_)),
        RowKey::Timer(..)
        | RowKey::Index(IndexKey::Stage(..) | IndexKey::OpenLeg(..) | IndexKey::Order(..)) => {
            matches!(row, Row::Mark)
        }
        RowKey::Notice(..) => matches!(row, Row::Notice(_)),
        RowKey::Cell(_) => matches!(row, Row::Cell(_)),
        RowKey::CellVersion(..) => matches!(row, Row::CellKey(_)),
        RowKey::Watermark(_) => matches!(row, Row::Watermark(_)),
        RowKey::Answer(..) => matches!(row, Row::Answer(..)),
        RowKey::Node => matches!(row, Row::Node(_)),
        RowKey::Starts => matches!(row, Row::Starts(_)),
        RowKey::Certificate(_) => matches!(row, Row::Certificate(..)),
        RowKey::SealingKey(_) => matches!(row, Row::SealingKey(_)),
        RowKey::OwnKey(_) => matches!(row, Row::OwnKey(_)),
        RowKey::SealingAsked(..) | RowKey::Arrived(..) | RowKey::Taken(_) => {
            matches!(row, Row::Mark)
        }
        RowKey::Awaiting(..) | RowKey::InFlight(_) => matches!(row, Row::Kept(_)),
        RowKey::Destroyed(_) => matches!(row, Row::Destroyed(_)),
        RowKey::Exchange(_) => matches!(row, Row::Exchange(_)),
        RowKey::Missing(_) => matches!(row, Row::Missing(_)),
        RowKey::Asked(..) => matches!(row, Row::Asked(_)),
        RowKey::Document(..) => matches!(row, Row::Document(_)),
        RowKey::DocumentPart(..) => matches!(row, Row::DocumentPart(_)),
        RowKey::PeerWorld(_) => matches!(row, Row::PeerWorld(_)),
        RowKey::Attachment(..) => matches!(row, Row::Attachment(_)),
        RowKey::Provisional(..) => matches!(row, Row::Provisional(_)),
        RowKey::Reading(..) => matches!(row, Row::Reading(_)),
        RowKey::Readings(..) => matches!(row, Row::Count(_)),
        RowKey::Diary => matches!(row, Row::Diary(_)),
        RowKey::Day(_) => matches!(row, Row::Day(..)),
        RowKey::Account(_) => matches!(row, Row::Account(_)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::commit;
    use crate::codec::testing::{Draw, keys, rows};
    use crate::store::view::{MemView, Op, View as _};
    use hotline_domain::view::MemoryView;
    use proptest::prelude::*;

    /// Random keys with rows that fit them.
    fn contents(draw: &mut Draw) -> Vec<(RowKey, Row)> {
        let rows = rows(draw);
        let keys = [keys(draw), keys(draw), keys(draw)].concat();
        keys.into_iter()
            .map(|at| {
                let row = rows.iter().find(|row| fits(&at, row)).cloned();
                (at, row.expect("a row for each kind of key"))
            })
            .collect()
    }

    proptest! {
        #[test]
        fn the_stored_view_reads_as_the_one_in_memory(seed: u64, limit in 0usize..40) {
            let draw = &mut Draw::new(seed);
            let contents = contents(draw);
            let mut model = MemoryView::default();
            model.apply(contents.iter().map(|(at, row)| (at.clone(), Some(row.clone()))));
            let trees = MemView::default();
            let ops = commit::ops(contents.iter().map(|(at, row)| (at, Some(row))));
            trees.apply(1, &ops).expect("in memory");
            let stored = StoredView::new(&trees);
            for (at, _) in &contents {
                prop_assert_eq!(stored.get(at), model.get(at));
            }
            let (from, _) = draw.one_of(&contents);
            let (to, _) = draw.one_of(&contents);
            prop_assert_eq!(stored.scan(&from, &to, limit), model.scan(&from, &to, limit));
            let ops = commit::ops(contents.iter().map(|(at, _)| (at, None)));
            trees.apply(2, &ops).expect("in memory");
            prop_assert_eq!(stored.get(&from), Ok(None));
        }
    }

    #[test]
    fn a_damaged_row_is_named() {
        let at = RowKey::Ticket(hotline_domain::id::MatterId([7; 16]));
        let trees = MemView::default();
        let put =
            |value: Vec<u8>| trees.apply(1, &[Op::put(key::tree(&at), key::encode(&at), value)]);
        let after = RowKey::Leg(hotline_domain::id::LegId([0; 16]));
        let failure = |words: &str| {
            let stored = StoredView::new(&trees);
            let error = stored.get(&at).expect_err("damaged");
            assert_eq!(stored.scan(&at, &after, 9), Err(error.clone()));
            let named = "ticket 树中键 0107070707";
            assert!(
                error.0.starts_with(named) && error.0.contains(words),
                "{error}"
            );
        };
        put(vec![0xFF]).expect("in memory");
        failure("无法解读");
        put(row::encode(&Row::Mark)).expect("in memory");
        failure("另一类内容");
    }
}
