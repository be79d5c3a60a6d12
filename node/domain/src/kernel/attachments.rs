//! Attachments on their way: with which acts they go along a leg, and what may come.

use super::draft::Draft;
use super::outcome::Stop;
use super::watch::unless_awaited;
use crate::attachment::{Attached, Attachment, AttachmentId, permit_received};
use crate::body::Actor;
use crate::field::SealedField;
use crate::id::{LegId, MatterId};
use crate::leg::{Act, Asking, Leg, Party, Side};
use crate::policy::way::{self, Ends};
use crate::refusal::{Class, Refusal};
use crate::ticket::TicketAct;
use crate::view::Rows;
use hotline_topology::{FieldName, RegionKey};

/// The wire version that brought attachments.
const SINCE_WIRE: u32 = 2;

/// What an act of this node's own party takes along: an offer and a result everything that the ticket has, a
/// co-handler's result on its way to the lead what came with it. What the giver adds later goes on to those who work on it.
pub(super) fn after(draft: &mut Draft<'_>, leg: &Leg, by: Party, act: &Act) -> Result<(), Stop> {
    let own = matches!(
        (leg.side, by),
        (Side::Giver, Party::Giver) | (Side::Taker, Party::Taker)
    );
    let from = match act {
        Act::Offer(_)
        | Act::Request {
            asking: Asking::Result { .. },
            ..
        } if own => None,
        Act::Forwarded { from } if own => Some(*from),
        Act::Attach { attachment } if !own => return pass_on(draft, leg, by, attachment.id),
        _ => return Ok(()),
    };
    for attached in Rows::attachments(draft, leg.matter())? {
        if from.is_none_or(|from| attached.came_on.contains(&from)) {
            pass(draft, leg, &attached, None)?;
        }
    }
    Ok(())
}

/// What came from the giver of a leg goes along what was given on, but never back to where it came from.
fn pass_on(draft: &mut Draft<'_>, leg: &Leg, by: Party, id: AttachmentId) -> Result<(), Stop> {
    if by != Party::Giver {
        return Ok(());
    }
    let Some(ticket) = Rows::ticket(draft, leg.matter())? else {
        return Ok(());
    };
    for outgoing in ticket.outgoing {
        let given = Rows::leg(draft, outgoing)?;
        if given.is_some_and(|given| given.taker().region() != leg.giver()) {
            let passed = |draft: &mut Draft<'_>| pass_one(draft, outgoing, id, None).map(drop);
            if !unless_awaited(draft, passed)? {
                draft.alarm(format!(
                    "附件 {id} 未能随交办 {outgoing} 转下：本节点恢复后还在等对方核对；核对完成后请人工转送"
                ));
            }
        }
    }
    Ok(())
}

/// Sends one attachment of the ticket along one leg. False where it does not go: the leg is closed or within this node,
/// an edge on the way does not let it pass, it is local, or the other end knows of it.
pub(crate) fn pass_one(
    draft: &mut Draft<'_>,
    leg: LegId,
    id: AttachmentId,
    actor: Option<&Actor>,
) -> Result<bool, Stop> {
    let leg = draft.leg(leg)?;
    match Rows::attachment(draft, leg.matter(), id)? {
        Some(attached) => pass(draft, &leg, &attached, actor),
        None => Ok(false),
    }
}

fn pass(
    draft: &mut Draft<'_>,
    leg: &Leg,
    attached: &Attached,
    actor: Option<&Actor>,
) -> Result<bool, Stop> {
    let (by, other) = match leg.side {
        Side::Giver => (Party::Giver, leg.taker().region()),
        Side::Taker => (Party::Taker, leg.giver()),
        Side::Both => return Ok(false),
    };
    let (tree, ends) = (draft.world.federation, Some(Ends::of(&leg.offer)));
    let may = way::may_travel(tree, ends, draft.me(), other, FieldName::Attachment);
    if !leg.is_open() || !may || attached.local || attached.is_on(leg.id) {
        return Ok(false);
    }
    // A neighbour of before there were attachments: they go with the next offer or result after its upgrade.
    if let Some(next) = draft.world.federation.next_hop(draft.me(), other)
        && (1..SINCE_WIRE).contains(&draft.link(next)?.peer_wire)
    {
        return Ok(false);
    }
    let attachment = attached.attachment;
    let cover = vec![attached.cover.clone()];
    draft.act(leg.id, by, Act::Attach { attachment }, actor, cover)?;
    Ok(true)
}

/// Whether a reference that came by a leg is news. A repeated one is not.
///
/// # Errors
/// Refuses as `attachment.cover`, `attachment.changed`, and as [`permit_received`].
pub(super) fn arrived(
    draft: &Draft<'_>,
    leg: &Leg,
    attachment: Attachment,
    fields: &[SealedField],
) -> Result<bool, Stop> {
    if !matches!(fields, [cover] if cover.name == FieldName::Attachment) {
        let words = "附件没有写明文件名和密钥，未接收";
        return Err(Refusal::new(Class::Invalid, "attachment.cover", words).into());
    }
    let known = Rows::attachments(draft, leg.matter())?;
    match known
        .iter()
        .find(|known| known.attachment.id == attachment.id)
    {
        Some(known) if known.attachment != attachment => {
            let words = format!("附件 {} 的大小或类型与已知的不同，未接收", attachment.id);
            Err(Refusal::new(Class::Invalid, "attachment.changed", words).into())
        }
        Some(known) => Ok(!known.came_on.contains(&leg.id)),
        None => {
            permit_received(known.len(), attachment.size)?;
            Ok(true)
        }
    }
}

/// Another node began to fetch an attachment: on record once for each node.
pub(super) fn fetched(
    draft: &mut Draft<'_>,
    matter: MatterId,
    id: AttachmentId,
    leg: LegId,
    by: RegionKey,
) -> Result<(), Stop> {
    match Rows::attachment(draft, matter, id)? {
        Some(attached) if !attached.fetched_by.contains(&by) => {
            let act = TicketAct::AttachmentFetched { id, leg, by };
            draft.ticket_act(matter, None, act, Vec::new())
        }
        _ => Ok(()),
    }
}
