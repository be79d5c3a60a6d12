//! Commands: what people ask of their node. One verb, one file under `ticket/`, `leg/`, `supervision/`.

use crate::attachment::Attachment;
use crate::body::{Actor, Body};
use crate::field::SealedField;
use crate::id::{LegId, MatterId, OrderId};
use crate::policy::purpose::Purpose;
use crate::reading::{Entrance, Opened};
use crate::sealing::NewKey;
use hotline_topology::{Kind, RegionKey, Time, Urgency};

/// A command with who asks and what they saw.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Command {
    /// Who, as the door authenticated them.
    pub actor: Actor,
    /// Idempotency key; belongs to its operator, is refused with other content, lives as long as what it made.
    pub key: Option<String>,
    /// Hash of the request's content, made by the door.
    pub digest: [u8; 32],
    /// Version of the ticket that the actor saw; `None` where nothing was seen yet.
    pub seen: Option<u32>,
    /// What to do.
    pub verb: Verb,
    /// Texts and personal data, sealed by the shell.
    pub fields: Vec<SealedField>,
}

/// What can be asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verb {
    /// 受理.
    TakeIn {
        /// Channel code.
        channel: String,
        /// Kind.
        kind: Kind,
        /// Category code.
        category: String,
        /// Urgency.
        urgency: Urgency,
        /// The region below in whose area the matter lies, where known.
        place: Option<RegionKey>,
        /// When it happened, where it was told by phone and recorded later.
        happened_at: Option<Time>,
    },
    /// 不予受理.
    Refuse {
        /// The matter.
        matter: MatterId,
        /// Ground code.
        ground: String,
        /// Basis told to the petitioner.
        basis: String,
    },
    /// 直接答复.
    AnswerDirectly {
        /// The matter.
        matter: MatterId,
    },
    /// 转办 to one taker, or to several with a lead. Without takers the dispatch catalogue names one.
    Assign {
        /// The matter.
        matter: MatterId,
        /// Takers: own units, children, or (upward legs' matters) any body below.
        takers: Vec<Body>,
        /// Who leads by name; otherwise the earliest receipt.
        lead: Option<Body>,
        /// Basis; empty: the catalogue's entry.
        basis: String,
        /// Earlier than the rules' due date, where the giver wants so.
        due: Option<Time>,
        /// 指定: the determination of duty on record; the takers may not return it.
        determination: Option<String>,
    },
    /// 签收.
    Sign {
        /// The leg.
        leg: LegId,
    },
    /// 进展, 先行联系.
    Progress {
        /// The leg.
        leg: LegId,
        /// Stage word.
        stage: String,
    },
    /// 申请退单.
    AskReturn {
        /// The leg.
        leg: LegId,
        /// Ground code.
        ground: String,
        /// Basis.
        basis: String,
    },
    /// 申请延期.
    AskExtension {
        /// The leg.
        leg: LegId,
        /// Working days more.
        days: u32,
    },
    /// 提级上报 of an incoming leg.
    AskEscalation {
        /// The leg.
        leg: LegId,
        /// Ground code.
        ground: String,
    },
    /// 报送办理结果.
    SubmitResult {
        /// The leg.
        leg: LegId,
        /// Closing ground code.
        ground: String,
    },
    /// Takes the open request back.
    WithdrawRequest {
        /// The leg.
        leg: LegId,
        /// Its number.
        request: u32,
    },
    /// 审核: rules on the open request of an outgoing leg.
    Rule {
        /// The leg.
        leg: LegId,
        /// The request answered.
        request: u32,
        /// Granted (result: accepted) or denied.
        granted: bool,
        /// A granted return: the new determination of duty; a denial: why.
        basis: String,
    },
    /// 收回.
    Recall {
        /// The leg.
        leg: LegId,
    },
    /// 改派: recall and a new leg that names the old.
    Reassign {
        /// The leg taken back.
        leg: LegId,
        /// The new taker.
        taker: Body,
        /// Basis.
        basis: String,
    },
    /// A new due date for an outgoing leg.
    SetDue {
        /// The leg.
        leg: LegId,
        /// The date.
        due: Time,
    },
    /// 办结, with its ground; at the origin the petitioner was answered.
    Close {
        /// The matter.
        matter: MatterId,
        /// Closing ground code.
        ground: String,
    },
    /// 回访.
    CallBack {
        /// The matter.
        matter: MatterId,
        /// Scale code; `None`: not reached.
        rating: Option<String>,
    },
    /// 重办.
    Redo {
        /// The matter.
        matter: MatterId,
        /// Who handles it again; empty: the last taker.
        taker: Option<Body>,
    },
    /// 提级上报 of an own intake: an upward leg.
    Escalate {
        /// The matter.
        matter: MatterId,
        /// Ground code.
        ground: String,
    },
    /// 撤诉 by the petitioner.
    Withdraw {
        /// The matter.
        matter: MatterId,
    },
    /// Releases a co-handler with a reason.
    Release {
        /// The co-handler's leg.
        leg: LegId,
    },
    /// Names the lead of a co-handled matter: a new term.
    NameLead {
        /// The matter.
        matter: MatterId,
        /// The leading leg.
        lead: LegId,
    },
    /// 督办.
    Supervise {
        /// The leg.
        leg: LegId,
        /// Trigger code.
        trigger: String,
        /// By when a reply is owed; `None`: the pack's limit.
        reply_by: Option<Time>,
    },
    /// 催办.
    Remind {
        /// The order.
        order: OrderId,
    },
    /// Replies to a supervision order.
    ReplyOrder {
        /// The leg.
        leg: LegId,
        /// The order.
        order: OrderId,
    },
    /// Ends an own supervision order.
    EndOrder {
        /// The order.
        order: OrderId,
    },
    /// A note of the own staff.
    Note {
        /// The matter.
        matter: MatterId,
    },
    /// 销毁: deletes the personal fields of a closed matter at this node for good.
    Erase {
        /// The matter.
        matter: MatterId,
        /// Why: what the record of the deletion will say. No personal data.
        reason: String,
        /// When the oldest backup was made that still opens them, as the shell found; `None`: none is on record.
        oldest_backup: Option<Time>,
    },
    /// 更换密钥: takes a new key for sealing into use.
    RotateKey {
        /// True: the keys before it may have become known to others; they are destroyed at once and never sealed to again.
        revoke: bool,
        /// Why.
        reason: String,
        /// The key, made by the shell.
        new: Option<Box<NewKey>>,
    },
    /// 附件: attaches a file that lies sealed beside the log; its cover is the command's one field.
    Attach {
        /// The matter.
        matter: MatterId,
        /// The reference.
        attachment: Attachment,
        /// It stays at this node.
        local: bool,
    },
    /// 查阅: opens texts or a file, on record.
    Read {
        /// The matter.
        matter: MatterId,
        /// What.
        opened: Opened,
        /// What for.
        purpose: Purpose,
        /// Which way the person came.
        entrance: Entrance,
    },
    /// Confirms the clock after a jump.
    ConfirmClock,
    /// Hands in a signed document of the world: for this node, and through it for those below.
    PublishDocument {
        /// Its bytes, signatures included.
        bytes: Vec<u8>,
    },
    /// Wipes the ledger of a neighbour's misconduct, after people looked into it; a quarantine ends.
    ForgiveLink {
        /// The neighbour.
        peer: RegionKey,
    },
    /// Lifts the refusal of a link after people reconciled it.
    ReopenLink {
        /// The neighbour.
        peer: RegionKey,
    },
}
