//! May the node's own party do this now?
//!
//! State rules only: what the leg's record allows. Windows, bounds and grounds of the policy pack are the verbs'
//! business. Rules that hold in any state stand in `contract.rs`.

use super::act::{Act, Party};
use super::asking::RequestKind;
use super::contract;
use super::offer::LegKind;
use super::state::{Leg, Side, Stage};
use crate::id::OrderId;
use crate::refusal::{Class, Refusal};
use hotline_topology::Time;

/// May the node's own party do this now?
///
/// # Errors
/// The state rule that speaks against it, in words for a clerk.
pub fn check(leg: &Leg, by: Party, act: &Act) -> Result<(), Refusal> {
    own(leg, by)?;
    contract::permits(leg, by, act)?;
    if !outlives_closing(act) {
        open(leg)?;
    }
    match act {
        Act::Offer(_) => no("leg.offer.known", "本交办已经发出，不能重复交办"),
        Act::Receipt => receipt(leg),
        Act::Sign { .. } => sign(leg),
        Act::Progress { .. } => taken_up(leg),
        Act::Request { no, asking } => request(leg, *no, asking.kind()),
        Act::WithdrawRequest { no } => standing(leg, *no).map(|_| ()),
        Act::Ruling {
            request, of, due, ..
        } => ruling(leg, *request, *of, due.map(|(no, _)| no)),
        Act::Recall { .. } | Act::Forwarded { .. } => Ok(()),
        Act::Attach { .. } if by == Party::Taker => delivered(leg),
        Act::Attach { .. } => Ok(()),
        Act::NewDue { no, .. } => due_number(leg, *no),
        Act::NameLead { term, .. } => lead_term(leg, *term),
        Act::ClosedSince { .. } => closed_since(leg, act),
        Act::Supervise { order, .. } => new_order(leg, *order),
        Act::Remind { order } | Act::EndOrder { order } => own_order(leg, *order),
        Act::ReplyOrder { order } => running_order(leg, *order),
        Act::Overdue { due } => overdue(leg, *due),
    }
}

/// Orders end only by their issuer, so they outlive the leg; the answer to what came late is given after it.
fn outlives_closing(act: &Act) -> bool {
    matches!(
        act,
        Act::Remind { .. }
            | Act::ReplyOrder { .. }
            | Act::EndOrder { .. }
            | Act::ClosedSince { .. }
    )
}

fn no(rule: &'static str, words: impl Into<String>) -> Result<(), Refusal> {
    Err(Refusal::new(Class::State, rule, words))
}

fn own(leg: &Leg, by: Party) -> Result<(), Refusal> {
    match (leg.side, by) {
        (Side::Both, _) | (Side::Giver, Party::Giver) | (Side::Taker, Party::Taker) => Ok(()),
        (Side::Giver, Party::Taker) | (Side::Taker, Party::Giver) => Err(Refusal::new(
            Class::Forbidden,
            "leg.side",
            "本节点不是这份交办的这一方，不能替对方操作",
        )),
    }
}

fn open(leg: &Leg) -> Result<(), Refusal> {
    match leg.closed_at {
        None => Ok(()),
        Some(at) => no("leg.closed", format!("本交办已于 {at} 结束，不能再操作")),
    }
}

fn receipt(leg: &Leg) -> Result<(), Refusal> {
    match leg.stage {
        Stage::Offered => Ok(()),
        _ => no("leg.receipt.known", "本交办已经送达，无需再次回执"),
    }
}

fn delivered(leg: &Leg) -> Result<(), Refusal> {
    match leg.delivered_at {
        Some(_) => Ok(()),
        None => no("leg.delivered", "本交办尚未送达承办方，请待送达后再操作"),
    }
}

/// A person signs once; a superior that has declined cannot accept any more.
fn sign(leg: &Leg) -> Result<(), Refusal> {
    delivered(leg)?;
    if let Some(at) = leg.signed_at {
        return no("leg.sign.once", format!("本交办已于 {at} 签收，无需再签"));
    }
    match leg.open_request() {
        Some(_) if leg.offer.kind == LegKind::Upward => no(
            "leg.upward.declined",
            "已对本上报件作出不予接收的答复，不能再接收",
        ),
        _ => Ok(()),
    }
}

/// Work is reported by whoever has it: a superior only once it accepted.
fn taken_up(leg: &Leg) -> Result<(), Refusal> {
    delivered(leg)?;
    match (leg.offer.kind, leg.stage) {
        (LegKind::Upward, Stage::Delivered) => no(
            "leg.upward.accept-first",
            "请先接收本上报件，再登记进展或答复",
        ),
        _ => Ok(()),
    }
}

