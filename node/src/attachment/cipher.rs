//! Sealing chunks: the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár (2015) over ChaCha20-Poly1305.
//!
//! The key is drawn for one attachment alone, so the nonce needs only the chunk's number and whether it is the last:
//! chunks that are swapped, left out, cut off or of another attachment do not open.

use super::cover::ChunkKey;
use chacha20poly1305::aead::Aead;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};

/// A chunk that does not open: damaged, out of place, or under another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("附件第 {no} 块不能解封：内容被改动，或密钥不符")]
pub struct NotOpened {
    /// Number of the chunk, from 0.
    pub no: usize,
}

/// Seals and opens the chunks of one attachment.
pub struct ChunkCipher(ChaCha20Poly1305);

impl ChunkCipher {
    /// With the attachment's key.
    #[must_use]
    pub fn new(key: &ChunkKey) -> Self {
        Self(ChaCha20Poly1305::new(&(**key).into()))
    }

    /// The sealed chunk.
    ///
    /// # Errors
    /// More chunks than a file may have.
    pub fn seal(&self, no: usize, last: bool, plain: &[u8]) -> Result<Vec<u8>, NotOpened> {
        let nonce = nonce(no, last).ok_or(NotOpened { no })?;
        self.0
            .encrypt(&nonce.into(), plain)
            .map_err(|_| NotOpened { no })
    }

    /// The chunk in the clear.
    ///
    /// # Errors
    /// It is not chunk number `no` of this attachment.
    pub fn open(&self, no: usize, last: bool, sealed: &[u8]) -> Result<Vec<u8>, NotOpened> {
        let nonce = nonce(no, last).ok_or(NotOpened { no })?;
        self.0
            .decrypt(&nonce.into(), sealed)
            .map_err(|_| NotOpened { no })
    }
}

fn nonce(no: usize, last: bool) -> Option<[u8; 12]> {
    let mut nonce = [0; 12];
    nonce[7..11].copy_from_slice(&u32::try_from(no).ok()?.to_be_bytes());
    nonce[11] = u8::from(last);
    Some(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    #[test]
    fn a_chunk_opens_in_its_place_only() {
        let cipher = ChunkCipher::new(&Zeroizing::new([7; 32]));
        let sealed = cipher.seal(3, false, b"chunk").unwrap();
        assert_eq!(cipher.open(3, false, &sealed).unwrap(), b"chunk");
        assert!(cipher.open(2, false, &sealed).is_err(), "swapped");
        assert!(cipher.open(3, true, &sealed).is_err(), "cut off after it");
        let other = ChunkCipher::new(&Zeroizing::new([8; 32]));
        assert!(other.open(3, false, &sealed).is_err(), "another key");
        for at in 0..sealed.len() {
            let mut wrong = sealed.clone();
            wrong[at] ^= 1;
            assert!(cipher.open(3, false, &wrong).is_err(), "byte {at}");
        }
    }
}
