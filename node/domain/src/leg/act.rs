//! What giver and taker do on a leg. An act is the atom: it is recorded by its author, travels to the other side,
//! and is recorded there as well; a leg is the fold of its acts.

use super::asking::{Asking, RequestKind};
use super::offer::{Due, Offer};
use super::state::Closure;
use crate::attachment::Attachment;
use crate::id::{LegId, OrderId};
use hotline_topology::{RegionKey, Time};

/// Which party to the contract did it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Party {
    /// 交办方.
    Giver,
    /// 承办方.
    Taker,
}

impl Party {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Giver => Self::Taker,
            Self::Taker => Self::Giver,
        }
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
    /// Giver: a co-handler's result, accepted, goes on to the lead; the fields that may travel go along.
    Forwarded {
        /// The co-handler's leg.
        from: LegId,
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
    /// Either side: an attachment of its ticket goes with the leg; its cover is the act's one field.
    Attach {
        /// The reference.
        attachment: Attachment,
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
            | Act::Forwarded { .. }
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
            Act::Attach { .. } | Act::Overdue { .. } => None,
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
            Act::Forwarded { .. } => "forwarded",
            Act::ClosedSince { .. } => "closed-since",
            Act::Supervise { .. } => "supervise",
            Act::Remind { .. } => "remind",
            Act::ReplyOrder { .. } => "reply-order",
            Act::EndOrder { .. } => "end-order",
            Act::Attach { .. } => "attach",
            Act::Overdue { .. } => "overdue",
        }
    }

    /// The word a clerk reads.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Act::Offer(_) => "交办",
            Act::Receipt => "送达回执",
            Act::Sign { .. } => "签收",
            Act::Progress { .. } => "登记进展",
            Act::Request { asking, .. } => asking.kind().label(),
            Act::WithdrawRequest { .. } => "撤回申请",
            Act::Ruling { .. } => "审核",
            Act::Recall { .. } => "收回",
            Act::NewDue { .. } => "调整办理期限",
            Act::NameLead { .. } => "确定主办",
            Act::Forwarded { .. } => "转会办结果",
            Act::ClosedSince { .. } => "告知已结束",
            Act::Supervise { .. } => "督办",
            Act::Remind { .. } => "催办",
            Act::ReplyOrder { .. } => "回复督办",
            Act::EndOrder { .. } => "了结督办",
            Act::Attach { .. } => "附送附件",
            Act::Overdue { .. } => "记为逾期",
        }
    }
}
