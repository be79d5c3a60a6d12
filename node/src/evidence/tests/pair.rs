//! A city and a county that hand over as in life: kernel, Ed25519 signatures, logs on disk.

mod lost;

use crate::clock::{self, ManualClock};
use crate::codec::commit;
use crate::codec::payload::Codec;
use crate::entropy::SeededEntropy;
use crate::evidence::bundle::{self, Bundle};
use crate::evidence::gather::gather;
use crate::evidence::judge::{Judged, judge};
use crate::evidence::trust::Trusted;
use crate::identity::authority::{Authority, LEAF_DAYS, Reason, Signer};
use crate::identity::revocation::CertificateId;
use crate::identity::{Material, NodeNotary, NodeTls, Rules, Subject};
use crate::store::disk::RealDisk;
use crate::store::log::{Log, LogReader, LogSettings, Verify};
use hotline_domain::body::{Actor, Body, Role};
use hotline_domain::command::{Command, Verb};
use hotline_domain::evidence;
use hotline_domain::field::SealedField;
use hotline_domain::id::{EnvelopeId, LegId, MatterId};
use hotline_domain::kernel::{Action, Event, Group, Input, LinkNews, Now, World};
use hotline_domain::leg::Lane;
use hotline_domain::link::{LogHead, Proof, WIRE_VERSION};
use hotline_domain::row::{Done, Row, RowKey};
use hotline_domain::view::{MemoryView, Rows as _, View as _};
use hotline_topology::{
    Calendar, Catalogue, EdgePolicies, Federation, FieldName, Kind, Level, Parts, PolicyPack,
    Region, RegionKey, Time, Unit, UnitKey, UnitKind, Urgency,
};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub const CITY: RegionKey = RegionKey::literal("210100000000");
pub const COUNTY: RegionKey = RegionKey::literal("210101000000");
pub const START: Time = Time(1_767_196_800_000);

fn federation() -> Federation {
    let county = (COUNTY, Level::County, Some(CITY), vec![]);
    tree(1, vec![(CITY, Level::City, None, vec![]), county])
}

/// A region of a tree: what it is, below whom, and whom it succeeds.
pub type Place = (RegionKey, Level, Option<RegionKey>, Vec<RegionKey>);

/// A version of the tree.
pub fn tree(version: u32, places: Vec<Place>) -> Federation {
    let region = |(key, level, parent, succeeds): Place| Region {
        key,
        name: format!("区划{key}"),
        level,
        parent,
        endpoint: format!("{}.example.org:7443", key.host_label())
            .parse()
            .ok(),
        node: true,
        standard: false,
        succeeds,
        units: vec![Unit {
            key: UnitKey::new("centre").unwrap(),
            name: "热线中心".into(),
            kind: UnitKind::Centre,
            parent: None,
            responsibilities: Vec::new(),
            contact: String::new(),
            handlers: Vec::new(),
        }],
    };
    Federation::build(Parts {
        trust_domain: "hotline.example.org".into(),
        version,
        effective_from: Time(0),
        standards: Vec::new(),
        regions: places.into_iter().map(region).collect(),
        catalogue: Catalogue::default(),
        edges: EdgePolicies::default(),
        calendar: Calendar::builtin(),
    })
    .unwrap()
}

pub struct Node {
    me: RegionKey,
    view: MemoryView,
    log: Log,
    tls: Arc<NodeTls>,
    pub notary: NodeNotary,
    drawn: u64,
}

/// Both nodes, their keeper of certificates, and time.
pub struct Pair {
    pub folder: tempfile::TempDir,
    pub authority: Authority,
    pub entropy: SeededEntropy,
    pub clock: Arc<ManualClock>,
    pub nodes: [Node; 2],
    federation: Federation,
    packs: Vec<PolicyPack>,
}

