//! A file that is written here: sealed as it comes, whole and durable before it has a name.

use super::{Shelf, ShelfError, trailer};
use crate::attachment::cipher::ChunkCipher;
use crate::attachment::cover::ChunkKey;
use crate::store::disk::{Access, AppendFile, TMP_SUFFIX};
use hotline_domain::attachment::{AttachmentId, CHUNK_BYTES, Manifest};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// An upload under way. Dropped before [`Incoming::finish`], it leaves nothing.
pub struct Incoming {
    shelf: Shelf,
    path: PathBuf,
    file: Box<dyn AppendFile>,
    cipher: ChunkCipher,
    /// At most one chunk in the clear: which is the last, is known only when no more comes.
    pending: Zeroizing<Vec<u8>>,
    hashes: Vec<[u8; 32]>,
    size: u64,
    finished: bool,
}

impl Shelf {
    /// Begins an upload under a name of its own, sealed with this key.
    ///
    /// # Errors
    /// A full or failing disk.
    pub fn begin(&self, name: &str, key: &ChunkKey) -> Result<Incoming, ShelfError> {
        let path = self.dir.join(format!("{name}{TMP_SUFFIX}"));
        self.disk.write_new(&path, &[], Access::Private)?;
        let file = self.disk.open_append(&path)?;
        Ok(Incoming {
            shelf: self.clone(),
            path,
            file,
            cipher: ChunkCipher::new(key),
            pending: Zeroizing::new(Vec::with_capacity(CHUNK_BYTES)),
            hashes: Vec::new(),
            size: 0,
            finished: false,
        })
    }
}

impl Incoming {
    /// Takes more of the file.
    ///
    /// # Errors
    /// A full or failing disk.
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<(), ShelfError> {
        while !bytes.is_empty() {
            if self.pending.len() == CHUNK_BYTES {
                self.seal(false)?;
            }
            let room = (CHUNK_BYTES - self.pending.len()).min(bytes.len());
            self.pending.extend_from_slice(&bytes[..room]);
            bytes = &bytes[room..];
        }
        Ok(())
    }

    /// Bytes taken so far.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.size + self.pending.len() as u64
    }

    /// Nothing more comes: the file is whole, durable, and bears its id.
    ///
    /// # Errors
    /// A full or failing disk; then nothing is left.
    pub fn finish(mut self) -> Result<(AttachmentId, u64), ShelfError> {
        self.seal(true)?;
        let manifest = Manifest::new(self.size, std::mem::take(&mut self.hashes));
        let manifest = manifest.ok_or_else(|| std::io::Error::other("too many chunks"))?;
        self.file.append(&trailer(&manifest))?;
        self.file.sync()?;
        let id = manifest.id();
        self.shelf.disk.rename(&self.path, &self.shelf.whole(id))?;
        self.finished = true;
        self.shelf.disk.sync_dir(&self.shelf.dir)?;
        Ok((id, manifest.size()))
    }

    fn seal(&mut self, last: bool) -> Result<(), ShelfError> {
        let sealed = self
            .cipher
            .seal(self.hashes.len(), last, &self.pending)
            .map_err(std::io::Error::other)?;
        self.shelf.check_room()?;
        self.file.append(&sealed)?;
        self.hashes.push(Manifest::hash(&sealed));
        self.size += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // What cannot be removed now goes at the next start.
        if !self.finished {
            drop(self.shelf.disk.remove(&self.path));
        }
    }
}
