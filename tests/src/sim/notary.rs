//! Signatures of the simulation: as binding as real ones within it, since a node signs in its own name alone, and a
//! hundred times faster.

use hotline_domain::evidence::{Notary, Signature, Signed, Signer, Unproven, fingerprint};
use hotline_domain::sealing::{SealingKey, SignedKey};
use hotline_topology::RegionKey;

/// A node's key.
pub struct Seal(pub RegionKey);

/// Knows every node's key.
pub struct Seals;

fn seal(region: RegionKey, what: &[u8; 32]) -> Vec<u8> {
    fingerprint(&[&b"seal"[..], region.as_bytes(), what].concat()).to_vec()
}

impl Seal {
    /// A key for sealing as its owner states it.
    #[must_use]
    pub fn state(&self, key: SealingKey) -> SignedKey {
        SignedKey {
            algorithm: 1,
            signature: seal(self.0, &fingerprint(&key.statement())),
            chain: self.chain(),
            key,
        }
    }
}

impl Seals {
    /// Whether a stated key is its owner's.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn believes(signed: &SignedKey) -> Result<(), String> {
        let what = fingerprint(&signed.key.statement());
        if signed.signature == seal(signed.key.region, &what) {
            Ok(())
        } else {
            Err("the signature is not over this key".to_owned())
        }
    }
}

impl Signer for Seal {
    fn chain(&self) -> Vec<Vec<u8>> {
        vec![self.0.as_bytes().to_vec()]
    }

    fn sign(&self, what: &[u8; 32]) -> Result<Signature, String> {
        Ok(Signature {
            algorithm: 1,
            bytes: seal(self.0, what),
        })
    }
}

impl Notary for Seals {
    fn whose(&self, chain: &[Vec<u8>]) -> Result<RegionKey, String> {
        let none = || "no certificate".to_owned();
        let first = chain.first().ok_or_else(none)?;
        let key = first.as_slice().try_into().map_err(|_| none())?;
        RegionKey::from_bytes(key).ok_or_else(none)
    }

    fn certified(&self, region: RegionKey, chain: &[Vec<u8>]) -> bool {
        self.whose(chain) == Ok(region)
    }

    fn signed(&self, signed: &Signed<'_>) -> Result<(), Unproven> {
        if signed.signature.bytes == seal(signed.author, signed.what) {
            Ok(())
        } else {
            Err(Unproven::Never("the signature is not over this".to_owned()))
        }
    }
}
