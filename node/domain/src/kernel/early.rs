//! Superiors' orders that come before the leg that they are on: each comes by itself, and it waits for the leg.

use super::draft::Draft;
use super::outcome::Stop;
use super::parked::{answer_refused, parked, take_up_kept};
use crate::fact::Fact;
use crate::id::LegId;
use crate::leg::Act;
use crate::link::{Envelope, Message, MessageKind};
use crate::policy::authority::is_order;
use crate::row::Kept;
use crate::view::Rows;

/// Whether a superior's order came here before the leg that it is on: each comes by itself, and it waits for the leg.
pub(super) fn outruns_its_leg(draft: &Draft<'_>, envelope: &Envelope) -> Result<bool, Stop> {
    let Some(leg) = envelope.leg else {
        return Ok(false);
    };
    let tree = draft.world.federation;
    let may = envelope.addressee == draft.me()
        && envelope.kind == MessageKind::Leg as u32
        && tree.is_below(draft.me(), envelope.author)
        && Rows::leg(draft, leg)?.is_none();
    if !may {
        return Ok(false);
    }
    let message = draft.world.wire.decode(envelope.kind, &envelope.payload);
    Ok(match message {
        Ok(Message::Leg { act, .. }) => match act {
            Act::Supervise { .. } => true,
            // What follows an order waits behind it.
            act => is_order(&act) && order_waits(draft, leg)?,
        },
        _ => false,
    })
}

/// Whether something that came before its leg waits for it here.
fn order_waits(draft: &Draft<'_>, leg: LegId) -> Result<bool, Stop> {
    if draft.node()?.kept == 0 {
        return Ok(false);
    }
    let on_it = |kept: &Kept| kept.envelope.leg == Some(leg);
    Ok(parked(draft)?.iter().any(on_it))
}

/// A leg came, or was refused: what superiors ordered on it before has its turn, or is refused as well.
pub(super) fn leg_came(draft: &mut Draft<'_>, leg: LegId) -> Result<(), Stop> {
    if !order_waits(draft, leg)? {
        return Ok(());
    }
    if Rows::leg(draft, leg)?.is_some() {
        return take_up_kept(draft);
    }
    for kept in parked(draft)? {
        if kept.envelope.leg == Some(leg) && outruns_its_leg(draft, &kept.envelope)? {
            draft.record(Fact::Unkept { no: kept.no })?;
            let words = "督办的交办未被本节点接收".to_owned();
            answer_refused(draft, &kept.envelope, "leg.unknown", words)?;
        }
    }
    Ok(())
}
