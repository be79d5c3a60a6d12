use std::fs;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use super::*;

fn open(dir: &Path) -> Result<Arc<dyn View>, ViewError> {
    SledEngine {
        cache_bytes: 1 << 20,
    }
    .open(dir)
}

/// sled lets go of its lock once its last thread has ended, a moment after it was dropped.
fn once_free<T, E: std::fmt::Debug>(mut open: impl FnMut() -> Result<T, E>) -> T {
    let begun = Instant::now();
    loop {
        match open() {
            Ok(opened) => return opened,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(30), "{error:?}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Copies the files as a killed process leaves them: without the engine's own ending.
fn killed_copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            killed_copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn what_was_flushed_survives_a_killed_process() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("a"), folder.path().join("b"));
    let view = open(&first).unwrap();
    for no in 1..=50_u64 {
        view.apply(no, &[Op::put(Tree::Ticket, no.to_be_bytes(), vec![7; 900])])
            .unwrap();
    }
    view.flush().unwrap();
    for no in 51..=90_u64 {
        view.apply(no, &[Op::put(Tree::Ticket, no.to_be_bytes(), vec![7; 900])])
            .unwrap();
    }
    killed_copy(&first, &second);
    let copy = open(&second).unwrap();
    let last = copy.last_commit().unwrap();
    assert!((50..=90).contains(&last), "{last}");
    for no in 1..=last {
        assert_eq!(
            copy.get(Tree::Ticket, &no.to_be_bytes()).unwrap(),
            Some(vec![7; 900]),
            "{no}"
        );
    }
}

#[test]
fn a_closed_view_is_whole_and_refuses_further_calls() {
    let folder = tempfile::tempdir().unwrap();
    let view = open(folder.path()).unwrap();
    view.apply(1, &[Op::put(Tree::Leg, *b"k", *b"v")]).unwrap();
    view.close().unwrap();
    assert_eq!(view.get(Tree::Leg, b"k"), Err(ViewError::Closed));
    let again = open(folder.path()).unwrap();
    assert_eq!(again.last_commit(), Ok(1));
    assert_eq!(again.get(Tree::Leg, b"k"), Ok(Some(b"v".to_vec())));
}

#[test]
fn a_value_that_does_not_fit_its_checksum_is_named_and_ends_the_view() {
    let folder = tempfile::tempdir().unwrap();
    let view = open(folder.path()).unwrap();
    view.apply(1, &[Op::put(Tree::Index, *b"good", *b"v")])
        .unwrap();
    view.close().unwrap();
    drop(view);
    {
        let db = once_free(|| ::sled::open(folder.path()));
        db.open_tree("index")
            .unwrap()
            .insert(b"bad", b"no checksum")
            .unwrap();
        db.flush().unwrap();
    }
    let view = once_free(|| open(folder.path()));
    let damaged = ViewError::Damaged {
        tree: Tree::Index,
        key: b"bad".to_vec(),
    };
    assert_eq!(view.get(Tree::Index, b"bad"), Err(damaged.clone()));
    assert_eq!(view.get(Tree::Index, b"good"), Err(damaged));
    assert!(view.stat().poisoned.is_some());
}

#[test]
fn damage_in_the_file_is_an_error_and_not_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let view = open(folder.path()).unwrap();
    for no in 1..=300_u64 {
        let value: Vec<u8> = (0..2000).map(|i| (i * no) as u8).collect();
        view.apply(no, &[Op::put(Tree::Ticket, no.to_be_bytes(), value)])
            .unwrap();
    }
    view.close().unwrap();
    let db = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(folder.path().join("db"))
        .unwrap();
    let len = db.metadata().unwrap().len();
    for at in (100..len).step_by(1500) {
        db.write_all_at(&[0xA5; 40], at).unwrap();
    }
    let Ok(view) = open(folder.path()) else {
        return;
    };
    let read = (1..=300_u64).find_map(|no| match view.get(Tree::Ticket, &no.to_be_bytes()) {
        Ok(Some(value)) if value.len() == 2000 => None,
        other => Some(other),
    });
    assert!(
        matches!(read, Some(Err(_) | Ok(None))),
        "the damage went unnoticed"
    );
}
