//! Dispatch: each verb to its file.

use super::draft::Draft;
use super::outcome::Stop;
use super::{conduct, joint, keys, reconcile, reopen, world};
use crate::command::{Command, Verb};
use crate::fact::Fact;
use crate::id::{LegId, MatterId};
use crate::policy::roles;
use crate::refusal::{Class, Refusal};
use crate::row::Done;
use crate::supervision;
use crate::ticket::{self, Assign, TakeIn, TicketAct};
use crate::view::Rows;

/// Carries a command out on the draft.
pub(super) fn dispatch(draft: &mut Draft<'_>, command: &Command) -> Result<Done, Stop> {
    roles::permit(&command.actor, &command.verb)?;
    permit_now(draft, &command.verb)?;
    match &command.verb {
        Verb::TakeIn {
            channel,
            kind,
            category,
            urgency,
            place,
            happened_at,
        } => {
            let (kind, urgency, place, happened_at) = (*kind, *urgency, *place, *happened_at);
            ticket::take_in(
                draft,
                command,
                &TakeIn {
                    channel,
                    kind,
                    category,
                    urgency,
                    place,
                    happened_at,
                },
            )
        }
        Verb::Refuse {
            matter,
            ground,
            basis,
        } => ticket::refuse(draft, command, *matter, ground, basis),
        Verb::AnswerDirectly { matter } => ticket::answer_directly(draft, command, *matter),
        Verb::Assign {
            matter,
            takers,
            lead,
            basis,
            due,
            determination,
        } => {
            let (lead, determination) = (lead.as_ref(), determination.as_deref());
            let asked = Assign {
                matter: *matter,
                takers,
                lead,
                basis,
                due: *due,
                determination,
            };
            ticket::assign(draft, command, &asked)
        }
        Verb::Close { matter, ground } => ticket::close(draft, command, *matter, ground),
        Verb::CallBack { matter, rating } => {
            ticket::call_back(draft, command, *matter, rating.as_deref())
        }
        Verb::Redo { matter, taker } => ticket::redo(draft, command, *matter, taker.as_ref()),
        Verb::Escalate { matter, ground } => ticket::escalate(draft, command, *matter, ground),
        Verb::Withdraw { matter } => ticket::withdraw(draft, command, *matter),
        Verb::NameLead { matter, lead } => name_lead(draft, command, *matter, *lead),
        Verb::Note { matter } => note(draft, command, *matter),
        Verb::Erase {
            matter,
            reason,
            oldest_backup,
        } => ticket::erase(draft, command, *matter, reason, *oldest_backup),
        Verb::RotateKey { reason, new, .. } => {
            keys::rotate(draft, &command.actor, reason, new.as_deref())
        }
        Verb::Attach {
            matter,
            attachment,
            local,
        } => ticket::attach(draft, command, *matter, *attachment, *local),
        Verb::Read {
            matter,
            opened,
            purpose,
            entrance,
        } => ticket::read(draft, command, *matter, opened, *purpose, *entrance),
        Verb::ConfirmClock => confirm_clock(draft),
        Verb::ForgiveLink { peer } => conduct::forgive(draft, *peer),
        Verb::ReopenLink { peer } => reopen::reopen(draft, *peer),
        Verb::PublishDocument { bytes } => world::publish(draft, bytes),
        _ => on_leg(draft, command),
    }
}

/// After a restore, what was there before it waits for the others' answers; a note may always be made, and what is
/// there be read.
fn permit_now(draft: &Draft<'_>, verb: &Verb) -> Result<(), Stop> {
    let matter = match verb {
        Verb::Refuse { matter, .. }
        | Verb::AnswerDirectly { matter }
        | Verb::Assign { matter, .. }
        | Verb::Close { matter, .. }
        | Verb::CallBack { matter, .. }
        | Verb::Redo { matter, .. }
        | Verb::Escalate { matter, .. }
        | Verb::Withdraw { matter }
        | Verb::Erase { matter, .. }
        | Verb::Attach { matter, .. }
        | Verb::NameLead { matter, .. } => Some(*matter),
        Verb::Sign { leg }
        | Verb::Progress { leg, .. }
        | Verb::AskReturn { leg, .. }
        | Verb::AskExtension { leg, .. }
        | Verb::AskEscalation { leg, .. }
        | Verb::SubmitResult { leg, .. }
        | Verb::WithdrawRequest { leg, .. }
        | Verb::Rule { leg, .. }
        | Verb::Recall { leg }
        | Verb::Reassign { leg, .. }
        | Verb::SetDue { leg, .. }
        | Verb::Release { leg }
        | Verb::Supervise { leg, .. }
        | Verb::ReplyOrder { leg, .. } => Rows::leg(draft, *leg)?.map(|leg| leg.matter()),
        Verb::Remind { order } | Verb::EndOrder { order } => {
            Rows::order(draft, *order)?.map(|issued| issued.matter)
        }
        Verb::TakeIn { .. }
        | Verb::Note { .. }
        | Verb::Read { .. }
        | Verb::ConfirmClock
        | Verb::ForgiveLink { .. }
        | Verb::ReopenLink { .. }
        | Verb::RotateKey { .. }
        | Verb::PublishDocument { .. } => None,
    };
    match matter
        .map(|matter| Rows::ticket(draft, matter))
        .transpose()?
    {
        Some(Some(ticket)) => reconcile::permit_matter(draft, &ticket),
        _ => Ok(()),
    }
}

