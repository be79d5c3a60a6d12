//! The store as a whole, on a simulated disk with a view in memory; on the real one in `sled`.

mod corpus;
mod sled;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;

use super::disk::{Disk, SimDisk};
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
                generation.unwrap().unwrap(),
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
fn after_a_power_cut_the_view_is_rebuilt_even_if_the_first_attempt_is_cut_short() {
    let mut cut_short = 0;
    for room in 0..60 {
        let mut machine = Machine::new();
        let (mut store, _) = machine.open().unwrap();
        filled(&mut store, 3, 20);
        let before = dump(&*store.view());
        drop(store);
        // The engine keeps its files, which may be anything.
        machine
            .view()
            .apply_partly(&[Op::put(Tree::Ticket, *b"never written", *b"x")], 1);
        machine.boot += 1;
        machine.disk.set_room(Some(room));
        let first = machine.open();
        machine.disk.set_room(None);
        let report = match first {
            Ok((store, report)) => {
                drop(store);
                report
            }
            Err(error) => {
                assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
                cut_short += 1;
                machine.open().unwrap().1
            }
        };
        assert!(reason(&report).contains("断电"), "{report}");
        let (store, report) = machine.open().unwrap();
        assert_eq!(
            (report.view, dump(&*store.view())),
            (ViewOutcome::Kept, before),
            "room {room}"
        );
    }
    assert!(cut_short > 40, "{cut_short}");
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
fn a_view_ahead_of_the_log_is_rebuilt_and_an_alarm() {
    let machine = Machine::new();
    let (mut store, _) = machine.open().unwrap();
    filled(&mut store, 8, 5);
    drop(store);
    machine
        .view()
        .apply(9, &[Op::put(Tree::Leg, *b"acknowledged", *b"lost")])
        .unwrap();
    let (store, report) = machine.open().unwrap();
    assert_eq!(report.view_was_ahead, Some(9));
    assert!(report.to_string().contains("警报"), "{report}");
    assert_eq!(dump(&*store.view()), folded(&store));
}

#[test]
fn a_cleanly_closed_log_that_lost_its_end_is_refused_untouched() {
    let machine = Machine::new();
    let (mut store, _) = machine.open().unwrap();
    filled(&mut store, 9, 5);
    let segment = store.reader().segments().unwrap().pop().unwrap();
    store.close().unwrap();
    machine
        .disk
        .truncate(&segment.path, segment.bytes - 1)
        .unwrap();
    assert!(matches!(
        machine.open().err(),
        Some(StoreError::TailLost {
            marked: 5,
            found: 4,
            ..
        })
    ));
    assert_eq!(machine.disk.len(&segment.path).unwrap(), segment.bytes - 1);
    machine.disk.remove(Path::new("/node/CLEAN")).unwrap();
    let (_, report) = machine.open().unwrap();
    assert_eq!((report.log.last, report.view_was_ahead), (4, Some(5)));
}

#[test]
fn nothing_is_acknowledged_after_a_failure_until_the_store_was_opened_again() {
    for fault in 0..2 {
        let machine = Machine::new();
        let (mut store, _) = machine.open().unwrap();
        filled(&mut store, 10, 3);
        if fault == 0 {
            machine.disk.fail_sync_in(1)
        } else {
            machine.disk.set_room(Some(7))
        }
        let before = dump(&*store.view());
        let error = commit(&mut store, vec![Op::put(Tree::Leg, *b"k", *b"v")]).unwrap_err();
        assert!(!error.is_harmless(), "{error}");
        machine.disk.set_room(None);
        assert_eq!(dump(&*store.view()), before);
        assert!(matches!(
            commit(&mut store, vec![]),
            Err(StoreError::Poisoned { .. })
        ));
        assert!(matches!(store.close(), Err(StoreError::Poisoned { .. })));
        let (mut store, report) = machine.open().unwrap();
        assert!(!report.clean && (3..=4).contains(&report.log.last));
        assert_eq!(dump(&*store.view()), folded(&store));
        commit(&mut store, vec![]).unwrap();
    }
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
fn a_missing_key_file_is_refused_and_the_folder_stays_as_it_was() {
    let machine = Machine::new();
    let (mut store, _) = machine.open().unwrap();
    filled(&mut store, 11, 3);
    let sealed = store
        .keys()
        .seal(store.keys().new_slot().unwrap(), b"v", b"w")
        .unwrap();
    drop(store);
    let (path, hidden) = (
        keys::key_path(Path::new(DIR)),
        PathBuf::from("/hidden/keys.dat"),
    );
    machine.disk.rename(&path, &hidden).unwrap();
    assert!(matches!(
        machine.open().err(),
        Some(StoreError::KeyFileMissing { commits: 3, .. })
    ));
    machine.disk.rename(&hidden, &path).unwrap();
    let (store, _) = machine.open().unwrap();
    assert!(matches!(
        store.keys().open_sealed(&sealed, b"w"),
        Ok(keys::Opened::Clear { .. })
    ));
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
fn a_scrub_finds_silent_damage_beside_the_running_node() {
    let machine = Machine::new();
    let (mut store, _) = machine.open().unwrap();
    filled(&mut store, 12, 30);
    assert_eq!(store.upkeep().scrub().unwrap(), 30);
    let segment = store.reader().segments().unwrap()[1].clone();
    machine
        .disk
        .flip(&segment.path, segment.bytes / 2, 4)
        .unwrap();
    let found = store.upkeep().scrub().unwrap_err();
    assert!(matches!(found, StoreError::Damaged { file, .. } if file == segment.path));
    commit(&mut store, vec![]).unwrap();
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    /// Whatever is cut, killed or filled up, and however often: every acknowledged commit is there, the chain
    /// holds, and the view equals the folded log.
    #[test]
    fn acknowledged_commits_survive_and_the_view_equals_the_fold(seed: u64, rounds in 1..5_usize) {
        let mut roll = rolls(seed);
        let mut machine = Machine::new();
        let mut acknowledged: BTreeMap<CommitNo, Vec<u8>> = BTreeMap::new();
        for _ in 0..rounds {
            let (mut store, report) = match machine.open() {
                Ok(opened) => opened,
                Err(error) => return Err(TestCaseError::fail(format!("{error}"))),
            };
            prop_assert_eq!(report.view_was_ahead, None);
            prop_assert_eq!(dump(&*store.view()), folded(&store));
            for (no, lasting) in &acknowledged {
                prop_assert_eq!(&store.reader().read_from(*no).unwrap().next().unwrap().unwrap().lasting, lasting);
            }
            acknowledged.clear();
            for _ in 0..roll() % 40 {
                match roll() % 40 {
                    0 => machine.disk.fail_sync_in(1 + (roll() % 6) as u32),
                    1 => machine.disk.set_room(Some(roll() % 9000)),
                    2 | 3 => drop(store.upkeep().run()),
                    _ => {}
                }
                let ops = some_ops(&mut roll);
                let lasting = lasting_of(&ops);
                match commit(&mut store, ops) {
                    Ok(no) => drop(acknowledged.insert(no, lasting)),
                    Err(_) => break,
                }
            }
            let ended = roll() % 3;
            if ended == 0 { drop(store.close()) } else { drop(store) }
            machine.disk.fail_sync_in(u32::MAX);
            machine.disk.set_room(None);
            if ended == 1 { machine.power_cut(roll()) }
        }
    }
}
