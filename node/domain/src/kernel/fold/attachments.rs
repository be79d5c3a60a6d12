//! References to attachments: written here, sent along a leg, come by one, fetched.

use crate::attachment::Attached;
use crate::fact::Fact;
use crate::leg::{Act, Party, Side};
use crate::row::{Row, RowKey};
use crate::ticket::TicketAct;
use crate::view::{Overlay, Rows, ViewFailed};

/// Folds what a fact says of attachments, if anything.
pub(super) fn fold(view: &mut Overlay<'_>, fact: &Fact) -> Result<(), ViewFailed> {
    match fact {
        Fact::Ticket { act, .. } => match act {
            TicketAct::Attached { .. } => written(view, fact),
            TicketAct::AttachmentFetched { id, by, .. } => {
                let Fact::Ticket { matter, .. } = fact else {
                    return Ok(());
                };
                if let Some(mut attached) = view.attachment(*matter, *id)?
                    && !attached.fetched_by.contains(by)
                {
                    attached.fetched_by.push(*by);
                    put(view, fact, attached);
                }
                Ok(())
            }
            _ => Ok(()),
        },
        Fact::Leg {
            act: Act::Attach { .. },
            ..
        } => on_leg(view, fact),
        _ => Ok(()),
    }
}

fn put(view: &mut Overlay<'_>, fact: &Fact, attached: Attached) {
    let (Fact::Ticket { matter, .. } | Fact::Leg { matter, .. }) = fact else {
        return;
    };
    let key = RowKey::Attachment(*matter, attached.attachment.id);
    view.put(key, Row::Attachment(Box::new(attached)));
}

fn written(view: &mut Overlay<'_>, fact: &Fact) -> Result<(), ViewFailed> {
    let Fact::Ticket {
        at,
        actor,
        act: TicketAct::Attached { attachment, local },
        fields,
        ..
    } = fact
    else {
        return Ok(());
    };
    if let Some(cover) = fields.first() {
        let attached = Attached {
            attachment: *attachment,
            cover: cover.clone(),
            at: *at,
            actor: actor.clone(),
            local: *local,
            source: None,
            given_on: Vec::new(),
            came_on: Vec::new(),
            fetched_by: Vec::new(),
        };
        put(view, fact, attached);
    }
    Ok(())
}

fn on_leg(view: &mut Overlay<'_>, fact: &Fact) -> Result<(), ViewFailed> {
    let Fact::Leg {
        leg: id,
        matter,
        by,
        at,
        act: Act::Attach { attachment },
        fields,
        ..
    } = fact
    else {
        return Ok(());
    };
    let (Some(leg), Some(cover)) = (view.leg(*id)?, fields.first()) else {
        return Ok(());
    };
    let given = matches!(
        (leg.side, by),
        (Side::Giver, Party::Giver) | (Side::Taker, Party::Taker)
    );
    let source = match by {
        Party::Giver => leg.giver(),
        Party::Taker => leg.taker().region(),
    };
    let known = view.attachment(*matter, attachment.id)?;
    let mut attached = known.unwrap_or_else(|| Attached {
        attachment: *attachment,
        cover: cover.clone(),
        at: *at,
        actor: None,
        local: false,
        source: Some(source),
        given_on: Vec::new(),
        came_on: Vec::new(),
        fetched_by: Vec::new(),
    });
    let legs = if given {
        &mut attached.given_on
    } else {
        &mut attached.came_on
    };
    if !legs.contains(id) {
        legs.push(*id);
    }
    put(view, fact, attached);
    Ok(())
}
