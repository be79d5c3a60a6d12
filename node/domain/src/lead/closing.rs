//! When a matter of several bodies may close, and when one of them may go.

use super::naming::Receipt;
use crate::id::LegId;
use crate::leg::{Leg, RequestKind};
use crate::refusal::{Class, Refusal};

/// May the matter close? Only when every co-handler has reported (its result was accepted) or was released with a
/// reason on record: released by the giver, a granted return, an accepted escalation, a recall.
///
/// `legs` are the giver's legs of the matter; those of a sole taker do not concern this rule.
///
/// # Errors
/// `lead.outstanding`, naming the bodies and what each of them waits for.
pub fn may_close(legs: &[Leg]) -> Result<(), Refusal> {
    let waiting: Vec<String> = legs
        .iter()
        .filter(|leg| leg.is_joint() && leg.is_open())
        .map(|leg| format!("{}（{}）", leg.taker(), what_is_missing(leg)))
        .collect();
    if waiting.is_empty() {
        return Ok(());
    }
    let words = format!(
        "还有会办单位未了结，不能办结：{}；请待其报送并审核，或写明理由解除会办",
        waiting.join("、")
    );
    Err(Refusal::new(Class::State, "lead.outstanding", words))
}

fn what_is_missing(leg: &Leg) -> &'static str {
    match leg.open_request().map(|request| request.asking.kind()) {
        Some(RequestKind::Result) => "结果待审核",
        Some(_) => "申请待审核",
        None if leg.delivered_at.is_none() => "在途未送达",
        None => "尚未报送结果",
    }
}

/// May this body be released from the matter? Somebody must stay to answer for it.
///
/// # Errors
/// `lead.release.last` where nobody else stays, `lead.release.closed` where the leg is not an open co-handler's.
pub fn may_release(legs: &[Leg], released: LegId) -> Result<(), Refusal> {
    let open = legs
        .iter()
        .any(|leg| leg.id == released && leg.is_joint() && leg.is_open());
    if !open {
        let words = "这份交办不是在办的会办，无需解除";
        return Err(Refusal::new(Class::State, "lead.release.closed", words));
    }
    let others = legs
        .iter()
        .any(|leg| leg.id != released && leg.is_joint() && Receipt::of(leg).stays);
    if others {
        return Ok(());
    }
    let words = "这是最后一个承办单位，不能解除会办；请改派或收回";
    Err(Refusal::new(Class::State, "lead.release.last", words))
}
