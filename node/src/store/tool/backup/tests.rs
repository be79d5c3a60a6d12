use super::*;
use crate::store::disk::{AppendFile, LockGuard, ReadFile, SimDisk};
use crate::store::keys::Keys;
use crate::store::test_support::{COUNTER, TestFold, count, dump, lasting_of, rolls, some_ops};
use crate::store::tool::{destructions_of, read_destructions, restore};
use crate::store::view::MemEngine;
use crate::store::{Op, Parts, Store, StoreSettings, Tree};
use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

const DIR: &str = "/node";
const TO: &str = "/backup";
const NEW: &str = "/new";
const NODE: &str = "440300000000";

fn settings(dir: &str) -> StoreSettings {
    StoreSettings {
        segment_bytes_max: 1500,
        key_batch: 2,
        ..StoreSettings::new(dir, NODE, Some("boot".to_owned()))
    }
}

fn open_at(disk: &Arc<dyn Disk>, dir: &str) -> Result<Store, StoreError> {
    let parts = Parts {
        disk: disk.clone(),
        engine: Arc::new(MemEngine::new()),
        fold: Arc::new(TestFold { layout: 1 }),
        random: Box::new(|buffer| buffer.fill(7)),
    };
    Store::open(settings(dir), parts).map(|(store, _)| store)
}

fn write(store: &mut Store, seed: u64, commits: u64) {
    let mut roll = rolls(seed);
    for _ in 0..commits {
        let mut ops = some_ops(&mut roll);
        let lasting = lasting_of(&ops);
        ops.push(Op::put(
            Tree::Figure,
            COUNTER,
            count(store.last_commit() + 1),
        ));
        store.commit(&lasting, ops).unwrap();
    }
}

fn shared(disk: &SimDisk) -> Arc<dyn Disk> {
    Arc::new(disk.clone())
}

fn make(disk: &Arc<dyn Disk>) -> Result<BackupReport, StoreError> {
    backup(disk, Path::new(DIR), Path::new(TO), 1_000)
}

fn put_back(disk: &Arc<dyn Disk>, gone: &BTreeSet<u64>) -> Result<usize, StoreError> {
    let done = restore(disk, Path::new(TO), Path::new(NEW), gone, [9; 16])?;
    Ok(done.destroyed)
}

/// The chain's value after each commit of the log in the folder.
fn chain_of(disk: &Arc<dyn Disk>, dir: &str) -> Vec<ChainHash> {
    let reader =
        crate::store::log::LogReader::open(disk.clone(), &Path::new(dir).join("log")).unwrap();
    let records = reader.read_from(1).unwrap();
    records.map(|record| record.unwrap().hash).collect()
}

#[test]
fn a_running_node_is_backed_up_and_restored_with_the_same_chain_and_rows() {
    let sim = SimDisk::new();
    let disk = shared(&sim);
    let mut store = open_at(&disk, DIR).unwrap();
    write(&mut store, 1, 30);
    store.upkeep().run().unwrap();
    write(&mut store, 2, 7);
    let slot = store.keys().new_slot().unwrap();
    let report = make(&disk).unwrap();
    assert_eq!((report.holds.last, report.holds.hash), (37, store.hash()));
    assert!(report.holds.checkpoint.is_some() && report.holds.segments.len() > 2);

    assert_eq!(put_back(&disk, &BTreeSet::new()).unwrap(), 0);
    let twin = open_at(&disk, NEW).unwrap();
    assert_eq!((twin.last_commit(), twin.hash()), (37, store.hash()));
    assert!(dump(&*twin.view()) == dump(&*store.view()));
    let mark = twin.restored().unwrap().expect("marked");
    assert_eq!(
        (mark.id, mark.commit_no, mark.made_ms),
        ([9; 16], 37, 1_000)
    );
    let sealed = store.keys().seal(slot, b"value", b"words").unwrap();
    assert!(twin.keys().open_sealed(&sealed, b"words").is_ok());
    twin.taken_up().unwrap();
    twin.taken_up().unwrap();
    assert_eq!(twin.restored().unwrap(), None);
}

