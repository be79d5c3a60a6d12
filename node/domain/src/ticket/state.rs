//! A ticket (工单): a matter as one node holds it.

use crate::body::Body;
use crate::field::SealedField;
use crate::id::{LegId, MatterId};
use crate::leg::RuleVersion;
use hotline_topology::{Kind, RegionKey, Time, Urgency};

/// Where a ticket stands at this node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TicketStage {
    /// Nobody was given it yet, or all legs came back: the node must decide.
    Open,
    /// Others are at work: an outgoing leg is open. A matter that was raised and came down again does not wait for its
    /// own upward leg: it is handled like any other that was given from above.
    Assigned,
    /// Everything is in; the node reviews, answers upward or closes.
    Reviewing,
    /// Closed here.
    Closed,
}

/// A rating the petitioner gave at a call-back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rating {
    /// When.
    pub at: Time,
    /// Scale code of the pack; `None` when the petitioner was not reached.
    pub code: Option<String>,
    /// Whether the pack counts it as satisfied; `None` when not reached.
    pub satisfied: Option<bool>,
}

/// What the origin keeps of a leg between others: level, body and days, no content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sight {
    /// The leg.
    pub leg: LegId,
    /// Who gives.
    pub giver: RegionKey,
    /// Who takes.
    pub taker: Body,
    /// Stage word: `offered`, `delivered`, `signed`, `return-asked`, `overdue`, `closed`, …
    pub stage: String,
    /// When it was offered.
    pub offered_at: Time,
    /// The due date known.
    pub due: Time,
    /// When the stage was reached, by its author's clock.
    pub since: Time,
    /// False once the leg is closed.
    pub open: bool,
    /// The leg's version at the giver: an older note never overwrites a newer one.
    pub version: u32,
}

/// A matter as this node holds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ticket {
    /// The matter.
    pub matter: MatterId,
    /// Its number for people; carries a check digit.
    pub number: String,
    /// Where it was taken in.
    pub origin: RegionKey,
    /// When it was taken in, by the origin's clock.
    pub taken_in_at: Time,
    /// When this node first had it.
    pub since: Time,
    /// Channel code (`phone`, `web`, …); empty where the matter came by a leg.
    pub channel: String,
    /// Kind.
    pub kind: Kind,
    /// Category code.
    pub category: String,
    /// Urgency.
    pub urgency: Urgency,
    /// The region in whose area the matter lies, where known.
    pub place: Option<RegionKey>,
    /// Rules in force at intake; where the matter came by a leg, the first leg's.
    pub rules: RuleVersion,
    /// Fields that this node may hold.
    pub fields: Vec<SealedField>,
    /// Where it stands.
    pub stage: TicketStage,
    /// How it was closed: ground code of the pack, or `answered-directly`, `refused`, `leg-…`.
    pub closed_ground: Option<String>,
    /// When it was closed.
    pub closed_at: Option<Time>,
    /// By when this node must have finished (own intake: the matter's limit; else the incoming leg's).
    pub due: Option<Time>,
    /// True once `due` passed before closing.
    pub overdue: bool,
    /// The incoming leg in force, open or last.
    pub incoming: Option<LegId>,
    /// All incoming legs, oldest first.
    pub incoming_all: Vec<LegId>,
    /// All outgoing legs, oldest first.
    pub outgoing: Vec<LegId>,
    /// How many of them there were when the work in hand began (received, redo ordered): those from there on belong to
    /// it, and only they say who leads and whether anything is done.
    pub round: u32,
    /// Legs between other nodes, known at the origin.
    pub sights: Vec<Sight>,
    /// Returns granted at this node so far; bounded, then determination.
    pub returns: u32,
    /// How many bodies the matter was handed to so far.
    pub hops: u32,
    /// True once a determination (指定) is on record here.
    pub determined: bool,
    /// Current term of lead naming at this node; 0 without co-handling.
    pub term: u32,
    /// The leading outgoing leg.
    pub lead: Option<LegId>,
    /// True once the lead is fixed (all receipts in).
    pub lead_fixed: bool,
    /// Ratings, oldest first (origin only).
    pub ratings: Vec<Rating>,
    /// Redos ordered so far.
    pub redos: u32,
    /// The petitioner withdrew; closing waits for the legs or the bound of silence.
    pub withdrawn_at: Option<Time>,
    /// Who closed or handled it at this node; they may not rate it.
    pub handled_by: Vec<String>,
    /// Entries of its timeline so far.
    pub entries: u32,
    /// Facts applied; the version that a command's actor saw.
    pub version: u32,
}

impl Ticket {
    /// True until the ticket is closed here.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.stage != TicketStage::Closed
    }

    /// True where this node took the matter in.
    #[must_use]
    pub fn is_own(&self, me: RegionKey) -> bool {
        self.origin == me
    }

    /// The outgoing legs that belong to the work in hand.
    #[must_use]
    pub fn in_hand(&self) -> &[LegId] {
        self.outgoing.get(self.round as usize..).unwrap_or_default()
    }
}
