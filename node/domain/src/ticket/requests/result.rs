//! 报送办理结果: the taker has done its work.

use super::{ask, judged_by, no_reason};
use crate::command::Command;
use crate::id::LegId;
use crate::kernel::{Draft, Stop, joint_legs};
use crate::lead;
use crate::leg::{Asking, Leg, LegKind};
use crate::refusal::{Class, Refusal};
use crate::row::Done;
use crate::ticket::incoming::accept_raised;
use crate::ticket::taker_leg;
use crate::view::Rows;
use hotline_topology::PolicyPack;

/// 报送办理结果: once all that was given on is closed; every co-handler has reported or was released.
///
/// # Errors
/// Refuses as `result.ground`, `result.text`, `result.open-legs`, and as [`lead::may_close`].
pub fn submit_result(
    draft: &mut Draft<'_>,
    command: &Command,
    leg: LegId,
    ground: &str,
) -> Result<Done, Stop> {
    let leg = taker_leg(draft, command, leg)?;
    known_closing_ground(judged_by(draft, &leg), ground)?;
    no_reason(command, "result.text", "办理结果须写明办理情况")?;
    if leg.taker().unit().is_none() {
        nothing_outstanding(draft, command, &leg)?;
    }
    ask(
        draft,
        command,
        &leg,
        Asking::Result {
            ground: ground.to_owned(),
        },
    )
}

/// The node answers for the whole of what it gave on. Its own upward leg does not hold it up: the superior asks this
/// leg's result of it meanwhile; only the answer to a subordinate waits for that of the superior.
fn nothing_outstanding(draft: &mut Draft<'_>, command: &Command, leg: &Leg) -> Result<(), Stop> {
    let ticket = draft.ticket(leg.matter())?;
    let raised = leg.offer.kind == LegKind::Upward;
    for id in &ticket.outgoing {
        let Some(other) = Rows::leg(draft, *id)? else {
            continue;
        };
        if other.is_open() && (raised || other.offer.kind == LegKind::Downward) {
            let words = format!(
                "工单 {} 仍由 {} 办理，审核完毕后方可上报结果",
                ticket.number,
                other.taker()
            );
            return Err(Refusal::new(Class::State, "result.open-legs", words).into());
        }
    }
    lead::may_close(&joint_legs(draft, &ticket)?)?;
    if raised {
        accept_raised(draft, &ticket, &command.actor)?;
    }
    Ok(())
}

pub(in crate::ticket) fn known_closing_ground(pack: &PolicyPack, ground: &str) -> Result<(), Stop> {
    if pack.closing(ground).is_some() {
        return Ok(());
    }
    let known: Vec<_> = pack
        .closings
        .iter()
        .map(|closing| closing.ground.code.as_str())
        .collect();
    let words = format!("规则包没有办结情形「{ground}」；可用：{}", known.join("、"));
    Err(Refusal::new(Class::Policy, "close.ground", words).into())
}
