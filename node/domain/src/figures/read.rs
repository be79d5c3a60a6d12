//! Reading figures: sums over authors, and only here ratios. Every answer names its completeness.

use super::cell::{Counts, Measure, Table, Watermark, add};
use super::fold::{cells_of, known};
use crate::view::{Rows, View, ViewFailed};
use hotline_topology::{Federation, RegionKey};
use std::collections::BTreeMap;
use std::fmt;

/// What a person wants to see.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Query {
    /// The table; matters and legs are never added together.
    pub table: Table,
    /// First day, see [`super::day_of`].
    pub from: i32,
    /// Last day, included.
    pub to: i32,
    /// One line for each of what.
    pub by: Grouping,
}

/// What the lines of an answer stand for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Grouping {
    /// One line for all.
    Whole,
    /// A line for each day.
    Day,
    /// A line for each author.
    Region,
    /// A line for the node itself and for each child with all below it.
    Child,
    /// A line for each value of the first dimension: kind, category, unit.
    First,
    /// A line for each value of the second dimension: channel, giver's level.
    Second,
    /// A line for each version of the rules.
    Rules,
}

/// What a line stands for; lines are in this order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Label {
    /// All.
    Whole,
    /// A day.
    Day(i32),
    /// A region: the author, or a child with all below it.
    Region(RegionKey),
    /// A value of a dimension, or a pack with its version.
    Text(String),
}

/// A total with its completeness.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Totals {
    /// A line for each group that has cells.
    pub lines: Vec<(Label, Counts)>,
    /// The sum of all lines.
    pub sum: Counts,
    /// Authors that reported, with up to when; this node itself first.
    pub reported: Vec<Watermark>,
    /// Nodes of the subtree that never reported in full.
    pub missing: Vec<RegionKey>,
}

impl Totals {
    /// True once every node of the subtree reported; [`Totals::reported`] says up to when.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }
}

/// Sums the cells of this node and of all below it.
///
/// # Errors
/// The view could not be read.
pub fn totals(
    view: &dyn View,
    federation: &Federation,
    me: RegionKey,
    query: &Query,
) -> Result<Totals, ViewFailed> {
    let mut lines: BTreeMap<Label, Counts> = BTreeMap::new();
    let (mut sum, mut reported, mut missing) = (Counts::default(), Vec::new(), Vec::new());
    for author in federation.subtree(me) {
        if !federation.region(author).is_some_and(|region| region.node) {
            continue;
        }
        match up_to(view, me, author)? {
            Some(mark) => reported.push(mark),
            None => missing.push(author),
        }
        for cell in cells_of(view, author, query.table, (query.from, query.to))? {
            let label = match query.by {
                Grouping::Whole => Label::Whole,
                Grouping::Day => Label::Day(cell.key.day),
                Grouping::Region => Label::Region(author),
                Grouping::Child => Label::Region(federation.next_hop(me, author).unwrap_or(me)),
                Grouping::First => Label::Text(cell.key.first),
                Grouping::Second => Label::Text(cell.key.second),
                Grouping::Rules => Label::Text(format!(
                    "{}@{}",
                    cell.key.rules.pack, cell.key.rules.version
                )),
            };
            add(lines.entry(label).or_default(), &cell.counts);
            add(&mut sum, &cell.counts);
        }
    }
    Ok(Totals {
        lines: lines.into_iter().collect(),
        sum,
        reported,
        missing,
    })
}

/// Up to where an author's figures are here; `None` where it never reported in full.
fn up_to(
    view: &dyn View,
    me: RegionKey,
    author: RegionKey,
) -> Result<Option<Watermark>, ViewFailed> {
    if author == me {
        let node = view.node()?;
        return Ok(Some(Watermark {
            author,
            epoch: node.epoch,
            version: node.figures_version,
            as_of: node.time,
        }));
    }
    Ok(known(view, author)?
        .map(|known| known.mark)
        .filter(|mark| mark.as_of.0 > 0))
}

/// Ratios that people read; none travels or is stored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Ratio {
    /// 按时办结率: closed in time / closed.
    OnTime,
    /// 直接解答率: answered directly / taken in.
    Direct,
    /// 退单率: returned / received.
    Returned,
    /// 重办率: redone / taken in.
    Redone,
    /// 超期率: overdue now / open now.
    Overdue,
}

impl Ratio {
    /// All ratios.
    pub const ALL: [Ratio; 5] = [
        Ratio::OnTime,
        Ratio::Direct,
        Ratio::Returned,
        Ratio::Redone,
        Ratio::Overdue,
    ];

    /// The word a clerk reads.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Ratio::OnTime => "按时办结率",
            Ratio::Direct => "直接解答率",
            Ratio::Returned => "退单率",
            Ratio::Redone => "重办率",
            Ratio::Overdue => "超期率",
        }
    }

    /// What it is made of.
    #[must_use]
    pub fn measures(self) -> &'static [Measure] {
        match self {
            Ratio::OnTime => &[Measure::ClosedInTime, Measure::ClosedLate],
            Ratio::Direct => &[Measure::AnsweredDirectly, Measure::TakenIn],
            Ratio::Returned => &[Measure::Returned, Measure::TakenIn],
            Ratio::Redone => &[Measure::Redone, Measure::TakenIn],
            Ratio::Overdue => &[Measure::OverdueNow, Measure::OpenNow],
        }
    }

    /// The ratio of a sum; of a table that carries all of its [`Ratio::measures`].
    #[must_use]
    pub fn of(self, counts: &Counts) -> Share {
        let at = |measure: Measure| counts[measure.index()];
        let closed = at(Measure::ClosedInTime) + at(Measure::ClosedLate);
        let (part, base) = match self {
            Ratio::OnTime => (at(Measure::ClosedInTime), closed),
            Ratio::Direct => (at(Measure::AnsweredDirectly), at(Measure::TakenIn)),
            Ratio::Returned => (at(Measure::Returned), at(Measure::TakenIn)),
            Ratio::Redone => (at(Measure::Redone), at(Measure::TakenIn)),
            Ratio::Overdue => (at(Measure::OverdueNow), at(Measure::OpenNow)),
        };
        Share { part, base }
    }
}

/// A part of a base. Shown as a percentage, as `—` where the base is 0: nothing is not a hundred per cent of nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Share {
    /// Numerator.
    pub part: i64,
    /// Denominator.
    pub base: i64,
}

impl Share {
    /// In hundredths of a per cent, half rounded up; `None` where the base is 0.
    #[must_use]
    pub fn hundredths(self) -> Option<i64> {
        (self.base > 0).then(|| (self.part.saturating_mul(20_000) / self.base + 1).div_euclid(2))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hundredths() {
            Some(share) => f.pad(&format!("{}.{:02}%", share / 100, share % 100)),
            None => f.pad("—"),
        }
    }
}
