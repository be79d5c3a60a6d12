//! The policy pack (规则包): one jurisdiction's rules as data, each citing its article.
//!
//! The code knows how a return, an extension or a redo works; how long, how often and on
//! which grounds is read from here. A limit that a pack leaves open names the article that
//! leaves it and to whom, and a node does not take in that kind until someone fills it.
//!
//! To add a parameter: its field here, its line in `read.rs`, its value in
//! `data/policy/default.toml`.

mod attachments;
mod grounds;
mod read;
#[cfg(test)]
mod tests;
mod words;

use crate::region::RegionKey;
use crate::time::{Span, Time};
use crate::tree::Federation;

pub use attachments::{AttachmentRule, Media, MediaKind};
pub use words::{Coverage, Kind, LateReturn, LeadRule, TriggerEvent, Urgency};

/// A code with its wording and the article that it rests on; used for every list of grounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    /// Short and stable, as it stands in messages and logs: `not-our-duty`.
    pub code: String,
    /// What a clerk reads and picks.
    pub text: String,
    /// The article it rests on.
    pub article: String,
}

/// How long handling may take for one kind at one urgency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlingRule {
    /// Kind of matter.
    pub kind: Kind,
    /// Urgency of the matter.
    pub urgency: Urgency,
    /// `None`: the pack leaves it open, and the node must not take in this kind.
    pub limit: Option<Span>,
    /// The article that sets the limit, or leaves it open.
    pub article: String,
    /// Whom an open limit is left to; `None` when the limit is set.
    pub left_to: Option<String>,
}

/// By when the hotline hands a ticket on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignRule {
    /// From intake or arrival to the first assignment.
    pub window: Span,
    /// The article.
    pub article: String,
}

/// By when a taker signs for a leg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignRule {
    /// From delivery.
    pub window: Span,
    /// Whether the leg is deemed signed when the window ends.
    pub deemed: bool,
    /// The article.
    pub article: String,
}

/// How a taker may return a leg (退单).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnRule {
    /// From delivery.
    pub window: Span,
    /// After this many dispatches of a matter without a handler, one is determined (指定).
    pub max_dispatches: u32,
    /// What becomes of a return asked for after the window.
    pub late: LateReturn,
    /// Grounds to return on; a return names one.
    pub grounds: Vec<Ground>,
    /// The article on the window.
    pub article: String,
    /// The article on the bound and the determination.
    pub determination_article: String,
}

/// How a taker may get more time (延期).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtensionRule {
    /// Most extensions of one leg; 0 allows none.
    pub max: u32,
    /// Length of each, from the old due date.
    pub length: Span,
    /// How long before the due date it must be asked for.
    pub apply_before: Span,
    /// Urgencies that may not be extended.
    pub barred: Vec<Urgency>,
    /// After this many extensions a leg still open is escalated; `None`: never by itself.
    pub escalate_after: Option<u32>,
    /// The article.
    pub article: String,
}

/// How often a matter may be passed on between nodes before one is determined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HopRule {
    /// Most hops.
    pub max: u32,
    /// The article.
    pub article: String,
}

/// How several bodies handle one matter (会办).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoHandlingRule {
    /// Who leads.
    pub lead: LeadRule,
    /// By when a co-handler reports to the lead, from delivery of its leg.
    pub report_limit: Span,
    /// The article.
    pub article: String,
}

/// The giver's time to look at a result before it is itself due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewRule {
    /// Taken off the taker's due date; `None`: nothing is.
    pub reserve: Option<Span>,
    /// The article.
    pub article: String,
}

/// One grade of the rating scale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rating {
    /// Short and stable.
    pub code: String,
    /// What the petitioner is asked.
    pub text: String,
    /// Whether it counts as satisfied; an unsatisfied one leads to a redo.
    pub satisfied: bool,
}

/// How petitioners are asked for their opinion (回访).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackRule {
    /// From the close of handling.
    pub window: Span,
    /// Which matters.
    pub coverage: Coverage,
    /// The grades, best first.
    pub scale: Vec<Rating>,
    /// The article.
    pub article: String,
}

/// Handling once more (重办).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedoRule {
    /// Most redos of one matter.
    pub max: u32,
    /// From the order to the result.
    pub limit: Span,
    /// The article.
    pub article: String,
}

/// What starts supervision (督办) by itself, or entitles a person to start it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// The event that the program sees; [`TriggerEvent::Manual`] for those a person judges.
    pub event: TriggerEvent,
    /// Code, wording and article.
    pub ground: Ground,
}

/// Supervision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupervisionRule {
    /// By when a supervision order is answered, from its delivery.
    pub reply_limit: Span,
    /// How long before a due date the taker is reminded; `None`: not.
    pub remind_before: Option<Span>,
    /// What starts it.
    pub triggers: Vec<Trigger>,
    /// The article.
    pub article: String,
}

