//! 申请延期: the taker needs more time.

use super::{ask, judged_by, no_reason};
use crate::clock;
use crate::command::Command;
use crate::id::LegId;
use crate::kernel::{Draft, Stop};
use crate::leg::Asking;
use crate::refusal::{Class, Refusal};
use crate::row::Done;
use crate::ticket::taker_leg;
use hotline_topology::Span;

/// 申请延期: in time, so often and so long as the pack allows; never where the urgency bars it.
///
/// # Errors
/// Refuses as `extension.barred`, `extension.max`, `extension.late`, `extension.length`, `extension.reason`.
pub fn ask_extension(
    draft: &mut Draft<'_>,
    command: &Command,
    leg: LegId,
    days: u32,
) -> Result<Done, Stop> {
    let leg = taker_leg(draft, command, leg)?;
    let rule = &judged_by(draft, &leg).extension;
    let refuse = |name, words: String| -> Stop {
        Refusal::new(Class::Policy, name, words)
            .citing(rule.article.clone())
            .into()
    };
    if rule.barred.contains(&leg.offer.urgency) {
        return Err(refuse(
            "extension.barred",
            format!("「{}」事项不得延期", leg.offer.urgency.label()),
        ));
    }
    if leg.extensions >= rule.max {
        return Err(refuse(
            "extension.max",
            format!(
                "已延期 {} 次，最多 {} 次；请提级上报",
                leg.extensions, rule.max
            ),
        ));
    }
    let calendar = draft.world.federation.calendar();
    let last = calendar.before(leg.due.at, rule.apply_before).at;
    if draft.now() > last {
        return Err(refuse(
            "extension.late",
            format!("延期须在 {last} 前申请（期满前{}）", rule.apply_before),
        ));
    }
    let until = clock::due(&draft.world, leg.due.at, Span::WorkingDays(days));
    let longest = clock::due(&draft.world, leg.due.at, rule.length);
    if days == 0 || until.at > longest.at {
        return Err(refuse(
            "extension.length",
            format!("每次延期最长{}，至 {}", rule.length, longest.at),
        ));
    }
    no_reason(command, "extension.reason", "延期须写明理由")?;
    ask(draft, command, &leg, Asking::Extension { until })
}
