//! A node's word for its own sealing key, and whether another's is to be believed.

use super::chain::verify_chain;
use super::signing::{self, Signature, SignatureError};
use super::tls::NodeTls;
use hotline_domain::sealing::{SealingKey, SignedKey};
use rustls_pki_types::CertificateDer;

impl NodeTls {
    /// Signs a statement of an own key with the current certificate, whose chain goes with it.
    ///
    /// # Errors
    /// The private key cannot sign.
    pub fn state(&self, key: SealingKey) -> Result<SignedKey, SignatureError> {
        let chain = self.own_chain();
        let Signature { algorithm, bytes } = self.sign(&key.statement())?;
        Ok(SignedKey {
            key,
            algorithm: algorithm.into(),
            signature: bytes,
            chain: chain.iter().map(|der| der.to_vec()).collect(),
        })
    }

    /// Whether a stated key is signed by a certificate of its region that is good now.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn believes(&self, signed: &SignedKey) -> Result<(), String> {
        let chain: Vec<_> = signed
            .chain
            .iter()
            .map(|der| CertificateDer::from(der.as_slice()))
            .collect();
        let owner = self
            .with_standing(|standing| verify_chain(&chain, &standing.trust))
            .map_err(|error| error.to_string())?;
        if owner.region != signed.key.region {
            return Err(format!("签名的证书属于 {}", owner.region));
        }
        let leaf = chain.first().ok_or("没有证书")?;
        let signature = Signature {
            algorithm: u16::try_from(signed.algorithm).unwrap_or(0),
            bytes: signed.signature.clone(),
        };
        signing::verify(leaf, &signed.key.statement(), &signature)
            .map_err(|error| error.to_string())
    }
}
