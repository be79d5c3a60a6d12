//! The links of a node: one gRPC stream to its parent, one from each child, each driven by its own task.
//!
//! ```text
//!            Links::perform (Acknowledge, Pump, Cut)            NodePort::submit (Envelope, Acked, Link)
//!   kernel ───────────────────────────► peer's task ─────────────────────────────────────────► kernel
//!                                       │ stream.rs drives domain::link::Session
//!   dial.rs (to the parent) ──stream──► │ fields.rs opens and seals personal fields
//!   service.rs (from children) ───────► │ outgoing.rs holds what waits for the transport
//! ```
//!
//! The rules of a link are in [`hotline_domain::link`]; here is only what moves bytes. A task never waits for a send or
//! a commit: acknowledgements and wishes of the kernel are states, not queues; inputs wait in one bounded queue a
//! neighbour. Streams end themselves when the node stops, or a graceful shutdown of the server would wait for ever.
//!
//! To add something that neighbours say: see [`hotline_domain::link::Session`].

mod dial;
mod fields;
mod outgoing;
mod peer;
mod port;
mod service;
mod status;
mod stream;
#[cfg(test)]
mod tests;

pub use dial::{Dial, words as failure};
pub use fields::{NotWhatItSays, Opened, SealFailed, Sealer, check_all, salted_hash, unsealed};
pub use peer::FRAME_BYTES_MAX;
pub use port::{NodePort, NodeStopped, Place, Side};
pub use service::{Caller, LinkService, certified};
pub use status::{LaneStatus, LinkStatus};

use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::sealing::Office;
use hotline_domain::kernel::Action;
use hotline_domain::link::{ByeCode, Limits, LinkState};
use hotline_domain::view::{Rows, ViewFailed};
use hotline_proto::link::v1::link_server::LinkServer;
use hotline_topology::{RegionKey, Time};
use peer::{Peer, Shared, Wire, lock};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What the links are built from.
pub struct Parts<P> {
    /// The node around them.
    pub port: Arc<P>,
    /// This node's keys.
    pub sealer: Arc<dyn Sealer>,
    /// Seals to far addressees, and opens what they sealed.
    pub office: Arc<Office>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Random bits for jitter.
    pub entropy: Box<dyn Entropy>,
    /// Bounds of every session.
    pub limits: Limits,
    /// How to reach the parent; `None` at the root.
    pub parent: Option<Dial>,
}

/// What comes of asking for a dial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialling {
    /// It is dialled now.
    Now,
    /// A stream stands already.
    Stands,
    /// It is below, and dials itself.
    FromBelow,
    /// It is no neighbour.
    Stranger,
}

/// All links of a node; a cheap handle.
pub struct Links<P> {
    shared: Arc<Shared<P>>,
    peers: Arc<Mutex<BTreeMap<RegionKey, Arc<Peer>>>>,
}

impl<P> Clone for Links<P> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            peers: Arc::clone(&self.peers),
        }
    }
}

