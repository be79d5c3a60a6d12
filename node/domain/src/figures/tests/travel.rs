//! Cells on their way up: merged, cut, repeated, disordered, forgotten by a rolled-back disk.

use super::super::fold::{all_known, cells_of};
use super::super::{
    CELLS_PER_REPORT, Cell, Counts, Grouping, Measure, Query, Report, Table, Watermark, accept,
    known, totals,
};
use super::net::{EVER, Net, Op, any_op, key, put};
use super::{ALL, CITY, COUNTY, OTHER_CITY, PROVINCE, TOWN, federation, world};
use crate::fact::Fact;
use crate::view::MemoryView;
use hotline_topology::{PolicyPack, Time};
use proptest::prelude::*;

/// What is stored of others, without the marks of what was forwarded.
fn state(view: &MemoryView) -> (Vec<Cell>, Vec<Watermark>) {
    let cells = ALL
        .iter()
        .flat_map(|(author, ..)| cells_of(view, *author, Table::LegsByUnit, EVER).unwrap())
        .collect();
    let marks = all_known(view).unwrap();
    (cells, marks.into_iter().map(|known| known.mark).collect())
}

prop_compose! {
    fn any_cell()(author in 0..2usize, day in 0..3i32, epoch in 1..4u64, version in 1..5u64, count in 0..3i64) -> Cell {
        let mut counts = Counts::default();
        counts[Measure::TakenIn.index()] = count;
        // One state a version: an author never gives a version to two cells.
        let version = version * 3 + day as u64;
        Cell { key: key([COUNTY, TOWN][author], day), epoch, version, counts }
    }
}

