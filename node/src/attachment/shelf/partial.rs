//! An attachment that is fetched: every chunk is checked before it is kept, and a cut costs none that was.

use super::{Shelf, ShelfError, trailer};
use crate::store::disk::{Access, AppendFile};
use hotline_domain::attachment::{AttachmentId, CHUNK_BYTES, Manifest, TAG_BYTES};

/// A fetch under way. What it has stays on disk when it is dropped.
pub struct Partial {
    shelf: Shelf,
    manifest: Manifest,
    file: Box<dyn AppendFile>,
    have: usize,
}

impl Shelf {
    /// How many chunks may be there already, by the length of what was fetched; whether they are good,
    /// [`Shelf::resume`] tells.
    ///
    /// # Errors
    /// What the disk answers.
    pub fn guess(&self, id: AttachmentId) -> std::io::Result<usize> {
        let path = self.part(id);
        if !self.disk.exists(&path)? {
            return Ok(0);
        }
        let whole = (CHUNK_BYTES + TAG_BYTES) as u64;
        Ok(usize::try_from(self.disk.len(&path)? / whole).unwrap_or(0))
    }

    /// Goes on with a fetch, behind the last good chunk; what follows it is cut off.
    ///
    /// # Errors
    /// A full or failing disk.
    pub fn resume(&self, manifest: Manifest) -> Result<Partial, ShelfError> {
        let path = self.part(manifest.id());
        let mut have = 0;
        if self.disk.exists(&path)? {
            let file = self.disk.open_read(&path)?;
            let mut sealed = vec![0; CHUNK_BYTES + TAG_BYTES];
            while have < manifest.chunks() {
                let len = manifest.sealed_len(have);
                let read = file.read_at(Manifest::offset(have), &mut sealed[..len])?;
                if read != len || !manifest.is_chunk(have, &sealed[..len]) {
                    break;
                }
                have += 1;
            }
            let good = if have == manifest.chunks() {
                manifest.sealed_size()
            } else {
                Manifest::offset(have)
            };
            if file.file_len()? != good {
                self.disk.truncate(&path, good)?;
            }
        } else {
            self.disk.write_new(&path, &[], Access::Private)?;
        }
        let file = self.disk.open_append(&path)?;
        Ok(Partial {
            shelf: self.clone(),
            manifest,
            file,
            have,
        })
    }
}

impl Partial {
    /// Of which attachment.
    #[must_use]
    pub fn id(&self) -> AttachmentId {
        self.manifest.id()
    }

    /// How many chunks are there: the number of the next.
    #[must_use]
    pub fn have(&self) -> usize {
        self.have
    }

    /// How many there will be.
    #[must_use]
    pub fn of(&self) -> usize {
        self.manifest.chunks()
    }

    /// Keeps the next chunk. False where it is not the one that the manifest names: nothing was kept.
    ///
    /// # Errors
    /// A full or failing disk.
    pub fn append(&mut self, sealed: &[u8]) -> Result<bool, ShelfError> {
        if !self.manifest.is_chunk(self.have, sealed) {
            return Ok(false);
        }
        self.shelf.check_room()?;
        self.file.append(sealed)?;
        self.have += 1;
        Ok(true)
    }

    /// All chunks are there: the file is made durable and gets its name.
    ///
    /// # Errors
    /// Chunks are missing; a full or failing disk.
    pub fn finish(mut self) -> Result<(), ShelfError> {
        let id = self.manifest.id();
        if self.have < self.of() {
            return Err(ShelfError::Missing(id));
        }
        let part = self.shelf.part(id);
        let written = self.file.append(&trailer(&self.manifest));
        if let Err(error) = written.and_then(|()| self.file.sync()) {
            // What became of the chunks is unknown: a later sync would not vouch for them.
            drop(self.shelf.remove_part(id));
            return Err(error.into());
        }
        self.shelf.disk.rename(&part, &self.shelf.whole(id))?;
        Ok(self.shelf.disk.sync_dir(&self.shelf.dir)?)
    }
}
