//! Folders as released formats left them: new code must go on reading them, and must not write the same version
//! number over other bytes.
//!
//! To add a format: raise its version constant, write the new folder beside the old ones, add it to the tables
//! below, and keep the reading test of the old.

use std::path::Path;
use std::sync::Arc;

use super::{DIR, Machine, commit, filled, folded};
use crate::store::disk::{Access, Disk, SimDisk, read_small};
use crate::store::keys::{Opened, Sealed};
use crate::store::test_support::dump;
use crate::store::view::MemEngine;
use crate::store::{Op, Tree, ViewOutcome, hex, tool};

/// The first format: name in the folder, bytes, and whether only the owner may read it.
const V1: &[(&str, &[u8], Access)] = &[
    (
        "log/00000000000000000001.seg",
        include_bytes!("corpus/v1/1.seg"),
        Access::Common,
    ),
    (
        "log/00000000000000000005.seg",
        include_bytes!("corpus/v1/5.seg"),
        Access::Common,
    ),
    (
        "log/00000000000000000008.seg",
        include_bytes!("corpus/v1/8.seg"),
        Access::Common,
    ),
    (
        "checkpoint/00000000000000000004.cp",
        include_bytes!("corpus/v1/4.cp"),
        Access::Common,
    ),
    (
        "keys.dat",
        include_bytes!("corpus/v1/keys.dat"),
        Access::Private,
    ),
    ("CLEAN", include_bytes!("corpus/v1/CLEAN"), Access::Common),
];

/// What the folder holds: the chain's value after the last commit, and a field sealed under slot 1.
const V1_HASH: &str = "51c67360da38351e93b8d81553312653162ffb49e60b7db3946e0db0711f906b";
const V1_WORDS: &[u8] = b"matter 1";
const V1_VALUE: &[u8] = b"a field";

/// Does what the folder of the first format was made by.
fn make() -> (Machine, Sealed) {
    let machine = Machine::new();
    let (mut store, _) = machine.open().unwrap();
    let keys = store.keys();
    let sealed = keys
        .seal(keys.new_slot().unwrap(), V1_VALUE, V1_WORDS)
        .unwrap();
    commit(
        &mut store,
        vec![Op::put(Tree::Ticket, *b"sealed", sealed.ciphertext.clone())],
    )
    .unwrap();
    filled(&mut store, 60, 6);
    keys.destroy(keys.new_slot().unwrap()).unwrap();
    store.upkeep().run().unwrap();
    commit(
        &mut store,
        vec![Op::put(Tree::Index, *b"hash", sealed.hash)],
    )
    .unwrap();
    store.close().unwrap();
    (machine, sealed)
}

#[test]
fn the_first_format_is_still_written_byte_for_byte() {
    let (machine, _) = make();
    for dir in ["log", "checkpoint"] {
        let listed = V1.iter().filter(|(name, ..)| name.starts_with(dir)).count();
        assert_eq!(
            machine.disk.list(&Path::new(DIR).join(dir)).unwrap().len(),
            listed
        );
    }
    for (name, bytes, _) in V1 {
        let written = read_small(&machine.disk, &Path::new(DIR).join(name), 1 << 20).unwrap();
        assert!(
            written == *bytes,
            "{name} is written otherwise under the same version number"
        );
    }
}

#[test]
fn the_first_format_is_still_read() {
    let disk = SimDisk::new();
    for (name, bytes, access) in V1 {
        disk.write_new(&Path::new(DIR).join(name), bytes, *access)
            .unwrap();
    }
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let report = tool::verify(&shared, Path::new(DIR)).unwrap();
    assert!(report.is_sound() && report.notes.is_empty(), "{report}");
    let machine = Machine {
        disk,
        engine: Arc::new(MemEngine::new()),
        boot: 2,
        layout: 1,
    };
    let (store, report) = machine.open().unwrap();
    assert!(
        matches!(
            &report.view,
            ViewOutcome::Rebuilt {
                from_checkpoint: 4,
                folded: 4,
                ..
            }
        ),
        "{report}"
    );
    assert_eq!(
        (store.last_commit(), hex(&store.hash()).as_str()),
        (8, V1_HASH)
    );
    assert_eq!(dump(&*store.view()), folded(&store));
    let value = |tree, key: &[u8]| store.view().get(tree, key).unwrap().unwrap();
    let sealed = Sealed {
        slot: 1,
        ciphertext: value(Tree::Ticket, b"sealed"),
        hash: value(Tree::Index, b"hash").try_into().unwrap(),
    };
    let opened = store.keys().open_sealed(&sealed, V1_WORDS).unwrap();
    assert!(matches!(opened, Opened::Clear { value, .. } if *value == V1_VALUE));
    assert_eq!(
        store
            .keys()
            .open_sealed(&Sealed { slot: 2, ..sealed }, V1_WORDS)
            .unwrap(),
        Opened::Erased
    );
}
