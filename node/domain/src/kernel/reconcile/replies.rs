//! Replies to superiors' orders, shown by whoever issued the order to an end of the leg that forgot them.

use super::letters::{self, Examined};
use super::{acts, back};
use crate::exchange::PastAct;
use crate::id::OrderId;
use crate::kernel::outcome::Stop;
use crate::kernel::{Draft, conduct};
use crate::leg::{Act, Lane, Leg, Party};
use crate::link::{Envelope, Message, Offence};
use crate::policy::way;
use crate::supervision;
use crate::view::Rows;
use hotline_topology::{RegionKey, Time};
use std::collections::{BTreeMap, BTreeSet};

/// What was replied to orders of this node's, shown to an end of the leg that forgot it.
#[derive(Default)]
pub(super) struct Replies {
    shown: BTreeMap<OrderId, BTreeSet<Time>>,
    chains: BTreeSet<[u8; 32]>,
}

impl Replies {
    /// Shows a reply, as it was signed.
    pub(super) fn show(
        &mut self,
        draft: &mut Draft<'_>,
        restored: RegionKey,
        letter: &Envelope,
        at: Time,
        act: Act,
    ) -> Result<(), Stop> {
        let (Act::ReplyOrder { order }, Some(leg)) = (&act, letter.leg) else {
            return Ok(());
        };
        let Some(issued) = draft.order(*order)? else {
            return Ok(());
        };
        let here = Rows::leg(draft, leg)?.is_some() || issued.taker.region() != letter.author;
        let ends = supervision::ends(draft, leg)?;
        let concerned = ends.is_some_and(|ends| way::of_order(ends).contains(&restored));
        // One that was said again after a restore is the same one.
        let shown = self.shown.entry(*order).or_default();
        if here || !concerned || !shown.insert(at) {
            return Ok(());
        }
        let nth = u32::try_from(shown.len()).unwrap_or(u32::MAX);
        let letter = letters::letter_of(draft, letter, &mut self.chains)?;
        let past = PastAct {
            leg,
            by: Party::Taker,
            at,
            nth,
            act,
            letter: Some(Box::new(letter)),
        };
        draft.send(restored, Lane::Ordinary, &Message::Past(past), Vec::new())
    }
}

/// Whether a superior shows what was replied to an order of its own, to an end of the leg that was restored.
pub(super) fn is_told(
    draft: &Draft<'_>,
    leg: &Leg,
    author: RegionKey,
    past: &PastAct,
) -> Result<bool, Stop> {
    let Act::ReplyOrder { order } = past.act else {
        return Ok(false);
    };
    let its = leg.order(order).is_none_or(|order| order.issuer == author);
    let restored = draft.node()?.restore.is_some();
    Ok(its && restored && past.by == Party::Taker && acts::other_end(leg) != Some(author))
}

/// A reply that an end of the leg forgot is on record again, as the taker signed it.
pub(super) fn take_again(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    author: RegionKey,
    leg: &Leg,
    past: PastAct,
) -> Result<(), Stop> {
    let Act::ReplyOrder { order } = past.act else {
        return Ok(());
    };
    if leg.order(order).is_none() || acts::knows(draft, leg, &past)? {
        return Ok(());
    }
    match letters::examine(draft, Some(leg), &past)? {
        Examined::Proven(signed) => back::act_back(draft, leg, signed, Vec::new()),
        Examined::Harmless => Ok(()),
        Examined::Unproven(why, is_false) => {
            if is_false && author == peer {
                conduct::charge(draft, peer, Offence::Forbidden, &why)?;
            }
            Ok(())
        }
    }
}
