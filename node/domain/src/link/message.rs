//! The payloads that this program writes and understands.

use crate::evidence::Receipted;
use crate::exchange::{Inventory, PastAct};
use crate::figures::Report;
use crate::id::{EnvelopeId, LegId, MatterId};
use crate::leg::Act;
use crate::sealing::SignedKey;
use crate::supervision::Notice;
use crate::tally::Tally;
use crate::ticket::Sight;
use crate::world::Have;
use hotline_topology::{RegionKey, Time};

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
    /// After a restore: the legs between two nodes that the author knows.
    Inventory(Inventory),
    /// After a restore: an act on record here that the addressee may have lost.
    Past(PastAct),
    /// To a neighbour: which documents of the world this node has.
    Have(Have),
    /// To a node below: part of a document that it lacks. The lane keeps their order.
    Part {
        /// SHA-256 of the whole.
        digest: [u8; 32],
        /// Its number, from 0.
        no: u32,
        /// How many there are.
        of: u32,
        /// Its bytes.
        bytes: Vec<u8>,
    },
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
    /// To a neighbour: public keys for sealing, its own and others'.
    SealingKeys {
        /// Each with its owner's signature.
        keys: Vec<SignedKey>,
    },
    /// To the next node towards a region: its key is needed.
    SealingAsk {
        /// Whose.
        region: RegionKey,
    },
    /// To the author of an envelope that was sealed to a key which its addressee has no longer.
    Reseal {
        /// The envelope.
        about: EnvelopeId,
        /// The key in use.
        key: SignedKey,
    },
    /// To the author of sealed envelopes: the addressee has them.
    Arrived {
        /// Which.
        envelopes: Vec<EnvelopeId>,
    },
    /// To an author: receipts for what it handed over, for all of one commit.
    Receipts(Vec<Receipted>),
    /// A neighbour's newest day, and what it signs for.
    Tally(Box<Tally>),
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
    /// [`Message::SealingKeys`].
    SealingKeys = 20,
    /// [`Message::SealingAsk`].
    SealingAsk = 21,
    /// [`Message::Reseal`].
    Reseal = 22,
    /// [`Message::Arrived`].
    Arrived = 23,
    /// [`Message::Inventory`].
    Inventory = 30,
    /// [`Message::Past`].
    Past = 31,
    /// [`Message::Have`].
    Have = 40,
    /// [`Message::Part`].
    Part = 42,
    /// [`Message::Receipts`].
    Receipts = 10,
    /// [`Message::Tally`].
    Tally = 50,
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
            MessageKind::SealingKeys
            | MessageKind::SealingAsk
            | MessageKind::Reseal
            | MessageKind::Arrived => 2,
            MessageKind::Inventory | MessageKind::Past => 2,
            MessageKind::Have | MessageKind::Part => 2,
            MessageKind::Receipts => 2,
            MessageKind::Tally => 3,
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
            Message::Have(_) => MessageKind::Have,
            Message::Part { .. } => MessageKind::Part,
            Message::Refused { .. } => MessageKind::Refused,
            Message::SealingKeys { .. } => MessageKind::SealingKeys,
            Message::SealingAsk { .. } => MessageKind::SealingAsk,
            Message::Reseal { .. } => MessageKind::Reseal,
            Message::Arrived { .. } => MessageKind::Arrived,
            Message::Receipts(_) => MessageKind::Receipts,
            Message::Tally(_) => MessageKind::Tally,
            Message::Inventory(_) => MessageKind::Inventory,
            Message::Past(_) => MessageKind::Past,
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

/// Encodes payloads, and judges signatures in them; implemented by the shell's codec, passed in like time.
pub trait Wire {
    /// The payload's bytes; deterministic.
    fn encode(&self, message: &Message) -> Vec<u8>;
    /// Reads a payload of the given kind.
    ///
    /// # Errors
    /// [`Unreadable`] says whether the kind is unknown or the bytes are broken.
    fn decode(&self, kind: u32, payload: &[u8]) -> Result<Message, Unreadable>;
    /// Adds random bytes that readers skip, so that nobody can try out what a sealed payload says against its statement.
    fn salt(&self, payload: &mut Vec<u8>, salt: [u8; 16]);
    /// Whether a stated key is signed by its owner's certificate, and that is good now.
    ///
    /// # Errors
    /// Why not, in words.
    fn genuine(&self, key: &SignedKey) -> Result<(), String>;
}
