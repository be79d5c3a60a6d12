//! 签收 and 进展: signing for a leg, and how far the work is.

use super::act;
use crate::command::Command;
use crate::id::LegId;
use crate::kernel::{Draft, Stop};
use crate::leg::Act;
use crate::refusal::{Class, Refusal};
use crate::row::Done;
use crate::ticket::taker_leg;

/// Longest stage word of a progress note, in characters.
const STAGE_CHARS_MAX: usize = 32;

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
        let words = format!("进展须写一个阶段词，不超过 {STAGE_CHARS_MAX} 字");
        return Err(Refusal::new(Class::Invalid, "progress.stage", words).into());
    }
    let stage = stage.to_owned();
    act(draft, command, &leg, Act::Progress { stage })
}
