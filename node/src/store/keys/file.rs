//! The key file: a head, then one entry of 64 bytes a slot, so that no entry lies across two sectors.
//!
//! ```text
//! head (128)   magic 8 "HOTKEYS\n" | format u16 | node length u8 | 0 u8 | node 60 | 0 | crc32 u32
//! entry (64)   slot u64 | state u8 (1 live, 2 destroyed) | algorithm u8 | 0 u16 | key 32 | 0 16 | crc32 u32
//! ```

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::Random;
use super::report::{KeyReport, RESTORE_KEYS};
use super::seal::{Key, SEAL_XCHACHA20_POLY1305};
use crate::store::StoreError;
use crate::store::disk::{Access, Disk, ReadFile, replace_small};
use crate::store::log::NODE_BYTES_MAX;

/// The version of the key file's format that this program writes and reads.
pub const KEY_FORMAT_VERSION: u16 = 1;

const MAGIC: [u8; 8] = *b"HOTKEYS\n";
const HEAD_BYTES: usize = 128;
const ENTRY_BYTES: usize = 64;
const LIVE: u8 = 1;
const DESTROYED: u8 = 2;

pub(super) enum SlotState {
    Live(Key),
    Destroyed,
}

/// What the log says of the key file that belongs to it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Presumed {
    /// How many commits there are; without any, the file may be made.
    pub commits: u64,
    /// How many slots were handed out.
    pub slots: u64,
}

pub(super) struct KeyFile {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    node: String,
    file: Box<dyn ReadFile>,
    slots: u64,
    /// A batch whose writing failed leaves the end of the file unknown: no more are made until it is opened again.
    broken: Option<String>,
}

impl KeyFile {
    pub fn open(
        disk: Arc<dyn Disk>,
        path: &Path,
        node: &str,
        presumed: Presumed,
        random: &mut Random,
    ) -> Result<(Self, KeyReport), StoreError> {
        let failed = |e| StoreError::io("打开密钥文件", path, e);
        if !disk.exists(path).map_err(failed)? {
            let Presumed { commits, .. } = presumed;
            if commits > 0 {
                return Err(StoreError::KeyFileMissing {
                    file: path.to_path_buf(),
                    commits,
                });
            }
            create(&*disk, path, node, random)?;
        }
        let (report, end) = check(&*disk, path, Some(node), presumed.slots)?;
        if report.cut_bytes > 0 {
            let mended = disk.truncate(path, end).and_then(|()| disk.sync_file(path));
            mended.map_err(|e| StoreError::io("修复密钥文件末尾", path, e))?;
        }
        let file = disk.open_read(path).map_err(failed)?;
        let slots = (end - HEAD_BYTES as u64) / ENTRY_BYTES as u64;
        Ok((
            Self {
                disk,
                path: path.to_path_buf(),
                node: node.to_owned(),
                file,
                slots,
                broken: None,
            },
            report,
        ))
    }

    /// How many slots there are; the next one to be made has this number.
    pub fn slots(&self) -> u64 {
        self.slots
    }

    /// The slot's state; `None` where its entry is damaged.
    pub fn read(&self, slot: u64) -> Result<Option<SlotState>, StoreError> {
        let mut entry = Zeroizing::new([0; ENTRY_BYTES]);
        let read = self.file.read_at(offset_of(slot), &mut *entry);
        let read = read.map_err(|e| StoreError::io("读取密钥文件", &self.path, e))?;
        Ok(if read == ENTRY_BYTES {
            decode_entry(&entry, slot)
        } else {
            None
        })
    }

    /// Reads the whole file again; `slots` were handed out.
    pub fn check(&self, slots: u64) -> Result<KeyReport, StoreError> {
        Ok(check(&*self.disk, &self.path, Some(&self.node), slots)?.0)
    }

    /// Adds slots with these keys, durable when it returns.
    pub fn append(&mut self, keys: &[[u8; 32]]) -> Result<(), StoreError> {
        if let Some(cause) = &self.broken {
            return Err(StoreError::Poisoned {
                cause: cause.clone(),
            });
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(keys.len() * ENTRY_BYTES));
        for (slot, key) in (self.slots..).zip(keys) {
            bytes.extend(encode_entry(slot, LIVE, key).iter());
        }
        let written = self
            .disk
            .write_at(&self.path, offset_of(self.slots), &bytes)
            .and_then(|()| self.disk.sync_file(&self.path));
        if let Err(e) = written {
            let error = StoreError::io("写密钥文件", &self.path, e);
            self.broken = Some(error.to_string());
            return Err(error);
        }
        self.slots += keys.len() as u64;
        Ok(())
    }

