//! Events in, actions out.

use crate::attachment::AttachmentId;
use crate::command::Command;
use crate::fact::Fact;
use crate::id::{LegId, MatterId};
use crate::leg::Lane;
use crate::link::{Envelope, Offence, Shown};
use crate::refusal::Refusal;
use crate::row::{Done, Row, RowKey};
use crate::sealing::NewKey;
use hotline_topology::{RegionKey, Time};

/// An input with the 128 random bits the shell drew for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// Random bits; all ids of the step are made of them.
    pub bits: [u8; 16],
    /// What came in.
    pub input: Input,
}

/// What can come in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// The log was put back to an older state, as its folder's mark says; before [`Input::Start`].
    Restored {
        /// Which restore: taken up once.
        id: [u8; 16],
    },
    /// The node started.
    Start,
    /// A person's command; the ticket names where the answer goes.
    Command {
        /// Chosen by the shell, returned with the answer.
        ticket: u64,
        /// The command.
        command: Box<Command>,
    },
    /// The next numbered envelope of a peer. The shell has sealed its fields and checked them against their hashes.
    Envelope {
        /// Which peer, as certified.
        peer: RegionKey,
        /// Lane.
        lane: Lane,
        /// Number on the lane.
        seq: u64,
        /// The envelope.
        envelope: Box<Envelope>,
    },
    /// The certificates of an envelope's author came with it, ahead of it.
    Introduced {
        /// Whose.
        author: RegionKey,
        /// In DER: the author's certificate, then the authorities' up to, but without, the root.
        chain: Vec<Vec<u8>>,
    },
    /// What a session brought, with the count of [`crate::link::LinkState::restarts`] that it opened on. Once the lanes
    /// began again it changes nothing: its numbers are of a history that was given up, and its hello was judged by it.
    OfSession {
        /// Which peer, as certified.
        peer: RegionKey,
        /// As of the session's opening.
        restarts: u64,
        /// What it brought.
        input: Box<Input>,
    },
    /// The peer acknowledged.
    Acked {
        /// Which peer.
        peer: RegionKey,
        /// Lane.
        lane: Lane,
        /// Up to and with this number.
        upto: u64,
    },
    /// The link session's news: a hello judged, a dial failed.
    Link {
        /// Which peer.
        peer: RegionKey,
        /// What happened.
        news: LinkNews,
    },
    /// A stream of the peer ended, or a frame of it was refused, for what no honest node does.
    Misconduct {
        /// Which peer.
        peer: RegionKey,
        /// What it did.
        offence: Offence,
        /// In words.
        what: String,
    },
    /// The earliest timer is due.
    Tick,
    /// The topology or pack in force changed: links are fitted to it, kept envelopes may be taken up.
    WorldChanged,
    /// The shell made a key for sealing, because there is none or the last one is old.
    SealingKey {
        /// The key.
        new: Box<NewKey>,
        /// Why.
        reason: String,
    },
    /// Another node, entitled to it, began to fetch an attachment.
    AttachmentFetched {
        /// The matter.
        matter: MatterId,
        /// Which.
        id: AttachmentId,
        /// By which leg.
        leg: LegId,
        /// Who.
        by: RegionKey,
    },
    /// The log was read for [`Action::Gather`].
    Gathered {
        /// As in the action.
        ask: Gather,
        /// What was found, in the log's order.
        letters: Vec<Envelope>,
    },
    /// The clock was found in doubt.
    ClockDoubt {
        /// Why.
        why: String,
    },
}

impl Input {
    /// What came in, whichever session brought it.
    #[must_use]
    pub fn bare(&self) -> &Input {
        match self {
            Self::OfSession { input, .. } => input.bare(),
            other => other,
        }
    }
}

/// Letters that are needed out of the log, see [`crate::evidence::Letters`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gather {
    /// For whom.
    pub peer: RegionKey,
    /// For which of its questions.
    pub no: u64,
    /// From which leg on that question is answered now.
    pub from: LegId,
    /// Of which legs others' letters.
    pub legs: Vec<LegId>,
    /// Of which legs between others this node's own.
    pub spoken: Vec<LegId>,
}

/// News of a link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LinkNews {
    /// The peer's hello fits what is remembered.
    Met {
        /// The peer's epoch.
        epoch: u64,
        /// The wire version spoken with it from now on.
        wire: u32,
        /// What it showed of its own past.
        shown: Option<Shown>,
    },
    /// The peer's lanes start again under a higher epoch: it was restored, or its people re-opened the link.
    PeerRestarted {
        /// Its epoch.
        epoch: u64,
    },
    /// A dial failed.
    DialFailed,
    /// The peer proved rolled back or cloned: all lanes are refused.
    PeerRolledBack {
        /// The evidence in words.
        why: String,
    },
    /// This node proved rolled back: it takes a higher epoch and sends nothing.
    SelfRolledBack {
        /// The evidence in words.
        why: String,
        /// The highest epoch of this node that the peer has met: the new one lies above it and above the own.
        seen_epoch: u64,
    },
}

/// What the shell does after the group is durable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Answer a command.
    Answer {
        /// As given with the command.
        ticket: u64,
        /// The answer.
        answer: Result<Done, Refusal>,
    },
    /// The lane's mark moved: acknowledge.
    Acknowledge {
        /// Whom.
        peer: RegionKey,
        /// Lane.
        lane: Lane,
        /// Up to and with this number.
        upto: u64,
        /// Running hash up to it.
        hash: [u8; 32],
    },
    /// The outbox of a peer grew.
    Pump {
        /// Whose.
        peer: RegionKey,
    },
    /// Close the peer's stream.
    Cut {
        /// Whose.
        peer: RegionKey,
        /// Why.
        why: String,
    },
    /// Overwrite a slot of the key file: its destruction is on record.
    DestroyKey {
        /// Which.
        slot: u64,
    },
    /// Read the log for letters, beside the commits, then submit [`Input::Gathered`]; with what was found, where the log
    /// cannot be read to its end.
    Gather(Gather),
    /// Another version of a document came into force: take it up, then submit [`Input::WorldChanged`].
    WorldChanged,
    /// Tell the operator.
    Alarm {
        /// What happened, where, what to do.
        text: String,
    },
}

/// One commit: what goes into the log, then into the view, then out.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Commit {
    /// The node's time of the group.
    pub at: Time,
    /// Facts in order.
    pub facts: Vec<Fact>,
    /// The view's puts and deletes.
    pub changes: Vec<(RowKey, Option<Row>)>,
    /// What to do once durable.
    pub actions: Vec<Action>,
}
