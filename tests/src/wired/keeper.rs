//! Who certifies the nodes: a root, the province's authority, and a certificate for each node.

use crate::sim::places::START;
use anyhow::Context as _;
use hotline::clock::Clock;
use hotline::entropy::SeededEntropy;
use hotline::identity::authority::{Authority, Signer};
use hotline::identity::{Material, NodeTls, Rules, Subject};
use hotline_topology::{Federation, RegionKey};
use std::sync::Arc;
use tempfile::TempDir;

/// Certificates live so long; the runs are shorter.
const DAYS: u32 = 30;

pub(super) struct Keeper {
    folder: TempDir,
    authority: Authority,
    entropy: SeededEntropy,
}

impl Keeper {
    /// Certifies every node.
    pub fn new(seed: u64, nodes: &[RegionKey]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut entropy = SeededEntropy::new(seed);
        let domain = "hotline.example".parse()?;
        let authority = Authority::init(folder.path(), &domain, START, &mut entropy)?;
        let top = *nodes.first().context("a federation without nodes")?;
        authority.issue_authority(top, Signer::Root, START, &mut entropy)?;
        for node in nodes {
            authority.issue_node(*node, top, START, &mut entropy)?;
        }
        Ok(Self {
            folder,
            authority,
            entropy,
        })
    }

    /// What a node is started with, or swaps to.
    pub fn material(&self, node: RegionKey) -> anyhow::Result<Material> {
        let folder = self.authority.folder_of(&Subject::Node(node));
        for file in ["roots.crt", "crl.pem"] {
            let public = self.folder.path().join("public").join(file);
            std::fs::copy(public, folder.join(file))?;
        }
        Ok(Material::load_node(&folder)?)
    }

    /// The TLS of a node.
    pub fn tls(
        &self,
        node: RegionKey,
        federation: &Arc<Federation>,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Arc<NodeTls>> {
        let rules = Rules::of(Arc::clone(federation), node);
        let domain = self.authority.domain().clone();
        Ok(NodeTls::new(self.material(node)?, domain, rules, clock)?)
    }

    /// A new key and certificate for a node.
    pub fn renew(&mut self, node: RegionKey) -> anyhow::Result<Material> {
        let subject = Subject::Node(node);
        self.authority
            .renew(&subject, DAYS, START, &mut self.entropy)?;
        self.material(node)
    }
}
