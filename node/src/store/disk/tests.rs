use super::*;
use crate::store::test_support::rolls;

fn p(name: &str) -> &Path {
    Path::new(name)
}

fn content(disk: &SimDisk, name: &str) -> Vec<u8> {
    read_small(disk, p(name), 1 << 20).unwrap()
}

#[test]
fn both_disks_do_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let disks: [(&dyn Disk, &Path); 2] = [(&RealDisk, folder.path()), (&SimDisk::new(), p("/sim"))];
    for (disk, dir) in disks {
        disk.create_dir(dir).unwrap();
        let (a, b) = (dir.join("a"), dir.join("b"));
        disk.write_new(&a, b"hello", Access::Private).unwrap();
        assert!(disk.is_private(&a).unwrap());
        let mut file = disk.open_append(&a).unwrap();
        file.append(b" world").unwrap();
        file.sync().unwrap();
        disk.write_at(&a, 0, b"J").unwrap();
        disk.sync_file(&a).unwrap();
        let read = disk.open_read(&a).unwrap();
        disk.rename(&a, &b).unwrap();
        disk.sync_dir(dir).unwrap();
        let mut buffer = [0; 20];
        assert_eq!(read.read_at(6, &mut buffer).unwrap(), 5);
        assert_eq!(&buffer[..5], b"world");
        disk.truncate(&b, 5).unwrap();
        assert_eq!(read_small(disk, &b, 100).unwrap(), b"Jello");
        assert_eq!(disk.list(dir).unwrap(), ["b"]);
        assert!(!disk.exists(&a).unwrap() && disk.exists(&b).unwrap());
        assert_eq!(
            disk.open_read(&a).err().unwrap().kind(),
            io::ErrorKind::NotFound
        );
        replace_small(disk, &b, b"new", Access::Common).unwrap();
        assert_eq!(disk.len(&b).unwrap(), 3);
        disk.remove(&b).unwrap();
        assert!(disk.list(dir).unwrap().is_empty());
        assert!(disk.list(&dir.join("none")).unwrap().is_empty());
        let lock = disk.try_lock(&dir.join("LOCK")).unwrap().unwrap();
        assert!(disk.try_lock(&dir.join("LOCK")).unwrap().is_none());
        drop(lock);
        assert!(disk.try_lock(&dir.join("LOCK")).unwrap().is_some());
    }
}

#[test]
fn what_was_synced_survives_every_crash_and_the_rest_only_some() {
    let (mut whole, mut cut, mut torn) = (0, 0, 0);
    for seed in 0..200 {
        let disk = SimDisk::new();
        disk.write_new(p("/d/f"), &[1; 5000], Access::Common)
            .unwrap();
        disk.sync_file(p("/d/f")).unwrap();
        disk.sync_dir(p("/d")).unwrap();
        let mut file = disk.open_append(p("/d/f")).unwrap();
        file.append(&[2; 9000]).unwrap();
        disk.crash(&mut rolls(seed));
        assert!(
            file.append(b"x").is_err(),
            "a handle from before the crash still works"
        );
        let found = content(&disk, "/d/f");
        assert_eq!(found[..5000], [1; 5000], "seed {seed}");
        match &found[5000..] {
            rest if rest == [2; 9000] => whole += 1,
            [] => cut += 1,
            _ => torn += 1,
        }
    }
    assert!(whole > 0 && cut > 0 && torn > 0, "{whole} {cut} {torn}");
}

#[test]
fn names_without_a_sync_of_their_folder_may_be_lost() {
    let mut outcomes = std::collections::BTreeSet::new();
    for seed in 0..50 {
        let disk = SimDisk::new();
        replace_small(&disk, p("/d/f"), b"old", Access::Common).unwrap();
        disk.write_new(p("/d/t"), b"new", Access::Common).unwrap();
        disk.sync_file(p("/d/t")).unwrap();
        disk.rename(p("/d/t"), p("/d/f")).unwrap();
        disk.crash(&mut rolls(seed));
        outcomes.insert(content(&disk, "/d/f"));
    }
    assert_eq!(
        outcomes.into_iter().collect::<Vec<_>>(),
        [b"new".to_vec(), b"old".to_vec()]
    );
}

#[test]
fn a_later_good_sync_does_not_save_what_a_failed_one_lost() {
    for seed in 0..20 {
        let disk = SimDisk::new();
        replace_small(&disk, p("/d/f"), b"", Access::Common).unwrap();
        let mut file = disk.open_append(p("/d/f")).unwrap();
        file.append(b"lost").unwrap();
        disk.fail_sync_in(1);
        assert!(file.sync().is_err());
        file.sync().unwrap();
        assert_eq!(content(&disk, "/d/f"), b"lost");
        disk.crash(&mut rolls(seed));
        assert_ne!(content(&disk, "/d/f"), b"lost", "seed {seed}");
    }
}

#[test]
fn what_is_written_again_after_a_failed_sync_is_saved() {
    for seed in 0..20 {
        let disk = SimDisk::new();
        replace_small(&disk, p("/d/f"), b"", Access::Common).unwrap();
        let mut file = disk.open_append(p("/d/f")).unwrap();
        file.append(b"kept").unwrap();
        disk.fail_sync_in(1);
        assert!(file.sync().is_err());
        disk.write_at(p("/d/f"), 0, b"kept").unwrap();
        disk.sync_file(p("/d/f")).unwrap();
        disk.crash(&mut rolls(seed));
        assert_eq!(content(&disk, "/d/f"), b"kept", "seed {seed}");
    }
}

#[test]
fn a_full_disk_takes_what_fits_and_says_so() {
    let disk = SimDisk::new();
    replace_small(&disk, p("/d/f"), b"", Access::Common).unwrap();
    let mut file = disk.open_append(p("/d/f")).unwrap();
    disk.set_room(Some(3));
    assert_eq!(
        file.append(b"12345").unwrap_err().kind(),
        io::ErrorKind::StorageFull
    );
    assert_eq!(content(&disk, "/d/f"), b"123");
    disk.write_at(p("/d/f"), 0, b"abc").unwrap();
    disk.set_room(None);
    file.append(b"45").unwrap();
    assert_eq!(content(&disk, "/d/f"), b"abc45");
}

#[test]
fn damage_and_unreadable_files_can_be_brought_about() {
    let disk = SimDisk::new();
    replace_small(&disk, p("/d/f"), b"abc", Access::Common).unwrap();
    let copy = disk.copy();
    disk.flip(p("/d/f"), 1, 1).unwrap();
    assert_eq!(content(&disk, "/d/f"), b"acc");
    assert_eq!(content(&copy, "/d/f"), b"abc");
    assert!(disk.flip(p("/d/f"), 3, 1).is_err());
    disk.set_unreadable(Some(p("/d/f")));
    assert!(read_small(&disk, p("/d/f"), 10).is_err());
}
