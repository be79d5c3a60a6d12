//! Signatures for tests: a hash that anyone could make, over region and content.

use crate::evidence::{
    Notary, Signature, Signed, Signer, Unproven, fingerprint, merkle, signed_bytes,
};
use crate::link::{Envelope, LogHead, Proof};
use hotline_topology::RegionKey;

/// A node's key.
pub(crate) struct Stamp(pub(crate) RegionKey);

/// Knows every node's key.
pub(crate) struct Stamps;

fn stamp(region: RegionKey, what: &[u8; 32]) -> Vec<u8> {
    fingerprint(&[region.as_bytes(), &what[..]].concat()).to_vec()
}

impl Signer for Stamp {
    fn chain(&self) -> Vec<Vec<u8>> {
        vec![self.0.as_bytes().to_vec()]
    }

    fn sign(&self, what: &[u8; 32]) -> Result<Signature, String> {
        Ok(Signature {
            algorithm: 1,
            bytes: stamp(self.0, what),
        })
    }
}

impl Notary for Stamps {
    fn whose(&self, chain: &[Vec<u8>]) -> Result<RegionKey, String> {
        let none = || "不是证书".to_owned();
        let first = chain.first().ok_or_else(none)?;
        let key = first.as_slice().try_into().map_err(|_| none())?;
        RegionKey::from_bytes(key).ok_or_else(none)
    }

    fn certified(&self, region: RegionKey, chain: &[Vec<u8>]) -> bool {
        self.whose(chain) == Ok(region)
    }

    fn signed(&self, signed: &Signed<'_>) -> Result<(), Unproven> {
        if signed.signature.bytes == stamp(signed.author, signed.what) {
            Ok(())
        } else {
            Err(Unproven::Never("签名与内容不符".to_owned()))
        }
    }
}

/// Puts the signature under an envelope that its author would put there.
pub(crate) fn prove(envelope: &mut Envelope) {
    let head = LogHead {
        epoch: 1,
        commit: 0,
        hash: [0; 32],
    };
    let (root, _) = merkle::tree(&[envelope.statement()]);
    let author = Stamp(envelope.author);
    let signature = author.sign(&signed_bytes(&root, &head)).expect("a stamp");
    envelope.proof = Some(Proof {
        certificate: fingerprint(&author.chain()[0]),
        algorithm: signature.algorithm,
        signature: signature.bytes,
        leaves: 1,
        index: 0,
        path: Vec::new(),
        head: Some(head),
    });
}
