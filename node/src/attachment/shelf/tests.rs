use super::*;
use crate::attachment::cipher::ChunkCipher;
use crate::attachment::cover::ChunkKey;
use crate::store::disk::SimDisk;
use hotline_domain::attachment::{CHUNK_BYTES, TAG_BYTES};
use proptest::prelude::*;
use zeroize::Zeroizing;

const DATA: &str = "/data";

fn key() -> ChunkKey {
    Zeroizing::new([7; 32])
}

fn shelf(disk: &SimDisk) -> Shelf {
    Shelf::open(Arc::new(disk.clone()), Path::new(DATA)).unwrap()
}

/// Bytes that differ from place to place.
fn content(size: usize) -> Vec<u8> {
    (0..size)
        .map(|at| (at / 7 + at / CHUNK_BYTES) as u8)
        .collect()
}

fn put(shelf: &Shelf, bytes: &[u8], step: usize) -> AttachmentId {
    let mut incoming = shelf.begin("upload-1", &key()).unwrap();
    bytes
        .chunks(step)
        .for_each(|piece| incoming.write(piece).unwrap());
    let (id, size) = incoming.finish().unwrap();
    assert_eq!(size, bytes.len() as u64);
    id
}

fn clear(shelf: &Shelf, id: AttachmentId) -> Result<Vec<u8>, ShelfError> {
    let stored = shelf.read(id)?;
    let (cipher, last) = (ChunkCipher::new(&key()), stored.manifest().chunks() - 1);
    let mut all = Vec::new();
    for no in 0..=last {
        let sealed = stored.chunk(no)?;
        all.extend(cipher.open(no, no == last, &sealed).expect("its key"));
    }
    Ok(all)
}

/// Fetches from one shelf to another, at most so many chunks; how many there are then.
fn fetch(from: &Shelf, to: &Shelf, id: AttachmentId, most: usize) -> Result<usize, ShelfError> {
    let stored = from.read(id)?;
    let mut partial = to.resume(stored.manifest().clone())?;
    for _ in 0..most {
        if partial.have() == partial.of() {
            partial.finish()?;
            return Ok(stored.manifest().chunks());
        }
        assert!(partial.append(&stored.chunk(partial.have())?)?);
    }
    Ok(partial.have())
}

fn roll(mut seed: u64) -> impl FnMut() -> u64 {
    move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        seed >> 20
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn what_is_written_is_read_and_fetched_alike(
        chunks in 0usize..3,
        beside in -2i64..3,
        step in 1usize..300_000,
        cut in 0usize..4,
    ) {
        let size = ((chunks * CHUNK_BYTES) as i64 + beside).max(0) as usize;
        let bytes = content(size);
        let (here, there) = (shelf(&SimDisk::new()), shelf(&SimDisk::new()));
        let id = put(&here, &bytes, step.max(size / 50));
        prop_assert_eq!(&clear(&here, id).unwrap(), &bytes);
        fetch(&here, &there, id, cut).unwrap();
        prop_assert!(there.guess(id).unwrap() <= 4);
        fetch(&here, &there, id, usize::MAX).unwrap();
        prop_assert_eq!(clear(&there, id).unwrap(), bytes);
        prop_assert_eq!(there.list().unwrap(), Listing { whole: vec![id], parts: vec![] });
    }

    #[test]
    fn power_cut_while_uploading_leaves_all_or_nothing(seed: u64, steps in 0usize..4) {
        let disk = SimDisk::new();
        let bytes = content(2 * CHUNK_BYTES + 5);
        let here = shelf(&disk);
        let mut incoming = here.begin("upload-1", &key()).unwrap();
        let done = if steps == 3 {
            incoming.write(&bytes).unwrap();
            Some(incoming.finish().unwrap().0)
        } else {
            incoming.write(&bytes[..steps * CHUNK_BYTES]).unwrap();
            // The process is gone: nothing tidies up.
            std::mem::forget(incoming);
            None
        };
        disk.crash(&mut roll(seed));
        let again = shelf(&disk);
        match done {
            // Answered as durable: it is there.
            Some(id) => prop_assert_eq!(clear(&again, id).unwrap(), bytes),
            None => prop_assert_eq!(again.list().unwrap(), Listing::default()),
        }
        prop_assert!(disk.list(&Path::new(DATA).join(FOLDER)).unwrap().iter().all(|name| is_id(name)));
    }

    #[test]
    fn power_cut_while_fetching_costs_only_time(seed: u64, first in 0usize..5, second in 0usize..5) {
        let bytes = content(3 * CHUNK_BYTES + 9);
        let (here, disk) = (shelf(&SimDisk::new()), SimDisk::new());
        let id = put(&here, &bytes, 100_000);
        for (turn, most) in [first, second].into_iter().enumerate() {
            fetch(&here, &shelf(&disk), id, most).unwrap();
            disk.crash(&mut roll(seed.wrapping_add(turn as u64)));
        }
        let there = shelf(&disk);
        fetch(&here, &there, id, usize::MAX).unwrap();
        prop_assert_eq!(clear(&there, id).unwrap(), bytes);
    }
}

