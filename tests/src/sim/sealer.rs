//! A simple, repeatable sealer: what a node may read stands in its own table of plain values, everything else sees
//! ciphertext. Every value is a canary: it begins with a mark that must never be found in a log, a row or a payload.

use super::rng::Rng;
use hotline::store::keys::{SALT_BYTES, salted_hash};
use hotline_domain::evidence::fingerprint;
use hotline_domain::field::SealedField;
use hotline_topology::FieldName;
use std::collections::BTreeSet;

/// What every plain value begins with.
pub const CANARY: &[u8] = b"\xE9\x87\x91CANARY";

/// One node's keys.
#[derive(Clone, Debug)]
pub struct Sealer {
    key: u64,
    next_slot: u64,
    destroyed: BTreeSet<u64>,
}

impl Sealer {
    /// Keys drawn from the seed.
    #[must_use]
    pub fn new(key: u64) -> Self {
        Self {
            key,
            next_slot: 1,
            destroyed: BTreeSet::new(),
        }
    }

    /// Seals a new value under a new slot.
    pub fn seal_new(&mut self, rng: &mut Rng, name: FieldName) -> SealedField {
        let mut value = CANARY.to_vec();
        value.extend(rng.draw().to_be_bytes());
        let mut plain = rng.bits().to_vec();
        plain.extend(value);
        self.seal(name, &plain)
            .unwrap_or_else(|| unreachable!("a salt and a value"))
    }

    /// Seals salt and value as they came; `None` where they are too short.
    pub fn seal(&mut self, name: FieldName, plain: &[u8]) -> Option<SealedField> {
        let (salt, value) = plain.split_first_chunk::<SALT_BYTES>()?;
        let slot = self.new_slot();
        Some(SealedField {
            name,
            slot,
            ciphertext: self.mix(slot, plain),
            hash: salted_hash(salt, value),
        })
    }

    /// Destroys the key of a slot.
    pub fn destroy(&mut self, slot: u64) {
        self.destroyed.insert(slot);
    }

    /// Whether what a slot sealed can still be opened.
    #[must_use]
    pub fn opens(&self, slot: u64) -> bool {
        !self.destroyed.contains(&slot)
    }

    /// Salt and value of a field sealed here; nothing once its key is destroyed.
    #[must_use]
    pub fn open(&self, field: &SealedField) -> Vec<u8> {
        if !self.opens(field.slot) {
            return Vec::new();
        }
        self.mix(field.slot, &field.ciphertext)
    }

    /// A slot that nothing is sealed under yet.
    pub fn new_slot(&mut self) -> u64 {
        let slot = self.next_slot;
        self.next_slot += 1;
        slot
    }

    /// The secret of a slot, for the node's sealing office; `None` once it was destroyed.
    #[must_use]
    pub fn secret(&self, slot: u64) -> Option<[u8; 32]> {
        let of = [self.key.to_be_bytes(), slot.to_be_bytes()].concat();
        self.opens(slot).then(|| fingerprint(&of))
    }

    fn mix(&self, slot: u64, bytes: &[u8]) -> Vec<u8> {
        Rng::new(self.key ^ slot.wrapping_mul(0xD129_0A4B_5C61_22E3)).pad(bytes)
    }
}

/// Whether a canary's mark stands in the bytes.
#[must_use]
pub fn shows_canary(bytes: &[u8]) -> bool {
    bytes
        .windows(CANARY.len())
        .any(|window| window[0] == CANARY[0] && window == CANARY)
}