#[test]
fn the_second_backup_copies_only_what_is_new_and_removes_what_it_replaces() {
    let sim = SimDisk::new();
    let disk = shared(&sim);
    let mut store = open_at(&disk, DIR).unwrap();
    write(&mut store, 1, 60);
    let first = make(&disk).unwrap();
    write(&mut store, 2, 1);
    let second = make(&disk).unwrap();
    assert!(second.copied_bytes * 2 < first.copied_bytes, "{second}");
    let mut names = disk.list(Path::new(TO)).unwrap();
    names.retain(|name| name != MANIFEST && name != LOCK);
    let mut listed: Vec<_> = second.holds.files().map(|f| f.name.clone()).collect();
    listed.sort();
    assert_eq!(names, listed);
    assert_eq!(verify_backup(&disk, Path::new(TO)).unwrap(), second.holds);
}

#[test]
fn an_older_or_other_past_of_the_node_never_replaces_a_backup() {
    let sim = SimDisk::new();
    let disk = shared(&sim);
    let mut store = open_at(&disk, DIR).unwrap();
    write(&mut store, 1, 20);
    store.close().unwrap();
    let old = sim.copy();
    let mut store = open_at(&disk, DIR).unwrap();
    write(&mut store, 2, 20);
    let kept = make(&disk).unwrap().holds;

    for (seed, commits) in [(3, 0), (3, 5), (3, 20), (3, 40)] {
        let other = old.copy();
        let other_disk = shared(&other);
        other_disk.create_dir(Path::new(TO)).unwrap();
        for file in kept.files().map(|f| f.name.as_str()).chain([MANIFEST]) {
            let path = Path::new(TO).join(file);
            let bytes = crate::store::disk::read_small(&*disk, &path, 1 << 20).unwrap();
            other_disk
                .write_new(&path, &bytes, Access::Private)
                .unwrap();
        }
        let mut store = open_at(&other_disk, DIR).unwrap();
        write(&mut store, seed, commits);
        let refused = make(&other_disk).unwrap_err();
        assert!(
            refused.to_string().contains("不是本节点现有日志的前一部分"),
            "{refused}"
        );
        assert_eq!(verify_backup(&other_disk, Path::new(TO)).unwrap(), kept);
    }
}

#[test]
fn damage_in_a_backup_is_found_before_anything_is_put_back() {
    let sim = SimDisk::new();
    let disk = shared(&sim);
    let mut store = open_at(&disk, DIR).unwrap();
    write(&mut store, 1, 30);
    store.upkeep().run().unwrap();
    let holds = make(&disk).unwrap().holds;
    let names = holds.files().map(|file| file.name.clone());
    for name in names.chain([MANIFEST.to_owned()]) {
        let copy = sim.copy();
        let path = Path::new(TO).join(&name);
        let middle = copy.len(&path).unwrap() / 2;
        copy.flip(&path, middle, 0x10).unwrap();
        assert!(
            put_back(&shared(&copy), &BTreeSet::new()).is_err(),
            "{name}"
        );
        assert!(copy.list(Path::new(NEW)).unwrap().is_empty(), "{name}");
    }
}

#[test]
fn keys_destroyed_after_the_backup_are_destroyed_in_what_is_put_back() {
    let sim = SimDisk::new();
    let disk = shared(&sim);
    let mut store = open_at(&disk, DIR).unwrap();
    write(&mut store, 1, 5);
    let keys = store.keys();
    let (kept, gone) = (keys.new_slot().unwrap(), keys.new_slot().unwrap());
    let sealed = |keys: &Keys, slot| keys.seal(slot, b"name", b"words").unwrap();
    let (stays, goes) = (sealed(&keys, kept), sealed(&keys, gone));
    make(&disk).unwrap();
    keys.destroy(gone).unwrap();
    let list = Path::new("/gone");
    let text = destructions_of(&disk, Path::new(DIR)).unwrap();
    disk.write_new(list, text.as_str().as_bytes(), Access::Common)
        .unwrap();
    for source in [list, Path::new(DIR), Path::new("/node/keys.dat")] {
        let slots = read_destructions(&disk, source).unwrap();
        assert_eq!(slots, BTreeSet::from([gone]), "{}", source.display());
    }
    let slots = read_destructions(&disk, list).unwrap();
    assert_eq!(put_back(&disk, &slots).unwrap(), 1);
    let twin = open_at(&disk, NEW).unwrap().keys();
    assert!(matches!(
        twin.open_sealed(&goes, b"words"),
        Ok(crate::store::keys::Opened::Erased)
    ));
    assert!(matches!(
        twin.open_sealed(&stays, b"words"),
        Ok(crate::store::keys::Opened::Clear { .. })
    ));
}