/// What concerns one leg, or an order on it.
fn on_leg(draft: &mut Draft<'_>, command: &Command) -> Result<Done, Stop> {
    match &command.verb {
        Verb::Sign { leg } => ticket::sign(draft, command, *leg),
        Verb::Progress { leg, stage } => ticket::progress(draft, command, *leg, stage),
        Verb::AskReturn { leg, ground, basis } => {
            ticket::ask_return(draft, command, *leg, ground, basis)
        }
        Verb::AskExtension { leg, days } => ticket::ask_extension(draft, command, *leg, *days),
        Verb::AskEscalation { leg, ground } => ticket::ask_escalation(draft, command, *leg, ground),
        Verb::SubmitResult { leg, ground } => ticket::submit_result(draft, command, *leg, ground),
        Verb::WithdrawRequest { leg, request } => {
            ticket::withdraw_request(draft, command, *leg, *request)
        }
        Verb::Rule {
            leg,
            request,
            granted,
            basis,
        } => ticket::rule(draft, command, *leg, *request, *granted, basis),
        Verb::Recall { leg } => ticket::recall(draft, command, *leg),
        Verb::Reassign { leg, taker, basis } => {
            ticket::reassign(draft, command, *leg, taker, basis)
        }
        Verb::SetDue { leg, due } => ticket::set_due(draft, command, *leg, *due),
        Verb::Release { leg } => ticket::release(draft, command, *leg),
        Verb::Supervise {
            leg,
            trigger,
            reply_by,
        } => supervision::supervise(draft, command, *leg, trigger, *reply_by),
        Verb::Remind { order } => supervision::remind(draft, command, *order),
        Verb::ReplyOrder { leg, order } => supervision::reply_order(draft, command, *leg, *order),
        Verb::EndOrder { order } => supervision::end_order(draft, command, *order),
        Verb::TakeIn { .. }
        | Verb::Refuse { .. }
        | Verb::AnswerDirectly { .. }
        | Verb::Assign { .. }
        | Verb::Close { .. }
        | Verb::CallBack { .. }
        | Verb::Redo { .. }
        | Verb::Escalate { .. }
        | Verb::Withdraw { .. }
        | Verb::NameLead { .. }
        | Verb::Note { .. }
        | Verb::Erase { .. }
        | Verb::RotateKey { .. }
        | Verb::Attach { .. }
        | Verb::Read { .. }
        | Verb::ConfirmClock
        | Verb::PublishDocument { .. }
        | Verb::ForgiveLink { .. }
        | Verb::ReopenLink { .. } => {
            Err(Refusal::new(Class::Invalid, "command.verb", "这一命令不是对交办的操作").into())
        }
    }
}

/// The same key with other content.
pub(super) fn key_reused(key: &str) -> Refusal {
    let words = format!("幂等键「{key}」已用于另一内容；请换一个键，或按原内容重发");
    Refusal::new(Class::Invalid, "command.key-reused", words)
}

fn name_lead(
    draft: &mut Draft<'_>,
    command: &Command,
    matter: MatterId,
    lead: LegId,
) -> Result<Done, Stop> {
    let ticket = ticket::open_ticket(draft, command, matter)?;
    let legs = joint::joint_legs(draft, &ticket)?;
    if !legs.iter().any(|leg| leg.id == lead && leg.is_open()) {
        let words = format!("{lead} 不是工单 {} 在办的主办或会办交办", ticket.number);
        return Err(Refusal::new(Class::Invalid, "lead.leg", words).into());
    }
    joint::name(draft, &ticket, lead, true, Some(&command.actor))?;
    ticket::done(draft, matter, vec![lead])
}

fn note(draft: &mut Draft<'_>, command: &Command, matter: MatterId) -> Result<Done, Stop> {
    let ticket = draft.ticket(matter)?;
    ticket::concerns(draft, command, &ticket)?;
    draft.check_seen(command, &ticket)?;
    if command.fields.is_empty() {
        return Err(Refusal::new(Class::Invalid, "note.empty", "记录内容不能为空").into());
    }
    draft.ticket_act(
        ticket.matter,
        Some(&command.actor),
        TicketAct::Noted,
        command.fields.clone(),
    )?;
    ticket::done(draft, matter, Vec::new())
}

fn confirm_clock(draft: &mut Draft<'_>) -> Result<Done, Stop> {
    if draft.node()?.clock_held.is_none() {
        return Err(
            Refusal::new(Class::State, "clock.not-held", "节点时钟没有存疑，无须确认").into(),
        );
    }
    draft.record(Fact::ClockConfirmed)?;
    Ok(Done::default())
}
