//! Proving: whether an envelope was written by its author, judged once, at its arrival.

use super::merkle;
use super::sign::{Signature, signed_bytes};
use crate::link::Envelope;
use crate::row::{Row, RowKey};
use crate::view::{View, ViewFailed};
use hotline_topology::{RegionKey, Time};
use sha2::{Digest, Sha256};

/// What was signed, by whom and when.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// Whose node must have signed.
    pub author: RegionKey,
    /// When it says that it wrote.
    pub written_at: Time,
    /// The signer's certificate in DER, then the authorities' up to, but without, the root.
    pub chain: &'a [Vec<u8>],
    /// What was signed, as [`super::signed_bytes`] makes it.
    pub what: &'a [u8; 32],
    /// The signature.
    pub signature: &'a Signature,
}

/// Why an envelope is not, or not yet, its author's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unproven {
    /// It may be later: the certificate is not acknowledged here by now; trust and revocation lists may be old.
    NotYet(String),
    /// It never will be.
    Never(String),
}

impl Unproven {
    /// Why, for people.
    #[must_use]
    pub fn words(&self) -> &str {
        match self {
            Unproven::NotYet(words) | Unproven::Never(words) => words,
        }
    }
}

/// Judges certificates and signatures by what this node trusts; passed in like time.
pub trait Notary {
    /// Whose node the chain's first certificate names, unjudged.
    ///
    /// # Errors
    /// It cannot be read or names no node; in words.
    fn whose(&self, chain: &[Vec<u8>]) -> Result<RegionKey, String>;

    /// Whether the chain certifies the region's node, now.
    fn certified(&self, region: RegionKey, chain: &[Vec<u8>]) -> bool;

    /// Whether the author's certified key made the signature, and was good for it.
    ///
    /// # Errors
    /// Why not.
    fn signed(&self, signed: &Signed<'_>) -> Result<(), Unproven>;

    /// The same of a letter that is shown long after it was written, and proves something to its author alone: that its
    /// certificate ran out since says nothing against it. [`Unproven::Never`]: the signature itself is none.
    ///
    /// # Errors
    /// Why not.
    fn signed_then(&self, signed: &Signed<'_>) -> Result<(), Unproven> {
        self.signed(signed)
    }
}

/// A notary that believes nobody: where no envelope arrives.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Notary for Nobody {
    fn whose(&self, _: &[Vec<u8>]) -> Result<RegionKey, String> {
        Err("此处不接收信封".to_owned())
    }

    fn certified(&self, _: RegionKey, _: &[Vec<u8>]) -> bool {
        false
    }

    fn signed(&self, _: &Signed<'_>) -> Result<(), Unproven> {
        Err(Unproven::Never("此处不接收信封".to_owned()))
    }
}

/// SHA-256 of a certificate's DER: its name in proofs and rows.
#[must_use]
pub fn fingerprint(certificate: &[u8]) -> [u8; 32] {
    Sha256::digest(certificate).into()
}

/// What an envelope's signature must be over; `None` where its proof fits no tree.
#[must_use]
pub fn signed_of(envelope: &Envelope) -> Option<[u8; 32]> {
    let proof = envelope.proof.as_ref()?;
    let statement = envelope.statement();
    let root = merkle::root(&statement, proof.index, proof.leaves, &proof.path)?;
    Some(signed_bytes(&root, proof.head.as_ref()?))
}

/// Whether the envelope is its author's, by its proof and the certificates on record.
///
/// # Errors
/// The view failed. The inner error says why the envelope is not proven.
pub fn judge_proof(
    view: &dyn View,
    notary: &dyn Notary,
    envelope: &Envelope,
) -> Result<Result<(), Unproven>, ViewFailed> {
    judged(view, envelope, |signed| notary.signed(signed))
}

/// The same of a letter that is shown long after it was written, see [`Notary::signed_then`]. It is shown in the clear:
/// what only its author could open says nothing.
///
/// # Errors
/// The view failed. The inner error says why the letter is not proven.
pub fn judge_letter(
    view: &dyn View,
    notary: &dyn Notary,
    letter: &Envelope,
) -> Result<Result<(), Unproven>, ViewFailed> {
    if letter.is_shut() {
        return Ok(Err(Unproven::Never("原件不是明文".to_owned())));
    }
    judged(view, letter, |signed| notary.signed_then(signed))
}

fn judged(
    view: &dyn View,
    envelope: &Envelope,
    judge: impl FnOnce(&Signed<'_>) -> Result<(), Unproven>,
) -> Result<Result<(), Unproven>, ViewFailed> {
    let never = |words: String| Ok(Err(Unproven::Never(words)));
    let Some(proof) = &envelope.proof else {
        return never("没有签名".to_owned());
    };
    let Some(what) = signed_of(envelope) else {
        return never("签名的位置与路径不符".to_owned());
    };
    let Some(Row::Certificate(region, chain)) =
        view.get(&RowKey::Certificate(proof.certificate))?
    else {
        let words = "签名者的证书未随信封送达".to_owned();
        return Ok(Err(Unproven::NotYet(words)));
    };
    if region != envelope.author {
        return never(format!("签名者是 {region}，不是 {}", envelope.author));
    }
    let signature = Signature {
        algorithm: proof.algorithm,
        bytes: proof.signature.clone(),
    };
    Ok(judge(&Signed {
        author: envelope.author,
        written_at: envelope.written_at,
        chain: &chain,
        what: &what,
        signature: &signature,
    }))
}
