//! What the model must keep, may lose, and must lose.

use super::*;

fn at(name: &str) -> PathBuf {
    Path::new("/d").join(name)
}

fn disk(deeds: &[Deed]) -> Model {
    let mut model = Model {
        root: PathBuf::from("/d"),
        files: Vec::new(),
        numbers: BTreeMap::new(),
        names: Names::new(),
        durable: Names::new(),
        pending: Vec::new(),
    };
    for deed in deeds {
        model.apply(deed).unwrap();
    }
    model
}

fn made(file: u32, name: &str) -> Deed {
    Deed::Opened {
        file,
        made: true,
        emptied: false,
        mode: 0o600,
        path: at(name),
    }
}

fn written(file: u32, offset: u64, bytes: &[u8]) -> Deed {
    Deed::Written {
        file,
        offset,
        bytes: bytes.to_vec(),
    }
}

fn synced(file: u32) -> Deed {
    Deed::Synced {
        file,
        failed: false,
    }
}

fn names_synced() -> Deed {
    Deed::FolderSynced {
        path: PathBuf::from("/d"),
        failed: false,
    }
}

/// Every content of a file over many cuts; `None` where it is gone.
fn outcomes(model: &Model, name: &str) -> BTreeSet<Option<Vec<u8>>> {
    let mut rng = Rng::new(7);
    (0..400)
        .map(|_| model.cut(&mut rng).file(&at(name)).map(<[u8]>::to_vec))
        .collect()
}

#[test]
fn what_was_synced_with_its_name_is_always_there() {
    let model = disk(&[
        made(1, "a"),
        written(1, 0, b"held"),
        synced(1),
        names_synced(),
    ]);
    assert_eq!(
        outcomes(&model, "a"),
        BTreeSet::from([Some(b"held".to_vec())])
    );
}

#[test]
fn a_name_without_a_sync_of_its_folder_may_be_lost() {
    let model = disk(&[made(1, "a"), written(1, 0, b"held"), synced(1)]);
    let found = outcomes(&model, "a");
    assert_eq!(found, BTreeSet::from([None, Some(b"held".to_vec())]));
}

#[test]
fn unsynced_bytes_are_torn_by_sectors() {
    let model = disk(&[
        made(1, "a"),
        names_synced(),
        written(1, 0, &[1; 2 * SECTOR]),
    ]);
    let found = outcomes(&model, "a");
    let torn = [vec![0; SECTOR], vec![1; SECTOR]].concat();
    assert!(found.contains(&Some(Vec::new())) && found.contains(&Some(torn)));
    assert!(found.contains(&Some(vec![1; 2 * SECTOR])));
}

#[test]
fn a_rename_is_whole_or_not_at_all() {
    let model = disk(&[
        made(1, "a"),
        written(1, 0, b"old"),
        synced(1),
        names_synced(),
        made(2, "a.tmp"),
        written(2, 0, b"new"),
        synced(2),
        Deed::Renamed {
            from: at("a.tmp"),
            to: at("a"),
        },
    ]);
    let found = outcomes(&model, "a");
    assert_eq!(
        found,
        BTreeSet::from([Some(b"old".to_vec()), Some(b"new".to_vec())])
    );
}

#[test]
fn after_a_failed_sync_only_what_is_written_again_counts() {
    let failed = Deed::Synced {
        file: 1,
        failed: true,
    };
    let begun = [
        made(1, "a"),
        names_synced(),
        written(1, 0, b"x"),
        failed,
        synced(1),
    ];
    let mut model = disk(&begun);
    assert!(
        outcomes(&model, "a").contains(&Some(vec![0])),
        "a later sync vouches for nothing"
    );
    model.apply(&written(1, 0, b"x")).unwrap();
    model.apply(&synced(1)).unwrap();
    assert_eq!(outcomes(&model, "a"), BTreeSet::from([Some(b"x".to_vec())]));
}

#[test]
fn what_stands_in_a_lost_folder_is_lost() {
    let model = disk(&[
        Deed::FolderMade(at("log")),
        made(1, "log/a"),
        synced(1),
        Deed::FolderSynced {
            path: at("log"),
            failed: false,
        },
    ]);
    assert!(outcomes(&model, "log/a").contains(&None));
}
