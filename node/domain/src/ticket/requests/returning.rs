//! 申请退单: the taker says that the matter is not its own.

use super::{ask, judged_by, no_reason};
use crate::clock;
use crate::command::Command;
use crate::id::LegId;
use crate::kernel::{Draft, Stop};
use crate::leg::{Asking, LegKind};
use crate::refusal::{Class, Refusal};
use crate::row::Done;
use crate::ticket::taker_leg;
use hotline_topology::policy::LateReturn;

/// 申请退单: within the window, on a ground of the pack, with basis and reason. A superior declines an upward leg alike.
///
/// # Errors
/// Refuses as `return.ground`, `return.basis`, `return.reason`, `return.window`.
pub fn ask_return(
    draft: &mut Draft<'_>,
    command: &Command,
    leg: LegId,
    ground: &str,
    basis: &str,
) -> Result<Done, Stop> {
    let leg = taker_leg(draft, command, leg)?;
    let rule = &judged_by(draft, &leg).returns;
    if judged_by(draft, &leg).return_ground(ground).is_none() {
        let known: Vec<_> = rule
            .grounds
            .iter()
            .map(|ground| ground.code.as_str())
            .collect();
        let words = format!("规则包没有退单理由「{ground}」；可用：{}", known.join("、"));
        return Err(Refusal::new(Class::Policy, "return.ground", words)
            .citing(rule.article.clone())
            .into());
    }
    if basis.trim().is_empty() {
        let words = "退单须写明依据".to_owned();
        return Err(Refusal::new(Class::Invalid, "return.basis", words)
            .citing(rule.article.clone())
            .into());
    }
    no_reason(command, "return.reason", "退单须写明理由")?;
    let end = clock::end_of(
        &draft.world,
        leg.delivered_at.unwrap_or(leg.offered_at),
        rule.window,
    );
    if leg.offer.kind == LegKind::Downward && draft.now() > end && rule.late == LateReturn::Refuse {
        let words = format!("退单期限 {end} 已过（送达后{}），须继续办理", rule.window);
        return Err(Refusal::new(Class::Policy, "return.window", words)
            .citing(rule.article.clone())
            .into());
    }
    ask(
        draft,
        command,
        &leg,
        Asking::Return {
            ground: ground.to_owned(),
            basis: basis.to_owned(),
        },
    )
}
