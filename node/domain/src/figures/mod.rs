//! Figures (统计数): counted in the commit, sent upward as cells, never case files.
//!
//! ```text
//! act ── count ──▶ Fact::Counted ── fold ──▶ own cells ── report ──▶ parent: accept ──▶ Fact::Reported ── fold ──▶
//!                                                            ▲                                cells by author
//!                                                            └──────── forwarded, never merged ────────┘
//! ```
//!
//! To add a measure: append it to [`Measure`] and say in `count.rs` what a matter or a leg contributes. To add a
//! table: append it to [`Table`] and name its key in `count.rs`.

mod cell;
mod count;
mod fold;
mod read;
mod report;
#[cfg(test)]
mod tests;

pub use cell::{Cell, CellKey, Counts, Known, Measure, Report, Table, Watermark, add, day_of};
pub use count::count;
pub use fold::{fold, known};
pub use read::{Grouping, Label, Query, Ratio, Share, Totals, totals};
pub use report::{CALM_MS, CELLS_PER_REPORT, WATERMARKS_PER_REPORT, accept, report};
