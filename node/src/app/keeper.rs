//! The keeper of the versions in force: composes what the configuration's files say with the documents that came into
//! force, and hands the result to rules, certificates and links.
//!
//! Of a topology the highest version counts, of the same version the signed document. A pack in force is that of the
//! nearest issuer, its own region before those above; older versions stay known, for the legs that name them. Roots come
//! from the signed document where there is one; revocation lists only ever get newer, wherever they come from.

use super::handle::NodeHandle;
use super::parts::rules;
use super::world::Known;
use crate::identity::{Material, NodeTls, RevocationLists, TrustDomain, seal};
use crate::link::Links;
use hotline_domain::kernel::{Input, bytes_of, documents};
use hotline_domain::view::{View, ViewFailed};
use hotline_domain::world::{Document, DocumentKind, Examined, Examiner};
use hotline_topology::{Calendar, Federation, PolicyPack, RegionKey, Time};
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// What the configuration's files say.
pub(super) struct Files {
    pub known: Known,
    pub material: Material,
}

/// Composes and hands on.
pub(super) struct Keeper {
    pub node: NodeHandle,
    pub tls: Arc<NodeTls>,
    pub links: Links<NodeHandle>,
    pub files: Mutex<Files>,
}

impl Keeper {
    /// Takes up whatever comes into force, until `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.node.shared().world_changed.notified() => {}
            }
            if let Err(error) = self.take_up().await {
                tracing::error!("新版本未能采用，沿用原有版本：{error:#}");
            }
        }
    }

    /// Other files were read.
    pub async fn replace(&self, files: Files) -> anyhow::Result<()> {
        *self.files.lock().unwrap_or_else(PoisonError::into_inner) = files;
        self.take_up().await
    }

    /// Puts what is in force now to use.
    pub async fn take_up(&self) -> anyhow::Result<()> {
        let shared = self.node.shared();
        let me = shared.surroundings.me();
        let (known, material) = {
            let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            compose(&files, &*shared.rows(), me)?
        };
        let cut = self.tls.reload(material)?;
        let version = known.federation.version();
        shared.surroundings.replace(known);
        let more = self.tls.set_rules(rules(&self.node));
        self.links.place_changed();
        self.links.retry_now();
        self.node.submit(Input::WorldChanged).await;
        tracing::info!(
            "现行版本已采用：拓扑第 {version} 版；断开 {} 条不再许可的连接",
            cut + more
        );
        Ok(())
    }
}

/// What is in force: files, and the documents over them.
pub(super) fn compose(
    files: &Files,
    view: &(dyn View + Send + Sync),
    me: RegionKey,
) -> anyhow::Result<(Known, Material)> {
    let mut trees = vec![files.known.federation.clone()];
    let mut packs = files.known.packs.clone();
    let mut calendars = Vec::new();
    let mut material = files.material.clone();
    for document in documents(view)? {
        if document.in_force_at.is_none() {
            continue;
        }
        let content = content_of(view, &document)?;
        let name = seal::file_name(&document.header);
        // Examined before it was accepted; a program that reads less than the one before says so and goes on.
        match document.header.series.kind {
            DocumentKind::Topology => match Federation::parse(&name, seal::text(&content)?) {
                Ok(tree) => trees.push(tree),
                Err(faults) => tracing::error!("{name} 不可读：{}", words(&faults)),
            },
            DocumentKind::Calendar => match Calendar::parse(&name, seal::text(&content)?) {
                Ok(calendar) => calendars.push(calendar),
                Err(faults) => tracing::error!("{name} 不可读：{}", words(&faults)),
            },
            DocumentKind::Pack => match PolicyPack::parse(&name, seal::text(&content)?) {
                Ok(pack) => packs.push(pack),
                Err(faults) => tracing::error!("{name} 不可读：{}", words(&faults)),
            },
            DocumentKind::Trust => material.roots = seal::certificates(&content)?,
            DocumentKind::Revocations => {
                let ders = seal::crl_ders(&content)?;
                let lists = RevocationLists::parse(ders).map_err(|bad| anyhow::anyhow!("{bad}"))?;
                material.lists.merge(&lists);
            }
        }
    }
    // Stable: of the same version the document, which came later, is last.
    trees.sort_by_key(Federation::version);
    // A calendar never goes back, whichever way the newest one came.
    let known = trees.iter().map(|tree| tree.calendar().clone());
    let newest = known.chain(calendars).max_by_key(Calendar::version);
    let mut federation = trees
        .pop()
        .unwrap_or_else(|| files.known.federation.clone());
    if let Some(calendar) = newest {
        federation = federation.with_calendar(calendar);
    }
    trees.dedup_by_key(|tree| tree.version());
    trees.retain(|tree| tree.version() < federation.version());
    let packs = ranked(packs, &federation, me);
    let known = Known {
        federation,
        packs,
        older: trees,
    };
    Ok((known, material))
}

/// The packs with the one in force last: that of the nearest issuer at its highest version. What may not govern here is
/// known all the same: legs from above name it.
fn ranked(packs: Vec<PolicyPack>, federation: &Federation, me: RegionKey) -> Vec<PolicyPack> {
    let mut all = Vec::new();
    for (at, pack) in packs.into_iter().enumerate() {
        let nearness = match pack.issuer {
            // The shipped pack gives way to every issuer's.
            None => Some(0),
            Some(_) if !pack.may_govern(federation, me) => None,
            Some(issuer) => federation.depth(issuer).map(|depth| depth + 1),
        };
        all.push(((nearness, pack.version, at), pack));
    }
    all.sort_by_key(|(rank, _)| *rank);
    all.into_iter().map(|(_, pack)| pack).collect()
}

fn content_of(view: &(dyn View + Send + Sync), document: &Document) -> anyhow::Result<Vec<u8>> {
    let bytes = bytes_of(view, &document.digest, document.parts)?;
    Ok(seal::read(&bytes)?.1)
}

fn words(faults: &[hotline_topology::Fault]) -> String {
    let words: Vec<_> = faults.iter().map(ToString::to_string).collect();
    words.join("；")
}

/// The former children that may still call: they have not said that they know the version that moved them.
pub(super) fn former(
    view: &(dyn View + Send + Sync),
    known: &Known,
    me: RegionKey,
) -> Result<Vec<RegionKey>, ViewFailed> {
    use hotline_domain::row::RowKey;
    let now = |key: &RegionKey| known.federation.parent(*key) == Some(me);
    let children = known.older.iter().flat_map(|tree| tree.children(me));
    let mut former: Vec<RegionKey> = children.copied().filter(|key| !now(key)).collect();
    former.sort();
    former.dedup();
    let mut met = Vec::new();
    for key in former {
        if view.get(&RowKey::Link(key))?.is_some() {
            met.push(key);
        }
    }
    Ok(met)
}

/// Examines documents by the certificates in use.
pub(super) struct ByCertificates(pub Arc<NodeTls>);

impl Examiner for ByCertificates {
    fn examine(&self, bytes: &[u8], federation: &Federation) -> Result<Examined, String> {
        self.0
            .with_standing(|standing| seal::examine(bytes, &standing.trust, federation))
            .map_err(|error| error.to_string())
    }

    fn lists_at(&self) -> Option<Time> {
        self.0.list_ages().first().map(|list| list.signed_at)
    }
}

/// The trust domain of the files; it never changes while a node lives.
pub(super) fn domain(files: &Files) -> anyhow::Result<TrustDomain> {
    Ok(files.known.federation.trust_domain().parse()?)
}
