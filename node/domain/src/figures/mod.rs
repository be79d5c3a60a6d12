//! Figures (统计数): counted in the commit, sent upward as cells, never case files.

mod cell;

pub use cell::{Cell, CellKey, Counts, Known, Measure, Report, Table, Watermark};
