use proptest::prelude::*;

use super::*;
use crate::store::disk::{Access, RealDisk, SimDisk, read_small};
use crate::store::test_support::rolls;

const NODE: &str = "440300000000";
const WORDS: &[u8] = b"matter 1, petitioner";

fn settings() -> KeySettings {
    KeySettings {
        path: "/node/keys.dat".into(),
        node: NODE.into(),
        batch: 4,
    }
}

fn random(seed: u64) -> Random {
    let mut roll = rolls(seed);
    Box::new(move |buffer| buffer.iter_mut().for_each(|byte| *byte = roll() as u8))
}

fn open(disk: &SimDisk, commits: u64) -> Result<(Keys, KeyReport), StoreError> {
    Keys::open(
        Arc::new(disk.clone()),
        &settings(),
        commits,
        random(commits),
    )
}

fn value(opened: Opened) -> Option<Vec<u8>> {
    match opened {
        Opened::Clear { value, .. } => Some(value.to_vec()),
        Opened::Erased => None,
    }
}

#[test]
fn what_was_sealed_is_opened_again_after_a_restart() {
    let disk = SimDisk::new();
    let (keys, _) = open(&disk, 0).unwrap();
    let slot = keys.new_slot().unwrap();
    let sealed = keys.seal(slot, "张三".as_bytes(), WORDS).unwrap();
    let again = keys.seal(slot, "张三".as_bytes(), WORDS).unwrap();
    assert!(sealed.hash != again.hash && sealed.ciphertext != again.ciphertext);
    disk.crash(&mut rolls(1));
    let (keys, report) = open(&disk, 9).unwrap();
    assert_eq!((report.live, report.destroyed, report.cut_bytes), (5, 0, 0));
    let opened = keys.open_sealed(&sealed, WORDS).unwrap();
    let Opened::Clear { salt, value } = opened else {
        panic!("erased")
    };
    assert_eq!(
        (&**value, sealed.hash),
        ("张三".as_bytes(), salted_hash(&salt, "张三".as_bytes()))
    );
    let elsewhere = keys
        .seal_salted(keys.new_slot().unwrap(), &salt, &value, b"another node")
        .unwrap();
    assert_eq!(elsewhere.hash, sealed.hash);
}

#[test]
fn a_field_opens_only_where_it_belongs() {
    let (keys, _) = open(&SimDisk::new(), 0).unwrap();
    let (slot, other) = (keys.new_slot().unwrap(), keys.new_slot().unwrap());
    let sealed = keys.seal(slot, b"13800000000", WORDS).unwrap();
    let not_authentic = |sealed: &Sealed, words: &[u8]| {
        matches!(
            keys.open_sealed(sealed, words),
            Err(KeyError::NotAuthentic { .. })
        )
    };
    assert!(not_authentic(&sealed, b"matter 2, petitioner"));
    assert!(not_authentic(
        &Sealed {
            slot: other,
            ..sealed.clone()
        },
        WORDS
    ));
    assert!(not_authentic(
        &Sealed {
            hash: [0; 32],
            ..sealed.clone()
        },
        WORDS
    ));
    for at in 1..sealed.ciphertext.len() {
        let mut changed = sealed.clone();
        changed.ciphertext[at] ^= 1;
        assert!(not_authentic(&changed, WORDS), "{at}");
        changed.ciphertext.truncate(at);
        assert!(not_authentic(&changed, WORDS), "{at}");
    }
    let mut newer = sealed.clone();
    newer.ciphertext[0] = 9;
    assert!(matches!(
        keys.open_sealed(&newer, WORDS),
        Err(KeyError::UnknownAlgorithm { found: 9 })
    ));
    let missing = Sealed { slot: 99, ..sealed };
    assert!(matches!(
        keys.open_sealed(&missing, WORDS),
        Err(KeyError::NoSuchSlot { slot: 99, slots: 5 })
    ));
}

