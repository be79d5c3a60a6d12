//! Folding: how facts about figures change rows. Calls no rule.
//!
//! A cell has one author and moves only forward: by (epoch, version). An author's newer epoch drops its older cells,
//! because a node takes one after its disk was rolled back, and then counts what its disk still knows. So the state
//! after a set of reports does not depend on their order, on duplicates, or on the way that they came.

use super::cell::{Cell, CellKey, Counts, Known, Report, Table, Watermark, add};
use crate::fact::Fact;
use crate::leg::RuleVersion;
use crate::row::{Row, RowKey};
use crate::view::{Overlay, Rows, View, ViewFailed};
use hotline_topology::{RegionKey, Time};

/// Rows read at a time where all of an author's are wanted.
const PAGE: usize = 500;

/// Puts what a fact says about figures into the rows; facts about other things change nothing here.
///
/// # Errors
/// The view could not be read.
pub fn fold(overlay: &mut Overlay<'_>, fact: &Fact) -> Result<(), ViewFailed> {
    match fact {
        Fact::Counted { cell, deltas } => {
            let mut node = overlay.node()?;
            node.figures_version += 1;
            let mut cell = stored(overlay, cell)?.unwrap_or_else(|| Cell {
                key: cell.clone(),
                epoch: node.epoch,
                version: 0,
                counts: Counts::default(),
            });
            forget_version(overlay, &cell);
            cell.epoch = node.epoch;
            cell.version = node.figures_version;
            add(&mut cell.counts, deltas);
            // The own node's versions only grow: no row below has this key.
            overlay.put_new(version_of(&cell), listed(&cell));
            overlay.put(RowKey::Cell(cell.key.clone()), Row::Cell(Box::new(cell)));
            overlay.put(RowKey::Node, Row::Node(Box::new(node)));
            Ok(())
        }
        Fact::Reported { report } => fold_report(overlay, report),
        Fact::ReportedUp {
            parent,
            parent_epoch,
            version,
            as_of,
            forwarded,
        } => {
            let mut node = overlay.node()?;
            let to = Some((*parent, *parent_epoch));
            if node.reported_to != to {
                forget_forwarded(overlay)?;
            }
            node.reported_to = to;
            node.figures_reported = *version;
            node.reported_at = Some(*as_of);
            overlay.put(RowKey::Node, Row::Node(Box::new(node)));
            for mark in forwarded {
                let mut known = known(overlay, mark.author)?.unwrap_or_else(|| unheard(mark));
                known.forwarded = Some(*mark);
                put_known(overlay, known);
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// What is known of an author.
///
/// # Errors
/// The view could not be read.
pub fn known(view: &dyn View, author: RegionKey) -> Result<Option<Known>, ViewFailed> {
    Ok(match view.get(&RowKey::Watermark(author))? {
        Some(Row::Watermark(known)) => Some(*known),
        _ => None,
    })
}

/// All authors known here, ascending.
pub(super) fn all_known(view: &dyn View) -> Result<Vec<Known>, ViewFailed> {
    const LAST: RegionKey = RegionKey::literal("zzzzzzzzzzzz");
    let mut from = RegionKey::literal("000000000000");
    let mut all = Vec::new();
    loop {
        let page = view.scan(&RowKey::Watermark(from), &RowKey::Watermark(LAST), PAGE)?;
        let full = page.len() == PAGE;
        for (_, row) in page {
            if let Row::Watermark(known) = row {
                from = known.mark.author;
                all.push(*known);
            }
        }
        if !full {
            break;
        }
        // The page ends on `from`, which begins the next one.
        all.pop();
    }
    all.extend(known(view, LAST)?);
    Ok(all)
}

/// At most `limit` cells of an author with versions above `above`, oldest version first.
pub(super) fn changed_since(
    view: &dyn View,
    author: RegionKey,
    above: u64,
    limit: usize,
) -> Result<Vec<Cell>, ViewFailed> {
    let from = RowKey::CellVersion(author, above.saturating_add(1));
    let to = RowKey::CellVersion(author, u64::MAX);
    let mut cells = Vec::new();
    for (_, row) in view.scan(&from, &to, limit)? {
        if let Row::CellKey(key) = row {
            cells.extend(stored(view, &key)?);
        }
    }
    Ok(cells)
}

/// Cells of an author and table with days in `days`, both included; ascending by key.
pub(super) fn cells_of(
    view: &dyn View,
    author: RegionKey,
    table: Table,
    days: (i32, i32),
) -> Result<Vec<Cell>, ViewFailed> {
    let bound = |day| CellKey {
        author,
        table,
        day,
        first: String::new(),
        second: String::new(),
        rules: RuleVersion {
            pack: String::new(),
            version: 0,
        },
    };
    let to = RowKey::Cell(bound(days.1.saturating_add(1)));
    let mut from = RowKey::Cell(bound(days.0));
    let mut cells: Vec<Cell> = Vec::new();
    loop {
        let page = view.scan(&from, &to, PAGE)?;
        let full = page.len() == PAGE;
        for (key, row) in page {
            if let Row::Cell(cell) = row {
                cells.push(*cell);
            }
            from = key;
        }
        if !full {
            return Ok(cells);
        }
        // The page ends on `from`, which begins the next one.
        cells.pop();
    }
}

fn stored(view: &dyn View, key: &CellKey) -> Result<Option<Cell>, ViewFailed> {
    Ok(match view.get(&RowKey::Cell(key.clone()))? {
        Some(Row::Cell(cell)) => Some(*cell),
        _ => None,
    })
}

fn put_cell(overlay: &mut Overlay<'_>, cell: Cell) {
    overlay.put(version_of(&cell), listed(&cell));
    overlay.put(RowKey::Cell(cell.key.clone()), Row::Cell(Box::new(cell)));
}

fn version_of(cell: &Cell) -> RowKey {
    RowKey::CellVersion(cell.key.author, cell.version)
}

fn listed(cell: &Cell) -> Row {
    Row::CellKey(Box::new(cell.key.clone()))
}

fn forget_version(overlay: &mut Overlay<'_>, cell: &Cell) {
    if cell.version > 0 {
        overlay.delete(version_of(cell));
    }
}

fn put_known(overlay: &mut Overlay<'_>, known: Known) {
    overlay.put(
        RowKey::Watermark(known.mark.author),
        Row::Watermark(Box::new(known)),
    );
}

/// An author of whom cells came, but not yet word of up to where.
fn unheard(mark: &Watermark) -> Known {
    Known {
        mark: Watermark {
            version: 0,
            as_of: Time(0),
            ..*mark
        },
        forwarded: None,
    }
}

fn fold_report(overlay: &mut Overlay<'_>, report: &Report) -> Result<(), ViewFailed> {
    for cell in &report.cells {
        let Some(mut known) = enter_epoch(overlay, cell.key.author, cell.epoch)? else {
            continue;
        };
        let newer = match stored(overlay, &cell.key)? {
            None => cell.clone(),
            Some(old) => {
                let newer = old.clone().merge(cell.clone());
                if newer == old {
                    continue;
                }
                forget_version(overlay, &old);
                newer
            }
        };
        // A cell that came late, by another way, is still to be forwarded.
        if let Some(sent) = &mut known.forwarded
            && sent.version >= newer.version
        {
            sent.version = newer.version.saturating_sub(1);
            put_known(overlay, known);
        }
        put_cell(overlay, newer);
    }
    for mark in &report.watermarks {
        if let Some(mut known) = enter_epoch(overlay, mark.author, mark.epoch)? {
            known.mark.version = known.mark.version.max(mark.version);
            known.mark.as_of = known.mark.as_of.max(mark.as_of);
            put_known(overlay, known);
        }
    }
    Ok(())
}

/// What is known of the author in that epoch; `None` where a newer epoch is known, and the message is void.
fn enter_epoch(
    overlay: &mut Overlay<'_>,
    author: RegionKey,
    epoch: u64,
) -> Result<Option<Known>, ViewFailed> {
    let old = known(overlay, author)?;
    let old_epoch = old.as_ref().map_or(0, |known| known.mark.epoch);
    match old {
        Some(known) if old_epoch == epoch => Ok(Some(known)),
        _ if old_epoch > epoch => Ok(None),
        _ => {
            drop_cells(overlay, author)?;
            let fresh = unheard(&Watermark {
                author,
                epoch,
                version: 0,
                as_of: Time(0),
            });
            put_known(overlay, fresh.clone());
            Ok(Some(fresh))
        }
    }
}

fn drop_cells(overlay: &mut Overlay<'_>, author: RegionKey) -> Result<(), ViewFailed> {
    for table in Table::ALL {
        for cell in cells_of(overlay, author, table, (i32::MIN, i32::MAX))? {
            forget_version(overlay, &cell);
            overlay.delete(RowKey::Cell(cell.key));
        }
    }
    Ok(())
}

/// A new parent, or one whose memory went back, was told nothing yet.
fn forget_forwarded(overlay: &mut Overlay<'_>) -> Result<(), ViewFailed> {
    for mut known in all_known(overlay)? {
        if known.forwarded.take().is_some() {
            put_known(overlay, known);
        }
    }
    Ok(())
}
