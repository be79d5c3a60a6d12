//! What the links need of the node around them.

use hotline_domain::figures::Watermark;
use hotline_domain::kernel::Input;
use hotline_domain::leg::Lane;
use hotline_domain::link::Envelope;
use hotline_domain::view::View;
use hotline_topology::{Federation, RegionKey, Time};
use std::future::Future;
use std::sync::Arc;

/// The node takes no more input: it stops, or its store failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("节点已停止接收输入")]
pub struct NodeStopped;

/// The node as the links see it: the kernel's inbox, committed rows, place in the tree.
///
/// The other way round the node hands [`hotline_domain::kernel::Action::Acknowledge`], `Pump` and `Cut` to
/// [`super::Links::perform`], once their commit is durable and visible in [`NodePort::view`].
pub trait NodePort: Send + Sync + 'static {
    /// Queues an input for the kernel, waiting for room; inputs of one caller keep their order. That it is queued says
    /// nothing about its commit.
    ///
    /// # Errors
    /// The node stops.
    fn submit(&self, input: Input) -> impl Future<Output = Result<(), NodeStopped>> + Send;

    /// The committed rows, now.
    fn view(&self) -> Arc<dyn View + Send + Sync>;

    /// The node's place, by the topology in force now.
    fn place(&self) -> Place;

    /// Up to where this node's own figures are complete; travels with heartbeats.
    fn watermark(&self) -> Option<Watermark>;

    /// An envelope goes out on the stream to a neighbour; for telemetry.
    fn sent(&self, _peer: RegionKey, _lane: Lane, _seq: u64, _envelope: &Envelope) {}

    /// A neighbour stated its time (to find a clock in doubt) and perhaps its watermark.
    fn heard(&self, peer: RegionKey, time: Time, watermark: Option<Watermark>);
}

/// Which side of an edge a neighbour is on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// The superior: this node dials it.
    Parent,
    /// A direct subordinate: it dials.
    Child,
}

/// A node and its direct neighbours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// This node.
    pub me: RegionKey,
    /// Version of the topology.
    pub topology_version: u32,
    /// The node above.
    pub parent: Option<RegionKey>,
    /// The nodes directly below, ascending.
    pub children: Vec<RegionKey>,
    /// Nodes that were directly below and have not learned of the version that moved them: they may still call.
    pub former: Vec<RegionKey>,
}

impl Place {
    /// The place of a node in a federation. Regions without a node are stepped over.
    #[must_use]
    pub fn of(federation: &Federation, me: RegionKey) -> Self {
        let above = |region| {
            let parent = federation.parent(region)?;
            federation.node_for(parent)
        };
        let children = federation.regions().values();
        let children = children
            .filter(|region| region.node && above(region.key) == Some(me))
            .map(|region| region.key);
        Self {
            me,
            topology_version: federation.version(),
            parent: above(me),
            children: children.collect(),
            former: Vec::new(),
        }
    }

    /// Which neighbour a region is; `None` for all others.
    #[must_use]
    pub fn side(&self, region: RegionKey) -> Option<Side> {
        if self.parent == Some(region) {
            Some(Side::Parent)
        } else if self.children.contains(&region) || self.former.contains(&region) {
            Some(Side::Child)
        } else {
            None
        }
    }
}
