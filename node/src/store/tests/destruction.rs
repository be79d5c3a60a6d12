//! A key changed and the old one destroyed, cut short at every sync: what the log says is made has its secret, and what
//! the log says is destroyed is gone once the next start has looked.

use super::{DIR, Machine, commit};
use crate::store::keys::Keys;
use crate::store::view::View;
use crate::store::*;

const PURPOSE: &[u8] = b"sealing key";

fn row(word: &str, slot: u64) -> Op {
    let key = format!("{word} {slot:06}").into_bytes();
    Op::put(Tree::Meta, key, slot.to_be_bytes())
}

/// Slots that the rows name with a word.
fn named(view: &dyn View, word: &str) -> Vec<u64> {
    let mut slots = Vec::new();
    for slot in 1..40 {
        let key = row(word, slot).key;
        if view.get(Tree::Meta, &key).unwrap().is_some() {
            slots.push(slot);
        }
    }
    slots
}

/// Two changes of the key, in the order in which a node does it: slot, record, record of the end, deed.
fn change_twice(store: &mut Store, keys: &Keys) -> Result<(), String> {
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let mut old = None;
    for _ in 0..3 {
        let slot = keys.new_slot().map_err(|error| words(&error))?;
        keys.derived(slot, PURPOSE).map_err(|error| words(&error))?;
        commit(store, vec![row("made", slot)]).map_err(|error| words(&error))?;
        if let Some(old) = old.replace(slot) {
            commit(store, vec![row("gone", old)]).map_err(|error| words(&error))?;
            keys.destroy(old).map_err(|error| words(&error))?;
        }
    }
    Ok(())
}

#[test]
fn a_changed_key_survives_a_cut_at_every_sync_and_a_destroyed_one_none() {
    let (mut finished, mut again) = (0, 0);
    for seed in 0..4 {
        for cut_at in 1..40 {
            let mut machine = Machine::new();
            let (mut store, _) = machine.open().unwrap();
            let keys = store.keys();
            machine.disk.fail_sync_in(cut_at);
            let done = change_twice(&mut store, &keys);
            finished += u32::from(done.is_ok());
            drop((store, keys));
            machine.disk.fail_sync_in(u32::MAX);
            machine.power_cut(seed * 100 + u64::from(cut_at));
            let (store, report) = machine.open().unwrap();
            let (view, keys) = (store.view(), store.keys());
            let gone = named(&*view, "gone");
            for slot in &gone {
                again += u32::from(!keys.is_destroyed(*slot).unwrap());
                keys.destroy(*slot).unwrap();
                assert_eq!(keys.derived(*slot, PURPOSE).unwrap(), None);
            }
            let made = named(&*view, "made");
            assert!(made.len() > gone.len() || made.is_empty(), "{report}");
            for slot in made.iter().filter(|slot| !gone.contains(slot)) {
                let secret = keys.derived(*slot, PURPOSE).unwrap();
                assert!(secret.is_some(), "{DIR}: slot {slot}, cut at {cut_at}");
            }
        }
    }
    assert!(finished > 0 && again > 0, "{finished} {again}");
}
