//! The store as a whole, on a simulated disk with a view in memory; on the real one in `engines`.

mod corpus;
mod crash;
mod destruction;
mod engines;
mod fjall;
mod sled;

use std::path::Path;
use std::sync::Arc;

use super::disk::SimDisk;
use super::test_support::{COUNTER, TestFold, count, dump, lasting_of, rolls, some_ops};
use super::view::{MemEngine, View, ViewError};
use super::*;

const DIR: &str = "/node";

/// A machine: its disk, its view's engine, and how often it booted.
struct Machine {
    disk: SimDisk,
    engine: Arc<MemEngine>,
    boot: u64,
    layout: u32,
}

impl Machine {
    fn new() -> Self {
        Self {
            disk: SimDisk::new(),
            engine: Arc::new(MemEngine::new()),
            boot: 1,
            layout: 1,
        }
    }

    fn settings(&self) -> StoreSettings {
        StoreSettings {
            segment_bytes_max: 1500,
            key_batch: 2,
            checkpoint_memory_bytes: 3000,
            ..StoreSettings::new(DIR, "440300000000", Some(format!("boot {}", self.boot)))
        }
    }

    fn parts(&self) -> Parts {
        let mut roll = rolls(9);
        Parts {
            disk: Arc::new(self.disk.clone()),
            engine: self.engine.clone(),
            fold: Arc::new(TestFold {
                layout: self.layout,
            }),
            random: Box::new(move |buffer| buffer.iter_mut().for_each(|byte| *byte = roll() as u8)),
        }
    }

    fn open(&self) -> Result<(Store, OpenReport), StoreError> {
        Store::open(self.settings(), self.parts())
    }

    fn power_cut(&mut self, seed: u64) {
        self.disk.crash(&mut rolls(seed));
        self.engine.forget();
        self.boot += 1;
    }

    fn view(&self) -> Arc<view::MemView> {
        let generation =
            marks::Marks::new(Arc::new(self.disk.clone()), Path::new(DIR)).generation();
        self.engine
            .view(&open::generation_dir(
                Path::new(DIR),
                generation.unwrap().unwrap().number,
            ))
            .unwrap()
    }
}

/// What the changes of a commit are, counter included, as the committer hands them over.
fn with_counter(mut ops: Vec<Op>, commit_no: CommitNo) -> Vec<Op> {
    ops.push(Op::put(Tree::Figure, COUNTER, count(commit_no)));
    ops
}

fn commit(store: &mut Store, ops: Vec<Op>) -> Result<CommitNo, StoreError> {
    let commit_no = store.last_commit() + 1;
    store.commit(&lasting_of(&ops), with_counter(ops, commit_no))
}

fn filled(store: &mut Store, seed: u64, commits: u64) {
    let mut roll = rolls(seed);
    for _ in 0..commits {
        commit(store, some_ops(&mut roll)).unwrap();
    }
}

/// The state that the log itself gives.
fn folded(store: &Store) -> Vec<Op> {
    let state = view::MemView::new();
    for record in store.reader().read_from(1).unwrap() {
        let record = record.unwrap();
        let ops = TestFold { layout: 1 }
            .fold(&state, record.no, &record.lasting)
            .unwrap();
        state.apply(record.no, &ops).unwrap();
    }
    dump(&state)
}

fn reason(report: &OpenReport) -> &str {
    match &report.view {
        ViewOutcome::Rebuilt { reason, .. } => reason,
        other => panic!("not rebuilt: {other}"),
    }
}

#[test]
fn a_store_closed_in_order_is_found_as_it_was() {
    let mut machine = Machine::new();
    let (mut store, report) = machine.open().unwrap();
    assert_eq!((report.clean, report.view), (false, ViewOutcome::Begun));
    filled(&mut store, 1, 30);
    let before = dump(&*store.view());
    assert_eq!(store.close().unwrap(), 30);
    machine.boot += 1;
    let (store, report) = machine.open().unwrap();
    assert_eq!(
        (report.clean, &report.view, report.log.last),
        (true, &ViewOutcome::Kept, 30)
    );
    assert_eq!(dump(&*store.view()), before);
    assert_eq!(folded(&store), before);
    drop(store);
    let (_, report) = machine.open().unwrap();
    assert!(!report.clean);
}

#[test]
fn a_second_opening_of_the_folder_is_refused() {
    let machine = Machine::new();
    let first = machine.open().unwrap();
    assert!(matches!(
        machine.open().err(),
        Some(StoreError::Locked { .. })
    ));
    drop(first);
    machine.open().unwrap();
}

#[test]
fn a_group_is_invisible_until_it_is_durable() {
    let machine = Machine::new();
    let (mut store, _) = machine.open().unwrap();
    let view = store.view();
    store
        .append(b"1", vec![Op::put(Tree::Leg, *b"k", *b"v")])
        .unwrap();
    store
        .append(b"2", vec![Op::put(Tree::Leg, *b"k", *b"w")])
        .unwrap();
    assert_eq!(
        (view.get(Tree::Leg, b"k"), store.last_commit()),
        (Ok(None), 0)
    );
    let syncs = machine.disk.syncs();
    assert_eq!(
        (store.sync().unwrap(), machine.disk.syncs() - syncs),
        (2, 1)
    );
    assert_eq!(
        (view.get(Tree::Leg, b"k"), view.last_commit()),
        (Ok(Some(b"w".to_vec())), Ok(2))
    );
    drop(store);
    assert_eq!(view.get(Tree::Leg, b"k"), Err(ViewError::Closed));
}