#[test]
fn a_destroyed_key_is_gone_from_the_file_and_its_fields_are_erased() {
    let disk = SimDisk::new();
    let (keys, _) = open(&disk, 0).unwrap();
    let (slot, other) = (keys.new_slot().unwrap(), keys.new_slot().unwrap());
    let (gone, kept) = (
        keys.seal(slot, b"gone", WORDS).unwrap(),
        keys.seal(other, b"kept", WORDS).unwrap(),
    );
    let before = read_small(&disk, &settings().path, 1 << 20).unwrap();
    let at = 128 + slot as usize * 64 + 12;
    let key = &before[at..at + 32];
    keys.destroy(slot).unwrap();
    keys.destroy(slot).unwrap();
    disk.crash(&mut rolls(3));
    let after = read_small(&disk, &settings().path, 1 << 20).unwrap();
    assert!(!after.windows(32).any(|window| window == key));
    let (keys, report) = open(&disk, 1).unwrap();
    assert_eq!((report.live, report.destroyed), (4, 1));
    assert_eq!(keys.open_sealed(&gone, WORDS).unwrap(), Opened::Erased);
    assert_eq!(
        value(keys.open_sealed(&kept, WORDS).unwrap()),
        Some(b"kept".to_vec())
    );
    assert!(matches!(
        keys.seal(slot, b"more", WORDS),
        Err(KeyError::Destroyed { .. })
    ));
    assert!(matches!(keys.destroy(0), Err(KeyError::NoSuchSlot { .. })));
    let came_erased = Sealed {
        ciphertext: Vec::new(),
        ..kept
    };
    assert_eq!(
        keys.open_sealed(&came_erased, WORDS).unwrap(),
        Opened::Erased
    );
}

#[test]
fn a_derived_secret_is_the_same_until_its_slot_is_destroyed() {
    let disk = SimDisk::new();
    let (keys, _) = open(&disk, 0).unwrap();
    let (slot, other) = (keys.new_slot().unwrap(), keys.new_slot().unwrap());
    let secret = |keys: &Keys, slot, purpose: &[u8]| keys.derived(slot, purpose).unwrap();
    let first = secret(&keys, slot, b"one");
    assert_ne!(first, secret(&keys, slot, b"two"));
    assert_ne!(first, secret(&keys, other, b"one"));
    let bytes = read_small(&disk, &settings().path, 1 << 20).unwrap();
    let in_file = first.as_ref().unwrap().as_slice();
    assert!(!bytes.windows(32).any(|window| window == in_file));
    disk.crash(&mut rolls(5));
    let (keys, _) = open(&disk, 1).unwrap();
    assert_eq!(first, secret(&keys, slot, b"one"));
    assert!(!keys.is_destroyed(slot).unwrap());
    keys.destroy(slot).unwrap();
    assert_eq!(None, secret(&keys, slot, b"one"));
    assert!(keys.is_destroyed(slot).unwrap());
    assert!(keys.derived(999, b"one").is_err());
}

#[test]
fn a_destroyed_key_stays_destroyed_through_every_power_cut() {
    for seed in 0..30 {
        let disk = SimDisk::new();
        let (keys, _) = open(&disk, 0).unwrap();
        let slot = keys.new_slot().unwrap();
        let sealed = keys.seal(slot, b"gone", WORDS).unwrap();
        keys.destroy(slot).unwrap();
        disk.crash(&mut rolls(seed));
        let (keys, _) = open(&disk, 1).unwrap();
        assert_eq!(
            keys.open_sealed(&sealed, WORDS).unwrap(),
            Opened::Erased,
            "seed {seed}"
        );
    }
}

#[test]
fn slots_are_synced_ahead_of_use_and_never_handed_out_twice() {
    let disk = SimDisk::new();
    let (keys, _) = open(&disk, 0).unwrap();
    let syncs = disk.syncs();
    let first: Vec<u64> = (0..4).map(|_| keys.new_slot().unwrap()).collect();
    assert_eq!((first, disk.syncs() - syncs), (vec![1, 2, 3, 4], 1));
    keys.make_ahead().unwrap();
    let syncs = disk.syncs();
    assert_eq!((keys.new_slot().unwrap(), disk.syncs()), (5, syncs));
    drop(keys);
    let (keys, _) = open(&disk, 1).unwrap();
    assert_eq!(keys.new_slot().unwrap(), 9);
}

#[test]
fn a_failed_batch_hands_out_nothing_until_the_file_was_opened_again() {
    for seed in 0..30 {
        let disk = SimDisk::new();
        let (keys, _) = open(&disk, 0).unwrap();
        let sealed = keys
            .seal(keys.new_slot().unwrap(), b"before", WORDS)
            .unwrap();
        for _ in 0..3 {
            keys.new_slot().unwrap();
        }
        if seed % 2 == 0 {
            disk.fail_sync_in(1)
        } else {
            disk.set_room(Some(100))
        }
        keys.new_slot().unwrap_err();
        disk.set_room(None);
        assert!(matches!(keys.new_slot(), Err(StoreError::Poisoned { .. })));
        disk.crash(&mut rolls(seed));
        let (keys, report) = open(&disk, 1).unwrap();
        assert!(report.damaged.is_empty() && report.live >= 5, "{report}");
        let slot = keys.new_slot().unwrap();
        let after = keys.seal(slot, b"after", WORDS).unwrap();
        assert_eq!(
            value(keys.open_sealed(&after, WORDS).unwrap()),
            Some(b"after".to_vec())
        );
        assert_eq!(
            value(keys.open_sealed(&sealed, WORDS).unwrap()),
            Some(b"before".to_vec())
        );
    }
}

