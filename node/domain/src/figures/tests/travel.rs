//! Cells on their way up: merged, cut, repeated, disordered, forgotten by a rolled-back disk.

use super::super::fold::{all_known, cells_of};
use super::super::{
    CELLS_PER_REPORT, Cell, CellKey, Counts, Grouping, Measure, Query, Report, Table, Watermark,
    accept, add, fold, known, report, totals,
};
use super::{ALL, CITY, COUNTY, OTHER_CITY, PROVINCE, TOWN, federation, world};
use crate::fact::Fact;
use crate::leg::RuleVersion;
use crate::row::{Row, RowKey};
use crate::view::{MemoryView, Overlay, Rows};
use hotline_topology::{Federation, PolicyPack, RegionKey, Time};
use proptest::prelude::*;
use std::collections::BTreeMap;

const EVER: (i32, i32) = (i32::MIN, i32::MAX);

fn rules() -> RuleVersion {
    RuleVersion {
        pack: "test".into(),
        version: 1,
    }
}

fn key(author: RegionKey, day: i32) -> CellKey {
    CellKey {
        author,
        table: Table::LegsByUnit,
        day,
        first: "centre".into(),
        second: String::new(),
        rules: rules(),
    }
}

fn put(view: &mut MemoryView, fact: &Fact) {
    let mut overlay = Overlay::new(view);
    fold(&mut overlay, fact).unwrap();
    let changes = overlay.into_changes();
    view.apply(changes);
}

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

/// What happens in a federation that counts and reports.
#[derive(Clone, Debug)]
enum Op {
    /// A node counts something on a day.
    Count { node: usize, day: i32 },
    /// A node counts on more days than a report holds.
    CountMuch { node: usize },
    /// A node's timer: a report is written, if one is due.
    Report { node: usize },
    /// One of the written reports arrives, again perhaps.
    Arrive { which: prop::sample::Index },
    /// The node's disk is remembered.
    Backup { node: usize },
    /// The node's disk becomes the remembered one, and the node takes a higher epoch.
    RollBack { node: usize },
}

fn any_op() -> impl Strategy<Value = Op> {
    let node = 0..ALL.len();
    prop_oneof![
        12 => (node.clone(), 0..4i32).prop_map(|(node, day)| Op::Count { node, day }),
        1 => node.clone().prop_map(|node| Op::CountMuch { node }),
        10 => node.clone().prop_map(|node| Op::Report { node }),
        14 => any::<prop::sample::Index>().prop_map(|which| Op::Arrive { which }),
        2 => node.clone().prop_map(|node| Op::Backup { node }),
        2 => node.prop_map(|node| Op::RollBack { node }),
    ]
}

/// Nodes with their rows, and every report ever written.
struct Net {
    tree: Federation,
    packs: Vec<PolicyPack>,
    now: Time,
    views: Vec<MemoryView>,
    backups: Vec<MemoryView>,
    epochs: Vec<u64>,
    written: Vec<(usize, usize, Report)>,
    /// Which of them arrived at least once: those the link does not bring again by itself.
    arrived: Vec<bool>,
}

impl Net {
    fn new() -> Self {
        let mut net = Self {
            tree: federation(),
            packs: vec![PolicyPack::default_pack()],
            now: Time(1_000_000),
            views: vec![MemoryView::default(); ALL.len()],
            backups: vec![MemoryView::default(); ALL.len()],
            epochs: vec![1; ALL.len()],
            written: Vec::new(),
            arrived: Vec::new(),
        };
        (0..ALL.len()).for_each(|node| net.meet(node));
        net
    }

    fn count(&mut self, node: usize, day: i32) {
        let mut deltas = Counts::default();
        deltas[Measure::TakenIn.index()] = 1;
        deltas[Measure::OpenNow.index()] = 1;
        let cell = key(ALL[node].0, day);
        put(&mut self.views[node], &Fact::Counted { cell, deltas });
    }

    /// Writes a report; true where one was due.
    fn report(&mut self, node: usize) -> bool {
        self.now = self.now.plus_millis(7_000);
        let world = world(ALL[node].0, &self.tree, &self.packs);
        let Some((message, fact)) = report(&world, &self.views[node], self.now).unwrap() else {
            return false;
        };
        assert!(message.cells.len() <= CELLS_PER_REPORT);
        put(&mut self.views[node], &fact);
        let parent = ALL.iter().position(|(key, ..)| Some(*key) == ALL[node].2);
        self.written.push((node, parent.unwrap(), message));
        self.arrived.push(false);
        true
    }

