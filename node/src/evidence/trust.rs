//! What a third party trusts: a folder with the domain's roots and revocation lists, and the tree where there is one.
//!
//! ```text
//! roots*.crt        the roots (PEM)
//! crl*.pem          the revocation lists of all issuers (PEM); of several editions all that any of them names is revoked
//! federation*.toml  the topology, in as many versions as there are: federation.toml, federation-2.toml; without any an
//!                   authority's subtree cannot be checked, which the report then says
//! ```
//!
//! A letter is judged by the version that it names, see `trees.rs`; revocations count whenever they were made, also after
//! the moment as of which is judged.
//!
//! What a signature is by itself is said here ([`Trusted::mark`]); what it counts for depends on who else saw it, and when:
//! see `witness.rs`. The audit of whole logs, which has no such witnesses at hand, judges by [`Trusted::verify`].

use super::mark::{Key, Mark};
use super::trees::Trees;
use crate::identity::material::{read_certificates, read_lists};
use crate::identity::notary::good_for;
use crate::identity::profile::TrustDomain;
use crate::identity::revocation::{CertificateId, RevocationLists, Revoked};
use crate::identity::signing::{self, of_statements};
use crate::identity::{
    IdentityError, Material, PeerIdentity, Trust, chain, claimed_identity, verify_chain,
};
use anyhow::Context as _;
use hotline_domain::evidence::{Notary, Signature, Signed, Unproven};
use hotline_topology::{Federation, RegionKey, Time};
use rustls_pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Whether the second region lies below the first.
type Below<'a> = &'a dyn Fn(RegionKey, RegionKey) -> bool;

/// The folder's files of one kind in every edition, by name.
fn named(folder: &Path, starts: &str, ends: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut all: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    all.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(starts) && name.ends_with(ends) && path.is_file()
    });
    all.sort();
    all
}

/// Roots, lists, and perhaps the tree.
pub struct Trusted {
    roots: Vec<CertificateDer<'static>>,
    lists: RevocationLists,
    trees: Trees,
    /// Whether lists past their promised renewal count as current: for a node that looks at its own file.
    any_age: bool,
    /// What was found of certificates, by their chains and the moment: a file has many letters and few keys.
    found: Mutex<BTreeMap<Asked, Owned>>,
}

/// The hash of a chain, the version of the tree by which it is judged, and the moment.
type Asked = ([u8; 32], Option<u32>, Time);
/// Whose a chain is and what is known of its key, or why nobody's.
type Owned = Result<(RegionKey, Key), String>;

impl Trusted {
    /// Reads the folder; files named in `topologies` stand in for its own versions of the tree.
    ///
    /// # Errors
    /// A file is missing or not what it should be; says which.
    pub fn load(folder: &Path, topologies: &[PathBuf]) -> anyhow::Result<Self> {
        let mut trusted = Self {
            roots: Vec::new(),
            lists: RevocationLists::default(),
            trees: Trees::default(),
            any_age: false,
            found: Mutex::default(),
        };
        for file in named(folder, "roots", ".crt") {
            trusted.roots.extend(read_certificates(&file)?);
        }
        for file in named(folder, "crl", ".pem") {
            trusted.lists.merge(&read_lists(&file)?);
        }
        if trusted.roots.is_empty() {
            trusted.roots = read_certificates(&folder.join("roots.crt"))?;
        }
        if trusted.lists.is_empty() {
            trusted.lists = read_lists(&folder.join("crl.pem"))?;
        }
        let own = match topologies {
            [] => named(folder, "federation", ".toml"),
            given => given.to_vec(),
        };
        for file in own {
            trusted.add_tree(&file)?;
        }
        Ok(trusted)
    }

    /// Reads another version of the tree.
    ///
    /// # Errors
    /// The file is no topology, or does not fit the versions known.
    pub fn add_tree(&mut self, file: &Path) -> anyhow::Result<()> {
        let name = file.display();
        let text =
            std::fs::read_to_string(file).with_context(|| format!("读不了拓扑文件 {name}"))?;
        let parsed = Federation::parse(&name.to_string(), &text).map_err(|faults| {
            let first = faults.first().map(ToString::to_string);
            anyhow::anyhow!("拓扑文件有误：{}", first.unwrap_or_default())
        })?;
        let taken = self.trees.put(parsed);
        taken.map_err(|why| anyhow::anyhow!("拓扑文件 {name}：{why}"))
    }