#[test]
fn a_missing_or_strange_key_file_is_refused() {
    let disk = SimDisk::new();
    assert!(matches!(
        open(&disk, 3).err(),
        Some(StoreError::KeyFileMissing { commits: 3, .. })
    ));
    open(&disk, 0).unwrap();
    let other = KeySettings {
        node: "440304000000".into(),
        ..settings()
    };
    let answer = Keys::open(Arc::new(disk.clone()), &other, 0, random(0)).err();
    assert!(matches!(answer, Some(StoreError::WrongNode { .. })));
    disk.write_at(&settings().path, 8, &[0, 7]).unwrap();
    assert!(matches!(
        open(&disk, 3).err(),
        Some(StoreError::UnknownFormat { found: 7, .. })
    ));
    disk.write_new(&settings().path, b"", Access::Private)
        .unwrap();
    assert!(matches!(
        open(&disk, 3).err(),
        Some(StoreError::Damaged { .. })
    ));
    disk.write_new(&settings().path, b"", Access::Common)
        .unwrap();
    assert!(matches!(
        open(&disk, 3).err(),
        Some(StoreError::KeyFileOpen { .. })
    ));
}

#[test]
fn the_real_file_is_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let settings = KeySettings {
        path: folder.path().join(KEY_FILE),
        ..settings()
    };
    let open = || Keys::open(Arc::new(RealDisk), &settings, 0, random(0));
    open().unwrap().0.new_slot().unwrap();
    let mode = || {
        std::fs::metadata(&settings.path)
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode(), 0o600);
    std::fs::set_permissions(&settings.path, PermissionsExt::from_mode(0o640)).unwrap();
    assert!(matches!(open().err(), Some(StoreError::KeyFileOpen { .. })));
}

#[test]
fn every_flipped_byte_of_the_key_file_is_noticed() {
    let disk = SimDisk::new();
    let (keys, _) = open(&disk, 0).unwrap();
    let sealed: Vec<Sealed> = (0..4)
        .map(|_| keys.seal(keys.new_slot().unwrap(), b"v", WORDS).unwrap())
        .collect();
    let len = disk.len(&settings().path).unwrap();
    for at in 0..len {
        let copy = disk.copy();
        copy.flip(&settings().path, at, 0x10).unwrap();
        let Ok((keys, report)) = open(&copy, 1) else {
            assert!(at < 128);
            continue;
        };
        let slot = (at - 128) / 64;
        assert!(
            report.damaged == [slot] || (slot == 4 && report.cut_bytes == 64),
            "{at}: {report}"
        );
        for field in sealed.iter().filter(|field| field.slot != slot) {
            assert_eq!(
                value(keys.open_sealed(field, WORDS).unwrap()),
                Some(b"v".to_vec())
            );
        }
        match sealed.iter().find(|field| field.slot == slot) {
            Some(field) => drop(keys.open_sealed(field, WORDS).unwrap_err()),
            None => drop(keys.search_tag(b"phone", b"1").unwrap_err()),
        }
    }
}

#[test]
fn search_tags_are_equal_for_equal_values_of_one_kind_in_one_node() {
    let disk = SimDisk::new();
    let (keys, _) = open(&disk, 0).unwrap();
    let tag = keys.search_tag(b"phone", b"13800000000").unwrap();
    assert_ne!(tag, keys.search_tag(b"id", b"13800000000").unwrap());
    assert_ne!(tag, keys.search_tag(b"phone1", b"3800000000").unwrap());
    drop(keys);
    assert_eq!(
        tag,
        open(&disk, 1)
            .unwrap()
            .0
            .search_tag(b"phone", b"13800000000")
            .unwrap()
    );
    let other = Keys::open(Arc::new(SimDisk::new()), &settings(), 0, random(77))
        .unwrap()
        .0;
    assert_ne!(tag, other.search_tag(b"phone", b"13800000000").unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn every_value_comes_back(text in proptest::collection::vec(any::<u8>(), 0..200), words in "\\PC{0,20}") {
        let (keys, _) = open(&SimDisk::new(), 0).unwrap();
        let sealed = keys.seal(keys.new_slot().unwrap(), &text, words.as_bytes()).unwrap();
        prop_assert!(text.len() < 8 || !sealed.ciphertext.windows(text.len()).any(|window| window == text));
        prop_assert_eq!(value(keys.open_sealed(&sealed, words.as_bytes()).unwrap()), Some(text));
    }
}

mod short;
