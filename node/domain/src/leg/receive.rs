//! What to do with an act of the other side that arrives in a message.
//!
//! The other side acted on what its own record showed. So what this side's record forbids by now is not an offence but
//! a crossing: it is recorded as late, or has no effect. Refused is only what a true record of the other side could
//! never have allowed.

use super::act::{Act, Party};
use super::asking::Asking;
use super::contract;
use super::offer::LegKind;
use super::state::{Leg, Outcome, Side, Stage};
use crate::refusal::{Class, Refusal};
use hotline_topology::Time;

/// What becomes of an arriving act.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reception {
    /// It takes effect.
    Apply,
    /// The leg is closed here: recorded as late, answered "closed since …".
    Late {
        /// When it was closed.
        closed_at: Time,
    },
    /// It has no effect, and says why: already known, or older than what is known.
    Void(&'static str),
    /// The other side had no right to it.
    Refuse(Refusal),
}

/// What to do with an act of the other side that arrives in a message; `at` is when it happened.
///
/// What comes a second time, as it may where a link was re-opened after a rollback, is void. A superior's order comes
/// as the giver's; that its sender is the issuer is for the caller to see to, who alone knows the sender.
#[must_use]
pub fn receive(leg: &Leg, by: Party, at: Time, act: &Act) -> Reception {
    if let Err(refusal) = sender(leg, by, act).and_then(|()| contract::permits(leg, by, act)) {
        return Reception::Refuse(refusal);
    }
    if let Some(why) = void(leg, at, act) {
        return Reception::Void(why);
    }
    match leg.closed_at {
        Some(closed_at) if comes_late(act) => Reception::Late { closed_at },
        _ => impossible(leg, act).map_or(Reception::Apply, Reception::Refuse),
    }
}

fn sender(leg: &Leg, by: Party, act: &Act) -> Result<(), Refusal> {
    let order = matches!(
        act,
        Act::Supervise { .. } | Act::Remind { .. } | Act::EndOrder { .. }
    );
    match (leg.side, by) {
        (Side::Giver, Party::Taker) | (Side::Taker, Party::Giver) => Ok(()),
        (Side::Giver | Side::Both, Party::Giver) if order => Ok(()),
        _ => Err(Refusal::new(
            Class::Forbidden,
            "leg.side",
            "发来消息的一方不是这份交办的对方，消息未接收",
        )),
    }
}

/// Why the act changes nothing here, in words for the log.
fn void(leg: &Leg, at: Time, act: &Act) -> Option<&'static str> {
    let open = leg.is_open();
    match act {
        Act::Offer(_) => Some("known"),
        Act::Receipt => leg.delivered_at.map(|_| "known"),
        Act::Sign { .. } => leg.signed_at.map(|_| "known"),
        Act::Request { no, .. } => (!leg.is_new_request(*no, at)).then_some("known"),
        Act::WithdrawRequest { no } => match &leg.request {
            Some(last) if last.no == *no => match last.outcome {
                Outcome::Open | Outcome::Late => None,
                Outcome::Granted | Outcome::Denied => Some("ruled"),
                Outcome::Withdrawn => Some("known"),
            },
            _ => Some("no such request"),
        },
        Act::Ruling {
            request,
            of,
            granted,
            due,
            ..
        } => {
            let closes = *granted && of.closure().is_some();
            let newer_due = due.is_some_and(|(no, _)| no > leg.due_no);
            let known = !closes && !newer_due && leg.is_ruled(*request);
            (!open).then_some("closed").or(known.then_some("known"))
        }
        Act::Recall { .. } | Act::ClosedSince { .. } => (!open).then_some("closed"),
        Act::NewDue { no, .. } if open => (*no <= leg.due_no).then_some("older due date"),
        Act::NameLead { term, .. } if open => (*term <= leg.term).then_some("older term"),
        Act::NewDue { .. } | Act::NameLead { .. } => Some("closed"),
        Act::Supervise { order, .. } => leg.order(*order).map(|_| "known"),
        Act::Remind { order } | Act::EndOrder { order } => match leg.order(*order) {
            None => Some("no such order"),
            Some(order) => order.ended_at.map(|_| "ended"),
        },
        Act::ReplyOrder { order } => leg.order(*order).is_none().then_some("no such order"),
        Act::Overdue { due } => {
            let passed = leg.closed_at.is_none_or(|closed| *due < closed);
            if *due != leg.due.at || !passed {
                Some("another due date")
            } else {
                leg.overdue_since.map(|_| "known")
            }
        }
        Act::Progress { .. } | Act::Forwarded { .. } | Act::Attach { .. } => None,
    }
}

/// Orders run on after the closing, and a due date that passed before it is no news for the taker; everything else
/// that meets a closed leg is late.
fn comes_late(act: &Act) -> bool {
    !matches!(
        act,
        Act::Remind { .. } | Act::ReplyOrder { .. } | Act::EndOrder { .. } | Act::Overdue { .. }
    )
}

/// What no true record of the other side could have allowed: links keep the order of a leg's messages, so whatever
/// the taker does comes after its receipt, and a superior's answer after its acceptance.
fn impossible(leg: &Leg, act: &Act) -> Option<Refusal> {
    let refuse = |rule, words: &str| Some(Refusal::new(Class::State, rule, words));
    let delivered = leg.delivered_at.is_some();
    match act {
        Act::Sign { .. } | Act::Progress { .. } | Act::Request { .. } if !delivered => refuse(
            "leg.delivered",
            "对方尚未回执送达，不能签收、登记进展或申请",
        ),
        Act::Request { asking, .. } if leg.offer.kind == LegKind::Upward => {
            match (asking, leg.stage) {
                (Asking::Return { .. }, Stage::Signed) => {
                    refuse("leg.upward.accepted", "上级已接收本上报件，不能再不予接收")
                }
                (Asking::Result { .. }, Stage::Delivered) => {
                    refuse("leg.upward.accept-first", "上级尚未接收本上报件，不能答复")
                }
                _ => None,
            }
        }
        _ => None,
    }
}
