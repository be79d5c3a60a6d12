//! The node's hand and eye for evidence: signs with the key of its certificate, and judges what others signed.
//!
//! Whether a chain is good is asked anew after every reload and at least once a minute; a signature over many statements
//! is verified once. A certificate that ran out while its letters were under way still counts for what was written
//! within its term, for [`UNDER_WAY_MAX`]: a node that was cut off for weeks brings them under a new certificate. Revoked
//! is revoked, whenever it was written: only a witness from before could tell an old letter from one written since.

use super::chain::{PeerIdentity, claimed_identity};
use super::error::IdentityError;
use super::signing::{self, of_statements};
use super::tls::NodeTls;
use crate::clock;
use hotline_domain::evidence::{Notary, Signature, Signed, Signer, Unproven, fingerprint};
use hotline_topology::{RegionKey, Time};
use rustls_pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long after its certificate ran out a letter may arrive.
pub const UNDER_WAY_MAX: Duration = Duration::from_secs(60 * 86_400);
/// How long a judgement about a chain stands.
const STANDS: Duration = Duration::from_secs(60);
/// Judgements and signatures remembered; then all are forgotten and made again.
const REMEMBERED_MAX: usize = 4096;

/// What was found of a chain, as of when.
#[derive(Clone)]
struct Found {
    generation: u64,
    at: Time,
    /// Whose it is, and up to when what it signed counts, where that is over.
    verdict: Result<(RegionKey, Option<Time>), Unproven>,
}

/// Signs and judges with what [`NodeTls`] holds.
pub struct NodeNotary {
    tls: Arc<NodeTls>,
    chains: Mutex<HashMap<[u8; 32], Found>>,
    signatures: Mutex<HashSet<[u8; 32]>>,
}

impl NodeNotary {
    /// Over a node's certificates.
    #[must_use]
    pub fn new(tls: Arc<NodeTls>) -> Self {
        Self {
            tls,
            chains: Mutex::default(),
            signatures: Mutex::default(),
        }
    }

    /// Whether the key of the chain's first certificate made the signature.
    fn verified(&self, signed: &Signed<'_>) -> Result<(), Unproven> {
        let leaf = signed.chain.first().map_or(&[][..], Vec::as_slice);
        let mut hash = Sha256::new();
        hash.update(fingerprint(leaf));
        hash.update(signed.what);
        hash.update(signed.signature.algorithm.to_be_bytes());
        hash.update(&signed.signature.bytes);
        let this = hash.finalize().into();
        let known = |notary: &Self| {
            let known = notary.signatures.lock();
            known
                .unwrap_or_else(PoisonError::into_inner)
                .contains(&this)
        };
        if known(self) {
            return Ok(());
        }
        let signature = signing::Signature {
            algorithm: u16::try_from(signed.signature.algorithm).unwrap_or(0),
            bytes: signed.signature.bytes.clone(),
        };
        signing::verify(
            &CertificateDer::from(leaf),
            &of_statements(signed.what),
            &signature,
        )
        .map_err(|error| Unproven::Never(error.to_string()))?;
        let mut known = self
            .signatures
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(this);
        Ok(())
    }

    fn found(&self, chain: &[Vec<u8>]) -> Found {
        let id = fingerprint(chain.first().map_or(&[], Vec::as_slice));
        let (generation, at) = (self.tls.generation(), self.tls.now());
        let mut known = self.chains.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(&id)
            && found.generation == generation
            && at < clock::after(found.at, STANDS)
            && at >= found.at
        {
            return found.clone();
        }
        let found = Found {
            generation,
            at,
            verdict: judge(&self.tls, chain, at).map_err(|error| match error {
                // What is revoked stays so; for anything else newer trust or lists may help.
                IdentityError::Revoked | IdentityError::Expired { .. } => {
                    Unproven::Never(error.to_string())
                }
                other => Unproven::NotYet(other.to_string()),
            }),
        };
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(id, found.clone());
        found
    }
}

