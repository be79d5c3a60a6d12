//! Signatures of a node over what it hands over or receipts: made with the key of its certificate,
//! so that whoever has the certificates can check them offline, years later.
//!
//! Here only the bytes and the key are compared. Whether the certificate was good at the time is
//! for [`super::verify_chain`] with the lists as of then.

use super::chain;
use super::error::IdentityError;
use rustls::SignatureScheme;
use rustls::crypto::CryptoProvider;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, SignatureVerificationAlgorithm, alg_id};
use std::sync::Arc;

/// Set before every message, so that a signature made for one purpose never fits another protocol's
/// bytes.
const CONTEXT: &[u8] = b"hotline signature v1\0";

/// The schemes in use, each under its number in the TLS registry. Numbers are never given twice.
const ED25519: u16 = 0x0807;

/// A signature with the id of its algorithm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The scheme's number in the TLS registry: 0x0807 is Ed25519.
    pub algorithm: u16,
    /// The signature; 64 bytes with Ed25519.
    pub bytes: Vec<u8>,
}

/// Why a signature is not good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Nobody here knows the algorithm.
    #[error("不认识的签名算法 {0:#06x}")]
    UnknownAlgorithm(u16),
    /// The certificate cannot be read.
    #[error(transparent)]
    Certificate(#[from] IdentityError),
    /// The certificate's key did not sign these bytes.
    #[error("签名与内容不符")]
    Mismatch,
    /// The key cannot sign.
    #[error("私钥不能用于签名：{0}")]
    Key(String),
}

/// What is signed for the envelopes of a commit; see [`hotline_domain::evidence::signed_bytes`].
#[must_use]
pub fn of_statements(what: &[u8; 32]) -> Vec<u8> {
    [&b"statements\0"[..], what].concat()
}

/// A node's private key, read once and used often.
#[derive(Clone)]
pub struct SigningKey(Arc<dyn rustls::sign::SigningKey>);

impl SigningKey {
    /// Reads a key.
    ///
    /// # Errors
    /// When it is not of a known kind.
    pub fn read(key: &PrivateKeyDer<'static>) -> Result<Self, SignatureError> {
        let key = super::config::provider()
            .key_provider
            .load_private_key(key.clone_key())
            .map_err(failed)?;
        Ok(Self(key))
    }

    /// Signs `message`.
    ///
    /// # Errors
    /// When the key is no Ed25519 key.
    pub fn sign(&self, message: &[u8]) -> Result<Signature, SignatureError> {
        let signer = self
            .0
            .choose_scheme(&[SignatureScheme::ED25519])
            .ok_or_else(|| SignatureError::Key("不是 Ed25519 私钥".to_owned()))?;
        let bytes = signer.sign(&framed(message)).map_err(failed)?;
        Ok(Signature {
            algorithm: ED25519,
            bytes,
        })
    }
}

fn failed(error: rustls::Error) -> SignatureError {
    SignatureError::Key(error.to_string())
}

/// Signs `message` with a node's key.
///
/// # Errors
/// When the key is not of a known kind.
pub fn sign(key: &PrivateKeyDer<'static>, message: &[u8]) -> Result<Signature, SignatureError> {
    SigningKey::read(key)?.sign(message)
}

/// Checks that the key of `certificate` signed `message`.
///
/// # Errors
/// When it did not, or the algorithm is unknown.
pub fn verify(
    certificate: &CertificateDer<'_>,
    message: &[u8],
    signature: &Signature,
) -> Result<(), SignatureError> {
    if signature.algorithm != ED25519 {
        return Err(SignatureError::UnknownAlgorithm(signature.algorithm));
    }
    let (public_key, of_ed25519) = chain::public_key(certificate)?;
    if !of_ed25519 {
        return Err(SignatureError::Mismatch);
    }
    ed25519(&super::config::provider())
        .ok_or(SignatureError::UnknownAlgorithm(ED25519))?
        .verify_signature(&public_key, &framed(message), &signature.bytes)
        .map_err(|_| SignatureError::Mismatch)
}

fn framed(message: &[u8]) -> Vec<u8> {
    [CONTEXT, message].concat()
}

fn ed25519(provider: &Arc<CryptoProvider>) -> Option<&'static dyn SignatureVerificationAlgorithm> {
    let all = provider.signature_verification_algorithms.all.iter();
    all.copied()
        .find(|algorithm| algorithm.signature_alg_id() == alg_id::ED25519)
}

#[cfg(test)]
mod tests {
    use super::super::authority::{Authority, Signer};
    use super::super::{Material, Subject};
    use super::*;
    use crate::entropy::SeededEntropy;
    use hotline_topology::{RegionKey, Time};

    const CITY: RegionKey = RegionKey::literal("990100000000");
    const COUNTY: RegionKey = RegionKey::literal("990101000000");

    #[test]
    fn only_the_signer_over_the_same_bytes_is_believed() {
        let (folder, now) = (tempfile::tempdir().unwrap(), Time(1_767_196_800_000));
        let entropy = &mut SeededEntropy::new(5);
        let domain = "12345.example".parse().unwrap();
        let keeper = Authority::init(folder.path(), &domain, now, entropy).unwrap();
        keeper
            .issue_authority(CITY, Signer::Root, now, entropy)
            .unwrap();
        let [city, county] = [CITY, COUNTY].map(|region| {
            keeper.issue_node(region, CITY, now, entropy).unwrap();
            Material::load_node(&keeper.folder_of(&Subject::Node(region))).unwrap()
        });
        let signature = sign(&city.key, "交办 1".as_bytes()).unwrap();
        assert_eq!(signature.bytes.len(), 64);
        assert_eq!(
            verify(&city.chain[0], "交办 1".as_bytes(), &signature),
            Ok(())
        );
        let mismatch = Err(SignatureError::Mismatch);
        assert_eq!(
            verify(&city.chain[0], "交办 2".as_bytes(), &signature),
            mismatch
        );
        assert_eq!(
            verify(&county.chain[0], "交办 1".as_bytes(), &signature),
            mismatch
        );
        let unknown = Signature {
            algorithm: 0x0708,
            ..signature
        };
        let error = verify(&city.chain[0], "交办 1".as_bytes(), &unknown).unwrap_err();
        assert_eq!(error, SignatureError::UnknownAlgorithm(0x0708));
    }
}