#[test]
fn a_folder_with_anything_in_it_is_not_restored_into() {
    let sim = SimDisk::new();
    let disk = shared(&sim);
    let mut store = open_at(&disk, DIR).unwrap();
    write(&mut store, 1, 5);
    make(&disk).unwrap();
    put_back(&disk, &BTreeSet::new()).unwrap();
    let again = put_back(&disk, &BTreeSet::new()).unwrap_err();
    assert!(again.to_string().contains("不是空目录"), "{again}");
}

/// A disk on which a process is killed: after so many changes nothing more happens.
struct Killed {
    disk: SimDisk,
    left: AtomicU64,
}

impl Killed {
    fn step(&self) -> io::Result<()> {
        let left = self.left.load(Ordering::Relaxed);
        self.left.store(left.saturating_sub(1), Ordering::Relaxed);
        if left == 0 {
            return Err(io::Error::other("killed"));
        }
        Ok(())
    }
}

struct KilledFile(Arc<Killed>, Box<dyn AppendFile>);

impl AppendFile for KilledFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.step().and_then(|()| self.1.append(bytes))
    }
    fn sync(&mut self) -> io::Result<()> {
        self.0.step().and_then(|()| self.1.sync())
    }
}

struct Kills(Arc<Killed>);

impl Disk for Kills {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.0.disk.create_dir(dir)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.0.disk.list(dir)
    }
    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.0.disk.exists(path)
    }
    fn len(&self, path: &Path) -> io::Result<u64> {
        self.0.disk.len(path)
    }
    fn open_read(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        self.0.disk.open_read(path)
    }
    fn open_append(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        let file = self.0.disk.open_append(path)?;
        Ok(Box::new(KilledFile(self.0.clone(), file)))
    }
    fn write_new(&self, path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
        self.0.step()?;
        self.0.disk.write_new(path, bytes, access)
    }
    fn write_at(&self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.step()?;
        self.0.disk.write_at(path, offset, bytes)
    }
    fn truncate(&self, path: &Path, len: u64) -> io::Result<()> {
        self.0.step()?;
        self.0.disk.truncate(path, len)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.step()?;
        self.0.disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.step()?;
        self.0.disk.remove(path)
    }
    fn sync_file(&self, path: &Path) -> io::Result<()> {
        self.0.step()?;
        self.0.disk.sync_file(path)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.0.step()?;
        self.0.disk.sync_dir(dir)
    }
    fn is_private(&self, path: &Path) -> io::Result<bool> {
        self.0.disk.is_private(path)
    }
    fn try_lock(&self, path: &Path) -> io::Result<Option<LockGuard>> {
        self.0.disk.try_lock(path)
    }
}

/// Kills the work after each of its changes to the disk, with and without a power cut behind it.
fn killed_everywhere(
    before: &SimDisk,
    work: impl Fn(&Arc<dyn Disk>) -> Result<(), StoreError>,
    holds: impl Fn(&Arc<dyn Disk>, u64),
) {
    for steps in 0..400 {
        let mut done = false;
        for power in [false, true] {
            let disk = before.copy();
            let killed = Arc::new(Killed {
                disk: disk.clone(),
                left: AtomicU64::new(steps),
            });
            let kills: Arc<dyn Disk> = Arc::new(Kills(killed));
            done = work(&kills).is_ok();
            drop(kills);
            if power {
                disk.crash(&mut rolls(steps));
            }
            holds(&shared(&disk), steps);
        }
        if done {
            assert!(steps > 5);
            return;
        }
    }
    panic!("it never ends");
}

