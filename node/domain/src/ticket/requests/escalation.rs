//! 提级上报 of an incoming leg: a request to its giver.

use super::{ask, judged_by, no_reason};
use crate::command::Command;
use crate::id::LegId;
use crate::kernel::{Draft, Stop};
use crate::leg::{Asking, LegKind};
use crate::refusal::{Class, Refusal};
use crate::row::Done;
use crate::ticket::taker_leg;
use hotline_topology::PolicyPack;

/// 提级上报 of an incoming leg: a request to its giver, with ground and work done so far; the clock runs on.
///
/// # Errors
/// Refuses as `escalation.ground`, `escalation.report`, `escalation.upward`.
pub fn ask_escalation(
    draft: &mut Draft<'_>,
    command: &Command,
    leg: LegId,
    ground: &str,
) -> Result<Done, Stop> {
    let leg = taker_leg(draft, command, leg)?;
    if leg.offer.kind == LegKind::Upward {
        let words = "下级提级上来的事项不能再退给下级；超出本级权限请对工单再作提级上报".to_owned();
        return Err(Refusal::new(Class::State, "escalation.upward", words).into());
    }
    known_escalation_ground(judged_by(draft, &leg), ground)?;
    no_reason(
        command,
        "escalation.report",
        "提级上报须写明理由和阶段性工作情况",
    )?;
    ask(
        draft,
        command,
        &leg,
        Asking::Escalation {
            ground: ground.to_owned(),
        },
    )
}

pub(in crate::ticket) fn known_escalation_ground(
    pack: &PolicyPack,
    ground: &str,
) -> Result<(), Stop> {
    if pack.escalation_ground(ground).is_some() {
        return Ok(());
    }
    let known: Vec<_> = pack
        .escalation
        .grounds
        .iter()
        .map(|ground| ground.code.as_str())
        .collect();
    let words = format!("规则包没有提级理由「{ground}」；可用：{}", known.join("、"));
    Err(Refusal::new(Class::Policy, "escalation.ground", words)
        .citing(pack.escalation.article.clone())
        .into())
}
