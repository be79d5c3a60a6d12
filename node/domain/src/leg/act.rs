//! What giver and taker do on a leg. An act is the atom: it is recorded by its author, travels to the other side,
//! and is recorded there as well; a leg is the fold of its acts.

use super::state::Closure;
use crate::body::Body;
use crate::field::FieldMark;
use crate::id::{LegId, MatterId, OrderId};
use hotline_topology::{Kind, RegionKey, Time, Urgency};

/// Which party to the contract did it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Party {
    /// 交办方.
    Giver,
    /// 承办方.
    Taker,
}

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

/// The four things a taker may ask.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RequestKind {
    /// 退单.
    Return,
    /// 延期.
    Extension,
    /// 提级上报.
    Escalation,
    /// 办理结果.
    Result,
}

impl RequestKind {
    /// Every kind, in the order above.
    pub const ALL: [RequestKind; 4] = [
        RequestKind::Return,
        RequestKind::Extension,
        RequestKind::Escalation,
        RequestKind::Result,
    ];

    /// How the leg ends when the request is granted; `None` for an extension, which leaves it open.
    #[must_use]
    pub fn closure(self) -> Option<Closure> {
        match self {
            RequestKind::Return => Some(Closure::Returned),
            RequestKind::Extension => None,
            RequestKind::Escalation => Some(Closure::Escalated),
            RequestKind::Result => Some(Closure::Done),
        }
    }

    /// Short name, stable: `return`, `extension`, `escalation`, `result`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            RequestKind::Return => "return",
            RequestKind::Extension => "extension",
            RequestKind::Escalation => "escalation",
            RequestKind::Result => "result",
        }
    }

    /// The word a clerk reads.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            RequestKind::Return => "退单",
            RequestKind::Extension => "延期",
            RequestKind::Escalation => "提级",
            RequestKind::Result => "办理结果",
        }
    }
}

/// What a taker asks of the giver. At most one is open; a newer one withdraws the older.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Asking {
    /// 退单: ground code, written basis; the reason is a field.
    Return {
        /// Ground code of the pack.
        ground: String,
        /// The norm or fact relied on.
        basis: String,
    },
    /// 延期: the date asked for.
    Extension {
        /// The new due date asked for.
        until: Due,
    },
    /// 提级上报: ground code; the work done so far is a field.
    Escalation {
        /// Ground code of the pack.
        ground: String,
    },
    /// 办理结果: closing ground code; text and answer are fields.
    Result {
        /// Closing ground code of the pack.
        ground: String,
    },
}

impl Asking {
    /// Which of the four it is.
    #[must_use]
    pub fn kind(&self) -> RequestKind {
        match self {
            Asking::Return { .. } => RequestKind::Return,
            Asking::Extension { .. } => RequestKind::Extension,
            Asking::Escalation { .. } => RequestKind::Escalation,
            Asking::Result { .. } => RequestKind::Result,
        }
    }

    /// Short name, stable: `return`, `extension`, `escalation`, `result`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind().name()
    }
}

/// Why a giver closed a leg without the taker's request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RecallGround {
    /// 收回: the giver takes it back.
    Recalled,
    /// 撤诉: the petitioner withdrew.
    Withdrawn,
    /// A co-handler is no longer needed.
    Released,
}

