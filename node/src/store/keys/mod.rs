//! The keys of personal fields, in a file beside the log; destroying a key is the deletion of what it sealed.
//!
//! A matter gets a slot, and the slot's key seals the matter's fields. Log, view, checkpoints and exports hold only
//! (slot, ciphertext, hash); the hash is salted and stands in signed evidence, so it stays true when the key is
//! gone. Slots are made in batches and synced before the first of them is handed out, so no committed field can
//! lack its key after a power cut. Slots that were made but not used before a restart are never used.
//!
//! ```text
//! sealed      algorithm u8 (1: XChaCha20-Poly1305) | nonce 24 | encrypted (salt 16 | value) and its tag 16
//! bound to    algorithm u8 | slot u64 | the caller's words
//! hash        SHA-256(algorithm u8 (1: SHA-256) | salt 16 | value)
//! ```
//!
//! Overwriting a key in its file destroys it there; backups of the file and the spare blocks of flash media may
//! keep it for a while, which is why a deletion names the oldest backup that still opens the field.

mod file;
mod report;
mod seal;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use file::{
    KEY_FORMAT_VERSION, destroy_slots, destroyed_slots, slots_of_file, verify_file,
    verify_presuming,
};
pub use report::KeyReport;
pub use seal::{HASH_SHA256, Opened, SALT_BYTES, SEAL_XCHACHA20_POLY1305, Sealed, salted_hash};
use zeroize::Zeroizing;

use self::file::{KeyFile, Presumed, SlotState};
use super::StoreError;
use super::disk::Disk;

/// Fills a buffer with random bytes: the system's in production, the seed's in simulation.
pub type Random = Box<dyn FnMut(&mut [u8]) + Send>;

/// The name of the key file in the store's folder.
pub const KEY_FILE: &str = "keys.dat";

/// The slot whose key makes search tags; it seals nothing and is never destroyed.
const SEARCH_SLOT: u64 = 0;

/// Why a field cannot be sealed, opened or deleted.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The slot was never made here.
    #[error("密钥槽 {slot} 不存在（现有 {slots} 个）。密钥文件可能是旧备份。")]
    NoSuchSlot {
        /// The slot asked for.
        slot: u64,
        /// How many there are.
        slots: u64,
    },
    /// The slot's entry in the key file is damaged.
    #[error("密钥槽 {slot} 损坏，它封存的内容暂时无法解开。请从备份恢复密钥文件。")]
    DamagedSlot {
        /// The slot.
        slot: u64,
    },
    /// The slot's key was destroyed, so nothing more can be sealed under it.
    #[error("密钥槽 {slot} 已销毁，不能再封存新内容。")]
    Destroyed {
        /// The slot.
        slot: u64,
    },
    /// The ciphertext does not fit the key, the slot or the words that it was bound to.
    #[error("密钥槽 {slot} 下的密文无法验证：密文被改动、放错位置，或密钥文件与日志不是一套。")]
    NotAuthentic {
        /// The slot.
        slot: u64,
    },
    /// The ciphertext's algorithm is not known.
    #[error("密文的算法编号 {found} 不认识。请用更新的版本打开。")]
    UnknownAlgorithm {
        /// The number found.
        found: u8,
    },
    /// The key file cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where the keys lie and how many are made at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySettings {
    /// The key file.
    pub path: PathBuf,
    /// The node's key; another node's key file is refused.
    pub node: String,
    /// How many slots are made at a time, at least 1.
    pub batch: u32,
}

/// The key file, open; to be shared among threads.
pub struct Keys(Mutex<Inner>);

struct Inner {
    file: KeyFile,
    random: Random,
    batch: u32,
    /// The next slot to hand out.
    next: u64,
}

impl Keys {
    /// Opens the key file, or makes it where `commits` is 0.
    ///
    /// # Errors
    /// The file is missing although there are commits; it may be read by others; it is another node's, of an
    /// unknown format, or damaged at its head; the disk fails. Damaged slots are reported, not refused.
    pub fn open(
        disk: Arc<dyn Disk>,
        settings: &KeySettings,
        commits: u64,
        random: Random,
    ) -> Result<(Self, KeyReport), StoreError> {
        Self::open_presuming(disk, settings, commits, 0, random)
    }

    /// The same for a log that says how many slots were handed out.
    ///
    /// # Errors
    /// As for [`Keys::open`], and [`StoreError::KeyFileShort`]: nothing of it was changed.
    pub fn open_presuming(
        disk: Arc<dyn Disk>,
        settings: &KeySettings,
        commits: u64,
        slots: u64,
        mut random: Random,
    ) -> Result<(Self, KeyReport), StoreError> {
        let presumed = Presumed { commits, slots };
        let (file, report) =
            KeyFile::open(disk, &settings.path, &settings.node, presumed, &mut random)?;
        let next = file.slots();
        Ok((
            Self(Mutex::new(Inner {
                file,
                random,
                batch: settings.batch.max(1),
                next,
            })),
            report,
        ))
    }

    /// A slot that nothing was sealed under yet; its key is durable.
    ///
    /// # Errors
    /// A full or failing disk.
    pub fn new_slot(&self) -> Result<u64, StoreError> {
        let mut inner = self.lock();
        inner.make_ahead(0)?;
        inner.next += 1;
        Ok(inner.next - 1)
    }

    /// Makes the next batch where fewer than half a batch is left, so that [`Keys::new_slot`] need not wait for
    /// the disk. For a background worker.
    ///
    /// # Errors
    /// A full or failing disk.
    pub fn make_ahead(&self) -> Result<(), StoreError> {
        let mut inner = self.lock();
        let half = u64::from(inner.batch / 2);
        inner.make_ahead(half)
    }

