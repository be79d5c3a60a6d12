//! What is fjall's own: trusted after a power cut as far as its commit number proves, and no further.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::engines::{Real, copy_folder};
use super::{filled, folded};
use crate::store::test_support::{dump, rolls};
use crate::store::*;

const PAGE: u64 = 4096;

/// The journals of a view, the newest last.
fn journals(view: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(view)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "jnl"))
        .collect();
    found.sort();
    found
}

/// Where a journal's last byte that is not zero ends.
fn written(path: &Path) -> u64 {
    let bytes = std::fs::read(path).unwrap();
    bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |at| at as u64 + 1)
}

#[test]
fn after_a_power_cut_the_view_goes_on_from_the_commit_that_it_proves() {
    let mut trusted = 0;
    for seed in 0..8 {
        let mut real = Real::fjall();
        let mut roll = rolls(seed);
        let (mut store, _) = real.open();
        filled(&mut store, seed, 100);
        // A journal that was read once has no room set aside any more.
        store.close().unwrap();
        let (mut store, _) = real.open();
        let cut = real.folder.path().join("cut");
        filled(&mut store, seed + 100, 100);
        store.upkeep().run().unwrap();
        let synced = written(&journals(&real.dir().join("view-1"))[0]);
        filled(&mut store, seed + 200, 200);
        let before = dump(&*store.view());
        // The last writes of the engine's own buffer never left it; of the pages behind the last sync any may be lost.
        copy_folder(&real.dir(), &cut);
        let newest = journals(&cut.join("view-1")).pop().unwrap();
        let file = OpenOptions::new().write(true).open(&newest).unwrap();
        for page in synced.div_ceil(PAGE)..written(&newest).div_ceil(PAGE) {
            if roll().is_multiple_of(3) {
                file.write_all_at(&[0; PAGE as usize], page * PAGE).unwrap();
            }
        }
        real.boot = "two";
        let (mut after, report) = real.open_at(&cut).unwrap();
        assert_eq!(dump(&*after.view()), before, "seed {seed}: {report}");
        match &report.view {
            ViewOutcome::Replayed { from, .. } => {
                assert!(*from > 200, "what was synced is proven: {report}");
                trusted += 1;
            }
            ViewOutcome::Rebuilt { .. } => {}
            other => panic!("seed {seed}: {other}"),
        }
        filled(&mut after, seed + 300, 20);
        assert_eq!(dump(&*after.view()), folded(&after));
    }
    assert!(trusted >= 4, "{trusted} of 8");
}

#[test]
fn a_flipped_bit_in_any_file_is_mended_or_the_view_is_made_anew() {
    let real = Real::fjall();
    let (mut store, _) = real.open();
    filled(&mut store, 5, 300);
    let before = dump(&*store.view());
    store.close().unwrap();
    // A journal that was read once has no room set aside any more.
    real.open().0.close().unwrap();
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(real.dir().join("view-1").join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if entry.metadata().unwrap().len() > 0 {
                files.push(path);
            }
        }
    }
    assert!(files.len() >= 3, "{files:?}");
    let mut roll = rolls(17);
    for name in &files {
        for round in 0..4 {
            let copy = real.folder.path().join("flipped");
            copy_folder(&real.dir(), &copy);
            let path = copy.join("view-1").join(name);
            let mut bytes = std::fs::read(&path).unwrap();
            let written = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0) + 1;
            let at = roll() as usize % written;
            bytes[at] ^= 1 << (roll() % 8);
            std::fs::write(&path, bytes).unwrap();
            let (store, report) = real.open_at(&copy).unwrap();
            assert_eq!(
                dump(&*store.view()),
                before,
                "{} round {round} byte {at}: {report}",
                name.display()
            );
            drop(store);
            std::fs::remove_dir_all(&copy).unwrap();
        }
    }
}
