//! How many handshakes one address may have under way: whoever calls from one place, with or without a certificate,
//! leaves room for the others.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Handshakes under way by address.
#[derive(Debug, Default)]
pub(super) struct Slots {
    taken: Mutex<BTreeMap<IpAddr, usize>>,
}

impl Slots {
    /// Takes one of `most` slots of an address; `None` when all are taken.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr, most: usize) -> Option<Slot> {
        let mut taken = self.taken();
        let count = taken.entry(address).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Slot {
            slots: Arc::clone(self),
            address,
        })
    }

    fn taken(&self) -> MutexGuard<'_, BTreeMap<IpAddr, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A taken slot, given back when dropped.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Arc<Slots>,
    address: IpAddr,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.taken();
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_slots_and_others_have_theirs() {
        let (slots, one, other) = (Arc::new(Slots::default()), [127, 0, 0, 1], [127, 0, 0, 2]);
        let first = slots.take(one.into(), 2).unwrap();
        let _second = slots.take(one.into(), 2).unwrap();
        assert!(slots.take(one.into(), 2).is_none());
        assert!(slots.take(other.into(), 2).is_some());
        drop(first);
        assert!(slots.take(one.into(), 2).is_some());
        assert_eq!(
            slots.taken().len(),
            1,
            "an address without a handshake is forgotten"
        );
    }
}
