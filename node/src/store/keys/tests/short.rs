//! A key file that lacks slots which the log says were handed out.

use super::*;

fn reopen_presuming(disk: &SimDisk, slots: u64) -> Result<(Keys, KeyReport), StoreError> {
    Keys::open_presuming(Arc::new(disk.clone()), &settings(), 1, slots, random(9))
}

#[test]
fn a_file_with_fewer_slots_than_were_handed_out_is_refused_and_left_as_it_is() {
    let disk = SimDisk::new();
    let (keys, _) = open(&disk, 0).unwrap();
    for _ in 0..9 {
        keys.new_slot().unwrap();
    }
    let (slots, path) = (keys.handed_out(), settings().path);
    assert_eq!(slots, 10);
    drop(keys);
    let whole = disk.len(&path).unwrap();
    for len in [128, 128 + 64, 128 + 5 * 64, 128 + 10 * 64 - 1] {
        let disk = disk.copy();
        disk.truncate(&path, len).unwrap();
        let refused = reopen_presuming(&disk, slots).err().expect("too short");
        let words = refused.to_string();
        assert!(
            words.contains("keys.dat") && words.contains("10 个"),
            "{words}"
        );
        assert!(words.contains("备份"), "{words}");
        assert_eq!(disk.len(&path).unwrap(), len, "nothing of it was changed");
    }
    // What was made ahead and never handed out may go.
    assert!(whole > 128 + 10 * 64);
    disk.truncate(&path, 128 + 10 * 64).unwrap();
    let (keys, report) = reopen_presuming(&disk, slots).unwrap();
    assert_eq!((report.live, keys.new_slot().unwrap()), (10, 10));
}

#[test]
fn slots_that_were_handed_out_are_damaged_and_never_taken_for_an_unfinished_batch() {
    let disk = SimDisk::new();
    let (keys, _) = open(&disk, 0).unwrap();
    let slots: Vec<_> = (0..4).map(|_| keys.new_slot().unwrap()).collect();
    let (handed_out, path) = (keys.handed_out(), settings().path);
    let first = keys.seal(slots[0], b"first", WORDS).unwrap();
    drop(keys);
    let from = 128 + slots[1] * 64;
    let rest = disk.len(&path).unwrap() - from;
    disk.write_at(&path, from, &vec![0; rest as usize]).unwrap();
    let (keys, report) = reopen_presuming(&disk, handed_out).unwrap();
    assert_eq!(report.damaged, slots[1..]);
    assert!(report.damage().unwrap().contains("3 个损坏"), "{report}");
    assert!(matches!(
        keys.seal(slots[1], b"more", WORDS),
        Err(KeyError::DamagedSlot { .. })
    ));
    assert_eq!(
        value(keys.open_sealed(&first, WORDS).unwrap()),
        Some(b"first".to_vec())
    );
    // No number is given out twice.
    assert_eq!(keys.new_slot().unwrap(), handed_out);
    assert_eq!(keys.check().unwrap().damaged, slots[1..]);
    disk.truncate(&path, from).unwrap();
    assert!(matches!(keys.check(), Err(StoreError::KeyFileShort { .. })));
}