    /// Overwrites the slot's key, durable when it returns.
    pub fn destroy(&mut self, slot: u64) -> Result<(), StoreError> {
        let entry = encode_entry(slot, DESTROYED, &[0; 32]);
        let written = self
            .disk
            .write_at(&self.path, offset_of(slot), &*entry)
            .and_then(|()| self.disk.sync_file(&self.path));
        written.map_err(|e| StoreError::io("销毁密钥", &self.path, e))
    }
}

/// How many slots a key file of this length has.
#[must_use]
pub fn slots_of_file(bytes: u64) -> u64 {
    bytes.saturating_sub(HEAD_BYTES as u64) / ENTRY_BYTES as u64
}

/// Checks a key file without changing it.
///
/// # Errors
/// Others may read the file; another node's file; an unknown format; a damaged head; a failing disk.
pub fn verify_file(
    disk: &dyn Disk,
    path: &Path,
    node: Option<&str>,
) -> Result<KeyReport, StoreError> {
    verify_presuming(disk, path, node, 0)
}

/// The same where the log says how many slots were handed out.
///
/// # Errors
/// As for [`verify_file`], and [`StoreError::KeyFileShort`].
pub fn verify_presuming(
    disk: &dyn Disk,
    path: &Path,
    node: Option<&str>,
    slots: u64,
) -> Result<KeyReport, StoreError> {
    Ok(check(disk, path, node, slots)?.0)
}

/// The slots of a key file whose keys were destroyed. Damaged entries are passed over.
///
/// # Errors
/// As for [`verify_file`].
pub fn destroyed_slots(disk: &dyn Disk, path: &Path) -> Result<BTreeSet<u64>, StoreError> {
    let (_, end) = check(disk, path, None, 0)?;
    let failed = |e| StoreError::io("读取密钥文件", path, e);
    let file = disk.open_read(path).map_err(failed)?;
    let mut destroyed = BTreeSet::new();
    let mut entry = Zeroizing::new([0; ENTRY_BYTES]);
    for slot in 0..(end - HEAD_BYTES as u64) / ENTRY_BYTES as u64 {
        file.read_at(offset_of(slot), &mut *entry).map_err(failed)?;
        if matches!(decode_entry(&entry, slot), Some(SlotState::Destroyed)) {
            destroyed.insert(slot);
        }
    }
    Ok(destroyed)
}

/// Destroys these slots' keys in a key file that no node has open; those that it does not hold are passed over.
/// Returns how many had a key.
///
/// # Errors
/// As for [`verify_file`]; a failing disk.
pub fn destroy_slots(
    disk: &Arc<dyn Disk>,
    path: &Path,
    node: &str,
    slots: &BTreeSet<u64>,
) -> Result<usize, StoreError> {
    let mut no_random: Random = Box::new(|_| {});
    let presumed = Presumed {
        commits: 1,
        slots: 0,
    };
    let (mut file, _) = KeyFile::open(disk.clone(), path, node, presumed, &mut no_random)?;
    let mut done = 0;
    for slot in slots.range(1..file.slots()) {
        if matches!(file.read(*slot)?, Some(SlotState::Live(_))) {
            file.destroy(*slot)?;
            done += 1;
        }
    }
    Ok(done)
}

fn create(disk: &dyn Disk, path: &Path, node: &str, random: &mut Random) -> Result<(), StoreError> {
    let mut search_key = Zeroizing::new([0; 32]);
    random(&mut *search_key);
    let mut bytes = Zeroizing::new(encode_head(node).to_vec());
    bytes.extend(encode_entry(super::SEARCH_SLOT, LIVE, &search_key).iter());
    replace_small(disk, path, &bytes, Access::Private)
        .map_err(|e| StoreError::io("新建密钥文件", path, e))
}

