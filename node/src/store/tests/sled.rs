//! What is sled's own: never trusted after a power cut, and damage that it does not notice itself.

use super::engines::Real;
use super::{commit, filled, reason};
use crate::store::test_support::dump;
use crate::store::view::ViewError;
use crate::store::*;

#[test]
fn after_a_power_cut_is_rebuilt_into_a_new_generation() {
    let mut real = Real::sled();
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
    for damage in 0..3 {
        let real = Real::sled();
        let (mut store, _) = real.open();
        filled(&mut store, 50, 100);
        let before = dump(&*store.view());
        store.close().unwrap();
        let view = real.dir().join("view-1");
        match damage {
            0 => std::fs::write(view.join("db"), b"nothing of the kind").unwrap(),
            1 => std::fs::write(view.join("conf"), b"nothing of the kind").unwrap(),
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
    let real = Real::sled();
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
