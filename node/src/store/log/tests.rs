//! The log at work and through crashes; damage to it in `damage`.

mod damage;

use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::store::disk::{Access, SimDisk, read_small};
use crate::store::test_support::rolls;

const DIR: &str = "/node/log";
const NODE: &str = "440300000000";

fn settings(segment_bytes_max: u64) -> LogSettings {
    LogSettings {
        dir: DIR.into(),
        node: NODE.into(),
        epoch: 1,
        segment_bytes_max,
        verify: Verify::All,
        closed_at: None,
    }
}

fn open(disk: &SimDisk, segment_bytes_max: u64) -> Result<(Log, LogReport), StoreError> {
    Log::open(Arc::new(disk.clone()), settings(segment_bytes_max))
}

fn lasting(no: u64) -> Vec<u8> {
    (0..20 + no % 50).map(|i| (i * 7 + no) as u8).collect()
}

/// Commits 1 to `count`, two to a sync, in several segments.
fn filled(disk: &SimDisk, count: u64) -> Log {
    let (mut log, _) = open(disk, 600).unwrap();
    for no in log.last_commit() + 1..=count {
        assert_eq!(log.append(&lasting(no), &[no as u8; 30]).unwrap(), no);
        if no % 2 == 0 || no == count {
            assert_eq!(log.sync().unwrap(), no);
        }
    }
    log
}

fn records(log: &LogReader) -> Vec<Record> {
    log.read_from(1).unwrap().collect::<Result<_, _>>().unwrap()
}

fn last_segment(disk: &SimDisk) -> (PathBuf, u64) {
    let first = *segment::list(disk, Path::new(DIR)).unwrap().last().unwrap();
    let path = segment::path_of(Path::new(DIR), first);
    let len = disk.len(&path).unwrap();
    (path, len)
}

#[test]
fn what_was_appended_is_read_again_from_any_number() {
    let disk = SimDisk::new();
    let log = filled(&disk, 40);
    assert!(log.reader().segments().unwrap().len() > 4);
    assert!(log.closed_upto() > 30 && log.closed_upto() < 40);
    for from in 1..=41 {
        let read: Vec<Record> = log
            .read_from(from)
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(
            read.iter().map(|r| r.no).collect::<Vec<_>>(),
            (from..=40).collect::<Vec<_>>()
        );
        assert!(read.iter().all(|r| r.lasting == lasting(r.no) && r.redo.as_deref() == Some(&[r.no as u8; 30])));
    }
    assert!(matches!(
        log.read_from(42),
        Err(StoreError::NoSuchCommit { last: 40, .. })
    ));
    let hash = log.hash();
    drop(log);
    let (log, report) = open(&disk, 600).unwrap();
    assert_eq!(
        (report.last, report.hash, report.torn, report.checked),
        (40, hash, None, 40)
    );
    assert_eq!(filled(&disk, 45).last_commit(), 45);
    drop(log);
}

#[test]
fn the_chain_is_recomputed_from_the_lasting_parts_alone() {
    let disk = SimDisk::new();
    let log = filled(&disk, 9);
    let end = records(&log.reader())
        .iter()
        .fold(genesis(NODE), |hash, record| {
            assert_eq!(record.prev_hash, hash);
            chain(&hash, record.no, &record.lasting)
        });
    assert_eq!(end, log.hash());
    assert_ne!(genesis(NODE), genesis("440304000000"));
}

#[test]
fn a_reader_sees_what_is_durable_and_no_more() {
    let disk = SimDisk::new();
    let mut log = filled(&disk, 5);
    let reader = log.reader();
    log.append(b"not yet", b"").unwrap();
    assert_eq!(records(&reader).len(), 5);
    let mut iterator = reader.read_from(5).unwrap();
    assert_eq!(iterator.next().unwrap().unwrap().no, 5);
    log.sync().unwrap();
    assert_eq!(iterator.next().unwrap().unwrap().lasting, b"not yet");
    assert!(iterator.next().is_none());
}

#[test]
fn a_check_from_a_commit_reads_only_the_segments_from_there() {
    let disk = SimDisk::new();
    drop(filled(&disk, 40));
    disk.flip(&segment::path_of(Path::new(DIR), 1), 140, 1)
        .unwrap();
    assert!(open(&disk, 600).is_err());
    let (_, report) = Log::open(
        Arc::new(disk),
        LogSettings {
            verify: Verify::From(35),
            ..settings(600)
        },
    )
    .unwrap();
    assert!(report.last == 40 && report.checked < 12);
}

#[test]
fn after_a_full_disk_nothing_is_taken_until_the_log_was_opened_again() {
    for room in [0, 50, 150, 160] {
        let disk = SimDisk::new();
        let mut log = filled(&disk, 4);
        disk.set_room(Some(room));
        log.append(&[5; 100], b"").unwrap();
        let error = log.sync().unwrap_err();
        assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
        disk.set_room(None);
        assert!(matches!(
            log.append(b"x", b""),
            Err(StoreError::Poisoned { .. })
        ));
        assert!(matches!(log.sync(), Err(StoreError::Poisoned { .. })));
        assert_eq!((log.last_commit(), records(&log.reader()).len()), (4, 4));
        drop(log);
        assert_eq!(open(&disk, 600).unwrap().1.last, 4);
        assert_eq!(filled(&disk, 8).last_commit(), 8);
    }
}

