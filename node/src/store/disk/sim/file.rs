//! One file of the simulated disk: what the cache holds, and what the medium holds where that differs.

use std::collections::BTreeMap;

const PAGE_BYTES: usize = 4096;
const SECTOR_BYTES: usize = 512;

/// A file; its names are kept by the disk.
#[derive(Default)]
pub(super) struct SimFile {
    /// What a reader sees.
    pub bytes: Vec<u8>,
    pub private: bool,
    durable_len: usize,
    /// The pages that the medium holds otherwise.
    unsynced: BTreeMap<usize, Page>,
}

/// What a page holds on the medium, while the cache holds something else.
struct Page {
    old: Vec<u8>,
    /// Whether the next good sync writes the page; false after a failed one.
    dirty: bool,
}

impl SimFile {
    /// An empty file.
    pub fn new(private: bool) -> Self {
        Self {
            private,
            ..Self::default()
        }
    }

    /// A file of the same content, all of it durable.
    pub fn copy(&self) -> Self {
        Self {
            bytes: self.bytes.clone(),
            private: self.private,
            durable_len: self.bytes.len(),
            unsynced: BTreeMap::new(),
        }
    }

    pub fn sync(&mut self) {
        self.durable_len = self.bytes.len();
        self.unsynced.retain(|_, page| !page.dirty);
    }

    /// What was to be synced is taken for clean and stays lost.
    pub fn fail_sync(&mut self) {
        self.unsynced
            .values_mut()
            .for_each(|page| page.dirty = false);
    }

    fn mark(&mut self, from: usize, to: usize) {
        for page in from / PAGE_BYTES..to.div_ceil(PAGE_BYTES) {
            let start = (page * PAGE_BYTES)
                .min(self.durable_len)
                .min(self.bytes.len());
            let end = ((page + 1) * PAGE_BYTES)
                .min(self.durable_len)
                .min(self.bytes.len());
            let bytes = &self.bytes;
            let entry = self.unsynced.entry(page).or_insert_with(|| Page {
                old: bytes[start..end].to_vec(),
                dirty: true,
            });
            entry.dirty = true;
        }
    }

    pub fn write(&mut self, offset: usize, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let end = offset + bytes.len();
        self.mark(offset.min(self.bytes.len()), end);
        if self.bytes.len() < offset {
            self.bytes.resize(offset, 0);
        }
        let (over, new) = bytes.split_at((self.bytes.len() - offset).min(bytes.len()));
        self.bytes[offset..offset + over.len()].copy_from_slice(over);
        self.bytes.extend_from_slice(new);
    }

    pub fn truncate(&mut self, len: usize) {
        self.mark(len, self.bytes.len());
        self.bytes.resize(len, 0);
    }

    /// Decides what a power cut leaves.
    pub fn settle(&mut self, roll: &mut dyn FnMut() -> u64) {
        let (old_len, new_len) = (self.durable_len, self.bytes.len());
        self.bytes.resize(old_len.max(new_len), 0);
        for (number, page) in std::mem::take(&mut self.unsynced) {
            let start = (number * PAGE_BYTES).min(self.bytes.len());
            let end = (start + PAGE_BYTES).min(self.bytes.len());
            // What the medium still shows from here on is old; before it, new.
            let kept = match roll() % 4 {
                0 if page.dirty => PAGE_BYTES,
                1 | 2 if page.dirty => {
                    (roll() as usize % (PAGE_BYTES / SECTOR_BYTES)) * SECTOR_BYTES
                }
                _ => 0,
            };
            for at in start + kept.min(end - start)..end {
                self.bytes[at] = page.old.get(at - start).copied().unwrap_or(0);
            }
        }
        let span = new_len.abs_diff(old_len);
        let len = match roll() % 4 {
            0 => old_len,
            1 if span > 0 => old_len.min(new_len) + roll() as usize % span,
            _ => new_len,
        };
        self.bytes.truncate(len);
        self.durable_len = self.bytes.len();
    }
}
