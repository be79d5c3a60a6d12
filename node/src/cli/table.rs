//! Tables that line up, also where half of the text is Chinese.

use crate::out;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, presets};
use hotline_show::{Show, Text, line, shown};
use unicode_width::UnicodeWidthStr as _;

/// Narrower terminals are shown the ends of numbers and the beginnings of ids, which name them as well.
const WIDE_FROM: usize = 140;
/// Characters of an id that a narrow terminal is shown.
const ID_CHARS: usize = 8;

fn is_narrow() -> bool {
    out::columns().is_some_and(|width| width < WIDE_FROM)
}

/// A ticket's number as it fits the terminal: `K7QX-0001-M` of `140525000000-20261122-K7QX-0001-M`.
#[must_use]
pub fn number(number: &str) -> String {
    let end = number.splitn(3, '-').nth(2).filter(|_| is_narrow());
    end.unwrap_or(number).to_owned()
}

/// An id as it fits the terminal.
#[must_use]
pub fn id(id: &str) -> String {
    let start = id.get(..ID_CHARS).filter(|_| is_narrow());
    start.unwrap_or(id).to_owned()
}

/// A table without lines but one below its header, so that it pastes well into other programs.
#[derive(Debug)]
pub struct Listing {
    table: Table,
    rows: usize,
}

impl Listing {
    /// An empty table with a header.
    #[must_use]
    pub fn new(header: &[&str]) -> Self {
        let mut table = Table::new();
        table
            .load_style(presets::UTF8_NO_BORDERS)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(header.iter().copied());
        table.style_mut().row_separator = LineStyle::none();
        Self { table, rows: 0 }
    }

    /// Numbers stand right in the columns from this one on.
    #[must_use]
    pub fn numbers_from(mut self, column: usize) -> Self {
        for column in self.table.column_iter_mut().skip(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        self
    }

    /// Adds a row.
    pub fn row<I>(&mut self, cells: I)
    where
        I: IntoIterator,
        I::Item: Show,
    {
        self.rows += 1;
        let cells = cells.into_iter().map(|cell| shown!("{cell}"));
        // A cell is one line, whatever stands in it.
        self.table.add_row(cells.map(|cell| line(cell.as_str())));
    }

    /// The table, or what to say where it has no rows.
    #[must_use]
    pub fn or(self, empty: &str) -> Text {
        if self.rows == 0 {
            return shown!("{empty}\n");
        }
        self.fitted(out::columns())
    }

    /// At a terminal, cells are broken so that the rows fit; the first column, which names the row, stays whole.
    fn fitted(mut self, columns: Option<usize>) -> Text {
        let width = self.table.lines().map(|line| line.width()).max();
        if let Some(columns) = columns
            && width.unwrap_or(0) > columns
        {
            self.table
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_width(u16::try_from(columns).unwrap_or(u16::MAX));
            if let Some(first) = self.table.column_mut(0) {
                first.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        drawn(&self.table)
    }
}

/// A table's lines, filtered.
fn drawn(table: &Table) -> Text {
    let mut text = Text::new();
    for line in table.lines() {
        text.line(line.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_whatever_the_script() {
        let mut listing = Listing::new(&["编号", "承办单位", "期限"]);
        listing.row(["A1", "县级 泽州县 住房和城乡建设局", "2026-03-04"]);
        listing.row(["B22222", "abc", "2026-03-05"]);
        let text = listing.or("");
        let text = text.as_str();
        let columns: Vec<Vec<usize>> = text
            .lines()
            .filter(|line| line.contains('┆'))
            .map(|line| {
                line.match_indices('┆')
                    .map(|(at, _)| line[..at].width())
                    .collect()
            })
            .collect();
        assert_eq!(columns.len(), 3, "{text}");
        assert_eq!(columns[0].len(), 2, "{text}");
        assert!(columns.iter().all(|places| *places == columns[0]), "{text}");
    }

    #[test]
    fn a_table_fits_the_terminal() {
        let full = || {
            let mut listing = Listing::new(&["编号", "承办单位", "期限", "状态", "内容"]);
            let words = "县级 泽州县 住房和城乡建设局".repeat(2);
            listing.row([
                "A1-20260304-001",
                &words,
                "2026-03-04 17:00",
                "在办",
                &words,
            ]);
            listing
        };
        for columns in [80, 120] {
            let text = full().fitted(Some(columns));
            let lines = || text.as_str().lines();
            assert!(lines().all(|line| line.width() <= columns), "{text:?}");
            assert!(text.as_str().contains("A1-20260304-001"), "{text:?}");
        }
        assert_eq!(full().fitted(None).as_str().lines().count(), 3);
    }

    #[test]
    fn an_empty_table_says_so() {
        assert_eq!(
            Listing::new(&["编号"]).or("没有工单").as_str(),
            "没有工单\n"
        );
    }
}
