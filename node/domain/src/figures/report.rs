//! Reporting (上报): changed cells and watermarks go to the parent; the parent takes them from whom they concern.
//!
//! A report is cut at a number of cells; what was cut off follows in the next one, and until then the author's
//! watermark keeps its old moment: it never promises more than was sent. When no cell changed only watermarks travel,
//! at a calmer rate. Where the parent, or the epoch of the parent, is another than the one reported to, everything is
//! reported anew: the old one's memory is not the new one's.

use super::cell::{Cell, CellKey, Known, Measure, Report, Table, Watermark};
use super::fold::{all_known, changed_since, known};
use crate::fact::Fact;
use crate::kernel::World;
use crate::refusal::{Class, Refusal};
use crate::view::{Rows, View, ViewFailed};
use hotline_topology::{Federation, RegionKey, Time};

/// Most cells of one report.
pub const CELLS_PER_REPORT: usize = 500;
/// Most watermarks of one report: more than any subtree has nodes.
pub const WATERMARKS_PER_REPORT: usize = 50_000;
/// When nothing changed, watermarks are reported again after this long.
pub const CALM_MS: i64 = 30_000;
/// Longest text of a cell's dimension, in characters.
const DIMENSION_CHARS_MAX: usize = 64;
/// Days that a cell can lie on: 1970 to 2199.
const DAYS: std::ops::Range<i32> = 0..84_000;
/// No measure of a cell can be above this.
const COUNT_MAX: i64 = 1_000_000_000_000;

/// The next report to the parent with the fact that says so; `None` when nothing is to be told now, or there is no
/// parent. After the fact is folded, call again: a backlog goes in several messages.
///
/// # Errors
/// The view could not be read.
pub fn report(
    world: &World<'_>,
    view: &dyn View,
    now: Time,
) -> Result<Option<(Report, Fact)>, ViewFailed> {
    let above = world.federation.parent(world.me);
    let Some(parent) = above.and_then(|above| world.federation.node_for(above)) else {
        return Ok(None);
    };
    let (node, link) = (view.node()?, view.link(parent)?);
    let anew = node.reported_to != Some((parent, link.peer_epoch));
    let own = Watermark {
        author: world.me,
        epoch: node.epoch,
        version: node.figures_version,
        as_of: now,
    };
    let mut packing = Packing {
        view,
        anew,
        report: Report::default(),
    };
    let own_known = Known {
        mark: own,
        forwarded: known(view, world.me)?.and_then(|known| known.forwarded),
    };
    let own_mark = packing.add(&own_known)?;
    for known in all_known(view)? {
        if world.federation.is_below(known.mark.author, world.me) {
            packing.add(&known)?;
        }
    }
    let calm = node.reported_at.is_some_and(|at| now.0 - at.0 < CALM_MS);
    let report = packing.report;
    if report.watermarks.is_empty() || (report.cells.is_empty() && calm && !anew) {
        return Ok(None);
    }
    let fact = Fact::ReportedUp {
        parent,
        parent_epoch: link.peer_epoch,
        version: own_mark.version,
        as_of: own_mark.as_of,
        forwarded: report.watermarks.clone(),
    };
    Ok(Some((report, fact)))
}

/// A report while it is put together.
struct Packing<'a> {
    view: &'a dyn View,
    anew: bool,
    report: Report,
}

impl Packing<'_> {
    /// Adds what an author's cells changed since they were forwarded; the watermark that this report reaches.
    fn add(&mut self, known: &Known) -> Result<Watermark, ViewFailed> {
        let mark = known.mark;
        let before = known
            .forwarded
            .filter(|sent| !self.anew && sent.epoch == mark.epoch)
            .unwrap_or(Watermark {
                version: 0,
                as_of: Time(0),
                ..mark
            });
        let room = CELLS_PER_REPORT - self.report.cells.len();
        let mut cells = changed_since(self.view, mark.author, before.version, room + 1)?;
        let cut = cells.len() > room;
        cells.truncate(room);
        let reached = match cells.last() {
            _ if !cut => mark,
            Some(last) => Watermark {
                version: last.version.min(mark.version),
                ..before
            },
            None => before,
        };
        // Own cells counted before the epoch rose are this epoch's now.
        self.report.cells.extend(cells.into_iter().map(|cell| Cell {
            epoch: mark.epoch,
            ..cell
        }));
        if reached != before {
            self.report.watermarks.push(reached);
        }
        Ok(reached)
    }
}

