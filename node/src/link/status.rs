//! How the links stand, for the operator.

use hotline_domain::leg::Lane;
use hotline_domain::link::{Conduct, Credit, LaneProgress, LinkState, SessionStage};
use hotline_topology::{RegionKey, Time};

use super::port::Side;

/// One link as the operator sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkStatus {
    /// The neighbour.
    pub peer: RegionKey,
    /// Above or below.
    pub side: Side,
    /// Where the stream stands; `None` without one.
    pub stage: Option<SessionStage>,
    /// Since when the stream stands, by this node's clock.
    pub connected_since: Option<Time>,
    /// When the neighbour was last heard; from the log where that was before this start.
    pub heard_at: Option<Time>,
    /// The neighbour's epoch, last seen.
    pub peer_epoch: u64,
    /// The neighbour's topology version, seen on this or the last stream of this start.
    pub peer_topology: Option<u32>,
    /// The wire version spoken with the neighbour, as of the last stream; 0 before the first.
    pub wire: u32,
    /// Lanes, by position of [`Lane::ALL`].
    pub lanes: [LaneStatus; 3],
    /// Failed dials since the last contact.
    pub failures: u32,
    /// When the next dial is due; only while this node waits to dial.
    pub next_try_at: Option<Time>,
    /// Why the last stream ended or the last dial failed.
    pub last_error: Option<String>,
    /// Why all lanes are refused, until an operator re-opens the link.
    pub blocked: Option<String>,
    /// What it did that no honest neighbour does.
    pub conduct: Option<Box<Conduct>>,
    /// Envelopes of it that are kept, parked or set aside.
    pub kept: u32,
    /// Their bytes.
    pub kept_bytes: u64,
}

/// One lane of a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LaneStatus {
    /// Which lane.
    pub lane: Lane,
    /// Highest number in the outbox's history.
    pub sent: u64,
    /// Highest number that the neighbour acknowledged; the rest waits.
    pub acked: u64,
    /// Highest number consumed from the neighbour.
    pub received: u64,
    /// Credit left for sending; zero without a stream.
    pub credit: Credit,
}

/// What only the running stream knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Live {
    pub stage: Option<SessionStage>,
    pub connected_since: Option<Time>,
    pub heard_at: Option<Time>,
    pub peer_topology: Option<u32>,
    pub wire: Option<u32>,
    pub progress: Option<[LaneProgress; 3]>,
    pub failures: Option<u32>,
    pub next_try_at: Option<Time>,
    pub last_error: Option<String>,
}

impl LinkStatus {
    pub(super) fn of(link: &LinkState, side: Side, live: &Live) -> Self {
        let lane = |lane: Lane| {
            let state = &link.lanes[lane.index()];
            LaneStatus {
                lane,
                sent: state.sent,
                acked: state.acked,
                received: state.received,
                credit: live
                    .progress
                    .map_or_else(Credit::default, |lanes| lanes[lane.index()].credit),
            }
        };
        Self {
            peer: link.peer,
            side,
            stage: live.stage,
            connected_since: live.connected_since,
            heard_at: live.heard_at.max(link.heard_at),
            peer_epoch: link.peer_epoch,
            peer_topology: live.peer_topology,
            wire: live.wire.unwrap_or(link.peer_wire),
            lanes: Lane::ALL.map(lane),
            failures: live.failures.unwrap_or(link.failures),
            next_try_at: live.next_try_at,
            last_error: live.last_error.clone(),
            blocked: link.blocked.clone(),
            conduct: link.conduct.clone(),
            kept: link.kept,
            kept_bytes: link.kept_bytes,
        }
    }
}
