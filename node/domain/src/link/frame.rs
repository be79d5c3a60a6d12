//! Frames: all that two neighbours say to each other on a link's stream.
//!
//! Either side opens with a [`Hello`]; nothing else is taken before it. Envelopes need credit; acknowledgements,
//! credit, heartbeats and the farewell always pass.

use super::envelope::Envelope;
use super::past::{Past, Shown};
use super::state::LaneState;
use crate::figures::Watermark;
use crate::leg::Lane;
use hotline_topology::{RegionKey, Time};

/// Version of the frames' meaning that this program speaks. What came with it: see [`super::MessageKind::since`].
pub const WIRE_VERSION: u32 = 3;
/// Oldest version that this program still speaks: a rolling upgrade spans two releases.
pub const WIRE_OLDEST: u32 = 1;

/// The version that two neighbours speak with each other: the lower of what either speaks at most. What a newer version
/// brought is not sent below it.
#[must_use]
pub fn wire_spoken(hello: &Hello) -> u32 {
    WIRE_VERSION.min(hello.wire_version)
}

/// One thing said on a link's stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Frame {
    /// The first frame of either side.
    Hello(Box<Hello>),
    /// The next numbered envelope of a lane.
    Envelope {
        /// Which lane.
        lane: Lane,
        /// Number on the lane, without gaps.
        seq: u64,
        /// Running hash of the lane up to it.
        hash: [u8; 32],
        /// What the sender used of the lane's credit since the hello, this envelope included.
        spent: Credit,
        /// The envelope.
        envelope: Box<Envelope>,
        /// The certificates of its author's signature, in DER without the root: beside the first envelope of the stream
        /// and lane that was signed with them, else empty.
        chain: Vec<Vec<u8>>,
    },
    /// Everything of a lane up to a number would survive a power cut.
    Ack {
        /// Which lane.
        lane: Lane,
        /// Up to and with this number.
        upto: u64,
        /// Running hash up to it.
        hash: [u8; 32],
    },
    /// What may be spent in all since the hello, by position of [`Lane::ALL`]; never less than granted before.
    Credit([Credit; 3]),
    /// The sender is alive.
    Heartbeat {
        /// The sender's time, to notice a clock in doubt.
        time: Time,
        /// Up to where the sender's own figures are complete.
        watermark: Option<Watermark>,
        /// Number of the sender's last durable commit; 0 where it does not tell.
        log_no: u64,
    },
    /// The last frame: why the sender closes the stream.
    Bye {
        /// For programs.
        code: ByeCode,
        /// For the operator at the other end.
        text: String,
    },
}

/// What a side states when a stream opens: the state of its log at that moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hello {
    /// Version of the frames spoken; see [`WIRE_VERSION`].
    pub wire_version: u32,
    /// Oldest version still spoken; see [`WIRE_OLDEST`].
    pub wire_oldest: u32,
    /// The speaker's region; must be the certified one.
    pub region: RegionKey,
    /// The speaker's epoch.
    pub epoch: u64,
    /// The listener's epoch as the speaker remembers it; 0 if they never met.
    pub peer_epoch: u64,
    /// Topology version in force at the speaker.
    pub topology_version: u32,
    /// The speaker's time.
    pub time: Time,
    /// Per lane, as the speaker's log has it: sent, acknowledged by the listener, received from the listener.
    pub lanes: [LaneState; 3],
    /// The speaker's lanes with the listener start again from 1 under its epoch: it was restored on purpose, or people
    /// re-opened the link. A listener that knows an older epoch only starts its own again, too.
    pub restarting: bool,
    /// The speaker's own past.
    pub past: Past,
    /// What the listener last showed of its past, as the speaker keeps it.
    pub shown: Option<Shown>,
    /// The speaker refuses the link and takes nothing but the announcement of a restart. It says hello all the same, for
    /// what may speak against the listener and reached it by no earlier stream.
    pub refused: bool,
}

/// An amount of credit, or of what was spent of it, counted since the hello.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Credit {
    /// Envelopes.
    pub messages: u64,
    /// Bytes, as [`cost`] counts them.
    pub bytes: u64,
}

