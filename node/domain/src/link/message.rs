//! The payloads that this program writes and understands.

use crate::figures::Report;
use crate::id::{EnvelopeId, LegId, MatterId};
use crate::leg::Act;
use crate::supervision::Notice;
use crate::ticket::Sight;
use hotline_topology::Time;

/// A decoded payload.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Message {
    /// An act on a leg, by giver, taker, or a superior on the path (supervision).
    Leg {
        /// The leg.
        leg: LegId,
        /// When it happened, by its author's clock.
        at: Time,
        /// What happened.
        act: Act,
    },
    /// To the origin: where a leg between other nodes stands, without content.
    Sight {
        /// The matter.
        matter: MatterId,
        /// What is known.
        sight: Sight,
    },
    /// To every superior: an exception notice (异常通报).
    Notice(Notice),
    /// To the parent: figure cells of this node and of those below it.
    Figures(Report),
    /// To the author of a message that a rule refused.
    Refused {
        /// The envelope refused.
        about: EnvelopeId,
        /// The leg it was about.
        leg: Option<LegId>,
        /// Name of the rule.
        rule: String,
        /// Words for a person.
        message: String,
    },
}

/// Codes of payload kinds on the wire; never re-used.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u32)]
pub enum MessageKind {
    /// [`Message::Leg`].
    Leg = 1,
    /// [`Message::Sight`].
    Sight = 2,
    /// [`Message::Notice`].
    Notice = 3,
    /// [`Message::Figures`].
    Figures = 4,
    /// [`Message::Refused`].
    Refused = 5,
}

impl MessageKind {
    /// The wire version that brought the kind. A neighbour that speaks less is not sent it: what cannot be left out
    /// waits for its upgrade, and whoever sends says which ([`crate::kernel::Draft::speaks`]).
    #[must_use]
    pub fn since(self) -> u32 {
        match self {
            MessageKind::Leg
            | MessageKind::Sight
            | MessageKind::Notice
            | MessageKind::Figures
            | MessageKind::Refused => 1,
        }
    }
}

impl Message {
    /// The kind's code.
    #[must_use]
    pub fn kind(&self) -> MessageKind {
        match self {
            Message::Leg { .. } => MessageKind::Leg,
            Message::Sight { .. } => MessageKind::Sight,
            Message::Notice(_) => MessageKind::Notice,
            Message::Figures(_) => MessageKind::Figures,
            Message::Refused { .. } => MessageKind::Refused,
        }
    }
}

/// Why a payload could not be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unreadable {
    /// A kind this version does not know: set aside.
    UnknownKind(u32),
    /// Broken or impossible content: set aside with an alarm.
    Malformed(String),
}

/// Encodes payloads; implemented by the shell's codec, passed in like time.
pub trait Wire {
    /// The payload's bytes; deterministic.
    fn encode(&self, message: &Message) -> Vec<u8>;
    /// Reads a payload of the given kind.
    ///
    /// # Errors
    /// [`Unreadable`] says whether the kind is unknown or the bytes are broken.
    fn decode(&self, kind: u32, payload: &[u8]) -> Result<Message, Unreadable>;
}
