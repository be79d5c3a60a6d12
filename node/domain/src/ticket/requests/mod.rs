//! What a taker does on its leg: 签收, 进展, 退单, 延期, 提级, 办理结果. Windows, bounds and grounds are the pack's that the
//! leg was given under.

mod escalation;
mod extension;
mod progress;
mod result;
mod returning;

pub use escalation::ask_escalation;
pub(super) use escalation::known_escalation_ground;
pub use extension::ask_extension;
pub use progress::{progress, sign};
pub(super) use result::known_closing_ground;
pub use result::submit_result;
pub use returning::ask_return;

use super::taker_leg;
use crate::command::Command;
use crate::id::LegId;
use crate::kernel::{Draft, Stop};
use crate::leg::{Act, Asking, Leg, Party};
use crate::refusal::{Class, Refusal};
use crate::row::Done;
use hotline_topology::PolicyPack;

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
    let no = leg.next_request();
    act(draft, command, leg, Act::Request { no, asking })
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
