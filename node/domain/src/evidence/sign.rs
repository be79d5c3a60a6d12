//! Signing: after a group is decided and before it is written, its own envelopes are signed together.

use super::merkle;
use crate::fact::Fact;
use crate::kernel::{Commit, epoch_after};
use crate::link::{LogHead, Proof};
use crate::row::{Row, RowKey};
use crate::view::{Rows, View, ViewFailed};
use hotline_topology::RegionKey;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A signature with the id of its algorithm.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    /// The scheme's number in the TLS registry: 0x0807 is Ed25519.
    pub algorithm: u32,
    /// The signature.
    pub bytes: Vec<u8>,
}

/// Holds the node's key; passed in like time.
pub trait Signer {
    /// The node's certificate in DER, then the authorities' up to, but without, the root.
    fn chain(&self) -> Vec<Vec<u8>>;

    /// Signs what [`signed_bytes`] made, with the key of that certificate.
    ///
    /// # Errors
    /// The key cannot sign; in words.
    fn sign(&self, what: &[u8; 32]) -> Result<Signature, String>;
}

/// What is signed: the root of a tree of statements, and where the signer's log stood.
#[must_use]
pub fn signed_bytes(root: &[u8; 32], head: &LogHead) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"hotline signed 1");
    hash.update(root);
    hash.update(head.epoch.to_be_bytes());
    hash.update(head.commit.to_be_bytes());
    hash.update(head.hash);
    hash.finalize().into()
}

/// Why a commit could not be signed: it must not be written.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotSigned {
    /// The view failed.
    #[error(transparent)]
    View(#[from] ViewFailed),
    /// The key cannot sign.
    #[error("不能为送出的内容签名：{0}；请核对节点的证书和私钥")]
    Key(String),
}

/// Signs what the commit of node `me` sends in its own name, in its facts and in its rows alike. A certificate that is
/// used for the first time is recorded with it. What is signed already keeps its proof. `log` is the number of the last
/// commit before this one, and the value of the hash chain after it. `view` is as of that commit.
///
/// # Errors
/// See [`NotSigned`]; the commit is then as it was.
pub fn sign(
    commit: &mut Commit,
    me: RegionKey,
    view: &dyn View,
    signer: &dyn Signer,
    log: (u64, [u8; 32]),
) -> Result<(), NotSigned> {
    let statements: Vec<[u8; 32]> = own(&mut commit.facts, me).map(|(_, one)| one).collect();
    if statements.is_empty() {
        return Ok(());
    }
    let chain = signer.chain();
    let certificate = super::fingerprint(chain.first().map_or(&[], Vec::as_slice));
    let known = view.get(&RowKey::Certificate(certificate))?.is_some();
    let (root, paths) = merkle::tree(&statements);
    let head = LogHead {
        // What a commit that raises the epoch sends belongs to the new past already.
        epoch: epoch_after(view.node()?.epoch, &commit.facts),
        commit: log.0,
        hash: log.1,
    };
    let signature = signer
        .sign(&signed_bytes(&root, &head))
        .map_err(NotSigned::Key)?;
    let leaves = u32::try_from(statements.len()).unwrap_or(u32::MAX);
    let mut proofs = BTreeMap::new();
    for ((index, path), (fact, _)) in (0..).zip(paths).zip(own(&mut commit.facts, me)) {
        let Fact::Queued {
            peer,
            seq,
            envelope,
            ..
        } = fact
        else {
            continue;
        };
        let proof = Proof {
            certificate,
            algorithm: signature.algorithm,
            signature: signature.bytes.clone(),
            leaves,
            index,
            path,
            head: Some(head),
        };
        envelope.proof = Some(proof.clone());
        proofs.insert(RowKey::Outbox(*peer, envelope.lane, *seq), proof);
    }
    for (key, row) in &mut commit.changes {
        if let Some(Row::Outbox(envelope, _)) = row
            && let Some(proof) = proofs.remove(key)
        {
            envelope.proof = Some(proof);
        }
    }
    let noted = commit
        .changes
        .iter()
        .any(|(key, _)| *key == RowKey::Certificate(certificate));
    if !known && !noted {
        commit.facts.push(Fact::CertificateKnown {
            region: me,
            chain: chain.clone(),
        });
        let row = Row::Certificate(me, chain);
        commit
            .changes
            .push((RowKey::Certificate(certificate), Some(row)));
    }
    Ok(())
}

/// The envelopes that `me` wrote and nobody signed yet, with their statements.
fn own(facts: &mut [Fact], me: RegionKey) -> impl Iterator<Item = (&mut Fact, [u8; 32])> {
    facts.iter_mut().filter_map(move |fact| match fact {
        Fact::Queued { envelope, .. } if envelope.author == me && envelope.proof.is_none() => {
            let statement = envelope.statement();
            Some((fact, statement))
        }
        _ => None,
    })
}
