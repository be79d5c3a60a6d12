//! Seals and opens personal fields with the node's own keys; one slot a matter, so that deletion is one key.

use crate::link::{Opened, SealFailed, Sealer};
use crate::sealing::{KEY_BYTES, PURPOSE};
use crate::store::keys::{self, Keys};
use arc_swap::ArcSwap;
use hotline_domain::field::SealedField;
use hotline_domain::id::MatterId;
use hotline_domain::view::{Rows, View};
use hotline_topology::FieldName;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

/// Slots remembered for matters whose first commit may still be under way.
const RECENT_MAX: usize = 4096;

/// Gives the rows as last committed.
pub type RowsNow = Arc<dyn Fn() -> Arc<dyn View + Send + Sync> + Send + Sync>;

/// The node's sealer.
pub struct NodeSealer {
    keys: ArcSwap<Keys>,
    rows: RowsNow,
    recent: Mutex<BTreeMap<MatterId, u64>>,
    /// Keys are being made.
    making: Arc<AtomicBool>,
}

impl NodeSealer {
    /// Seals with these keys; `rows` tells the slot of a matter already known.
    #[must_use]
    pub fn new(keys: Arc<Keys>, rows: RowsNow) -> Self {
        Self {
            keys: ArcSwap::new(keys),
            rows,
            recent: Mutex::default(),
            making: Arc::default(),
        }
    }

    /// The store was opened again.
    pub fn replace(&self, keys: Arc<Keys>) {
        self.keys.store(keys);
    }

    /// Whether sealing can be done without waiting for the disk.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.keys.load().slots_ahead() > 0
    }

    /// Makes keys for later in the background, where few are left and nobody is at it.
    pub fn make_ahead(&self) {
        let keys = self.keys.load_full();
        if !keys.wants_more() || self.making.swap(true, Ordering::AcqRel) {
            return;
        }
        let making = Arc::clone(&self.making);
        tokio::task::spawn_blocking(move || {
            // Whoever needs a slot meets the same failure and answers it.
            drop(keys.make_ahead());
            making.store(false, Ordering::Release);
        });
    }

    /// Seals fields that were written here: under the matter's slot, or a new one for a new matter.
    ///
    /// # Errors
    /// The key file cannot be written or read.
    pub fn seal_written(
        &self,
        matter: Option<MatterId>,
        fields: &[(FieldName, String)],
    ) -> Result<Vec<SealedField>, SealFailed> {
        if fields.is_empty() {
            return Ok(Vec::new());
        }
        let keys = self.keys.load();
        let slot = self.slot(matter)?;
        fields
            .iter()
            .map(|(name, value)| {
                let sealed = keys
                    .seal(slot, value.as_bytes(), name.as_str().as_bytes())
                    .map_err(failed)?;
                Ok(stored(*name, sealed))
            })
            .collect()
    }

    /// A field as a person reads it; `None` once erased.
    ///
    /// # Errors
    /// The key file cannot be read, or the field is not what it was.
    pub fn read(&self, field: &SealedField) -> Result<Option<String>, SealFailed> {
        Ok(match self.open(None, field)? {
            Opened::Clear { value, .. } => Some(String::from_utf8_lossy(&value).into_owned()),
            Opened::Erased => None,
        })
    }

    /// The secret that a slot's key is for sealing; `None` once it was destroyed.
    ///
    /// # Errors
    /// The key file cannot be read.
    pub fn secret(&self, slot: u64) -> Result<Option<Zeroizing<[u8; KEY_BYTES]>>, SealFailed> {
        self.keys.load().derived(slot, PURPOSE).map_err(failed)
    }

    /// A slot that nothing was sealed under yet.
    ///
    /// # Errors
    /// A full or failing disk.
    pub fn new_slot(&self) -> Result<u64, SealFailed> {
        let slot = self.keys.load().new_slot();
        slot.map_err(|error| SealFailed(error.to_string()))
    }

    /// Overwrites a slot's key, whose destruction is on record. What is written later gets another slot.
    ///
    /// # Errors
    /// The disk fails: to be done again.
    pub fn destroy(&self, slot: u64) -> Result<(), SealFailed> {
        let keys = self.keys.load();
        self.recent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, known| *known != slot);
        if keys.is_destroyed(slot).map_err(failed)? {
            return Ok(());
        }
        keys.destroy(slot).map_err(failed)
    }

    fn slot(&self, matter: Option<MatterId>) -> Result<u64, SealFailed> {
        let Some(matter) = matter else {
            return self
                .keys
                .load()
                .new_slot()
                .map_err(|error| SealFailed(error.to_string()));
        };
        let recent = || self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = recent().get(&matter) {
            return Ok(*slot);
        }
        let ticket = (self.rows)()
            .ticket(matter)
            .map_err(|error| SealFailed(error.to_string()))?;
        let known = ticket.and_then(|ticket| {
            ticket
                .fields
                .iter()
                .map(|field| field.slot)
                .find(|slot| *slot != 0)
        });
        let slot = match known {
            Some(slot) => slot,
            None => self
                .keys
                .load()
                .new_slot()
                .map_err(|error| SealFailed(error.to_string()))?,
        };
        let mut recent = recent();
        if recent.len() >= RECENT_MAX {
            recent.clear();
        }
        recent.insert(matter, slot);
        Ok(slot)
    }
}

impl Sealer for NodeSealer {
    fn open(&self, _: Option<MatterId>, field: &SealedField) -> Result<Opened, SealFailed> {
        if field.ciphertext.is_empty() {
            return Ok(Opened::Erased);
        }
        let sealed = keys::Sealed {
            slot: field.slot,
            ciphertext: field.ciphertext.clone(),
            hash: field.hash,
        };
        let words = field.name.as_str().as_bytes();
        match self
            .keys
            .load()
            .open_sealed(&sealed, words)
            .map_err(failed)?
        {
            keys::Opened::Clear { salt, value } => Ok(Opened::Clear { salt, value }),
            keys::Opened::Erased => Ok(Opened::Erased),
        }
    }

    fn seal(
        &self,
        matter: Option<MatterId>,
        name: FieldName,
        salt: &[u8; keys::SALT_BYTES],
        value: &[u8],
    ) -> Result<SealedField, SealFailed> {
        let slot = self.slot(matter)?;
        let words = name.as_str().as_bytes();
        let sealed = self
            .keys
            .load()
            .seal_salted(slot, salt, value, words)
            .map_err(failed)?;
        Ok(stored(name, sealed))
    }
}

fn stored(name: FieldName, sealed: keys::Sealed) -> SealedField {
    SealedField {
        name,
        slot: sealed.slot,
        ciphertext: sealed.ciphertext,
        hash: sealed.hash,
    }
}

fn failed(error: keys::KeyError) -> SealFailed {
    SealFailed(error.to_string())
}
