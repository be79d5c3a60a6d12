//! The store on the real disk, over every engine that keeps files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{filled, folded, reason};
use crate::store::disk::RealDisk;
use crate::store::test_support::{TestFold, dump};
use crate::store::view::{Engine, FjallEngine, SledEngine};
use crate::store::*;

/// A store on the real disk.
pub(super) struct Real {
    pub folder: tempfile::TempDir,
    pub boot: &'static str,
    pub engine: Arc<dyn Engine>,
}

impl Real {
    pub fn sled() -> Self {
        Self::on(Arc::new(SledEngine {
            cache_bytes: 1 << 20,
        }))
    }

    pub fn fjall() -> Self {
        Self::on(Arc::new(FjallEngine {
            cache_bytes: 1 << 20,
        }))
    }

    fn on(engine: Arc<dyn Engine>) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            boot: "one",
            engine,
        }
    }

    pub fn dir(&self) -> PathBuf {
        self.folder.path().join("node")
    }

    pub fn settings(&self, dir: &Path) -> StoreSettings {
        StoreSettings {
            segment_bytes_max: 20_000,
            ..StoreSettings::new(dir, "440300000000", Some(self.boot.to_owned()))
        }
    }

    pub fn open_with(&self, settings: StoreSettings) -> Result<(Store, OpenReport), StoreError> {
        let parts = Parts {
            disk: Arc::new(RealDisk),
            engine: Arc::clone(&self.engine),
            fold: Arc::new(TestFold { layout: 1 }),
            random: Box::new(|buffer| getrandom::fill(buffer).unwrap()),
        };
        Store::open(settings, parts)
    }

    pub fn open_at(&self, dir: &Path) -> Result<(Store, OpenReport), StoreError> {
        self.open_with(self.settings(dir))
    }

    pub fn open(&self) -> (Store, OpenReport) {
        self.open_at(&self.dir()).unwrap()
    }
}

fn engines() -> [Real; 2] {
    [Real::sled(), Real::fjall()]
}

/// What a killed process leaves, engine files included.
pub(super) fn copy_folder(from: &Path, to: &Path) {
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
    for mut real in engines() {
        let (mut store, _) = real.open();
        filled(&mut store, 20, 100);
        store.close().unwrap();
        real.boot = "two";
        let (store, report) = real.open();
        assert_eq!((report.clean, report.view), (true, ViewOutcome::Kept));
        assert_eq!(dump(&*store.view()), folded(&store));
    }
}

#[test]
fn killed_at_any_time_is_mended_by_replay() {
    for real in engines() {
        let (mut store, _) = real.open();
        for round in 0..4 {
            filled(&mut store, 30 + round, 60);
            if round == 2 {
                store.view().flush().unwrap();
            }
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
}

#[test]
fn a_lost_folder_is_rebuilt() {
    for real in engines() {
        let (mut store, _) = real.open();
        filled(&mut store, 50, 100);
        let before = dump(&*store.view());
        store.close().unwrap();
        std::fs::remove_dir_all(real.dir().join("view-1")).unwrap();
        let (store, report) = real.open();
        assert!(
            matches!(
                report.view,
                ViewOutcome::Rebuilt { .. } | ViewOutcome::Replayed { .. }
            ),
            "{report}"
        );
        assert_eq!(dump(&*store.view()), before, "{report}");
    }
}

#[test]
fn an_outgrown_view_is_made_anew_from_the_checkpoint() {
    for real in engines() {
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
}

#[test]
fn another_engine_in_the_settings_makes_the_view_anew_and_the_former_folder_goes() {
    let mut real = Real::sled();
    let (mut store, _) = real.open();
    filled(&mut store, 60, 100);
    let before = dump(&*store.view());
    store.close().unwrap();
    for (generation, engine) in [(2, Real::fjall()), (3, Real::sled())] {
        real.engine = engine.engine;
        let (store, report) = real.open();
        assert!(reason(&report).contains("引擎"), "{report}");
        assert_eq!(dump(&*store.view()), before);
        assert_eq!(store.view().stat().engine, real.engine.name());
        store.close().unwrap();
        let folder = |number: u64| real.dir().join(format!("view-{number}"));
        assert!(folder(generation).exists() && !folder(generation - 1).exists());
        let (store, report) = real.open();
        assert_eq!((report.clean, report.view), (true, ViewOutcome::Kept));
        store.close().unwrap();
    }
}
