//! What the contract itself forbids, in whatever state the leg is: no crossing of messages can excuse it, so it binds
//! one's own acts and those that arrive alike.

use super::act::{Act, Party, RecallGround};
use super::asking::{Asking, RequestKind};
use super::offer::LegKind;
use super::state::Leg;
use crate::refusal::{Class, Refusal};

/// True to the contract or not.
///
/// # Errors
/// The rule of the contract that the act breaks.
pub(crate) fn permits(leg: &Leg, by: Party, act: &Act) -> Result<(), Refusal> {
    if act.party().is_some_and(|party| party != by) {
        let words = format!(
            "“{}”不是{}在这份交办上可以做的事",
            act.label(),
            party_label(by)
        );
        return Err(Refusal::new(Class::Forbidden, "leg.party", words));
    }
    ruling(act)?;
    match leg.offer.kind {
        LegKind::Downward => downward(leg, act),
        LegKind::Upward => upward(leg, act),
    }
}

fn party_label(party: Party) -> &'static str {
    match party {
        Party::Giver => "交办方",
        Party::Taker => "承办方",
    }
}

/// A granted extension brings its date, and nothing else does.
fn ruling(act: &Act) -> Result<(), Refusal> {
    match act {
        Act::Ruling {
            of, granted, due, ..
        } if due.is_some() != (*granted && *of == RequestKind::Extension) => Err(Refusal::new(
            Class::Invalid,
            "leg.ruling.due",
            "同意延期须写明新的办理期限，其他审核意见不得带期限；请改正后重新审核",
        )),
        _ => Ok(()),
    }
}

fn downward(leg: &Leg, act: &Act) -> Result<(), Refusal> {
    let barred = |rule, words: &str| Err(Refusal::new(Class::Forbidden, rule, words));
    match act {
        Act::Request {
            asking: Asking::Return { .. },
            ..
        } if leg.offer.determined => barred(
            "leg.return.determined",
            "本交办已由上级指定承办单位，不得退单；确需调整的请申请提级",
        ),
        Act::Forwarded { .. } if !leg.is_joint() => barred(
            "leg.forward.sole",
            "本交办只有一个承办单位，没有会办结果可转",
        ),
        Act::NameLead { .. } if !leg.is_joint() => {
            barred("leg.lead.sole", "本交办只有一个承办单位，无需确定主办")
        }
        Act::Recall {
            ground: RecallGround::Released,
        } if !leg.is_joint() => barred(
            "leg.release.sole",
            "只有会办单位可以解除会办；独办的交办请用收回",
        ),
        _ => Ok(()),
    }
}

/// The superior takes no orders from the origin save the petitioner's withdrawal, and owes only its answer.
fn upward(leg: &Leg, act: &Act) -> Result<(), Refusal> {
    let barred = |rule, words: &str| Err(Refusal::new(Class::Forbidden, rule, words));
    match act {
        Act::Request {
            asking: Asking::Extension { .. } | Asking::Escalation { .. },
            ..
        } => barred(
            "leg.upward.request",
            "上报件只能不予接收或答复，办理期限和再上报由上级按自己的规则处理",
        ),
        Act::WithdrawRequest { .. } => barred(
            "leg.upward.withdraw",
            "对上报件的答复或不予接收一经送出即生效，不能撤回",
        ),
        Act::Sign { deemed: true } => barred(
            "leg.upward.deemed",
            "上报件须由上级明确接收，不因逾期视为接收",
        ),
        Act::Ruling { granted: false, .. } => barred(
            "leg.upward.ruling",
            "上级对上报件的答复或不予接收即为定论，下级不能驳回",
        ),
        Act::Recall {
            ground: RecallGround::Recalled | RecallGround::Released,
        } => barred("leg.upward.recall", "上报件只能因诉求人撤诉而撤回"),
        Act::NewDue { .. } => barred("leg.upward.due", "上报件的办理期限由上级自定，下级不能改"),
        Act::Forwarded { .. } => {
            barred("leg.forward.sole", "上报件只有一个承办方，没有会办结果可转")
        }
        Act::NameLead { .. } => barred("leg.lead.sole", "上报件只有一个承办方，无需确定主办"),
        Act::Supervise { issuer, .. } if *issuer == leg.giver() => {
            barred("leg.upward.order", "下级不能督办上级；请电话或书面协调")
        }
        _ => Ok(()),
    }
}
