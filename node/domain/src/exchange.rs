//! What nodes tell each other after one of them lost part of its log, and what stays missing.

use crate::id::{LegId, MatterId};
use crate::leg::{Act, Lane, Party};
use crate::link::Envelope;
use hotline_topology::{RegionKey, Time};

/// One leg in an inventory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LegNote {
    /// The leg.
    pub leg: LegId,
    /// SHA-256 over the acts that the speaker has of it, whatever their order.
    pub hash: [u8; 32],
    /// The same over the listener's acts alone, as the speaker heard of them.
    pub heard: [u8; 32],
}

/// The legs between two nodes that the speaker knows: a question, or its answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inventory {
    /// Number of the question at the node that asks; the answer repeats it.
    pub ask: u64,
    /// True for an answer.
    pub answer: bool,
    /// The asking node lost acknowledged records, also of what it passed on for others.
    pub lost: bool,
    /// Legs that were closed before this moment and are not listed are of no interest.
    pub since: Time,
    /// The lane of the legs concerned, which is also the lane of the message.
    pub lane: Lane,
    /// The first leg id that this part covers.
    pub from: LegId,
    /// The last leg id that it covers.
    pub to: LegId,
    /// True for the last part of the lane.
    pub last: bool,
    /// The legs, ascending by id.
    pub legs: Vec<LegNote>,
}

/// An act that one party has on record and the other may have lost.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PastAct {
    /// The leg.
    pub leg: LegId,
    /// Who acted: the speaker or the listener.
    pub by: Party,
    /// When it happened, as the speaker has it on record.
    pub at: Time,
    /// The how many-th equal act of that party on the leg it is, from 1: known to whoever has as many.
    pub nth: u32,
    /// The act.
    pub act: Act,
    /// Where it is not the speaker's own: what its author once signed of it. The listener believes nothing of itself
    /// that it did not sign.
    pub letter: Option<Box<Letter>>,
}

/// An envelope as its author signed it, shown to somebody later.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Letter {
    /// The envelope in the clear, without route and without the values of its fields: no signature hangs on them.
    pub envelope: Envelope,
    /// The signer's certificate in DER, then the authorities' up to, but without, the root; empty where it was shown
    /// just before.
    pub chain: Vec<Vec<u8>>,
}

/// An exchange that this node began and whose answers it waits for; until then it does nothing on the legs concerned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exchange {
    /// With whom.
    pub peer: RegionKey,
    /// The question's number: the epoch in which it was asked.
    pub ask: u64,
    /// When it was asked.
    pub since: Time,
    /// The urgent lane's answer is complete.
    pub urgent: bool,
    /// The ordinary lane's answer is complete.
    pub ordinary: bool,
}

/// The last time that this node's log was put back to an older state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restore {
    /// Which restore: taken up once, however often the node starts.
    pub id: [u8; 16],
    /// When the node took it up.
    pub at: Time,
    /// Up to when its log reached then: what happened after it may be lost.
    pub until: Time,
    /// The epoch it took.
    pub epoch: u64,
}

/// What cannot have come back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MissingKind {
    /// What only this node wrote down in a span of time.
    Span,
    /// A number was issued, and nobody knows for what.
    Number,
    /// The petitioner of a matter that was taken in here.
    Petitioner,
    /// Who gave this node a matter that it passed on.
    Giver,
    /// What a node that does not answer would have returned.
    Unasked,
    /// Which of two pasts of a leg holds: this node acted twice from one state.
    Forked,
    /// What another node says that this one did, without this one's signature.
    Unproven,
}

impl MissingKind {
    /// Every kind.
    pub const ALL: [MissingKind; 7] = [
        MissingKind::Span,
        MissingKind::Number,
        MissingKind::Petitioner,
        MissingKind::Giver,
        MissingKind::Unasked,
        MissingKind::Forked,
        MissingKind::Unproven,
    ];

    /// Short name, stable.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            MissingKind::Span => "span",
            MissingKind::Number => "number",
            MissingKind::Petitioner => "petitioner",
            MissingKind::Giver => "giver",
            MissingKind::Unasked => "unasked",
            MissingKind::Forked => "forked",
            MissingKind::Unproven => "unproven",
        }
    }
}

/// Something that is known to be missing: never silently absent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missing {
    /// Its number here, from 1.
    pub no: u64,
    /// When it was found.
    pub at: Time,
    /// What sort of thing.
    pub kind: MissingKind,
    /// The matter, where one is known.
    pub matter: Option<MatterId>,
    /// The number for people, where one is known.
    pub number: String,
    /// What is missing and what to do, for the operator.
    pub words: String,
}