fn judge(
    tls: &NodeTls,
    chain: &[Vec<u8>],
    now: Time,
) -> Result<(RegionKey, Option<Time>), IdentityError> {
    judge_within(tls, chain, now, UNDER_WAY_MAX)
}

fn judge_within(
    tls: &NodeTls,
    chain: &[Vec<u8>],
    now: Time,
    under_way: Duration,
) -> Result<(RegionKey, Option<Time>), IdentityError> {
    let chain: Vec<CertificateDer<'_>> = chain
        .iter()
        .map(|der| CertificateDer::from(der.as_slice()))
        .collect();
    good_within(now, under_way, |at| tls.judge(&chain, Some(at)))
}

/// Judges a signer's chain as of `now`, or at the end of its term where that passed while a letter was under way: then
/// only what was written by that end counts, which is returned beside whose chain it is.
///
/// # Errors
/// What is wrong with it.
pub fn good_for(
    now: Time,
    judge: impl Fn(Time) -> Result<PeerIdentity, IdentityError>,
) -> Result<(RegionKey, Option<Time>), IdentityError> {
    good_within(now, UNDER_WAY_MAX, judge)
}

fn good_within(
    now: Time,
    under_way: Duration,
    judge: impl Fn(Time) -> Result<PeerIdentity, IdentityError>,
) -> Result<(RegionKey, Option<Time>), IdentityError> {
    match judge(now) {
        Ok(peer) => Ok((peer.region, None)),
        Err(IdentityError::Expired { not_after }) if now <= clock::after(not_after, under_way) => {
            Ok((judge(not_after)?.region, Some(not_after)))
        }
        Err(error) => Err(error),
    }
}

impl Signer for NodeNotary {
    fn chain(&self) -> Vec<Vec<u8>> {
        let chain = self.tls.own_chain();
        chain.into_iter().map(|der| der.to_vec()).collect()
    }

    fn sign(&self, what: &[u8; 32]) -> Result<Signature, String> {
        let signed = self.tls.sign(&of_statements(what));
        let signed = signed.map_err(|error| error.to_string())?;
        Ok(Signature {
            algorithm: u32::from(signed.algorithm),
            bytes: signed.bytes,
        })
    }
}

impl Notary for NodeNotary {
    fn whose(&self, chain: &[Vec<u8>]) -> Result<RegionKey, String> {
        let leaf = CertificateDer::from(chain.first().map_or(&[][..], Vec::as_slice));
        claimed_identity(&leaf, self.tls.domain())
            .map(|peer| peer.region)
            .map_err(|error| error.to_string())
    }

    fn certified(&self, region: RegionKey, chain: &[Vec<u8>]) -> bool {
        self.found(chain).verdict.is_ok_and(|(of, _)| of == region)
    }

    fn signed(&self, signed: &Signed<'_>) -> Result<(), Unproven> {
        let (region, until) = self.found(signed.chain).verdict?;
        if region != signed.author {
            let words = format!("证书属于 {region}，不是 {}", signed.author);
            return Err(Unproven::Never(words));
        }
        if let Some(until) = until.filter(|until| signed.written_at > *until) {
            let words = format!("签名的证书已于 {until} 到期，信封写于其后");
            return Err(Unproven::Never(words));
        }
        self.verified(signed)
    }

    fn signed_then(&self, signed: &Signed<'_>) -> Result<(), Unproven> {
        let far = Duration::MAX;
        let (region, until) = judge_within(&self.tls, signed.chain, self.tls.now(), far)
            .map_err(|error| Unproven::NotYet(error.to_string()))?;
        if region != signed.author {
            let words = format!("证书属于 {region}，不是 {}", signed.author);
            return Err(Unproven::Never(words));
        }
        if let Some(until) = until.filter(|until| signed.written_at > *until) {
            let words = format!("签名的证书已于 {until} 到期，信封写于其后");
            return Err(Unproven::NotYet(words));
        }
        self.verified(signed)
    }
}