#[test]
fn every_tampered_byte_of_a_file_is_found() {
    let disk = SimDisk::new();
    let here = shelf(&disk);
    let id = put(&here, &content(2 * CHUNK_BYTES + 100), 70_000);
    let path = here.whole(id);
    let len = disk.len(&path).unwrap();
    let chunk = (CHUNK_BYTES + TAG_BYTES) as u64;
    // Both ends of each chunk, its tag, each byte of hashes and trailer.
    let mut places: Vec<u64> = (0..3)
        .flat_map(|no| [no * chunk, no * chunk + 50])
        .collect();
    places.extend([chunk - 1, 2 * chunk - 1, 2 * chunk + 115]);
    places.extend(2 * chunk + 116..len);
    for place in places {
        let damaged = disk.copy();
        damaged.flip(&path, place, 0x40).unwrap();
        let found = clear(&shelf(&damaged), id);
        assert!(
            matches!(found, Err(ShelfError::Damaged(_))),
            "byte {place} of {len}"
        );
        let kept: Arc<dyn Disk> = Arc::new(damaged);
        assert!(verify(&kept, &path).is_err());
    }
    for short in [0, 10, chunk, len - 1] {
        let damaged = disk.copy();
        damaged.truncate(&path, short).unwrap();
        assert!(clear(&shelf(&damaged), id).is_err(), "cut to {short}");
    }
    let kept: Arc<dyn Disk> = Arc::new(disk.clone());
    assert_eq!(files(&disk, Path::new(DATA)).unwrap(), vec![path.clone()]);
    assert_eq!(verify(&kept, &path).unwrap(), len);
    // A whole file under another's name is no attachment.
    let other = AttachmentId([1; 32]);
    disk.rename(&path, &here.whole(other)).unwrap();
    assert!(matches!(here.read(other), Err(ShelfError::Damaged(_))));
    assert!(matches!(here.read(id), Err(ShelfError::Missing(_))));
}

#[test]
fn a_wrong_chunk_is_not_kept() {
    let (here, there) = (shelf(&SimDisk::new()), shelf(&SimDisk::new()));
    let id = put(&here, &content(2 * CHUNK_BYTES), 100_000);
    let stored = here.read(id).unwrap();
    let mut partial = there.resume(stored.manifest().clone()).unwrap();
    assert!(
        !partial.append(&stored.chunk(1).unwrap()).unwrap(),
        "out of turn"
    );
    let mut wrong = stored.chunk(0).unwrap();
    wrong[9] ^= 1;
    assert!(!partial.append(&wrong).unwrap());
    assert!(partial.append(&stored.chunk(0).unwrap()).unwrap());
    assert!(matches!(partial.finish(), Err(ShelfError::Missing(_))));
    assert_eq!(there.guess(id).unwrap(), 1);
}

#[test]
fn a_full_disk_is_said_and_leaves_no_litter() {
    let disk = SimDisk::new();
    let here = shelf(&disk);
    disk.set_room(Some(300_000));
    let mut incoming = here.begin("upload-1", &key()).unwrap();
    let written = incoming.write(&content(3 * CHUNK_BYTES));
    assert!(matches!(written, Err(ShelfError::Full)), "{written:?}");
    drop(incoming);
    assert!(disk.list(&Path::new(DATA).join(FOLDER)).unwrap().is_empty());

    let from = shelf(&SimDisk::new());
    let bytes = content(3 * CHUNK_BYTES);
    let id = put(&from, &bytes, 100_000);
    disk.set_room(Some(300_000));
    assert!(matches!(
        fetch(&from, &here, id, usize::MAX),
        Err(ShelfError::Full)
    ));
    disk.set_room(None);
    assert_eq!(here.guess(id).unwrap(), 1, "what came is kept");
    fetch(&from, &here, id, usize::MAX).unwrap();
    assert_eq!(clear(&here, id).unwrap(), bytes);
}

#[test]
fn a_failed_sync_is_no_file() {
    let disk = SimDisk::new();
    let here = shelf(&disk);
    let mut incoming = here.begin("upload-1", &key()).unwrap();
    incoming.write(&content(10)).unwrap();
    disk.fail_sync_in(1);
    assert!(incoming.finish().is_err());
    assert_eq!(here.list().unwrap(), Listing::default());

    let from = shelf(&SimDisk::new());
    let id = put(&from, &content(10), 10);
    disk.fail_sync_in(1);
    assert!(fetch(&from, &here, id, usize::MAX).is_err());
    assert_eq!(
        here.list().unwrap(),
        Listing::default(),
        "not taken for good later"
    );
    fetch(&from, &here, id, usize::MAX).unwrap();
    disk.crash(&mut roll(3));
    assert_eq!(clear(&shelf(&disk), id).unwrap(), content(10));
}
