//! The promises, one a file. Those of the first five and the eighth are looked at after every durable commit, by what
//! the commit changed; figures and liveness once faults have stopped and queues are quiet.
//!
//! | no | promise | clause of the design | file |
//! |---|---|---|---|
//! | 0 | what was durable stays, and folds to what was running | store | `durable.rs` |
//! | 1 | an accepted matter is never lost; one body answers for each leg | custody | `custody.rs` |
//! | 1 | what a superior orders is on record with itself and both ends of the leg | custody | `orders.rs` |
//! | 2 | a message takes effect once; nothing unsafe is acknowledged; no id or number twice | exactly once | `once.rs` |
//! | 3 | every open leg has a deadline that fires | deadlines | `deadlines.rs` |
//! | 4 | one lead a term, and the matter closes after its co-handlers | first receiver | `lead.rs` |
//! | 5 | fields stay where their edges keep them; nothing personal in the clear | locality | `locality.rs` |
//! | 5 | what was erased does not come back | deletion | `erased.rs` |
//! | 5 | no text is opened without its reading on record | reading | `readings.rs` |
//! | 6 | a superior's figures equal a recount | figures | `figures.rs` |
//! | 7 | each hand-over is signed and receipted over what travelled | evidence | `evidence.rs` |
//! | 7 | every neighbour holds the newest day of every neighbour, and honest nodes show one log | evidence | `days.rs` |
//! | 8 | what a peer has no right to is refused | authority | `authority.rs` |
//! | 9 | when faults stop, everything ends | liveness | `liveness.rs` |

mod authority;
mod custody;
mod days;
mod deadlines;
mod durable;
mod erased;
mod evidence;
mod figures;
mod lead;
mod liveness;
mod locality;
mod once;
mod orders;
mod readings;

use crate::sim::node::Node;
use crate::sim::places::Place;
use hotline_domain::command::Command;
use hotline_domain::fact::Fact;
use hotline_domain::id::EnvelopeId;
use hotline_domain::link::Envelope;
use hotline_domain::row::{Done, Row, RowKey};
use hotline_topology::{RegionKey, Time};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// All nodes of the simulation.
pub type Nodes = BTreeMap<RegionKey, Node>;

/// A durable commit.
pub struct Seen<'a> {
    /// The nodes; the author's view shows the commit already.
    pub nodes: &'a Nodes,
    /// Its author.
    pub me: RegionKey,
    /// Its number in the author's log.
    pub no: u64,
    /// The author's time of it.
    pub at: Time,
    /// Its facts.
    pub facts: &'a [Fact],
    /// The rows that it changed; empty where it was only found at a recovery.
    pub changed: &'a [RowKey],
    /// The node whose disk was rolled back, if one was.
    pub rolled: Option<RegionKey>,
}

impl<'a> Seen<'a> {
    /// The author.
    #[must_use]
    pub fn node(&self) -> &'a Node {
        &self.nodes[&self.me]
    }
}

/// A broken promise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Which: its first line.
    pub promise: &'static str,
    /// Where it showed.
    pub node: RegionKey,
    /// When, in simulated milliseconds.
    pub at: i64,
    /// What was seen.
    pub words: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (node, at) = (self.node, Time(self.at));
        write!(
            f,
            "broken at {node}, {at}: {}: {}",
            self.promise, self.words
        )
    }
}

/// One promise and what it remembers.
pub trait Promise: Send {
    /// Its words.
    fn words(&self) -> &'static str;

    /// A commit became durable.
    ///
    /// # Errors
    /// What breaks the promise.
    fn committed(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let _ = seen;
        Ok(())
    }

    /// A node came back; its view shows all that is durable.
    ///
    /// # Errors
    /// What breaks the promise.
    fn recovered(
        &mut self,
        nodes: &Nodes,
        me: RegionKey,
        rolled: Option<RegionKey>,
    ) -> Result<(), String> {
        let _ = (nodes, me, rolled);
        Ok(())
    }

    /// An envelope with fields goes out, these opened.
    ///
    /// # Errors
    /// What breaks the promise.
    fn left(&mut self, from: RegionKey, envelope: &Envelope) -> Result<(), String> {
        let _ = (from, envelope);
        Ok(())
    }

    /// An envelope arrived with its fields in the clear, before the kernel saw it.
    ///
    /// # Errors
    /// What breaks the promise.
    fn arrived(
        &mut self,
        from: RegionKey,
        to: RegionKey,
        envelope: &Envelope,
    ) -> Result<(), String> {
        let _ = (from, to, envelope);
        Ok(())
    }

    /// Bytes go to a disk or a wire.
    ///
    /// # Errors
    /// What breaks the promise.
    fn written(&mut self, bytes: &[u8]) -> Result<(), String> {
        let _ = bytes;
        Ok(())
    }

    /// A person was told that something was done.
    fn told(&mut self, me: RegionKey, done: &Done) {
        let _ = (me, done);
    }

    /// A person was shown what they asked to read.
    ///
    /// # Errors
    /// What breaks the promise.
    fn opened(&mut self, me: RegionKey, command: &Command) -> Result<(), String> {
        let _ = (me, command);
        Ok(())
    }

    /// An envelope left that its sender had no right to.
    fn forged(&mut self, id: EnvelopeId) {
        let _ = id;
    }

    /// A newer version of the tree is given out; nodes take it into force one after the other.
    fn reorganised(&mut self, place: &Arc<Place>) {
        let _ = place;
    }

    /// A disk was rolled back.
    fn rolled_back(&mut self, nodes: &Nodes, me: RegionKey) {
        let _ = (nodes, me);
    }

    /// Faults have stopped and everybody had time.
    ///
    /// # Errors
    /// What breaks the promise.
    fn ended(
        &mut self,
        nodes: &Nodes,
        rolled: Option<RegionKey>,
    ) -> Result<(), (RegionKey, String)> {
        let _ = (nodes, rolled);
        Ok(())
    }
}

/// Every promise, fresh, for a federation.
#[must_use]
pub fn all(place: &Arc<Place>) -> Vec<Box<dyn Promise>> {
    vec![
        Box::<durable::Durable>::default(),
        Box::<custody::Custody>::default(),
        Box::<orders::Orders>::default(),
        Box::<once::Once>::default(),
        Box::new(deadlines::Deadlines),
        Box::<lead::OneLead>::default(),
        Box::new(locality::Locality::new(place)),
        Box::<erased::Erased>::default(),
        Box::<readings::Readings>::default(),
        Box::new(figures::Figures(place.clone())),
        Box::<evidence::Evidence>::default(),
        Box::new(days::Days),
        Box::<authority::Authority>::default(),
        Box::<liveness::Liveness>::default(),
    ]
}

/// What waits for something at its addressee, and is answered when it has waited long enough.
fn waiting(nodes: &Nodes) -> Vec<EnvelopeId> {
    let mut waiting = Vec::new();
    for node in nodes.values() {
        let kept = [RowKey::Kept(0), RowKey::Kept(u64::MAX)];
        let [from, to] = kept;
        waiting.extend(node.view.range(from, to).filter_map(|(_, row)| match row {
            Row::Kept(kept) if kept.until.is_some() => Some(kept.envelope.id),
            _ => None,
        }));
    }
    waiting
}

/// Whether what waited for a key leaves, under its id or, after a restore, another: what is sealed is salted.
fn queued(facts: &[Fact], payload: &[u8]) -> bool {
    let is_it =
        |fact: &Fact| matches!(fact, Fact::Queued { envelope, .. } if envelope.payload == payload);
    facts.iter().any(is_it)
}