fn request(leg: &Leg, number: u32, kind: RequestKind) -> Result<(), Refusal> {
    delivered(leg)?;
    match (leg.offer.kind, kind, leg.stage) {
        (LegKind::Upward, RequestKind::Return, Stage::Signed) => {
            return no(
                "leg.upward.accepted",
                "已接收本上报件，不能再不予接收；请办理后答复",
            );
        }
        (LegKind::Upward, RequestKind::Result, _) => taken_up(leg)?,
        _ => {}
    }
    let next = leg.next_request();
    if number == next {
        Ok(())
    } else {
        no(
            "leg.request.number",
            format!("申请编号应为 {next}，而不是 {number}；请刷新后重试"),
        )
    }
}

/// The open request of that number: a ruling is void for any other.
fn standing(leg: &Leg, number: u32) -> Result<RequestKind, Refusal> {
    match leg.open_request() {
        Some(open) if open.no == number => Ok(open.asking.kind()),
        Some(open) => Err(Refusal::new(
            Class::State,
            "leg.request.replaced",
            format!(
                "第 {number} 号申请已被第 {} 号“{}”申请取代，请刷新后处理新的申请",
                open.no,
                open.asking.kind().label()
            ),
        )),
        None => Err(Refusal::new(
            Class::State,
            "leg.request.none",
            format!("第 {number} 号申请已经审核、撤回或不存在，请刷新后再看"),
        )),
    }
}

fn ruling(leg: &Leg, number: u32, of: RequestKind, due_no: Option<u32>) -> Result<(), Refusal> {
    let asked = standing(leg, number)?;
    if asked != of {
        let words = format!(
            "第 {number} 号申请是“{}”，不是“{}”",
            asked.label(),
            of.label()
        );
        return Err(Refusal::new(Class::Invalid, "leg.ruling.kind", words));
    }
    due_no.map_or(Ok(()), |no| due_number(leg, no))
}

fn due_number(leg: &Leg, number: u32) -> Result<(), Refusal> {
    let next = leg.due_no + 1;
    if number == next {
        Ok(())
    } else {
        no(
            "leg.due.number",
            format!("办理期限的编号应为 {next}，而不是 {number}；请刷新后重试"),
        )
    }
}

fn lead_term(leg: &Leg, term: u32) -> Result<(), Refusal> {
    if term > leg.term {
        Ok(())
    } else {
        no(
            "leg.lead.term",
            format!("主办已在第 {} 任确定，第 {term} 任不再生效", leg.term),
        )
    }
}

fn closed_since(leg: &Leg, act: &Act) -> Result<(), Refusal> {
    if leg.closed_since().as_ref() == Some(act) {
        Ok(())
    } else {
        no(
            "leg.closed-since",
            "本交办未结束，或结束的时间和方式与记录不符",
        )
    }
}

fn new_order(leg: &Leg, order: OrderId) -> Result<(), Refusal> {
    match leg.order(order) {
        None => Ok(()),
        Some(_) => no("leg.order.known", "该督办单已经发出，不能重复发出"),
    }
}

fn running_order(leg: &Leg, order: OrderId) -> Result<(), Refusal> {
    match leg.order(order) {
        Some(order) => match order.ended_at {
            None => Ok(()),
            Some(at) => no("leg.order.ended", format!("该督办单已于 {at} 办结")),
        },
        None => Err(Refusal::new(
            Class::NotFound,
            "leg.order.unknown",
            "本交办上没有这张督办单",
        )),
    }
}

/// Only the issuer reminds of an order and ends it; a superior does so by a message, see `receive.rs`.
fn own_order(leg: &Leg, order: OrderId) -> Result<(), Refusal> {
    running_order(leg, order)?;
    match leg.order(order) {
        Some(order) if order.issuer == leg.giver() => Ok(()),
        _ => Err(Refusal::new(
            Class::Forbidden,
            "leg.order.issuer",
            "只有发出督办单的一级可以催办或办结它",
        )),
    }
}

/// The due date in force passed, nobody said so yet, and no result was reported by then.
fn overdue(leg: &Leg, due: Time) -> Result<(), Refusal> {
    if due != leg.due.at {
        return no(
            "leg.overdue.replaced",
            format!("办理期限已改为 {}", leg.due.at),
        );
    }
    if leg.overdue_since.is_some() {
        return no("leg.overdue.known", "本交办已记为逾期");
    }
    if leg.reported_by(due) {
        return no("leg.overdue.reported", "办理结果已在期限内报送，不计逾期");
    }
    Ok(())
}
