//! Certificates: who had which key, until when, and which of them were found stolen. Real ones, of a real authority.

use super::place::{ALL, CITY, DOMAIN, START};
use hotline::clock::Clock;
use hotline::entropy::SeededEntropy;
use hotline::evidence::trust::Trusted;
use hotline::identity::authority::{Authority, Reason, Signer as By};
use hotline::identity::revocation::CertificateId;
use hotline::identity::signing::{SigningKey, of_statements};
use hotline::identity::{Material, NodeTls, Rules, Subject};
use hotline_domain::evidence::{Signature, Signer, fingerprint};
use hotline_topology::{Federation, RegionKey, Time};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// Days of a certificate that is not renewed in time.
pub const DAYS: u32 = 90;

/// A key with its certificates, as whoever has it signs: its node, or a thief.
#[derive(Clone)]
pub struct Key {
    /// Whose.
    pub node: RegionKey,
    /// The certificate, then the authorities'.
    pub chain: Vec<Vec<u8>>,
    key: SigningKey,
}

impl Key {
    /// What its signatures name it by.
    #[must_use]
    pub fn certificate(&self) -> [u8; 32] {
        fingerprint(self.chain.first().map_or(&[], Vec::as_slice))
    }
}

impl Signer for Key {
    fn chain(&self) -> Vec<Vec<u8>> {
        self.chain.clone()
    }

    fn sign(&self, what: &[u8; 32]) -> Result<Signature, String> {
        let signed = self.key.sign(&of_statements(what));
        let signed = signed.map_err(|error| error.to_string())?;
        Ok(Signature {
            algorithm: signed.algorithm.into(),
            bytes: signed.bytes,
        })
    }
}

/// What is known of a certificate, by who issued it.
#[derive(Clone)]
pub struct Issued {
    /// The key with it.
    pub key: Key,
    /// The end of its term.
    pub until: Time,
    /// From when it is revoked, and whether its key was stolen.
    pub revoked: Option<(Time, bool)>,
}

/// Who certifies the nodes.
pub struct Keeper {
    folder: TempDir,
    authority: Authority,
    entropy: SeededEntropy,
    /// Everything issued, in order.
    pub issued: Vec<Issued>,
}

impl Keeper {
    /// A root and the city's authority, from a seed.
    ///
    /// # Panics
    /// When the machine's folder for passing files cannot be written.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder for passing files");
        let mut entropy = SeededEntropy::new(seed);
        let domain = DOMAIN.parse().expect("a constant");
        let home = folder.path().join("keeper");
        let authority =
            Authority::init(&home, &domain, START, &mut entropy).expect("a folder of its own");
        authority
            .issue_authority(CITY, By::Root, START, &mut entropy)
            .expect("a root that was just made");
        let mut keeper = Self {
            folder,
            authority,
            entropy,
            issued: Vec::new(),
        };
        for node in ALL {
            keeper
                .authority
                .issue_node(node, CITY, START, &mut keeper.entropy)
                .expect("a node of the city");
            keeper.note(node);
        }
        keeper
    }

    /// The TLS of a node, with its first certificate.
    ///
    /// # Panics
    /// Never: the material was just made.
    #[must_use]
    pub fn tls(
        &self,
        node: RegionKey,
        tree: &Arc<Federation>,
        clock: Arc<dyn Clock>,
    ) -> Arc<NodeTls> {
        let rules = Rules::of(Arc::clone(tree), node);
        let domain = self.authority.domain().clone();
        NodeTls::new(self.material(node), domain, rules, clock).expect("material of the keeper")
    }

    /// What a node has in its folder now.
    ///
    /// # Panics
    /// Never: the material was made here.
    #[must_use]
    pub fn material(&self, node: RegionKey) -> Material {
        let folder = self.authority.folder_of(&Subject::Node(node));
        Material::load_node(&folder).expect("material of the keeper")
    }

    /// A new key and certificate for a node.
    ///
    /// # Panics
    /// Never: what is renewed was issued here.
    pub fn renew(&mut self, node: RegionKey, now: Time) {
        let subject = Subject::Node(node);
        self.authority
            .renew(&subject, DAYS, now, &mut self.entropy)
            .expect("issued here");
        self.note(node);
    }

    /// The newest certificate of a node is revoked.
    ///
    /// # Panics
    /// Never: it was issued here.
    pub fn revoke(&mut self, node: RegionKey, now: Time, stolen: bool) {
        let of_node = |issued: &&mut Issued| issued.key.node == node;
        let issued = self.issued.iter_mut().rfind(of_node).expect("issued here");
        let leaf = rustls::pki_types::CertificateDer::from(issued.key.chain[0].clone());
        let serial = CertificateId::of_chain(&[leaf])
            .expect("a certificate")
            .remove(0)
            .serial;
        let reason = match stolen {
            true => Reason::KeyCompromise,
            false => Reason::Superseded,
        };
        self.authority
            .revoke(&serial, now, reason)
            .expect("issued here");
        issued.revoked = Some((now, stolen));
    }

    /// What an outsider trusts today: the public folder with lists of today, and the tree.
    ///
    /// # Panics
    /// Never: the folder is its own.
    #[must_use]
    pub fn trusted(&self, tree: &Federation, now: Time) -> Trusted {
        self.authority.refresh_lists(now).expect("keys of its own");
        let file = self.folder.path().join("federation.toml");
        std::fs::write(&file, tree.to_toml()).expect("a folder of its own");
        let public: &Path = &self.folder.path().join("keeper/public");
        Trusted::load(public, &[file]).expect("files of its own")
    }

    fn note(&mut self, node: RegionKey) {
        let material = self.material(node);
        let uri = self.authority.domain().uri(&Subject::Node(node));
        let list = self.authority.list().expect("a folder of its own");
        let mut of_node = list.iter().filter(|entry| entry.record.uri == uri);
        let until = of_node
            .next_back()
            .map_or(START, |entry| entry.record.not_after());
        let key = Key {
            node,
            chain: material.chain.iter().map(|der| der.to_vec()).collect(),
            key: SigningKey::read(&material.key).expect("a key of the keeper"),
        };
        self.issued.push(Issued {
            key,
            until,
            revoked: None,
        });
    }
}