    /// What a node's own folder trusts, for looking at its own file before it seals it.
    #[must_use]
    pub fn of_node(material: &Material) -> Self {
        Self {
            roots: material.roots.clone(),
            lists: material.lists.clone(),
            trees: Trees::default(),
            any_age: true,
            found: Mutex::default(),
        }
    }

    /// Whether authorities' subtrees can be checked.
    #[must_use]
    pub fn knows_tree(&self) -> bool {
        !self.trees.is_empty()
    }

    /// What a signature is by itself: whose, and what is known of its key. `topology` is the version of the tree that it
    /// names.
    #[must_use]
    pub fn mark(
        &self,
        (author, topology): (RegionKey, Option<u32>),
        chain: &[Vec<u8>],
        what: &[u8; 32],
        signature: &Signature,
        now: Time,
    ) -> Mark {
        let ders: Vec<CertificateDer<'_>> = chain
            .iter()
            .map(|der| CertificateDer::from(der.as_slice()))
            .collect();
        let key = match self.known(&ders, topology, now) {
            Ok((region, key)) if region == author => key,
            Ok((region, _)) => return Mark::Foreign(format!("证书属于 {region}，不是 {author}")),
            Err(why) => return Mark::Foreign(why),
        };
        let signature = signing::Signature {
            algorithm: u16::try_from(signature.algorithm).unwrap_or(0),
            bytes: signature.bytes.clone(),
        };
        let Some(leaf) = ders.first() else {
            return Mark::Foreign("没有签名者的证书".to_owned());
        };
        match signing::verify(leaf, &of_statements(what), &signature) {
            Ok(()) => Mark::Signed(key),
            Err(error) => Mark::Forged(error.to_string()),
        }
    }

