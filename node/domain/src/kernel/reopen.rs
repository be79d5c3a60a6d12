//! Re-opening a link that a hello had closed: a disk was rolled back or cloned, and people have settled which node
//! lives on (see [`crate::link::judge`]). The node whose disk it was begins anew under its higher epoch, with all its
//! neighbours, and asks everybody for what it forgot ([`super::reconcile`]); that lifts the refusal at the other ends by
//! itself. A node that is sure of its own disk may lift it as well: then both ends start their lanes from number 1, what
//! was not acknowledged is numbered anew, and the two compare their legs.

use super::draft::Draft;
use super::outcome::Stop;
use super::{parked, reconcile};
use crate::fact::Fact;
use crate::leg::Lane;
use crate::link::{Envelope, MessageKind, extend};
use crate::refusal::{Class, Refusal};
use crate::row::{Done, Row, RowKey};
use crate::view::{Overlay, Rows, View, ViewFailed};
use hotline_topology::{RegionKey, Time};

/// The wire version that knows no comparison of legs.
const WIRE_ALONE: u32 = 1;

/// Lifts the refusal of a link, or gives up waiting for a node that does not answer after a restore.
///
/// # Errors
/// Refuses as `link.not-blocked`.
pub(super) fn reopen(draft: &mut Draft<'_>, peer: RegionKey) -> Result<Done, Stop> {
    let link = draft.link(peer)?;
    if link.blocked.is_none() {
        if reconcile::waive(draft, peer)? {
            return Ok(Done::default());
        }
        let words = format!("与 {peer} 的链路没有被拒绝");
        return Err(Refusal::new(Class::State, "link.not-blocked", words).into());
    }
    let node = draft.node()?;
    let taken_up = node.restore.as_ref().map_or(1, |restore| restore.epoch);
    if node.epoch > taken_up {
        // It was this node's disk: a person says that no copy of it is running.
        let id = draft.draw();
        reconcile::begin(draft, id, Time(0), node.epoch)?;
    } else {
        draft.record(Fact::LinkChanged {
            peer,
            peer_epoch: link.peer_epoch,
            failures: 0,
            heard_at: link.heard_at,
            blocked: None,
            peer_wire: link.peer_wire,
            restarting: true,
            shown: link.shown,
        })?;
        restart(draft, peer)?;
        reconcile::ask_again(draft, peer)?;
        // A stream that stands open on the refused link states a hello from before.
        draft.cut(peer, "链路已重新开放，双方从头编号后重新连接".to_owned());
    }
    draft.pump(peer);
    parked::take_up_kept(draft)?;
    Ok(Done::default())
}

/// Starts the lanes of a link from number 1. What this node said on legs between others no comparison tells: it waits on.
pub(super) fn restart(draft: &mut Draft<'_>, peer: RegionKey) -> Result<(), Stop> {
    let (me, link) = (draft.me(), draft.link(peer)?);
    let mut said = Vec::new();
    for lane in Lane::ALL {
        let state = link.lanes[lane.index()];
        for seq in state.acked + 1..=state.sent {
            if let Some(Row::Outbox(envelope, _)) = draft.get(&RowKey::Outbox(peer, lane, seq))?
                && is_compared(me, peer, link.peer_wire, &envelope)
            {
                said.push(*envelope);
            }
        }
    }
    draft.record(Fact::LanesRestarted { peer })?;
    reconcile::say_again_near(draft, &said)
}

/// Whether an envelope tells of a leg what a comparison with the peer is to tell.
fn is_compared(me: RegionKey, peer: RegionKey, peer_wire: u32, envelope: &Envelope) -> bool {
    let own = envelope.author == me && envelope.addressee == peer;
    own && envelope.kind == MessageKind::Leg as u32 && peer_wire != WIRE_ALONE
}

/// Numbers what waits in a link's outbox from 1, lane by lane, and forgets what was received and what the peer showed of
/// its past. Own acts on legs with the peer go: whether it has them already nobody can tell from numbers, and the
/// comparison that follows tells each once.
pub(super) fn restart_lanes(
    view: &mut Overlay<'_>,
    me: RegionKey,
    peer: RegionKey,
) -> Result<(), ViewFailed> {
    let mut link = view.link(peer)?;
    for lane in Lane::ALL {
        let old = std::mem::take(&mut link.lanes[lane.index()]);
        let new = &mut link.lanes[lane.index()];
        for seq in old.acked + 1..=old.sent {
            let key = RowKey::Outbox(peer, lane, seq);
            let Some(Row::Outbox(envelope, _)) = view.get(&key)? else {
                continue;
            };
            view.delete(key);
            if is_compared(me, peer, link.peer_wire, &envelope) {
                continue;
            }
            // Never above the old number, so no row is overwritten before it is read.
            new.sent += 1;
            new.sent_hash = extend(new.sent_hash, new.sent, envelope.digest());
            view.put(
                RowKey::Outbox(peer, lane, new.sent),
                Row::Outbox(envelope, new.sent_hash),
            );
        }
    }
    link.restarting = true;
    link.restarts += 1;
    link.shown = None;
    view.put(RowKey::Link(peer), Row::Link(Box::new(link)));
    Ok(())
}

#[cfg(test)]
mod tests;
