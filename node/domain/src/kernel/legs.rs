//! An act on a leg arrives: of the other side, or of a superior.

use super::draft::Draft;
use super::offered::{check_fields, offered};
use super::outcome::Stop;
use super::{attachments, reconcile, world};
use crate::clock;
use crate::evidence::Effect;
use crate::field::SealedField;
use crate::id::LegId;
use crate::leg::{self, Act, Party, Reception};
use crate::link::Message;
use crate::policy::authority;
use crate::refusal::{Class, Refusal};
use crate::supervision;
use crate::view::Rows;
use hotline_topology::{Federation, RegionKey, Time};

/// Applies it, or says why it has no effect.
pub(super) fn leg_message(
    draft: &mut Draft<'_>,
    tree: &Federation,
    author: RegionKey,
    id: LegId,
    at: Time,
    act: Act,
    fields: Vec<SealedField>,
) -> Result<Effect, Stop> {
    let known = Rows::leg(draft, id)?;
    // The answer to this node's question was written later and brings it, in its place.
    let party = |leg: &leg::Leg| author == leg.giver() || author == leg.taker().region();
    let replies = matches!(act, Act::ReplyOrder { .. });
    if reconcile::awaits(draft, author)? && known.as_ref().map_or(!replies, party) {
        return Ok(Effect::Void);
    }
    let Some(known) = known else {
        match act {
            Act::Offer(offer) => offered(draft, tree, author, id, at, *offer, fields),
            act => {
                check_fields(draft, tree, author, None, &fields)?;
                match act {
                    Act::ReplyOrder { order } => {
                        supervision::reply_arrived(draft, author, order, at, fields)
                    }
                    _ => Err(unknown_leg(id)),
                }
            }
        }?;
        return Ok(Effect::Applied);
    };
    if authority::is_handed_on(&draft.world, &known, author, &act) {
        return Ok(Effect::Void);
    }
    let by = authority::party_of(&draft.world, &known, author, &act)?;
    check_fields(draft, tree, author, Some(&known.offer), &fields)?;
    if let Act::Attach { attachment } = &act
        && !attachments::arrived(draft, &known, *attachment, &fields)?
    {
        return Ok(Effect::Void);
    }
    let happened_at = clock::happened(at, known.offered_at, draft.now());
    match leg::receive(&known, by, happened_at, &act) {
        Reception::Apply => {
            draft.received_fact(id, known.matter(), by, happened_at, act.clone(), fields)?;
            supervision::received(draft, &known, &act)?;
            Ok(Effect::Applied)
        }
        Reception::Late { .. } => {
            draft.received_fact(id, known.matter(), by, happened_at, act.clone(), fields)?;
            if supervision::stands(draft, id, happened_at, &act)? {
                return Ok(Effect::Applied);
            }
            world::succeed::came_late(draft, &known, &act)?;
            let answer = known
                .closed_since()
                .filter(|_| by == Party::Taker && matches!(act, Act::Request { .. }));
            if let Some(act) = answer {
                let answer = Message::Leg {
                    leg: id,
                    at: draft.now(),
                    act,
                };
                draft.send(author, known.offer.lane, &answer, Vec::new())?;
            }
            Ok(Effect::Late)
        }
        Reception::Void(_) => Ok(Effect::Void),
        Reception::Refuse(refusal) => Err(refusal.into()),
    }
}

/// The rule of [`unknown_leg`].
pub(super) const UNKNOWN_LEG: &str = "leg.unknown";

pub(super) fn unknown_leg(id: LegId) -> Stop {
    let words = format!("本节点没有编号为 {id} 的交办");
    Refusal::new(Class::NotFound, UNKNOWN_LEG, words).into()
}
