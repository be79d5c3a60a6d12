//! What happens to a ticket at one node; legs have acts of their own.

use super::TicketStage;
use crate::attachment::{Attachment, AttachmentId};
use crate::field::FieldMark;
use crate::id::LegId;
use crate::leg::RuleVersion;
use hotline_topology::{Kind, RegionKey, Time, Urgency};

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
        /// The region in whose area the matter lies, where known.
        place: Option<RegionKey>,
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
        /// This node's own deadline: the earlier of its own rules' and the giver's due date, less a review reserve.
        due: Time,
    },
    /// The giver changed the incoming leg's due date.
    DueChanged {
        /// This node's own deadline now.
        due: Time,
    },
    /// A calendar came, and the ticket's own date, which counted through a year that was not announced, is another one.
    DueSettled {
        /// The date before.
        was: Time,
        /// The date now.
        due: Time,
        /// Version of the calendar.
        calendar: u32,
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
    /// Opened again though closed here: a result sent back by the giver, a declined escalation.
    Reopened {
        /// Why: `sent-back`, `declined`.
        reason: String,
    },
    /// 回访 with the petitioner's rating.
    CalledBack {
        /// Scale code; `None` when not reached.
        rating: Option<String>,
        /// Whether the pack counts it as satisfied.
        satisfied: Option<bool>,
    },
    /// The window to call back ended without a rating.
    CallBackMissed,
    /// 重办 ordered: the ticket is open again under a new due date.
    RedoOrdered {
        /// By when the redo must be finished.
        due: Time,
    },
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
    /// After a restore: what is known of the matter came back with a leg that this node gave on.
    Returned {
        /// The outgoing leg.
        leg: LegId,
    },
    /// After a restore: where the ticket stands by its legs, which may have come back in another order than they were.
    Mended {
        /// Where it stands.
        stage: TicketStage,
        /// How it was closed.
        closed_ground: Option<String>,
        /// When it was closed.
        closed_at: Option<Time>,
        /// The incoming leg in force.
        incoming: Option<LegId>,
        /// All incoming legs, oldest first.
        incoming_all: Vec<LegId>,
        /// All outgoing legs, oldest first.
        outgoing: Vec<LegId>,
        /// Outgoing legs before the work in hand.
        round: u32,
    },
    /// A file was attached here; its cover is a field.
    Attached {
        /// The reference.
        attachment: Attachment,
        /// It stays at this node.
        local: bool,
    },
    /// A person here took an attachment out. Only older logs say so: since readings name a purpose, they are facts of
    /// their own ([`crate::reading`]).
    AttachmentRead {
        /// Which.
        id: AttachmentId,
    },
    /// Another node began to fetch an attachment from here.
    AttachmentFetched {
        /// Which.
        id: AttachmentId,
        /// By which leg.
        leg: LegId,
        /// Who.
        by: RegionKey,
    },
}

impl TicketAct {
    /// Short name, stable.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            TicketAct::TakenIn { .. } => "taken-in",
            TicketAct::Received { .. } => "received",
            TicketAct::DueChanged { .. } => "due-changed",
            TicketAct::DueSettled { .. } => "due-settled",
            TicketAct::AnsweredDirectly => "answered-directly",
            TicketAct::Refused { .. } => "refused",
            TicketAct::Determined { .. } => "determined",
            TicketAct::Closed { .. } => "closed",
            TicketAct::Reopened { .. } => "reopened",
            TicketAct::CalledBack { .. } => "called-back",
            TicketAct::CallBackMissed => "call-back-missed",
            TicketAct::RedoOrdered { .. } => "redo-ordered",
            TicketAct::Withdrawn => "withdrawn",
            TicketAct::Overdue => "overdue",
            TicketAct::LeadNamed { .. } => "lead-named",
            TicketAct::Noted => "noted",
            TicketAct::Returned { .. } => "returned",
            TicketAct::Mended { .. } => "mended",
            TicketAct::Attached { .. } => "attached",
            TicketAct::AttachmentRead { .. } => "attachment-read",
            TicketAct::AttachmentFetched { .. } => "attachment-fetched",
        }
    }

    /// Whether it only says who looked at what: the ticket is as whoever saw it before.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        matches!(
            self,
            TicketAct::AttachmentRead { .. } | TicketAct::AttachmentFetched { .. }
        )
    }
}