impl Credit {
    /// Whether this much fits into `limit`.
    #[must_use]
    pub fn within(self, limit: Credit) -> bool {
        self.messages <= limit.messages && self.bytes <= limit.bytes
    }

    /// Both amounts added.
    #[must_use]
    pub fn plus(self, more: Credit) -> Credit {
        Credit {
            messages: self.messages.saturating_add(more.messages),
            bytes: self.bytes.saturating_add(more.bytes),
        }
    }

    /// Both amounts subtracted, not below zero.
    #[must_use]
    pub fn minus(self, less: Credit) -> Credit {
        Credit {
            messages: self.messages.saturating_sub(less.messages),
            bytes: self.bytes.saturating_sub(less.bytes),
        }
    }
}

/// The most bytes one envelope is charged with, so that none is too large for a window for ever. How large an envelope
/// may be at all is the transport's limit.
pub const COST_MAX: u64 = 1 << 20;
/// What an envelope is charged with besides payload and fields.
const COST_BASE: u64 = 256;

/// How much longer a payload is once sealed to its addressee, at most: key, tag, lengths.
const COST_SEALED: u64 = 96;
/// How much longer a field is inside a sealed payload than its stored ciphertext, at most: name, hash, salt, lengths.
const COST_FIELD: u64 = 64;

/// Bytes of credit that an envelope uses, as its sender counts them. The receiver goes by the sender's count, because
/// their ciphertexts may differ in length. It covers the sealed form, too, which the link makes as it sends.
#[must_use]
pub fn cost(envelope: &Envelope) -> u64 {
    let fields: u64 = envelope
        .fields
        .iter()
        .map(|field| field.ciphertext.len() as u64 + COST_FIELD)
        .sum();
    cost_least(envelope)
        .saturating_add(COST_SEALED)
        .saturating_add(fields)
        .min(COST_MAX)
}

/// The least that an envelope can honestly be charged with: fields left out.
#[must_use]
pub fn cost_least(envelope: &Envelope) -> u64 {
    COST_BASE
        .saturating_add(envelope.payload.len() as u64)
        .min(COST_MAX)
}

/// Why a side closes a stream.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ByeCode {
    /// The node stops.
    Shutdown,
    /// A newer stream of the same neighbour took over.
    Replaced,
    /// No common wire version.
    WireVersion,
    /// The listener was proven rolled back or cloned.
    YouRolledBack,
    /// The speaker found itself rolled back or cloned.
    IRolledBack,
    /// The link stays refused until the speaker's operator re-opens it.
    Blocked,
    /// The listener is not the speaker's parent or child.
    NotNeighbour,
    /// The listener skipped a number.
    Gap,
    /// The running hash of an envelope does not follow.
    HashMismatch,
    /// The listener sent beyond its credit.
    OverCredit,
    /// The listener was silent too long.
    Silent,
    /// The listener broke the order of frames or contradicted itself.
    Protocol,
    /// The speaker's store fails.
    Unwell,
}

impl ByeCode {
    /// Every code.
    pub const ALL: [ByeCode; 13] = [
        ByeCode::Shutdown,
        ByeCode::Replaced,
        ByeCode::WireVersion,
        ByeCode::YouRolledBack,
        ByeCode::IRolledBack,
        ByeCode::Blocked,
        ByeCode::NotNeighbour,
        ByeCode::Gap,
        ByeCode::HashMismatch,
        ByeCode::OverCredit,
        ByeCode::Silent,
        ByeCode::Protocol,
        ByeCode::Unwell,
    ];

    /// Whether a person has to look: dialling again will not mend it.
    #[must_use]
    pub fn needs_person(self) -> bool {
        match self {
            ByeCode::Shutdown | ByeCode::Replaced | ByeCode::Silent | ByeCode::Unwell => false,
            ByeCode::WireVersion
            | ByeCode::YouRolledBack
            | ByeCode::IRolledBack
            | ByeCode::Blocked
            | ByeCode::NotNeighbour
            | ByeCode::Gap
            | ByeCode::HashMismatch
            | ByeCode::OverCredit
            | ByeCode::Protocol => true,
        }
    }
}