    fn arrive(&mut self, which: usize) {
        self.arrived[which] = true;
        let (from, to, message) = self.written[which].clone();
        let world = world(ALL[to].0, &self.tree, &self.packs);
        let fact = accept(&world, ALL[from].0, message).unwrap();
        put(&mut self.views[to], &fact);
    }

    fn roll_back(&mut self, node: usize) {
        self.views[node] = self.backups[node].clone();
        self.epochs[node] += 1;
        let mut row = self.views[node].node().unwrap();
        row.epoch = self.epochs[node];
        self.views[node].apply([(RowKey::Node, Some(Row::Node(Box::new(row))))]);
        for at in 0..ALL.len() {
            self.meet(at);
        }
    }

    /// The node hears its parent's hello.
    fn meet(&mut self, node: usize) {
        let Some(parent) = ALL[node].2 else { return };
        let above = ALL.iter().position(|(key, ..)| *key == parent).unwrap();
        let mut link = self.views[node].link(parent).unwrap();
        link.peer_epoch = self.epochs[above];
        self.views[node].apply([(RowKey::Link(parent), Some(Row::Link(Box::new(link))))]);
    }

    fn run(&mut self, op: &Op) {
        match op {
            Op::Count { node, day } => self.count(*node, *day),
            Op::CountMuch { node } => {
                (0..CELLS_PER_REPORT as i32 + 100).for_each(|day| self.count(*node, day));
            }
            Op::Report { node } => {
                self.report(*node);
            }
            Op::Arrive { which } => {
                if !self.written.is_empty() {
                    self.arrive(which.index(self.written.len()));
                }
            }
            Op::Backup { node } => self.backups[*node] = self.views[*node].clone(),
            Op::RollBack { node } => self.roll_back(*node),
        }
    }

    /// Faults have stopped: what never arrived does, everything due is written and arrives.
    fn settle(&mut self) {
        (0..ALL.len()).for_each(|node| self.meet(node));
        let lost: Vec<usize> = (0..self.written.len())
            .filter(|which| !self.arrived[*which])
            .collect();
        lost.into_iter().for_each(|which| self.arrive(which));
        for node in (0..ALL.len()).rev() {
            self.now = self.now.plus_millis(3_600_000);
            while self.report(node) {
                self.arrive(self.written.len() - 1);
            }
        }
    }

    fn own(&self, node: usize) -> Vec<Cell> {
        let epoch = self.epochs[node];
        let cells = cells_of(&self.views[node], ALL[node].0, Table::LegsByUnit, EVER).unwrap();
        cells
            .into_iter()
            .map(|cell| Cell { epoch, ..cell })
            .collect()
    }

    /// For every superior and author below: stored cells = own cells, and totals = their sum.
    fn check(&self) {
        for (above, (superior, ..)) in ALL.iter().enumerate() {
            let (mut sum, mut by_region) = (Counts::default(), BTreeMap::new());
            for (below, (author, ..)) in ALL.iter().enumerate() {
                if author != superior && !self.tree.is_below(*author, *superior) {
                    continue;
                }
                let own = self.own(below);
                if author != superior {
                    let table = Table::LegsByUnit;
                    let stored = cells_of(&self.views[above], *author, table, EVER).unwrap();
                    assert_eq!(stored, own, "{superior} on {author}");
                    let mark = known(&self.views[above], *author).unwrap().unwrap().mark;
                    let version = self.views[below].node().unwrap().figures_version;
                    assert_eq!((mark.epoch, mark.version), (self.epochs[below], version));
                }
                for cell in &own {
                    add(&mut sum, &cell.counts);
                    add(by_region.entry(*author).or_default(), &cell.counts);
                }
            }
            let query = |by| Query {
                table: Table::LegsByUnit,
                from: 0,
                to: 10_000,
                by,
            };
            let view = &self.views[above];
            let whole = totals(view, &self.tree, *superior, &query(Grouping::Whole)).unwrap();
            assert_eq!(whole.sum, sum);
            assert!(whole.is_complete());
            let lines = totals(view, &self.tree, *superior, &query(Grouping::Region))
                .unwrap()
                .lines;
            let shown: Vec<Counts> = lines.into_iter().map(|(_, counts)| counts).collect();
            assert_eq!(shown, by_region.into_values().collect::<Vec<Counts>>());
        }
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
