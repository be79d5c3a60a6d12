//! One node: the product's kernel, signatures, log and form of records, driven by hand.

use super::keys::Keeper;
use super::place::federation;
use super::truth::{Row, Truth};
use hotline::clock::{Clock as _, ManualClock};
use hotline::codec::commit;
use hotline::codec::payload::Codec;
use hotline::identity::{NodeNotary, NodeTls};
use hotline::sealing::{KEY_BYTES, KeyPair};
use hotline::store::disk::SimDisk;
use hotline::store::log::{Log, LogReader, LogSettings, Verify};
use hotline_domain::evidence::{self, Letters, Signer as _, fingerprint};
use hotline_domain::kernel::{
    Action, Event, Gather, Group, Input, Now, World, epoch_after, fold_commit,
};
use hotline_domain::link::{Envelope, Message, Unreadable, Wire};
use hotline_domain::row::{Row as Kept, RowKey};
use hotline_domain::sealing::{Habits, NewKey, SignedKey, successor};
use hotline_domain::view::{MemoryView, Overlay, Rows as _, View as _};
use hotline_topology::{Federation, PolicyPack, RegionKey, Time};
use std::path::Path;
use std::sync::Arc;

/// Where the log lies on the node's disk.
const LOG: &str = "/node/log";
/// How a node keeps its keys for sealing: no life here is longer.
const HABITS: Habits = Habits {
    rotate_ms: 400 * 86_400_000,
    keep_ms: 86_400_000,
};

/// The codec, and whose word of a sealing key is believed.
struct Believing<'a>(&'a NodeTls);

impl Wire for Believing<'_> {
    fn encode(&self, message: &Message) -> Vec<u8> {
        Codec.encode(message)
    }

    fn decode(&self, kind: u32, payload: &[u8]) -> Result<Message, Unreadable> {
        Codec.decode(kind, payload)
    }

    fn salt(&self, payload: &mut Vec<u8>, salt: [u8; 16]) {
        Codec.salt(payload, salt);
    }

    fn genuine(&self, key: &SignedKey) -> Result<(), String> {
        self.0.believes(key)
    }
}

/// A node.
pub struct Node {
    /// Its region.
    pub me: RegionKey,
    /// Its rows.
    pub view: MemoryView,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    /// Its certificates.
    pub tls: Arc<NodeTls>,
    /// Signs and judges with them.
    pub notary: NodeNotary,
    /// Which copy of its disk it runs on.
    pub past: usize,
    disk: SimDisk,
    log: Log,
    tree: Arc<Federation>,
    packs: Vec<PolicyPack>,
    drawn: u64,
    salt: u8,
}

impl Node {
    /// A node with an empty disk. `refuses`: its tree was installed wrongly.
    #[must_use]
    pub fn new(
        me: RegionKey,
        keeper: &Keeper,
        truth: &mut Truth,
        now: Time,
        refuses: bool,
    ) -> Self {
        let clock = Arc::new(ManualClock::new(now));
        let tree = Arc::new(federation(refuses));
        let tls = keeper.tls(me, &tree, clock.clone());
        let disk = SimDisk::new();
        Self {
            me,
            view: MemoryView::default(),
            notary: NodeNotary::new(Arc::clone(&tls)),
            tls,
            clock,
            past: truth.begin(me, None),
            log: open(&disk, me),
            disk,
            tree,
            packs: vec![PolicyPack::default_pack()],
            drawn: 0,
            salt: me
                .as_bytes()
                .iter()
                .fold(0, |sum, byte| sum.wrapping_mul(31).wrapping_add(*byte)),
        }
    }