#[test]
fn what_a_reopened_log_shows_after_a_failed_sync_is_durable() {
    for seed in 0..40 {
        let disk = SimDisk::new();
        let mut log = filled(&disk, 4);
        log.append(b"of unknown outcome", b"").unwrap();
        disk.fail_sync_in(1);
        assert!(matches!(log.sync(), Err(StoreError::Io { .. })));
        assert!(matches!(log.sync(), Err(StoreError::Poisoned { .. })));
        drop(log);
        let (mut log, report) = open(&disk, 600).unwrap();
        assert_eq!(report.last, 5);
        log.append(b"acknowledged", b"").unwrap();
        log.sync().unwrap();
        disk.crash(&mut rolls(seed));
        let (log, report) = open(&disk, 600).unwrap();
        assert_eq!((report.last, report.torn), (6, None), "seed {seed}");
        assert_eq!(records(&log.reader())[4].lasting, b"of unknown outcome");
    }
}

#[test]
fn a_record_that_is_too_large_is_refused_and_harms_nothing() {
    let disk = SimDisk::new();
    let mut log = filled(&disk, 2);
    let large = vec![0; RECORD_BYTES_MAX];
    assert!(matches!(
        log.append(&large, b""),
        Err(StoreError::TooLarge { .. })
    ));
    log.append(b"small", b"").unwrap();
    assert_eq!(log.sync().unwrap(), 3);
}

#[test]
fn stripping_keeps_chain_and_lasting_parts_even_for_a_reader_under_way() {
    let disk = SimDisk::new();
    let log = filled(&disk, 20);
    let before = records(&log.reader());
    let mut under_way = log.read_from(1).unwrap();
    under_way.next().unwrap().unwrap();
    let dir = Path::new(DIR);
    let mut gained = 0;
    for info in log
        .reader()
        .segments()
        .unwrap()
        .iter()
        .filter(|info| info.last.is_some())
    {
        gained += strip_segment(&disk, dir, info.first).unwrap();
        assert_eq!(strip_segment(&disk, dir, info.first).unwrap(), 0);
    }
    assert_eq!(gained, log.closed_upto() * 30);
    assert_eq!(
        under_way.map(|r| r.unwrap().no).collect::<Vec<_>>(),
        (2..=20).collect::<Vec<_>>()
    );
    for (old, new) in before.iter().zip(records(&log.reader())) {
        assert_eq!(
            new.redo,
            old.redo.clone().filter(|_| new.no > log.closed_upto())
        );
        assert_eq!((&new.lasting, new.hash), (&old.lasting, old.hash));
    }
    drop(log);
    assert_eq!(open(&disk, 600).unwrap().1.last, 20);
}

#[test]
fn a_crash_while_stripping_leaves_the_old_or_the_new_segment() {
    let mut stripped = BTreeSet::new();
    for seed in 0..60 {
        let disk = SimDisk::new();
        drop(filled(&disk, 20));
        if seed % 3 == 0 {
            disk.fail_sync_in(1);
        }
        let done = strip_segment(&disk, Path::new(DIR), 1).is_ok();
        disk.crash(&mut rolls(seed));
        let (log, report) = open(&disk, 600).unwrap();
        assert_eq!(report.last, 20);
        let is_stripped = log.reader().segments().unwrap()[0].stripped;
        assert_eq!(done, is_stripped);
        stripped.insert(is_stripped);
    }
    assert_eq!(stripped.len(), 2);
}

#[test]
fn leftovers_are_removed() {
    let disk = SimDisk::new();
    drop(filled(&disk, 4));
    let leftover = Path::new(DIR).join("00000000000000000009.seg.tmp");
    disk.write_new(&leftover, b"half", Access::Common).unwrap();
    open(&disk, 600).unwrap();
    assert!(!disk.exists(&leftover).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    /// Whatever the crashes leave: every synced commit is there, nothing is there that was not appended, and the
    /// chain holds.
    #[test]
    fn synced_commits_survive_every_crash(seed: u64, rounds in 1..6_usize, segment_bytes in 200..4000_u64) {
        let mut roll = rolls(seed);
        let disk = SimDisk::new();
        let mut kept: Vec<Vec<u8>> = Vec::new();
        for _ in 0..rounds {
            let (mut log, report) = match open(&disk, segment_bytes) {
                Ok(opened) => opened,
                Err(error) => return Err(TestCaseError::fail(format!("{error}"))),
            };
            prop_assert_eq!(report.last as usize, kept.len());
            let mut synced = kept.len();
            for _ in 0..roll() % 12 {
                for _ in 0..=roll() % 4 {
                    let bytes = vec![roll() as u8; (roll() % 3000) as usize];
                    let no = log.append(&bytes, &vec![1; (roll() % 9000) as usize]).unwrap();
                    kept.push(bytes);
                    prop_assert_eq!(no as usize, kept.len());
                }
                match roll() % 9 {
                    0 => disk.fail_sync_in(1 + (roll() % 3) as u32),
                    1 => disk.set_room(Some(roll() % 20_000)),
                    _ => {}
                }
                if log.sync().is_err() {
                    prop_assert_eq!(log.last_commit() as usize, synced);
                    break;
                }
                synced = kept.len();
            }
            drop(log);
            disk.set_room(None);
            if !roll().is_multiple_of(4) {
                disk.crash(&mut roll);
            }
            disk.fail_sync_in(u32::MAX);
            let (log, report) = match open(&disk, segment_bytes) {
                Ok(opened) => opened,
                Err(error) => return Err(TestCaseError::fail(format!("{error}"))),
            };
            let last = report.last as usize;
            prop_assert!((synced..=kept.len()).contains(&last), "{} synced, {} found", synced, last);
            kept.truncate(last);
            let read: Vec<Vec<u8>> = records(&log.reader()).into_iter().map(|record| record.lasting).collect();
            prop_assert_eq!(&read, &kept);
        }
    }
}
