//! The store on the real disk, its view on sled.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{commit, filled, folded, reason};
use crate::store::disk::RealDisk;
use crate::store::test_support::{TestFold, dump};
use crate::store::view::{SledEngine, ViewError};
use crate::store::*;

/// A store on the real disk with sled.
struct Real {
    folder: tempfile::TempDir,
    boot: &'static str,
}

impl Real {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            boot: "one",
        }
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("node")
    }

    fn settings(&self, dir: &Path) -> StoreSettings {
        StoreSettings {
            segment_bytes_max: 20_000,
            ..StoreSettings::new(dir, "440300000000", Some(self.boot.to_owned()))
        }
    }

    fn open_with(&self, settings: StoreSettings) -> Result<(Store, OpenReport), StoreError> {
        let parts = Parts {
            disk: Arc::new(RealDisk),
            engine: Arc::new(SledEngine {
                cache_bytes: 1 << 20,
            }),
            fold: Arc::new(TestFold { layout: 1 }),
            random: Box::new(|buffer| getrandom::fill(buffer).unwrap()),
        };
        Store::open(settings, parts)
    }

    fn open_at(&self, dir: &Path) -> Result<(Store, OpenReport), StoreError> {
        self.open_with(self.settings(dir))
    }

    fn open(&self) -> (Store, OpenReport) {
        self.open_at(&self.dir()).unwrap()
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn closed_and_opened_again() {
    let mut real = Real::new();
    let (mut store, _) = real.open();
    filled(&mut store, 20, 100);
    store.close().unwrap();
    real.boot = "two";
    let (store, report) = real.open();
    assert_eq!((report.clean, report.view), (true, ViewOutcome::Kept));
    assert_eq!(dump(&*store.view()), folded(&store));
}

#[test]
fn killed_at_any_time_is_mended_by_replay() {
    let real = Real::new();
    let (mut store, _) = real.open();
    for round in 0..4 {
        filled(&mut store, 30 + round, 60);
        if round == 2 {
            store.view().flush().unwrap();
        }
        // What a killed process leaves, engine files included.
        let copy = real.folder.path().join(format!("killed {round}"));
        copy_folder(&real.dir(), &copy);
        let (killed, report) = real.open_at(&copy).unwrap();
        assert!(
            matches!(
                report.view,
                ViewOutcome::Kept | ViewOutcome::Replayed { .. }
            ),
            "{report}"
        );
        assert_eq!(killed.last_commit(), store.last_commit());
        assert_eq!(dump(&*killed.view()), dump(&*store.view()));
    }
}

#[test]
fn after_a_power_cut_is_rebuilt_into_a_new_generation() {
    let mut real = Real::new();
    let (mut store, _) = real.open();
    filled(&mut store, 40, 200);
    store.upkeep().run().unwrap();
    let before = dump(&*store.view());
    drop(store);
    real.boot = "two";
    let (store, report) = real.open();
    assert!(reason(&report).contains("断电"), "{report}");
    assert_eq!(dump(&*store.view()), before);
    assert!(!real.dir().join("view-1").exists() && real.dir().join("view-2").exists());
}

#[test]
fn damaged_files_are_rebuilt() {
    for damage in 0..4 {
        let real = Real::new();
        let (mut store, _) = real.open();
        filled(&mut store, 50, 100);
        let before = dump(&*store.view());
        store.close().unwrap();
        let view = real.dir().join("view-1");
        match damage {
            0 => std::fs::remove_dir_all(&view).unwrap(),
            1 => std::fs::write(view.join("db"), b"nothing of the kind").unwrap(),
            2 => std::fs::write(view.join("conf"), b"nothing of the kind").unwrap(),
            _ => {
                let mut bytes = std::fs::read(view.join("db")).unwrap();
                bytes
                    .iter_mut()
                    .skip(64)
                    .step_by(97)
                    .for_each(|byte| *byte ^= 0x55);
                std::fs::write(view.join("db"), bytes).unwrap();
            }
        }
        let (store, report) = real.open();
        assert!(
            matches!(
                report.view,
                ViewOutcome::Rebuilt { .. } | ViewOutcome::Replayed { .. }
            ),
            "{report}"
        );
        assert_eq!(dump(&*store.view()), before, "damage {damage}: {report}");
    }
}

#[test]
fn a_value_found_damaged_while_running_is_rebuilt_at_the_next_opening() {
    let real = Real::new();
    let (mut store, _) = real.open();
    commit(&mut store, vec![Op::put(Tree::Index, *b"k", *b"v")]).unwrap();
    store.close().unwrap();
    let db = ::sled::open(real.dir().join("view-1")).unwrap();
    db.open_tree("index")
        .unwrap()
        .insert(b"k", b"damaged")
        .unwrap();
    drop(db);
    let (mut store, report) = real.open();
    assert_eq!(report.view, ViewOutcome::Kept);
    let damaged = ViewError::Damaged {
        tree: Tree::Index,
        key: b"k".to_vec(),
    };
    assert_eq!(store.view().get(Tree::Index, b"k"), Err(damaged));
    assert!(matches!(
        commit(&mut store, vec![]),
        Err(StoreError::View(_))
    ));
    // The commit is in the log; nothing more may follow before the view was mended.
    assert!(matches!(
        commit(&mut store, vec![]),
        Err(StoreError::Poisoned { .. })
    ));
    assert_eq!(store.last_commit(), 2);
    drop(store);
    let (store, report) = real.open();
    assert!(reason(&report).contains("校验不符"), "{report}");
    assert_eq!(store.view().get(Tree::Index, b"k"), Ok(Some(b"v".to_vec())));
    assert_eq!(store.last_commit(), 2);
}

#[test]
fn an_outgrown_view_is_made_anew_from_the_checkpoint() {
    let real = Real::new();
    let (mut store, _) = real.open();
    filled(&mut store, 70, 200);
    store.upkeep().run().unwrap();
    let (before, checkpoint) = (dump(&*store.view()), store.closed_upto());
    store.close().unwrap();
    let mut settings = real.settings(&real.dir());
    settings.view_growth = Some(ViewGrowth {
        bytes_min: 1 << 40,
        times_max: 1,
    });
    let (store, report) = real.open_with(settings.clone()).unwrap();
    assert_eq!(report.view, ViewOutcome::Kept);
    store.close().unwrap();
    settings.view_growth = Some(ViewGrowth {
        bytes_min: 1,
        times_max: 1,
    });
    let (store, report) = real.open_with(settings).unwrap();
    assert!(
        matches!(&report.view, ViewOutcome::Rebuilt { reason, from_checkpoint, .. }
            if reason.contains("收回空间") && *from_checkpoint == checkpoint),
        "{report}"
    );
    assert_eq!(dump(&*store.view()), before);
}
