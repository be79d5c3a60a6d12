//! 审核: the giver rules on a taker's open request. A granted return needs the new determination of duty on record; a
//! denied request goes back with a reason. And the giver's own orders on time: a new due date.

use super::giver_leg;
use super::incoming::{change_due, given_from_above, owed};
use crate::clock::{self, DueOf};
use crate::command::Command;
use crate::id::LegId;
use crate::kernel::{Draft, Stop, forward_result, reckon};
use crate::leg::{Act, Asking, Due, Leg, LegKind, Party};
use crate::refusal::{Class, Refusal};
use crate::row::Done;
use crate::supervision;
use hotline_topology::Time;

/// Rules on the open request.
///
/// # Errors
/// Refuses as `rule.no-request`, `rule.determination`, `rule.reason`, `rule.exceeds-own`.
pub fn rule(
    draft: &mut Draft<'_>,
    command: &Command,
    leg: LegId,
    request: u32,
    granted: bool,
    basis: &str,
) -> Result<Done, Stop> {
    let leg = giver_leg(draft, command, leg)?;
    let open = leg
        .open_request()
        .filter(|open| open.no == request)
        .ok_or_else(|| {
            let words =
                format!("这一交办没有编号为 {request} 的待审申请；可能已被撤回或更新，请刷新");
            Refusal::new(Class::State, "rule.no-request", words)
        })?;
    let asking = open.asking.clone();
    with_reason(draft, command, &asking, granted, basis)?;
    let due = match (&asking, granted) {
        (Asking::Extension { until }, true) => {
            Some((leg.due_no + 1, within_giver(draft, &leg, *until)?))
        }
        _ => None,
    };
    let act = Act::Ruling {
        request,
        of: asking.kind(),
        granted,
        basis: basis.to_owned(),
        due,
    };
    draft.act(
        leg.id,
        Party::Giver,
        act,
        Some(&command.actor),
        command.fields.clone(),
    )?;
    if let Some((_, due)) = due {
        stretch_own(draft, command, &leg, due)?;
        reckon::note_extension(draft, DueOf::Leg(leg.id), &leg, due)?;
    }
    if granted && matches!(asking, Asking::Result { .. }) {
        to_the_lead(draft, command, &leg)?;
    }
    if granted && matches!(asking, Asking::Return { .. }) {
        supervision::returned(draft, &leg)?;
    }
    super::done(draft, leg.matter(), vec![leg.id])
}

/// A co-handler's result was accepted: the lead sums up.
fn to_the_lead(draft: &mut Draft<'_>, command: &Command, leg: &Leg) -> Result<(), Stop> {
    match draft.ticket(leg.matter())?.lead {
        Some(lead) if leg.is_joint() => forward_result(draft, leg, lead, Some(&command.actor)),
        _ => Ok(()),
    }
}

fn with_reason(
    draft: &Draft<'_>,
    command: &Command,
    asking: &Asking,
    granted: bool,
    basis: &str,
) -> Result<(), Stop> {
    let article = || draft.pack().returns.article.clone();
    match (asking, granted) {
        (Asking::Return { .. }, true) if basis.trim().is_empty() => {
            let words = "同意退单须写明重新认定的职责归属".to_owned();
            Err(Refusal::new(Class::Policy, "rule.determination", words)
                .citing(article())
                .into())
        }
        (_, false) if basis.trim().is_empty() && command.fields.is_empty() => {
            let words = "不同意须写明理由".to_owned();
            Err(Refusal::new(Class::Invalid, "rule.reason", words)
                .citing(article())
                .into())
        }
        _ => Ok(()),
    }
}

/// What would exceed what the giver above allows becomes this node's own request upward first. A matter that no giver
/// waits for has only the rules' limit, and those allow the extension.
fn within_giver(draft: &Draft<'_>, leg: &Leg, until: Due) -> Result<Due, Stop> {
    let ticket = draft.ticket(leg.matter())?;
    match given_from_above(draft, &ticket)? {
        Some(incoming) if until.at > incoming.due.at => Err(exceeds(until.at, incoming.due.at)),
        _ => Ok(until),
    }
}

fn exceeds(until: Time, own: Time) -> Stop {
    let words = format!("延至 {until} 超过本级自身的期限 {own}；请先向上级申请延期");
    Refusal::new(Class::Policy, "rule.exceeds-own", words).into()
}

/// An extension that this node may grant moves its own date along, up to what the giver above allows.
fn stretch_own(draft: &mut Draft<'_>, command: &Command, leg: &Leg, due: Due) -> Result<(), Stop> {
    let ticket = draft.ticket(leg.matter())?;
    let own = ticket.is_own(draft.me());
    let other_clock = own && given_from_above(draft, &ticket)?.is_some();
    if other_clock || ticket.due.is_none_or(|known| known >= due.at) {
        return Ok(());
    }
    change_due(draft, ticket.matter, due.at, Some(&command.actor))?;
    reckon::note_extension(draft, DueOf::Ticket(ticket.matter), leg, due)
}

/// Sets a new due date; only the giver may, within what it owes itself.
///
/// # Errors
/// Refuses as `due.past`, `due.upward`, `rule.exceeds-own`.
pub fn set_due(
    draft: &mut Draft<'_>,
    command: &Command,
    leg: LegId,
    at: Time,
) -> Result<Done, Stop> {
    let leg = giver_leg(draft, command, leg)?;
    if at <= draft.now() {
        let words = format!("新期限 {at} 须晚于现在 {}", draft.now());
        return Err(Refusal::new(Class::Invalid, "due.past", words).into());
    }
    if leg.offer.kind == LegKind::Upward {
        let words = "上级办理的期限由上级按其规则确定".to_owned();
        return Err(Refusal::new(Class::Forbidden, "due.upward", words).into());
    }
    let due = Due {
        at,
        ..clock::due(&draft.world, draft.now(), hotline_topology::Span::Hours(0))
    };
    if let Some(own) = owed(draft, &draft.ticket(leg.matter())?)?.filter(|own| due.at > own.at) {
        return Err(exceeds(due.at, own.at));
    }
    let act = Act::NewDue {
        no: leg.due_no + 1,
        due,
    };
    draft.act(
        leg.id,
        Party::Giver,
        act,
        Some(&command.actor),
        command.fields.clone(),
    )?;
    super::done(draft, leg.matter(), vec![leg.id])
}