impl Pair {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut entropy = SeededEntropy::new(9);
        let federation = federation();
        let domain: crate::identity::TrustDomain = federation.trust_domain().parse().unwrap();
        let keeper = folder.path().join("keeper");
        let authority = Authority::init(&keeper, &domain, START, &mut entropy).unwrap();
        authority
            .issue_authority(CITY, Signer::Root, START, &mut entropy)
            .unwrap();
        let clock = Arc::new(ManualClock::new(START));
        let nodes = [CITY, COUNTY].map(|me| {
            authority.issue_node(me, CITY, START, &mut entropy).unwrap();
            let material = Material::load_node(&authority.folder_of(&Subject::Node(me))).unwrap();
            let tree = Arc::new(federation.clone());
            let tls = NodeTls::new(material, domain.clone(), Rules::of(tree, me), clock.clone());
            let tls = tls.unwrap();
            Node {
                me,
                view: MemoryView::default(),
                log: open_log(me, &folder.path().join(me.as_str()).join("log")),
                notary: NodeNotary::new(Arc::clone(&tls)),
                tls,
                drawn: 0,
            }
        });
        let mut pair = Self {
            folder,
            authority,
            entropy,
            clock,
            nodes,
            federation,
            packs: vec![PolicyPack::default_pack()],
        };
        for at in [0, 1] {
            pair.step(at, Input::Start);
            pair.meet(at);
        }
        pair
    }

    pub fn meet(&mut self, at: usize) {
        let peer = self.nodes[1 - at].me;
        let epoch = self.nodes[1 - at].view.node().unwrap().epoch;
        let wire = WIRE_VERSION;
        let news = LinkNews::Met {
            epoch,
            wire,
            shown: None,
        };
        self.step(at, Input::Link { peer, news });
    }

    pub fn now(&self) -> Time {
        clock::Clock::now(&*self.clock)
    }

    pub fn days(&self, days: u64) {
        self.clock.advance(Duration::from_secs(days * 86_400));
    }

    /// New certificates for a node.
    pub fn rotate(&mut self, at: usize) {
        self.rotate_by(at, None);
    }

    /// The same by another authority.
    pub fn rotate_by(&mut self, at: usize, by: Option<RegionKey>) {
        let subject = Subject::Node(self.nodes[at].me);
        let now = clock::Clock::now(&*self.clock);
        let by = by.map(Signer::Region);
        self.authority
            .renew_by(&subject, by, LEAF_DAYS, now, &mut self.entropy)
            .unwrap();
        let material = Material::load_node(&self.authority.folder_of(&subject)).unwrap();
        self.nodes[at].tls.reload(material).unwrap();
    }

    /// The key that a node signs with is found to be stolen.
    pub fn revoke_key_of(&mut self, at: usize) {
        let chain = evidence::Signer::chain(&self.nodes[at].notary);
        let ders = [rustls_pki_types::CertificateDer::from(chain[0].as_slice())];
        let serial = CertificateId::of_chain(&ders).unwrap().remove(0).serial;
        let (now, stolen) = (self.now(), Reason::KeyCompromise);
        self.authority.revoke(&serial, now, stolen).unwrap();
    }

    /// A node takes new material: lists, roots.
    pub fn reload(&mut self, at: usize, material: Material) {
        self.nodes[at].tls.reload(material).unwrap();
    }

    /// Edits the proofs of what a node has waiting.
    pub fn tamper_outbox(&mut self, at: usize, edit: impl Fn(&mut Option<Proof>)) {
        let waiting: Vec<_> = self.nodes[at]
            .view
            .rows()
            .filter_map(|(key, row)| match row {
                Row::Outbox(envelope, hash) => {
                    let mut envelope = envelope.clone();
                    edit(&mut envelope.proof);
                    Some((key.clone(), Some(Row::Outbox(envelope, *hash))))
                }
                _ => None,
            })
            .collect();
        self.nodes[at].view.apply(waiting);
    }

    /// One event, one commit: decided, signed, written, shown.
    pub fn step(&mut self, at: usize, input: Input) -> Vec<Action> {
        let now = Now {
            time: clock::Clock::now(&*self.clock),
            monotonic_ms: 0,
        };
        let node = &mut self.nodes[at];
        let world = World {
            me: node.me,
            federation: &self.federation,
            packs: &self.packs,
            wire: &Codec,
            older: &[],
            examiner: &hotline_domain::world::NoDocuments,
            notary: &node.notary,
        };
        node.drawn += 1;
        let mut bits = [at as u8; 16];
        bits[..8].copy_from_slice(&node.drawn.to_be_bytes());
        let mut group = Group::new(&node.view, world, now).unwrap();
        group.step(Event { bits, input }).unwrap();
        let mut commit = group.finish().unwrap();
        let head = (node.log.last_commit(), node.log.hash());
        evidence::sign(&mut commit, node.me, &node.view, &node.notary, head).unwrap();
        if !commit.facts.is_empty() {
            let lasting = commit::encode(commit.at, &commit.facts);
            node.log.append(&lasting, &[]).unwrap();
            node.log.sync().unwrap();
            node.view.apply(commit.changes);
        }
        for action in &commit.actions {
            if let Action::Gather(ask) = action {
                let letters = self.letters(at, ask);
                let ask = ask.clone();
                self.step(at, Input::Gathered { ask, letters });
            }
        }
        commit.actions
    }

    pub fn ask(&mut self, at: usize, verb: Verb) -> Done {
        let name = self.nodes[at].drawn as u8;
        let field = SealedField {
            name: FieldName::Content,
            slot: 1,
            ciphertext: vec![1, 2, 3],
            hash: [name; 32],
        };
        let command = Command {
            actor: Actor {
                name: "值班员".into(),
                roles: Role::ALL.to_vec(),
                unit: None,
            },
            key: None,
            digest: [0; 32],
            seen: None,
            verb,
            fields: vec![field],
        };
        let command = Box::new(command);
        let actions = self.step(at, Input::Command { ticket: 1, command });
        let answer = actions.into_iter().find_map(|action| match action {
            Action::Answer { answer, .. } => Some(answer),
            _ => None,
        });
        answer.unwrap().unwrap()
    }

    /// Delivers everything both ways until nothing moves.
    pub fn deliver(&mut self) {
        while self.pass(0) | self.pass(1) {}
    }

    /// Delivers what one side has for the other.
    pub fn pass(&mut self, from: usize) -> bool {
        let (me, peer) = (self.nodes[from].me, self.nodes[1 - from].me);
        let mut any = false;
        for lane in Lane::ALL {
            let first = RowKey::Outbox(peer, lane, 0);
            let last = RowKey::Outbox(peer, lane, u64::MAX);
            let waiting = self.nodes[from].view.scan(&first, &last, 999).unwrap();
            for (key, row) in waiting {
                let (RowKey::Outbox(_, _, seq), Row::Outbox(envelope, _)) = (key, row) else {
                    panic!("an outbox holds envelopes")
                };
                if let Some(proof) = &envelope.proof
                    && let Ok(Some(Row::Certificate(author, chain))) = self.nodes[from]
                        .view
                        .get(&RowKey::Certificate(proof.certificate))
                {
                    self.step(1 - from, Input::Introduced { author, chain });
                }
                let arrives = Input::Envelope {
                    peer: me,
                    lane,
                    seq,
                    envelope,
                };
                self.step(1 - from, arrives);
                let upto = seq;
                self.step(from, Input::Acked { peer, lane, upto });
                any = true;
            }
        }
        any
    }

    /// A matter of the city, given to the county.
    pub fn give(&mut self) -> (MatterId, LegId) {
        let taken = self.ask(
            0,
            Verb::TakeIn {
                channel: "phone".into(),
                kind: Kind::Help,
                category: "0201".into(),
                urgency: Urgency::Normal,
                place: None,
                happened_at: None,
            },
        );
        let matter = taken.matter.unwrap();
        let given = self.ask(
            0,
            Verb::Assign {
                matter,
                takers: vec![Body::Node(COUNTY)],
                lead: None,
                basis: "属地管理".into(),
                due: None,
                determination: None,
            },
        );
        (matter, given.legs[0])
    }

    pub fn bundle(&self, at: usize, subject: &str) -> (Bundle, LogHead) {
        let dir = self.log_dir(at);
        let reader = LogReader::open(Arc::new(RealDisk), &dir).unwrap();
        gather(&reader, subject, &BTreeSet::new()).unwrap()
    }

    pub fn log_dir(&self, at: usize) -> PathBuf {
        self.folder
            .path()
            .join(self.nodes[at].me.as_str())
            .join("log")
    }

    /// A bundle under its node's seal, whatever it says.
    pub fn seal(&self, at: usize, (mut bundle, head): (Bundle, LogHead)) -> Vec<u8> {
        let signer = &self.nodes[at].notary;
        let own = (self.nodes[at].me, evidence::Signer::chain(signer));
        if !bundle.certificates.contains(&own) {
            bundle.certificates.push(own);
        }
        bundle::write(&bundle, Some((signer, head))).unwrap()
    }

    pub fn file(&self, at: usize, subject: &str) -> Vec<u8> {
        self.seal(at, self.bundle(at, subject))
    }

    /// What the outsider has: the public folder with the lists of today, and the tree.
    pub fn trusted(&self) -> Trusted {
        let now = clock::Clock::now(&*self.clock);
        self.authority.refresh_lists(now).unwrap();
        let tree = self.folder.path().join("federation.toml");
        std::fs::write(&tree, self.tree().to_toml()).unwrap();
        trusted(&self.folder.path().join("keeper/public"), &tree)
    }

    /// The tree under which the nodes work.
    pub fn tree(&self) -> &Federation {
        &self.federation
    }

    /// What a third party makes of these files.
    pub fn judge(&self, files: &[(&str, &[u8])]) -> Judged {
        let given = files
            .iter()
            .map(|(name, bytes)| ((*name).to_owned(), bundle::read(bytes)))
            .collect();
        judge(given, &self.trusted(), clock::Clock::now(&*self.clock))
    }
}

fn open_log(me: RegionKey, dir: &Path) -> Log {
    let settings = LogSettings {
        dir: dir.to_owned(),
        node: me.to_string(),
        epoch: 1,
        segment_bytes_max: 1 << 20,
        verify: Verify::All,
        closed_at: None,
    };
    Log::open(Arc::new(RealDisk), settings).unwrap().0
}

fn trusted(folder: &Path, tree: &Path) -> Trusted {
    Trusted::load(folder, &[tree.to_owned()]).unwrap()
}

/// Position of the letter with this id.
pub fn letter(bundle: &Bundle, id: EnvelopeId) -> usize {
    let mut letters = bundle.letters.iter();
    letters.position(|one| one.envelope.id == id).unwrap()
}
