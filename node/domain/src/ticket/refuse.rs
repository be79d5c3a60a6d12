//! 不予受理: out of scope, with its basis and where to turn; only before anything was given out.

use super::TicketAct;
use super::answer_directly::untouched;
use crate::command::Command;
use crate::id::MatterId;
use crate::kernel::{Draft, Stop};
use crate::refusal::{Class, Refusal};
use crate::row::Done;

/// Refuses a matter taken in here.
///
/// # Errors
/// Refuses as `refuse.ground`, `refuse.basis`, `ticket.not-own`, `ticket.closed`, `ticket.given-out`.
pub fn refuse(
    draft: &mut Draft<'_>,
    command: &Command,
    matter: MatterId,
    ground: &str,
    basis: &str,
) -> Result<Done, Stop> {
    let ticket = untouched(draft, command, matter)?;
    if draft.pack().refusal(ground).is_none() {
        let known: Vec<_> = draft
            .pack()
            .refusals
            .iter()
            .map(|refusal| refusal.ground.code.as_str())
            .collect();
        let words = format!(
            "规则包没有不予受理情形「{ground}」；可用：{}",
            known.join("、")
        );
        return Err(Refusal::new(Class::Policy, "refuse.ground", words).into());
    }
    if basis.trim().is_empty() {
        let words = "不予受理须向诉求人说明依据".to_owned();
        return Err(Refusal::new(Class::Invalid, "refuse.basis", words).into());
    }
    let act = TicketAct::Refused {
        ground: ground.to_owned(),
        basis: basis.to_owned(),
    };
    draft.ticket_act(
        ticket.matter,
        Some(&command.actor),
        act,
        command.fields.clone(),
    )?;
    super::done(draft, matter, Vec::new())
}
