//! What an attachment is made of: sealed chunks and their hashes.
//!
//! ```text
//! chunk       up to 262,144 bytes of the file, sealed, and the seal's 16 bytes; only the last may be shorter
//! id          SHA-256("hotline attachment 1" | size u64, big-endian | SHA-256 of each sealed chunk, in order)
//! ```
//!
//! The list of hashes is checked against the id once, each chunk against the list as it comes: a transfer is taken up
//! again at any chunk, and nothing wrong is ever kept.

use super::AttachmentId;
use sha2::{Digest, Sha256};

/// Bytes of the file in one chunk.
pub const CHUNK_BYTES: usize = 256 << 10;
/// Bytes that sealing adds to a chunk.
pub const TAG_BYTES: usize = 16;
/// Largest file, in bytes, whatever packs say: its list of hashes still fits one message.
pub const SIZE_MAX: u64 = 2 << 30;

/// The hashes of an attachment's sealed chunks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Manifest {
    size: u64,
    hashes: Vec<[u8; 32]>,
}

impl Manifest {
    /// The manifest of a file of `size` bytes whose sealed chunks have these hashes; `None` where their number is not
    /// what such a file has.
    #[must_use]
    pub fn new(size: u64, hashes: Vec<[u8; 32]>) -> Option<Self> {
        let fits = size <= SIZE_MAX && Self::chunks_of(size) == hashes.len();
        fits.then_some(Self { size, hashes })
    }

    /// How many chunks a file of that size has; an empty one has one, so that it is sealed too.
    #[must_use]
    pub fn chunks_of(size: u64) -> usize {
        usize::try_from(size.div_ceil(CHUNK_BYTES as u64).max(1)).unwrap_or(usize::MAX)
    }

    /// The hash that stands for a sealed chunk.
    #[must_use]
    pub fn hash(sealed: &[u8]) -> [u8; 32] {
        Sha256::digest(sealed).into()
    }

    /// The id of what has this manifest.
    #[must_use]
    pub fn id(&self) -> AttachmentId {
        let mut hash = Sha256::new();
        hash.update(b"hotline attachment 1");
        hash.update(self.size.to_be_bytes());
        self.hashes.iter().for_each(|chunk| hash.update(chunk));
        AttachmentId(hash.finalize().into())
    }

    /// Bytes of the file.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Hashes, in order.
    #[must_use]
    pub fn hashes(&self) -> &[[u8; 32]] {
        &self.hashes
    }

    /// How many chunks there are.
    #[must_use]
    pub fn chunks(&self) -> usize {
        self.hashes.len()
    }

    /// Length of a sealed chunk, in bytes; 0 for one that there is not.
    #[must_use]
    pub fn sealed_len(&self, no: usize) -> usize {
        if no >= self.chunks() {
            return 0;
        }
        let left = self.size - (no as u64) * (CHUNK_BYTES as u64);
        usize::try_from(left).map_or(CHUNK_BYTES, |left| left.min(CHUNK_BYTES)) + TAG_BYTES
    }

    /// Where a sealed chunk begins, in bytes from the first.
    #[must_use]
    pub fn offset(no: usize) -> u64 {
        (no as u64) * ((CHUNK_BYTES + TAG_BYTES) as u64)
    }

    /// Bytes of all sealed chunks.
    #[must_use]
    pub fn sealed_size(&self) -> u64 {
        self.size + (self.chunks() as u64) * (TAG_BYTES as u64)
    }

    /// Whether these bytes are chunk number `no`.
    #[must_use]
    pub fn is_chunk(&self, no: usize, sealed: &[u8]) -> bool {
        self.hashes
            .get(no)
            .is_some_and(|hash| sealed.len() == self.sealed_len(no) && *hash == Self::hash(sealed))
    }
}
