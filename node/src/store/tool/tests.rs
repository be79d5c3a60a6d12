use super::*;
use crate::store::disk::SimDisk;
use crate::store::log::LogReader;
use crate::store::test_support::{TestFold, lasting_of, rolls, some_ops};
use crate::store::view::MemEngine;
use crate::store::{StoreSettings, ViewOutcome};

const DIR: &str = "/node";
const OUT: &str = "/export";

fn settings() -> StoreSettings {
    StoreSettings {
        segment_bytes_max: 1500,
        key_batch: 2,
        ..StoreSettings::new(DIR, "440300000000", Some("boot".to_owned()))
    }
}

fn parts(disk: &SimDisk, engine: &Arc<MemEngine>) -> Parts {
    Parts {
        disk: Arc::new(disk.clone()),
        engine: engine.clone(),
        fold: Arc::new(TestFold { layout: 1 }),
        random: Box::new(|buffer| buffer.fill(7)),
    }
}

/// A store of so many commits with checkpoints and archived segments, still open.
fn filled(disk: &SimDisk, engine: &Arc<MemEngine>, commits: u64) -> Store {
    let (mut store, _) = Store::open(settings(), parts(disk, engine)).unwrap();
    let mut roll = rolls(3);
    for no in 1..=commits {
        let ops = some_ops(&mut roll);
        let lasting = lasting_of(&ops);
        store.commit(&lasting, ops).unwrap();
        if no == commits / 2 {
            store.upkeep().run().unwrap();
        }
    }
    store
}

fn shared(disk: &SimDisk) -> Arc<dyn Disk> {
    Arc::new(disk.clone())
}

#[test]
fn a_sound_store_is_called_sound_and_an_open_one_is_left_alone() {
    let (disk, engine) = (SimDisk::new(), Arc::new(MemEngine::new()));
    let store = filled(&disk, &engine, 40);
    assert!(matches!(
        verify(&shared(&disk), Path::new(DIR)),
        Err(StoreError::Locked { .. })
    ));
    let (hash, last) = (store.hash(), store.close().unwrap());
    let report = verify(&shared(&disk), Path::new(DIR)).unwrap();
    assert!(report.is_sound() && report.notes.is_empty(), "{report}");
    assert_eq!(
        report
            .log
            .as_ref()
            .map(|log| (log.last, log.hash, log.checked)),
        Some((last, hash, 40))
    );
    assert_eq!(
        (
            report.checkpoints.len(),
            report.clean.as_ref().unwrap().commit_no
        ),
        (1, 40)
    );
    assert!(report.to_string().contains(&hex(&hash)));
}

#[test]
fn each_fault_is_named_and_a_bad_checkpoint_is_only_a_note() {
    let (disk, engine) = (SimDisk::new(), Arc::new(MemEngine::new()));
    filled(&disk, &engine, 40).close().unwrap();
    let faults = |damage: &dyn Fn(&SimDisk)| {
        let copy = disk.copy();
        damage(&copy);
        let report = verify(&shared(&copy), Path::new(DIR)).unwrap();
        (report.faults.join(" "), report.notes.join(" "))
    };
    let segments = stat(&shared(&disk), Path::new(DIR)).unwrap().segments;
    let (first, last) = (segments[0].path.clone(), segments.last().unwrap().clone());
    let checkpoint = checkpoint::path_of(
        Path::new("/node/checkpoint"),
        verify(&shared(&disk), Path::new(DIR)).unwrap().checkpoints[0],
    );
    let keys = key_path(Path::new(DIR));
    assert!(
        faults(&|disk| disk.flip(&first, 200, 1).unwrap())
            .0
            .contains(&first.display().to_string())
    );
    assert!(
        faults(&|disk| disk.truncate(&last.path, last.bytes - 1).unwrap())
            .0
            .contains("CLEAN")
    );
    assert!(
        faults(&|disk| disk.remove(&keys).unwrap())
            .0
            .contains("keys.dat")
    );
    assert!(
        faults(&|disk| disk.flip(&keys, 5, 1).unwrap())
            .0
            .contains("keys.dat")
    );
    let (fault, note) = faults(&|disk| disk.flip(&checkpoint, 300, 1).unwrap());
    assert!(fault.is_empty() && note.contains(".cp"), "{fault} {note}");
}

#[test]
fn the_count_works_beside_a_running_node() {
    let (disk, engine) = (SimDisk::new(), Arc::new(MemEngine::new()));
    let store = filled(&disk, &engine, 40);
    let counted = stat(&shared(&disk), Path::new(DIR)).unwrap();
    assert_eq!(counted.segments, store.reader().segments().unwrap());
    let generation = |number| {
        Some(Generation {
            number,
            engine: "memory".to_owned(),
        })
    };
    assert_eq!(
        (counted.generation.clone(), counted.checkpoints.len()),
        (generation(1), 1)
    );
    assert!(counted.to_string().contains("已归档"), "{counted}");
}

#[test]
fn a_rebuild_on_order_makes_a_new_generation() {
    let (disk, engine) = (SimDisk::new(), Arc::new(MemEngine::new()));
    filled(&disk, &engine, 40).close().unwrap();
    let report = rebuild(settings(), parts(&disk, &engine)).unwrap();
    assert!(
        matches!(&report.view, ViewOutcome::Rebuilt { reason, .. } if reason.contains("操作员")),
        "{report}"
    );
    let generation = stat(&shared(&disk), Path::new(DIR)).unwrap().generation;
    assert_eq!(generation.map(|made| made.number), Some(2));
    let (_, report) = Store::open(settings(), parts(&disk, &engine)).unwrap();
    assert_eq!((report.clean, report.view), (true, ViewOutcome::Kept));
}