impl<P: NodePort> Links<P> {
    /// Links that reach nobody yet. First whoever commits must have a way to [`Links::perform`], then [`Links::begin`]:
    /// of what came in before, no acknowledgement would go out, and nobody would ask for it again.
    #[must_use]
    pub fn new(parts: Parts<P>) -> Self {
        let Parts {
            port,
            sealer,
            office,
            clock,
            entropy,
            limits,
            parent,
        } = parts;
        let shared = Arc::new(Shared {
            port,
            sealer,
            office,
            clock,
            entropy: Mutex::new(entropy),
            limits,
            dial: parent,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        Self {
            shared,
            peers: Arc::default(),
        }
    }

    /// Starts dialling the parent; children are taken by [`Links::service`]. Must be called within a tokio runtime.
    pub fn begin(&self) {
        self.dial_parent();
    }

    /// Dials the parent of the topology in force; a former one is dialled no more.
    fn dial_parent(&self) {
        let above = self.place().parent;
        let mut peers = lock(&self.peers);
        peers.retain(|region, peer| {
            let former = peer.side == Side::Parent && above != Some(*region);
            // A child that became the parent is no longer waited for.
            let turned = peer.side == Side::Child && above == Some(*region);
            if former || turned {
                peer.stop.cancel();
            }
            !former && !turned
        });
        let (Some(above), Some(dial)) = (above, self.shared.dial.clone()) else {
            return;
        };
        if self.shared.stop.is_cancelled() || peers.contains_key(&above) {
            return;
        }
        let (peer, newer) = Peer::start(&self.shared, above, Side::Parent);
        peers.insert(above, Arc::clone(&peer));
        let dialling = dial::dial_for_ever(Arc::clone(&self.shared), peer, dial, newer);
        self.shared.tasks.spawn(dialling);
    }

    /// The service to mount beside others on the node's gRPC server. `caller` reads who is calling; in production
    /// [`certified`].
    #[must_use]
    pub fn service(&self, caller: Caller) -> LinkServer<LinkService<P>> {
        LinkService::server(self.clone(), caller)
    }

    /// Does what the kernel wants of a link: acknowledge, pump, cut. Never waits. Other actions, and those for a
    /// neighbour that has not called since the start, need nothing here.
    pub fn perform(&self, action: &Action) {
        let peer_of = |region: &RegionKey| lock(&self.peers).get(region).cloned();
        match action {
            Action::Acknowledge {
                peer,
                lane,
                upto,
                hash,
            } => {
                if let Some(peer) = peer_of(peer) {
                    peer.acknowledge(*lane, *upto, *hash);
                }
            }
            Action::Pump { peer } => {
                if let Some(peer) = peer_of(peer) {
                    peer.pump();
                }
            }
            Action::Cut { peer, why } => {
                if let Some(peer) = peer_of(peer) {
                    peer.cut(None, why.clone());
                }
            }
            Action::Answer { .. }
            | Action::Alarm { .. }
            | Action::DestroyKey { .. }
            | Action::Gather(_)
            | Action::WorldChanged => {}
        }
    }

    /// The topology in force changed: streams of former neighbours end, a new parent is dialled.
    pub fn place_changed(&self) {
        let place = self.place();
        let peers: Vec<_> = lock(&self.peers).values().cloned().collect();
        for peer in peers {
            if place.side(peer.region) != Some(peer.side) {
                let why = format!(
                    "按第 {} 版拓扑，{} 与 {} 不再直接相连",
                    place.topology_version, peer.region, place.me
                );
                peer.cut(Some(ByeCode::NotNeighbour), why);
            }
        }
        self.dial_parent();
    }

    /// Dials the parent now instead of waiting; for the operator, and after a link was re-opened.
    pub fn retry_now(&self) {
        for peer in lock(&self.peers).values() {
            peer.retry.notify_one();
        }
    }

    /// Dials a neighbour now instead of waiting, for its operator.
    #[must_use]
    pub fn dial_now(&self, region: RegionKey) -> Dialling {
        let place = self.place();
        match place.side(region) {
            None => return Dialling::Stranger,
            Some(Side::Child) => return Dialling::FromBelow,
            Some(Side::Parent) => {}
        }
        let peers = lock(&self.peers);
        let Some(peer) = peers.get(&region) else {
            return Dialling::Stranger;
        };
        if lock(&peer.live).connected_since.is_some() {
            return Dialling::Stands;
        }
        peer.retry.notify_one();
        Dialling::Now
    }

    /// How every link stands, those of children that have not called yet included.
    ///
    /// # Errors
    /// The view cannot be read.
    pub fn status(&self) -> Result<Vec<LinkStatus>, ViewFailed> {
        let place = self.place();
        let view = self.shared.port.view();
        let peers = lock(&self.peers).clone();
        let neighbours = place.parent.iter().chain(&place.children);
        let mut all: BTreeMap<RegionKey, LinkStatus> = BTreeMap::new();
        for region in neighbours.chain(peers.keys()) {
            let link: LinkState = view.link(*region)?;
            let (side, live) = match peers.get(region) {
                Some(peer) => (peer.side, lock(&peer.live).clone()),
                None => (
                    place.side(*region).unwrap_or(Side::Child),
                    Default::default(),
                ),
            };
            all.insert(*region, LinkStatus::of(&link, side, &live));
        }
        Ok(all.into_values().collect())
    }

    /// Ends all streams with a farewell and waits until their tasks are gone.
    pub async fn stop(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }

    /// Until when nothing of a neighbour is taken.
    fn quarantined_until(&self, region: RegionKey) -> Option<Time> {
        let now = self.shared.clock.now();
        let link = self.shared.port.view().link(region).ok()?;
        link.conduct.filter(|it| it.quarantined(now))?.until
    }

    fn place(&self) -> Place {
        self.shared.port.place()
    }

    /// The task of a child, started on its first call. `None` when the node stops.
    fn child(&self, region: RegionKey) -> Option<Arc<Peer>> {
        if self.shared.stop.is_cancelled() {
            return None;
        }
        let mut peers = lock(&self.peers);
        if let Some(peer) = peers.get(&region) {
            return Some(Arc::clone(peer));
        }
        let (peer, newer) = Peer::start(&self.shared, region, Side::Child);
        peers.insert(region, Arc::clone(&peer));
        let serving = serve(Arc::clone(&self.shared), Arc::clone(&peer), newer);
        self.shared.tasks.spawn(serving);
        Some(peer)
    }
}

/// Runs the streams of a child one after the other; the newest wins.
async fn serve<P: NodePort>(
    shared: Arc<Shared<P>>,
    peer: Arc<Peer>,
    mut newer: mpsc::Receiver<Wire>,
) {
    let mut next = None;
    loop {
        let wire = match next.take() {
            Some(wire) => wire,
            None => tokio::select! {
                biased;
                () = peer.stop.cancelled() => return,
                wire = newer.recv() => match wire {
                    Some(wire) => wire,
                    None => return,
                },
            },
        };
        next = stream::run(&shared, &peer, wire, &mut newer).await.next;
    }
}
