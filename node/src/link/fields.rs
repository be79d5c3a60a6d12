//! Personal fields on their way: opened for the next hop, checked against their hashes, sealed under this node's keys.

use crate::codec::link::{SALT_BYTES, WireContent, WireField};
use hotline_domain::field::SealedField;
use hotline_domain::id::MatterId;
use hotline_topology::FieldName;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Names SHA-256 as the first byte of what is hashed.
const HASH_SHA256: u8 = 1;

/// A key that cannot be used; the store's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SealFailed(pub String);

/// A field that does not say what its hash says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("字段“{}”的内容与其校验值不符", name.as_str())]
pub struct NotWhatItSays {
    /// Which field.
    pub name: FieldName,
}

/// What opening a field yields.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Opened {
    /// Salt and value.
    Clear {
        /// As drawn when the field was first written.
        salt: [u8; SALT_BYTES],
        /// Its bytes; wiped when dropped.
        value: Zeroizing<Vec<u8>>,
    },
    /// Its key was destroyed: only the hash is left.
    Erased,
}

/// Opens and seals fields with this node's keys.
pub trait Sealer: Send + Sync + 'static {
    /// Opens a field as stored.
    ///
    /// # Errors
    /// The key file is damaged or cannot be read.
    fn open(&self, matter: Option<MatterId>, field: &SealedField) -> Result<Opened, SealFailed>;

    /// Seals a field that came with its salt, under the matter's slot, so that its hash stays the same.
    ///
    /// # Errors
    /// No slot can be made, or the key file cannot be read.
    fn seal(
        &self,
        matter: Option<MatterId>,
        name: FieldName,
        salt: &[u8; SALT_BYTES],
        value: &[u8],
    ) -> Result<SealedField, SealFailed>;
}

/// The salted hash that evidence refers to: algorithm id, salt, value.
#[must_use]
pub fn salted_hash(salt: &[u8; SALT_BYTES], value: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update([HASH_SHA256]);
    hash.update(salt);
    hash.update(value);
    hash.finalize().into()
}

/// Fields as they travel; an erased one as its hash only.
///
/// # Errors
/// A field cannot be opened: it must not leave as if it had been erased.
pub fn open_all(
    sealer: &dyn Sealer,
    matter: Option<MatterId>,
    fields: &[SealedField],
) -> Result<Vec<WireField>, SealFailed> {
    let open = |field: &SealedField| {
        let content = match sealer.open(matter, field)? {
            Opened::Clear { salt, value } => Some(WireContent { salt, value }),
            Opened::Erased => None,
        };
        Ok(WireField {
            name: field.name,
            hash: field.hash,
            content,
        })
    };
    fields.iter().map(open).collect()
}

/// Checks that fields are what their hashes say.
///
/// # Errors
/// The first that is not.
pub fn check_all(fields: &[WireField]) -> Result<(), NotWhatItSays> {
    let honest = |field: &&WireField| match &field.content {
        Some(content) => salted_hash(&content.salt, &content.value) == field.hash,
        None => true,
    };
    match fields.iter().find(|field| !honest(field)) {
        Some(field) => Err(NotWhatItSays { name: field.name }),
        None => Ok(()),
    }
}

/// Fields that a session may judge before they are sealed: names and hashes.
#[must_use]
pub fn unsealed(fields: &[WireField]) -> Vec<SealedField> {
    fields.iter().map(erased).collect()
}

/// Fields as this node stores them.
///
/// # Errors
/// A field cannot be sealed.
pub fn seal_all(
    sealer: &dyn Sealer,
    matter: Option<MatterId>,
    fields: &[WireField],
) -> Result<Vec<SealedField>, SealFailed> {
    let seal = |field: &WireField| match &field.content {
        Some(content) => sealer.seal(matter, field.name, &content.salt, &content.value),
        None => Ok(erased(field)),
    };
    fields.iter().map(seal).collect()
}

fn erased(field: &WireField) -> SealedField {
    SealedField {
        name: field.name,
        slot: 0,
        ciphertext: Vec::new(),
        hash: field.hash,
    }
}
