//! Damage: every kind is noticed, named with its place, and told from a torn end.

use std::collections::BTreeSet;
use std::path::Path;

use super::*;

#[test]
fn every_single_flipped_byte_is_noticed() {
    let disk = SimDisk::new();
    drop(filled(&disk, 14));
    let dir = Path::new(DIR);
    let (last, _) = last_segment(&disk);
    for first in segment::list(&disk, dir).unwrap() {
        let path = segment::path_of(dir, first);
        for offset in 0..disk.len(&path).unwrap() {
            for mask in [0x01, 0x80, 0xFF] {
                disk.flip(&path, offset, mask).unwrap();
                let noticed = match verify_dir(&disk, dir, Some(NODE)) {
                    Err(_) => true,
                    Ok(report) => path == last && report.torn.is_some() && report.last < 14,
                };
                assert!(noticed, "{} at {offset}, mask {mask:02x}", path.display());
                disk.flip(&path, offset, mask).unwrap();
            }
        }
    }
    assert_eq!(verify_dir(&disk, dir, None).unwrap().last, 14);
}

#[test]
fn the_last_segment_may_end_anywhere_behind_its_header() {
    let disk = SimDisk::new();
    let log = filled(&disk, 14);
    let whole = records(&log.reader());
    let closed = log.closed_upto();
    drop(log);
    let (path, len) = last_segment(&disk);
    let mut seen = BTreeSet::new();
    for end in 0..len {
        let copy = disk.copy();
        copy.truncate(&path, end).unwrap();
        match open(&copy, 600) {
            Ok((log, report)) => {
                assert!(end >= HEADER_BYTES as u64 && (closed..14).contains(&report.last));
                assert_eq!(records(&log.reader()), whole[..report.last as usize]);
                assert_eq!(report.torn.is_some(), copy.len(&path).unwrap() != end);
                seen.insert(report.last);
                drop(log);
                let (_, again) = open(&copy, 600).unwrap();
                assert_eq!((again.last, again.torn), (report.last, None));
            }
            Err(StoreError::Damaged {
                file, offset: 0, ..
            }) => {
                assert!(end < HEADER_BYTES as u64 && file == path);
            }
            Err(other) => panic!("cut at {end}: {other}"),
        }
    }
    assert_eq!(seen, (closed..14).collect());
}

#[test]
fn damage_with_a_later_sync_behind_it_is_refused_with_its_place() {
    let disk = SimDisk::new();
    let (mut log, _) = open(&disk, 1 << 20).unwrap();
    for no in 1..=6 {
        log.append(&lasting(no), b"redo").unwrap();
        log.sync().unwrap();
    }
    drop(log);
    let (path, _) = last_segment(&disk);
    disk.flip(&path, 140, 1).unwrap();
    match open(&disk, 1 << 20).err().unwrap() {
        StoreError::Damaged { file, offset, .. } => {
            assert_eq!((file, offset), (path, HEADER_BYTES as u64))
        }
        other => panic!("{other}"),
    }
}

#[test]
fn damage_with_only_its_own_sync_behind_it_is_a_torn_end() {
    let disk = SimDisk::new();
    let (mut log, _) = open(&disk, 1 << 20).unwrap();
    log.append(b"first", b"").unwrap();
    log.sync().unwrap();
    let second_at = log.file_bytes;
    for _ in 0..3 {
        log.append(b"of one sync", b"").unwrap();
    }
    log.sync().unwrap();
    drop(log);
    let (path, _) = last_segment(&disk);
    disk.flip(&path, second_at + 20, 1).unwrap();
    let (log, report) = open(&disk, 1 << 20).unwrap();
    assert_eq!(
        (
            report.last,
            report.torn.unwrap().offset,
            records(&log.reader()).len()
        ),
        (1, second_at, 1)
    );
}

#[test]
fn strangers_and_gaps_are_refused_by_name() {
    let disk = SimDisk::new();
    drop(filled(&disk, 14));
    let dir = Path::new(DIR);
    let firsts = segment::list(&disk, dir).unwrap();
    let other = LogSettings {
        node: "440304000000".into(),
        ..settings(600)
    };
    assert!(matches!(
        Log::open(Arc::new(disk.clone()), other).err(),
        Some(StoreError::WrongNode { found, .. }) if found == NODE
    ));
    let newer = disk.copy();
    newer
        .write_at(&segment::path_of(dir, 1), 8, &[0, 2])
        .unwrap();
    assert!(matches!(
        open(&newer, 600).err(),
        Some(StoreError::UnknownFormat {
            found: 2,
            known: 1,
            ..
        })
    ));
    let gap = disk.copy();
    gap.remove(&segment::path_of(dir, firsts[1])).unwrap();
    assert!(
        matches!(open(&gap, 600).err(), Some(StoreError::Damaged { what, .. }) if what.contains("缺"))
    );
    let headless = disk.copy();
    headless.remove(&segment::path_of(dir, 1)).unwrap();
    assert!(matches!(
        open(&headless, 600).err(),
        Some(StoreError::Damaged { .. })
    ));
    let swapped = disk.copy();
    swapped
        .rename(
            &segment::path_of(dir, firsts[2]),
            &segment::path_of(dir, firsts[1]),
        )
        .unwrap();
    assert!(matches!(
        open(&swapped, 600).err(),
        Some(StoreError::Damaged { offset: 24, .. })
    ));
}

/// A segment of another history of the same node, whole in itself, fits neither behind nor in front of this one's.
#[test]
fn a_segment_of_another_history_is_refused() {
    let (disk, other) = (SimDisk::new(), SimDisk::new());
    let reader = filled(&disk, 14).reader();
    let (mut log, _) = open(&other, 600).unwrap();
    for no in 1..=14 {
        // The same lengths, so that the segments begin with the same numbers.
        let bytes: Vec<u8> = lasting(no).iter().map(|byte| !byte).collect();
        log.append(&bytes, &[no as u8; 30]).unwrap();
        if no % 2 == 0 {
            log.sync().unwrap();
        }
    }
    let firsts = segment::list(&disk, Path::new(DIR)).unwrap();
    assert_eq!(firsts, segment::list(&other, Path::new(DIR)).unwrap());
    for first in &firsts[1..] {
        let path = segment::path_of(Path::new(DIR), *first);
        let bytes = read_small(&other, &path, 1 << 20).unwrap();
        let mixed = disk.copy();
        mixed.write_new(&path, &bytes, Access::Common).unwrap();
        assert!(
            verify_dir(&mixed, Path::new(DIR), Some(NODE)).is_err(),
            "{first}"
        );
        let reader = LogReader {
            disk: Arc::new(mixed),
            ..reader.clone()
        };
        assert!(
            reader.read_from(1).unwrap().any(|record| record.is_err()),
            "{first}"
        );
    }
}

#[test]
fn an_unreadable_segment_is_an_error_with_its_name() {
    let disk = SimDisk::new();
    drop(filled(&disk, 4));
    let (path, _) = last_segment(&disk);
    disk.set_unreadable(Some(&path));
    assert!(
        matches!(open(&disk, 600).err(), Some(StoreError::Io { path: named, .. }) if named == path)
    );
}
