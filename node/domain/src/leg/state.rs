//! A leg as one side's node holds it.

use super::act::{Act, Party, RecallGround};
use super::asking::{Asking, RequestKind};
use super::offer::{Due, LegKind, LegRole, Offer};
use crate::body::Body;
use crate::id::{LegId, MatterId, OrderId};
use hotline_topology::{RegionKey, Time};

/// Which half of the contract this node holds. For a unit of the giver's own node both halves are one record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// This node gave it to another node.
    Giver,
    /// This node took it from another node.
    Taker,
    /// This node gave it to one of its own units.
    Both,
}

/// Where the leg stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Stage {
    /// Offered, no receipt yet: in transit.
    Offered,
    /// Delivered; on an upward leg, not accepted yet.
    Delivered,
    /// Signed for, or accepted by the superior.
    Signed,
    /// Closed, with its ground.
    Closed(Closure),
}

/// How a leg ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Closure {
    /// The result was accepted; on an upward leg, the superior answered.
    Done,
    /// A return was granted; on an upward leg, the superior declined.
    Returned,
    /// An escalation was accepted: the giver answers.
    Escalated,
    /// The giver took it back, the petitioner withdrew, or a co-handler was released.
    Recalled(RecallGround),
}

/// The taker's latest request and what became of it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Request {
    /// Number on this leg, from 1.
    pub no: u32,
    /// When it was made.
    pub at: Time,
    /// What is asked.
    pub asking: Asking,
    /// Open, or how it ended.
    pub outcome: Outcome,
}

/// What became of a request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Outcome {
    /// Waits for the giver's ruling.
    Open,
    /// Granted or accepted.
    Granted,
    /// Denied or sent back.
    Denied,
    /// The taker took it back or asked something newer.
    Withdrawn,
    /// The leg was closed before the giver ruled on it; kept, may be adopted by a decision.
    Late,
}

/// A supervision order on this leg.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Order {
    /// The order.
    pub id: OrderId,
    /// Who issued it and alone ends it.
    pub issuer: RegionKey,
    /// Trigger code of the pack.
    pub trigger: String,
    /// When it was issued.
    pub at: Time,
    /// By when a reply is owed.
    pub reply_by: Time,
    /// Reminders so far.
    pub reminders: u32,
    /// When the taker replied last.
    pub replied_at: Option<Time>,
    /// When the issuer ended it.
    pub ended_at: Option<Time>,
}

/// One side's record of a leg.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leg {
    /// The leg.
    pub id: LegId,
    /// Which half this node holds.
    pub side: Side,
    /// The contract as offered.
    pub offer: Offer,
    /// When the giver offered it, by the giver's clock.
    pub offered_at: Time,
    /// Where it stands.
    pub stage: Stage,
    /// When it was delivered, by the taker's clock.
    pub delivered_at: Option<Time>,
    /// When it was signed for.
    pub signed_at: Option<Time>,
    /// True where it was deemed signed.
    pub deemed: bool,
    /// The due date in force.
    pub due: Due,
    /// Its number; the offer's is 0.
    pub due_no: u32,
    /// The number of the last due date that only moved with a calendar, where all before it did: what the taker's own
    /// rules allow goes on counting beside it.
    pub due_by_calendar: u32,
    /// The taker's latest request.
    pub request: Option<Request>,
    /// Returns denied so far.
    pub returns_denied: u32,
    /// Extensions granted so far.
    pub extensions: u32,
    /// Results sent back by review so far.
    pub sent_back: u32,
    /// Highest term in which a lead was named.
    pub term: u32,
    /// The leading leg of that term.
    pub lead: Option<LegId>,
    /// Latest progress word of the taker.
    pub progress: Option<(Time, String)>,
    /// Supervision orders, oldest first.
    pub orders: Vec<Order>,
    /// The due date that either side's clock saw pass; [`Leg::overdue`] says whether it counts.
    pub overdue_since: Option<Time>,
    /// When it was closed, by the giver's clock.
    pub closed_at: Option<Time>,
    /// When this node last recorded an act of the other side: no news since. `None` before the first.
    pub heard_at: Option<Time>,
    /// Acts applied; the version that a command's actor saw.
    pub version: u32,
}

impl Leg {
    /// The matter.
    #[must_use]
    pub fn matter(&self) -> MatterId {
        self.offer.matter
    }

    /// Who takes.
    #[must_use]
    pub fn taker(&self) -> &Body {
        &self.offer.taker
    }

    /// Who gives.
    #[must_use]
    pub fn giver(&self) -> RegionKey {
        self.offer.giver
    }

    /// True until the leg is closed.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(self.stage, Stage::Closed(_))
    }

    /// True for a co-handling leg (lead or co-handler).
    #[must_use]
    pub fn is_joint(&self) -> bool {
        self.offer.role != LegRole::Sole
    }

    /// The open request, if any.
    #[must_use]
    pub fn open_request(&self) -> Option<&Request> {
        self.request
            .as_ref()
            .filter(|request| request.outcome == Outcome::Open)
    }

    /// The number that the taker's next request bears.
    #[must_use]
    pub fn next_request(&self) -> u32 {
        self.request.as_ref().map_or(1, |request| request.no + 1)
    }

    /// Whether a request of that number, made then, is news here. A higher number is; so is a lower one made after the
    /// latest known: the taker's disk was rolled back, and it counts anew.
    #[must_use]
    pub fn is_new_request(&self, no: u32, at: Time) -> bool {
        self.request
            .as_ref()
            .is_none_or(|latest| no > latest.no || at > latest.at)
    }

    /// True where the giver has ruled on the latest request and that is its number.
    #[must_use]
    pub fn is_ruled(&self, no: u32) -> bool {
        self.request.as_ref().is_some_and(|latest| {
            latest.no == no && matches!(latest.outcome, Outcome::Granted | Outcome::Denied)
        })
    }

    /// Since when it is overdue; `None` where the due date did not pass, or a result reported by then was not turned
    /// down.
    #[must_use]
    pub fn overdue(&self) -> Option<Time> {
        self.overdue_since.filter(|due| !self.reported_by(*due))
    }

    /// True where a result made at or before that moment waits, was accepted, or came when the leg was closed.
    #[must_use]
    pub fn reported_by(&self, moment: Time) -> bool {
        self.request.as_ref().is_some_and(|request| {
            request.asking.kind() == RequestKind::Result
                && request.at <= moment
                && !matches!(request.outcome, Outcome::Denied | Outcome::Withdrawn)
        })
    }

    /// The answer to what arrives on a closed leg; `None` while it is open.
    #[must_use]
    pub fn closed_since(&self) -> Option<Act> {
        match (self.stage, self.closed_at) {
            (Stage::Closed(how), Some(at)) => Some(Act::ClosedSince { at, how }),
            _ => None,
        }
    }

    /// Who answers for the leg, by what this side's log says (invariant 1, judged on the giver's).
    ///
    /// The giver from its offer; the taker from the commit of the receipt (upward: of the acceptance); the giver again
    /// from the closing.
    #[must_use]
    pub fn answerable(&self) -> Party {
        match (self.stage, self.offer.kind) {
            (Stage::Offered | Stage::Closed(_), _) | (Stage::Delivered, LegKind::Upward) => {
                Party::Giver
            }
            (Stage::Delivered | Stage::Signed, _) => Party::Taker,
        }
    }

    /// The order of that id.
    #[must_use]
    pub fn order(&self, id: OrderId) -> Option<&Order> {
        self.orders.iter().find(|order| order.id == id)
    }
}
