//! The nouns: positions, days, ratios.

use super::super::{Counts, Measure, Ratio, Table, day_of};
use hotline_topology::Time;

#[test]
fn positions_are_those_of_the_lists() {
    for (at, measure) in Measure::ALL.into_iter().enumerate() {
        assert_eq!(measure.index(), at);
    }
    for (at, table) in Table::ALL.into_iter().enumerate() {
        assert_eq!(table.index(), at);
    }
}

#[test]
fn a_day_ends_at_midnight_of_local_time() {
    let day = |text: &str| day_of(text.parse::<Time>().unwrap());
    assert_eq!(day("1970-01-01"), 0);
    assert_eq!(day("2026-11-22"), 20_779);
    assert_eq!(day("2026-11-22 23:59:59"), 20_779);
    assert_eq!(day("2026-11-23 00:00:00"), 20_780);
}

#[test]
fn a_ratio_of_nothing_is_not_a_number() {
    let mut counts = Counts::default();
    assert_eq!(Ratio::OnTime.of(&counts).to_string(), "—");
    counts[Measure::ClosedInTime.index()] = 2;
    counts[Measure::ClosedLate.index()] = 1;
    assert_eq!(Ratio::OnTime.of(&counts).to_string(), "66.67%");
    assert_eq!(Ratio::OnTime.of(&counts).hundredths(), Some(6667));
    assert_eq!(Ratio::Direct.of(&counts).to_string(), "—");
}