/// Takes a peer's report in: the fact to record.
///
/// # Errors
/// A refusal by `figures.child` (the peer is no child of this node), `figures.author` (somebody neither the peer nor
/// below it), `figures.size`, `figures.cell` or `figures.watermark` (malformed).
pub fn accept(world: &World<'_>, peer: RegionKey, report: Report) -> Result<Fact, Refusal> {
    let tree = world.federation;
    let above = tree.parent(peer).and_then(|above| tree.node_for(above));
    if above != Some(world.me) {
        return Err(Refusal::new(
            Class::Forbidden,
            "figures.child",
            format!("{peer} 不是本节点的下级，不接收其统计数；请核对区划版本"),
        ));
    }
    if report.cells.len() > CELLS_PER_REPORT || report.watermarks.len() > WATERMARKS_PER_REPORT {
        return Err(Refusal::new(
            Class::Invalid,
            "figures.size",
            format!(
                "统计上报过大：{} 格（上限 {CELLS_PER_REPORT}），{} 个时点（上限 {WATERMARKS_PER_REPORT}）",
                report.cells.len(),
                report.watermarks.len()
            ),
        ));
    }
    for cell in &report.cells {
        check_author(tree, peer, cell.key.author)?;
        if let Some(fault) = cell_fault(cell) {
            return Err(Refusal::new(
                Class::Invalid,
                "figures.cell",
                format!("{} 的统计格不合格式：{fault}", cell.key.author),
            ));
        }
    }
    for mark in &report.watermarks {
        check_author(tree, peer, mark.author)?;
        if mark.epoch == 0 || mark.as_of.0 < 0 {
            return Err(Refusal::new(
                Class::Invalid,
                "figures.watermark",
                format!("{} 的统计时点不合格式", mark.author),
            ));
        }
    }
    Ok(Fact::Reported { report })
}

fn check_author(tree: &Federation, peer: RegionKey, author: RegionKey) -> Result<(), Refusal> {
    if author == peer || tree.is_below(author, peer) {
        return Ok(());
    }
    Err(Refusal::new(
        Class::Forbidden,
        "figures.author",
        format!("{author} 不在 {peer} 辖内，{peer} 不得代报其统计数"),
    ))
}

fn cell_fault(cell: &Cell) -> Option<&'static str> {
    let CellKey {
        table,
        day,
        first,
        second,
        rules,
        ..
    } = &cell.key;
    let unfit = |text: &str| {
        text.chars().count() > DIMENSION_CHARS_MAX || text.chars().any(char::is_control)
    };
    let has_second = matches!(table, Table::MattersByKindChannel | Table::LegsByKindGiver);
    if cell.epoch == 0 || cell.version == 0 {
        Some("纪元和版本从 1 起")
    } else if !DAYS.contains(day) {
        Some("日期超出范围")
    } else if unfit(first) || unfit(second) || unfit(&rules.pack) {
        Some("维度过长或含控制字符")
    } else if !has_second && !second.is_empty() {
        Some("本表没有第二维度")
    } else if cell
        .counts
        .iter()
        .any(|count| !(0..=COUNT_MAX).contains(count))
    {
        Some("计数为负或过大")
    } else if cell.counts[Measure::OverdueNow.index()] > cell.counts[Measure::OpenNow.index()] {
        Some("超期未办结多于未办结")
    } else {
        None
    }
}
