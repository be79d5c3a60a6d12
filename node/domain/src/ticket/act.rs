//! What happens to a ticket at one node; legs have acts of their own.

use crate::field::FieldMark;
use crate::id::LegId;
use crate::leg::RuleVersion;
use hotline_topology::{Kind, Time, Urgency};

/// What was recorded of a ticket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TicketAct {
    /// 受理: taken in at its origin.
    TakenIn {
        /// Number for people.
        number: String,
        /// Channel code.
        channel: String,
        /// Kind.
        kind: Kind,
        /// Category code.
        category: String,
        /// Urgency.
        urgency: Urgency,
        /// By when the matter must be finished.
        due: Time,
        /// When it happened, where that differs from when it was recorded.
        happened_at: Time,
        /// The pack in force at intake: the matter is counted under it for ever.
        rules: RuleVersion,
        /// Salted hashes of the fields.
        content: Vec<FieldMark>,
    },
    /// The ticket came by a leg (first, or again under a new leg).
    Received {
        /// The incoming leg.
        leg: LegId,
    },
    /// 直接答复.
    AnsweredDirectly,
    /// 不予受理: ground code, basis, where to turn.
    Refused {
        /// Ground code of the pack.
        ground: String,
        /// Basis told to the petitioner.
        basis: String,
    },
    /// 指定: duty determined, the next legs may not be returned.
    Determined {
        /// The determination on record.
        basis: String,
    },
    /// 办结 at this node.
    Closed {
        /// Closing ground code.
        ground: String,
    },
    /// Opened again: redo, a result sent back by the giver, or the matter came down again.
    Reopened {
        /// Why: `redo`, `sent-back`, `again`, `escalation-declined`.
        reason: String,
    },
    /// 回访 with the petitioner's rating.
    CalledBack {
        /// Scale code; `None` when not reached.
        rating: Option<String>,
        /// Whether the pack counts it as satisfied.
        satisfied: Option<bool>,
    },
    /// 重办 ordered.
    RedoOrdered,
    /// 撤诉: the petitioner withdrew.
    Withdrawn,
    /// The ticket's own due date passed.
    Overdue,
    /// The lead among the outgoing legs: provisional, then fixed.
    LeadNamed {
        /// Term, rising by one.
        term: u32,
        /// The leading leg.
        lead: LegId,
        /// True once all receipts are in (or named by rule).
        fixed: bool,
    },
    /// A note of the node's own staff; content is a field.
    Noted,
}

impl TicketAct {
    /// Short name, stable.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            TicketAct::TakenIn { .. } => "taken-in",
            TicketAct::Received { .. } => "received",
            TicketAct::AnsweredDirectly => "answered-directly",
            TicketAct::Refused { .. } => "refused",
            TicketAct::Determined { .. } => "determined",
            TicketAct::Closed { .. } => "closed",
            TicketAct::Reopened { .. } => "reopened",
            TicketAct::CalledBack { .. } => "called-back",
            TicketAct::RedoOrdered => "redo-ordered",
            TicketAct::Withdrawn => "withdrawn",
            TicketAct::Overdue => "overdue",
            TicketAct::LeadNamed { .. } => "lead-named",
            TicketAct::Noted => "noted",
        }
    }
}