#[test]
fn a_half_applied_commit_is_mended_by_replay() {
    let machine = Machine::new();
    let (mut store, _) = machine.open().unwrap();
    filled(&mut store, 2, 5);
    let ops = vec![
        Op::put(Tree::Leg, *b"a", *b"1"),
        Op::del(Tree::Leg, *b"b"),
        Op::put(Tree::Index, *b"c", *b"3"),
    ];
    for applied in 0..=ops.len() {
        let view = machine.view();
        let before = dump(&*view);
        let last = view.last_commit().unwrap();
        commit(&mut store, ops.clone()).unwrap();
        let whole = dump(&*view);
        // The process was killed in the middle: the state before, then a part of the changes.
        view.apply(
            last,
            &whole
                .iter()
                .map(|op| Op::del(op.tree, op.key.clone()))
                .collect::<Vec<_>>(),
        )
        .unwrap();
        view.apply(last, &before).unwrap();
        view.apply_partly(&ops, applied);
        drop(store);
        let report;
        (store, report) = machine.open().unwrap();
        assert_eq!(
            report.view,
            ViewOutcome::Replayed {
                from: last + 1,
                upto: last + 1
            }
        );
        assert_eq!(dump(&*store.view()), whole, "{applied} applied");
    }
}

#[test]
fn another_layout_rebuilds_the_view_and_passes_over_old_checkpoints() {
    let mut machine = Machine::new();
    let (mut store, _) = machine.open().unwrap();
    filled(&mut store, 4, 40);
    store.upkeep().run().unwrap();
    let before = dump(&*store.view());
    store.close().unwrap();
    machine.layout = 2;
    let (store, report) = machine.open().unwrap();
    let ViewOutcome::Rebuilt {
        reason,
        from_checkpoint: 0,
        folded: 40,
        refused,
    } = &report.view
    else {
        panic!("{report}")
    };
    assert!(reason.contains("布局") && refused.len() == 2, "{report}");
    assert_eq!(dump(&*store.view()), before);
}

#[test]
fn upkeep_strips_what_the_checkpoint_covers_and_a_rebuild_begins_there() {
    let mut machine = Machine::new();
    let (mut store, _) = machine.open().unwrap();
    filled(&mut store, 5, 60);
    let upkeep = store.upkeep().run().unwrap();
    let closed = store.closed_upto();
    assert!(
        closed > 30 && upkeep.built.commit_no == closed && upkeep.stripped > 3,
        "{upkeep}"
    );
    assert!(
        store
            .reader()
            .segments()
            .unwrap()
            .iter()
            .all(|s| s.stripped == s.last.is_some())
    );
    filled(&mut store, 6, 10);
    let again = store.upkeep().run().unwrap();
    assert!(again.built.refused.is_empty(), "{again}");
    assert_eq!(store.upkeep().run().unwrap().built.written, 0);
    let before = dump(&*store.view());
    let from = again.built.commit_no;
    drop(store);
    machine.power_cut(1);
    let (store, report) = machine.open().unwrap();
    assert!(
        matches!(&report.view, ViewOutcome::Rebuilt { from_checkpoint, folded, .. }
            if *from_checkpoint == from && *folded == 70 - from),
        "{report}"
    );
    assert_eq!(
        (dump(&*store.view()), folded(&store)),
        (before.clone(), before)
    );
}

#[test]
fn a_view_behind_the_archived_redo_is_rebuilt() {
    let machine = Machine::new();
    let (mut store, _) = machine.open().unwrap();
    filled(&mut store, 7, 60);
    store.upkeep().run().unwrap();
    let before = dump(&*store.view());
    drop(store);
    let view = machine.view();
    view.apply(3, &[]).unwrap();
    let (store, report) = machine.open().unwrap();
    assert!(reason(&report).contains("已归档"), "{report}");
    assert_eq!(dump(&*store.view()), before);
}

#[test]
fn what_is_refused_before_it_is_written_harms_nothing() {
    let machine = Machine::new();
    let (mut store, _) = machine.open().unwrap();
    let error = store
        .commit(b"x", vec![Op::put(Tree::Leg, vec![1; 600], *b"v")])
        .unwrap_err();
    assert!(
        error.is_harmless() && error.to_string().contains("511"),
        "{error}"
    );
    let error = store
        .commit(&vec![0; log::RECORD_BYTES_MAX], vec![])
        .unwrap_err();
    assert!(error.is_harmless(), "{error}");
    assert_eq!(commit(&mut store, vec![]).unwrap(), 1);
}

#[test]
fn a_record_that_cannot_be_folded_stops_the_rebuild_by_name() {
    let mut machine = Machine::new();
    let (mut store, _) = machine.open().unwrap();
    store.commit(b"not for this fold", vec![]).unwrap();
    drop(store);
    machine.power_cut(1);
    assert!(matches!(
        machine.open().err(),
        Some(StoreError::Fold { commit_no: 1, .. })
    ));
}

#[test]
fn a_round_of_upkeep_does_not_meet_another() {
    let machine = Machine::new();
    let (store, _) = machine.open().unwrap();
    let marks = marks::Marks::new(Arc::new(machine.disk.clone()), Path::new(DIR));
    let lock = marks.lock_upkeep().unwrap();
    assert!(store.upkeep().run().unwrap().busy);
    drop(lock);
    assert!(!store.upkeep().run().unwrap().busy);
}

#[test]
fn a_node_key_that_headers_cannot_hold_is_refused() {
    for node in [String::new(), "4".repeat(61)] {
        let machine = Machine::new();
        let settings = StoreSettings {
            node,
            ..machine.settings()
        };
        let answer = Store::open(settings, machine.parts());
        assert!(matches!(answer.err(), Some(StoreError::BadSetting { .. })));
    }
}
