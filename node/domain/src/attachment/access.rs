//! Who may fetch an attachment: only the node at the other end of a leg that it was sent along (invariants 5 and 8).

use super::Attached;
use crate::leg::{Leg, Side};
use crate::refusal::{Class, Refusal};
use hotline_topology::{Federation, RegionKey};

/// May `asker` have the attachment's chunks from this node, by that leg? An open leg serves as well as a closed one.
///
/// # Errors
/// Refuses as `attachment.not-on-leg`, `attachment.not-a-party`.
pub fn permit_fetch(attached: &Attached, leg: &Leg, asker: RegionKey) -> Result<(), Refusal> {
    // What came by the leg was never this node's to give: its sender has it.
    if !attached.given_on.contains(&leg.id) {
        let words = "本节点没有随这一交办送出该附件".to_owned();
        return Err(Refusal::new(
            Class::Forbidden,
            "attachment.not-on-leg",
            words,
        ));
    }
    let other = match leg.side {
        Side::Giver => Some(leg.taker().region()),
        Side::Taker => Some(leg.giver()),
        Side::Both => None,
    };
    if other == Some(asker) {
        return Ok(());
    }
    let words = format!("{asker} 不是这一交办的当事方，无权取附件");
    Err(Refusal::new(
        Class::Forbidden,
        "attachment.not-a-party",
        words,
    ))
}

/// May the neighbour `peer` ask this node on behalf of `asker` for something that `holder` has? Gives the next hop to
/// ask; `None` where this node is the holder.
///
/// # Errors
/// Refuses as `authority.not-on-that-side`, `link.no-way`.
pub fn permit_passing(
    federation: &Federation,
    me: RegionKey,
    peer: RegionKey,
    asker: RegionKey,
    holder: RegionKey,
) -> Result<Option<RegionKey>, Refusal> {
    if federation.next_hop(me, asker) != Some(peer) {
        let words = format!("{asker} 的附件请求不应由 {peer} 传来");
        return Err(Refusal::new(
            Class::Forbidden,
            "authority.not-on-that-side",
            words,
        ));
    }
    if holder == me {
        return Ok(None);
    }
    match federation.next_hop(me, holder) {
        Some(next) if next != peer => Ok(Some(next)),
        _ => {
            let words = format!("从本节点到 {holder} 没有可走的路径");
            Err(Refusal::new(Class::Invalid, "link.no-way", words))
        }
    }
}