/// What a party did on the leg.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Act {
    /// Giver: opens the leg.
    Offer(Box<Offer>),
    /// Taker: the leg is on the taker's disk (送达); the end-to-end receipt.
    Receipt,
    /// Taker: a person signed for it (签收); on an upward leg, the superior accepts it.
    Sign {
        /// True where the window ended and the rules deem it signed.
        deemed: bool,
    },
    /// Taker: spoke with the petitioner or looked at the place (先行联系); content stays here.
    Progress {
        /// A stage word of the pack or free code, without content: `contacted`, `on-site`, `working`.
        stage: String,
    },
    /// Taker: asks; numbered from 1 on this leg.
    Request {
        /// Number of the request.
        no: u32,
        /// What is asked.
        asking: Asking,
    },
    /// Taker: takes the open request back.
    WithdrawRequest {
        /// The request withdrawn.
        no: u32,
    },
    /// Giver: answers the request it names, and no other.
    Ruling {
        /// The request answered.
        request: u32,
        /// What was asked: a taker that has asked something newer, or whose disk was rolled back, still learns from
        /// the ruling alone how the leg ended.
        of: RequestKind,
        /// Granted (result: accepted) or denied.
        granted: bool,
        /// For a granted return: the new determination of duty on record; for others a basis or empty.
        basis: String,
        /// For a granted extension: the new due date and its number.
        due: Option<(u32, Due)>,
    },
    /// Giver: closes the leg unasked.
    Recall {
        /// Why.
        ground: RecallGround,
    },
    /// Giver: a new due date, numbered; no consent needed.
    NewDue {
        /// Number of the due date on this leg; the offer's is 0.
        no: u32,
        /// The date.
        due: Due,
    },
    /// Giver: who leads, in which term; older terms have no effect.
    NameLead {
        /// Term of the naming, from 1 on the matter at this giver.
        term: u32,
        /// The leg whose taker leads.
        lead: LegId,
    },
    /// Giver: answer to what arrived on a closed leg ("closed since …").
    ClosedSince {
        /// When the giver closed it.
        at: Time,
        /// How; a taker that lost the closing learns it here.
        how: Closure,
    },
    /// Giver or a superior on the path: a supervision order (督办单).
    Supervise {
        /// The order.
        order: OrderId,
        /// Who issued it; only the issuer ends it.
        issuer: RegionKey,
        /// Trigger code of the pack.
        trigger: String,
        /// By when a reply is owed.
        reply_by: Time,
    },
    /// Issuer: reminds of an order (催办).
    Remind {
        /// The order.
        order: OrderId,
    },
    /// Taker: replies to an order.
    ReplyOrder {
        /// The order.
        order: OrderId,
    },
    /// Issuer: ends the order.
    EndOrder {
        /// The order.
        order: OrderId,
    },
    /// Either side's clock: the due date passed without a result.
    Overdue {
        /// The due date that passed.
        due: Time,
    },
}

impl Act {
    /// Whose act it is; `None`: either side's. A superior's order counts as the giver's.
    #[must_use]
    pub fn party(&self) -> Option<Party> {
        match self {
            Act::Offer(_)
            | Act::Ruling { .. }
            | Act::Recall { .. }
            | Act::NewDue { .. }
            | Act::NameLead { .. }
            | Act::ClosedSince { .. }
            | Act::Supervise { .. }
            | Act::Remind { .. }
            | Act::EndOrder { .. } => Some(Party::Giver),
            Act::Receipt
            | Act::Sign { .. }
            | Act::Progress { .. }
            | Act::Request { .. }
            | Act::WithdrawRequest { .. }
            | Act::ReplyOrder { .. } => Some(Party::Taker),
            Act::Overdue { .. } => None,
        }
    }

    /// Short name, stable, as `leg.offer`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Act::Offer(_) => "offer",
            Act::Receipt => "receipt",
            Act::Sign { .. } => "sign",
            Act::Progress { .. } => "progress",
            Act::Request { .. } => "request",
            Act::WithdrawRequest { .. } => "withdraw-request",
            Act::Ruling { .. } => "ruling",
            Act::Recall { .. } => "recall",
            Act::NewDue { .. } => "new-due",
            Act::NameLead { .. } => "name-lead",
            Act::ClosedSince { .. } => "closed-since",
            Act::Supervise { .. } => "supervise",
            Act::Remind { .. } => "remind",
            Act::ReplyOrder { .. } => "reply-order",
            Act::EndOrder { .. } => "end-order",
            Act::Overdue { .. } => "overdue",
        }
    }
}
