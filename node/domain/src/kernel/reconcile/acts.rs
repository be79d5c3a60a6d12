//! The acts of a leg, as this node has them on record.

use super::PAGE;
use crate::exchange::PastAct;
use crate::fact::Fact;
use crate::field::SealedField;
use crate::id::MatterId;
use crate::kernel::Draft;
use crate::kernel::outcome::Stop;
use crate::leg::{Act, Leg, Party, Side};
use crate::link::Message;
use crate::policy::way;
use crate::row::{Row, RowKey};
use crate::ticket::TicketAct;
use crate::view::{View, ViewFailed};
use hotline_topology::{RegionKey, Time};
use sha2::{Digest, Sha256};

/// The node at the other end; `None` for a unit of the own node.
pub(super) fn other_end(leg: &Leg) -> Option<RegionKey> {
    match leg.side {
        Side::Giver => Some(leg.taker().region()),
        Side::Taker => Some(leg.giver()),
        Side::Both => None,
    }
}

/// As which party of a leg this node acts; `None` where both ends are its own.
pub(super) fn own_party(leg: &Leg) -> Option<Party> {
    match leg.side {
        Side::Giver => Some(Party::Giver),
        Side::Taker => Some(Party::Taker),
        Side::Both => None,
    }
}

/// Whether an own act of the leg came back: it is on record since the exchange began, when nothing new may be done.
pub(super) fn came_back(view: &dyn View, leg: &Leg, since: Time) -> Result<bool, ViewFailed> {
    let own = own_party(leg);
    let facts = timeline(view, leg.matter())?;
    Ok(facts.iter().any(|fact| {
        matches!(fact, Fact::Leg { leg: id, by, at, .. }
            if *id == leg.id && Some(*by) == own && *at >= since)
    }))
}

/// The entries of a matter's timeline, oldest first.
fn timeline(view: &dyn View, matter: MatterId) -> Result<Vec<Fact>, ViewFailed> {
    let mut facts = Vec::new();
    let mut from = 0;
    loop {
        let key = |no| RowKey::Timeline(matter, no);
        let page = view.scan(&key(from), &key(u32::MAX), PAGE)?;
        let full = page.len() == PAGE;
        from += u32::try_from(page.len()).unwrap_or(u32::MAX);
        facts.extend(page.into_iter().filter_map(|(_, row)| match row {
            Row::Timeline(fact) => Some(*fact),
            _ => None,
        }));
        if !full {
            return Ok(facts);
        }
    }
}

/// Every act of the leg in the order in which this node has it, each with its fields. The offer and the receipt stand in
/// the leg itself: a taker's timeline may begin behind them.
pub(super) fn of(
    view: &dyn View,
    leg: &Leg,
) -> Result<Vec<(PastAct, Vec<SealedField>)>, ViewFailed> {
    let mut offered = Vec::new();
    let mut later: Vec<(Party, Time, Act, Vec<SealedField>)> = Vec::new();
    for fact in timeline(view, leg.matter())? {
        match fact {
            Fact::Ticket {
                act: TicketAct::Received { leg: id, .. },
                fields,
                ..
            } if id == leg.id => offered = fields,
            Fact::Leg {
                leg: id,
                by,
                happened_at,
                act,
                fields,
                ..
            } if id == leg.id => match act {
                Act::Offer(_) if fields.is_empty() => {}
                Act::Offer(_) => offered = fields,
                Act::Receipt => {}
                act => later.push((by, happened_at, act, fields)),
            },
            _ => {}
        }
    }
    let offer = Act::Offer(Box::new(leg.offer.clone()));
    let mut all = vec![(Party::Giver, leg.offered_at, offer, offered)];
    if let Some(at) = leg.delivered_at {
        all.push((Party::Taker, at, Act::Receipt, Vec::new()));
    }
    all.append(&mut later);
    let mut past: Vec<(PastAct, Vec<SealedField>)> = Vec::with_capacity(all.len());
    for (by, at, act, fields) in all {
        let equal = past
            .iter()
            .filter(|(known, _)| known.by == by && known.act == act)
            .count();
        let nth = u32::try_from(equal + 1).unwrap_or(u32::MAX);
        let leg = leg.id;
        past.push((
            PastAct {
                leg,
                by,
                at,
                nth,
                act,
                letter: None,
            },
            fields,
        ));
    }
    Ok(past)
}

/// Those of the acts that are an affair of both ends. What a superior orders it tells each end by itself, and whoever forgot
/// it hears it from the superior again (`orders.rs`); what is answered on a leg that was raised is for the superior alone.
pub(super) fn between_ends(
    view: &dyn View,
    leg: &Leg,
) -> Result<Vec<(PastAct, Vec<SealedField>)>, ViewFailed> {
    let mut acts = of(view, leg)?;
    acts.retain(|(past, _)| !is_superiors(leg, &past.act) && way::concerns_both(leg, &past.act));
    Ok(acts)
}

/// Whether an act is an order of one who is no end of the leg, or a reminder or the end of such.
pub(super) fn is_superiors(leg: &Leg, act: &Act) -> bool {
    match act {
        Act::Supervise { issuer, .. } => *issuer != leg.giver(),
        Act::Remind { order } | Act::EndOrder { order } => {
            (leg.order(*order)).is_none_or(|order| order.issuer != leg.giver())
        }
        _ => false,
    }
}

/// Whether this node has the act on record, so often.
pub(super) fn knows(view: &dyn View, leg: &Leg, past: &PastAct) -> Result<bool, ViewFailed> {
    let same = |known: &PastAct| {
        (known.by, known.nth, &known.act) == (past.by, past.nth, &past.act)
            // The contract never changes: there is one offer, whatever a repetition says.
            || matches!((&known.act, &past.act), (Act::Offer(_), Act::Offer(_)))
    };
    Ok(of(view, leg)?.iter().any(|(known, _)| same(known)))
}

/// SHA-256 over what was done, by whom and how often, in no order: alike on both sides once both know everything.
/// `by`: that party's acts alone.
pub(super) fn hash(draft: &Draft<'_>, leg: &Leg, by: Option<Party>) -> Result<[u8; 32], Stop> {
    let mut digests = Vec::new();
    for (past, _) in between_ends(draft, leg)? {
        if by.is_some_and(|by| by != past.by) {
            continue;
        }
        // Each side may have recorded another time for it, where clocks are in dispute; an order may have been told to
        // one side only; that a date passed each side sees by itself.
        if matches!(past.act, Act::Overdue { .. }) {
            continue;
        }
        let plain = Message::Past(PastAct {
            at: Time(0),
            ..past
        });
        let bytes = draft.world.wire.encode(&plain);
        digests.push(<[u8; 32]>::from(Sha256::digest(&bytes)));
    }
    digests.sort_unstable();
    let mut hash = Sha256::new();
    hash.update(b"hotline leg acts 1");
    digests.iter().for_each(|digest| hash.update(digest));
    Ok(hash.finalize().into())
}