#[test]
fn a_backup_killed_at_any_step_leaves_the_former_one_or_the_new_one_and_nothing_else() {
    let sim = SimDisk::new();
    let disk = shared(&sim);
    let mut store = open_at(&disk, DIR).unwrap();
    write(&mut store, 1, 9);
    store.upkeep().run().unwrap();
    store.close().unwrap();
    let none = sim.copy();
    let first = make(&disk).unwrap().holds;
    let mut store = open_at(&disk, DIR).unwrap();
    write(&mut store, 2, 5);
    store.close().unwrap();
    let last = 14;

    killed_everywhere(
        &none,
        |disk| make(disk).map(|_| ()),
        |disk, step| {
            match Manifest::read(&**disk, Path::new(TO)).unwrap() {
                None => assert!(verify_backup(disk, Path::new(TO)).is_err(), "{step}"),
                Some(_) => {
                    assert_eq!(verify_backup(disk, Path::new(TO)).unwrap(), first, "{step}");
                }
            }
            assert_eq!(
                make(disk).unwrap().holds.last,
                9,
                "{step}: the next one is whole"
            );
        },
    );
    killed_everywhere(
        &sim,
        |disk| make(disk).map(|_| ()),
        |disk, step| {
            let found = verify_backup(disk, Path::new(TO)).unwrap();
            assert!(found == first || found.last == last, "{step}");
            let chain = chain_of(disk, DIR);
            assert_eq!(
                chain[usize::try_from(found.last).unwrap() - 1],
                found.hash,
                "{step}"
            );
        },
    );
}

#[test]
fn a_restore_killed_at_any_step_cannot_be_opened_or_is_whole() {
    let sim = SimDisk::new();
    let disk = shared(&sim);
    let mut store = open_at(&disk, DIR).unwrap();
    write(&mut store, 1, 9);
    let hash = store.hash();
    let slot = store.keys().new_slot().unwrap();
    make(&disk).unwrap();
    drop(store);
    let gone = BTreeSet::from([slot]);
    killed_everywhere(
        &sim,
        |disk| put_back(disk, &gone).map(|_| ()),
        |disk, step| match open_at(disk, NEW) {
            Err(StoreError::HalfRestored { .. }) => {}
            Err(error) => panic!("{step}: {error}"),
            // Killed before the first mark: nothing is there, and a new store is begun as in any empty folder.
            Ok(store) if store.last_commit() == 0 => {
                assert_eq!(store.restored().unwrap(), None, "{step}");
            }
            Ok(store) => {
                assert_eq!((store.last_commit(), store.hash()), (9, hash), "{step}");
                assert!(store.restored().unwrap().is_some(), "{step}");
                assert_eq!(
                    crate::store::keys::destroyed_slots(&**disk, Path::new("/new/keys.dat"))
                        .unwrap(),
                    gone,
                    "{step}"
                );
            }
        },
    );
}

#[test]
fn a_key_file_that_was_cut_short_does_not_replace_the_whole_one() {
    let sim = SimDisk::new();
    let disk = shared(&sim);
    let mut store = open_at(&disk, DIR).unwrap();
    write(&mut store, 1, 20);
    for _ in 0..9 {
        store.keys().new_slot().unwrap();
    }
    let kept = make(&disk).unwrap().holds;
    let keys = key_path(Path::new(DIR));
    sim.truncate(&keys, 128 + 4 * 64).unwrap();
    write(&mut store, 2, 3);
    let words = make(&disk).unwrap_err().to_string();
    assert!(words.contains("keys.dat 只有 4 个密钥槽"), "{words}");
    assert_eq!(verify_backup(&disk, Path::new(TO)).unwrap(), kept);
}
