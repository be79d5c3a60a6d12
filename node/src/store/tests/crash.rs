//! Power cuts, full disks, failed syncs and silent damage.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::{DIR, Machine, commit, filled, folded, reason};
use crate::store::disk::Disk;
use crate::store::test_support::{dump, lasting_of, rolls, some_ops};
use crate::store::view::View;
use crate::store::*;

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
