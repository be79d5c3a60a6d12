//! What a taker does on its leg: 签收, 进展, 退单, 延期, 提级, 办理结果. Windows, bounds and grounds are the pack's that the
//! leg was given under.

use super::taker_leg;
use crate::clock;
use crate::command::Command;
use crate::id::LegId;
use crate::kernel::{Draft, Stop};
use crate::lead;
use crate::leg::{Act, Asking, Leg, LegKind, Party, Stage};
use crate::refusal::{Class, Refusal};
use crate::row::Done;
use crate::ticket::TicketStage;
use hotline_topology::policy::LateReturn;
use hotline_topology::{PolicyPack, Span};

/// Longest stage word of a progress note, in characters.
const STAGE_CHARS_MAX: usize = 32;

fn judged_by<'a>(draft: &Draft<'a>, leg: &Leg) -> &'a PolicyPack {
    draft.world.pack_for(&leg.offer.rules)
}

fn no_reason(command: &Command, rule: &'static str, words: &str) -> Result<(), Stop> {
    if command.fields.is_empty() {
        return Err(Refusal::new(Class::Invalid, rule, words).into());
    }
    Ok(())
}

fn act(draft: &mut Draft<'_>, command: &Command, leg: &Leg, act: Act) -> Result<Done, Stop> {
    draft.act(
        leg.id,
        Party::Taker,
        act,
        Some(&command.actor),
        command.fields.clone(),
    )?;
    super::done(draft, leg.matter(), vec![leg.id])
}

fn ask(draft: &mut Draft<'_>, command: &Command, leg: &Leg, asking: Asking) -> Result<Done, Stop> {
    let no = leg.request.as_ref().map_or(1, |request| request.no + 1);
    act(draft, command, leg, Act::Request { no, asking })
}

/// 签收; of an upward leg: the superior accepts it.
///
/// # Errors
/// What [`crate::leg::check`] refuses.
pub fn sign(draft: &mut Draft<'_>, command: &Command, leg: LegId) -> Result<Done, Stop> {
    let leg = taker_leg(draft, command, leg)?;
    act(draft, command, &leg, Act::Sign { deemed: false })
}

/// 进展: a stage word; the note stays here.
///
/// # Errors
/// Refuses as `progress.stage`.
pub fn progress(
    draft: &mut Draft<'_>,
    command: &Command,
    leg: LegId,
    stage: &str,
) -> Result<Done, Stop> {
    let leg = taker_leg(draft, command, leg)?;
    if stage.is_empty() || stage.chars().count() > STAGE_CHARS_MAX {
        let words = format!("进展须写一个阶段词,不超过 {STAGE_CHARS_MAX} 字");
        return Err(Refusal::new(Class::Invalid, "progress.stage", words).into());
    }
    act(
        draft,
        command,
        &leg,
        Act::Progress {
            stage: stage.to_owned(),
        },
    )
}

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
        let words = format!("规则包没有退单理由「{ground}」;可用:{}", known.join("、"));
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
        let words = format!("退单期限 {end} 已过(送达后{}),须继续办理", rule.window);
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
                "已延期 {} 次,最多 {} 次;请提级上报",
                leg.extensions, rule.max
            ),
        ));
    }
    let calendar = draft.world.federation.calendar();
    let last = calendar.before(leg.due.at, rule.apply_before).at;
    if draft.now() > last {
        return Err(refuse(
            "extension.late",
            format!("延期须在 {last} 前申请(期满前{})", rule.apply_before),
        ));
    }
    let until = clock::due(&draft.world, leg.due.at, Span::WorkingDays(days));
    let longest = clock::due(&draft.world, leg.due.at, rule.length);
    if days == 0 || until.at > longest.at {
        return Err(refuse(
            "extension.length",
            format!("每次延期最长{},至 {}", rule.length, longest.at),
        ));
    }
    no_reason(command, "extension.reason", "延期须写明理由")?;
    ask(draft, command, &leg, Asking::Extension { until })
}

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
        let words = "下级提级上来的事项不能再退给下级;超出本级权限请对工单再作提级上报".to_owned();
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

pub(super) fn known_escalation_ground(pack: &PolicyPack, ground: &str) -> Result<(), Stop> {
    if pack.escalation_ground(ground).is_some() {
        return Ok(());
    }
    let known: Vec<_> = pack
        .escalation
        .grounds
        .iter()
        .map(|ground| ground.code.as_str())
        .collect();
    let words = format!("规则包没有提级理由「{ground}」;可用:{}", known.join("、"));
    Err(Refusal::new(Class::Policy, "escalation.ground", words)
        .citing(pack.escalation.article.clone())
        .into())
}

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
        let ticket = draft.ticket(leg.matter())?;
        if ticket.stage == TicketStage::Assigned && ticket.origin != draft.me() {
            let words = format!(
                "工单 {} 还有未结的下级交办,审核完毕后方可上报结果",
                ticket.number
            );
            return Err(Refusal::new(Class::State, "result.open-legs", words).into());
        }
        lead::may_close(&crate::kernel::joint_legs(draft, &ticket)?)?;
    }
    if leg.offer.kind == LegKind::Upward && leg.stage == Stage::Delivered {
        let act = Act::Sign { deemed: false };
        draft.act(leg.id, Party::Taker, act, Some(&command.actor), Vec::new())?;
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

pub(super) fn known_closing_ground(pack: &PolicyPack, ground: &str) -> Result<(), Stop> {
    if pack.closing(ground).is_some() {
        return Ok(());
    }
    let known: Vec<_> = pack
        .closings
        .iter()
        .map(|closing| closing.ground.code.as_str())
        .collect();
    let words = format!("规则包没有办结情形「{ground}」;可用:{}", known.join("、"));
    Err(Refusal::new(Class::Policy, "close.ground", words).into())
}

/// Takes the open request back.
///
/// # Errors
/// What [`crate::leg::check`] refuses.
pub fn withdraw_request(
    draft: &mut Draft<'_>,
    command: &Command,
    leg: LegId,
    request: u32,
) -> Result<Done, Stop> {
    let leg = taker_leg(draft, command, leg)?;
    act(draft, command, &leg, Act::WithdrawRequest { no: request })
}
