//! 办结: the origin closes the matter with its ground, once every leg is closed and the petitioner was answered. Levels
//! below close by the acceptance of their result.

use super::TicketAct;
use super::requests::known_closing_ground;
use crate::clock;
use crate::command::Command;
use crate::id::MatterId;
use crate::kernel::{Draft, Stop, joint_legs};
use crate::lead;
use crate::refusal::{Class, Refusal};
use crate::row::{Done, TimerKey};
use crate::view::Rows;
use hotline_topology::policy::Coverage;

/// Closes an own matter.
///
/// # Errors
/// Refuses as `close.ground`, `close.open-legs`, `close.too-early`, `close.answer`, `ticket.not-own`, `ticket.closed`.
pub fn close(
    draft: &mut Draft<'_>,
    command: &Command,
    matter: MatterId,
    ground: &str,
) -> Result<Done, Stop> {
    let ticket = super::own_open(draft, command, matter)?;
    let pack = draft.pack();
    known_closing_ground(pack, ground)?;
    for id in ticket.outgoing.iter().chain(ticket.incoming.iter()) {
        if let Some(leg) = Rows::leg(draft, *id)?.filter(crate::leg::Leg::is_open) {
            let words = format!(
                "工单 {} 仍由 {} 办理，结清后方可办结",
                ticket.number,
                leg.taker()
            );
            return Err(Refusal::new(Class::State, "close.open-legs", words).into());
        }
    }
    lead::may_close(&joint_legs(draft, &ticket)?)?;
    if let Some(closing) = pack.closing(ground)
        && let Some(after) = closing.after
    {
        let earliest = clock::end_of(&draft.world, ticket.taken_in_at, after);
        if draft.now() < earliest {
            let words = format!(
                "按「{}」办结须满{}，即 {earliest} 之后",
                closing.ground.text, after
            );
            let refusal = Refusal::new(Class::Policy, "close.too-early", words);
            return Err(refusal.citing(closing.ground.article.clone()).into());
        }
    }
    if command.fields.is_empty() {
        let words = "办结须写明给诉求人的答复".to_owned();
        return Err(Refusal::new(Class::Invalid, "close.answer", words).into());
    }
    let act = TicketAct::Closed {
        ground: ground.to_owned(),
    };
    draft.ticket_act(matter, Some(&command.actor), act, command.fields.clone())?;
    if pack.callback.coverage == Coverage::All && !ticket.outgoing.is_empty() {
        let at = clock::end_of(&draft.world, draft.now(), pack.callback.window);
        draft.set_timer(at, TimerKey::CallBackDue(matter))?;
    }
    super::done(draft, matter, Vec::new())
}