    /// The same as [`Self::key`], looked at once.
    fn known(&self, ders: &[CertificateDer<'_>], topology: Option<u32>, now: Time) -> Owned {
        let mut hash = Sha256::new();
        for der in ders {
            hash.update((der.len() as u64).to_be_bytes());
            hash.update(der);
        }
        let chain = (hash.finalize().into(), topology, now);
        let found = || self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = found().get(&chain) {
            return known.clone();
        }
        let owned = self.key(ders, topology, now);
        found().insert(chain, owned.clone());
        owned
    }

    /// Whose a chain is and what is known of its key, whenever it was valid.
    fn key(&self, ders: &[CertificateDer<'_>], topology: Option<u32>, now: Time) -> Owned {
        let domain = self.domain(ders.first().ok_or("没有签名者的证书")?)?;
        let (from, until) = chain::term(ders, &self.roots).map_err(|error| error.to_string())?;
        if from > until {
            return Err("证书链上各证书的有效期没有共同的时段".to_owned());
        }
        // What is revoked is judged apart, by when somebody saw the signature.
        let lists = self.lists.clone().as_of(Time(i64::MIN));
        let judge = |below: Below<'_>| {
            let trust = Trust {
                domain: &domain,
                roots: &self.roots,
                lists: &lists,
                below,
                now: from,
            };
            verify_chain(ders, &trust)
        };
        let peer = judge(&|_, _| true).map_err(|error| error.to_string())?;
        self.stands(peer.region, topology, judge)?;
        let ids = CertificateId::of_chain(ders).map_err(|error| error.to_string())?;
        let revoked = ids.iter().filter_map(|id| self.lists.revoked(id));
        let current = |id: &CertificateId| self.lists.is_current(&id.issuer, now);
        let key = Key {
            until,
            revoked: revoked.reduce(Revoked::and),
            lists_current: self.any_age || ids.iter().all(current),
        };
        Ok((peer.region, key))
    }

    fn domain(&self, leaf: &CertificateDer<'_>) -> Result<TrustDomain, String> {
        let domain = match self.trees.trust_domain() {
            Some(domain) => domain.parse().ok(),
            None => chain::trust_domain_of(leaf),
        };
        domain.ok_or_else(|| "证书中没有信任域".to_owned())
    }

    /// Whether the signer stands in a version of the tree in which its authorities stayed within their subtrees.
    fn stands(
        &self,
        signer: RegionKey,
        topology: Option<u32>,
        judge: impl Fn(Below<'_>) -> Result<PeerIdentity, IdentityError>,
    ) -> Result<(), String> {
        let borne_out = |tree: &Federation| {
            let below = |above, region| tree.is_below(region, above);
            tree.region(signer).is_some() && judge(&below).is_ok()
        };
        match self.trees.is_empty() || self.trees.asked(topology).any(borne_out) {
            true => Ok(()),
            false => Err(self.trees.lacking(signer, topology)),
        }
    }

    /// Whether the two are neighbours by the version of the tree that is named, where it is given.
    #[must_use]
    pub fn are_neighbours(&self, topology: u32, one: RegionKey, other: RegionKey) -> bool {
        self.trees
            .get(topology)
            .is_some_and(|tree| tree.parent(one) == Some(other) || tree.parent(other) == Some(one))
    }

    /// Whether the region's certified key signed `what`, which it wrote at one moment and another witnessed later.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn verify(
        &self,
        author: RegionKey,
        (written_at, witnessed_at): (Time, Time),
        chain: &[Vec<u8>],
        what: &[u8; 32],
        signature: &Signature,
    ) -> Result<(), String> {
        let ders: Vec<CertificateDer<'_>> = chain
            .iter()
            .map(|der| CertificateDer::from(der.as_slice()))
            .collect();
        let leaf = ders.first().ok_or("没有签名者的证书")?;
        let domain = self.domain(leaf)?;
        // Revoked is judged as of the witness, also where the term is judged at its end.
        let lists = self.lists.clone().as_of(witnessed_at);
        let judge = |now: Time, below: Below<'_>| {
            let trust = Trust {
                domain: &domain,
                roots: &self.roots,
                lists: &lists,
                below,
                now,
            };
            verify_chain(&ders, &trust)
        };
        let (region, until) = good_for(witnessed_at, |now| judge(now, &|_, _| true))
            .map_err(|error| error.to_string())?;
        let then = until.unwrap_or(witnessed_at);
        self.stands(region, None, |below| judge(then, below))?;
        if region != author {
            return Err(format!("证书属于 {region}，不是 {author}"));
        }
        if until.is_some_and(|until| written_at > until) {
            return Err("签名的证书在写成时已到期".to_owned());
        }
        let signature = signing::Signature {
            algorithm: u16::try_from(signature.algorithm).unwrap_or(0),
            bytes: signature.bytes.clone(),
        };
        signing::verify(leaf, &of_statements(what), &signature).map_err(|error| error.to_string())
    }
}

/// For the audit of whole logs. A letter's own time is all there is to judge its certificate by, but nothing in a file was
/// written after the file was: a log whose clock ran ahead of the certificates', as a demonstration's does, is judged as
/// of the time when its export was made.
pub struct Dated {
    /// Roots, lists, and perhaps the tree.
    pub trusted: Trusted,
    /// Judges every certificate as of this moment instead.
    pub at: Option<Time>,
    /// When each node's export was made.
    pub made: BTreeMap<RegionKey, Time>,
}

impl Notary for Dated {
    fn whose(&self, chain: &[Vec<u8>]) -> Result<RegionKey, String> {
        let leaf = CertificateDer::from(chain.first().map_or(&[][..], Vec::as_slice));
        let domain = chain::trust_domain_of(&leaf).ok_or("证书中没有信任域")?;
        claimed_identity(&leaf, &domain)
            .map(|peer| peer.region)
            .map_err(|error| error.to_string())
    }

    fn certified(&self, region: RegionKey, chain: &[Vec<u8>]) -> bool {
        self.whose(chain) == Ok(region)
    }

    fn signed(&self, signed: &Signed<'_>) -> Result<(), Unproven> {
        let made = self.made.get(&signed.author);
        let written = made.map_or(signed.written_at, |made| signed.written_at.min(*made));
        let at = self.at.unwrap_or(written);
        self.trusted
            .verify(
                signed.author,
                (at, at),
                signed.chain,
                signed.what,
                signed.signature,
            )
            .map_err(Unproven::Never)
    }
}
