//! Personal fields: what a person wrote or is called. Kernel, facts and redo hold only ciphertext and a salted hash.

use hotline_topology::FieldName;

/// Names a field and binds its value without showing it: a salted hash, algorithm id first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldMark {
    /// Which field.
    pub name: FieldName,
    /// SHA-256 over algorithm id, salt and value; 32 bytes.
    pub hash: [u8; 32],
}

/// A field as this node stores it; the shell seals before `step` and opens when a person reads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SealedField {
    /// Which field.
    pub name: FieldName,
    /// Slot of this node's key file; destroying the slot's key is the deletion.
    pub slot: u64,
    /// Salt and value, encrypted; empty once erased.
    pub ciphertext: Vec<u8>,
    /// The salted hash that evidence refers to.
    pub hash: [u8; 32],
}

impl SealedField {
    /// The field as its hash alone.
    #[must_use]
    pub fn erased(&self) -> SealedField {
        SealedField {
            name: self.name,
            slot: 0,
            ciphertext: Vec::new(),
            hash: self.hash,
        }
    }

    /// The field's mark.
    #[must_use]
    pub fn mark(&self) -> FieldMark {
        FieldMark {
            name: self.name,
            hash: self.hash,
        }
    }
}

/// Marks of a list of fields, in order.
#[must_use]
pub fn marks(fields: &[SealedField]) -> Vec<FieldMark> {
    fields.iter().map(SealedField::mark).collect()
}
