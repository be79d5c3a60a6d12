//! The world as the node knows it now: place, federation, packs. Replaced as a whole on reload.

use crate::codec::payload::Codec;
use crate::identity::NodeTls;
use arc_swap::ArcSwap;
use hotline_domain::evidence::Nobody;
use hotline_domain::kernel::World;
use hotline_domain::link::{Message, Unreadable, Wire};
use hotline_domain::sealing::SignedKey;
use hotline_domain::world::{Examiner, NoDocuments};
use hotline_topology::{Federation, PolicyPack, RegionKey};
use std::sync::{Arc, OnceLock};

/// One version of the world.
#[derive(Debug)]
pub struct Known {
    /// The federation in force.
    pub federation: Federation,
    /// The packs known, the one in force last; never empty.
    pub packs: Vec<PolicyPack>,
    /// Earlier versions of the federation, oldest first.
    pub older: Vec<Federation>,
}

/// The node's place and the versions in force; shared by all tasks.
pub struct Surroundings {
    me: RegionKey,
    known: ArcSwap<Known>,
    wire: NodeWire,
    /// Set once certificates are there; nothing is believed before.
    examiner: OnceLock<Box<dyn Examiner + Send + Sync>>,
}

/// The codec, and the node's judgement of signed keys.
#[derive(Debug, Default)]
struct NodeWire(OnceLock<Arc<NodeTls>>);

impl Wire for NodeWire {
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
        match self.0.get() {
            Some(tls) => tls.believes(key),
            None => Codec.genuine(key),
        }
    }
}

impl Surroundings {
    /// The world at start.
    #[must_use]
    pub fn new(me: RegionKey, known: Known) -> Self {
        Self {
            me,
            known: ArcSwap::from_pointee(known),
            wire: NodeWire::default(),
            examiner: OnceLock::new(),
        }
    }

    /// Lets documents be examined from now on.
    pub fn believe(&self, examiner: Box<dyn Examiner + Send + Sync>) {
        // Set once, at the node's start.
        drop(self.examiner.set(examiner));
    }

    /// The certificates by which signed keys are judged; set once, at the node's start.
    pub fn trust(&self, tls: Arc<NodeTls>) {
        drop(self.wire.0.set(tls));
    }

    /// This node.
    #[must_use]
    pub fn me(&self) -> RegionKey {
        self.me
    }

    /// What is in force now.
    #[must_use]
    pub fn known(&self) -> Arc<Known> {
        self.known.load_full()
    }

    /// Takes a new version into force.
    pub fn replace(&self, known: Known) {
        self.known.store(Arc::new(known));
    }

    /// The kernel's world over a version that the caller holds; whoever takes envelopes in puts a notary into it.
    #[must_use]
    pub fn world<'a>(&'a self, known: &'a Known) -> World<'a> {
        World {
            me: self.me,
            federation: &known.federation,
            packs: &known.packs,
            wire: &self.wire,
            older: &known.older,
            examiner: match self.examiner.get() {
                Some(examiner) => &**examiner,
                None => &NoDocuments,
            },
            notary: &Nobody,
        }
    }
}