/// Sending up what is beyond one's powers (提级上报).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscalationRule {
    /// Grounds; an escalation names one.
    pub grounds: Vec<Ground>,
    /// The article.
    pub article: String,
}

/// A ground not to take a matter in (不予受理).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusalGround {
    /// Code, wording and article.
    pub ground: Ground,
    /// Where the petitioner is pointed to.
    pub channel: String,
}

/// A ground to close a matter (办结).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosingGround {
    /// Code, wording and article.
    pub ground: Ground,
    /// Whether the matter counts as solved.
    pub solved: bool,
    /// Time that must have passed first, as the thirty days of non-cooperation.
    pub after: Option<Span>,
}

/// How long silence is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilenceRule {
    /// After a recall or withdrawal, until a level closes "revoked, unconfirmed".
    pub bound: Span,
    /// The article.
    pub article: String,
}

/// The petitioner's time to supply what is missing (补正).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplementRule {
    /// From the notice.
    pub window: Span,
    /// Whether the handling clock stands still meanwhile.
    pub pauses: bool,
    /// The article.
    pub article: String,
}

/// One jurisdiction's rules, versioned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyPack {
    /// Name of the series of versions, as written in a leg.
    pub id: String,
    /// Grows with every change.
    pub version: u32,
    /// Title for people.
    pub title: String,
    /// The region that issues it, for its subtree; `None` for the pack shipped with the
    /// program, which a node adopts as its own.
    pub issuer: Option<RegionKey>,
    /// From when it holds.
    pub effective_from: Time,
    /// One rule for every kind at every urgency, in that order.
    pub handling: Vec<HandlingRule>,
    /// 派单
    pub assign: AssignRule,
    /// 签收
    pub sign: SignRule,
    /// 退单与指定
    pub returns: ReturnRule,
    /// 延期
    pub extension: ExtensionRule,
    /// 流转次数
    pub hops: HopRule,
    /// 主办会办
    pub co_handling: CoHandlingRule,
    /// 审核预留
    pub review: ReviewRule,
    /// 回访评价
    pub callback: CallbackRule,
    /// 重办
    pub redo: RedoRule,
    /// 督办
    pub supervision: SupervisionRule,
    /// 提级上报
    pub escalation: EscalationRule,
    /// 不予受理
    pub refusals: Vec<RefusalGround>,
    /// 办结情形
    pub closings: Vec<ClosingGround>,
    /// 撤回后的静默期
    pub silence: SilenceRule,
    /// 补正材料
    pub supplement: SupplementRule,
    /// 附件
    pub attachments: AttachmentRule,
}

impl PolicyPack {
    /// The rule for a kind at an urgency. A parsed pack has one for each pair; `None` only
    /// for packs put together by hand.
    pub fn handling(&self, kind: Kind, urgency: Urgency) -> Option<&HandlingRule> {
        self.handling
            .iter()
            .find(|rule| rule.kind == kind && rule.urgency == urgency)
    }

    /// Whether a node may use this pack: its issuer is the node's region or one above it. The
    /// pack shipped with the program may be used by all.
    pub fn may_govern(&self, federation: &Federation, region: RegionKey) -> bool {
        self.issuer
            .is_none_or(|issuer| issuer == region || federation.is_below(region, issuer))
    }

    /// The limits left open: a node must not take in these.
    pub fn open_limits(&self) -> impl Iterator<Item = &HandlingRule> {
        self.handling.iter().filter(|rule| rule.limit.is_none())
    }

    /// A ground to return on.
    pub fn return_ground(&self, code: &str) -> Option<&Ground> {
        self.returns
            .grounds
            .iter()
            .find(|ground| ground.code == code)
    }

    /// A ground to escalate on.
    pub fn escalation_ground(&self, code: &str) -> Option<&Ground> {
        self.escalation
            .grounds
            .iter()
            .find(|ground| ground.code == code)
    }

    /// A ground not to take a matter in.
    pub fn refusal(&self, code: &str) -> Option<&RefusalGround> {
        self.refusals
            .iter()
            .find(|refusal| refusal.ground.code == code)
    }

    /// A ground to close on.
    pub fn closing(&self, code: &str) -> Option<&ClosingGround> {
        self.closings
            .iter()
            .find(|closing| closing.ground.code == code)
    }

    /// A grade of the rating scale.
    pub fn rating(&self, code: &str) -> Option<&Rating> {
        self.callback
            .scale
            .iter()
            .find(|rating| rating.code == code)
    }

    /// The supervision trigger for an event.
    pub fn trigger(&self, event: TriggerEvent) -> Option<&Trigger> {
        self.supervision
            .triggers
            .iter()
            .find(|trigger| trigger.event == event)
    }
}
