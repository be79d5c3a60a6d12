//! Exception notices (异常通报): raised to every level above; no content, no person.

use crate::body::Body;
use crate::id::{LegId, MatterId};
use hotline_topology::{Kind, RegionKey, Time};

/// Why a notice was raised.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum NoticeReason {
    /// A leg is overdue.
    Overdue,
    /// Returned past the bound.
    RefusedPastBound,
    /// It could not be delivered: the taker's node refused it.
    Bounced,
    /// Unsatisfactory a second time.
    UnsatisfactoryAgain,
    /// A supervision order was not answered in time.
    OrderUnanswered,
}

impl NoticeReason {
    /// Stable code.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            NoticeReason::Overdue => "overdue",
            NoticeReason::RefusedPastBound => "refused-past-bound",
            NoticeReason::Bounced => "bounced",
            NoticeReason::UnsatisfactoryAgain => "unsatisfactory-again",
            NoticeReason::OrderUnanswered => "order-unanswered",
        }
    }
}

/// An exception notice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// The matter.
    pub matter: MatterId,
    /// Its number for people.
    pub number: String,
    /// The leg.
    pub leg: Option<LegId>,
    /// The giver of the leg, or the node itself.
    pub giver: RegionKey,
    /// The body concerned.
    pub taker: Body,
    /// Why.
    pub reason: NoticeReason,
    /// Kind.
    pub kind: Kind,
    /// Category code.
    pub category: String,
    /// Who raised it.
    pub raised_by: RegionKey,
    /// When, by its clock.
    pub raised_at: Time,
    /// The due date concerned.
    pub due: Option<Time>,
}

/// A supervision order as its issuer keeps it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IssuedOrder {
    /// The order's own record (id, issuer, dates).
    pub order: crate::leg::Order,
    /// The leg it is on.
    pub leg: LegId,
    /// The matter.
    pub matter: MatterId,
    /// Who owes the reply.
    pub taker: Body,
    /// The matter's number for people; empty where none is known.
    pub number: String,
}
