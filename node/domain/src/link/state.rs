//! What a node keeps of a link for ever: per lane, what was sent, acknowledged and received, with running hashes.

use super::conduct::Conduct;
use super::past::Shown;
use hotline_topology::{RegionKey, Time};

/// One direction pair of one lane.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LaneState {
    /// Highest number given to an outgoing envelope; numbers start at 1.
    pub sent: u64,
    /// Running hash up to `sent`.
    pub sent_hash: [u8; 32],
    /// Highest number the peer acknowledged.
    pub acked: u64,
    /// Running hash up to `acked`.
    pub acked_hash: [u8; 32],
    /// Highest number consumed from the peer: the mark.
    pub received: u64,
    /// Running hash up to `received`.
    pub received_hash: [u8; 32],
}

/// A link's lasting state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkState {
    /// The neighbour: the parent or a child.
    pub peer: RegionKey,
    /// The peer's epoch last seen in a hello; 0 before the first.
    pub peer_epoch: u64,
    /// Lanes in the order of [`crate::leg::Lane::ALL`].
    pub lanes: [LaneState; 3],
    /// Failed dials since the last contact: the persisted back-off.
    pub failures: u32,
    /// When the peer was last heard of, as of the last commit about the link.
    pub heard_at: Option<Time>,
    /// Why all lanes are refused (rollback or clone proven), until an operator reconciles.
    pub blocked: Option<String>,
    /// The wire version spoken with the peer as of its last hello; 0 before the first.
    pub peer_wire: u32,
    /// This node's lanes start again from 1 under its epoch, and the peer has not shown yet that it knows.
    pub restarting: bool,
    /// What it did that no honest neighbour does; `None`: nothing since people last looked.
    pub conduct: Option<Box<Conduct>>,
    /// Envelopes of it that are kept here, parked or set aside.
    pub kept: u32,
    /// Their payloads and fields, in bytes.
    pub kept_bytes: u64,
    /// What the peer showed of its own past; `None` before it did, and once the lanes start again: a restored disk
    /// rightly shows less.
    pub shown: Option<Shown>,
    /// How often this node's lanes began again from 1. A session is of the lanes that it opened on: numbers and hellos of
    /// an older one say nothing of these.
    pub restarts: u64,
}

impl LinkState {
    /// A link never used.
    #[must_use]
    pub fn new(peer: RegionKey) -> Self {
        Self {
            peer,
            peer_epoch: 0,
            lanes: [LaneState::default(); 3],
            failures: 0,
            heard_at: None,
            blocked: None,
            peer_wire: 0,
            restarting: false,
            conduct: None,
            kept: 0,
            kept_bytes: 0,
            shown: None,
            restarts: 0,
        }
    }
}

/// What became of a numbered envelope.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Consumption {
    /// Its content took effect here.
    Applied,
    /// A rule refused it; the author was answered, if a rule refuses more than a repetition.
    Refused {
        /// Name of the rule.
        rule: String,
    },
    /// Passed on towards its addressee.
    Relayed,
    /// Waits for a topology or policy version.
    Parked,
    /// Not understood; kept with an alarm.
    SetAside {
        /// Why.
        why: String,
    },
}
