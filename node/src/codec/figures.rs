//! Figures: cells, watermarks, reports.

use super::form::{Coded, Form, all_from, all_to, coded, need_from, region, region_text};
use super::malformed::{Malformed, Why};
use hotline_domain::figures::{Cell, CellKey, Counts, Measure, Report, Table, Watermark};
use hotline_proto::figures::v1 as pb;
use hotline_topology::Time;

coded!(Table => pb::Table {
    MattersByKindChannel, MattersByCategory, LegsByKindGiver, LegsByCategory, LegsByUnit,
});

/// Counts of a list by position; fewer than this version knows are an older version's, and the rest is 0.
pub(super) fn counts(list: &[i64], at: &'static str) -> Result<Counts, Malformed> {
    let mut counts: Counts = [0; Measure::ALL.len()];
    match counts.get_mut(..list.len()) {
        Some(known) => known.copy_from_slice(list),
        None => {
            let (is, max) = (list.len(), counts.len());
            return Err(Malformed::new(at, Why::TooLong { is, max }));
        }
    }
    Ok(counts)
}

impl Form for CellKey {
    type Proto = pb::CellKey;

    fn to_proto(&self) -> pb::CellKey {
        let CellKey {
            author,
            table,
            day,
            first,
            second,
            rules,
        } = self;
        pb::CellKey {
            author: region_text(*author),
            table: table.code(),
            day: *day,
            first: first.clone(),
            second: second.clone(),
            rules: Some(rules.to_proto()),
        }
    }

    fn from_proto(proto: pb::CellKey) -> Result<Self, Malformed> {
        let pb::CellKey {
            author,
            table,
            day,
            first,
            second,
            rules,
        } = proto;
        Ok(CellKey {
            author: region(&author, "CellKey.author")?,
            table: Table::from_code(table, "CellKey.table")?,
            day,
            first,
            second,
            rules: need_from(rules, "CellKey.rules")?,
        })
    }
}

impl Form for Cell {
    type Proto = pb::Cell;

    fn to_proto(&self) -> pb::Cell {
        let Cell {
            key,
            epoch,
            version,
            counts,
        } = self;
        pb::Cell {
            key: Some(key.to_proto()),
            epoch: *epoch,
            version: *version,
            counts: counts.to_vec(),
        }
    }

    fn from_proto(proto: pb::Cell) -> Result<Self, Malformed> {
        let pb::Cell {
            key,
            epoch,
            version,
            counts: list,
        } = proto;
        Ok(Cell {
            key: need_from(key, "Cell.key")?,
            epoch,
            version,
            counts: counts(&list, "Cell.counts")?,
        })
    }
}

impl Form for Watermark {
    type Proto = pb::Watermark;

    fn to_proto(&self) -> pb::Watermark {
        let Watermark {
            author,
            epoch,
            version,
            as_of,
        } = self;
        pb::Watermark {
            author: region_text(*author),
            epoch: *epoch,
            version: *version,
            as_of_ms: as_of.0,
        }
    }

    fn from_proto(proto: pb::Watermark) -> Result<Self, Malformed> {
        let pb::Watermark {
            author,
            epoch,
            version,
            as_of_ms,
        } = proto;
        Ok(Watermark {
            author: region(&author, "Watermark.author")?,
            epoch,
            version,
            as_of: Time(as_of_ms),
        })
    }
}

impl Form for Report {
    type Proto = pb::Report;

    fn to_proto(&self) -> pb::Report {
        let Report { cells, watermarks } = self;
        pb::Report {
            cells: all_to(cells),
            watermarks: all_to(watermarks),
        }
    }

    fn from_proto(proto: pb::Report) -> Result<Self, Malformed> {
        let pb::Report { cells, watermarks } = proto;
        Ok(Report {
            cells: all_from(cells)?,
            watermarks: all_from(watermarks)?,
        })
    }
}