    /// How many commits its log has: what a backup made now holds.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.log.last_commit()
    }

    /// Its log, for reading.
    ///
    /// # Panics
    /// Never: the disk is in memory.
    #[must_use]
    pub fn reader(&self) -> LogReader {
        LogReader::open(Arc::new(self.disk.clone()), Path::new(LOG)).expect("a disk in memory")
    }

    /// What is asked of its log beside the commits.
    ///
    /// # Panics
    /// Never: the log is the node's own.
    #[must_use]
    pub fn letters(&self, ask: &Gather) -> Vec<Envelope> {
        let mut letters = Letters::of(&Codec, &ask.legs, &ask.spoken);
        for record in self.reader().read_from(1).expect("a disk in memory") {
            let record = record.expect("a disk in memory");
            let facts = commit::decode(&record.lasting)
                .expect("its own record")
                .facts;
            facts.into_iter().for_each(|fact| letters.take(fact));
        }
        letters.found()
    }

    /// One event, one commit: decided, signed, written down as truth, logged, shown.
    ///
    /// # Panics
    /// When the product fails where nothing is wrong.
    pub fn step(&mut self, input: Input, truth: &mut Truth) -> Vec<Action> {
        let now = Now {
            time: self.clock.now(),
            monotonic_ms: 0,
        };
        let wire = Believing(&self.tls);
        let world = World {
            me: self.me,
            federation: &self.tree,
            packs: &self.packs,
            wire: &wire,
            older: &[],
            examiner: &hotline_domain::world::NoDocuments,
            notary: &self.notary,
        };
        self.drawn += 1;
        let mut bits = [self.salt; 16];
        bits[..8].copy_from_slice(&self.drawn.to_be_bytes());
        let mut group = Group::new(&self.view, world, now).expect("rows in memory");
        group.step(Event { bits, input }).expect("rows in memory");
        let mut commit = group.finish().expect("rows in memory");
        let head = (self.log.last_commit(), self.log.hash());
        let epoch = epoch_after(
            self.view.node().expect("rows in memory").epoch,
            &commit.facts,
        );
        evidence::sign(&mut commit, self.me, &self.view, &self.notary, head).expect("a key");
        if !commit.facts.is_empty() {
            let row = Row {
                node: self.me,
                past: self.past,
                commit: head.0 + 1,
                at: commit.at,
                epoch,
                before: head.1,
                said: Vec::new(),
                heard: Vec::new(),
                restarted: false,
                certificate: fingerprint(&self.notary.chain()[0]),
            };
            truth.note(row, &commit.facts);
            let lasting = commit::encode(commit.at, &commit.facts);
            self.log.append(&lasting, &[]).expect("a disk in memory");
            self.log.sync().expect("a disk in memory");
            self.view.apply(commit.changes);
        }
        commit.actions
    }

    /// The disk as it is now, to be put back later.
    #[must_use]
    pub fn copy(&self) -> (SimDisk, u64) {
        (self.disk.copy(), self.log.last_commit())
    }

    /// The node goes on with another disk: a copy of its own as it stood after some commits, or an empty one.
    ///
    /// # Panics
    /// Never: the disk is in memory.
    pub fn put_back(&mut self, (disk, commits): (SimDisk, u64), truth: &mut Truth) {
        self.past = truth.begin(self.me, Some((self.past, commits)));
        self.disk = disk;
        self.log = open(&self.disk, self.me);
        self.view = MemoryView::default();
        for record in self.log.read_from(1).expect("a disk in memory") {
            let record = record.expect("a disk in memory");
            let told = commit::decode(&record.lasting).expect("its own record");
            let mut overlay = Overlay::new(&self.view);
            fold_commit(&mut overlay, self.me, told.at, &told.facts).expect("rows in memory");
            let changes = overlay.into_changes();
            self.view.apply(changes);
        }
        self.drawn += 1 << 32;
    }

    /// The secret of a slot for sealing.
    fn secret(&self, slot: u64) -> [u8; KEY_BYTES] {
        fingerprint(&[self.me.as_bytes(), &slot.to_be_bytes()[..]].concat())
    }

    /// A key of its own for sealing, where it has none.
    ///
    /// # Panics
    /// When its certificate's key cannot sign.
    #[must_use]
    pub fn sealing_key(&self) -> Option<Input> {
        let now = self.clock.now();
        let known = self
            .view
            .get(&RowKey::SealingKey(self.me))
            .expect("rows in memory");
        let last = match known {
            Some(Kept::SealingKey(signed)) => signed.key.no,
            _ => 0,
        };
        let own = self
            .view
            .get(&RowKey::OwnKey(last))
            .expect("rows in memory");
        if own.is_some() {
            return None;
        }
        let slot = u64::from(last) + 1;
        let public = KeyPair::derive(&self.secret(slot)).public;
        let (key, retire_at) = successor(self.me, last, public, HABITS, false, now);
        let signed = self.tls.state(key).expect("a key that signs");
        let new = NewKey {
            signed,
            slot,
            retire_at,
        };
        Some(Input::SealingKey {
            new: Box::new(new),
            reason: "首次启用".to_owned(),
        })
    }

    /// Its pair of a number, for opening what was sealed to it.
    #[must_use]
    pub fn pair(&self, no: u32) -> Option<KeyPair> {
        match self.view.get(&RowKey::OwnKey(no)).ok()? {
            Some(Kept::OwnKey(own)) => Some(KeyPair::derive(&self.secret(own.slot))),
            _ => None,
        }
    }
}

/// An empty disk.
#[must_use]
pub fn empty() -> (SimDisk, u64) {
    (SimDisk::new(), 0)
}

fn open(disk: &SimDisk, me: RegionKey) -> Log {
    let settings = LogSettings {
        dir: LOG.into(),
        node: me.to_string(),
        epoch: 1,
        segment_bytes_max: 1 << 20,
        verify: Verify::All,
        closed_at: None,
    };
    Log::open(Arc::new(disk.clone()), settings)
        .expect("a disk in memory")
        .0
}
