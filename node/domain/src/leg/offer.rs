//! What the giver writes into the contract.

use crate::body::Body;
use crate::field::FieldMark;
use crate::id::{LegId, MatterId};
use hotline_topology::{Kind, RegionKey, Time, Urgency};

/// A due date: an absolute instant with the calendar it was reckoned by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Due {
    /// When the leg is overdue.
    pub at: Time,
    /// Version of the calendar.
    pub calendar: u32,
    /// True where the calendar of a year concerned was not announced yet.
    pub provisional: bool,
}

/// Role of the taker in the matter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LegRole {
    /// The only taker.
    Sole,
    /// 主办.
    Lead,
    /// 会办.
    CoHandler,
}

/// What sort of contract it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LegKind {
    /// Handed down, or to a unit of the own level.
    Downward,
    /// An own intake raised to the superior: the superior accepts or declines, and owes only the answer.
    Upward,
}

/// Which version of whose rules a leg is judged by, for ever.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RuleVersion {
    /// The policy pack's id.
    pub pack: String,
    /// Its version.
    pub version: u32,
}

/// How fast and with whom a message travels; a leg keeps its lane.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Lane {
    /// Emergencies with all their messages.
    Urgent,
    /// Everything else about legs.
    Ordinary,
    /// Figures, lists, knowledge.
    Bulk,
}

impl Lane {
    /// The three lanes, first served first.
    pub const ALL: [Lane; 3] = [Lane::Urgent, Lane::Ordinary, Lane::Bulk];

    /// Position in [`Lane::ALL`].
    #[must_use]
    pub fn index(self) -> usize {
        match self {
            Lane::Urgent => 0,
            Lane::Ordinary => 1,
            Lane::Bulk => 2,
        }
    }
}

/// What the giver writes into the contract when it offers the leg.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offer {
    /// The matter, the same at every level.
    pub matter: MatterId,
    /// The matter's number for people.
    pub number: String,
    /// Where the matter was taken in: the petitioner's window.
    pub origin: RegionKey,
    /// When it was taken in.
    pub taken_in_at: Time,
    /// Number among the giver's legs of this matter, from 1; orders ties.
    pub serial: u32,
    /// Who gives.
    pub giver: RegionKey,
    /// Who takes: one taker for ever.
    pub taker: Body,
    /// Role of the taker.
    pub role: LegRole,
    /// Sort of contract.
    pub kind: LegKind,
    /// The older leg that this one follows (re-assignment, redo).
    pub replaces: Option<LegId>,
    /// True for a redo (重办) after a poor rating or a failed review.
    pub redo: bool,
    /// Rules the leg is judged by.
    pub rules: RuleVersion,
    /// By when.
    pub due: Due,
    /// Lane of all messages of the leg.
    pub lane: Lane,
    /// How many nodes and units the matter was handed to before this leg.
    pub hops: u32,
    /// Kind of request.
    pub request_kind: Kind,
    /// Category code.
    pub category: String,
    /// Urgency.
    pub urgency: Urgency,
    /// The region in whose area the matter lies, where known.
    pub place: Option<RegionKey>,
    /// Named by a determination (指定): may not be returned.
    pub determined: bool,
    /// Basis of the assignment: catalogue entry, determination of duty.
    pub basis: String,
    /// Salted hashes of the fields that go with it.
    pub content: Vec<FieldMark>,
}