#[test]
fn an_export_holds_every_lasting_part_and_any_change_to_it_is_noticed() {
    let (disk, engine) = (SimDisk::new(), Arc::new(MemEngine::new()));
    let store = filled(&disk, &engine, 12);
    let lasting = |reader: LogReader| -> Vec<Vec<u8>> {
        reader
            .read_from(1)
            .unwrap()
            .map(|record| record.unwrap().lasting)
            .collect()
    };
    let (before, hash) = (lasting(store.reader()), store.hash());
    drop(store);
    let report = export(&shared(&disk), Path::new(DIR), Path::new(OUT)).unwrap();
    assert_eq!(
        (report.last, report.hash, report.node.as_str()),
        (12, hash, "440300000000")
    );
    let reader = LogReader::open(shared(&disk), Path::new(OUT)).unwrap();
    assert!(
        reader
            .read_from(1)
            .unwrap()
            .all(|record| record.unwrap().redo.is_none())
    );
    assert_eq!(lasting(reader), before);
    assert_eq!(verify_export(&disk, Path::new(OUT)).unwrap().hash, hash);
    assert!(export(&shared(&disk), Path::new(DIR), Path::new(OUT)).is_err());
    for name in disk.list(Path::new(OUT)).unwrap() {
        let path = Path::new(OUT).join(&name);
        for at in (0..disk.len(&path).unwrap()).step_by(3) {
            disk.flip(&path, at, 1).unwrap();
            assert!(
                verify_export(&disk, Path::new(OUT)).is_err(),
                "{name} at {at}"
            );
            disk.flip(&path, at, 1).unwrap();
        }
        let copy = disk.copy();
        copy.remove(&path).unwrap();
        assert!(verify_export(&copy, Path::new(OUT)).is_err(), "{name}");
    }
}

#[test]
fn an_export_leaves_out_a_torn_end() {
    let (disk, engine) = (SimDisk::new(), Arc::new(MemEngine::new()));
    drop(filled(&disk, &engine, 12));
    let last = stat(&shared(&disk), Path::new(DIR))
        .unwrap()
        .segments
        .pop()
        .unwrap();
    disk.write_at(&last.path, last.bytes, b"half a record")
        .unwrap();
    assert!(
        verify(&shared(&disk), Path::new(DIR))
            .unwrap()
            .notes
            .concat()
            .contains("13 字节")
    );
    assert_eq!(
        export(&shared(&disk), Path::new(DIR), Path::new(OUT))
            .unwrap()
            .last,
        12
    );
    verify_export(&disk, Path::new(OUT)).unwrap();
}

#[test]
fn a_segment_that_is_gone_is_missed_by_a_start_and_by_a_check_however_the_node_ended() {
    for clean in [true, false] {
        let (disk, engine) = (SimDisk::new(), Arc::new(MemEngine::new()));
        let store = filled(&disk, &engine, 40);
        if clean {
            store.close().unwrap();
        } else {
            drop(store);
        }
        let segments = stat(&shared(&disk), Path::new(DIR)).unwrap().segments;
        assert!(segments.len() > 3);
        let all: Vec<_> = segments
            .iter()
            .map(|segment| segment.path.clone())
            .collect();
        let (first, last) = (all[0].clone(), all[all.len() - 1].clone());
        // With one gone, the one behind it says which commits are missing.
        for gone in [vec![first.clone()], vec![all[1].clone()], vec![last], all] {
            let copy = disk.copy();
            gone.iter().for_each(|path| copy.remove(path).unwrap());
            let report = verify(&shared(&copy), Path::new(DIR)).unwrap();
            assert!(!report.is_sound(), "{clean} {gone:?}: {report}");
            let before = copy.list(&Path::new(DIR).join("log")).unwrap();
            let refused = Store::open(settings(), parts(&copy, &engine)).err();
            let words = refused.expect("refused").to_string();
            let named = words.contains(".seg") || words.contains("CLEAN");
            assert!(named && words.contains("备份"), "{clean} {gone:?}: {words}");
            let after = copy.list(&Path::new(DIR).join("log")).unwrap();
            assert_eq!(before, after, "nothing is begun in its place");
        }
        // The folder's mark alone does not hinder a start.
        disk.remove(&Path::new(DIR).join("SEGMENT")).unwrap();
        Store::open(settings(), parts(&disk, &engine)).unwrap();
    }
}

#[test]
fn a_check_finds_that_the_key_file_is_shorter_than_the_log_says() {
    let (disk, engine) = (SimDisk::new(), Arc::new(MemEngine::new()));
    let store = filled(&disk, &engine, 5);
    for _ in 0..6 {
        store.keys().new_slot().unwrap();
    }
    let handed_out = store.keys().handed_out();
    store.close().unwrap();
    let tells = |_: &[u8]| handed_out;
    let check = |disk: &SimDisk| verify_with(&shared(disk), Path::new(DIR), tells).unwrap();
    assert!(check(&disk).is_sound());
    disk.truncate(&key_path(Path::new(DIR)), 128 + 3 * 64)
        .unwrap();
    let report = check(&disk);
    let faults = report.faults.join(" ");
    assert!(faults.contains("keys.dat 只有 3 个密钥槽"), "{report}");
    assert!(faults.contains("7 个"), "{report}");
}