    /// How many slots were handed out, the search key's among them. Whatever is committed from now on may name any of
    /// them.
    #[must_use]
    pub fn handed_out(&self) -> u64 {
        self.lock().next
    }

    /// Reads the whole file again, as it lies on the disk.
    ///
    /// # Errors
    /// As for [`verify_file`], and [`StoreError::KeyFileShort`] where it lost slots that are in use.
    pub fn check(&self) -> Result<KeyReport, StoreError> {
        let inner = self.lock();
        inner.file.check(inner.next)
    }

    /// How many slots are made and not handed out: while there are any, [`Keys::new_slot`] does not wait for the disk.
    #[must_use]
    pub fn slots_ahead(&self) -> u64 {
        let inner = self.lock();
        inner.file.slots() - inner.next
    }

    /// Whether [`Keys::make_ahead`] would make some.
    #[must_use]
    pub fn wants_more(&self) -> bool {
        let inner = self.lock();
        inner.file.slots() - inner.next <= u64::from(inner.batch / 2)
    }

    /// Seals a value under a fresh salt; `words` must be the same when it is opened (who and what it belongs to).
    ///
    /// # Errors
    /// A slot that is missing, damaged or destroyed; a failing disk.
    pub fn seal(&self, slot: u64, value: &[u8], words: &[u8]) -> Result<Sealed, KeyError> {
        let mut salt = [0; SALT_BYTES];
        (self.lock().random)(&mut salt);
        self.seal_salted(slot, &salt, value, words)
    }

    /// Seals a value that came with its salt, so that the hash is the one in the sender's evidence.
    ///
    /// # Errors
    /// As for [`Keys::seal`].
    pub fn seal_salted(
        &self,
        slot: u64,
        salt: &[u8; SALT_BYTES],
        value: &[u8],
        words: &[u8],
    ) -> Result<Sealed, KeyError> {
        let mut inner = self.lock();
        let SlotState::Live(key) = inner.slot(slot)? else {
            return Err(KeyError::Destroyed { slot });
        };
        let mut nonce = [0; seal::NONCE_BYTES];
        (inner.random)(&mut nonce);
        drop(inner);
        seal::seal(slot, &key, &nonce, salt, value, words)
    }

    /// Opens a field; a field whose key was destroyed is [`Opened::Erased`], which is a value like any other.
    ///
    /// # Errors
    /// A slot that is missing or damaged, a ciphertext that does not fit; a failing disk.
    pub fn open_sealed(&self, sealed: &Sealed, words: &[u8]) -> Result<Opened, KeyError> {
        if sealed.ciphertext.is_empty() {
            return Ok(Opened::Erased);
        }
        let state = self.lock().slot(sealed.slot)?;
        match state {
            SlotState::Live(key) => seal::open(sealed, &key, words),
            SlotState::Destroyed => Ok(Opened::Erased),
        }
    }

    /// A secret made of the slot's key for another purpose than sealing fields; the same every time, and gone with the
    /// slot (`None`).
    ///
    /// # Errors
    /// A slot that is missing or damaged; a failing disk.
    pub fn derived(
        &self,
        slot: u64,
        purpose: &[u8],
    ) -> Result<Option<Zeroizing<[u8; 32]>>, KeyError> {
        Ok(match self.lock().slot(slot)? {
            SlotState::Live(key) => Some(seal::derived(&key, purpose)),
            SlotState::Destroyed => None,
        })
    }

    /// Whether the slot's key is gone.
    ///
    /// # Errors
    /// A slot that was never made or is damaged; a failing disk.
    pub fn is_destroyed(&self, slot: u64) -> Result<bool, KeyError> {
        Ok(matches!(self.lock().slot(slot)?, SlotState::Destroyed))
    }

    /// Destroys the slot's key for good: overwrites it and syncs. Doing it again changes nothing.
    ///
    /// # Errors
    /// A slot that was never made; a failing disk, after which the call is to be made again.
    pub fn destroy(&self, slot: u64) -> Result<(), KeyError> {
        let mut inner = self.lock();
        inner.check_slot(slot)?;
        Ok(inner.file.destroy(slot)?)
    }

    /// A tag for exact search: equal values of a kind have equal tags, and without the key file nobody can tell
    /// which value a tag stands for (HMAC-SHA-256, cut to 16 bytes).
    ///
    /// # Errors
    /// The search key's slot is damaged; a failing disk.
    pub fn search_tag(&self, kind: &[u8], value: &[u8]) -> Result<[u8; 16], KeyError> {
        match self.lock().file.read(SEARCH_SLOT)? {
            Some(SlotState::Live(key)) => Ok(seal::search_tag(&key, kind, value)),
            _ => Err(KeyError::DamagedSlot { slot: SEARCH_SLOT }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn make_ahead(&mut self, left_min: u64) -> Result<(), StoreError> {
        if self.file.slots() - self.next > left_min {
            return Ok(());
        }
        let mut keys = Zeroizing::new(vec![[0; 32]; self.batch as usize]);
        keys.iter_mut().for_each(|key| (self.random)(key));
        self.file.append(&keys)
    }

    fn check_slot(&self, slot: u64) -> Result<(), KeyError> {
        let slots = self.file.slots();
        if slot == SEARCH_SLOT || slot >= slots {
            Err(KeyError::NoSuchSlot { slot, slots })
        } else {
            Ok(())
        }
    }

    fn slot(&self, slot: u64) -> Result<SlotState, KeyError> {
        self.check_slot(slot)?;
        self.file.read(slot)?.ok_or(KeyError::DamagedSlot { slot })
    }
}

/// The key file of a store's folder.
#[must_use]
pub fn key_path(dir: &Path) -> PathBuf {
    dir.join(KEY_FILE)
}