prop_compose! {
    fn any_report()(
        cells in prop::collection::vec(any_cell(), 0..4),
        marks in prop::collection::vec((0..2usize, 1..4u64, 1..9u64), 0..2),
    ) -> Report {
        let mark = |(author, epoch, version): (usize, u64, u64)| Watermark {
            author: [COUNTY, TOWN][author],
            epoch,
            version,
            as_of: Time(version as i64 * 10),
        };
        Report { cells, watermarks: marks.into_iter().map(mark).collect() }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// merge(a, a) = a; merge(a, b) = merge(b, a); merge(a, merge(b, c)) = merge(merge(a, b), c)
    #[test]
    fn merging_a_cell_is_a_maximum(a in any_cell(), b in any_cell(), c in any_cell()) {
        let (b, c) = (Cell { key: a.key.clone(), ..b }, Cell { key: a.key.clone(), ..c });
        let merge = |x: &Cell, y: &Cell| x.clone().merge(y.clone());
        prop_assert_eq!(merge(&a, &a), a.clone());
        prop_assert_eq!(merge(&a, &b), merge(&b, &a));
        prop_assert_eq!(merge(&a, &merge(&b, &c)), merge(&merge(&a, &b), &c));
    }

    /// fold(R) = fold(any order of R with any repeats)
    #[test]
    fn reports_may_come_in_any_order_and_often(
        reports in prop::collection::vec(any_report(), 1..7),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let (mut straight, mut disordered) = (MemoryView::default(), MemoryView::default());
        for report in &reports {
            put(&mut straight, &Fact::Reported { report: report.clone() });
        }
        let picked = order.iter().map(|at| at.get(&reports));
        for report in picked.chain(reports.iter().rev()) {
            put(&mut disordered, &Fact::Reported { report: report.clone() });
        }
        prop_assert_eq!(state(&straight), state(&disordered));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Once links are quiet: totals(superior) = Σ own cells of its subtree, whatever came before.
    #[test]
    fn a_superior_has_what_its_subtree_has(ops in prop::collection::vec(any_op(), 0..120)) {
        let mut net = Net::new();
        ops.iter().for_each(|op| net.run(op));
        net.settle();
        net.check();
    }
}

#[test]
fn nothing_new_is_told_calmly() {
    let mut net = Net::new();
    net.count(3, 1);
    assert!(net.report(3), "a change is told");
    assert!(!net.report(3), "no change is not told at once");
    net.now = net.now.plus_millis(60_000);
    assert!(net.report(3), "the watermark moves on");
    let (_, _, last) = net.written.last().unwrap();
    assert!(last.cells.is_empty());
    assert_eq!(last.watermarks.len(), 1);
    assert!(!net.report(0), "the root has nobody to tell");
}

/// A later report overtook an earlier one, and was forwarded before the earlier one came.
#[test]
fn a_cell_that_was_overtaken_is_forwarded_still() {
    let mut net = Net::new();
    for day in [1, 2] {
        net.count(3, day);
        net.report(3);
    }
    net.arrive(1);
    net.report(1);
    net.arrive(0);
    net.settle();
    net.check();
}

/// The parent's disk went back, and what it must hear again does not fit one report.
#[test]
fn a_parent_that_forgot_hears_everything_again() {
    let mut net = Net::new();
    net.run(&Op::CountMuch { node: 3 });
    net.count(4, 1);
    net.settle();
    net.roll_back(0);
    net.settle();
    net.check();
}

#[test]
fn a_cut_report_does_not_promise_more_than_it_holds() {
    let mut net = Net::new();
    net.run(&Op::CountMuch { node: 3 });
    net.report(3);
    net.arrive(0);
    let mark = known(&net.views[1], COUNTY).unwrap().unwrap().mark;
    assert_eq!(
        (mark.version, mark.as_of),
        (CELLS_PER_REPORT as u64, Time(0))
    );
    let query = Query {
        table: Table::LegsByUnit,
        from: 0,
        to: 10_000,
        by: Grouping::Whole,
    };
    let halfway = totals(&net.views[1], &net.tree, CITY, &query).unwrap();
    assert!(halfway.missing.contains(&COUNTY));
    net.settle();
    let whole = totals(&net.views[1], &net.tree, CITY, &query).unwrap();
    assert!(whole.is_complete());
    assert_eq!(
        whole.sum[Measure::TakenIn.index()],
        CELLS_PER_REPORT as i64 + 100
    );
}

#[test]
fn nobody_reports_for_others_or_nonsense() {
    let (tree, packs) = (federation(), [PolicyPack::default_pack()]);
    let province = world(PROVINCE, &tree, &packs);
    let good = Cell {
        key: key(COUNTY, 1),
        epoch: 1,
        version: 1,
        counts: Counts::default(),
    };
    let rule = |peer, cell: Cell| {
        let report = Report {
            cells: vec![cell],
            watermarks: Vec::new(),
        };
        accept(&province, peer, report).map_err(|refusal| refusal.rule)
    };
    assert!(rule(CITY, good.clone()).is_ok());
    assert_eq!(rule(OTHER_CITY, good.clone()), Err("figures.author"));
    assert_eq!(
        rule(COUNTY, good.clone()),
        Err("figures.child"),
        "not by a grandchild itself"
    );
    assert_eq!(rule(PROVINCE, good.clone()), Err("figures.child"));
    let superior = Cell {
        key: key(PROVINCE, 1),
        ..good.clone()
    };
    assert_eq!(rule(CITY, superior), Err("figures.author"));
    let mut negative = good.clone();
    negative.counts[0] = -1;
    let far = Cell {
        key: key(COUNTY, -1),
        ..good.clone()
    };
    let mut wordy = good.clone();
    wordy.key.first = "位".repeat(65);
    let unversioned = Cell {
        version: 0,
        ..good.clone()
    };
    for bad in [negative, far, wordy, unversioned] {
        assert_eq!(rule(CITY, bad), Err("figures.cell"));
    }
    let mark = Watermark {
        author: CITY,
        epoch: 0,
        version: 1,
        as_of: Time(1),
    };
    let report = Report {
        cells: Vec::new(),
        watermarks: vec![mark],
    };
    let refused = accept(&province, CITY, report).map_err(|refusal| refusal.rule);
    assert_eq!(refused, Err("figures.watermark"));
    let much = Report {
        cells: vec![good; CELLS_PER_REPORT + 1],
        watermarks: Vec::new(),
    };
    let refused = accept(&province, CITY, much).map_err(|refusal| refusal.rule);
    assert_eq!(refused, Err("figures.size"));
}