/// Reads the whole file; returns where the last entry that counts ends: the last whole one, or the last that was handed
/// out.
fn check(
    disk: &dyn Disk,
    path: &Path,
    node: Option<&str>,
    presumed: u64,
) -> Result<(KeyReport, u64), StoreError> {
    let failed = |e| StoreError::io("读取密钥文件", path, e);
    if !disk.is_private(path).map_err(failed)? {
        return Err(StoreError::KeyFileOpen {
            file: path.to_path_buf(),
        });
    }
    let file = disk.open_read(path).map_err(failed)?;
    let mut head = [0; HEAD_BYTES];
    let read = file.read_at(0, &mut head).map_err(failed)?;
    check_head(path, &head[..read], node)?;
    let mut report = KeyReport::default();
    let mut damaged = Vec::new();
    let (mut slot, mut at, mut end) = (0, HEAD_BYTES as u64, HEAD_BYTES as u64);
    let mut chunk = Zeroizing::new(vec![0; 512 * ENTRY_BYTES]);
    loop {
        let read = file.read_at(at, &mut chunk).map_err(failed)?;
        at += read as u64;
        for entry in chunk[..read].chunks(ENTRY_BYTES) {
            match entry
                .first_chunk()
                .and_then(|entry| decode_entry(entry, slot))
            {
                None => damaged.push(slot),
                Some(state) => {
                    match state {
                        SlotState::Live(_) => report.live += 1,
                        SlotState::Destroyed => report.destroyed += 1,
                    }
                    report.damaged.append(&mut damaged);
                    end = offset_of(slot + 1);
                }
            }
            slot += 1;
        }
        if read < chunk.len() {
            break;
        }
    }
    let found = slots_of_file(at);
    if found < presumed {
        return Err(StoreError::KeyFileShort {
            file: path.to_path_buf(),
            found,
            presumed,
        });
    }
    if end < offset_of(presumed) {
        report
            .damaged
            .extend(damaged.iter().filter(|slot| **slot < presumed));
        end = offset_of(presumed);
    }
    // Other damage with nothing whole behind it is a batch that never was handed out.
    report.cut_bytes = at.saturating_sub(end);
    Ok((report, end))
}

fn check_head(path: &Path, head: &[u8], node: Option<&str>) -> Result<(), StoreError> {
    let file = path.to_path_buf();
    let damaged = |what: &str| StoreError::Damaged {
        file: path.to_path_buf(),
        offset: 0,
        what: what.to_owned(),
        advice: RESTORE_KEYS,
    };
    let head: &[u8; HEAD_BYTES] = head.try_into().map_err(|_| damaged("文件头不完整"))?;
    if head[..8] != MAGIC {
        return Err(damaged("不是密钥文件"));
    }
    let found = u16::from_be_bytes([head[8], head[9]]);
    if found != KEY_FORMAT_VERSION {
        return Err(StoreError::UnknownFormat {
            file,
            found: found.into(),
            known: KEY_FORMAT_VERSION.into(),
        });
    }
    let len = usize::from(head[10]).min(NODE_BYTES_MAX);
    let found = String::from_utf8_lossy(&head[12..12 + len]).into_owned();
    if *head != encode_head(&found) {
        return Err(damaged("文件头的校验和不符"));
    }
    match node {
        Some(node) if node != found => Err(StoreError::WrongNode {
            file,
            found,
            expected: node.to_owned(),
        }),
        _ => Ok(()),
    }
}

fn encode_head(node: &str) -> [u8; HEAD_BYTES] {
    let mut out = [0; HEAD_BYTES];
    let node = &node.as_bytes()[..node.len().min(NODE_BYTES_MAX)];
    out[..8].copy_from_slice(&MAGIC);
    out[8..10].copy_from_slice(&KEY_FORMAT_VERSION.to_be_bytes());
    out[10] = u8::try_from(node.len()).unwrap_or(0);
    out[12..12 + node.len()].copy_from_slice(node);
    let crc = crc32fast::hash(&out[..HEAD_BYTES - 4]);
    out[HEAD_BYTES - 4..].copy_from_slice(&crc.to_be_bytes());
    out
}

fn encode_entry(slot: u64, state: u8, key: &[u8; 32]) -> Zeroizing<[u8; ENTRY_BYTES]> {
    let mut out = Zeroizing::new([0; ENTRY_BYTES]);
    out[..8].copy_from_slice(&slot.to_be_bytes());
    out[8] = state;
    out[9] = SEAL_XCHACHA20_POLY1305;
    out[12..44].copy_from_slice(key);
    let crc = crc32fast::hash(&out[..ENTRY_BYTES - 4]);
    out[ENTRY_BYTES - 4..].copy_from_slice(&crc.to_be_bytes());
    out
}

fn decode_entry(entry: &[u8; ENTRY_BYTES], slot: u64) -> Option<SlotState> {
    let mut key = Zeroizing::new([0; 32]);
    key.copy_from_slice(&entry[12..44]);
    if *encode_entry(slot, entry[8], &key) != *entry {
        return None;
    }
    match entry[8] {
        LIVE => Some(SlotState::Live(key)),
        DESTROYED => Some(SlotState::Destroyed),
        _ => None,
    }
}

fn offset_of(slot: u64) -> u64 {
    HEAD_BYTES as u64 + slot * ENTRY_BYTES as u64
}
