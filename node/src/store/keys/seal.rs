//! Sealing and opening one field.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::KeyError;

/// Names XChaCha20-Poly1305 as the first byte of a ciphertext.
pub const SEAL_XCHACHA20_POLY1305: u8 = 1;
/// Names SHA-256 as the first byte of what is hashed.
pub const HASH_SHA256: u8 = 1;
/// The length of a salt.
pub const SALT_BYTES: usize = 16;

pub(super) const NONCE_BYTES: usize = 24;
/// The block length of SHA-256, for HMAC.
const BLOCK_BYTES: usize = 64;

pub(super) type Key = Zeroizing<[u8; 32]>;

/// A field as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The slot of its key.
    pub slot: u64,
    /// Algorithm, nonce and ciphertext; empty in a field that came erased.
    pub ciphertext: Vec<u8>,
    /// The salted hash that stands in the evidence.
    pub hash: [u8; 32],
}

/// What opening a field yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// The value and its salt.
    Clear {
        /// To be handed over beside the value, so that the receiver can check the hash.
        salt: [u8; SALT_BYTES],
        /// The field's bytes; wiped when dropped.
        value: Zeroizing<Vec<u8>>,
    },
    /// The key was destroyed.
    Erased,
}

/// The hash that stands for a value in evidence.
#[must_use]
pub fn salted_hash(salt: &[u8; SALT_BYTES], value: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update([HASH_SHA256]);
    hasher.update(salt);
    hasher.update(value);
    hasher.finalize().into()
}

pub(super) fn seal(
    slot: u64,
    key: &Key,
    nonce: &[u8; NONCE_BYTES],
    salt: &[u8; SALT_BYTES],
    value: &[u8],
    words: &[u8],
) -> Result<Sealed, KeyError> {
    let mut plain = Zeroizing::new(Vec::with_capacity(SALT_BYTES + value.len()));
    plain.extend(salt);
    plain.extend(value);
    let aad = bound_to(slot, words);
    let payload = Payload {
        msg: &plain,
        aad: &aad,
    };
    let encrypted = cipher(key)
        .encrypt(&(*nonce).into(), payload)
        .map_err(|_| KeyError::NotAuthentic { slot })?;
    let mut ciphertext = Vec::with_capacity(1 + NONCE_BYTES + encrypted.len());
    ciphertext.push(SEAL_XCHACHA20_POLY1305);
    ciphertext.extend(nonce);
    ciphertext.extend(encrypted);
    Ok(Sealed {
        slot,
        ciphertext,
        hash: salted_hash(salt, value),
    })
}

pub(super) fn open(sealed: &Sealed, key: &Key, words: &[u8]) -> Result<Opened, KeyError> {
    let not_authentic = || KeyError::NotAuthentic { slot: sealed.slot };
    let (algorithm, rest) = sealed.ciphertext.split_first().ok_or_else(not_authentic)?;
    if *algorithm != SEAL_XCHACHA20_POLY1305 {
        return Err(KeyError::UnknownAlgorithm { found: *algorithm });
    }
    let (nonce, encrypted) = rest
        .split_first_chunk::<NONCE_BYTES>()
        .ok_or_else(not_authentic)?;
    let aad = bound_to(sealed.slot, words);
    let payload = Payload {
        msg: encrypted,
        aad: &aad,
    };
    let plain = cipher(key)
        .decrypt(&(*nonce).into(), payload)
        .map_err(|_| not_authentic())?;
    let plain = Zeroizing::new(plain);
    let (salt, value) = plain
        .split_first_chunk::<SALT_BYTES>()
        .ok_or_else(not_authentic)?;
    if salted_hash(salt, value) != sealed.hash {
        return Err(not_authentic());
    }
    Ok(Opened::Clear {
        salt: *salt,
        value: Zeroizing::new(value.to_vec()),
    })
}

pub(super) fn search_tag(key: &Key, kind: &[u8], value: &[u8]) -> [u8; 16] {
    // The kind's length in front keeps (kind, value) pairs apart.
    let kind_len = (kind.len() as u64).to_be_bytes();
    let mac = hmac(key, &[&kind_len, kind, value]);
    let mut tag = [0; 16];
    tag.copy_from_slice(&mac[..16]);
    tag
}

pub(super) fn derived(key: &Key, purpose: &[u8]) -> Zeroizing<[u8; 32]> {
    let purpose_len = (purpose.len() as u64).to_be_bytes();
    Zeroizing::new(hmac(key, &[b"hotline derived\0", &purpose_len, purpose]))
}

/// HMAC-SHA-256 (RFC 2104) for keys of 32 bytes.
fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let pad = |with: u8| {
        let mut block = Zeroizing::new([with; BLOCK_BYTES]);
        block
            .iter_mut()
            .zip(key)
            .for_each(|(byte, key)| *byte ^= key);
        block
    };
    let mut inner = Sha256::new();
    inner.update(*pad(0x36));
    parts.iter().for_each(|part| inner.update(part));
    let mut outer = Sha256::new();
    outer.update(*pad(0x5C));
    outer.update(inner.finalize());
    outer.finalize().into()
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&(**key).into())
}

fn bound_to(slot: u64, words: &[u8]) -> Vec<u8> {
    let mut aad = Vec::with_capacity(9 + words.len());
    aad.push(SEAL_XCHACHA20_POLY1305);
    aad.extend(slot.to_be_bytes());
    aad.extend(words);
    aad
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::hex;

    #[test]
    fn the_mac_is_the_published_one() {
        // RFC 4231 has no key of 32 bytes; a key padded with zeros to 32 is the same key, so case 2 serves.
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let mac = hmac(&key, &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(
            hex(&mac),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
