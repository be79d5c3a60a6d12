//! 提级上报 of an own intake: an upward leg. The superior is its taker once it accepts; its answer closes the leg, and the
//! origin tells the petitioner. A matter that came up this way may be raised further alike.

use super::TicketStage;
use super::assign::{Plan, give};
use super::incoming::{accept_raised, given_from_above, raised_from_below, unanswered};
use super::requests::known_escalation_ground;
use crate::body::Body;
use crate::command::Command;
use crate::id::MatterId;
use crate::kernel::{Draft, Stop};
use crate::leg::LegKind;
use crate::refusal::{Class, Refusal};
use crate::row::Done;

/// Raises a ticket to the parent.
///
/// # Errors
/// Refuses as `escalate.incoming`, `escalate.assigned`, `escalate.top`, `escalate.report`, `escalate.withdrawn`,
/// `escalation.ground`, `ticket.answered`, `ticket.closed`.
pub fn escalate(
    draft: &mut Draft<'_>,
    command: &Command,
    matter: MatterId,
    ground: &str,
) -> Result<Done, Stop> {
    let ticket = super::open_ticket(draft, command, matter)?;
    let free = ticket.is_own(draft.me()) || raised_from_below(draft, &ticket)?.is_some();
    if !free || given_from_above(draft, &ticket)?.is_some() {
        let words = "上级交办的事项请对该交办申请提级，由交办方裁定".to_owned();
        return Err(Refusal::new(Class::State, "escalate.incoming", words).into());
    }
    if ticket.stage == TicketStage::Assigned {
        let words = format!("工单 {} 还有未结的交办，请先收回或等其办结", ticket.number);
        return Err(Refusal::new(Class::State, "escalate.assigned", words).into());
    }
    unanswered(draft, &ticket)?;
    known_escalation_ground(draft.pack(), ground)?;
    if command.fields.is_empty() {
        let words = "提级上报须写明理由和阶段性工作情况".to_owned();
        let article = draft.pack().escalation.article.clone();
        return Err(Refusal::new(Class::Invalid, "escalate.report", words)
            .citing(article)
            .into());
    }
    let federation = draft.world.federation;
    let parent = federation.parent(draft.me()).ok_or_else(|| {
        let words = "本节点已是最上级，无上级可报".to_owned();
        Refusal::new(Class::Invalid, "escalate.top", words)
    })?;
    if ticket.withdrawn_at.is_some() {
        let words = format!("工单 {} 诉求人已撤回，不再上报", ticket.number);
        return Err(Refusal::new(Class::State, "escalate.withdrawn", words).into());
    }
    accept_raised(draft, &ticket, &command.actor)?;
    let ticket = draft.ticket(matter)?;
    let plan = Plan {
        kind: LegKind::Upward,
        basis: ground,
        ..Plan::new()
    };
    let leg = give(draft, command, &ticket, &Body::Node(parent), plan)?;
    super::done(draft, matter, vec![leg])
}
