//! Figures (统计数): additive integers in a few fixed tables. A cell has one author; higher levels store and forward it.

use crate::leg::RuleVersion;
use hotline_topology::time::{DAY_MS, HOUR_MS};
use hotline_topology::{RegionKey, Time};

/// The fixed tables. Matters are counted once at their origin, legs once at their taker; never added together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Table {
    /// Matters: day × region × kind × channel.
    MattersByKindChannel,
    /// Matters: day × region × category (second level).
    MattersByCategory,
    /// Legs: day × region × kind × giver's level.
    LegsByKindGiver,
    /// Legs: day × region × category.
    LegsByCategory,
    /// Legs: day × region × unit.
    LegsByUnit,
}

impl Table {
    /// All tables.
    pub const ALL: [Table; 5] = [
        Table::MattersByKindChannel,
        Table::MattersByCategory,
        Table::LegsByKindGiver,
        Table::LegsByCategory,
        Table::LegsByUnit,
    ];

    /// Position in [`Table::ALL`].
    #[must_use]
    pub fn index(self) -> usize {
        match self {
            Table::MattersByKindChannel => 0,
            Table::MattersByCategory => 1,
            Table::LegsByKindGiver => 2,
            Table::LegsByCategory => 3,
            Table::LegsByUnit => 4,
        }
    }
}

impl Table {
    /// Whether it counts matters; otherwise it counts legs.
    #[must_use]
    pub fn counts_matters(self) -> bool {
        matches!(self, Table::MattersByKindChannel | Table::MattersByCategory)
    }

    /// Whether the table counts the measure at all; where it does not, a zero in it says nothing.
    #[must_use]
    pub fn carries(self, measure: Measure) -> bool {
        match measure {
            Measure::Returned | Measure::Supervised => !self.counts_matters(),
            Measure::AnsweredDirectly | Measure::Refused | Measure::Assigned => {
                self.counts_matters()
            }
            Measure::TakenIn
            | Measure::Escalated
            | Measure::Redone
            | Measure::ClosedInTime
            | Measure::ClosedLate
            | Measure::OverdueNow
            | Measure::OpenNow => true,
        }
    }
}

/// What is counted in every cell.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Measure {
    /// 受理 (matters) or received (legs).
    TakenIn,
    /// 直接答复.
    AnsweredDirectly,
    /// 不予受理.
    Refused,
    /// 转办: matters given out for the first time.
    Assigned,
    /// 提级上报.
    Escalated,
    /// 退单 granted.
    Returned,
    /// 督办 orders received.
    Supervised,
    /// 重办.
    Redone,
    /// 办结 in time.
    ClosedInTime,
    /// 办结 after the due date.
    ClosedLate,
    /// Overdue and open now: a balance.
    OverdueNow,
    /// Open now: a balance.
    OpenNow,
}

impl Measure {
    /// Short name, stable.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Measure::TakenIn => "taken-in",
            Measure::AnsweredDirectly => "answered-directly",
            Measure::Refused => "refused",
            Measure::Assigned => "assigned",
            Measure::Escalated => "escalated",
            Measure::Returned => "returned",
            Measure::Supervised => "supervised",
            Measure::Redone => "redone",
            Measure::ClosedInTime => "closed-in-time",
            Measure::ClosedLate => "closed-late",
            Measure::OverdueNow => "overdue-now",
            Measure::OpenNow => "open-now",
        }
    }

    /// All measures; positions are stored, so only append.
    pub const ALL: [Measure; 12] = [
        Measure::TakenIn,
        Measure::AnsweredDirectly,
        Measure::Refused,
        Measure::Assigned,
        Measure::Escalated,
        Measure::Returned,
        Measure::Supervised,
        Measure::Redone,
        Measure::ClosedInTime,
        Measure::ClosedLate,
        Measure::OverdueNow,
        Measure::OpenNow,
    ];

    /// Position in [`Measure::ALL`] and in [`Counts`].
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }
}

/// One cell's counts, by position of [`Measure::ALL`].
pub type Counts = [i64; Measure::ALL.len()];

/// Adds counts to counts, measure by measure.
pub fn add(counts: &mut Counts, deltas: &Counts) {
    for (count, delta) in counts.iter_mut().zip(deltas) {
        *count = count.saturating_add(*delta);
    }
}

/// The day of an instant in +08:00, counted from 1970-01-01.
#[must_use]
pub fn day_of(at: Time) -> i32 {
    const OFFSET_MS: i64 = 8 * HOUR_MS;
    let days = at.0.saturating_add(OFFSET_MS).div_euclid(DAY_MS);
    i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX })
}

/// Which cell.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CellKey {
    /// The node that counts.
    pub author: RegionKey,
    /// The table.
    pub table: Table,
    /// Day in +08:00, counted from 1970-01-01.
    pub day: i32,
    /// First dimension (kind, category, unit).
    pub first: String,
    /// Second dimension (channel, giver's level); empty where there is none.
    pub second: String,
    /// Rules in force for the matter or leg.
    pub rules: RuleVersion,
}

/// A cell with the author's epoch and version: newer replaces older, whichever way it came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cell {
    /// Which.
    pub key: CellKey,
    /// The author's epoch; a new epoch replaces the author's cells.
    pub epoch: u64,
    /// Rises with every change of any cell of the author.
    pub version: u64,
    /// The counts.
    pub counts: Counts,
}

impl Cell {
    /// The newer of two states of one cell: the law of every merge. Idempotent, commutative and associative, because
    /// it is the maximum of a total order:
    ///
    /// ```text
    /// merge(a, a) = a    merge(a, b) = merge(b, a)    merge(a, merge(b, c)) = merge(merge(a, b), c)
    /// ```
    #[must_use]
    pub fn merge(self, other: Cell) -> Cell {
        // Counts decide only where an author broke its promise of one state a version; then all superiors agree still.
        if (self.epoch, self.version, self.counts) >= (other.epoch, other.version, other.counts) {
            self
        } else {
            other
        }
    }
}

/// Up to where an author's cells are known here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Watermark {
    /// The author.
    pub author: RegionKey,
    /// Its epoch.
    pub epoch: u64,
    /// All cells up to this version are here.
    pub version: u64,
    /// As of this moment of the author's clock.
    pub as_of: Time,
}

/// What this node knows of an author below: up to where, and up to where it told the parent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// Up to where the author's cells are here.
    pub mark: Watermark,
    /// Up to where they were forwarded to the present parent; `None`: nothing yet.
    pub forwarded: Option<Watermark>,
}

/// What a child sends to its parent: changed cells and watermarks, its own and forwarded ones.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// Cells.
    pub cells: Vec<Cell>,
    /// Watermarks; valid once the cells of the same report are stored.
    pub watermarks: Vec<Watermark>,
}
