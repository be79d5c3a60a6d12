//! Figures: cells, watermarks, reports.

use super::field::{Field, noun};
use super::form::coded;
use super::malformed::{Malformed, Why};
use hotline_domain::figures::{Cell, CellKey, Counts, Known, Measure, Report, Table, Watermark};
use hotline_proto::figures::v1 as pb;
use hotline_proto::record::v1 as record;

coded!(Table => pb::Table {
    MattersByKindChannel, MattersByCategory, LegsByKindGiver, LegsByCategory, LegsByUnit,
});

noun!(CellKey => pb::CellKey { author, table, day, first, second, rules });
noun!(Cell => pb::Cell { key, epoch, version, counts });
noun!(Watermark => pb::Watermark { author, epoch, version, as_of: as_of_ms });
noun!(Report => pb::Report { cells, watermarks });
noun!(Known => record::Known { mark, forwarded });

/// Counts by position; fewer than this version knows are an older version's, and the rest is 0.
impl Field<Vec<i64>> for Counts {
    fn put(&self) -> Vec<i64> {
        self.to_vec()
    }

    fn take(content: Vec<i64>, at: &'static str) -> Result<Self, Malformed> {
        let mut counts: Counts = [0; Measure::ALL.len()];
        let (is, max) = (content.len(), counts.len());
        let known = counts
            .get_mut(..is)
            .ok_or_else(|| Malformed::new(at, Why::TooLong { is, max }))?;
        known.copy_from_slice(&content);
        Ok(counts)
    }
}
