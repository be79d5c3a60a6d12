//! A federation that only counts and reports: rows in memory, reports that arrive when told, disks that go back.

use super::super::fold::cells_of;
use super::super::{
    CELLS_PER_REPORT, Cell, CellKey, Counts, Grouping, Measure, Query, Report, Table, accept, add,
    fold, known, report, totals,
};
use super::{ALL, federation, world};
use crate::fact::Fact;
use crate::leg::RuleVersion;
use crate::row::{Row, RowKey};
use crate::view::{MemoryView, Overlay, Rows};
use hotline_topology::{Federation, PolicyPack, RegionKey, Time};
use proptest::prelude::*;
use std::collections::BTreeMap;

pub(super) const EVER: (i32, i32) = (i32::MIN, i32::MAX);

fn rules() -> RuleVersion {
    RuleVersion {
        pack: "test".into(),
        version: 1,
    }
}

pub(super) fn key(author: RegionKey, day: i32) -> CellKey {
    CellKey {
        author,
        table: Table::LegsByUnit,
        day,
        first: "centre".into(),
        second: String::new(),
        rules: rules(),
    }
}

pub(super) fn put(view: &mut MemoryView, fact: &Fact) {
    let mut overlay = Overlay::new(view);
    fold(&mut overlay, fact).unwrap();
    let changes = overlay.into_changes();
    view.apply(changes);
}

/// What happens in a federation that counts and reports.
#[derive(Clone, Debug)]
pub(super) enum Op {
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

pub(super) fn any_op() -> impl Strategy<Value = Op> {
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
pub(super) struct Net {
    pub tree: Federation,
    pub packs: Vec<PolicyPack>,
    pub now: Time,
    pub views: Vec<MemoryView>,
    pub backups: Vec<MemoryView>,
    pub epochs: Vec<u64>,
    pub written: Vec<(usize, usize, Report)>,
    /// Which of them arrived at least once: those the link does not bring again by itself.
    pub arrived: Vec<bool>,
}

impl Net {
    pub fn new() -> Self {
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

    pub fn count(&mut self, node: usize, day: i32) {
        let mut deltas = Counts::default();
        deltas[Measure::TakenIn.index()] = 1;
        deltas[Measure::OpenNow.index()] = 1;
        let cell = key(ALL[node].0, day);
        put(&mut self.views[node], &Fact::Counted { cell, deltas });
    }

    /// Writes a report; true where one was due.
    pub fn report(&mut self, node: usize) -> bool {
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

    pub fn arrive(&mut self, which: usize) {
        self.arrived[which] = true;
        let (from, to, message) = self.written[which].clone();
        let world = world(ALL[to].0, &self.tree, &self.packs);
        let fact = accept(&world, ALL[from].0, message).unwrap();
        put(&mut self.views[to], &fact);
    }

    pub fn roll_back(&mut self, node: usize) {
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

    pub fn run(&mut self, op: &Op) {
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
    pub fn settle(&mut self) {
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
    pub fn check(&self) {
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
